//! The soak test: everything that can happen to a server at once, and afterwards nothing of it is left.
//!
//! The real server gets chat, logins and logouts, slow readers, dead peers, strangers and bad input together.
//! Every few seconds a line tells its memory, descriptors and threads. Then the load stops, and the server has to
//! be back where it began. `make soak` is the long form; the short one is in every test run.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unused_imports, reason = "the end-to-end tests use the rest of it")]
mod harness;
#[path = "soak/load.rs"]
mod load;

use harness::{DEADLINE, DataDir, PASSWORD, Proc, Server};
use load::Load;
use serde_json::json;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// How long the load lasts unless `SOAK_SECONDS` says otherwise.
const LOAD: Duration = Duration::from_secs(12);
/// How long it lasts before the first look at the memory: every allocator keeps what it was once given.
const WARM_UP: Duration = Duration::from_secs(4);
/// How often a line is printed.
const SAMPLE_EVERY: Duration = Duration::from_secs(4);
/// How long after the load's end every thread and descriptor has to be gone. The longest that a session may stay
/// is silent for `--ping-after` and `--pong-within`.
const CALM_DEADLINE: Duration = Duration::from_secs(20);
/// How much more memory than after the warm-up is no leak: what the allocator can't give back because of pieces
/// that are still in use, and the accounts' tokens and failures, whose tables are bounded.
const MEMORY_TOLERANCE_KIB: u64 = 8 * 1024;
/// What the server keeps of what was said, which must be full before memory can be compared.
const TIMELINE_BYTES: usize = 32 * 1024 * 1024;

/// The journal's newest segment is open from the first event on.
const JOURNAL_DESCRIPTORS: usize = 1;

/// What the system knows about the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Sample {
    memory_kib: u64,
    descriptors: usize,
    threads: u64,
}

#[test]
fn after_a_storm_the_server_is_where_it_was() {
    let seconds = env::var("SOAK_SECONDS").map(|seconds| seconds.parse().expect("SOAK_SECONDS is a number"));
    let lasts = seconds.map_or(LOAD, Duration::from_secs);
    let server = start();
    let mut begin = Sample::of(&server);
    println!("start:     {begin}");
    begin.descriptors += JOURNAL_DESCRIPTORS;
    fill_timeline(&server);
    run(&Load::on(&server), &server, WARM_UP);
    let warm = calm(&server, begin);
    println!("warmed up: {warm}");
    let load = Load::on(&server);
    run(&load, &server, lasts);
    let end = calm(&server, begin);
    println!("end:       {end}");
    assert!(load.counts().is_complete(), "the load lacks something: {}", load.counts());
    let grown = end.memory_kib.saturating_sub(warm.memory_kib);
    assert!(grown <= MEMORY_TOLERANCE_KIB, "memory has grown by {grown} KiB");
    let log = server.stderr.text();
    assert!(!log.contains("panicked"), "{log}");
    server.login(load::CHATTERS[0]).say("still here");
}

/// A server whose deadlines come several times within a short soak, and not because the machine is busy.
fn start() -> Server {
    let options = "--login-grace 4 --ping-after 2 --pong-within 2 --slow-deadline 3 --message-rate off \
                   --max-strangers-per-address 1000";
    let names: Vec<&str> = load::accounts().collect();
    DataDir::with_users(&names).server().args(&options.split_whitespace().collect::<Vec<_>>()).start()
}

/// Says as much as the server keeps, in lines no longer than those of the load: it keeps something about each line,
/// so short ones take more memory than long ones.
fn fill_timeline(server: &Server) {
    const BATCH: usize = 500;
    let text = "x".repeat(32);
    let batch = format!("{}\n", json!({"type": "say", "text": text})).repeat(BATCH);
    let mut peer = server.login(load::CHATTERS[0]);
    // The event has an id, which the others don't.
    let event_bytes = peer.say(&text).to_string().len() - ",\"id\":\"r1\"".len();
    for _ in 0..=TIMELINE_BYTES / (event_bytes * BATCH) {
        peer.pour(batch.as_bytes(), |_| harness::Share::Drop);
    }
    // Its answer comes after everything before it; the connection is read meanwhile.
    peer.send(&json!({"type": "ping", "id": "filled"}));
    peer.until("the end of the filling", |line| line["id"] == "filled");
    peer.ask(json!({"type": "logout"}));
}

/// Everything at once for a while, with a line now and then.
fn run(load: &Load<'_>, server: &Server, lasts: Duration) {
    let begin = Instant::now();
    thread::scope(|scope| {
        load.start(scope);
        while begin.elapsed() < lasts && !load.is_stopped() {
            thread::sleep(SAMPLE_EVERY.min(lasts.saturating_sub(begin.elapsed())));
            let (seconds, sample) = (begin.elapsed().as_secs(), Sample::of(server));
            println!("{seconds:>7} s: {sample} | {}", load.counts());
        }
        load.stop();
    });
}

/// Waits until descriptors and threads are back, which they must be in time.
fn calm(server: &Server, begin: Sample) -> Sample {
    let end = Instant::now() + CALM_DEADLINE;
    loop {
        let now = Sample::of(server);
        // Less than at the start is no leak: the server may have been looking at a file in that moment.
        if now.descriptors <= begin.descriptors && now.threads <= begin.threads {
            return now;
        }
        assert!(Instant::now() < end, "after {CALM_DEADLINE:?} something is left: {now}, at the start {begin}");
        thread::sleep(Duration::from_millis(50));
    }
}

impl Sample {
    fn of(server: &Server) -> Self {
        let process = Proc::of(server.pid());
        Self {
            memory_kib: process.memory_kib(),
            descriptors: fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count(),
            threads: process.threads(),
        }
    }
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { memory_kib, descriptors, threads } = self;
        write!(f, "{memory_kib:>7} KiB, {descriptors:>4} descriptors, {threads:>4} threads")
    }
}
