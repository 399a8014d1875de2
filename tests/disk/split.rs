//! A class is split, and gathered, by a server whose disk fails, or that dies: everyone is told all of it, or nobody anything.

use super::assert_sound;
use super::faults::Faults;
use crate::harness::{DataDir, Peer, Server, assert_error, assert_reply};
use serde_json::{Value, json};
use std::sync::Arc;

fn begin() -> (Arc<DataDir>, Faults, Server, Peer) {
    let (data, faults) = (DataDir::with_users(&["ada", "bob"]), Faults::none());
    let server = faults.server(&data, &[]);
    let root = server.admin();
    (data, faults, server, root)
}

fn split() -> Value {
    json!({"type": "split", "groups": [["ada"], ["bob"]]})
}

fn welcome(server: &Server) -> Value {
    server.login("ada").welcome["split"].clone()
}

#[test]
fn what_cannot_be_told_changes_nothing() {
    for fault in [("journal.write", "fail"), ("journal.write", "half"), ("replace.write", "fail")] {
        let (data, faults, mut server, mut root) = begin();
        faults.set(&[fault]);
        assert_error(&root.ask(split()), "internal");
        assert_eq!(welcome(&server), Value::Null, "{fault:?}");
        faults.set(&[]);
        assert_reply(&root.ask(split()));
        if fault.0 == "journal.write" {
            faults.set(&[fault]);
            assert_error(&root.ask(json!({"type": "gather"})), "internal");
            assert_eq!(welcome(&server), json!({"groups": 2}), "{fault:?}");
            faults.set(&[]);
        }
        assert_eq!(root.ask(json!({"type": "gather"}))["type"], "gathered");
        server.kill();
        assert_sound(&data);
    }
}

#[test]
fn a_server_that_dies_meanwhile_has_split_it_or_not() {
    // With the file or the events it is none; an end that was told is one, whatever the file says.
    for (step, request, after) in [
        ("journal.write", split(), Value::Null),
        ("journal.write", json!({"type": "gather"}), json!({"groups": 2})),
        ("replace.write", json!({"type": "gather"}), Value::Null),
    ] {
        let (data, faults, mut server, mut root) = begin();
        if request["type"] == "gather" {
            assert_reply(&root.ask(split()));
        }
        faults.set(&[(step, "die")]);
        let _ = root.try_send_bytes(format!("{request}\n").as_bytes());
        root.until_closed();
        server.wait();
        faults.set(&[]);
        let server = faults.server(&data, &[]);
        assert_eq!(welcome(&server), after, "{step} of {request}");
    }
}
