//! A slow reader harms only itself.

use crate::harness::{DEADLINE, DataDir, Latencies, PASSWORD, Peer, Proc, Server, dial_small, short_or_long};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 200;
const SLOW: usize = 50;
/// Of each message.
const TEXT_BYTES: usize = 3_900;
/// The server's memory for all of them: 32 MiB of what was said, and some 200 KiB a session of a debug build.
const MEMORY_KIB_MAX: u64 = 96 * 1024;
/// How long a slow reader may take (`--slow-deadline`).
const SLOW_DEADLINE: Duration = Duration::from_secs(2);

fn names() -> Vec<String> {
    (0..CLIENTS).map(|i| format!("s{i:03}")).collect()
}

/// A TLS client that reads and throws away what comes, until the server closes.
fn keep_reading(mut peer: Peer) -> thread::JoinHandle<()> {
    thread::spawn(move || while !peer.drain_once() {})
}

/// Says so many bytes, one message after the other; gives how long each took to reach Bob.
fn say(ada: &mut Peer, bob: &mut Peer, bytes: usize) -> Latencies {
    let text = "x".repeat(TEXT_BYTES);
    let mut latencies = Latencies::default();
    for _ in 0..bytes / TEXT_BYTES {
        latencies.measure(|| {
            ada.send(&json!({"type": "say", "text": text}));
            bob.event("message", "ada");
        });
        ada.event("message", "ada");
    }
    latencies
}

/// Those of whom nobody has said that they left, for slowness, within this time.
fn not_dropped(bob: &mut Peer, mut names: Vec<String>, within: Duration) -> Vec<String> {
    let end = Instant::now() + within;
    while !names.is_empty() && Instant::now() < end {
        let left = bob.find("somebody's leaving", |line| line["type"] == "left");
        assert_eq!(left["reason"], "too_slow", "{left}");
        names.retain(|name| left["username"] != **name);
    }
    names
}

/// Comes back to everything that was missed, and to what is said now.
fn come_back(server: &Server, ada: &mut Peer, name: &str, welcome: &Value) {
    let mut peer = server.connect();
    peer.resume(name, &welcome["token"], welcome["seq"].as_u64().unwrap());
    let text = format!("welcome back, {name}");
    ada.say(&text);
    let missed = peer.until_text(&text).iter().filter(|line| line["from"] == "ada").count();
    println!("{name} came back to {missed} messages");
    assert!(missed > 1);
}

#[test]
fn fifty_of_two_hundred_stop_reading() {
    let said: usize = short_or_long(2 << 20, 100 << 20);
    let names = names();
    let all: Vec<&str> = names.iter().map(String::as_str).chain(["ada", "bob"]).collect();
    let seconds = SLOW_DEADLINE.as_secs().to_string();
    // The readers never speak, not even to a ping, and the long form takes longer than a ping's deadline.
    let args = ["--message-rate", "off", "--slow-deadline", &seconds, "--max-strangers-per-address", "512"];
    let args = [&args[..], &["--ping-after", "3600"]].concat();
    let server = DataDir::with_users(&all).server().args(&args).start();
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let readers: Vec<_> = names[SLOW..].iter().map(|name| keep_reading(server.login(name))).collect();
    println!("everyone reads: {}", say(&mut ada, &mut bob, said));

    let slow: Vec<Peer> = names[..SLOW].iter().map(|name| slow_reader(&server, name)).collect();
    let start = Instant::now();
    println!("{SLOW} don't: {}", say(&mut ada, &mut bob, said));
    let talked = start.elapsed();
    let late = not_dropped(&mut bob, names[..SLOW].to_vec(), DEADLINE);
    println!("said in {talked:?}; all are dropped after {:?}", start.elapsed());
    assert!(late.is_empty(), "still there: {late:?}");
    assert!(start.elapsed() < talked.max(SLOW_DEADLINE) + DEADLINE);
    let peak = Proc::of(server.pid()).memory_peak_kib();
    println!("the server's memory: {peak} KiB at most");
    assert!(peak < MEMORY_KIB_MAX, "{peak} KiB");

    if said <= 16 << 20 {
        slow.iter().zip(&names).take(3).for_each(|(peer, name)| come_back(&server, &mut ada, name, &peer.welcome));
    }
    drop(server);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

/// Logs in, and reads nothing from then on.
fn slow_reader(server: &Server, name: &str) -> Peer {
    let socket: TcpStream = dial_small(server.address());
    let mut peer = Peer::over(socket);
    peer.login(name, PASSWORD);
    peer
}

/// Whoever only asks has to wait: the answers wait for it, and there is a bound to that.
#[test]
fn answers_that_nobody_reads_take_no_memory() {
    const QUESTIONS: usize = 20_000;
    const GROWTH_KIB_MAX: u64 = 8 * 1024;
    let args = ["--message-rate", "off", "--slow-deadline", "3600"];
    let server = DataDir::with_users(&["ada"]).server().args(&args).start();
    let socket: TcpStream = dial_small(server.address());
    let same = socket.try_clone().unwrap();
    let mut ada = Peer::over(socket);
    ada.login("ada", PASSWORD);
    let before = Proc::of(server.pid()).memory_kib();
    // So long a request that not all of them fit on the way.
    let question = format!("{}\n", json!({"type": "help", "junk": "x".repeat(1000)}));
    same.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let asked = (0..QUESTIONS).take_while(|_| ada.try_send_bytes(question.as_bytes()).is_ok()).count();
    let peak = Proc::of(server.pid()).memory_peak_kib();
    println!("{asked} questions, {before} KiB before, {peak} KiB at most");
    assert!(asked < QUESTIONS && peak < before + GROWTH_KIB_MAX, "{asked} questions: {before} KiB became {peak} KiB");
}
