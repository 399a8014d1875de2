//! Strangers can't fill the lobby, and a class that arrives at once is not taken for an attack.

use crate::harness::{DEADLINE, DataDir, Latencies, Peer, Proc, Server, assert_error, dial_from, loopback, wait_until};
use serde_json::json;
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const STRANGERS: u16 = 300;
const CLASS: usize = 100;
const MESSAGES: usize = 50;

/// How long a message takes from one to the other.
fn chat(ada: &mut Peer, bob: &mut Peer) -> Latencies {
    let mut latencies = Latencies::default();
    for _ in 0..MESSAGES {
        latencies.measure(|| {
            ada.send(&json!({"type": "say", "text": "hi"}));
            bob.event("message", "ada");
        });
        ada.event("message", "ada");
    }
    latencies
}

fn chats_beside_silent_strangers(source: impl Fn(u16) -> Ipv4Addr) {
    let server = Server::unlimited(&["ada", "bob", "eve"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    println!("idle: {}", chat(&mut ada, &mut bob));
    let strangers: Vec<TcpStream> = (0..STRANGERS).map(|i| dial_from(source(i), server.address())).collect();
    let start = Instant::now();
    let mut eve = server.login("eve");
    ada.event("joined", "eve");
    println!("a real client got in within {:?}", start.elapsed());
    println!("beside {STRANGERS} silent connections: {}", chat(&mut ada, &mut bob));
    eve.say("hello");
    drop(strangers);
}

#[test]
fn three_hundred_silent_connections_from_one_address() {
    chats_beside_silent_strangers(|_| Ipv4Addr::LOCALHOST);
}

#[test]
fn three_hundred_silent_connections_from_many_addresses() {
    chats_beside_silent_strangers(loopback);
}

#[test]
fn a_class_that_arrives_at_once_gets_in() {
    let names: Vec<String> = (0..CLASS).map(|i| format!("s{i:03}")).collect();
    let server = Server::with_users(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let start = Barrier::new(CLASS);
    let mut slowest = Duration::ZERO;
    thread::scope(|scope| {
        let log_in = |name| {
            start.wait();
            let begun = Instant::now();
            (server.login(name), begun.elapsed())
        };
        let threads: Vec<_> = names.iter().map(|name| scope.spawn(move || log_in(name))).collect();
        let class: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        slowest = class.iter().map(|(_, took)| *took).max().unwrap();
    });
    println!("{CLASS} at once; the slowest login took {slowest:?}");
}

/// Whether the server has hung up on a silent stranger.
fn hangs_up(socket: &TcpStream, wait: Duration) -> bool {
    socket.set_read_timeout(Some(wait)).unwrap();
    socket.peek(&mut [0]).is_ok_and(|n| n == 0)
}

/// What shows that nobody is hung up on: nothing comes for so long.
const QUIET: Duration = Duration::from_millis(100);

#[test]
fn at_the_cap_of_an_address_the_one_silent_for_longest_makes_way() {
    let server = DataDir::with_users(&[]).server().args(&["--max-strangers-per-address", "3"]).start();
    let process = Proc::of(server.pid());
    // Silent for longer than all the others, but not from their address.
    let elsewhere = dial_from(loopback(1), server.address());
    let mut speaker = server.connect();
    let before = process.descriptors();
    let silent = [(); 2].map(|()| TcpStream::connect(server.address()).unwrap());
    wait_until("both are accepted", || process.descriptors() == before + 2);
    speaker.assert_alive();
    let newcomer = TcpStream::connect(server.address()).unwrap();
    assert!(hangs_up(&silent[0], DEADLINE), "the first silent one stays");
    assert!(!hangs_up(&silent[1], QUIET) && !hangs_up(&newcomer, QUIET) && !hangs_up(&elsewhere, QUIET));
    speaker.assert_alive();
}

/// They have a second to read why, and that is nobody else's.
#[test]
fn whoever_was_turned_away_is_the_first_to_make_way() {
    let server = DataDir::with_users(&["ada"]).server().args(&["--max-strangers", "3"]).start();
    let _refused = [1, 2, 3].map(|n| {
        let mut guest = Peer::over(dial_from(loopback(n), server.address()));
        guest.send(&json!({"type": "login", "protocol": 1, "username": "nobody", "password": "wrong wrong"}));
        assert_error(&guest.next(), "bad_credentials");
        guest
    });
    server.login("ada").say("hello");
}

#[test]
fn at_the_cap_in_all_the_one_silent_for_longest_makes_way() {
    let server = DataDir::with_users(&["ada"]).server().args(&["--max-strangers", "3"]).start();
    let silent = [1, 2, 3].map(|n| dial_from(loopback(n), server.address()));
    server.login("ada").say("hello");
    assert!(hangs_up(&silent[0], DEADLINE), "the first silent one stays");
    assert!(!hangs_up(&silent[1], QUIET) && !hangs_up(&silent[2], QUIET));
}
