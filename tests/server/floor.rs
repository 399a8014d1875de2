//! The floor: who may say something in a room, for how long, and who may whisper. And what staff say in every room.

use crate::harness::{ADMIN, DataDir, Peer, Server, assert_error, assert_reply, wait_until};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

/// Changes a room's floor, which must succeed. The event.
#[track_caller]
pub(super) fn floor(staff: &mut Peer, change: Value) -> Value {
    let mut request = json!({"type": "floor"});
    request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let event = staff.ask(request);
    assert_eq!(event["type"], "floor", "{event}");
    event
}

fn say(text: &str) -> Value {
    json!({"type": "say", "text": text})
}

fn whisper(to: &str) -> Value {
    json!({"type": "whisper", "to": to, "text": "psst"})
}

/// A room of the welcome.
pub(super) fn room<'a>(peer: &'a Peer, name: &str) -> &'a Value {
    let rooms = peer.welcome["rooms"].as_array().unwrap_or_else(|| panic!("no rooms: {}", peer.welcome));
    rooms.iter().find(|room| room["room"] == name).unwrap()
}

/// What began in the folder's lesson began so much earlier.
pub(super) fn age(data: &Arc<DataDir>, by: SignedDuration) {
    let mut lesson: Value = serde_json::from_str(&data.read("lesson.json")).unwrap();
    age_value(&mut lesson, by);
    fs::write(data.file("lesson.json"), lesson.to_string()).unwrap();
}

fn age_value(value: &mut Value, by: SignedDuration) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == "since").map(|since| since.parse::<Timestamp>().unwrap()) {
                    Some(since) => *value = (since - by).to_string().into(),
                    None => age_value(value, by),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| age_value(value, by)),
        _ => {}
    }
}

#[test]
fn while_it_is_quiet_staff_alone_speak() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    let event = floor(&mut root, json!({"mode": "quiet", "room": "general"}));
    assert_eq!((&event["from"], &event["mode"], &event["whispers"]), (&json!(ADMIN), &json!("quiet"), &json!("all")));
    assert_eq!((&event["room"], &event["until"], &event["seconds"]), (&json!("general"), &json!(null), &json!(null)));
    for request in [say("hi"), json!({"type": "say", "text": "waves", "action": true})] {
        assert_error(&ada.ask(request), "quiet");
    }
    assert_eq!(ada.ask(whisper("bob"))["type"], "whisper");
    assert_eq!(ada.ask(json!({"type": "hand"}))["type"], "hand");
    assert_eq!(ada.ask(json!({"type": "ask", "text": "Why?"}))["type"], "asked");
    assert_eq!(root.ask(say("listen"))["type"], "message");
    // Whoever comes is told, and whoever is there.
    assert_eq!(room(&server.login("bob"), "general")["floor"], json!({"mode": "quiet", "whispers": "all"}));
    let told = bob.until_text("listen");
    assert!(told.iter().any(|line| line["type"] == "floor" && line["seq"] == event["seq"]));
    assert!(!told.iter().any(|line| line["type"] == "message" && line["from"] == "ada"), "{told:?}");
    let event = floor(&mut root, json!({"mode": "open"}));
    assert_eq!(event["mode"], "open");
    assert_eq!(ada.ask(say("hi"))["type"], "message");
}

#[test]
fn in_a_slow_room_everyone_waits_but_staff() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    let event = floor(&mut root, json!({"mode": "slow", "seconds": 3600, "minutes": 10}));
    assert_eq!((&event["mode"], &event["seconds"]), (&json!("slow"), &json!(3600)));
    assert!(event["until"].is_string(), "{event}");
    for peer in [&mut ada, &mut bob] {
        assert_error(&peer.ask(say("")), "bad_request");
        assert_eq!(peer.ask(say("once"))["type"], "message", "what was refused takes no turn");
        let refused = peer.ask(say("twice"));
        assert_error(&refused, "slow");
        assert!(refused["message"].as_str().unwrap().contains("again in 1 h"), "{refused}");
    }
    for _ in 0..3 {
        assert_eq!(root.ask(say("more"))["type"], "message");
    }
    floor(&mut root, json!({"mode": "slow", "seconds": 1}));
    let waited = std::time::Instant::now();
    while ada.ask(say("again"))["type"] == "error" {
        assert!(waited.elapsed() < crate::harness::DEADLINE);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn whispers_are_for_all_for_staff_or_for_nobody() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    let event = floor(&mut root, json!({"whispers": "staff"}));
    assert_eq!((&event["whispers"], &event["mode"]), (&json!("staff"), &json!("open")));
    assert_error(&ada.ask(whisper("bob")), "whispers_off");
    assert_error(&ada.ask(whisper("ada")), "whispers_off");
    assert_eq!(ada.ask(whisper(ADMIN))["type"], "whisper");
    assert_eq!(root.ask(whisper("bob"))["type"], "whisper");
    assert_eq!(ada.ask(say("hi"))["type"], "message");
    floor(&mut root, json!({"whispers": "off"}));
    assert_error(&ada.ask(whisper(ADMIN)), "whispers_off");
    assert_error(&root.ask(whisper("ada")), "whispers_off");
    assert_error(&root.ask(whisper(ADMIN)), "whispers_off");
    floor(&mut root, json!({"whispers": "all"}));
    assert_eq!(ada.ask(whisper("bob"))["type"], "whisper");
}

/// Everyone must know what holds for everyone, and nobody else what holds in a room.
#[test]
fn a_rooms_floor_is_its_own_and_whispers_are_everybodys() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    ada.ask(json!({"type": "enter", "room": "chess"}));
    floor(&mut root, json!({"room": "chess", "mode": "quiet"}));
    let event = floor(&mut root, json!({"room": "chess", "mode": "slow", "seconds": 5, "whispers": "off"}));
    assert_eq!((&event["room"], &event["whispers"]), (&json!("chess"), &json!("off")));
    root.say("the end");
    let seen = bob.until_text("the end");
    let floors: Vec<_> = seen.iter().filter(|line| line["type"] == "floor").collect();
    assert_eq!(floors.len(), 1, "{seen:?}");
    let told = [&floors[0]["room"], &floors[0]["mode"], &floors[0]["whispers"]];
    assert_eq!(told, [&json!("general"), &json!("open"), &json!("off")]);
    let seen = ada.until_text("the end");
    assert_eq!(seen.iter().filter(|line| line["type"] == "floor").count(), 3, "{seen:?}");
    let again = server.login("ada");
    assert_eq!(room(&again, "chess")["floor"], json!({"mode": "slow", "seconds": 5, "whispers": "off"}));
    assert_eq!(room(&again, "general")["floor"], json!({"mode": "open", "whispers": "off"}));
    assert_error(&bob.ask(json!({"type": "hands", "room": "chess"})), "not_in_room");
    for request in [json!({"type": "floor", "room": "go", "mode": "quiet"}), json!({"type": "hands", "room": "go"})] {
        assert_error(&root.ask(request), "unknown_room");
    }
}

#[test]
fn a_maker_who_is_no_staff_sets_no_topic_while_it_is_quiet() {
    let data = DataDir::with_users(&["ada"]);
    fs::write(data.file("homeroom.toml"), "rooms-by = \"everyone\"\n").unwrap();
    let server = data.start();
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    assert_reply(&ada.ask(json!({"type": "make_room", "room": "chess"})));
    root.ask(json!({"type": "enter", "room": "chess"}));
    let topic = json!({"type": "topic", "room": "chess", "text": "endgames"});
    assert_eq!(ada.ask(topic.clone())["type"], "topic");
    floor(&mut root, json!({"room": "chess", "mode": "quiet"}));
    assert_error(&ada.ask(topic), "quiet");
}

#[test]
fn what_makes_no_sense_is_refused_and_what_is_absent_stays() {
    let server = Server::with_users(&["ada"]);
    let mut root = server.admin();
    for change in [
        json!({}),
        json!({"mode": "loud"}),
        json!({"mode": "slow"}),
        json!({"mode": "slow", "seconds": 0}),
        json!({"mode": "slow", "seconds": 3601}),
        json!({"mode": "quiet", "seconds": 5}),
        json!({"mode": "quiet", "minutes": 0}),
        json!({"mode": "quiet", "minutes": 1441}),
        json!({"mode": "open", "minutes": 5}),
        json!({"whispers": "none"}),
    ] {
        let mut request = json!({"type": "floor"});
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_error(&root.ask(request), "bad_request");
    }
    let first = floor(&mut root, json!({"mode": "quiet", "minutes": 5}));
    let second = floor(&mut root, json!({"whispers": "staff"}));
    assert_eq!((&second["mode"], &second["until"]), (&json!("quiet"), &first["until"]));
    let third = floor(&mut root, json!({"mode": "quiet"}));
    assert_eq!((&third["until"], &third["whispers"]), (&json!(null), &json!("staff")));
    let entries = server.data().read("audit.jsonl");
    assert!(entries.contains(r#""floor""#) && entries.contains("general: quiet, whispers all, for 5 min"), "{entries}");
}

#[test]
fn a_floor_outlives_a_kill_and_ends_in_its_time() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let mut root = server.admin();
    let event = floor(&mut root, json!({"mode": "quiet", "minutes": 1, "whispers": "staff"}));
    server.kill();
    let mut server = data.start();
    let mut ada = server.login("ada");
    assert_error(&ada.ask(say("hi")), "quiet");
    assert_eq!(room(&ada, "general")["floor"], json!({"mode": "quiet", "until": event["until"], "whispers": "staff"}));
    server.kill();
    // Most of its minute has passed.
    age(&data, SignedDuration::from_secs(57));
    let server = data.start();
    let mut ada = server.login("ada");
    let end = ada.find("the end", |line| line["type"] == "floor");
    assert_eq!((&end["mode"], &end["whispers"]), (&json!("open"), &json!("all")));
    assert_eq!((&end["from"], &end["until"], &end["room"]), (&json!(null), &json!(null), &json!("general")));
    assert_eq!(ada.ask(say("hi"))["type"], "message");
    wait_until("it is written down", || !data.read("lesson.json").contains("quiet"));
}

#[test]
fn what_ended_while_the_server_was_down_ends_with_its_start() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let event = floor(&mut server.admin(), json!({"mode": "quiet", "minutes": 5}));
    server.kill();
    age(&data, SignedDuration::from_mins(6));
    let server = data.start();
    let mut ada = server.connect();
    let seq = event["seq"].as_u64().unwrap();
    ada.send(
        &json!({"type": "login", "protocol": 1, "username": "ada", "password": crate::harness::PASSWORD, "after": seq}),
    );
    let end = ada.find("the end", |line| line["type"] == "floor");
    assert_eq!((&end["mode"], &end["from"]), (&json!("open"), &json!(null)));
    assert_eq!(ada.ask(say("hi"))["type"], "message");
}

/// As with a mute: what was said is answered, although nothing more may be said.
#[test]
fn what_was_said_before_it_became_quiet_is_answered_again() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    let (token, seq) = (ada.welcome["token"].clone(), ada.seq());
    let mut both = [
        json!({"type": "say", "id": "s", "text": "hi"}),
        json!({"type": "whisper", "id": "w", "to": "bob", "text": "psst"}),
    ];
    let said = both.clone().map(|request| {
        ada.send(&request);
        ada.answer(request["id"].as_str().unwrap())
    });
    floor(&mut root, json!({"mode": "quiet", "whispers": "off"}));
    let mut again = server.connect();
    again.hears_again = true;
    again.resume("ada", &token, seq);
    for (request, said) in both.iter_mut().zip(said) {
        again.send(request);
        let id = request["id"].as_str().unwrap().to_owned();
        let answer = again.answer(&id);
        assert_eq!((&answer["seq"], &answer["type"]), (&said["seq"], &said["type"]));
        request["text"] = json!("something else");
        again.send(request);
        let code = if id == "s" { "quiet" } else { "whispers_off" };
        let refused = again.find("the refusal", |line| line["type"] == "error" && line["id"] == id.as_str());
        assert_error(&refused, code);
    }
}

#[test]
fn staff_say_something_in_every_room() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    ada.ask(json!({"type": "enter", "room": "chess"}));
    let said = root.ask(json!({"type": "announce", "text": "Five minutes!"}));
    assert_eq!((&said["type"], &said["from"], &said["room"]), (&json!("announcement"), &json!(ADMIN), &json!(null)));
    for peer in [&mut ada, &mut bob] {
        let seen = peer.find("the announcement", |line| line["type"] == "announcement");
        assert_eq!((&seen["seq"], &seen["text"]), (&said["seq"], &json!("Five minutes!")));
        assert_error(&peer.ask(json!({"type": "announce", "text": "Mine!"})), "not_allowed");
    }
    assert_error(&root.ask(json!({"type": "announce", "text": ""})), "bad_request");
    assert_error(&root.ask(json!({"type": "announce", "text": "x".repeat(4001)})), "too_long");
    assert_eq!(bob.ask(json!({"type": "history"}))["events"][0]["type"], "announcement");
}
