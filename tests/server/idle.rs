//! An idle server costs nothing and is awake at once.

use crate::harness::{Peer, Server};
use std::thread;
use std::time::{Duration, Instant};

#[test]
#[cfg(target_os = "linux")]
fn an_idle_server_uses_no_processor() {
    const TICKS_MAX: u64 = 5;
    let server = Server::with_users(&["ada", "bob"]);
    let mut peers: Vec<Peer> = ["ada", "ada", "bob", "bob", "root"].map(|name| server.login(name)).into();
    let stranger = server.connect();
    // Everybody has seen the last one come.
    peers.iter_mut().for_each(Peer::assert_alive);
    let process = crate::harness::Proc::of(server.pid());
    let before = process.cpu_ticks();
    // The one wait in these tests that is its own purpose.
    thread::sleep(Duration::from_secs(3));
    let used = process.cpu_ticks() - before;
    println!("{used} ticks in 3 s with five sessions");
    assert!(used < TICKS_MAX, "{used} ticks in 3 s");
    drop(stranger);
}

#[test]
fn an_idle_reader_gets_a_message_at_once() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    bob.assert_alive();
    let mut latencies: Vec<Duration> = (0..10)
        .map(|i| {
            // Long enough to be idle again.
            thread::sleep(Duration::from_millis(50));
            let start = Instant::now();
            ada.send(&serde_json::json!({"type": "say", "text": format!("wake up {i}")}));
            bob.event("message", "ada");
            start.elapsed()
        })
        .collect();
    latencies.sort();
    let median = latencies[latencies.len() / 2];
    println!("latency to an idle reader: median {median:?}, worst {:?}", latencies[latencies.len() - 1]);
    assert!(median < Duration::from_millis(100), "{latencies:?}");
}
