//! The commands that look after a data folder while no server runs on it, or beside one.

mod archive;
pub(crate) mod attendance;
pub(crate) mod backup;
mod browsers;
pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod export;
mod finding;
pub(crate) mod identities;
pub(crate) mod person;
mod reading;
pub(crate) mod restore;
pub(crate) mod users;
