//! The commands that look after a data folder.

pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod export;
mod finding;
pub(crate) mod identities;
pub(crate) mod users;
