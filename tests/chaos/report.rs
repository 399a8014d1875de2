//! What happened how often, and how it came to a violation.

use crate::history::{Entry, Event, Record, To, What};
use crate::room::GENERAL;
use crate::violation::Violation;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Counts by name.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, usize>>);

impl Tally {
    /// One more.
    pub(crate) fn count(&self, what: &'static str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&self, what: &'static str, n: usize) {
        *self.0.lock().unwrap().entry(what).or_default() += n;
    }

    pub(crate) fn of(&self, what: &str) -> usize {
        self.0.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.lock().unwrap();
        let counts: Vec<String> = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
        f.write_str(&counts.join(", "))
    }
}

/// What the journal has, in words.
pub(crate) fn what_happened(journal: &[Event]) -> String {
    let count = |is_it: fn(&What) -> bool| journal.iter().filter(|event| is_it(&event.what)).count();
    let votes = journal.iter().map(|event| match event.what {
        What::PollClosed { counts, .. } => counts.iter().sum(),
        _ => 0,
    });
    format!(
        "{} messages, {} of them in rooms, {} whispers, {} entered, {} exited, {} rooms closed, {} splits, {} taken back, \
         {} questions, {} polls with {} votes",
        count(|what| matches!(what, What::Said { to: To::Room(_), .. })),
        count(|what| matches!(what, What::Said { to: To::Room(room), .. } if *room != GENERAL)),
        count(|what| matches!(what, What::Said { to: To::Person(_), .. })),
        count(|what| matches!(what, What::Entered { .. })),
        count(|what| matches!(what, What::Exited { .. })),
        count(|what| matches!(what, What::Closed { .. })),
        count(|what| matches!(what, What::Split)),
        count(|what| matches!(what, What::Removed { .. })),
        count(|what| matches!(what, What::Question { .. })),
        count(|what| matches!(what, What::PollClosed { .. })),
        votes.sum::<usize>()
    )
}

/// How many entries of a record are shown before and after the one that matters.
const AROUND: usize = 12;

/// A violation, and what its client met with around it.
pub(crate) fn explain(violation: &Violation, records: &[Record]) -> String {
    let mut text = violation.to_string();
    let Some((by, seq)) = violation.shown() else { return text };
    let Some(record) = records.iter().find(|record| record.by == by) else { return text };
    let is_near = |entry: &Entry| matches!(entry, Entry::Shown(event) if event.seq >= seq);
    let at = record.entries.iter().rposition(|entry| matches!(entry, Entry::Shown(event) if event.seq == seq));
    let Some(at) = at.or_else(|| record.entries.iter().position(is_near)) else { return text };
    for entry in &record.entries[at.saturating_sub(AROUND)..(at + AROUND).min(record.entries.len())] {
        text.push_str(&format!("\n    {entry:?}"));
    }
    text
}
