//! The core itself, in the wings that it has in the server, and what is tried with it.

pub mod accounts;
pub mod chat;
pub mod clock;
pub mod rooms;
pub mod scenario;
pub mod spares;
pub mod timeline;
