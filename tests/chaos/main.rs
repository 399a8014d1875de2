//! Chaos: clients say uniquely numbered things while everything breaks, and afterwards every promise is checked, in the
//! way of Jepsen.
//!
//! Whatever was acknowledged is at everybody who may see it, once, in one order, in the journal, and at nobody else. The
//! short form is in every test run; `make chaos` is the long one. The seed decides who says what and what goes wrong; the
//! threads and the network still take their own course, so it repeats the kind of a run, not each step.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod asks;
mod checker;
mod checker_tests;
mod ends;
mod errand;
mod eyes;
mod faults;
#[allow(dead_code, unused_imports, reason = "the end-to-end tests use the rest of it")]
#[path = "../harness/mod.rs"]
mod harness;
mod history;
mod lesson_tests;
mod mark;
mod people;
mod play;
mod programs;
mod removals;
mod report;
mod room;
mod splits;
mod stage;
mod teacher;
mod violation;
mod walk;
mod warden;

use asks::{check_questions, check_votes};
use checker::{Verdict, check, check_history};
use ends::check_ends;
use history::Event;
use play::{ACCOUNTS, HISTORY_EVENTS, Played, clients, play};
use removals::check_removals;
use report::{explain, what_happened};
use splits::check_splits;
use stage::Stage;
use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long faults happen unless `CHAOS_SECONDS` says otherwise.
const PLAY: Duration = Duration::from_secs(30);
/// The server's disk: so much, and so much more for each minute.
const DISK_KIB: u64 = 64 * 1024;
const DISK_KIB_PER_MINUTE: u64 = 16 * 1024;
/// How many violations are shown.
const VIOLATIONS_SHOWN: usize = 40;

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
    let stage = Stage::set(ACCOUNTS, clients(), run.sync(), DISK_KIB + DISK_KIB_PER_MINUTE * minutes);
    let Played { records, ends, end, histories } = play(&stage, run.seed, run.lasts);
    let (journal, left) = stage.strike();
    assert_eq!(histories[0].1.last().map(|event| event.seq), Some(end), "the history ends elsewhere");
    let mut verdict = check(&records, &journal, end);
    check_ends(&records, &journal, &ends, &mut verdict);
    for (place, history) in &histories {
        verdict.violations.extend(check_history(history, (0, *place), &journal, (end, HISTORY_EVENTS)));
    }
    check_removals(&records, &journal, &left, &mut verdict.violations);
    check_questions(&journal, &mut verdict.violations);
    check_splits(&journal, &mut verdict.violations);
    check_votes(&records, &journal, &mut verdict.violations);
    let Verdict { violations, deliveries, replayed, again, forgotten } = verdict;
    println!(
        "chaos: {}, {deliveries} deliveries checked, {replayed} of them replayed, {again} answers from memory to what was \
         sent again, {forgotten} said again since that came too late; {}",
        what_happened(&journal),
        stage.tally
    );
    let new_cards = stage.tally.of("new cards") + stage.tally.of("times that the mirror was late");
    let is_too_little = new_cards == 0 || replayed == 0 || stage.tally.of("kills") == 0 || ends.is_empty();
    let is_lesson = journal.iter().any(Event::is_removed) && journal.iter().any(Event::is_beside_general);
    assert!(!is_too_little && is_lesson, "too little happened");
    if cfg!(feature = "web") {
        assert!(stage.tally.of("comebacks through the page") > 0, "nobody came back through the page");
    }
    // Its log would stand behind what follows.
    drop(stage);
    let shown: Vec<String> =
        violations.iter().take(VIOLATIONS_SHOWN).map(|violation| explain(violation, &records)).collect();
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
