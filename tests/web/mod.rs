//! The browser's door.

mod autobahn;
mod class;
mod frames;
mod http;
mod sessions;
