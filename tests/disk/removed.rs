//! Another program removes or replaces what the server keeps beside the journal.

use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_error, assert_reply, run};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

const TAKEN: &str = "another program has removed";

fn begin() -> (Arc<DataDir>, Server, Peer) {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let root = server.admin();
    (data, server, root)
}

/// Has the server look, and gives what it answers. It does so each minute by itself.
fn look(root: &mut Peer) -> Value {
    root.ask(json!({"type": "reload"}))
}

#[track_caller]
fn assert_told(root: &mut Peer, what: &str) {
    let is_it = |line: &Value| line["type"] == "notice" && line["text"].as_str().unwrap().starts_with(what);
    root.find(&format!("a notice: {what}"), is_it);
}

#[test]
fn what_is_in_memory_is_written_anew_and_told() {
    let (data, mut server, mut root) = begin();
    let ada = server.login("ada");
    let token = ada.welcome["token"].clone();
    assert_eq!(root.ask(json!({"type": "topic", "text": "fractions"}))["type"], "topic");
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    assert_eq!(root.ask(json!({"type": "floor", "mode": "quiet"}))["type"], "floor");
    let names = ["users.json", "tokens.jsonl", "topic.json", "rooms.json", "lesson.json", "sequence", "homeroom.lock"];
    for name in names {
        fs::remove_file(data.file(name)).unwrap();
        assert_reply(&look(&mut root));
        let removed = if name == "homeroom.lock" { "made" } else { "written" };
        let is_it = |line: &Value| {
            line["text"].as_str().is_some_and(|text| {
                text.starts_with(TAKEN) && text.contains(name) && text.ends_with(&format!("{removed} anew"))
            })
        };
        root.find(name, is_it);
        assert!(data.file(name).exists(), "{name}");
        assert_reply(&look(&mut root));
        assert!(!root.inbox().iter().any(is_it), "{name}: told once");
    }
    let second = run(&mut data.server().command(), b"");
    assert!(second.failed_with(1).contains("a homeroom-server is running on"), "{second:?}");
    server.kill();
    let server = data.start();
    let mut ada = server.connect();
    ada.resume("ada", &token, 0);
    assert_eq!(ada.welcome["topic"]["text"], "fractions", "{}", ada.welcome);
    server.admin();
}

#[test]
fn a_lost_key_is_told_while_there_is_still_time_to_put_it_back() {
    let (data, _server, mut root) = begin();
    let kept = data.file("kept");
    fs::rename(data.file("identity.p12"), &kept).unwrap();
    assert_error(&look(&mut root), "internal");
    assert_told(&mut root, "identity.p12 is gone: the next start would make another key");
    fs::rename(&kept, data.file("identity.p12")).unwrap();
    assert_reply(&look(&mut root));
}

/// Else a token that has ended would be good again after the next start.
#[test]
fn a_tokens_end_outlives_an_older_file_in_the_place_of_the_newer() {
    let (data, mut server, mut root) = begin();
    let mut ada = server.login("ada");
    let token = ada.welcome["token"].clone();
    fs::copy(data.file("tokens.jsonl"), data.file("copy")).unwrap();
    fs::rename(data.file("copy"), data.file("tokens.jsonl")).unwrap();
    assert_reply(&ada.ask(json!({"type": "logout"})));
    assert_told(&mut root, "another program has removed, replaced or cut tokens.jsonl: it is written anew");
    server.kill();
    let login = json!({"type": "login", "protocol": 1, "username": "ada", "token": token});
    assert_error(&data.start().connect().ask(login), "bad_credentials");
}

#[test]
fn accounts_that_are_edited_meanwhile_are_told_and_kept_aside() {
    let (data, _server, mut root) = begin();
    let edited = data.read("users.json").replace("\"ada\"", "\"eve\"");
    fs::write(data.file("users.json"), &edited).unwrap();
    assert_reply(&look(&mut root));
    assert_told(&mut root, "another program has changed users.json, which only a start reads");
    assert_eq!(data.read("users.json"), edited, "it may be meant for the next start");
    assert_reply(&root.ask(json!({"type": "add_user", "username": "zed", "password": PASSWORD})));
    assert_told(&mut root, "another program had changed users.json");
    assert_eq!(data.read("users.json.old"), edited);
    let users = &data.users_json()["users"];
    assert!(users["ada"].is_object() && users["zed"].is_object() && users["eve"].is_null(), "{users}");
}

#[test]
fn a_second_server_on_the_folder_is_told_and_its_files_are_left_alone() {
    let (data, server, mut root) = begin();
    fs::remove_file(data.file("homeroom.lock")).unwrap();
    let _second = data.start();
    fs::remove_file(data.file("users.json")).unwrap();
    assert_reply(&look(&mut root));
    assert_told(&mut root, "this server no longer has its data folder to itself");
    // The other one may write it anew: it looks as well.
    assert!(!server.stderr.text().contains("users.json: it is written anew"), "{}", server.stderr.text());
}
