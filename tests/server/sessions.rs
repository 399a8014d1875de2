//! Who comes and goes, and accounts with several sessions.

use crate::harness::{Peer, Server, wait_until};
use serde_json::{Value, json};

/// What `peer` saw of this account's coming and going until now.
#[track_caller]
fn comings(peer: &mut Peer, account: &str) -> Vec<Value> {
    let mark = format!("mark {}", peer.seq());
    peer.send(&json!({"type": "say", "text": mark}));
    let lines = peer.until_text(&mark);
    lines.into_iter().filter(|line| line["username"] == account).map(|line| line["type"].clone()).collect()
}

#[test]
fn a_login_and_a_logout_are_events() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    let joined = ada.event("joined", "bob");
    bob.ask(json!({"type": "logout"}));
    let left = ada.event("left", "bob");
    assert_eq!(left["reason"], "logout");
    assert!(left["seq"].as_u64() > joined["seq"].as_u64());
    assert_eq!(ada.ask(json!({"type": "who"}))["users"], json!(["ada"]));
}

#[test]
fn a_broken_connection_is_an_event_too() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    for close in [Peer::close, drop] {
        let bob = server.login("bob");
        ada.event("joined", "bob");
        close(bob);
        assert_eq!(ada.event("left", "bob")["reason"], "disconnected");
    }
}

#[test]
fn joined_and_left_come_with_the_first_and_the_last_session() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut first = server.login("bob");
    let mut second = server.login("bob");
    assert_eq!(comings(&mut ada, "bob"), ["joined"]);
    first.ask(json!({"type": "logout"}));
    first.until_closed();
    second.assert_alive();
    assert_eq!(ada.ask(json!({"type": "who"}))["users"], json!(["ada", "bob"]));
    assert!(comings(&mut ada, "bob").is_empty());
    second.ask(json!({"type": "logout"}));
    assert_eq!(ada.event("left", "bob")["reason"], "logout");
}

/// A device whose connection has broken off without a word is still there, as far as the server knows.
#[test]
fn who_comes_back_with_a_token_throws_no_other_device_off() {
    let server = Server::with_users(&["bob"]);
    let mut devices: Vec<Peer> = (0..5).map(|_| server.login("bob")).collect();
    let token = devices[3].welcome["token"].clone();
    let mut back = server.connect();
    back.send(&json!({"type": "login", "protocol": 1, "username": "bob", "token": token}));
    assert_eq!(back.next()["type"], "welcome");
    let mut broken = devices.remove(3);
    broken.find("its end", |line| line["type"] == "bye");
    devices.iter_mut().for_each(Peer::assert_alive);
    back.assert_alive();
}

#[test]
fn a_sixth_session_makes_the_oldest_leave() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut sessions: Vec<Peer> = (0..5).map(|_| server.login("bob")).collect();
    sessions.iter_mut().for_each(Peer::assert_alive);
    let mut sixth = server.login("bob");
    let oldest = sessions.remove(0).until_closed();
    assert!(oldest.iter().all(|line| line["type"] != "error"), "{oldest:?}");
    sessions.iter_mut().for_each(Peer::assert_alive);
    sixth.say("room for one more");
    assert_eq!(comings(&mut ada, "bob"), ["joined"]);
    assert_eq!(ada.ask(json!({"type": "who"}))["users"], json!(["ada", "bob"]));
}

#[test]
fn whoever_comes_and_goes_leaves_nothing_behind() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    #[cfg(target_os = "linux")]
    let threads = || crate::harness::Proc::of(server.pid()).threads();
    #[cfg(target_os = "linux")]
    let before = threads();
    for _ in 0..30 {
        drop(server.login("bob"));
        // Not everyone is told of each time.
        wait_until("bob's leaving", || ada.ask(json!({"type": "who"}))["users"] == json!(["ada"]));
    }
    // The last session's thread may still be on its way out.
    #[cfg(target_os = "linux")]
    assert!(threads() <= before + 2, "{before} threads became {}", threads());
}
