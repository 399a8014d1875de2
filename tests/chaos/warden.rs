//! An administrator who ends the sessions of some accounts now and then, while all goes on.

use crate::ends::Ended;
use crate::harness::{ADMIN, PASSWORD, Random, Wire};
use crate::history::{Account, name};
use crate::stage::{Phase, Stage};
use serde_json::{Value, json};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

/// Whose sessions: those of people alone, who come back by their password. The real clients would ask for it.
const ACCOUNTS: [Account; 3] = [1, 2, 5];
/// How long between two ends, in milliseconds.
const PAUSE_MS: Range<usize> = 500..3_000;
/// How long the server may take to answer.
const SILENCE: Duration = Duration::from_secs(6);
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
    let (mut wire, _) = login(stage)?;
    let asked = Instant::now();
    wire.send(&json!({"type": "logout_user", "id": "end", "username": name(account)}))?;
    let answer = find(&mut wire, |line| line["id"] == "end")?;
    // Nobody was there, but their tokens are ended.
    let ended = answer["type"] == "reply" || answer["code"] == "unknown_user";
    let (_, answered) = login(stage)?;
    Ok(ended.then_some(Ended { account, asked, answered }))
}

/// A session of the administrator's, and the newest seq.
fn login(stage: &Stage) -> io::Result<(Wire, u64)> {
    let mut wire = Wire::connect(stage.address, false)?;
    wire.send(&json!({"type": "login", "protocol": 1, "username": ADMIN, "password": PASSWORD}))?;
    let welcome = find(&mut wire, |_| true)?;
    let seq = welcome["seq"].as_u64().ok_or(ErrorKind::ConnectionRefused)?;
    Ok((wire, seq))
}

fn find(wire: &mut Wire, wanted: impl Fn(&Value) -> bool) -> io::Result<Value> {
    let end = Instant::now() + SILENCE;
    while Instant::now() < end {
        if let Some(line) = wire.receive(TICK)?.into_iter().find(&wanted) {
            return Ok(line);
        }
    }
    Err(ErrorKind::TimedOut.into())
}
