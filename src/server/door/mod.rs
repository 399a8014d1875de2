//! Everyone before the login.

pub(crate) mod accept;
mod lobby;
