//! What an administrator has ended is over: after the answer, nothing of it.

use crate::checker::Verdict;
use crate::history::{Account, Entry, Event, Record};
use crate::mark::Mark;
use crate::violation::Violation;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// An account's sessions were ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) account: Account,
    /// When that was asked for: whoever was welcomed before is ended.
    pub(crate) asked: Instant,
    /// The newest seq at the answer, or a little later.
    pub(crate) answered: u64,
}

/// Holds the sessions that were ended to it. A token that was ended may be refused.
pub(crate) fn check_ends(records: &[Record], journal: &[Event], ends: &[Ended], verdict: &mut Verdict) {
    let said: HashMap<Mark, u64> =
        journal.iter().filter_map(|event| event.mark().map(|mark| (mark, event.seq))).collect();
    for record in records {
        let of_account: Vec<&Ended> = ends.iter().filter(|ended| ended.account == record.account).collect();
        if !of_account.is_empty() {
            let refused = Violation::TokenRefused { by: record.by };
            verdict.violations.retain(|violation| *violation != refused);
        }
        check_record(record, &said, &of_account, &mut verdict.violations);
    }
}

fn check_record(record: &Record, said: &HashMap<Mark, u64>, ends: &[&Ended], violations: &mut Vec<Violation>) {
    let again = |entry: &Entry| match *entry {
        Entry::Asked { mark, again: true, .. } => Some(mark),
        _ => None,
    };
    // What was sent again may have come by a later connection.
    let again: HashSet<Mark> = record.entries.iter().filter_map(again).collect();
    let mut answered = u64::MAX;
    for entry in &record.entries {
        match *entry {
            Entry::Connected(at) => {
                let later = ends.iter().filter(|ended| ended.asked > at).map(|ended| ended.answered);
                answered = later.min().unwrap_or(u64::MAX);
            }
            Entry::Asked { mark, again: false, .. } if !again.contains(&mark) => {
                let late = said.get(&mark).copied().filter(|&seq| seq > answered);
                violations.extend(late.map(|seq| Violation::SaidAfterTheEnd { mark, seq }));
            }
            Entry::Shown(Event { seq, .. }) if seq > answered => {
                violations.push(Violation::ShownAfterTheEnd { by: record.by, seq });
            }
            _ => {}
        }
    }
}
