//! The way to a server, and what is said to it and asked of it once there is a session.

mod connect;
mod discover;
mod last_server;
mod login;
mod people;
mod reach;
mod remembered;
mod session;
mod slow;
mod trust;
mod wire;

pub(crate) use connect::{Connected, Wanted, again, meet};
pub(crate) use last_server::{Chosen, LastServer};
pub(crate) use login::{Credentials, Key, LOGIN_WAIT, LoggedIn, PASSWORD_VARIABLE, log_in, next_line};
pub(crate) use remembered::Remembered;
pub(crate) use session::{Answer, Asked, Session, Show};
pub(crate) use slow::Slow;
pub(crate) use trust::{Expected, KnownServers};
pub(crate) use wire::Wire;
