//! Before login, and the login itself.

use crate::harness::{ADMIN, PASSWORD, Peer, Server, assert_error};
use serde_json::{Value, json};

/// What a stranger is told, who is then shown out.
#[track_caller]
fn refusal(server: &Server, request: &Value) -> Value {
    let mut peer = server.connect();
    peer.send(request);
    let mut lines = peer.until_closed();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0)
}

fn login(fields: Value) -> Value {
    let mut request = json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD});
    for (name, value) in fields.as_object().unwrap() {
        request[name] = value.clone();
    }
    request
}

#[test]
fn a_welcome_says_all_it_promises() {
    let server = Server::with_users(&["ada", "bob"]);
    let _admin = server.admin();
    let _bob = server.login("bob");
    let ada = server.login("ada");
    let welcome = &ada.welcome;
    assert_eq!(welcome["protocol"], 1);
    assert_eq!(welcome["username"], "ada");
    assert_eq!(welcome["role"], "user");
    assert_eq!(welcome["must_change_password"], false);
    assert_eq!(welcome["users"], json!(["ada", "bob", ADMIN]), "sorted, the new one among them");
    assert!(welcome["server"].as_str().unwrap().starts_with("homeroom/"), "{welcome}");
    assert!(!welcome["token"].as_str().unwrap().is_empty(), "{welcome}");
    assert!(welcome["seq"].is_u64(), "{welcome}");
}

#[test]
fn an_admin_is_told_so() {
    let server = Server::with_users(&[]);
    assert_eq!(server.admin().welcome["role"], "admin");
}

#[test]
fn nothing_that_a_welcome_counted_comes_again() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    ada.say("before");
    let mut bob = server.login("bob");
    let counted = bob.welcome["seq"].as_u64().unwrap();
    ada.say("after");
    let came = bob.until_text("after");
    assert!(came.iter().all(|event| event["seq"].as_u64().unwrap() > counted), "{counted}: {came:?}");
}

#[test]
fn names_are_folded_to_lower_case() {
    let server = Server::with_users(&["ada"]);
    let ada = server.login("ADA");
    assert_eq!(ada.welcome["username"], "ada");
    assert_eq!(ada.welcome["users"], json!(["ada"]));
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_refused_alike() {
    let server = Server::with_users(&["ada"]);
    let wrong = refusal(&server, &login(json!({"password": "six green bottles"})));
    assert_error(&wrong, "bad_credentials");
    assert_eq!(refusal(&server, &login(json!({"username": "nobody"}))), wrong);
    assert_eq!(refusal(&server, &login(json!({"password": ""}))), wrong);
    let mut log = server.stderr.text();
    log.make_ascii_lowercase();
    assert!(!log.contains("green bottles"), "a password in the log: {log}");
    server.login("ada");
}

#[test]
fn a_wrong_token_is_refused() {
    let server = Server::with_users(&["ada", "bob"]);
    let bobs = server.login("bob").welcome["token"].clone();
    for token in [json!("made up"), json!(""), bobs] {
        let request = json!({"type": "login", "protocol": 1, "username": "ada", "token": token});
        assert_error(&refusal(&server, &request), "bad_credentials");
    }
}

#[test]
fn another_version_is_refused() {
    let server = Server::with_users(&["ada"]);
    assert_error(&refusal(&server, &login(json!({"protocol": 2}))), "unsupported_protocol");
    assert_error(&refusal(&server, &login(json!({"protocol": 0}))), "unsupported_protocol");
}

#[test]
fn a_login_of_the_wrong_form_is_a_bad_request() {
    let server = Server::with_users(&["ada"]);
    for request in [
        login(json!({"username": 7})),
        login(json!({"password": ["x"]})),
        login(json!({"protocol": "1"})),
        json!({"type": "login", "protocol": 1, "password": PASSWORD}),
        json!({"type": "login", "username": "ada", "password": PASSWORD}),
    ] {
        assert_error(&refusal(&server, &request), "bad_request");
    }
}

#[test]
fn a_login_without_a_secret_is_refused() {
    let server = Server::with_users(&["ada"]);
    let answer = refusal(&server, &json!({"type": "login", "protocol": 1, "username": "ada"}));
    assert!(answer["code"] == "bad_request" || answer["code"] == "bad_credentials", "{answer}");
}

#[test]
fn everything_else_before_login_is_refused() {
    let server = Server::with_users(&["ada"]);
    for request in [
        json!({"type": "say", "text": "hi"}),
        json!({"type": "whisper", "to": "ada", "text": "hi"}),
        json!({"type": "who"}),
        json!({"type": "help"}),
        json!({"type": "passwd", "old": PASSWORD, "new": "a long enough one"}),
        json!({"type": "logout"}),
        json!({"type": "add_user", "username": "eve"}),
        json!({"type": "list_users"}),
        json!({"type": "logout_user", "username": "ada"}),
        json!({"type": "shutdown"}),
    ] {
        let mut with_id = request;
        with_id["id"] = json!("early");
        let answer = refusal(&server, &with_id);
        assert_error(&answer, "not_logged_in");
        assert_eq!(answer["id"], "early");
    }
}

#[test]
fn a_stranger_may_ping_and_then_log_in() {
    let server = Server::with_users(&["ada"]);
    let mut peer = server.connect();
    peer.assert_alive();
    peer.login("ada", PASSWORD);
    peer.say("hi");
}

#[test]
fn a_login_carries_its_id() {
    let server = Server::with_users(&["ada"]);
    let mut peer = server.connect();
    assert_eq!(peer.ask(login(json!({})))["type"], "welcome");
    assert_eq!(refusal(&server, &login(json!({"id": "x1", "password": "wrong"})))["id"], "x1");
}

#[test]
fn a_second_login_on_a_connection_is_refused_and_changes_nothing() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let answer = ada.ask(login(json!({"username": "bob"})));
    assert_error(&answer, "bad_request");
    assert_eq!(ada.say("who am I?")["from"], "ada");
}

#[test]
fn strangers_bytes_that_are_no_request_are_answered_and_closed() {
    let server = Server::with_users(&["ada"]);
    for bytes in [&b"get / http/1.1\r\n"[..], b"\xff\xfe\n", b"{\"type\":\n", b"[]\n"] {
        let mut peer = server.connect();
        peer.send_bytes(bytes);
        let lines = peer.until_closed();
        assert!(lines.iter().all(|line| line["type"] == "error"), "{lines:?}");
        assert!(!lines.is_empty(), "closed without a word at {bytes:?}");
    }
}

#[test]
fn events_are_for_those_who_are_logged_in() {
    let server = Server::with_users(&["ada"]);
    let mut stranger = server.connect();
    stranger.assert_alive();
    server.login("ada").say("not for strangers");
    stranger.assert_alive();
    assert!(stranger.inbox().is_empty(), "{:?}", stranger.inbox());
}

#[test]
fn requests_sent_right_behind_the_login_are_answered() {
    let server = Server::with_users(&["ada"]);
    let mut peer: Peer = server.connect();
    let say = json!({"type": "say", "id": "s1", "text": "in one go"});
    peer.send_bytes(format!("{}\n{say}\n", login(json!({}))).as_bytes());
    assert_eq!(peer.next()["type"], "welcome");
    assert_eq!(peer.answer("s1")["text"], "in one go");
}
