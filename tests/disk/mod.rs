//! Disks that tear, fail and fill up: what was acknowledged is there afterwards, once, and what was refused isn't.

mod at_once;
mod backup;
mod broken;
#[cfg(all(unix, feature = "fault-injection"))]
mod erased;
#[cfg(all(unix, feature = "fault-injection"))]
mod failing_accounts;
#[cfg(all(unix, feature = "fault-injection"))]
mod failing_backup;
#[cfg(all(unix, feature = "fault-injection"))]
mod failing_journal;
#[cfg(all(unix, feature = "fault-injection"))]
mod faults;
#[cfg(target_os = "linux")]
mod full;
mod hostile_archives;
#[cfg(target_os = "linux")]
mod mirror;
#[cfg(all(target_os = "linux", feature = "fault-injection"))]
mod mirror_dies;
#[cfg(target_os = "linux")]
mod mirror_disk;
#[cfg(target_os = "linux")]
mod mirror_refused;
#[cfg(all(unix, feature = "fault-injection"))]
mod modes;
#[cfg(target_os = "linux")]
mod order;
#[cfg(target_os = "linux")]
mod read_only;
mod removed;
#[cfg(all(unix, feature = "fault-injection"))]
mod split;
mod taken;
#[cfg(all(unix, feature = "fault-injection"))]
mod taken_back;
mod torn;
mod unwhole;

#[cfg(all(unix, feature = "fault-injection"))]
use crate::harness::{DataDir, run};
use crate::harness::{Peer, assert_reply};
use serde_json::{Value, json};

/// What was said, as the server tells it: each seq and text.
#[track_caller]
fn history(peer: &mut Peer) -> Vec<(u64, String)> {
    let reply = peer.ask(json!({"type": "history", "limit": 200}));
    assert_reply(&reply);
    let said = |event: &Value| (event["seq"].as_u64().unwrap(), event["text"].as_str().unwrap().to_owned());
    reply["events"].as_array().unwrap().iter().map(said).collect()
}

/// Fails unless `homeroom-server check` finds nothing wrong in what a server left.
#[cfg(all(unix, feature = "fault-injection"))]
#[track_caller]
fn assert_sound(data: &DataDir) {
    run(data.command().arg("check"), b"").succeeded();
}
