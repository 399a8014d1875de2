//! What the system keeps of what a client doesn't read is bounded too: the server's memory is reckoned with it.

use crate::harness::{PASSWORD, Server, wait_until};
use serde_json::json;
use std::fs;

/// What the system may keep of it: twice what is asked for, as Linux does it, and the record that was the last to fit.
const KEPT_BYTES_MAX: u64 = 2 * 64 * 1024 + 32 * 1024;

/// How many bytes each of the server's connections has that its peer hasn't taken.
fn unread(server: &Server) -> Vec<u64> {
    let port = format!(":{:04X}", server.address().port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let sent = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let queue = fields.get(4).filter(|_| fields[1].ends_with(&port))?.split(':').next()?;
        u64::from_str_radix(queue, 16).ok()
    };
    table.lines().skip(1).filter_map(sent).collect()
}

#[test]
fn the_system_keeps_little_of_what_a_client_does_not_read() {
    let server = Server::unlimited(&["ada", "eve"]);
    let mut ada = server.login("ada");
    let text = "x".repeat(3_900);
    for _ in 0..1_000 {
        ada.send(&json!({"type": "say", "text": text}));
        ada.event("message", "ada");
    }
    let mut eve = server.connect();
    eve.send(&json!({"type": "login", "protocol": 1, "username": "eve", "password": PASSWORD, "after": 0}));
    assert_eq!(eve.next()["type"], "welcome");
    // All she missed is on its way to her by then, as much of it as fits.
    wait_until("a courier waits for her", || {
        let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
        let names = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok());
        names.into_iter().any(|name| name.trim() == "courier")
    });
    let most = unread(&server).into_iter().max();
    assert!(most <= Some(KEPT_BYTES_MAX), "{most:?}");
}
