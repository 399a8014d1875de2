//! What was acknowledged is there after a crash, for whoever may see it, once.

use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_error, assert_reply, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

/// The events in the journal.
fn journal(data: &DataDir) -> Vec<Value> {
    let mut paths: Vec<_> = fs::read_dir(data.file("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let text: String = paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn texts(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["text"].as_str()).collect()
}

/// A page of history, and how many were cut.
#[track_caller]
fn history(peer: &mut Peer, before: Option<u64>, limit: usize) -> (Vec<Value>, u64) {
    let mut request = json!({"type": "history", "limit": limit});
    if let Some(before) = before {
        request["before"] = json!(before);
    }
    let reply = peer.ask(request);
    assert_reply(&reply);
    (reply["events"].as_array().unwrap().clone(), reply["more"].as_u64().unwrap_or(0))
}

/// Everyone's comings and goings alternate.
#[track_caller]
fn assert_presence_alternates(data: &DataDir) {
    let mut online = std::collections::BTreeSet::new();
    for event in journal(data) {
        let name = event["username"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap() {
            "joined" => assert!(online.insert(name), "joined twice: {event}"),
            "left" => assert!(online.remove(&name), "left without having joined: {event}"),
            _ => {}
        }
    }
}

#[test]
fn what_was_acknowledged_outlives_a_kill_and_is_replayed_across_it() {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.start();
    let (mut ada, bob, mut eve) = (server.login("ada"), server.login("bob"), server.login("eve"));
    let (token, after) = (bob.welcome["token"].clone(), bob.seq());
    drop(bob);
    for i in 0..5 {
        ada.say(&i.to_string());
    }
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "for bob"}));
    ada.ask(json!({"type": "whisper", "to": "eve", "text": "for eve"}));
    eve.event("whisper", "ada");
    let last = eve.seq();
    server.kill();
    drop(server);

    let server = data.start();
    let mut bob = server.connect();
    bob.resume("bob", &token, after);
    assert!(bob.welcome["gap"].is_null(), "{}", bob.welcome);
    assert!(bob.welcome["seq"].as_u64().unwrap() > last, "no seq is given again");
    let mut ada = server.login("ada");
    ada.say("after the crash");
    let lines = bob.until_text("after the crash");
    assert_eq!(texts(&lines), ["0", "1", "2", "3", "4", "for bob", "after the crash"]);
    let left = lines.iter().find(|line| line["type"] == "left" && line["username"] == "ada").unwrap();
    assert_eq!(left["reason"], "shutdown", "the server's death ended her session");
    drop((ada, bob, server));
    assert_presence_alternates(&data);
}

#[test]
#[cfg(unix)]
fn a_proper_end_leaves_no_jump_and_nobody_online() {
    let data = DataDir::with_users(&["ada"]);
    for round in 0..3 {
        let mut server = data.start();
        let mut ada = server.login("ada");
        ada.say(&round.to_string());
        server.terminate();
        assert_eq!(server.wait(), Some(0));
    }
    let events = journal(&data);
    let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=9).collect::<Vec<_>>());
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["joined", "message", "left"].repeat(3));
    assert_eq!(events[8]["reason"], "shutdown");
}

#[test]
fn a_message_sent_again_after_a_break_is_answered_with_the_event_it_has() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    let token = ada.welcome["token"].clone();
    let requests = [
        json!({"type": "say", "id": "m1", "text": "once"}),
        json!({"type": "whisper", "id": "m2", "to": "BOB", "text": "once"}),
        json!({"type": "say", "id": "m3", "text": "waves", "action": true}),
    ];
    let say_all = |peer: &mut Peer| -> Vec<Value> {
        let said = requests.iter().map(|request| {
            peer.send(request);
            peer.answer(request["id"].as_str().unwrap())
        });
        said.collect()
    };
    let said = say_all(&mut ada);
    for crash in [false, true] {
        if crash {
            server.kill();
            server = data.start();
        }
        let mut again = server.connect();
        again.resume("ada", &token, u64::MAX >> 11);
        assert_eq!(say_all(&mut again), said, "crash: {crash}");
        // The same id with other words is another message.
        again.send(&json!({"type": "say", "id": "m1", "text": format!("twice, crash: {crash}")}));
        assert_ne!(again.answer("m1")["seq"], said[0]["seq"]);
    }
    let events = journal(&data);
    let once = events.iter().filter(|event| event["text"] == "once" || event["text"] == "waves");
    assert_eq!(once.count(), 3, "{events:?}");
    // Whoever logs in with the password begins anew: clients that count from 1 each time lose nothing.
    let mut new = server.login("ada");
    assert_ne!(say_all(&mut new)[0]["seq"], said[0]["seq"]);
}

/// A network may hold a request back until its sender has come back another way.
#[test]
fn a_message_that_comes_after_it_was_sent_again_is_not_said_twice() {
    let server = DataDir::with_users(&["ada", "bob"]).start();
    let (mut first, mut bob) = (server.login("ada"), server.login("bob"));
    let (say, whisper) = (
        json!({"type": "say", "id": "m1", "text": "once"}),
        json!({"type": "whisper", "id": "m2", "to": "bob", "text": "once too"}),
    );
    let requests = format!("{say}\n{whisper}\n");
    let (held_back, rest) = requests.split_at(1);
    first.send_bytes(held_back.as_bytes());
    let mut again = server.connect();
    again.resume("ada", &first.welcome["token"], first.seq());
    let said = [(&say, "m1"), (&whisper, "m2")].map(|(request, id)| {
        again.send(request);
        again.answer(id)
    });
    first.hears_again = true;
    first.send_bytes(rest.as_bytes());
    first.say("later");
    assert_eq!(texts(&bob.until_text("later")), ["once", "once too", "later"], "{said:?}");
}

#[test]
fn a_message_sent_again_costs_nothing_and_asks_no_leave() {
    let server = DataDir::with_users(&["ada"]).start();
    let mut ada = server.login("ada");
    ada.send(&json!({"type": "say", "id": "m", "text": "hello"}));
    let said = ada.answer("m");
    let mut again = server.connect();
    again.resume("ada", &ada.welcome["token"], u64::MAX >> 11);
    again.hears_again = true;
    assert_reply(&server.admin().ask(json!({"type": "mute", "username": "ada"})));
    for _ in 0..100 {
        again.send(&json!({"type": "say", "id": "m", "text": "hello"}));
        assert_eq!(again.answer("m"), said);
    }
    assert_error(&again.ask(json!({"type": "say", "text": "something else"})), "muted");
}

#[test]
fn whispers_wait_for_whoever_is_away() {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    let new_to_bob = ada.ask(json!({"type": "whisper", "to": "bob", "text": "before your first login"}));
    assert_eq!((&new_to_bob["type"], &new_to_bob["away"]), (&json!("whisper"), &json!(true)), "{new_to_bob}");
    let mut bob = server.login("bob");
    assert_eq!(bob.next(), new_to_bob, "right after the welcome");
    let there = ada.ask(json!({"type": "whisper", "to": "bob", "text": "you are there"}));
    assert!(there["away"].is_null(), "{there}");
    bob.until_text("you are there");
    assert_reply(&bob.ask(json!({"type": "logout"})));
    ada.event("left", "bob");
    let waiting: Vec<Value> =
        (0..3).map(|i| ada.ask(json!({"type": "whisper", "to": "bob", "text": i.to_string()}))).collect();
    ada.ask(json!({"type": "whisper", "to": "eve", "text": "not for bob"}));
    assert_error(&ada.ask(json!({"type": "whisper", "to": "nobody", "text": "psst"})), "unknown_user");
    server.kill();
    let server = data.start();
    let mut bob = server.login("bob");
    let got: Vec<Value> = (0..3).map(|_| bob.next()).collect();
    assert_eq!(got, waiting, "with the time when they were said");
    // They were shown: a second session isn't given them again, nor the next one.
    let mut second = server.login("bob");
    second.say("now");
    assert!(second.inbox().iter().all(|line| line["type"] != "whisper"), "{:?}", second.inbox());
    bob.until_text("now");
    drop((bob, second));
    let mut ada = server.login("ada");
    wait_until("bob is gone", || ada.ask(json!({"type": "who"}))["users"] == json!(["ada"]));
    let mut bob = server.login("bob");
    bob.say("again");
    assert!(bob.inbox().iter().all(|line| line["type"] != "whisper"), "{:?}", bob.inbox());
}

#[test]
fn history_has_what_was_said_and_nobody_elses_whispers() {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.server().args(&["--message-rate", "off"]).start();
    let mut ada = server.login("ada");
    let bob = server.login("bob");
    let mut expected = Vec::new();
    for i in 0..30 {
        expected.push(ada.say(&format!("message {i}")));
        expected.push(ada.ask(json!({"type": "whisper", "to": "bob", "text": format!("for bob {i}")})));
        ada.ask(json!({"type": "whisper", "to": "eve", "text": format!("for eve {i}")}));
        drop(server.login("eve"));
    }
    drop((ada, bob));
    for crash in [false, true] {
        if crash {
            server.kill();
            server = data.server().args(&["--message-rate", "off"]).start();
        }
        let mut bob = server.login("bob");
        let (events, more) = history(&mut bob, None, 200);
        assert_eq!((events, more), (expected.clone(), 0), "crash: {crash}");
        assert_eq!(history(&mut bob, None, 50).0, expected[10..]);
        let mut before = None;
        let mut all = Vec::new();
        loop {
            let (events, _) = history(&mut bob, before, 7);
            let Some(first) = events.first() else { break };
            before = first["seq"].as_u64();
            all.splice(0..0, events);
        }
        assert_eq!(all, expected, "page by page");
        assert_eq!(history(&mut bob, Some(1), 5).0.len(), 0);
    }
    let mut bob = server.login("bob");
    for limit in [json!(0), json!(201), json!(-1), json!("x")] {
        assert_error(&bob.ask(json!({"type": "history", "limit": limit})), "bad_request");
    }
}

#[test]
fn a_page_has_as_much_as_fits_in_a_line() {
    let server = Server::unlimited(&["ada"]);
    let mut ada = server.login("ada");
    let long = "\u{1f98e}".repeat(4000);
    let said = [ada.say(&long), ada.say(&"x".repeat(300)), ada.say(&long)];
    let id = "~".repeat(64);
    ada.send(&json!({"type": "history", "id": id, "limit": 3}));
    let reply = ada.answer(&id);
    assert!(reply["events"] == json!([said[2]]) && reply["more"] == 2, "the longest one, and it alone");
    let (events, more) = history(&mut ada, said[2]["seq"].as_u64(), 2);
    assert!(events == said[1..2] && more == 1);
}

#[test]
fn the_welcome_says_what_was_missed() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.start();
    let mut ada = server.login("ada");
    let bob = server.login("bob");
    assert!(bob.welcome["left_at"].is_null() && bob.welcome["missed"].is_null(), "{}", bob.welcome);
    ada.say("seen");
    drop(bob);
    let left = ada.event("left", "bob")["seq"].clone();
    ada.say("missed");
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "missed too"}));
    ada.ask(json!({"type": "whisper", "to": "ada", "text": "a note"}));
    drop(server);
    let server = data.start();
    let bob = server.login("bob");
    assert_eq!((&bob.welcome["left_at"], &bob.welcome["missed"]), (&left, &json!(2)), "{}", bob.welcome);
    let second = server.login("bob");
    assert!(second.welcome["left_at"].is_null(), "bob is there: {}", second.welcome);
}

#[test]
fn a_new_account_of_an_old_name_sees_nothing_of_the_old_one() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.start();
    let (mut ada, mut admin) = (server.login("ada"), server.admin());
    drop(server.login("bob"));
    ada.event("left", "bob");
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "for the old one"}));
    assert_reply(&admin.ask(json!({"type": "delete_user", "username": "bob"})));
    assert_reply(&admin.ask(json!({"type": "add_user", "username": "bob", "password": "eight green bottles"})));
    let mut bob = server.login_with("bob", "eight green bottles");
    assert!(bob.welcome["left_at"].is_null(), "{}", bob.welcome);
    assert_eq!(history(&mut bob, None, 200).0, [] as [Value; 0]);
    assert!(bob.inbox().iter().all(|line| line["type"] != "whisper"), "{:?}", bob.inbox());
}

/// Nor one that was made while no server ran.
#[test]
fn a_new_account_of_the_command_line_sees_nothing_of_an_old_one() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let (mut ada, mut admin) = (server.login("ada"), server.admin());
    let after = ada.seq();
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "for the old one"}));
    assert_reply(&admin.ask(json!({"type": "delete_user", "username": "bob"})));
    server.kill();
    data.user_add(&["bob"], Some(PASSWORD)).succeeded();
    let server = data.start();
    let mut bob = server.login("bob");
    assert_eq!(history(&mut bob, None, 200).0, [] as [Value; 0]);
    let mut again = server.connect();
    again.resume("bob", &bob.welcome["token"], after);
    bob.say("hello");
    let seen = [again.until_text("hello"), bob.inbox().iter().cloned().collect()].concat();
    assert!(seen.iter().all(|line| line["type"] != "whisper"), "{seen:?}");
}

/// What a start keeps in memory is replayed with the same eyes as what was just said.
#[test]
fn after_a_start_whispers_are_replayed_to_their_two_alone() {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.start();
    let (mut ada, bob, eve) = (server.login("ada"), server.login("bob"), server.login("eve"));
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "for bob"}));
    ada.say("for all");
    let mut admin = server.admin();
    admin.send(&json!({"type": "shutdown"}));
    assert_eq!(server.wait(), Some(0));
    let server = data.start();
    for (peer, name, expected) in [(bob, "bob", &["for bob", "for all"][..]), (eve, "eve", &["for all"])] {
        let mut again = server.connect();
        again.resume(name, &peer.welcome["token"], peer.welcome["seq"].as_u64().unwrap());
        assert!(again.welcome["gap"].is_null(), "{}", again.welcome);
        assert_eq!(texts(&again.until_text("for all")), expected, "{name}");
    }
}

#[test]
fn without_a_journal_nothing_is_written_and_seqs_go_on() {
    let data = DataDir::with_users(&["ada"]);
    let start = |data: &Arc<DataDir>| data.server().args(&["--no-journal"]).start();
    let mut server = start(&data);
    let mut ada = server.login("ada");
    let last = ada.say("in memory")["seq"].as_u64().unwrap();
    assert_eq!(texts(&history(&mut ada, None, 10).0), ["in memory"]);
    assert!(!data.file("journal").exists());
    let token = ada.welcome["token"].clone();
    server.kill();
    let server = start(&data);
    let mut ada = server.connect();
    ada.resume("ada", &token, last - 1);
    assert_eq!(ada.welcome["gap"], true, "{}", ada.welcome);
    assert!(ada.say("later")["seq"].as_u64().unwrap() > last);
}

#[test]
fn a_damaged_journal_stops_the_start() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    server.kill();
    let path = data.file("journal/00000000000000000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let damaged = text.replacen("joined", "join\0d", 1);
    fs::write(&path, &damaged).unwrap();
    let finished = crate::harness::run(&mut data.server().command(), b"");
    let error = finished.failed_with(1);
    assert!(error.contains(&format!("{} is damaged at line 1", path.display())), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
}
