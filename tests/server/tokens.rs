//! Tokens outlive the server, and end when they should: for good.

use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, assert_error, assert_reply};
use serde_json::{Value, json};
use std::fs;

fn login(name: &str, token: &Value) -> Value {
    json!({"type": "login", "protocol": 1, "username": name, "token": token})
}

fn token(peer: &Peer) -> Value {
    peer.welcome["token"].clone()
}

#[track_caller]
fn assert_refused(server: &Server, name: &str, token: &Value) {
    assert_error(&server.connect().ask(login(name, token)), "bad_credentials");
}

#[test]
fn tokens_outlive_a_kill_and_an_end_in_good_order() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    let (adas, bobs) = (token(&ada), token(&server.login("bob")));
    let said = ada.say("before the crash")["seq"].as_u64().unwrap();
    server.kill();

    let mut server = data.start();
    let before = fs::read(data.file("tokens.jsonl")).unwrap();
    let mut ada = server.connect();
    ada.resume("ada", &adas, said);
    assert_eq!(ada.welcome["token"], adas, "it stays the same");
    ada.say("after the crash");
    assert_refused(&server, "bob", &adas);
    let mut bob = server.connect();
    bob.resume("bob", &bobs, 0);
    assert_eq!(fs::read(data.file("tokens.jsonl")).unwrap(), before, "coming back writes nothing");
    let mut root = server.admin();
    root.send(&json!({"type": "shutdown"}));
    assert_eq!(server.wait(), Some(0));

    let server = data.start();
    server.connect().resume("ada", &adas, said);
}

#[test]
fn a_token_is_256_random_bits() {
    let server = Server::with_users(&["ada"]);
    let tokens: Vec<String> = (0..8).map(|_| token(&server.login("ada")).as_str().unwrap().to_owned()).collect();
    assert!(tokens.iter().all(|token| token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit())), "{tokens:?}");
    // Eight random digits are all the same once in 16 to the seventh.
    let digits = |place: usize| tokens.iter().map(move |token| token.as_bytes()[place]);
    let fixed: Vec<usize> =
        (0..64).filter(|&place| digits(place).all(|digit| digit == digits(place).next().unwrap())).collect();
    assert!(fixed.is_empty(), "no chance in the digits {fixed:?} of {tokens:?}");
}

#[test]
fn what_ends_a_token_outlives_a_kill() {
    let data = DataDir::with_users(&["ada", "bob", "eve", "joe", "kim", "lea"]);
    let mut server = data.start();
    let names = ["ada", "bob", "eve", "joe", "kim", "lea"];
    let sessions = names.map(|name| server.login(name));
    let tokens = sessions.each_ref().map(token);
    let [mut ada, mut bob, ..] = sessions;
    assert_reply(&ada.ask(json!({"type": "logout"})));
    let other = server.login("bob");
    assert_reply(&bob.ask(json!({"type": "passwd", "old": PASSWORD, "new": "a long enough one"})));
    let mut root = server.admin();
    for request in [
        json!({"type": "logout_user", "username": "eve"}),
        json!({"type": "ban", "username": "joe"}),
        json!({"type": "unban", "username": "joe"}),
        json!({"type": "reset_password", "username": "kim"}),
        json!({"type": "delete_user", "username": "lea"}),
        json!({"type": "add_user", "username": "lea", "password": PASSWORD}),
    ] {
        assert_reply(&root.ask(request));
    }
    let bobs = [token(&other), tokens[1].clone()];
    for restarted in [false, true] {
        if restarted {
            server.kill();
            server = data.start();
        }
        for (name, token) in names.iter().zip(&tokens).filter(|(name, _)| **name != "bob") {
            assert_refused(&server, name, token);
        }
        assert_refused(&server, "bob", &bobs[0]);
        server.connect().resume("bob", &bobs[1], 0);
    }
}

#[test]
fn damage_ends_all_tokens_and_is_said() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let (first, second) = (token(&server.login("ada")), token(&server.login("ada")));
    server.kill();
    let mut text = data.read("tokens.jsonl");
    text.replace_range(0..1, "[");
    fs::write(data.file("tokens.jsonl"), &text).unwrap();
    let server = data.start();
    server.stderr.wait_for("tokens.jsonl is damaged (line 1");
    assert_refused(&server, "ada", &first);
    assert_refused(&server, "ada", &second);
    assert_eq!(data.read("tokens.jsonl.damaged"), text);
    server.login("ada");
    server.login(ADMIN);
}
