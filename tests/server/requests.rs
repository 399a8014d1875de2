//! Requests and the form of their answers.

use crate::harness::{PASSWORD, Server, assert_error, assert_reply, field};
use serde_json::{Value, json};

#[test]
fn who_lists_the_names_online() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let mut bob = server.login("bob");
    let _second = server.login("bob");
    let mut ada = server.login("ada");
    let answer = ada.ask(json!({"type": "who"}));
    assert_reply(&answer);
    assert_eq!(answer["users"], json!(["ada", "bob"]), "sorted, each once");
    assert_eq!(bob.ask(json!({"type": "who"}))["users"], json!(["ada", "bob"]));
}

#[test]
fn help_is_what_this_role_may_do() {
    let server = Server::with_users(&["ada"]);
    let users = server.login("ada").ask(json!({"type": "help"}));
    let admins = server.admin().ask(json!({"type": "help"}));
    for answer in [&users, &admins] {
        assert_reply(answer);
        for command in answer["commands"].as_array().unwrap() {
            assert!(command["usage"].as_str().unwrap().starts_with('/'), "{command}");
            assert!(!command["about"].as_str().unwrap().is_empty(), "{command}");
            assert!(command["admin"].is_boolean(), "{command}");
        }
    }
    let names = |answer: &Value| -> Vec<String> {
        let usages = field(answer["commands"].as_array().unwrap(), "usage").into_iter();
        usages.map(|usage| usage.as_str().unwrap().split(' ').next().unwrap().to_owned()).collect()
    };
    let (users_names, admins_names) = (names(&users), names(&admins));
    for name in ["/msg", "/who", "/help", "/logout"] {
        assert!(users_names.iter().any(|known| known == name), "no {name}: {users}");
    }
    for name in ["/adduser", "/listusers", "/logoutuser", "/shutdown"] {
        assert!(!users_names.iter().any(|known| known == name), "{name} for a user: {users}");
        assert!(admins_names.iter().any(|known| known == name), "no {name}: {admins}");
    }
    assert!(field(users["commands"].as_array().unwrap(), "admin").iter().all(|admin| **admin == false), "{users}");
    assert!(users_names.iter().all(|name| admins_names.contains(name)), "{admins}");
}

#[test]
fn a_ping_is_answered_under_its_id_and_without_one() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    assert_eq!(ada.ask(json!({"type": "ping"}))["type"], "pong");
    ada.send(&json!({"type": "ping"}));
    let pong = ada.find("a pong", |line| line["type"] == "pong");
    assert!(pong["id"].is_null(), "{pong}");
}

#[test]
fn an_unasked_pong_is_no_mistake() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    ada.send(&json!({"type": "pong"}));
    ada.send(&json!({"type": "pong", "id": "p"}));
    ada.assert_alive();
    assert!(ada.inbox().iter().all(|line| line["type"] != "error"), "{:?}", ada.inbox());
}

#[test]
fn logout_is_answered_and_closed() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    ada.send(&json!({"type": "logout", "id": "bye"}));
    let lines = ada.until_closed();
    assert_reply(lines.iter().find(|line| line["id"] == "bye").unwrap());
}

#[test]
fn what_was_said_before_a_logout_is_said() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    let lines = (0..100).map(|i| format!("{}\n", json!({"type": "say", "id": i.to_string(), "text": i.to_string()})));
    ada.send_bytes((lines.collect::<String>() + "{\"type\":\"logout\",\"id\":\"out\"}\n").as_bytes());
    let heard = ada.until_closed();
    assert_eq!(heard.iter().filter(|line| line["type"] == "message").count(), 100, "the sender's own: {heard:?}");
    let left = bob.until("ada's leaving", |line| line["type"] == "left");
    assert_eq!(left.iter().filter(|line| line["type"] == "message").count(), 100, "the other's: {left:?}");
}

#[test]
fn an_unknown_request_is_answered_and_the_connection_kept() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    for kind in ["frobnicate", "", "SAY", "message", "welcome"] {
        assert_error(&ada.ask(json!({"type": kind, "text": "hi"})), "bad_request");
    }
    ada.say("still here");
}

#[test]
fn unknown_fields_are_ignored() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.connect();
    let login = json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD, "client": {"a": [1]}});
    assert_eq!(ada.ask(login)["type"], "welcome");
    let said = ada.ask(json!({"type": "say", "text": "hi", "mood": "sunny", "tags": [1, {"a": null}]}));
    assert_eq!(said["text"], "hi");
    assert_reply(&ada.ask(json!({"type": "who", "verbose": true})));
}

#[test]
fn an_id_is_1_to_64_printable_ascii_characters() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    for id in ["x", " ", "\"\\", &"~".repeat(64)] {
        ada.send(&json!({"type": "ping", "id": id}));
        assert_eq!(ada.answer(id)["type"], "pong");
    }
    for id in [json!(""), json!("x".repeat(65)), json!("é"), json!("\t"), json!(7), json!(["x"]), json!({})] {
        ada.send(&json!({"type": "ping", "id": id}));
        let answer = ada.next();
        assert_eq!(answer["type"], "error", "{id}: {answer}");
        assert!(answer["code"] == "bad_request" || answer["code"] == "too_long", "{id}: {answer}");
    }
    ada.assert_alive();
}

#[test]
fn errors_carry_the_id() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    for request in [
        json!({"type": "frobnicate", "id": "e"}),
        json!({"type": "say", "id": "e"}),
        json!({"type": "say", "id": "e", "text": 7}),
        json!({"type": "say", "id": "e", "text": ""}),
        json!({"type": "whisper", "id": "e", "to": "nobody", "text": "x"}),
        json!({"type": "shutdown", "id": "e"}),
    ] {
        ada.send(&request);
        let answer = ada.find("an error", |line| line["type"] == "error");
        assert_eq!(answer["id"], "e", "{request} got {answer}");
    }
}

#[test]
fn lines_may_end_in_cr_lf_and_come_in_any_pieces() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    ada.send_bytes(b"{\"type\":\"ping\",\"id\":\"crlf\"}\r\n");
    assert_eq!(ada.answer("crlf")["type"], "pong");
    let line = "{\"type\":\"say\",\"id\":\"drip\",\"text\":\"\u{1F600}\"}\n";
    line.as_bytes().chunks(1).for_each(|byte| ada.send_bytes(byte));
    assert_eq!(ada.answer("drip")["text"], "\u{1F600}");
    ada.send_bytes(b"{\"type\":\"ping\",\"id\":\"a\"}\n{\"type\":\"ping\",\"id\":\"b\"}\n{\"type\":\"ping\",");
    ada.send_bytes(b"\"id\":\"c\"}\n");
    assert_eq!(field(&[ada.next(), ada.next(), ada.next()], "id"), [&json!("a"), &json!("b"), &json!("c")]);
}

#[test]
fn a_line_of_16384_bytes_is_the_longest() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    let line = |length: usize, id: &str| {
        let start = format!("{{\"type\":\"ping\",\"id\":\"{id}\",\"pad\":\"");
        let pad = "x".repeat(length - start.len() - "\"}\n".len());
        format!("{start}{pad}\"}}\n")
    };
    ada.send_bytes(line(16_384, "fits").as_bytes());
    assert_eq!(ada.answer("fits")["type"], "pong");
    ada.send_bytes(line(16_385, "over").as_bytes());
    let answer = ada.next();
    assert_error(&answer, "too_long");
}
