//! The server's core (timeline, sessions, delivery, registry, chat) under every interleaving that a scheduler can
//! find: people who come, speak, whisper, read slowly, are removed and leave while the server ends; and who enter a room,
//! speak there, go out of it and are put out of it while it is closed; and who come to a full house, where others make way.
//!
//! The core's own source files are compiled here a second time, with shuttle's locks and threads in place of the
//! standard library's, and with a TLS session and a socket that live in memory. A wake-up that is lost is a
//! deadlock here, since shuttle's waits never time out. A failure prints the schedule that replays it.

#![allow(dead_code, unused_imports, missing_docs, unreachable_pub, clippy::unwrap_used)]

mod server;
mod stand_ins;

pub use homeroom::protocol;
pub use stand_ins::{duplex, sync};

#[path = "../../src/reason/mod.rs"]
mod reason;

/// How many schedules of each kind are tried unless `INTERLEAVINGS` says otherwise.
const SCHEDULES: usize = 300;

/// Preemptions in a schedule of the second kind. Few, at the worst moments, find what many random ones don't.
const PREEMPTIONS: usize = 3;

fn main() {
    let schedules = std::env::var("INTERLEAVINGS").ok().and_then(|text| text.parse().ok()).unwrap_or(SCHEDULES);
    for scenario in [server::scenario::run, server::rooms::run, server::spares::run] {
        shuttle::check_random(scenario, schedules);
        shuttle::check_pct(scenario, schedules, PREEMPTIONS);
    }
    println!("{schedules} random schedules of each of three scenarios, and {schedules} with {PREEMPTIONS} preemptions");
    println!("6 passed, 0 failed");
}
