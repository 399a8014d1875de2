//! Login by token, with what was missed.

use crate::harness::{DataDir, Peer, Server};
use serde_json::{Value, json};

fn seqs(lines: &[Value]) -> Vec<u64> {
    lines.iter().filter_map(|line| line["seq"].as_u64()).collect()
}

/// Everything that `peer` gets up to a message with this text.
fn events_until(peer: &mut Peer, text: &str) -> Vec<Value> {
    peer.until_text(text).into_iter().filter(|line| line["seq"].is_u64()).collect()
}

#[test]
fn a_token_and_a_seq_bring_exactly_what_was_missed() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    ada.say("seen by both");
    bob.until_text("seen by both");
    let (token, last) = (bob.welcome["token"].clone(), bob.seq());
    drop(bob);
    ada.until("bob's leaving", |line| line["type"] == "left");
    let mut eve = server.login("eve");
    for i in 0..5 {
        ada.send(&json!({"type": "say", "text": format!("missed {i}")}));
    }
    ada.say("missed, the last");

    let mut bob = server.connect();
    bob.resume("bob", &token, last);
    ada.event("joined", "bob");
    eve.say("live");
    let got = events_until(&mut bob, "live");
    // Eve saw everything from her own coming on; bob's absence began just before.
    let mut replay = server.connect();
    replay.resume("eve", &eve.welcome["token"], last);
    let whole = events_until(&mut replay, "live");
    assert_eq!(seqs(&got), seqs(&whole), "got {got:?}\nof {whole:?}");
    assert_eq!(seqs(&got)[0], last + 1, "nothing between is lost: {got:?}");
    let texts: Vec<&str> = got.iter().filter_map(|event| event["text"].as_str()).collect();
    let missed = ["missed 0", "missed 1", "missed 2", "missed 3", "missed 4", "missed, the last", "live"];
    assert_eq!(texts, missed);
}

/// A batch has 128 KiB. The socket takes as much, and what the other end's system takes beside, before anybody reads: that is a
/// part of a second one.
#[test]
fn nobody_needs_a_thread_for_two_batches_that_were_missed() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.server().args(&["--message-rate", "off"]).start();
    let mut ada = server.login("ada");
    let bob = server.login("bob");
    let (token, last) = (bob.welcome["token"].clone(), bob.seq());
    drop(bob);
    for (messages, slow) in [(62, 0), (100, 1)] {
        let text = "x".repeat(2000);
        (0..messages).for_each(|_| drop(ada.say(&text)));
        let end = format!("the end, and {slow} needed one");
        ada.say(&end);
        let mut bob = server.connect();
        bob.resume("bob", &token, last);
        events_until(&mut bob, &end);
        // Whoever were here all the time, and read nothing, would need one too.
        let status = server.admin().ask(json!({"type": "status"}));
        assert_eq!(status["status"]["slow"], slow, "{messages} more messages");
    }
}

#[test]
fn a_replay_has_ones_own_whispers_and_nobody_elses() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let mut ada = server.login("ada");
    let bob = server.login("bob");
    let _second = server.login("bob");
    let eve = server.login("eve");
    let (bobs, eves) = (bob.welcome["token"].clone(), eve.welcome["token"].clone());
    drop((bob, eve));
    ada.event("left", "eve");
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "for bob"}));
    ada.say("for all");
    for (name, token, expected) in [("bob", bobs, &["for bob", "for all"][..]), ("eve", eves, &["for all"])] {
        let mut peer = server.connect();
        peer.resume(name, &token, 0);
        let got = events_until(&mut peer, "for all");
        let texts: Vec<&str> = got.iter().filter_map(|event| event["text"].as_str()).collect();
        assert_eq!(texts, expected, "{name}");
    }
}

#[test]
fn whoever_missed_nothing_is_replayed_nothing() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    let said = ada.say("the newest")["seq"].as_u64().unwrap();
    bob.until_text("the newest");
    let mut again = server.connect();
    again.resume("bob", &bob.welcome["token"], said);
    ada.say("live");
    let got = events_until(&mut again, "live");
    assert_eq!(got.iter().filter(|event| event["type"] == "message").count(), 1, "{got:?}");
}

#[test]
fn a_token_alone_brings_no_replay() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let bob = server.login("bob");
    ada.say("before");
    let mut again = server.connect();
    let token = &bob.welcome["token"];
    again.welcome = again.ask(json!({"type": "login", "protocol": 1, "username": "BOB", "token": token}));
    assert_eq!(again.welcome["username"], "bob");
    ada.say("live");
    assert!(again.until_text("live").iter().all(|line| line["text"] != "before"));
}

#[test]
fn a_seq_from_the_future_does_not_silence_the_present() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let bob = server.login("bob");
    let mut again = server.connect();
    again.resume("bob", &bob.welcome["token"], 1 << 40);
    ada.say("live");
    assert_eq!(again.event("message", "ada")["text"], "live");
}

/// Messages keep coming while somebody leaves and comes back: none is missed, none comes twice.
#[test]
fn coming_back_in_the_middle_of_things_loses_nothing() {
    const MESSAGES: u64 = 400;
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    let token = bob.welcome["token"].clone();
    let sender = std::thread::spawn(move || {
        (0..MESSAGES).for_each(|i| drop(ada.say(&i.to_string())));
        ada
    });
    let mut texts: Vec<String> = Vec::new();
    let mut came_back = 0;
    while texts.len() < MESSAGES as usize {
        let line = bob.next();
        if line["type"] != "message" {
            continue;
        }
        texts.push(line["text"].as_str().unwrap().to_owned());
        // Only what was read counts as seen: what was on its way is lost with the connection.
        if texts.len() % 40 == 0 && texts.len() < MESSAGES as usize {
            let after = line["seq"].as_u64().unwrap();
            bob = server.connect();
            bob.resume("bob", &token, after);
            came_back += 1;
        }
    }
    assert!(came_back > 5);
    assert_eq!(texts, (0..MESSAGES).map(|i| i.to_string()).collect::<Vec<_>>());
    sender.join().unwrap().assert_alive();
}
