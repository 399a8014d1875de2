//! Something is taken back on a disk that fails, or by a server that dies: what was said stands there or is gone, whole.

use super::assert_sound;
use super::faults::{Faults, REPLACE};
use crate::harness::{DataDir, Peer, Server, assert_error, assert_reply, run};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is to go. It stands in no other line.
const WORDS: &str = "what-was-said-in-anger";

#[track_caller]
fn assert_gone(data: &DataDir) {
    assert_eq!(data.files_with(WORDS), [""; 0]);
}

/// Every step of it: what the server dies before, or what fails.
fn steps() -> impl Iterator<Item = &'static str> {
    REPLACE.into_iter().chain(["journal.rewrite"])
}

fn begin(sync: &str) -> (Arc<DataDir>, Faults, Server, Peer, Value) {
    let (data, faults) = (DataDir::with_users(&["ada", "bob"]), Faults::none());
    let server = faults.server(&data, &["--sync", sync]);
    let mut ada = server.login("ada");
    ada.say("before");
    let message = ada.say(WORDS);
    ada.say("after");
    (data, faults, server, ada, message)
}

/// What stands under each seq, and how often it was told that this was taken back.
fn events(server: &Server) -> (Vec<Value>, usize) {
    let mut bob = server.connect();
    let login =
        json!({"type": "login", "protocol": 1, "username": "bob", "password": crate::harness::PASSWORD, "after": 0});
    bob.send(&login);
    bob.next();
    bob.send(&json!({"type": "say", "text": "all of it"}));
    let lines = bob.until_text("all of it");
    let told = lines.iter().filter(|line| line["type"] == "removed").count();
    (lines.into_iter().filter(|line| line["type"] == "message").collect(), told)
}

#[test]
fn a_server_that_dies_at_any_step_leaves_the_old_words_or_none() {
    for sync in ["always", "second", "never"] {
        for step in steps().chain(["journal.write"]) {
            println!("{sync}, {step}");
            let (data, faults, mut server, mut ada, message) = begin(sync);
            faults.set(&[(step, "die")]);
            let _ = ada.try_send_bytes(format!("{}\n", json!({"type": "remove", "event": message["seq"]})).as_bytes());
            ada.until_closed();
            assert_eq!(server.wait(), None, "it died of a signal");
            let found = run(data.command().arg("check"), b"");
            let beside = data.journal().iter().any(|path| path.extension().is_some_and(|end| end == "new"));
            assert_eq!(found.succeeded().contains("the next start removes it"), beside, "{found:?}");
            faults.set(&[]);
            let server = faults.server(&data, &["--sync", sync]);
            assert_sound(&data);
            let (found, told) = events(&server);
            let texts: Vec<_> = found.iter().map(|event| event["text"].as_str().unwrap_or("-")).collect();
            // Once the new segment stands it's done, and who was there is told by the next start.
            let is_done = ["replace.folder", "journal.write"].contains(&step);
            let words = if is_done { "-" } else { WORDS };
            assert_eq!(texts, ["before", words, "after", "all of it"]);
            assert_eq!(told, usize::from(is_done), "{step}");
            let beside = data.journal().into_iter().filter(|path| path.extension().is_some_and(|end| end == "new"));
            assert_eq!(beside.count(), 0, "nothing is left beside the segments");
            let mut ada = server.login("ada");
            let answer = ada.ask(json!({"type": "remove", "event": message["seq"]}));
            assert!(is_done || answer["type"] == "removed", "{answer}");
            assert_gone(&data);
        }
    }
}

#[test]
fn where_it_cannot_be_done_nothing_is_changed_and_it_can_be_tried_again() {
    for step in steps() {
        println!("{step}");
        let (data, faults, server, mut ada, message) = begin("second");
        faults.set(&[(step, "fail")]);
        let remove = json!({"type": "remove", "event": message["seq"]});
        assert_error(&ada.ask(remove.clone()), "internal");
        let bob = server.login("bob");
        faults.set(&[]);
        // After the rename the words are gone, and that isn't certain to last: so it isn't acknowledged.
        let answer = ada.ask(remove);
        if step == "replace.folder" {
            assert_reply(&answer);
        } else {
            assert_eq!(answer["type"], "removed", "{answer}");
        }
        ada.say("later");
        assert_gone(&data);
        drop(bob);
        let (found, told) = events(&server);
        assert_eq!((found.len(), told), (5, 1), "{found:?}");
        assert_sound(&data);
    }
}

/// On a disk that takes no event any more it's gone all the same, and told when it does again.
#[test]
fn that_is_told_once_it_can_be() {
    let (data, faults, server, mut ada, message) = begin("second");
    let mut bob = server.login("bob");
    faults.set(&[("journal.write", "fail")]);
    assert_reply(&ada.ask(json!({"type": "remove", "event": message["seq"]})));
    assert_gone(&data);
    faults.set(&[]);
    let told = bob.event("removed", "ada");
    assert_eq!(told["event"], message["seq"], "{told}");
}

/// What a sync that failed has written twice is gone everywhere.
#[test]
fn after_a_sync_that_failed_too() {
    let (data, faults, server, mut ada, message) = begin("second");
    faults.set(&[("journal.sync", "fail")]);
    server.stderr.wait_for("newest lines are written anew");
    faults.set(&[]);
    assert_eq!(ada.ask(json!({"type": "remove", "event": message["seq"]}))["type"], "removed");
    assert_gone(&data);
    assert_sound(&data);
}
