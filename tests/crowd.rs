//! The crowd: more people than a machine has room for come to one server.
//!
//! As many get in as it said at its start; the others are refused in words. Nobody who is in is dropped, all of them hear what is
//! said, administrators get in, and when all have left, threads, descriptors and memory come back, and the same again. `make crowd`
//! is the long form, 19,000 people on a machine as Linux has it by itself; the short one, on a machine with few open files, is in
//! every test run.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "crowd/audience.rs"]
mod audience;
#[allow(dead_code, unused_imports, reason = "the end-to-end tests use the rest of it")]
mod harness;

use audience::{Audience, Came};
use harness::small_machine::limited;
use harness::{ADMIN, DataDir, PASSWORD, Proc, Server, loopback};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

/// How many come unless `CROWD` says otherwise.
const FEW: usize = 260;
/// How many files the server may have open in the short form: room for some 150 people.
const FILES_FEW: u64 = 256;
/// How many files the long form needs: a socket at each end for 19,000, in two processes, and some more.
const FILES_MANY: u64 = 65_536;
/// How many accounts are made at a time: each costs a hash.
const LIST_MAX: usize = 1_000;
/// How many log in at a time.
const AT_THE_DOOR: usize = 16;
/// How long each part of it may take: all are told of all others meanwhile, on two cores.
const PART_WITHIN: Duration = Duration::from_secs(120);
/// How many seconds those who are in may take to read what they are sent: all of them are one program, on the server's own cores.
const SLOW_DEADLINE: &str = "60";
/// What may be left of the memory that they took, in percent: stacks come back at once; of the heap the allocator gives back only
/// what is free at its end, and keeps the rest for whoever comes next.
const KEPT_PERCENT_MAX: u64 = 80;
/// And by how much more the second crowd takes, in percent.
const GROWN_PERCENT_MAX: u64 = 15;

#[test]
fn a_crowd_beyond_the_machine_is_refused_and_nobody_who_is_in_is_dropped() {
    let people = env::var("CROWD").map_or(FEW, |people| people.parse().expect("CROWD is a number"));
    let is_long = people > FEW;
    if is_long {
        raise_open_files();
    }
    let data = DataDir::with_users(&[]);
    for first in (0..people).step_by(LIST_MAX) {
        let mut list = String::new();
        (first..people.min(first + LIST_MAX)).for_each(|n| writeln!(list, "{},{PASSWORD},user", name(n)).unwrap());
        data.import(list).succeeded();
    }
    let options = ["--message-rate", "off", "--ping-after", "3600", "--slow-deadline", SLOW_DEADLINE];
    let wrapper = if is_long { Some(Vec::new()) } else { limited(&format!("--nofile={FILES_FEW}:{FILES_FEW}")) };
    let Some(wrapper) = wrapper else { return };
    let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
    // As the packages' service has it (docs/performance.md).
    let server = data.server().through(&wrapper).env("MALLOC_ARENA_MAX", 2).args(&options).start();
    let room = room(&server);
    println!("room for {room}; {people} come");
    assert!(room < people, "this machine has room for all of them: let more come, CROWD={}", 2 * room);

    let process = Proc::of(server.pid());
    drop(server.login(ADMIN));
    let (threads, descriptors, empty) = (process.threads(), process.descriptors(), process.memory_kib());
    let taken = [(); 2].map(|()| {
        let peak = come_and_go(&server, people, room);
        wait_within("they are gone", || process.threads() <= threads && process.descriptors() <= descriptors + 1);
        let left = process.memory_kib();
        println!("gone: {} threads, {} descriptors, {left} KiB", process.threads(), process.descriptors());
        // With few of them what the program itself needs at its first use is more than what they take.
        let kept = left.saturating_sub(empty) * 100 / (peak - empty);
        assert!(!is_long || kept <= KEPT_PERCENT_MAX, "{kept} % of the memory is kept");
        peak
    });
    assert!(taken[1] <= taken[0] * (100 + GROWN_PERCENT_MAX) / 100, "memory grows from crowd to crowd: {taken:?}");
    let log = server.stderr.text();
    assert!(["panicked", "no thread", "can't accept", "is dropped"].iter().all(|bad| !log.contains(bad)), "{log}");
}

/// All come, as many are in as there is room for, and all go. Gives how much memory the server has with them, in KiB.
fn come_and_go(server: &Server, people: usize, room: usize) -> u64 {
    let (process, begin, begun) = (Proc::of(server.pid()), Instant::now(), Proc::of(server.pid()).cpu_ticks());
    let empty = process.memory_kib();
    let audience = Audience::default();
    thread::scope(|scope| {
        let audience = &audience;
        let _over = audience.begin(scope);
        let (next, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|door| {
            for _ in 0..AT_THE_DOOR {
                door.spawn(|| {
                    while let Some(n) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < people) {
                        match audience.come(server.address(), loopback(n as u16), &name(n)) {
                            Came::In => {}
                            Came::Full => drop(refused.fetch_add(1, Ordering::Relaxed)),
                        }
                        if n % 1000 == 999 {
                            println!("{:>6} came in {:.0?}, {}", n + 1, begin.elapsed(), audience.told());
                        }
                    }
                });
            }
        });
        let refused = refused.into_inner();
        assert_eq!((audience.inside(), refused), (room, people - room), "in, and refused");
        let mut root = server.login(ADMIN);
        let status = root.ask(json!({"type": "status"}));
        assert_eq!(status["status"]["sessions_max"], room, "{status}");
        let peak = process.memory_kib();
        println!(
            "{room} are in after {:.0?}, {refused} refused; server: {:.1} s of CPU, {} threads, {} mappings, {} descriptors, {peak} KiB \
             ({:.1} KiB each), couriers {} times",
            begin.elapsed(),
            (process.cpu_ticks() - begun) as f64 / 100.0,
            process.threads(),
            process.mappings(),
            process.descriptors(),
            (peak - empty) as f64 / room as f64,
            status["status"]["slow"]
        );
        let said = Instant::now();
        audience.listen();
        root.send(&json!({"type": "say", "text": audience::MARK}));
        wait_within("all have heard it", || audience.heard() == room);
        println!("all have heard an administrator after {:.1?}", said.elapsed());
        assert_eq!(audience.inside(), room, "nobody is dropped");
        // Whoever of staff is in has a place that others could have.
        drop(root);
        audience.one_leaves();
        wait_within("there is room for the next", || {
            matches!(audience.come(server.address(), loopback(1), &name(people - 1)), Came::In)
        });
        assert_eq!(audience.inside(), room, "one went, one came");
        peak
    })
}

fn name(n: usize) -> String {
    format!("u{n}")
}

/// For how many the server says that there is room.
#[track_caller]
fn room(server: &Server) -> usize {
    let log = server.stderr.wait_for("more of staff");
    let told = log.split("room for ").nth(1).unwrap();
    told.split_whitespace().next().unwrap().parse().unwrap()
}

/// For this process, and the server that it starts.
fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let may = setrlimit(Resource::Nofile, Rlimit { current: Some(FILES_MANY), maximum: Some(FILES_MANY) })
        .or_else(|_| setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }));
    println!("open files: {:?} ({may:?})", getrlimit(Resource::Nofile).current);
}

#[track_caller]
fn wait_within(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PART_WITHIN;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
