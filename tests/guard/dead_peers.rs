//! Peers that are gone without a word are noticed.

use crate::harness::{DEADLINE, DataDir, Peer, Proc, Server, Terminal};
use serde_json::Value;
use std::process::Command;
use std::time::Instant;

const NAMES: [&str; 5] = ["ada", "bob", "cyd", "dan", "eve"];

fn server() -> Server {
    DataDir::with_users(&NAMES).server().args(&["--ping-after", "1", "--pong-within", "1"]).start()
}

#[track_caller]
fn signal(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// Waits for somebody's `left`, answering the server's pings meanwhile.
#[track_caller]
fn left(peer: &mut Peer) -> Value {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        let line = peer.find("a ping or somebody's leaving", |line| line["type"] == "ping" || line["type"] == "left");
        if line["type"] == "left" {
            return line;
        }
        peer.send_bytes(b"{\"type\":\"pong\"}\n");
    }
    panic!("nobody leaves");
}

#[test]
fn a_client_that_stands_still_is_gone_by_the_deadline() {
    let server = server();
    let mut admin = server.admin();
    let process = Proc::of(server.pid());
    let before = process.load();
    let ada = Terminal::join(&server, "ada");
    admin.event("joined", "ada");
    signal("-STOP", ada.pid());
    let start = Instant::now();
    let left = left(&mut admin);
    println!("gone after {:?}", start.elapsed());
    assert_eq!(left["reason"], "timeout");
    process.wait_for_load(before);
    signal("-CONT", ada.pid());
    // Its name is free, and the server as it was.
    server.login("ada").say("back");
}

#[test]
fn peers_that_do_not_answer_leave_nothing_behind() {
    let server = server();
    let mut admin = server.admin();
    let process = Proc::of(server.pid());
    let before = process.load();
    // Their sockets stay open; nobody reads from them.
    let silent = NAMES.map(|name| {
        admin.assert_alive();
        [(); 3].map(|()| server.login(name))
    });
    for _ in NAMES {
        assert_eq!(left(&mut admin)["reason"], "timeout");
    }
    process.wait_for_load(before);
    drop(silent);
}

/// A pong, or anything else, is a sign of life.
#[test]
fn whoever_answers_stays() {
    let server = server();
    let mut ada = server.login("ada");
    for _ in 0..3 {
        ada.find("a ping", |line| line["type"] == "ping");
        ada.send_bytes(b"{\"type\":\"pong\"}\n");
    }
    ada.say("still here");
}
