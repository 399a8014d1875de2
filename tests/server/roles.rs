//! Roles: who may do what, and what a display is.

use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, assert_error, assert_reply};
use serde_json::{Value, json};
use std::fs;

/// One account of each role, named after it, and `eve`, a user about whom things are asked.
fn school() -> Server {
    let server = Server::with_users(&["eve"]);
    let mut root = server.admin();
    for role in ["display", "user", "teacher", "admin"] {
        assert_reply(&root.ask(add(role, role)));
    }
    server
}

fn add(name: &str, role: &str) -> Value {
    json!({"type": "add_user", "username": name, "password": PASSWORD, "role": role})
}

fn about(kind: &str, name: &str) -> Value {
    json!({"type": kind, "username": name})
}

/// The answer to a request as it is told here: `ok`, or the error's code.
fn outcome(answer: &Value) -> &str {
    if answer["type"] == "error" { answer["code"].as_str().unwrap() } else { "ok" }
}

/// A request about a user, and what display, user, teacher and admin are answered, in this order.
type Row = (Value, [&'static str; 4]);

/// Every request there is after the login; those that end something are last.
fn table() -> Vec<Row> {
    let (all, talk) = (["ok"; 4], ["not_allowed", "ok", "ok", "ok"]);
    let (staff, admins) = (["not_admin", "not_admin", "ok", "ok"], ["not_admin", "not_admin", "not_allowed", "ok"]);
    let lesson = ["not_allowed", "not_allowed", "ok", "ok"];
    vec![
        (json!({"type": "say", "text": "hi"}), talk),
        (json!({"type": "say", "text": "waves", "action": true}), talk),
        (json!({"type": "whisper", "to": "eve", "text": "hi"}), talk),
        (json!({"type": "away", "text": "lunch"}), talk),
        (
            json!({"type": "remove", "event": 999_999}),
            ["not_allowed", "unknown_event", "unknown_event", "unknown_event"],
        ),
        (json!({"type": "away"}), talk),
        (json!({"type": "who"}), all),
        (about("whois", "eve"), all),
        (json!({"type": "topic"}), all),
        (json!({"type": "history"}), all),
        (json!({"type": "help"}), all),
        (json!({"type": "ping"}), all),
        (json!({"type": "passwd", "old": PASSWORD, "new": "another long one"}), all),
        (json!({"type": "list_users"}), staff),
        (json!({"type": "door"}), ["not_allowed", "not_allowed", "ok", "ok"]),
        (json!({"type": "door", "minutes": 0, "guests": "remove"}), ["not_allowed", "not_allowed", "ok", "ok"]),
        (json!({"type": "attendance"}), ["not_allowed", "not_allowed", "ok", "ok"]),
        (json!({"type": "hand"}), talk),
        (json!({"type": "hands"}), all),
        (json!({"type": "ask", "text": "why?"}), talk),
        (json!({"type": "next", "nobody": true}), lesson),
        (json!({"type": "floor", "mode": "open"}), lesson),
        (json!({"type": "announce", "text": "hi"}), lesson),
        (json!({"type": "set_user", "username": "eve", "name": "Eve Noether"}), staff),
        (about("mute", "eve"), staff),
        (about("unmute", "eve"), staff),
        (about("reset_password", "eve"), staff),
        (json!({"type": "topic", "text": "fractions"}), admins),
        (about("ban", "eve"), admins),
        (about("unban", "eve"), admins),
        (about("promote", "eve"), admins),
        (about("demote", "eve"), admins),
        (json!({"type": "status"}), admins),
        (json!({"type": "reload"}), admins),
    ]
}

#[test]
fn every_request_as_every_role() {
    let server = school();
    for (index, role) in ["display", "user", "teacher", "admin"].into_iter().enumerate() {
        let mut peer = server.login(role);
        assert_eq!(peer.welcome["role"], role);
        for (request, expected) in table() {
            assert_eq!(outcome(&peer.ask(request.clone())), expected[index], "{request} as {role}");
        }
        // What needs somebody new each time.
        let name = format!("new{index}");
        let may = if index < 2 { "not_admin" } else { "ok" };
        assert_eq!(outcome(&peer.ask(add(&name, "user"))), may, "add_user as {role}");
        let session = (index >= 2).then(|| server.login(&name));
        assert_eq!(outcome(&peer.ask(about("logout_user", &name))), may, "logout_user as {role}");
        drop(session);
        let may = ["not_admin", "not_admin", "not_allowed", "ok"][index];
        let gone = if index < 2 { "eve" } else { &name };
        assert_eq!(outcome(&peer.ask(about("delete_user", gone))), may, "delete_user as {role}");
        if role != "admin" {
            assert_eq!(outcome(&peer.ask(json!({"type": "shutdown"}))), may, "shutdown as {role}");
        }
        assert_eq!(outcome(&peer.ask(json!({"type": "logout"}))), "ok", "logout as {role}");
    }
}

#[test]
fn help_has_the_least_role_of_each_command_and_no_other_commands() {
    let server = school();
    let roles = ["display", "user", "teacher", "admin"];
    let mut before = 0;
    for (index, role) in roles.into_iter().enumerate() {
        let help = server.login(role).ask(json!({"type": "help"}));
        let commands = help["commands"].as_array().unwrap();
        for command in commands {
            let least = roles.iter().position(|role| command["role"] == *role).unwrap();
            assert!(least <= index, "{command} for {role}");
            assert_eq!(command["admin"], least > 1, "{command}");
        }
        assert!(commands.len() > before, "{role} may do more: {help}");
        before = commands.len();
        let has = |name: &str| commands.iter().any(|c| c["usage"].as_str().unwrap().split(' ').next() == Some(name));
        assert_eq!((has("/msg"), has("/mute"), has("/promote")), (index > 0, index > 1, index > 2), "{role}");
    }
}

/// Whatever a teacher tries upon those who are staff, themselves among them.
#[test]
fn a_teacher_reaches_no_staff() {
    let server = school();
    assert_reply(&server.admin().ask(add("second", "teacher")));
    let mut teacher = server.login("teacher");
    let mut watched = server.login(ADMIN);
    for name in ["admin", ADMIN, "second", "teacher", "TEACHER"] {
        for kind in ["reset_password", "logout_user", "mute", "unmute"] {
            assert_error(&teacher.ask(about(kind, name)), "not_allowed");
        }
        for field in ["name", "group"] {
            assert_error(&teacher.ask(json!({"type": "set_user", "username": name, field: "x"})), "not_allowed");
        }
        for kind in ["promote", "demote"] {
            assert_error(&teacher.ask(about(kind, name)), "not_allowed");
            assert_error(&teacher.ask(json!({"type": kind, "username": name, "role": "admin"})), "not_allowed");
        }
    }
    for role in ["admin", "teacher"] {
        assert_error(&teacher.ask(add("crony", role)), "not_allowed");
    }
    assert_error(&teacher.ask(add("crony", "root")), "bad_request");
    let listed = teacher.ask(json!({"type": "list_users"}));
    let listed: Vec<_> = listed["users"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(listed, ["display", "eve", "user"]);
    for (name, role) in [("beamer", "display"), ("zed", "user")] {
        assert_reply(&teacher.ask(add(name, role)));
        assert_reply(&teacher.ask(about("reset_password", name)));
    }
    watched.assert_alive();
    assert!(!watched.inbox().iter().any(|line| line["type"] == "bye"), "{:?}", watched.inbox());
    let entries = server.data().read("audit.jsonl");
    assert!(!entries.contains("crony") && entries.contains("beamer"), "{entries}");
}

#[test]
fn a_role_is_given_and_taken_while_somebody_is_there() {
    let server = school();
    let (mut root, mut eve) = (server.admin(), server.login("eve"));
    for (kind, role, becomes) in [
        ("promote", json!("teacher"), "teacher"),
        ("promote", json!(null), "admin"),
        ("demote", json!("teacher"), "teacher"),
        ("demote", json!(null), "user"),
    ] {
        assert_reply(&root.ask(json!({"type": kind, "username": "eve", "role": role})));
        let told = eve.find("the role", |line| line["type"] == "role");
        assert_eq!(told["role"], becomes);
        let may = eve.ask(about("mute", "user"));
        assert_eq!(outcome(&may), if becomes == "user" { "not_admin" } else { "ok" }, "{becomes}");
    }
    assert_error(&root.ask(json!({"type": "promote", "username": "eve", "role": "root"})), "bad_request");
    // Through users.json, and back.
    let data = server.data();
    assert_reply(&root.ask(json!({"type": "promote", "username": "eve", "role": "teacher"})));
    drop((root, eve, server));
    assert_eq!(data.start().login("eve").welcome["role"], "teacher");
}

/// Fails where a display is told of to others.
fn assert_unseen(peer: &Peer, name: &str) {
    let told = |line: &&Value| matches!(line["type"].as_str(), Some("joined" | "left")) && line["username"] == name;
    assert_eq!(peer.inbox().iter().find(told), None);
}

#[test]
fn a_display_sees_the_room_and_is_not_there() {
    let server = school();
    let (mut root, mut eve, mut user) = (server.admin(), server.login("eve"), server.login("user"));
    let mut wall = server.login("display");
    assert_eq!(wall.welcome["users"], json!(["eve", ADMIN, "user"]), "itself isn't among them");
    assert_error(&eve.ask(json!({"type": "whisper", "to": "display", "text": "psst"})), "not_allowed");
    eve.ask(json!({"type": "whisper", "to": "user", "text": "psst"}));
    user.ask(json!({"type": "say", "text": "for all"}));
    assert_reply(&root.ask(json!({"type": "demote", "username": "user", "role": "user"})));
    let seen = wall.until_text("for all");
    assert!(!seen.iter().any(|line| line["type"] == "whisper"), "{seen:?}");
    assert_eq!(eve.ask(json!({"type": "who"}))["users"], json!(["eve", ADMIN, "user"]));
    let status = &root.ask(json!({"type": "status"}))["status"];
    assert_eq!((&status["accounts_online"], &status["sessions"]), (&json!(3), &json!(4)));
    // Whoever wants to know whether the room is shown somewhere may.
    let whois = &eve.ask(about("whois", "display"))["whois"];
    assert_eq!((&whois["role"], &whois["sessions"]), (&json!("display"), &json!(1)));
    assert_eq!(wall.ask(json!({"type": "history"}))["events"].as_array().unwrap().len(), 1);
    let listed = root.ask(json!({"type": "list_users"}));
    let listed = listed["users"].as_array().unwrap().iter().find(|user| user["username"] == "display").unwrap();
    assert_eq!(listed["online"], true);
    assert_reply(&root.ask(about("logout_user", "display")));
    assert_eq!(wall.until_closed().last().unwrap()["reason"], "removed");
    eve.say("the end");
    user.until_text("the end");
    [&eve, &user, &root].into_iter().for_each(|peer| assert_unseen(peer, "display"));
}

/// It was somebody before: what was whispered then is not what the room sees.
#[test]
fn who_becomes_a_display_leaves_and_comes_back_with_other_eyes() {
    let server = school();
    let (mut root, mut user, mut eve) = (server.admin(), server.login("user"), server.login("eve"));
    user.event("joined", "eve");
    user.ask(json!({"type": "whisper", "to": "eve", "text": "psst"}));
    assert_reply(&root.ask(json!({"type": "demote", "username": "eve", "role": "display"})));
    assert_eq!(eve.until_closed().last().unwrap()["reason"], "removed");
    assert_eq!(user.event("left", "eve")["reason"], "removed");
    let mut wall = server.connect();
    wall.send(&json!({"type": "login", "protocol": 1, "username": "eve", "password": PASSWORD, "after": 0}));
    assert_eq!(wall.next()["role"], "display");
    user.say("for all");
    let seen = wall.until_text("for all");
    assert!(!seen.iter().any(|line| line["type"] == "whisper"), "{seen:?}");
    assert_eq!(wall.ask(json!({"type": "history"}))["events"].as_array().unwrap().len(), 1);
    assert_reply(&root.ask(json!({"type": "promote", "username": "eve", "role": "user"})));
    assert_eq!(wall.until_closed().last().unwrap()["reason"], "removed");
    assert_unseen(&user, "eve");
    server.login("eve").say("again");
    user.event("joined", "eve");
}

/// A server of before refuses to start with what it doesn't know, as this one does: nothing is lost in silence.
#[test]
fn a_file_with_what_this_version_does_not_know_stops_the_start() {
    let data = DataDir::with_users(&["ada"]);
    let path = data.file("users.json");
    let before = fs::read_to_string(&path).unwrap();
    for (old, new) in
        [("\"role\": \"user\"", "\"role\": \"principal\""), ("\"role\":", "\"motto\": \"x\",\n      \"role\":")]
    {
        let text = before.replacen(old, new, 1);
        assert_ne!(text, before);
        fs::write(&path, &text).unwrap();
        let output = data.command().output().unwrap();
        assert!(!output.status.success());
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it is");
    }
}
