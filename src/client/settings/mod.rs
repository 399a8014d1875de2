//! What is set: by the command line, by settings.toml, by `/set`.

mod args;
mod choices;
mod cue;
pub(crate) mod folder;
mod place;
mod store;
mod typed;

pub use args::{Args, ColourWish};
pub(crate) use choices::{Choices, choices, settings};
pub use cue::Cue;
pub use place::Place;
#[cfg(test)]
pub(crate) use store::for_tests;
pub use store::{Settings, SettingsError};
pub(crate) use typed::TRANSCRIPT;
