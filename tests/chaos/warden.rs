//! An administrator who ends the sessions of some accounts now and then, while all goes on.

use crate::ends::Ended;
use crate::errand::Errand;
use crate::harness::{ADMIN, Random};
use crate::history::{Account, name};
use crate::stage::{Phase, Stage};
use serde_json::json;
use std::io;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

/// Whose sessions: those of people alone, who come back by their password. The real clients would ask for it.
const ACCOUNTS: [Account; 3] = [1, 2, 5];
/// How long between two ends, in milliseconds.
const PAUSE_MS: Range<usize> = 500..3_000;
const TICK: Duration = Duration::from_millis(5);

/// Ends sessions until the play is over; gives those ends that were answered.
pub(crate) fn watch(stage: &Stage, seed: u64) -> Vec<Ended> {
    let mut random = Random::new(seed ^ 0x5EED);
    let mut ends = Vec::new();
    while !stage.is_at(Phase::Play) && !stage.is_at(Phase::Leave) {
        thread::sleep(TICK);
    }
    while stage.is_at(Phase::Play) {
        thread::sleep(Duration::from_millis((PAUSE_MS.start + random.below(PAUSE_MS.len())) as u64));
        // The server may be gone, or have no room to write it down: then nothing is known.
        ends.extend(end(stage, ACCOUNTS[random.below(ACCOUNTS.len())]).ok().flatten());
    }
    stage.tally.add("ends", ends.len());
    ends
}

fn end(stage: &Stage, account: Account) -> io::Result<Option<Ended>> {
    let mut errand = Errand::of(stage, ADMIN)?;
    let asked = Instant::now();
    let answer = errand.ask(json!({"type": "logout_user", "username": name(account)}))?;
    // Nobody was there, but their tokens are ended.
    let ended = answer["type"] == "reply" || answer["code"] == "unknown_user";
    let answered = Errand::of(stage, ADMIN)?.seq();
    Ok(ended.then_some(Ended { account, asked, answered }))
}
