//! Comings and goings of many at once, at a person's terminal.

use super::screen::{Person, client, is_said, say};
use crate::harness::{FakeServer, Screen, Server};
use serde_json::{Value, json};
use std::sync::mpsc::channel;
use tempfile::TempDir;

fn joined(seq: u64, name: &str) -> Value {
    json!({"type": "joined", "seq": seq, "time": "2026-01-31T12:00:00.000Z", "username": name})
}

fn left(seq: u64, name: &str) -> Value {
    json!({"type": "left", "seq": seq, "time": "2026-01-31T12:00:00.000Z", "username": name, "reason": "logout"})
}

fn said(seq: u64, name: &str) -> Value {
    json!({"type": "message", "seq": seq, "time": "2026-01-31T12:00:00.000Z", "from": name, "room": "general", "text": "hi"})
}

/// What ada has on the screen when a server says all this at once, and the last row but the prompt is `last`; and how many
/// lines her transcript has.
#[track_caller]
fn shown(events: &[Value], last: &str) -> (Vec<String>, usize) {
    let server = FakeServer::new();
    let (link, (leave, left)) = (server.join_link(), channel::<()>());
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let host = server.welcome(move |guest| {
        guest.write_bytes(lines.as_bytes()).unwrap();
        // Until ada has seen enough.
        let _ = left.recv();
    });
    let config = TempDir::new().unwrap();
    let mut command = client(config.path());
    let log = config.path().join("log");
    command.args([&link, "--user", "ada", "--no-reconnect", "--log"]).arg(&log);
    let screen = Screen::start(&command, (40, 70));
    let rows = screen.wait_for(|rows| matches!(rows, [.., row, prompt] if row == last && prompt == ">"));
    drop(leave);
    host.join().unwrap();
    let logged = std::fs::read_to_string(log).unwrap().lines().count();
    // Without the welcome.
    let rows = rows
        .into_iter()
        .skip_while(|row| !row.contains("online"))
        .skip(1)
        .filter(|row| row != ">" && !row.contains("it is"));
    (rows.collect(), logged)
}

#[test]
fn twenty_five_who_join_are_two_lines() {
    let events: Vec<_> = (0..25).map(|index| joined(2 + index, &format!("user{index}"))).collect();
    let told = "* user1, user2, user3 and 21 others joined";
    let (rows, logged) = shown(&events, told);
    assert_eq!(rows, ["* user0 joined", told]);
    assert_eq!(logged, 25, "the transcript has each at their time");
}

#[test]
fn nobody_speaks_before_they_have_joined() {
    let events =
        [joined(2, "bob"), joined(3, "eve"), left(4, "bob"), joined(5, "dan"), said(6, "dan"), joined(7, "fay")];
    let (rows, _) = shown(&events, "* fay joined");
    assert_eq!(rows[..3], ["* bob joined", "* eve and dan joined", "* bob left (logout)"], "{rows:?}");
    assert!(is_said(&rows[3], "dan: hi") && rows.len() == 5, "{rows:?}");
}

#[test]
fn who_wants_to_see_nobody_come_and_go_sees_what_they_say() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("/set no-presence on\r");
    ada.screen.wait_for(|rows| rows.iter().any(|row| row.starts_with("* no-presence = true")));
    let (mut root, bob) = (server.admin(), server.login("bob"));
    bob.close();
    root.event("left", "bob");
    say(&mut root, "hello");
    ada.screen.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "root: hello") && prompt == ">"));
    // Whoever came by is completed all the same.
    ada.screen.press("/set no-presence off\r/w bo\t");
    ada.screen.wait_for_end(&["> /w bob"]);
    ada.screen.press("\x03");
    let _eve = server.login("eve");
    let rows = ada.screen.wait_for(|rows| rows.iter().any(|row| row == "* eve joined"));
    assert!(!rows.iter().any(|row| row.starts_with("* bob ")), "{rows:?}");
}
