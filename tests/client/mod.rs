//! The terminal client, driven through pipes.

mod attendance;
mod chat;
#[cfg(target_os = "linux")]
mod code;
mod comeback;
mod commands;
#[cfg(target_os = "linux")]
mod completion;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod dragging;
#[cfg(target_os = "linux")]
mod editor;
mod ends;
mod first_login;
mod first_minutes;
#[cfg(target_os = "linux")]
mod hidden_prompts;
mod history;
mod hostile;
mod manual;
#[cfg(target_os = "linux")]
mod notices;
#[cfg(target_os = "linux")]
mod plain;
#[cfg(target_os = "linux")]
mod questions;
#[cfg(target_os = "linux")]
mod reaching;
#[cfg(target_os = "linux")]
mod recalled;
#[cfg(target_os = "linux")]
mod remembered;
mod rooms;
mod rosters;
#[cfg(target_os = "linux")]
pub(crate) mod screen;
mod settings;
#[cfg(target_os = "linux")]
mod signals;
mod silence;
mod slips;
mod smoke;
#[cfg(all(target_os = "linux", feature = "sound"))]
mod sound;
mod taken_back;
mod transcript;
mod trust;
#[cfg(target_os = "linux")]
mod typed_before;

use crate::harness::Finished;

/// What somebody in front of the client saw, on either output.
fn seen(finished: &Finished) -> String {
    format!("{}{}", finished.stdout, finished.stderr)
}
