//! A one-time password must be changed first.

use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_error, assert_reply};
use serde_json::json;
use std::time::Instant;

/// A fresh server, the admin's one-time password, and its session.
fn first_login() -> (Server, String, Peer) {
    let server = DataDir::new().start();
    let password = server.one_time_password().unwrap();
    let admin = server.login_with("admin", &password);
    (server, password, admin)
}

#[test]
fn the_welcome_says_that_the_password_must_be_changed() {
    let (_server, _, admin) = first_login();
    assert_eq!(admin.welcome["must_change_password"], true);
    assert_eq!(admin.welcome["role"], "admin");
}

#[test]
fn until_then_all_but_four_requests_are_refused() {
    let (mut server, password, mut admin) = first_login();
    for request in [
        json!({"type": "say", "text": "hi"}),
        json!({"type": "whisper", "to": "admin", "text": "hi"}),
        json!({"type": "who"}),
        json!({"type": "add_user", "username": "eve"}),
        json!({"type": "list_users"}),
        json!({"type": "logout_user", "username": "admin"}),
        json!({"type": "shutdown"}),
    ] {
        assert_error(&admin.ask(request), "password_change_required");
    }
    assert!(server.is_running());
    assert_eq!(admin.ask(json!({"type": "ping"}))["type"], "pong");
    assert_reply(&admin.ask(json!({"type": "help"})));
    assert_reply(&admin.ask(json!({"type": "logout"})));
    admin.until_closed();
    assert_eq!(server.login_with("admin", &password).welcome["must_change_password"], true);
}

#[test]
fn afterwards_everything_works_and_the_one_time_password_no_longer_does() {
    let (server, password, mut admin) = first_login();
    for new in ["short7c", "admin"] {
        assert_error(&admin.ask(json!({"type": "passwd", "old": password, "new": new})), "weak_password");
    }
    let wrong = admin.ask(json!({"type": "passwd", "old": "not this one", "new": "a long enough one"}));
    assert_error(&wrong, "bad_credentials");
    assert_error(&admin.ask(json!({"type": "who"})), "password_change_required");

    assert_reply(&admin.ask(json!({"type": "passwd", "old": password, "new": "a long enough one"})));
    admin.say("at last");
    assert_reply(&admin.ask(json!({"type": "list_users"})));
    assert_eq!(server.login_with("admin", "a long enough one").welcome["must_change_password"], false);
    let again = json!({"type": "login", "protocol": 1, "username": "admin", "password": password});
    assert_error(&server.connect().ask(again), "bad_credentials");
}

#[test]
fn keeping_the_one_time_password_is_no_change() {
    let (_server, password, mut admin) = first_login();
    let answer = admin.ask(json!({"type": "passwd", "old": password, "new": password}));
    assert_error(&answer, "weak_password");
    assert_error(&admin.ask(json!({"type": "who"})), "password_change_required");
}

#[test]
fn the_session_that_changes_it_is_free_and_the_others_are_over() {
    let (server, password, mut admin) = first_login();
    let mut second = server.login_with("admin", &password);
    assert_reply(&second.ask(json!({"type": "passwd", "old": password, "new": "a long enough one"})));
    second.say("free");
    assert_eq!(admin.until_closed().pop().unwrap()["reason"], "removed");
}

#[test]
fn the_change_is_still_due_after_a_restart_and_with_a_token() {
    let (mut server, password, admin) = first_login();
    let mut again = server.connect();
    again.resume("admin", &admin.welcome["token"], 0);
    assert_eq!(again.welcome["must_change_password"], true);
    assert_error(&again.ask(json!({"type": "who"})), "password_change_required");
    server.kill();
    let server = server.data().start();
    assert_eq!(server.login_with("admin", &password).welcome["must_change_password"], true);
}

/// A class comes in at its first lesson at once.
#[test]
fn a_first_login_costs_next_to_nothing_and_those_with_a_password_of_ones_own_cost_all_rounds() {
    let data = DataDir::with_hash_rounds(300_000);
    let server = data.start();
    let one_time = server.one_time_password().unwrap();
    assert!(data.read("users.json").contains("$i=1000,"), "{}", data.read("users.json"));
    // The fastest of three: a busy machine makes any of them slow.
    let time = |password: &str| {
        let one = |_| {
            let (mut peer, start) = (server.connect(), Instant::now());
            peer.login("admin", password);
            start.elapsed()
        };
        (0..3).map(one).min().unwrap()
    };
    let first = time(&one_time);
    assert!(data.read("users.json").contains("$i=1000,"), "it is hashed anew at the change, not before");
    let mut admin = server.login_with("admin", &one_time);
    assert_reply(&admin.ask(json!({"type": "passwd", "old": one_time, "new": PASSWORD})));
    assert!(data.read("users.json").contains("$i=300000,"), "{}", data.read("users.json"));
    let own = time(PASSWORD);
    assert!(own > first * 4, "{first:?} with a one-time password, {own:?} with one's own");
    let reset = server.login("admin").ask(json!({"type": "reset_password", "username": "admin"}));
    assert!(reset["password"].is_string() && data.read("users.json").contains("$i=1000,"), "{reset}");
}
