//! Looking back costs the server work, which has a bound: for one request, and for an account.

use crate::harness::{DataDir, Peer, Server, assert_reply, wait_until};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What Ada may not see, between what she said first and what she said last: more than is looked at for one request.
const WHISPERS: u64 = 9_000;

fn event(seq: u64, kind: &str, to: (&str, &str), text: &str) -> Value {
    let from = if kind == "message" { "ada" } else { "bob" };
    json!({"type": kind, "seq": seq, "time": "2026-11-23T12:00:00.123Z", "from": from, to.0: to.1, "text": text})
}

/// A folder with nine megabytes of others' whispers in its journal.
fn data() -> Arc<DataDir> {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut lines = format!("{}\n", event(1, "message", ("room", "general"), "first"));
    let long = "x".repeat(1_000);
    for seq in 2..WHISPERS + 2 {
        writeln!(lines, "{}", event(seq, "whisper", ("to", "eve"), &long)).unwrap();
    }
    fs::create_dir(data.file("journal")).unwrap();
    fs::write(data.file("journal/00000000000000000001.jsonl"), lines).unwrap();
    data
}

#[track_caller]
fn history(peer: &mut Peer, before: Option<u64>) -> Value {
    let mut request = json!({"type": "history", "limit": 5});
    if let Some(before) = before {
        request["before"] = json!(before);
    }
    let reply = peer.ask(request);
    assert_reply(&reply);
    reply
}

fn texts(reply: &Value) -> Vec<&str> {
    reply["events"].as_array().unwrap().iter().map(|event| event["text"].as_str().unwrap()).collect()
}

#[test]
fn a_request_that_finds_little_says_where_to_go_on() {
    let server = data().start();
    let mut ada = server.login("ada");
    ada.say("last");
    let reply = history(&mut ada, None);
    assert_eq!(texts(&reply), ["last"]);
    assert_eq!(reply["more"], 4, "a client that doesn't know `next` isn't told that this is all");
    let mut next = reply["next"].as_u64().unwrap();
    let mut found = Vec::new();
    for _ in 0..10 {
        let reply = history(&mut ada, Some(next));
        found.extend(texts(&reply).into_iter().map(str::to_owned));
        let Some(place) = reply["next"].as_u64() else { break };
        assert!(place < next && place > 1, "{reply}");
        next = place;
    }
    assert_eq!(found, ["first"]);
    // Whoever may see it has it at once.
    let reply = history(&mut server.login("bob"), None);
    assert_eq!((texts(&reply).len(), &reply["next"]), (5, &Value::Null));
}

#[test]
fn the_client_goes_on_until_it_has_what_was_asked_for() {
    let server = data().start();
    server.login("ada").say("last");
    let finished = crate::harness::Terminal::join(&server, "ada").script(&["/history 5"]);
    let shown = finished.succeeded();
    assert!(shown.contains("first") && shown.contains("* these were the last 2 messages"), "{shown}");
}

#[test]
fn an_account_that_asks_for_much_waits_whichever_session_asks() {
    let server = data().start();
    let mut sessions = [server.login("ada"), server.login("ada")];
    let before = Instant::now();
    for turn in 0..10 {
        history(&mut sessions[turn % 2], None);
    }
    // Of 288 stretches before the last one's, 128 are free, and 32 more each second.
    assert!(before.elapsed() > Duration::from_secs(4), "{:?}", before.elapsed());
    let before = Instant::now();
    history(&mut server.login("eve"), None);
    assert!(before.elapsed() < Duration::from_millis(1500), "another account waited: {:?}", before.elapsed());
}

#[test]
fn what_is_asked_by_somebody_who_is_gone_is_not_done() {
    let server = data().start();
    let mut bob = server.login("bob");
    let mut ada = server.login("ada");
    ada.send_bytes("{\"type\":\"history\",\"limit\":5}\n".repeat(150).as_bytes());
    drop(ada);
    // Were it done, it would take two minutes and a half.
    wait_until("ada's end", || bob.ask(json!({"type": "who"}))["users"] == json!(["bob"]));
}

/// The same work under another name: a replay of what one may not see.
#[test]
fn a_replay_from_the_journal_is_paid_for_too() {
    let server = data().start();
    let replay = |server: &Server| {
        let mut ada = server.connect();
        let password = crate::harness::PASSWORD;
        ada.send(&json!({"type": "login", "protocol": 1, "username": "ada", "password": password, "after": 0}));
        assert_eq!(ada.next()["type"], "welcome");
        ada.until_text("first");
        let mark = format!("mark {:?}", Instant::now());
        ada.send(&json!({"type": "say", "text": mark}));
        ada.until_text(&mark);
    };
    let before = Instant::now();
    (0..10).for_each(|_| replay(&server));
    // Of 320 stretches that are no longer in memory, 128 are free, and 32 more each second.
    assert!(before.elapsed() > Duration::from_secs(5), "{:?}", before.elapsed());
}
