//! The browser's door.

mod autobahn;
mod frames;
mod http;
mod sessions;
