//! What is ended is over: once the administrator is answered, nothing of it is done any more, and nothing is given to it.

use super::admins::{about, assert_removed};
use crate::harness::{
    DEADLINE, DataDir, PASSWORD, Peer, Proc, Server, assert_error, assert_reply, dial_small, wait_until,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What becomes of a session that is ended: the farewell's deadline (2 s), with room for a machine under load.
const GONE_WITHIN: Duration = Duration::from_secs(8);
/// Half a second of hashing: a login is under way for as long.
const SLOW_ROUNDS: &str = "3000000";
/// Of the processor, by then a login is being hashed.
const HASHING_TICKS: u64 = 10;

/// So many requests in one piece.
fn pipeline(count: usize, request: impl Fn(usize) -> Value) -> Vec<u8> {
    (0..count).flat_map(|i| format!("{}\n", request(i)).into_bytes()).collect()
}

/// The seq of a message that an administrator says now.
#[track_caller]
fn fence(admin: &mut Peer) -> u64 {
    admin.say("fence")["seq"].as_u64().unwrap()
}

/// What somebody said after a seq, as another one sees it.
#[track_caller]
fn said_after(watcher: &mut Peer, admin: &mut Peer, name: &str, seq: u64) -> usize {
    admin.say("the end");
    let seen = watcher.until_text("the end");
    seen.iter().filter(|line| line["from"] == name && line["seq"].as_u64() > Some(seq)).count()
}

#[test]
fn what_was_sent_before_an_end_is_not_said_after_it() {
    for end in ["ban", "logout_user", "delete_user", "reset_password"] {
        let server = Server::with_users(&["bob", "eve"]);
        let (mut admin, mut bob, mut eve) = (server.admin(), server.login("bob"), server.login("eve"));
        // More than the 200 that are taken at once: the others wait, and some of them are said one by one.
        eve.send_bytes(&pipeline(400, |i| json!({"type": "say", "text": format!("eve {i}")})));
        bob.event("message", "eve");
        assert_reply(&admin.ask(about(end, "eve")));
        let fence = fence(&mut admin);
        assert!(eve.closes_within(GONE_WITHIN), "{end}");
        // Its thread has done all that it ever does.
        server.stderr.wait_for("is gone: ");
        assert_eq!(said_after(&mut bob, &mut admin, "eve", fence), 0, "{end}");
    }
}

#[test]
fn what_an_administrator_sent_before_their_end_is_not_done_after_it() {
    for end in ["ban", "delete_user", "demote", "logout_user", "reset_password"] {
        let server = Server::with_users(&["mallory"]);
        let mut root = server.admin();
        assert_reply(&root.ask(about("promote", "mallory")));
        let mut mallory = server.login("mallory");
        let mut prepared = pipeline(300, |_| json!({"type": "ping"}));
        prepared.extend(pipeline(1, |_| about("unban", "mallory")));
        prepared.extend(pipeline(1, |_| about("promote", "mallory")));
        let accomplice = json!({"type": "add_user", "username": "accomplice", "password": PASSWORD, "role": "admin"});
        prepared.extend(pipeline(1, |_| accomplice.clone()));
        prepared.extend(pipeline(1, |_| json!({"type": "ping", "id": "last"})));
        mallory.send_bytes(&prepared);
        mallory.find("the first answer", |line| line["type"] == "pong");
        assert_reply(&root.ask(about(end, "mallory")));
        if end == "demote" {
            mallory.answer("last");
        } else {
            assert!(mallory.closes_within(GONE_WITHIN), "{end}");
            server.stderr.wait_for("is gone: ");
        }
        let users = root.ask(json!({"type": "list_users"}))["users"].clone();
        let of = |name: &str| users.as_array().unwrap().iter().find(|user| user["username"] == name).cloned();
        assert_eq!(of("accomplice"), None, "{end}");
        match end {
            "ban" => assert_eq!(of("mallory").unwrap()["banned"], true, "{end}"),
            "demote" => assert_eq!(of("mallory").unwrap()["role"], "user", "{end}"),
            _ => {}
        }
    }
}

/// A session that has much to read and reads little of it.
#[track_caller]
fn slow_reader(server: &Server, ada: &mut Peer, name: &str) -> Peer {
    let text = "x".repeat(3_900);
    for _ in 0..1_000 {
        ada.send(&json!({"type": "say", "text": text}));
        ada.event("message", "ada");
    }
    let mut peer = Peer::over(dial_small(server.address()));
    let login = json!({"type": "login", "protocol": 1, "username": name, "password": PASSWORD, "after": 0});
    peer.send(&login);
    assert_eq!(peer.next()["type"], "welcome");
    peer
}

#[test]
fn a_slow_reader_is_given_nothing_more_and_is_gone_in_time() {
    let server = Server::unlimited(&["ada", "eve"]);
    let (mut admin, mut ada) = (server.admin(), server.login("ada"));
    let mut eve = slow_reader(&server, &mut ada, "eve");
    assert_reply(&admin.ask(about("ban", "eve")));
    let (answered, fence) = (Instant::now(), fence(&mut admin));
    eve.send_bytes(&pipeline(1, |_| json!({"type": "say", "text": "still here"})));
    // A little now and then, as long as there is something: what is sent meanwhile would fit.
    while !eve.closes_within(Duration::from_millis(50)) {
        assert!(answered.elapsed() < GONE_WITHIN, "it is still sent what is too much");
    }
    let newest = eve.inbox().iter().filter_map(|line| line["seq"].as_u64()).max();
    assert!(newest < Some(fence), "{newest:?} was given, the answer came before {fence}");
    assert!(!ada.inbox().iter().any(|line| line["from"] == "eve"));
}

/// The old session is far behind when the name gets another account.
#[test]
fn a_session_of_a_deleted_account_is_nobodys_of_that_name() {
    let server = Server::unlimited(&["ada", "bob", "eve"]);
    let (mut admin, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    let mut old = slow_reader(&server, &mut ada, "eve");
    assert_reply(&admin.ask(about("delete_user", "eve")));
    assert_reply(&admin.ask(json!({"type": "add_user", "username": "eve", "password": PASSWORD})));
    old.send_bytes(&pipeline(1, |_| json!({"type": "whisper", "to": "bob", "text": "I am eve"})));
    let mut new = server.login("eve");
    ada.ask(json!({"type": "whisper", "to": "eve", "text": "for the new one"}));
    assert_eq!(new.event("whisper", "ada")["text"], "for the new one");
    assert!(old.closes_within(GONE_WITHIN));
    assert!(!old.inbox().iter().any(|line| line["text"] == "for the new one"));
    new.ask(json!({"type": "whisper", "to": "bob", "text": "the new one's"}));
    assert_eq!(bob.event("whisper", "eve")["text"], "the new one's", "nothing came before it");
}

#[test]
fn a_login_under_way_does_not_outlive_what_ends_the_accounts_sessions() {
    let data = DataDir::with_users(&[]);
    for name in ["anna", "berta", "carla"] {
        data.add_user_with_rounds(name, SLOW_ROUNDS);
    }
    let server = data.start();
    let mut admin = server.admin();
    for (name, end, code) in [
        ("anna", "ban", "banned"),
        ("berta", "logout_user", "bad_credentials"),
        ("carla", "delete_user", "bad_credentials"),
    ] {
        let mut late = server.connect();
        let before = Proc::of(server.pid()).cpu_ticks();
        late.send(&json!({"type": "login", "protocol": 1, "username": name, "password": PASSWORD}));
        wait_until("the login is hashed", || Proc::of(server.pid()).cpu_ticks() > before + HASHING_TICKS);
        admin.ask(about(end, name));
        assert_error(&late.next(), code);
    }
}

#[test]
fn a_changed_password_ends_every_other_session() {
    let server = Server::with_users(&["ada", "eve"]);
    let (mut ada, mut owner, mut thief) = (server.login("ada"), server.login("eve"), server.login("eve"));
    thief.send_bytes(&pipeline(300, |_| json!({"type": "ping"})));
    thief.send(&json!({"type": "say", "text": "I am still here"}));
    assert_reply(&owner.ask(json!({"type": "passwd", "old": PASSWORD, "new": "eight green bottles"})));
    let fence = owner.say("mine alone")["seq"].as_u64().unwrap();
    assert_removed(&mut thief);
    ada.until_text("mine alone");
    owner.say("and still");
    let seen = ada.until_text("and still");
    assert!(seen.iter().all(|line| line["type"] != "left" && line["text"] != "I am still here"), "{fence}: {seen:?}");
    let mut back = server.connect();
    back.send(&json!({"type": "login", "protocol": 1, "username": "eve", "token": thief.welcome["token"]}));
    assert_error(&back.next(), "bad_credentials");
    let mut back = server.connect();
    back.resume("eve", &owner.welcome["token"], fence);
}

#[test]
fn whoever_must_choose_a_password_reads_nothing_before() {
    let server = Server::with_users(&["ada", "eve"]);
    let (mut admin, mut ada) = (server.admin(), server.login("ada"));
    ada.say("old");
    ada.ask(json!({"type": "whisper", "to": "eve", "text": "waits for eve"}));
    let one_time = admin.ask(about("reset_password", "eve"))["password"].as_str().unwrap().to_owned();
    let login = |after: Option<u64>| {
        let mut peer = server.connect();
        let mut login = json!({"type": "login", "protocol": 1, "username": "eve", "password": one_time});
        after.inspect(|after| login["after"] = json!(after));
        peer.send(&login);
        peer.welcome = peer.next();
        assert_eq!(peer.welcome["must_change_password"], true, "{}", peer.welcome);
        peer
    };
    let mut eve = login(None);
    let mut thief = login(Some(0));
    ada.say("live");
    ada.ask(json!({"type": "whisper", "to": "eve", "text": "also for eve"}));
    for peer in [&mut eve, &mut thief] {
        peer.assert_alive();
        ada.say("another one");
        peer.assert_alive();
        let seen: Vec<&Value> = peer.inbox().iter().filter(|line| line["seq"].is_u64()).collect();
        assert!(seen.is_empty(), "{seen:?}");
    }
    assert_reply(&eve.ask(json!({"type": "passwd", "old": one_time, "new": "eight green bottles"})));
    eve.send(&json!({"type": "say", "text": "done"}));
    let seen = eve.until_text("done");
    let texts: Vec<&str> = seen.iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(texts, ["waits for eve", "live", "also for eve", "another one", "another one", "done"]);
    assert_removed(&mut thief);
    assert!(!thief.inbox().iter().any(|line| line["seq"].is_u64()));
}

#[test]
fn a_one_time_password_gets_old_and_no_login_makes_it_younger() {
    let data = DataDir::with_users(&[]);
    let server = data.server().args(&["--one-time-days", "2"]).start();
    let added = server.admin().ask(json!({"type": "add_user", "username": "eve"}));
    let one_time = added["password"].as_str().unwrap().to_owned();
    let made = data.users_json()["users"]["eve"]["one_time_since"].clone();
    let eve = server.login_with("eve", &one_time);
    assert_eq!(data.users_json()["users"]["eve"]["one_time_since"], made, "a login changes nothing");
    drop(server);
    // Three days pass.
    let mut users = data.users_json();
    let made: jiff::Timestamp = made.as_str().unwrap().parse().unwrap();
    users["users"]["eve"]["one_time_since"] = json!(made - jiff::SignedDuration::from_hours(3 * 24));
    std::fs::write(data.file("users.json"), users.to_string()).unwrap();
    let old = data.server().args(&["--one-time-days", "2"]).start();
    for login in [
        json!({"type": "login", "protocol": 1, "username": "eve", "password": one_time}),
        json!({"type": "login", "protocol": 1, "username": "eve", "token": eve.welcome["token"]}),
    ] {
        let mut peer = old.connect();
        peer.send(&login);
        let refusal = peer.next();
        assert_error(&refusal, "bad_credentials");
        assert!(refusal["message"].as_str().unwrap().contains("too old"), "{refusal}");
    }
    drop(old);
    let younger = data.server().args(&["--one-time-days", "4"]).start();
    let mut eve = younger.login_with("eve", &one_time);
    assert_reply(&eve.ask(json!({"type": "passwd", "old": one_time, "new": "eight green bottles"})));
    assert!(data.users_json()["users"]["eve"]["one_time_since"].is_null(), "nor is it remembered");
}

#[test]
fn a_one_time_password_without_a_date_is_of_today() {
    let data = DataDir::with_users(&[]);
    data.import("eve,,user\n").succeeded();
    let mut users = data.users_json();
    users["users"]["eve"].as_object_mut().unwrap().remove("one_time_since").expect("it has a date");
    std::fs::write(data.file("users.json"), users.to_string()).unwrap();
    drop(data.start());
    let dated = data.users_json()["users"]["eve"]["one_time_since"].clone();
    assert!(dated.is_string(), "{dated}");
    drop(data.start());
    assert_eq!(data.users_json()["users"]["eve"]["one_time_since"], dated, "a restart makes it no younger");
}

#[test]
fn sessions_that_made_way_leave_nothing_behind() {
    let server = Server::unlimited(&["eve"]);
    let token = server.login("eve").welcome["token"].clone();
    let come = || {
        let mut peer = server.connect();
        peer.resume("eve", &token, 0);
        peer
    };
    let kept: Vec<Peer> = (0..5).map(|_| come()).collect();
    let process = Proc::of(server.pid());
    let before = process.load();
    // None of them is ever closed here.
    let zombies: Vec<Peer> = (0..60).map(|_| come()).collect();
    let start = Instant::now();
    process.wait_for_load(before);
    assert!(start.elapsed() < DEADLINE);
    drop((kept, zombies));
}

#[test]
fn what_a_session_that_made_way_had_sent_is_not_done() {
    let server = Server::with_users(&["bob", "eve"]);
    let (mut bob, mut oldest) = (server.login("bob"), server.login("eve"));
    let others: Vec<Peer> = (0..4).map(|_| server.login("eve")).collect();
    oldest.send_bytes(&pipeline(400, |_| json!({"type": "ping"})));
    oldest.send_bytes(&pipeline(1, |_| json!({"type": "say", "text": "late"})));
    oldest.find("the first answer", |line| line["type"] == "pong");
    let mut newest = server.login("eve");
    let bye = oldest.until_closed().pop().unwrap();
    assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("logout")), "{bye}");
    server.stderr.wait_for("is gone: Logout");
    newest.say("the newest");
    let seen = bob.until_text("the newest");
    assert!(!seen.iter().any(|line| line["text"] == "late"), "{seen:?}");
    drop(others);
}

/// The session began while it was still good.
#[test]
fn a_one_time_password_that_has_become_too_old_changes_nothing() {
    let data = DataDir::with_users(&[]);
    data.import("eve,,user\n").succeeded();
    let mut server = data.server().start();
    let mut admin = server.admin();
    let one_time = admin.ask(about("reset_password", "eve"))["password"].as_str().unwrap().to_owned();
    server.kill();
    let mut users = data.users_json();
    let three_days_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(3 * 24);
    users["users"]["eve"]["one_time_since"] = json!(three_days_ago);
    std::fs::write(data.file("users.json"), users.to_string()).unwrap();
    let server = data.start();
    let (mut admin, mut eve) = (server.admin(), server.login_with("eve", &one_time));
    std::fs::write(data.file("homeroom.toml"), "one-time-days = 2\n").unwrap();
    assert_reply(&admin.ask(json!({"type": "reload"})));
    let late = eve.ask(json!({"type": "passwd", "old": one_time, "new": "eight green bottles"}));
    assert_error(&late, "bad_credentials");
    assert!(late["message"].as_str().unwrap().contains("too old"), "{late}");
}

#[test]
fn what_an_older_account_of_the_name_said_is_not_said_again_for_the_new_one() {
    let server = Server::with_users(&["eve"]);
    let mut admin = server.admin();
    let request = json!({"type": "say", "id": "word-1", "text": "hello"});
    let mut old = server.login("eve");
    old.send(&request);
    let before = old.answer("word-1")["seq"].as_u64();
    assert_reply(&admin.ask(about("delete_user", "eve")));
    assert_reply(&admin.ask(json!({"type": "add_user", "username": "eve", "password": PASSWORD})));
    let token = server.login("eve").welcome["token"].clone();
    let mut new = server.connect();
    new.resume("eve", &token, 0);
    new.send(&request);
    let after = new.answer("word-1")["seq"].as_u64();
    assert!(after > before, "{after:?} is its own, {before:?} was another's");
}

/// Whoever has it may not be the administrator.
#[test]
fn an_administrator_with_a_one_time_password_is_told_nothing() {
    let server = Server::with_users(&["adam"]);
    let mut root = server.admin();
    assert_reply(&root.ask(about("promote", "adam")));
    let one_time = root.ask(about("reset_password", "adam"))["password"].as_str().unwrap().to_owned();
    let mut adam = server.login_with("adam", &one_time);
    std::fs::write(server.data().file("homeroom.toml"), "no-such-option = 1\n").unwrap();
    assert_error(&root.ask(json!({"type": "reload"})), "internal");
    // Adam comes before root in the order of names, in which they are told.
    root.find("a notice", |line| line["type"] == "notice");
    adam.assert_alive();
    assert!(!adam.inbox().iter().any(|line| line["type"] == "notice"), "{:?}", adam.inbox());
}
