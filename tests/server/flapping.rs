//! Accounts that come and go all the time: everyone is told a little of it, and the truth in the end.

use crate::harness::{DataDir, Peer, Server, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// As often as the server tells of an account at once; the next change isn't told before it has settled.
const TOLD_AT_ONCE: usize = 8;

/// Bob comes and goes so often, each time until the server has him offline.
#[track_caller]
fn flap(server: &Server, ada: &mut Peer, times: usize) {
    for _ in 0..times {
        drop(server.login("bob"));
        wait_until("bob's leaving", || who(ada) == json!(["ada"]));
    }
}

fn who(peer: &mut Peer) -> Value {
    peer.ask(json!({"type": "who"}))["users"].clone()
}

/// What Ada was told of Bob until now, in order.
fn told(ada: &mut Peer) -> Vec<Value> {
    let mark = format!("mark {}", ada.seq());
    ada.send(&json!({"type": "say", "text": mark}));
    ada.until_text(&mark).into_iter().filter(|line| line["username"] == "bob").collect()
}

/// Bob has come and gone too often, and came to stay, which Ada was told.
fn settled() -> (Server, Peer, Peer) {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    flap(&server, &mut ada, TOLD_AT_ONCE / 2);
    let bob = server.login("bob");
    (0..TOLD_AT_ONCE / 2).for_each(|_| drop(ada.event("left", "bob")));
    (0..=TOLD_AT_ONCE / 2).for_each(|_| drop(ada.event("joined", "bob")));
    (server, ada, bob)
}

#[test]
fn an_account_that_flaps_is_told_of_a_little_and_again_when_it_has_settled() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    flap(&server, &mut ada, 60);
    let events = told(&mut ada);
    // Some may have settled meanwhile on a machine that is very slow.
    assert!((TOLD_AT_ONCE..2 * TOLD_AT_ONCE).contains(&events.len()), "{events:?}");
    let mut bob = server.login("bob");
    assert_eq!(who(&mut ada), json!(["ada", "bob"]), "`who` has the truth");
    bob.say("I am here, whether it is told or not");
    ada.event("joined", "bob");
    // What stands in the journal is what was told.
    let journal = server.data().journal().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect::<String>();
    let of_bob = journal.lines().filter(|line| line.contains("\"username\":\"bob\"")).count();
    assert_eq!(of_bob, events.len() + 1);
}

/// Whoever comes meanwhile believes what everyone else does, and what they are told next fits.
#[test]
fn a_newcomer_is_told_what_the_others_were() {
    let (server, mut ada, mut bob) = settled();
    bob.ask(json!({"type": "logout"}));
    wait_until("bob's leaving", || who(&mut ada) == json!(["ada"]));
    let mut root = server.admin();
    assert_eq!(root.welcome["users"], json!(["ada", "bob", "root"]));
    assert_eq!(who(&mut root), json!(["ada", "root"]));
    assert_eq!(root.event("left", "bob")["reason"], "logout");
    assert_eq!(ada.event("left", "bob")["reason"], "logout");
}

#[test]
fn what_is_missed_counts_from_when_one_really_left() {
    let (server, mut ada, bob) = settled();
    drop(bob);
    wait_until("bob's leaving", || who(&mut ada) == json!(["ada"]));
    assert!(told(&mut ada).is_empty(), "it is told already");
    let missed = ada.say("missed")["seq"].as_u64().unwrap();
    let bob = server.login("bob");
    // The mark of `told` is missed as well, if it came behind his going.
    let left_at = bob.welcome["left_at"].as_u64().unwrap();
    assert_eq!((left_at + 2, &bob.welcome["missed"]), (missed, &json!(2)));
    drop(bob);
    wait_until("bob's leaving", || who(&mut ada) == json!(["ada"]));
    let bob = server.login("bob");
    assert_eq!((&bob.welcome["left_at"], &bob.welcome["missed"]), (&json!(missed), &Value::Null));
    assert!(told(&mut ada).is_empty(), "he was there and is there: nobody is told of what was between");
}

#[track_caller]
fn whisper(ada: &mut Peer, text: &str) -> Value {
    let whisper = ada.ask(json!({"type": "whisper", "to": "bob", "text": text}));
    assert_eq!(whisper["away"], true, "{whisper}");
    whisper
}

#[test]
fn whispers_wait_for_one_whose_going_was_not_told_and_come_once() {
    let (server, mut ada, mut bob) = settled();
    for text in ["one", "two", "three"] {
        drop(bob);
        wait_until("bob's leaving", || who(&mut ada) == json!(["ada"]));
        whisper(&mut ada, text);
        bob = server.login("bob");
        let mark = format!("mark {text}");
        bob.send(&json!({"type": "say", "text": mark}));
        let lines = bob.until_text(&mark);
        let texts: Vec<_> = lines.iter().filter(|line| line["type"] == "whisper").map(|line| &line["text"]).collect();
        assert_eq!(texts, [text]);
    }
    // Comings are not told for a whisper.
    assert_eq!(told(&mut ada).len(), 1);
}

/// Then the journal alone knows that he had gone.
#[test]
fn a_whisper_to_one_whose_going_was_not_told_outlives_a_kill() {
    let (mut server, mut ada, bob) = settled();
    drop(bob);
    wait_until("bob's leaving", || who(&mut ada) == json!(["ada"]));
    let one = whisper(&mut ada, "one");
    let left = ada.event("left", "bob");
    assert!(left["seq"].as_u64() < one["seq"].as_u64(), "{left} {one}");
    server.kill();
    let server = server.data().start();
    assert_eq!(server.login("bob").event("whisper", "ada")["text"], "one");
    assert_presence_alternates(&server.data());
}

#[test]
fn whom_an_administrator_removes_is_told_at_once() {
    let (server, mut ada, mut bob) = settled();
    let mut root = server.admin();
    root.ask(json!({"type": "logout_user", "username": "bob"}));
    assert_eq!(bob.until_closed().last().unwrap()["reason"], "removed");
    let events = told(&mut ada);
    assert_eq!(events.iter().map(|event| &event["reason"]).collect::<Vec<_>>(), [&json!("removed")]);
}

#[test]
fn comings_and_goings_alternate_over_the_end() {
    let (mut server, mut ada, bob) = settled();
    drop(bob);
    wait_until("bob's leaving", || who(&mut ada) == json!(["ada"]));
    server.admin().ask(json!({"type": "shutdown"}));
    assert_eq!(server.wait(), Some(0));
    assert_presence_alternates(&server.data());
}

#[track_caller]
fn assert_presence_alternates(data: &DataDir) {
    let mut online = BTreeSet::new();
    for path in data.journal() {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let name = event["username"].as_str().unwrap_or_default().to_owned();
            match event["type"].as_str().unwrap() {
                "joined" => assert!(online.insert(name), "joined twice: {event}"),
                "left" => assert!(online.remove(&name), "left without having joined: {event}"),
                _ => {}
            }
        }
    }
}
