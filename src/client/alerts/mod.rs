//! What calls for attention: a sound, the bell, a word on the desktop.

mod call;
mod desktop;
#[cfg(feature = "sound")]
mod device;
pub(crate) mod mention;
mod player;
mod sound;

pub(crate) use call::{Alerts, QUIET_MINUTES_MAX};
#[cfg(feature = "sound")]
pub use device::play_sounds;
pub use player::PLAY_SOUNDS;
