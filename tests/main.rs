//! End-to-end tests: the real programs, over real TLS, known only by their wire and their command lines.
//!
//! `harness` starts the programs and speaks to them, `server` holds the server to its protocol, `client` drives
//! the terminal client through pipes, `guard` shows what strangers, guessers and floods can't do, `disk` what is left
//! when disks fail. Nothing here uses the library's types: whoever reads only the protocol's description could have
//! written it.

#![allow(clippy::unwrap_used)]
// Elsewhere some tests are left out, and so are some uses of what others share.
#![cfg_attr(not(target_os = "linux"), allow(unused_imports, dead_code))]

mod client;
mod disk;
mod guard;
mod harness;
mod server;
#[cfg(feature = "web")]
mod web;
