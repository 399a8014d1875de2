//! Looking on while a session that was ended goes.

use crate::caller::Caller;
use crate::ledger::Fence;
use crate::town::Town;
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

/// How soon the server must have let go of a session that was ended: 2 s for the farewell, 1 s for the peer to close,
/// and the rest for a busy machine.
const CUT_WITHIN: Duration = Duration::from_secs(8);
/// How long whatever lies in the sockets' buffers is read afterwards.
const REST_WITHIN: Duration = Duration::from_secs(2);

/// The pace of whoever reads as fast as it comes.
pub(crate) const QUICK: Duration = Duration::from_millis(50);

/// How somebody behaves whose session was ended.
pub(crate) struct Manner<'a> {
    /// What they go on asking for.
    pub(crate) goes_on: &'a [Value],
    /// How long they wait between two reads.
    pub(crate) pace: Duration,
}

/// Sees that it goes soon, and that it is shown nothing that is newer than the fence. Gives all that it was shown.
pub(crate) fn see_off(
    town: &Town,
    attack: &'static str,
    caller: &mut Caller,
    fence: Fence,
    manner: &Manner<'_>,
) -> Vec<Value> {
    let start = Instant::now();
    let mut shown = Vec::new();
    while let Ok(lines) = caller.receive(manner.pace) {
        shown.extend(lines);
        if !caller.is_held().unwrap_or(true) {
            break;
        }
        if start.elapsed() >= CUT_WITHIN {
            town.judge.violation(attack, format!("an ended session is still there after {CUT_WITHIN:?}"));
            break;
        }
        // It may be closed already, or full.
        let _ = manner.goes_on.iter().try_for_each(|request| caller.send(request));
        thread::sleep(manner.pace);
    }
    town.judge.took(attack, "gone after", start.elapsed());
    let end = Instant::now() + REST_WITHIN;
    while let Ok(lines) = caller.receive(Duration::from_millis(50)) {
        shown.extend(lines);
        if Instant::now() >= end {
            break;
        }
    }
    let newer = shown.iter().filter(|line| line["seq"].as_u64().is_some_and(|seq| seq > fence.0)).count();
    if newer > 0 {
        town.judge.violation(attack, format!("an ended session was sent {newer} events that came after its end"));
    }
    shown
}
