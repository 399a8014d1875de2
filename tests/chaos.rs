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
#[path = "chaos/programs.rs"]
mod programs;
#[path = "chaos/report.rs"]
mod report;
#[path = "chaos/stage.rs"]
mod stage;
#[path = "chaos/violation.rs"]
mod violation;
#[path = "chaos/wire.rs"]
mod wire;

use checker::{Verdict, check, check_history};
use harness::Peer;
use history::{Entry, Event, Record, What};
use mark::Mark;
use people::{Part, Person};
use programs::Program;
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

/// How many accounts there are.
const ACCOUNTS: u16 = 8;
/// People: the account, whether the connection is narrow, whether they leave now and then. Two accounts have two.
const PEOPLE: [(u16, bool, bool); 8] = [
    (0, false, false),
    (0, false, false),
    (1, false, false),
    (1, true, false),
    (2, true, false),
    (3, false, true),
    (4, false, true),
    (5, false, false),
];
/// The accounts of the real clients.
const PROGRAMS: [u16; 2] = [6, 7];
const CLIENTS: usize = PEOPLE.len() + PROGRAMS.len();
/// How much of the history is compared with the journal.
const HISTORY_EVENTS: usize = 2_000;

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
    let stage = Stage::set(ACCOUNTS, CLIENTS, run.sync(), DISK_KIB + DISK_KIB_PER_MINUTE * minutes);
    let Played { records, end, history } = play(&stage, &run);
    let journal = stage.strike();
    assert_eq!(history.last().map(|event| event.seq), Some(end), "the history ends elsewhere");
    let mut verdict = check(&records, &journal, end);
    verdict.violations.extend(check_history(&history, 0, &journal));
    let whispers = journal.iter().filter(|event| matches!(event.what, What::Said { to: Some(_), .. })).count();
    let said = journal.iter().filter(|event| event.mark().is_some()).count();
    let Verdict { violations, deliveries, replayed, again } = verdict;
    let tally = stage.tally.to_string();
    println!(
        "chaos: {} messages, {whispers} whispers, {deliveries} deliveries checked, {replayed} of them replayed, {again} \
         answers from memory to what was sent again; {tally}",
        said - whispers
    );
    assert!(said > 0 && replayed > 0 && stage.tally.of("kills") > 0, "too little happened");
    // Its log would stand behind what follows.
    drop(stage);
    let shown: Vec<String> = violations.iter().take(VIOLATIONS_SHOWN).map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{} violations:\n{}\nonce more with {run}", violations.len(), shown.join("\n"));
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

/// What a run leaves behind, beside the journal.
struct Played {
    records: Vec<Record>,
    /// The seq of the last message of all.
    end: u64,
    /// What the server then had to say of the past.
    history: Vec<Event>,
}

fn play(stage: &Stage, run: &Run) -> Played {
    thread::scope(|scope| {
        let people = PEOPLE.into_iter().zip(0..).map(|((account, narrow, leaves), number)| {
            let person = Person::new(Part { number, account, narrow, leaves }, stage, run.seed);
            scope.spawn(|| person.play())
        });
        let programs = PROGRAMS.into_iter().zip(PEOPLE.len() as u16..).map(|(account, number)| {
            let program = Program::start(number, account, stage, run.seed);
            scope.spawn(|| program.play())
        });
        let everybody: Vec<_> = people.chain(programs).collect();
        wait_for_all(stage, "to log in", |client| client.here.load(SeqCst));
        stage.enter(Phase::Play);
        let end = Instant::now() + run.lasts;
        scope.spawn(move || tell(stage, end));
        faults::inject(stage, scope, run.seed, end);
        stage.enter(Phase::Settle);
        let is_answered = |client: &Client| client.unanswered.load(SeqCst) == 0;
        wait_for_all(stage, "to be answered", |client| is_answered(client) && client.here.load(SeqCst));
        let mut peer = stage.login(0);
        let (record, end) = curtain(&mut peer);
        let is_done = |client: &Client| client.seen.load(SeqCst) >= end && is_answered(client);
        wait_for_all(stage, "to see the last message", is_done);
        let history = recall(&mut peer, end);
        stage.enter(Phase::Leave);
        let records = everybody.into_iter().map(|player| player.join().unwrap());
        Played { records: records.chain([record]).collect(), end, history }
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
fn curtain(peer: &mut Peer) -> (Record, u64) {
    let mark = Mark { by: CLIENTS as u16, number: 1 };
    let seq = peer.welcome["seq"].as_u64().unwrap();
    let event = Event::of(&peer.ask(json!({"type": "say", "text": mark.text()}))).unwrap();
    let entries = vec![
        Entry::Welcomed { after: None, seq, left_at: None, gap: false },
        Entry::Asked { mark, to: None, again: false },
        Entry::Shown(event),
    ];
    (Record { by: mark.by, account: 0, once: true, entries }, event.seq)
}

/// The history up to `end`, page by page, oldest first.
fn recall(peer: &mut Peer, end: u64) -> Vec<Event> {
    let (mut history, mut before) = (Vec::new(), end + 1);
    while history.len() < HISTORY_EVENTS {
        let reply = peer.ask(json!({"type": "history", "before": before, "limit": 200}));
        let page: Vec<Event> = reply["events"].as_array().unwrap().iter().filter_map(Event::of).collect();
        let Some(first) = page.first() else { break };
        before = first.seq;
        history.splice(0..0, page);
    }
    history
}

/// Says now and then how it goes.
fn tell(stage: &Stage, end: Instant) {
    let begin = Instant::now();
    while Instant::now() < end && stage.is_at(Phase::Play) {
        thread::sleep(PROGRESS_EVERY.min(end.saturating_duration_since(Instant::now())));
        println!("{:>6} s: {}", begin.elapsed().as_secs(), stage.tally);
    }
}
