//! An administrator ends an account's sessions.

use crate::harness::{Server, assert_error, assert_reply};
use serde_json::json;

#[test]
fn every_session_is_told_bye_and_closed() {
    let server = Server::with_users(&["eve", "bob"]);
    let mut admin = server.admin();
    let mut bob = server.login("bob");
    let mut sessions = [server.login("eve"), server.login("eve")];
    assert_reply(&admin.ask(json!({"type": "logout_user", "username": "EVE"})));
    for session in &mut sessions {
        let lines = session.until_closed();
        assert_eq!(lines.last().unwrap()["type"], "bye", "{lines:?}");
        assert_eq!(lines.last().unwrap()["reason"], "removed", "{lines:?}");
    }
    assert_eq!(bob.event("left", "eve")["reason"], "removed");
    bob.say("once");
    assert!(bob.inbox().iter().all(|line| line["type"] != "left"), "{:?}", bob.inbox());
    server.login("eve");
}

#[test]
fn nobody_of_that_name_is_an_error() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    assert_error(&admin.ask(json!({"type": "logout_user", "username": "nobody"})), "unknown_user");
    let answer = admin.ask(json!({"type": "logout_user", "username": "no body"}));
    assert!(answer["code"] == "unknown_user" || answer["code"] == "bad_username", "{answer}");
}

#[test]
fn one_who_is_away_is_answered() {
    let server = Server::with_users(&["eve"]);
    let mut admin = server.admin();
    let answer = admin.ask(json!({"type": "logout_user", "username": "eve"}));
    if answer["type"] != "reply" {
        assert_error(&answer, "unknown_user");
    }
}

#[test]
fn an_administrator_may_end_their_own() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    admin.send(&json!({"type": "logout_user", "id": "me", "username": "root"}));
    let lines = admin.until_closed();
    assert_reply(lines.iter().find(|line| line["id"] == "me").unwrap_or_else(|| panic!("no answer: {lines:?}")));
    assert_eq!(lines.last().unwrap()["reason"], "removed", "{lines:?}");
}
