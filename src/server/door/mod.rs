//! Everyone before the login: `accept.rs` takes a connection, `lobby.rs` has its handshake and what it says, `login.rs` whether
//! its login is right; `register.rs` makes accounts for a class.

pub(crate) mod accept;
mod lobby;
mod login;
mod register;
