//! What administrators are told while they are online.

use crate::harness::{DataDir, assert_error};
use serde_json::json;
use std::fs::{self, File};

#[test]
fn an_audit_log_that_cannot_be_written_is_told_once_and_so_is_its_end() {
    let data = DataDir::with_users(&["ada"]);
    // As large as it may grow, and what it must be renamed to is in the way.
    File::create(data.file("audit.jsonl")).unwrap().set_len(16 * 1024 * 1024).unwrap();
    let in_the_way = data.file("audit.jsonl.1");
    fs::create_dir_all(in_the_way.join("x")).unwrap();
    let server = data.start();
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    let fail = || {
        let mut guest = server.connect();
        guest.send(&json!({"type": "login", "protocol": 1, "username": "ada", "password": "wrong wrong"}));
        assert_error(&guest.next(), "bad_credentials");
    };
    fail();
    let notice = root.find("a notice", |line| line["type"] == "notice");
    assert!(notice["text"].as_str().unwrap().starts_with("audit.jsonl can't be written"), "{notice}");
    assert!(notice["time"].as_str().unwrap().ends_with('Z') && notice["seq"].is_null(), "{notice}");
    fail();
    fs::remove_dir_all(in_the_way).unwrap();
    fail();
    let over = root.find("the end of the trouble", |line| line["type"] == "notice");
    assert_eq!(over["text"], "audit.jsonl can be written again", "and nothing in between");
    ada.say("was I told anything?");
    assert!(ada.inbox().iter().all(|line| line["type"] != "notice"), "{:?}", ada.inbox());
}
