//! What calls for attention: a sound, the bell, a word on the desktop.

mod call;
mod desktop;
pub(crate) mod mention;
mod sound;

pub(crate) use call::{Alerts, QUIET_MINUTES_MAX};
