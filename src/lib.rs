//! homeroom: a chat server for classrooms and Raspberry Pis, and its terminal client.
//!
//! Blocking sockets from the standard library, one thread per client, TLS throughout. ARCHITECTURE.md is the
//! map; the rooms of this crate are:
//!
//! - [`protocol`]: every wire type and limit, which both programs share;
//! - [`lines`]: a stream of bytes cut into bounded lines;
//! - [`duplex`]: one TLS session used in both directions at once;
//! - [`link`]: the join link and the fingerprint in it;
//! - [`join_code`]: the short form of it, for a projector;
//! - [`identity`]: the server's key and certificate;
//! - [`server`]: the server;
//! - [`client`]: the terminal client;
//! - [`sanitize`]: text from others made safe for a terminal;
//! - [`hex`]: how SHA-256 values are written;
//! - `discovery`: how a server is found in the local network;
//! - `files`: files that hold secrets, replaced whole;
//! - `attendance`: who was there, as people read it;
//! - `durations`: lengths of time in words;
//! - `options`: options in a file;
//! - `password_names`: what people call a password;
//! - `password_forms`: the one form of a password, whatever it was typed on;
//! - `new_passwords`: what a password that somebody chooses must be;
//! - `moment`: a clock that goes on while the machine sleeps;
//! - `moments`: a stretch of time as people type it;
//! - `nearest`: what a mistyped word was meant to be;
//! - `qr`: QR codes, as rows of dots;
//! - `roster`: lists of people, and what an import of one comes to;
//! - `output`: whether standard output reaches anybody;
//! - `reason`: why something failed, as people read it;
//! - `faults`: disks that fail on demand, for the tests;
//! - `spreadsheet`: tables that a spreadsheet opens;
//! - [`sync`]: locks that outlive a panic.

mod attendance;
pub mod client;
#[cfg(feature = "discovery")]
mod discovery;
mod dots;
pub mod duplex;
mod durations;
mod faults;
mod fields;
mod files;
pub mod hex;
pub mod identity;
pub mod join_code;
pub mod lines;
pub mod link;
mod moment;
mod moments;
mod nearest;
mod new_passwords;
mod options;
mod output;
mod password_forms;
mod password_names;
pub mod protocol;
mod qr;
mod reason;
mod roster;
pub mod sanitize;
pub mod server;
mod spreadsheet;
pub mod sync;
