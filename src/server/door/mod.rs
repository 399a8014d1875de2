//! Everyone before the login: `accept.rs` takes a connection, `lobby.rs` has its handshake and its login.

pub(crate) mod accept;
mod lobby;
