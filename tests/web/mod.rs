//! The browser's door.

mod frames;
mod http;
mod sessions;
