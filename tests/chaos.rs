//! Chaos: clients say uniquely numbered things while everything breaks, and afterwards every promise is checked, in the
//! way of Jepsen.
//!
//! Whatever was acknowledged is at everybody who may see it, once, in one order, in the journal, and at nobody else. The
//! short form is in every test run; `make chaos` is the long one. The seed decides who says what and what goes wrong; the
//! threads and the network still take their own course, so it repeats the kind of a run, not each step.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "chaos/checker.rs"]
mod checker;
#[path = "chaos/checker_tests.rs"]
mod checker_tests;
#[path = "chaos/faults.rs"]
mod faults;
#[allow(dead_code, unused_imports, reason = "the end-to-end tests use the rest of it")]
mod harness;
#[path = "chaos/history.rs"]
mod history;
#[path = "chaos/mark.rs"]
mod mark;
#[path = "chaos/people.rs"]
mod people;
#[path = "chaos/report.rs"]
mod report;
#[path = "chaos/stage.rs"]
mod stage;
#[path = "chaos/violation.rs"]
mod violation;
#[path = "chaos/wire.rs"]
mod wire;

use checker::{Verdict, check};
use history::{Entry, Event, Record, What};
use mark::Mark;
use people::{Part, Person};
use serde_json::json;
use stage::{Client, Phase, Stage};
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, thread};

/// How long faults happen unless `CHAOS_SECONDS` says otherwise.
const PLAY: Duration = Duration::from_secs(30);
/// How often a line tells how it goes.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);
/// How long everybody may take to get an answer to all, and to see the last message, once all is well.
const CALM_DEADLINE: Duration = Duration::from_secs(90);
/// The server's disk: so much, and so much more for each minute.
const DISK_KIB: u64 = 64 * 1024;
const DISK_KIB_PER_MINUTE: u64 = 16 * 1024;
/// How many violations are shown.
const VIOLATIONS_SHOWN: usize = 40;

/// Eight people in six accounts: two of them twice.
const ACCOUNTS: u16 = 6;
const PARTS: [(u16, bool, bool); 8] = [
    (0, false, false),
    (0, false, false),
    (1, false, false),
    (1, true, false),
    (2, true, false),
    (3, false, true),
    (4, false, true),
    (5, false, false),
];

/// One run: how long, and by which seed.
struct Run {
    seed: u64,
    lasts: Duration,
}

#[test]
fn what_was_acknowledged_is_there_once_in_one_order_for_whom_it_was_meant() {
    let run = Run::of_environment();
    println!("chaos: --sync {}; once more with {run}", run.sync());
    let minutes = run.lasts.as_secs().div_ceil(60);
    let stage = Stage::set(ACCOUNTS, PARTS.len(), run.sync(), DISK_KIB + DISK_KIB_PER_MINUTE * minutes);
    let (records, end) = play(&stage, &run);
    let journal = stage.strike();
    let verdict = check(&records, &journal, end);
    let whispers = journal.iter().filter(|event| matches!(event.what, What::Said { to: Some(_), .. })).count();
    let said = journal.iter().filter(|event| event.mark().is_some()).count();
    let Verdict { violations, deliveries, replayed, again } = verdict;
    println!(
        "chaos: {} messages, {whispers} whispers, {deliveries} deliveries checked, {replayed} of them replayed, {again} \
         answers from memory to what was sent again; {}",
        said - whispers,
        stage.tally
    );
    let shown: Vec<String> = violations.iter().take(VIOLATIONS_SHOWN).map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{} violations:\n{}\nonce more with {run}", violations.len(), shown.join("\n"));
    assert!(said > 0 && replayed > 0 && stage.tally.of("kills") > 0, "too little happened: {}", stage.tally);
}

impl Run {
    fn of_environment() -> Self {
        let number = |name: &str| {
            let value = env::var(name).ok();
            value.map(|n| n.parse::<u64>().unwrap_or_else(|_| panic!("{name} is a number")))
        };
        let chance = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64 % 1_000_000;
        let seed = number("CHAOS_SEED").unwrap_or_else(chance);
        Self { seed, lasts: number("CHAOS_SECONDS").map_or(PLAY, Duration::from_secs) }
    }

    /// A killed process loses nothing with either.
    fn sync(&self) -> &'static str {
        if self.seed % 2 == 0 { "second" } else { "always" }
    }
}

/// How to repeat it.
impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seed, seconds) = (self.seed, self.lasts.as_secs());
        write!(f, "CHAOS_SEED={seed} CHAOS_SECONDS={seconds} cargo test --test chaos -- --nocapture")
    }
}

/// Everybody plays; gives what each did and saw, and the seq of the last message of all.
fn play(stage: &Stage, run: &Run) -> (Vec<Record>, u64) {
    thread::scope(|scope| {
        let parts = PARTS.into_iter().zip(0..);
        let people: Vec<_> = parts
            .map(|((account, narrow, leaves), number)| {
                let person = Person::new(Part { number, account, narrow, leaves }, stage, run.seed);
                scope.spawn(|| person.play())
            })
            .collect();
        wait_for_all(stage, "to log in", |client| client.here.load(SeqCst));
        stage.enter(Phase::Play);
        let end = Instant::now() + run.lasts;
        scope.spawn(move || tell(stage, end));
        faults::inject(stage, run.seed, end);
        stage.enter(Phase::Settle);
        let is_answered = |client: &Client| client.unanswered.load(SeqCst) == 0;
        wait_for_all(stage, "to be answered", |client| is_answered(client) && client.here.load(SeqCst));
        let (record, seq) = curtain(stage);
        let is_done = |client: &Client| client.seen.load(SeqCst) >= seq && is_answered(client);
        wait_for_all(stage, "to see the last message", is_done);
        stage.enter(Phase::Leave);
        let people = people.into_iter().map(|person| person.join().unwrap());
        (people.chain([record]).collect(), seq)
    })
}

fn wait_for_all(stage: &Stage, what: &str, holds: impl Fn(&Client) -> bool) {
    let end = Instant::now() + CALM_DEADLINE;
    while !stage.clients.iter().all(&holds) {
        if Instant::now() >= end {
            let late: Vec<usize> = (0..stage.clients.len()).filter(|&i| !holds(&stage.clients[i])).collect();
            stage.enter(Phase::Leave);
            panic!("clients {late:?} had {CALM_DEADLINE:?} {what}: {:?}", stage.clients);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The last message, by somebody without any faults.
fn curtain(stage: &Stage) -> (Record, u64) {
    let mark = Mark { by: PARTS.len() as u16, number: 1 };
    let mut peer = stage.login(0);
    let seq = peer.welcome["seq"].as_u64().unwrap();
    let event = Event::of(&peer.ask(json!({"type": "say", "text": mark.text()}))).unwrap();
    let entries = vec![
        Entry::Welcomed { after: None, seq, left_at: None, gap: false },
        Entry::Asked { mark, to: None, again: false },
        Entry::Shown(event),
    ];
    (Record { by: mark.by, account: 0, once: true, entries }, event.seq)
}

/// Says now and then how it goes.
fn tell(stage: &Stage, end: Instant) {
    let begin = Instant::now();
    while Instant::now() < end && stage.is_at(Phase::Play) {
        thread::sleep(PROGRESS_EVERY.min(end.saturating_duration_since(Instant::now())));
        println!("{:>6} s: {}", begin.elapsed().as_secs(), stage.tally);
    }
}
