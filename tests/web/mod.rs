//! The browser's door.

mod autobahn;
mod class;
#[cfg(target_os = "linux")]
mod fetching;
mod frames;
mod http;
mod sessions;
#[cfg(target_os = "linux")]
mod strangers;
