//! Somebody is erased by a server that dies, or on a disk that fails: it is finished later, and nothing is left.

use super::assert_sound;
use super::faults::Faults;
use crate::harness::{DataDir, Peer, Server, assert_error, assert_reply};
use serde_json::{Value, json};
use std::sync::Arc;

/// Who is to go, and what they said.
const NAME: &str = "evelyn.z";
const WORDS: &str = "what-evelyn-said";

/// Every step, and what it does on the way.
const STEPS: [&str; 10] = [
    "erase.events",
    "journal.rewrite",
    "erase.lesson",
    "erase.rooms",
    "erase.topic",
    "erase.tokens",
    "erase.audit",
    "erase.account",
    "erase.gone",
    "erase.end",
];

fn begin() -> (Arc<DataDir>, Faults, Server, Peer) {
    let (data, faults) = (DataDir::with_users(&[NAME, "bob"]), Faults::none());
    let server = faults.server(&data, &[]);
    let (mut eve, mut bob, root) = (server.login(NAME), server.login("bob"), server.admin());
    eve.ask(json!({"type": "topic", "text": WORDS}));
    eve.say(WORDS);
    bob.ask(json!({"type": "whisper", "to": NAME, "text": "to them"}));
    (data, faults, server, root)
}

fn erase() -> Value {
    json!({"type": "erase_user", "username": NAME})
}

#[track_caller]
fn assert_gone(data: &DataDir, step: &str) {
    for text in [NAME, WORDS] {
        assert_eq!(data.files_with(text), [""; 0], "{step}");
    }
    assert!(
        !data.file("erasing.json").exists() && data.files_with("deleted-2").is_empty(),
        "{step}: one name for one person"
    );
    assert_sound(data);
}

#[test]
fn a_server_that_dies_at_any_step_is_finished_by_the_next() {
    for step in STEPS {
        println!("{step}");
        let (data, faults, mut server, mut root) = begin();
        faults.set(&[(step, "die")]);
        let _ = root.try_send_bytes(format!("{}\n", erase()).as_bytes());
        root.until_closed();
        assert_eq!(server.wait(), None, "it died of a signal");
        assert!(data.file("erasing.json").exists());
        faults.set(&[]);
        let server = faults.server(&data, &[]);
        assert_gone(&data, step);
        server.login("bob").say("it goes on");
        assert_error(&server.admin().ask(erase()), "unknown_user");
    }
}

#[test]
fn what_cannot_be_done_now_is_done_when_it_is_asked_for_again() {
    for step in STEPS {
        println!("{step}");
        let (data, faults, _server, mut root) = begin();
        faults.set(&[(step, "fail")]);
        assert_error(&root.ask(erase()), "internal");
        // Until then nobody else is given the name.
        let taken = root.ask(json!({"type": "add_user", "username": NAME, "password": crate::harness::PASSWORD}));
        assert!(["user_exists", "bad_username"].contains(&taken["code"].as_str().unwrap()), "{taken}");
        faults.set(&[]);
        assert_reply(&root.ask(erase()));
        assert_gone(&data, step);
    }
}
