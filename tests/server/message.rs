//! Messages to the room.

use crate::harness::{DataDir, PASSWORD, Server, assert_error};
use serde_json::json;

#[test]
fn a_message_reaches_everyone_and_its_sender_with_the_id() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    ada.send(&json!({"type": "say", "id": "c 1~", "text": "Grüß dich, \u{1F44B}\u{1F3FD} \"\\\n\t\u{0}"}));
    let sent = ada.answer("c 1~");
    let seen = bob.event("message", "ada");
    for event in [&sent, &seen] {
        assert_eq!(event["type"], "message");
        assert_eq!(event["from"], "ada");
        assert_eq!(event["room"], "general");
        assert_eq!(event["text"], "Grüß dich, \u{1F44B}\u{1F3FD} \"\\\n\t\u{0}");
    }
    assert_eq!((&sent["seq"], &sent["time"]), (&seen["seq"], &seen["time"]));
}

#[test]
fn a_message_without_an_id_has_none() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    ada.send(&json!({"type": "say", "text": "no id"}));
    let event = ada.event("message", "ada");
    assert!(event["id"].is_null(), "{event}");
}

#[test]
fn the_room_is_general() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    assert_eq!(ada.ask(json!({"type": "say", "room": "general", "text": "named"}))["room"], "general");
    for room in ["attic", "", "General "] {
        assert_error(&ada.ask(json!({"type": "say", "room": room, "text": "lost"})), "unknown_room");
    }
    ada.say("last");
    assert!(bob.until_text("last").iter().all(|event| event["text"] != "lost"));
}

#[test]
fn the_longest_text_arrives_whole_whatever_its_characters() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    for character in ["x", "é", "\u{20ac}", "\u{1F600}", "\"", "\\", "\n", "\u{2028}"] {
        let text = character.repeat(4_000);
        let longest_id = "~".repeat(64);
        ada.send(&json!({"type": "say", "id": longest_id, "text": text}));
        assert_eq!(ada.answer(&longest_id)["text"], text);
        assert_eq!(bob.event("message", "ada")["text"], text);
    }
}

#[test]
fn a_text_that_is_too_long_is_refused_not_cut() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    for character in ["x", "é", "\u{1F600}"] {
        let text = character.repeat(4_001);
        assert_error(&ada.ask(json!({"type": "say", "text": text})), "too_long");
        assert_error(&ada.ask(json!({"type": "whisper", "to": "bob", "text": text})), "too_long");
    }
    ada.say("last");
    let came = bob.until_text("last");
    assert!(came.iter().filter(|event| event["from"] == "ada").count() == 1, "{came:?}");
}

#[test]
fn an_empty_text_is_a_bad_request() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    assert_error(&ada.ask(json!({"type": "say", "text": ""})), "bad_request");
    assert_error(&ada.ask(json!({"type": "whisper", "to": "ada", "text": ""})), "bad_request");
    ada.say(" ");
}

/// Control characters take six bytes each on the wire, so a request can fit a line that its event doesn't. The
/// server says `too_long` then, or finds a shorter way to write it; [`Peer`](crate::harness::Peer) measures what
/// comes.
#[test]
fn an_event_never_outgrows_a_line() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    for count in [2_600, 2_650, 2_690, 2_700, 2_710, 2_720] {
        let text = "\u{1}".repeat(count);
        let answer = ada.ask(json!({"type": "say", "text": text}));
        if answer["type"] == "error" {
            assert_error(&answer, "too_long");
        } else {
            assert_eq!(answer["text"], text);
            assert_eq!(bob.event("message", "ada")["text"], text);
        }
    }
    ada.say("last");
    bob.until_text("last");
}

#[test]
fn one_accounts_sessions_all_see_its_messages() {
    let server = Server::with_users(&["ada"]);
    let mut first = server.login("ada");
    let mut second = server.login("ada");
    first.say("from the first");
    assert_eq!(second.event("message", "ada")["text"], "from the first");
}

#[test]
fn a_senders_messages_keep_their_order() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    let lines = (0..200).map(|i| format!("{}\n", json!({"type": "say", "text": i.to_string()})));
    ada.send_bytes(lines.collect::<String>().as_bytes());
    for i in 0..200 {
        assert_eq!(bob.event("message", "ada")["text"], i.to_string());
    }
}

#[test]
fn words_are_never_logged() {
    // All that it can log.
    let server = DataDir::with_users(&["ada", "bob"]).server().log("trace").start();
    let mut ada = server.login("ada");
    let _bob = server.login("bob");
    ada.say("wisteria");
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "wisteria"}));
    ada.ask(json!({"type": "frobnicate", "text": "wisteria"}));
    ada.ask(json!({"type": "away", "text": "wisteria"}));
    let token = ada.welcome["token"].as_str().unwrap().to_owned();
    ada.ask(json!({"type": "logout"}));
    server.login("ada").assert_alive();
    let log = server.stderr.text();
    for secret in ["wisteria", &token, PASSWORD] {
        assert!(!log.contains(secret), "{secret:?} is in the log: {log}");
    }
}
