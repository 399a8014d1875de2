//! A teacher who makes rooms and closes them, lets people in and puts them out, splits the class and gathers it, and asks
//! it to vote, while all goes on.

use crate::errand::Errand;
use crate::harness::Random;
use crate::history::{OPTIONS, TEACHER, name};
use crate::room::{BESIDE, GENERAL, GROUPS_MAX, MADE};
use crate::stage::{Phase, Stage};
use serde_json::{Value, json};
use std::io;
use std::ops::Range;
use std::thread;
use std::time::Duration;

/// How long between two errands, in milliseconds.
const PAUSE_MS: Range<usize> = 100..500;
/// How often it is tried to end the last poll.
const TRIES_MAX: usize = 20;
const TICK: Duration = Duration::from_millis(5);

/// Makes the rooms, and lets some into the closed one, before anybody comes.
pub(crate) fn prepare(stage: &Stage) {
    let mut errand = Errand::of(stage, &name(TEACHER)).unwrap();
    let requests = MADE.iter().map(|room| json!({"type": "make_room", "room": room.name(), "open": room.is_open()}));
    let lets_in =
        (0..TEACHER / 2).map(|account| json!({"type": "let_in", "room": MADE[2].name(), "username": name(account)}));
    for request in requests.chain(lets_in) {
        let answer = errand.ask(request).unwrap();
        assert_ne!(answer["type"], "error", "{answer}");
    }
}

/// Does something every now and then until the play is over.
pub(crate) fn teach(stage: &Stage, seed: u64) {
    let mut random = Random::new(seed ^ 0x1E55);
    while !stage.is_at(Phase::Play) && !stage.is_at(Phase::Leave) {
        thread::sleep(TICK);
    }
    let mut poll = None;
    while stage.is_at(Phase::Play) {
        thread::sleep(Duration::from_millis((PAUSE_MS.start + random.below(PAUSE_MS.len())) as u64));
        // The server may be gone, or have no room to write it down; what was done the journal tells.
        let _ = do_something(stage, &mut random, &mut poll);
    }
    for _ in 0..TRIES_MAX {
        if end_poll(stage, &mut poll).is_ok() {
            break;
        }
        thread::sleep(TICK);
    }
}

fn do_something(stage: &Stage, random: &mut Random, poll: &mut Option<u64>) -> io::Result<()> {
    let (made, any) = (*random.choose(&MADE), random.choose(&BESIDE).name());
    let person = name(random.below(usize::from(TEACHER)) as u16);
    let request = match random.below(16) {
        0..4 => json!({"type": "make_room", "room": made.name(), "open": made.is_open()}),
        4..8 => json!({"type": "let_in", "room": any, "username": person}),
        8 | 9 => json!({"type": "put_out", "room": any, "username": person}),
        10 => json!({"type": "close_room", "room": any}),
        11 | 12 => json!({"type": "split", "groups": 1 + random.below(GROUPS_MAX)}),
        13 => json!({"type": "gather"}),
        14 if poll.is_some() => return end_poll(stage, poll),
        _ => {
            json!({"type": "poll", "question": "Which?", "options": (0..OPTIONS).map(|n| n.to_string()).collect::<Vec<_>>()})
        }
    };
    let answer = Errand::of(stage, &name(TEACHER))?.ask(request)?;
    if answer["type"] == "poll" {
        *poll = answer["seq"].as_u64();
    }
    stage.tally.add("errands of the teacher", usize::from(answer["type"] != "error"));
    Ok(())
}

/// Ends the poll that is open, whoever knows of it.
fn end_poll(stage: &Stage, poll: &mut Option<u64>) -> io::Result<()> {
    let mut errand = Errand::of(stage, &name(TEACHER))?;
    let rooms = errand.welcome["rooms"].as_array().cloned().unwrap_or_default();
    let general = rooms.into_iter().find(|room| room["room"] == GENERAL.name()).unwrap_or(Value::Null);
    if let Some(open) = general["poll"]["poll"].as_u64().or(*poll) {
        let answer = errand.ask(json!({"type": "close_poll", "poll": open}))?;
        if answer["code"] == "internal" {
            return Err(io::ErrorKind::Other.into());
        }
    }
    *poll = None;
    Ok(())
}
