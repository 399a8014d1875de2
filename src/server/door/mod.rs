//! Everyone before the login: `accept.rs` takes a connection, `lobby.rs` has its handshake and
//! what it says, `login.rs` whether its login is right.

pub(crate) mod accept;
mod lobby;
mod login;
