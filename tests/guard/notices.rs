//! What administrators are told while they are online.

use crate::harness::{DataDir, Server, assert_error};
use serde_json::json;
use std::fs::{self, File};
use std::path::PathBuf;

/// An audit log that can't be written: as large as it may grow, and what it must be renamed to is in the way, which is
/// given.
fn break_audit_log(data: &DataDir) -> PathBuf {
    File::create(data.file("audit.jsonl")).unwrap().set_len(16 * 1024 * 1024).unwrap();
    let in_the_way = data.file("audit.jsonl.1");
    fs::create_dir_all(in_the_way.join("x")).unwrap();
    in_the_way
}

/// A login in vain, which is to be written there.
fn fail(server: &Server) {
    let mut guest = server.connect();
    guest.send(&json!({"type": "login", "protocol": 1, "username": "ada", "password": "wrong wrong"}));
    assert_error(&guest.next(), "bad_credentials");
}

#[test]
fn what_nobody_was_there_to_hear_waits_for_an_administrator() {
    let data = DataDir::with_users(&["ada"]);
    let made = data.user_add(&["boss", "--admin"], None);
    let one_time = made.succeeded().lines().next().unwrap().rsplit(' ').next().unwrap();
    break_audit_log(&data);
    let server = data.start();
    let mut ada = server.login("ada");
    fail(&server);
    server.stderr.wait_for("audit.jsonl can't be written");
    let is_notice = |line: &serde_json::Value| line["type"] == "notice";
    // Not for whoever has a one-time password alone.
    let mut boss = server.login_with("boss", one_time);
    boss.assert_alive();
    assert!(!boss.inbox().iter().any(is_notice), "{:?}", boss.inbox());
    boss.ask(json!({"type": "passwd", "old": one_time, "new": "a long enough one"}));
    let notice = boss.find("the notice", is_notice);
    assert!(notice["text"].as_str().unwrap().starts_with("audit.jsonl can't be written"), "{notice}");
    // It was told, and is told no more.
    let mut root = server.admin();
    root.say("anything for me?");
    ada.until_text("anything for me?");
    for peer in [&root, &ada] {
        assert!(!peer.inbox().iter().any(is_notice), "{:?}", peer.inbox());
    }
}

#[test]
fn an_audit_log_that_cannot_be_written_is_told_once_and_so_is_its_end() {
    let data = DataDir::with_users(&["ada"]);
    let in_the_way = break_audit_log(&data);
    let server = data.start();
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    fail(&server);
    let notice = root.find("a notice", |line| line["type"] == "notice");
    assert!(notice["text"].as_str().unwrap().starts_with("audit.jsonl can't be written"), "{notice}");
    assert!(!notice["text"].as_str().unwrap().contains("os error"), "no numbers in front of people: {notice}");
    assert!(notice["time"].as_str().unwrap().ends_with('Z') && notice["seq"].is_null(), "{notice}");
    fail(&server);
    fs::remove_dir_all(in_the_way).unwrap();
    fail(&server);
    let over = root.find("the end of the trouble", |line| line["type"] == "notice");
    assert_eq!(over["text"], "audit.jsonl can be written again", "and nothing in between");
    ada.say("was I told anything?");
    assert!(ada.inbox().iter().all(|line| line["type"] != "notice"), "{:?}", ada.inbox());
}
