//! One client's way through the timeline: what it was shown, and what it was promised.

use crate::checker::Verdict;
use crate::eyes::Eyes;
use crate::history::{Account, Entry, Event, Place, Record, Turn};
use crate::mark::Mark;
use crate::violation::Violation;
use std::collections::{BTreeMap, HashMap};

/// A stretch of the timeline that a client was promised: after `from`, up to `upto`.
struct Stretch {
    from: u64,
    upto: u64,
    /// Only what was whispered to it.
    whispers: bool,
}

/// One client's way through the timeline.
pub(crate) struct Walk<'a> {
    record: &'a Record,
    place: Place,
    /// What it sent again over this connection, and how often it may still be shown that.
    again: HashMap<Mark, u32>,
    shown: HashMap<u64, Event>,
    promised: Vec<Stretch>,
    /// What was there when it came back.
    replay_upto: u64,
    /// What was there when its connection began.
    began: u64,
}

impl<'a> Walk<'a> {
    /// `removals`: with which event it was told that one was taken back.
    pub(crate) fn along(record: &'a Record, removals: &HashMap<u64, u64>, verdict: &mut Verdict) -> Self {
        let mut walk = Self {
            record,
            place: Place::default(),
            again: HashMap::new(),
            shown: HashMap::new(),
            promised: Vec::new(),
            replay_upto: 0,
            began: 0,
        };
        for entry in &record.entries {
            match *entry {
                Entry::Welcomed { after, seq, left_at, gap } => {
                    if gap {
                        verdict.violations.push(Violation::Gap { by: record.by, after });
                    }
                    walk.welcomed(after, seq, left_at);
                }
                Entry::Asked { mark, again: true, .. } => *walk.again.entry(mark).or_insert(1) += 1,
                Entry::Shown(event) => {
                    let is_late = removals.get(&event.seq).is_some_and(|&told| told <= walk.began);
                    if is_late && !event.is_removed() {
                        verdict.violations.push(Violation::WordsShown { by: record.by, seq: event.seq });
                    }
                    walk.show(event, verdict);
                }
                Entry::TokenRefused => verdict.violations.push(Violation::TokenRefused { by: record.by }),
                Entry::Asked { .. } | Entry::Refused(_) | Entry::Doubtful(_) | Entry::Connected(_) => {}
                Entry::Removing(_) | Entry::Took(_) | Entry::Voted { .. } | Entry::VoteAnswered { .. } => {}
            }
        }
        walk
    }

    fn welcomed(&mut self, after: Option<u64>, seq: u64, left_at: Option<u64>) {
        self.again.clear();
        self.began = seq;
        self.replay_upto = if after.is_some() { seq } else { 0 };
        let end = after.unwrap_or(self.place.last);
        self.promised.retain_mut(|stretch| {
            stretch.upto = stretch.upto.min(end);
            stretch.from < stretch.upto
        });
        if after.is_none() {
            if let Some(from) = left_at {
                self.promised.push(Stretch { from, upto: seq, whispers: true });
            }
            self.place.begin(left_at.unwrap_or(seq));
        }
        self.promised.push(Stretch { from: after.unwrap_or(seq), upto: u64::MAX, whispers: false });
    }

    fn show(&mut self, event: Event, verdict: &mut Verdict) {
        let (by, seq) = (self.record.by, event.seq);
        let allowed = event.answers().filter(|mark| mark.by == by).and_then(|mark| self.again.get_mut(&mark));
        let asked_again = allowed.is_some();
        let exhausted = allowed.is_some_and(|left| {
            *left == 0 || {
                *left -= 1;
                false
            }
        });
        let before = self.shown.insert(seq, event);
        if before.is_some_and(|before| !before.is_same(&event)) {
            verdict.violations.push(Violation::TwoEvents { seq });
        }
        verdict.again += usize::from(before.is_some() && asked_again);
        let last = self.place.last;
        match self.place.take(seq, asked_again) {
            _ if before.is_some() && self.record.once => verdict.violations.push(Violation::ShownTwice { by, seq }),
            _ if exhausted => verdict.violations.push(Violation::ShownTwice { by, seq }),
            Turn::Late if before.is_none() => verdict.violations.push(Violation::Backwards { by, seq, after: last }),
            Turn::Late if !asked_again => verdict.violations.push(Violation::ShownTwice { by, seq }),
            Turn::Late | Turn::Early => {}
            Turn::Next => verdict.replayed += usize::from(seq <= self.replay_upto),
        }
    }

    /// What it was shown is in the journal and for its eyes, and it was shown all that it had to be.
    pub(crate) fn compare(&self, kept: &BTreeMap<u64, &Event>, eyes: &Eyes, end: u64, verdict: &mut Verdict) {
        let Record { by, account, .. } = *self.record;
        for (&seq, shown) in &self.shown {
            match kept.get(&seq) {
                None => verdict.violations.push(Violation::NotKept { by, seq }),
                Some(&kept) if !kept.is_same(shown) || shown.is_removed() && !kept.is_removed() => {
                    verdict.violations.push(Violation::TwoEvents { seq });
                }
                Some(_) if !eyes.may_see(shown, account) => verdict.violations.push(Violation::Foreign { by, seq }),
                Some(_) => {}
            }
        }
        for stretch in &self.promised {
            let seqs = stretch.from + 1..=stretch.upto.min(end).max(stretch.from + 1);
            for (&seq, event) in kept.range(seqs).filter(|(seq, _)| **seq <= end) {
                if !stretch.promises(event, eyes, account) {
                    continue;
                }
                match self.shown.contains_key(&seq) {
                    true => verdict.deliveries += 1,
                    false => verdict.violations.push(Violation::NotShown { by, seq }),
                }
            }
        }
    }
}

impl Stretch {
    fn promises(&self, event: &Event, eyes: &Eyes, account: Account) -> bool {
        if self.whispers { event.is_whisper_to(account) } else { eyes.may_see(event, account) }
    }
}
