//! What administrators can do, and that it is written down.

use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, assert_error, assert_reply, wait_until};
use serde_json::{Value, json};

/// One request about an account.
pub(super) fn about(kind: &str, name: &str) -> Value {
    json!({"type": kind, "username": name})
}

/// What the server answers to a login.
#[track_caller]
fn try_login(server: &Server, name: &str, password: &str) -> Value {
    let mut peer = server.connect();
    peer.send(&json!({"type": "login", "protocol": 1, "username": name, "password": password}));
    peer.next()
}

/// The audit log's lines.
#[track_caller]
pub(super) fn audit(data: &DataDir) -> Vec<Value> {
    let text = data.read("audit.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// Waits for the end that an administrator makes.
#[track_caller]
pub(super) fn assert_removed(peer: &mut Peer) {
    let last = peer.until_closed().pop().expect("no bye");
    assert_eq!((&last["type"], &last["reason"]), (&json!("bye"), &json!("removed")), "{last}");
}

#[test]
fn only_administrators_may() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let kinds = ["ban", "unban", "mute", "unmute", "reset_password", "delete_user", "promote", "demote", "logout_user"];
    for name in ["bob", "ada", "nobody"] {
        for kind in kinds {
            assert_error(&ada.ask(about(kind, name)), "not_admin");
        }
    }
    for request in [
        json!({"type": "add_user", "username": "zed", "password": PASSWORD}),
        json!({"type": "list_users"}),
        json!({"type": "topic", "text": "mine"}),
        json!({"type": "status"}),
        json!({"type": "reload"}),
        json!({"type": "shutdown"}),
    ] {
        assert_error(&ada.ask(request), "not_admin");
    }
    bob.say("untouched");
    let acts: Vec<Value> = audit(&server.data()).into_iter().filter(|entry| entry["event"] != "login_failed").collect();
    assert!(acts.is_empty(), "{acts:?}");
    let roles = server.admin().ask(json!({"type": "list_users"}));
    let untouched = |user: &Value| user["role"] == "user" && user["banned"] != true && user["muted"] != true;
    let others = roles["users"].as_array().unwrap().iter().filter(|user| user["username"] != ADMIN);
    assert!(others.clone().count() == 2 && others.clone().all(untouched), "{roles}");
}

#[test]
fn nobody_of_that_name_is_an_answer() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    for kind in ["ban", "unban", "mute", "unmute", "reset_password", "delete_user", "promote", "demote"] {
        assert_error(&admin.ask(about(kind, "nobody")), "unknown_user");
        assert_error(&admin.ask(about(kind, "no body")), "unknown_user");
    }
}

#[test]
fn a_banned_account_is_out_until_it_is_unbanned() {
    let data = DataDir::with_users(&["ada", "eve"]);
    let server = data.start();
    let (mut admin, mut ada) = (server.admin(), server.login("ada"));
    let mut sessions = [server.login("eve"), server.login("eve")];
    assert_reply(&admin.ask(about("ban", "eve")));
    sessions.iter_mut().for_each(assert_removed);
    assert_eq!(ada.event("left", "eve")["reason"], "removed");
    assert_error(&try_login(&server, "eve", PASSWORD), "banned");
    assert_error(&try_login(&server, "eve", "six green bottles"), "bad_credentials");
    let mut back = server.connect();
    back.send(&json!({"type": "login", "protocol": 1, "username": "eve", "token": sessions[0].welcome["token"]}));
    assert_eq!(back.next()["type"], "error", "nor with a token");
    // A ban outlives the server.
    drop((server, admin));
    let server = data.start();
    assert_error(&try_login(&server, "eve", PASSWORD), "banned");
    assert_reply(&server.admin().ask(about("unban", "eve")));
    server.login("eve").say("thank you");
}

#[test]
fn a_muted_account_listens_until_it_is_unmuted() {
    let server = Server::with_users(&["ada", "eve"]);
    let (mut admin, mut ada, mut eve) = (server.admin(), server.login("ada"), server.login("eve"));
    for (minutes, told) in [(json!(5), "another 5 min:"), (json!(null), "muted")] {
        assert_reply(&admin.ask(json!({"type": "mute", "username": "eve", "minutes": minutes})));
        for request in [json!({"type": "say", "text": "hi"}), json!({"type": "whisper", "to": "ada", "text": "hi"})] {
            let refusal = eve.ask(request);
            assert_error(&refusal, "muted");
            let message = refusal["message"].as_str().unwrap();
            assert!(message.contains(told) || message.contains("299 s"), "{message}");
        }
        assert_error(&server.login("eve").ask(json!({"type": "say", "text": "hi"})), "muted");
    }
    ada.say("can you hear me?");
    eve.until_text("can you hear me?");
    assert!(!ada.inbox().iter().any(|line| line["from"] == "eve"), "{:?}", ada.inbox());
    assert_reply(&admin.ask(about("unmute", "eve")));
    for bad in [json!(0), json!(-1), json!(1.5), json!("5"), json!(10_000_000)] {
        assert_error(&admin.ask(json!({"type": "mute", "username": "eve", "minutes": bad})), "bad_request");
    }
    eve.say("at last");
}

#[test]
fn a_mute_with_an_end_is_over_then() {
    let data = DataDir::with_users(&["ada", "eve"]);
    let mut users = data.users_json();
    for (name, until) in [("ada", "2026-01-01T00:00:00Z"), ("eve", "2999-01-01T00:00:00Z")] {
        users["users"][name]["muted_until"] = json!(until);
    }
    std::fs::write(data.file("users.json"), users.to_string()).unwrap();
    let server = data.start();
    server.login("ada").say("at last");
    assert_error(&server.login("eve").ask(json!({"type": "say", "text": "hi"})), "muted");
}

#[test]
fn a_new_one_time_password_works_once() {
    let server = Server::with_users(&["eve"]);
    let (mut admin, mut old) = (server.admin(), server.login("eve"));
    let answer = admin.ask(about("reset_password", "eve"));
    assert_reply(&answer);
    let one_time = answer["password"].as_str().unwrap();
    assert_removed(&mut old);
    assert_error(&try_login(&server, "eve", PASSWORD), "bad_credentials");
    let mut eve = server.login_with("eve", one_time);
    assert_eq!(eve.welcome["must_change_password"], true);
    assert_error(&eve.ask(json!({"type": "say", "text": "hi"})), "password_change_required");
    assert_reply(&eve.ask(json!({"type": "passwd", "old": one_time, "new": "eight green bottles"})));
    eve.say("hi");
    assert_error(&try_login(&server, "eve", one_time), "bad_credentials");
    assert_eq!(server.login_with("eve", "eight green bottles").welcome["must_change_password"], false);
    let written = format!("{}{}", server.stderr.text(), server.data().read("audit.jsonl"));
    assert!(!written.contains(one_time), "it is logged");
}

#[test]
fn a_deleted_account_leaves_its_name_and_nothing_else() {
    let server = Server::with_users(&["ada", "eve"]);
    let (mut admin, mut ada, mut eve) = (server.admin(), server.login("ada"), server.login("eve"));
    let before = ada.welcome["seq"].as_u64().unwrap();
    ada.ask(json!({"type": "whisper", "to": "eve", "text": "for the first eve alone"}));
    eve.ask(json!({"type": "whisper", "to": "ada", "text": "from the first eve"}));
    assert_reply(&admin.ask(about("delete_user", "eve")));
    assert_removed(&mut eve);
    assert_eq!(ada.event("left", "eve")["reason"], "removed");
    assert_error(&try_login(&server, "eve", PASSWORD), "bad_credentials");
    assert_error(&admin.ask(about("ban", "eve")), "unknown_user");
    assert_reply(&admin.ask(json!({"type": "add_user", "username": "eve", "password": PASSWORD})));
    let mut successor = server.connect();
    successor.send(&json!({"type": "login", "protocol": 1, "username": "eve", "token": eve.welcome["token"]}));
    assert_error(&successor.next(), "bad_credentials");
    let mut successor = server.connect();
    let login = json!({"type": "login", "protocol": 1, "username": "eve", "password": PASSWORD, "after": before});
    successor.send(&login);
    assert_eq!(successor.next()["type"], "welcome");
    ada.say("hello, new eve");
    let seen = successor.until_text("hello, new eve");
    assert!(seen.iter().all(|line| line["type"] != "whisper"), "{seen:?}");
}

#[test]
fn a_role_changes_at_once() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut admin, mut ada) = (server.admin(), server.login("ada"));
    assert_error(&ada.ask(about("ban", "bob")), "not_admin");
    assert_reply(&admin.ask(about("promote", "ada")));
    assert_reply(&ada.ask(about("ban", "bob")));
    assert_eq!(server.login("ada").welcome["role"], "admin");
    // She may even demote the one who promoted her.
    assert_reply(&ada.ask(about("demote", ADMIN)));
    assert_error(&admin.ask(about("unban", "bob")), "not_admin");
    assert_reply(&ada.ask(about("unban", "bob")));
}

#[test]
fn whose_role_changes_is_told_on_each_device() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut admin, mut bob) = (server.admin(), server.login("bob"));
    let mut devices = [server.login("ada"), server.login("ada")];
    for (kind, role) in [("promote", "admin"), ("demote", "user")] {
        assert_reply(&admin.ask(about(kind, "ada")));
        // It changes nothing the second time, and nobody is told.
        assert_reply(&admin.ask(about(kind, "ada")));
        admin.say(kind);
        for device in &mut devices {
            let told: Vec<_> = device.until_text(kind).into_iter().filter(|line| line["type"] == "role").collect();
            assert_eq!(told, [json!({"type": "role", "role": role})]);
        }
        assert!(bob.until_text(kind).iter().all(|line| line["type"] != "role"), "it's nobody else's business");
    }
}

#[test]
fn the_last_administrator_stays() {
    let server = Server::with_users(&["ada"]);
    let mut admin = server.admin();
    for kind in ["demote", "delete_user", "ban"] {
        assert_error(&admin.ask(about(kind, ADMIN)), "last_admin");
    }
    assert_reply(&admin.ask(about("promote", "ada")));
    // A banned administrator is none to count on.
    assert_reply(&admin.ask(about("ban", "ada")));
    assert_error(&admin.ask(about("demote", ADMIN)), "last_admin");
    assert_reply(&admin.ask(about("unban", "ada")));
    assert_reply(&admin.ask(about("demote", ADMIN)));
    assert_eq!(server.login(ADMIN).welcome["role"], "user");
}

#[test]
fn every_act_is_written_down() {
    let server = Server::with_users(&["ada", "eve"]);
    let mut admin = server.admin();
    let _eve = server.login("eve");
    let acts = ["logout_user", "ban", "unban", "mute", "unmute", "promote", "demote", "reset_password", "delete_user"];
    assert_reply(&admin.ask(json!({"type": "add_user", "username": "zed", "password": PASSWORD})));
    for act in acts {
        assert_reply(&admin.ask(about(act, "eve")));
    }
    // What failed is no act.
    assert_error(&admin.ask(about("ban", "eve")), "unknown_user");
    let entries = audit(&server.data());
    let expected = [&["add_user"], &acts[..]].concat();
    assert_eq!(entries.iter().map(|entry| entry["event"].as_str().unwrap()).collect::<Vec<_>>(), expected);
    for entry in &entries {
        let about = if entry["event"] == "add_user" { "zed" } else { "eve" };
        assert_eq!((&entry["by"], &entry["username"]), (&json!(ADMIN), &json!(about)), "{entry}");
        assert_eq!(entry["peer"], "127.0.0.1", "{entry}");
        assert!(entry["time"].as_str().unwrap().ends_with('Z'), "{entry}");
    }
    assert_reply(&admin.ask(json!({"type": "shutdown"})));
    admin.until_closed();
    assert_eq!(audit(&server.data()).pop().unwrap()["event"], "shutdown");
}

/// A wrong name is often a password typed into the wrong field.
#[test]
fn failed_logins_are_written_down_without_what_was_typed() {
    let server = Server::with_users(&["ada"]);
    try_login(&server, "ada", "six green bottles");
    try_login(&server, "hunter2hunter2", "x");
    let text = server.data().read("audit.jsonl");
    assert!(!text.contains("bottles") && !text.contains("hunter2"), "{text}");
    let entries = audit(&server.data());
    let shown: Vec<_> = entries.iter().map(|entry| (&entry["event"], &entry["peer"], &entry["username"])).collect();
    let (event, peer) = (json!("login_failed"), json!("127.0.0.1"));
    assert_eq!(shown, [(&event, &peer, &json!("ada")), (&event, &peer, &Value::Null)]);
}

/// Whatever it fails for; in the audit log and in the one for people.
#[test]
fn every_kind_of_failed_login_is_written_down() {
    // Whoever must wait for longer than the login may take is sent away.
    let server = DataDir::with_users(&["ada", "bob", "eve"]).server().args(&["--login-grace", "5"]).start();
    assert_reply(&server.admin().ask(about("ban", "eve")));
    assert_error(&try_login(&server, "hunter2hunter2", "x"), "bad_credentials");
    assert_error(&try_login(&server, "ada", "six green bottles"), "bad_credentials");
    let by_token = json!({"type": "login", "protocol": 1, "username": "ada", "token": "5a".repeat(32)});
    assert_error(&server.connect().ask(by_token), "bad_credentials");
    assert_error(&try_login(&server, "eve", PASSWORD), "banned");
    wait_until("bob has to wait", || try_login(&server, "bob", "six green bottles")["code"] == "try_later");

    let entries = audit(&server.data());
    let failed: Vec<_> = entries
        .iter()
        .filter(|entry| ["login_failed", "token_refused"].iter().any(|event| entry["event"] == *event))
        .collect();
    let told =
        |entry: &&Value| (entry["username"].as_str().map(str::to_owned), entry["detail"].as_str().unwrap().to_owned());
    let mut kinds: Vec<_> = failed.iter().map(told).collect();
    kinds.dedup();
    let kind = |name: &str, detail: &str| ((!name.is_empty()).then(|| name.to_owned()), detail.to_owned());
    let expected = [("", "wrong password"), ("ada", "wrong password"), ("ada", "wrong token"), ("eve", "banned")];
    let expected = expected.iter().chain(&[("bob", "wrong password"), ("bob", "throttled")]);
    assert_eq!(kinds, expected.map(|(name, detail)| kind(name, detail)).collect::<Vec<_>>());
    // It may be behind: it comes through a pipe.
    wait_until("all of them are in the log", || server.stderr.text().matches("failed login ").count() >= failed.len());
    let log = server.stderr.text();
    let lines: Vec<&str> = log.lines().filter_map(|line| line.split_once("failed login ").map(|line| line.1)).collect();
    assert_eq!(lines.len(), failed.len(), "{log}");
    for (line, (name, detail)) in lines.iter().zip(failed.iter().map(told)) {
        let end = format!(" as {}: {detail}", name.as_deref().unwrap_or("an unknown name"));
        assert!(line.starts_with("from 127.0.0.1:") && line.ends_with(&end), "{line}, and not {end}");
    }
}

/// The lines that match fail2ban's own regular expression, but for its `<HOST>`, tried by grep; and those of them that it
/// doesn't ignore.
#[cfg(unix)]
pub(super) fn fail2ban(text: &str) -> (String, String) {
    use std::process::Command;
    let filter = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/fail2ban/filter.d/homeroom.conf");
    let filter = std::fs::read_to_string(filter).unwrap();
    let value = |key: &str| filter.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned();
    let failregex = value("failregex =").replace("<HOST>", "127\\.0\\.0\\.1");
    // grep knows no group that isn't kept.
    let ignoreregex = value("ignoreregex =").replace("(?:", "(");
    let grep = |args: &[&str], text: &str| crate::harness::run(Command::new("grep").args(args), text.as_bytes()).stdout;
    let failed = grep(&["-E", &failregex], text);
    let found = grep(&["-vE", &ignoreregex], &failed);
    (failed, found)
}

#[test]
#[cfg(unix)]
fn the_fail2ban_filter_finds_failed_logins_and_nothing_else() {
    let server = Server::with_users(&["ada"]);
    let mut admin = server.admin();
    assert_error(&try_login(&server, "ada", "six green bottles"), "bad_credentials");
    assert_error(&try_login(&server, "nobody", "six green bottles"), "bad_credentials");
    // An act about somebody with a name like an event's.
    let tempting = json!({"type": "add_user", "username": "login_failed", "password": PASSWORD});
    assert_reply(&admin.ask(tempting));
    assert_reply(&admin.ask(about("mute", "login_failed")));
    // An owner whose client comes back too often.
    assert!((0..100).any(|_| try_login(&server, "ada", PASSWORD)["code"] == "try_later"));
    let (failed, found) = fail2ban(&server.data().read("audit.jsonl"));
    assert!(failed.lines().all(|line| line.contains("\"event\":\"login_failed\"")), "{failed}");
    assert!(failed.contains("\"detail\":\"too often\""), "{failed}");
    assert_eq!(found.lines().count(), 2, "{found}");
}
