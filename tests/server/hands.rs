//! Hands in their order, and questions without a name.

use super::floor::{floor, room};
use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, assert_error, assert_reply};
use serde_json::{Value, json};
use std::fs;

fn hand(text: &str) -> Value {
    json!({"type": "hand", "up": true, "text": text})
}

/// Whose hands are up, with their texts.
#[track_caller]
fn hands(peer: &mut Peer) -> Vec<(String, Value)> {
    let reply = peer.ask(json!({"type": "hands"}));
    assert_reply(&reply);
    let hands = reply["hands"].as_array().unwrap();
    assert!(hands.iter().all(|hand| hand["since"].is_string()), "{reply}");
    hands.iter().map(|hand| (hand["username"].as_str().unwrap().to_owned(), hand["text"].clone())).collect()
}

#[test]
fn hands_are_called_in_their_order() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let (mut root, mut ada, mut bob, mut eve) =
        (server.admin(), server.login("ada"), server.login("bob"), server.login("eve"));
    floor(&mut root, json!({"mode": "quiet"}));
    let up = ada.ask(hand("why?"));
    assert_eq!((&up["type"], &up["username"], &up["room"]), (&json!("hand"), &json!("ada"), &json!("general")));
    assert_eq!((&up["up"], &up["text"]), (&json!(true), &json!("why?")));
    bob.ask(json!({"type": "hand"}));
    eve.ask(hand(""));
    ada.ask(hand("how?"));
    assert_reply(&ada.ask(hand("how?")));
    let all = [("ada", json!("how?")), ("bob", json!(null)), ("eve", json!(null))].map(|(n, t)| (n.to_owned(), t));
    assert_eq!(hands(&mut eve), all, "a second time changes the text alone");
    let down = bob.ask(json!({"type": "hand", "up": false, "text": "never mind"}));
    assert_eq!((&down["up"], &down["text"]), (&json!(false), &json!(null)));
    assert_reply(&bob.ask(json!({"type": "hand", "up": false})));

    let called = root.ask(json!({"type": "next"}));
    assert_eq!(
        (&called["type"], &called["username"], &called["from"]),
        (&json!("called"), &json!("ada"), &json!(ADMIN))
    );
    assert_eq!(bob.event("called", "ada")["seq"], called["seq"]);
    assert_eq!(room(&server.login("bob"), "general")["floor"]["called"], "ada");
    assert_eq!(hands(&mut root), [("eve".to_owned(), json!(null))], "her hand is down");
    assert_eq!(ada.ask(json!({"type": "say", "text": "because"}))["type"], "message");
    assert_error(&eve.ask(json!({"type": "say", "text": "because"})), "quiet");
    assert_eq!(root.ask(json!({"type": "next"}))["username"], "eve");
    assert_error(&ada.ask(json!({"type": "say", "text": "more"})), "quiet");
    let refused = root.ask(json!({"type": "next"}));
    assert_error(&refused, "bad_request");
    assert!(refused["message"].as_str().unwrap().contains("nobody's hand is up"), "{refused}");
    assert_eq!(eve.ask(json!({"type": "say", "text": "still mine"}))["type"], "message", "nothing changed");
    let nobody = root.ask(json!({"type": "next", "nobody": true}));
    assert_eq!((&nobody["type"], &nobody["username"]), (&json!("called"), &json!(null)));
    assert_error(&eve.ask(json!({"type": "say", "text": "more"})), "quiet");
    eve.ask(hand(""));
    root.ask(json!({"type": "next"}));
    floor(&mut root, json!({"mode": "open"}));
    floor(&mut root, json!({"mode": "quiet"}));
    assert_error(&eve.ask(json!({"type": "say", "text": "more"})), "quiet");
    floor(&mut root, json!({"mode": "open"}));
    eve.ask(hand(""));
    root.ask(json!({"type": "next"}));
    let quiet = root.ask(json!({"type": "floor", "mode": "quiet"}))["seq"].as_u64().unwrap();
    // Who was called before it became quiet isn't any more.
    let is_told = |event: &Value| event["type"] == "called" && event["seq"].as_u64() > Some(quiet);
    assert_eq!(eve.find("called", is_told)["username"], json!(null));
    assert_error(&eve.ask(json!({"type": "say", "text": "still me"})), "quiet");
}

#[test]
fn hands_outlive_a_kill_and_who_is_gone_is_passed_over() {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.start();
    let mut peers = ["ada", "bob", "eve"].map(|name| server.login(name));
    for (peer, text) in peers.iter_mut().zip(["a", "b", "c"]) {
        peer.ask(hand(text));
    }
    let mut root = server.admin();
    floor(&mut root, json!({"mode": "quiet"}));
    root.ask(json!({"type": "next"}));
    server.kill();
    let server = data.start();
    let mut root = server.admin();
    assert_eq!(room(&root, "general")["floor"], json!({"mode": "quiet", "whispers": "all", "called": "ada"}));
    assert_eq!(hands(&mut root), [("bob".to_owned(), json!("b")), ("eve".to_owned(), json!("c"))]);
    let _eve = server.login("eve");
    assert_eq!(root.ask(json!({"type": "next"}))["username"], "eve", "bob isn't there");
    assert_error(&root.ask(json!({"type": "next"})), "bad_request");
    let _bob = server.login("bob");
    assert_eq!(root.ask(json!({"type": "next"}))["username"], "bob", "and has kept the place");
}

#[test]
fn a_hand_goes_down_with_who_leaves_the_room_or_is_deleted() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    let up = json!({"type": "hand", "room": "chess"});
    assert_error(&ada.ask(up.clone()), "not_in_room");
    for peer in [&mut ada, &mut bob] {
        peer.ask(json!({"type": "enter", "room": "chess"}));
        assert_eq!(peer.ask(up.clone())["room"], "chess");
    }
    ada.ask(json!({"type": "leave", "room": "chess"}));
    let reply = root.ask(json!({"type": "hands", "room": "chess"}));
    assert_eq!(reply["hands"].as_array().unwrap().len(), 1, "{reply}");
    bob.ask(json!({"type": "hand"}));
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "bob"})));
    assert!(hands(&mut root).is_empty());
    assert!(!server.data().read("lesson.json").contains("bob"));
}

#[test]
fn hands_have_texts_and_a_pace_of_their_own() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    assert_error(&ada.ask(hand(&"x".repeat(201))), "too_long");
    assert_error(&ada.ask(hand("two\nlines")), "bad_request");
    assert_reply(&root.ask(json!({"type": "mute", "username": "bob", "minutes": 5})));
    assert_error(&bob.ask(hand("my words")), "muted");
    assert_eq!(bob.ask(json!({"type": "hand"}))["type"], "hand");
    let answers: Vec<Value> = (0..12).map(|i| ada.ask(json!({"type": "hand", "up": i % 2 == 0}))).collect();
    let taken = answers.iter().filter(|answer| answer["type"] == "hand").count();
    assert!((6..=8).contains(&taken), "{answers:?}");
    assert_error(answers.last().unwrap(), "rate_limited");
    let wall = json!({"type": "add_user", "username": "wall", "password": PASSWORD, "role": "display"});
    assert_reply(&root.ask(wall));
    let mut wall = server.login("wall");
    assert_reply(&wall.ask(json!({"type": "hands"})));
    assert_error(&wall.ask(json!({"type": "hand"})), "not_allowed");
}

#[test]
fn a_question_has_no_name_but_for_staff() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    let teacher = json!({"type": "add_user", "username": "tea", "password": PASSWORD, "role": "teacher"});
    assert_reply(&root.ask(teacher));
    let mut tea = server.login("tea");
    assert_reply(&ada.ask(json!({"type": "away", "text": "asleep"})));
    let before = bob.ask(json!({"type": "whois", "username": "ada"}))["whois"].clone();
    let asked = ada.ask(json!({"type": "ask", "text": "Why is it so?"}));
    assert_eq!((&asked["type"], &asked["from"], &asked["room"]), (&json!("asked"), &json!("ada"), &json!("general")));
    let question = ada.find("her question", |line| line["type"] == "question");
    assert_eq!((&question["text"], &asked["question"]), (&json!("Why is it so?"), &question["seq"]));
    for staff in [&mut root, &mut tea] {
        let seen = staff.event("asked", "ada");
        assert_eq!((&seen["question"], &seen["id"]), (&question["seq"], &asked["id"]));
    }
    root.say("the end");
    let seen = bob.until_text("the end");
    let told: Vec<_> = seen.iter().filter(|line| line["type"] == "question").collect();
    let fields: Vec<_> = told[0].as_object().unwrap().keys().collect();
    assert_eq!((told.len(), fields), (1, ["room", "seq", "text", "time", "type"].map(str::to_owned).iter().collect()));
    assert!(!seen.iter().any(|line| line["type"] == "asked"), "{seen:?}");
    // Nor does anything else of hers move.
    let after = bob.ask(json!({"type": "whois", "username": "ada"}))["whois"].clone();
    assert_eq!((&after["away"], &after["since"]), (&before["away"], &before["since"]));
    assert!(after["away"].is_object() && after["idle_seconds"].as_u64() >= before["idle_seconds"].as_u64());
    for (peer, kinds) in [(&mut bob, vec!["question", "message"]), (&mut tea, vec!["question", "asked", "message"])] {
        let history = peer.ask(json!({"type": "history"}));
        let seen: Vec<_> = history["events"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
        assert_eq!(seen, kinds);
    }
    for file in ["audit.jsonl", "lesson.json"] {
        let path = server.data().file(file);
        assert!(!fs::read_to_string(path).unwrap_or_default().contains("ask"), "{file}");
    }
}

/// By how long somebody is idle, everybody could tell who has just asked.
#[test]
fn to_ask_moves_nothing_that_others_see() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let mut idle = || bob.ask(json!({"type": "whois", "username": "ada"}))["whois"]["idle_seconds"].as_u64().unwrap();
    crate::harness::wait_until("ada is idle", || idle() >= 1);
    assert_eq!(ada.ask(json!({"type": "ask", "text": "Who am I?"}))["type"], "asked");
    assert!(idle() >= 1, "she was heard");
}

#[test]
fn a_question_is_asked_once_and_not_too_often() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    let (token, seq) = (ada.welcome["token"].clone(), ada.seq());
    let ask = json!({"type": "ask", "id": "q", "text": "Why?"});
    ada.send(&ask);
    let asked = ada.answer("q");
    drop(ada);
    let mut ada = server.connect();
    ada.hears_again = true;
    ada.resume("ada", &token, seq);
    ada.send(&ask);
    assert_eq!(ada.answer("q")["seq"], asked["seq"]);
    assert_error(&ada.ask(json!({"type": "ask", "text": ""})), "bad_request");
    assert_error(&ada.ask(json!({"type": "ask", "text": "x".repeat(4001)})), "too_long");
    assert_error(&ada.ask(json!({"type": "ask", "room": "go", "text": "Who?"})), "unknown_room");
    let answers: Vec<Value> = (0..4).map(|i| ada.ask(json!({"type": "ask", "text": format!("{i}?")}))).collect();
    assert_error(answers.last().unwrap(), "rate_limited");
    root.say("the end");
    let questions = bob.until_text("the end").iter().filter(|line| line["text"] == "Why?").count();
    assert_eq!(questions, 1);
    assert_reply(&root.ask(json!({"type": "mute", "username": "bob"})));
    assert_error(&bob.ask(json!({"type": "ask", "text": "Why me?"})), "muted");
}

/// The two events are written together. What a power failure leaves of that is none or both.
#[test]
fn no_question_without_who_asks() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    let (token, seq) = (ada.welcome["token"].clone(), ada.seq());
    let ask = json!({"type": "ask", "id": "q", "text": "Why?"});
    ada.send(&ask);
    ada.answer("q");
    server.kill();
    let journal = data.journal().pop().unwrap();
    let text = fs::read_to_string(&journal).unwrap();
    let cut = text.find(r#"{"type":"asked""#).unwrap();
    let put = |text: &str| {
        data.journal().iter().for_each(|segment| fs::remove_file(segment).unwrap());
        fs::write(&journal, text).unwrap();
    };
    for bytes in [cut, cut + 20] {
        put(&text[..bytes]);
        let mut server = data.start();
        let mut ada = server.connect();
        ada.hears_again = true;
        ada.resume("ada", &token, seq);
        let history = ada.ask(json!({"type": "history"}));
        assert_eq!(history["events"], json!([]), "cut at {bytes}");
        server.kill();
    }
    put(&text);
    let server = data.start();
    let mut ada = server.connect();
    ada.hears_again = true;
    ada.resume("ada", &token, seq);
    ada.send(&ask);
    assert_eq!(ada.answer("q")["type"], "asked", "it was asked");
    assert_eq!(ada.ask(json!({"type": "history"}))["events"].as_array().unwrap().len(), 2);
}

#[test]
fn no_hand_is_up_in_a_room_that_its_owner_went_out_of_meanwhile() {
    const ROUNDS: usize = 60;
    let server = Server::unlimited(&["bob"]);
    let (mut root, mut bob, mut other) = (server.admin(), server.login("bob"), server.login("bob"));
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    for round in 0..ROUNDS {
        assert_eq!(bob.ask(json!({"type": "enter", "room": "chess"}))["type"], "entered");
        for hand in 0..9 {
            other.send(&json!({"type": "hand", "room": "chess", "up": hand % 2 == 0}));
        }
        for _ in 0..round % 6 {
            assert_eq!(root.ask(json!({"type": "ping"}))["type"], "pong");
        }
        assert_eq!(bob.ask(json!({"type": "leave", "room": "chess"}))["type"], "exited");
        assert_eq!(other.ask(json!({"type": "ping"}))["type"], "pong");
        let reply = root.ask(json!({"type": "hands", "room": "chess"}));
        assert_eq!(reply["hands"], json!([]), "in round {round}");
    }
}
