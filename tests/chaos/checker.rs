//! Whether what everybody was shown is what the protocol promises. It knows nothing but the records and the journal.

use crate::history::{Account, Entry, Event, Place, Record, Turn, What};
use crate::mark::Mark;
use crate::violation::Violation;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What a run has come to.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) violations: Vec<Violation>,
    /// Events that were shown to somebody, and had to be.
    pub(crate) deliveries: usize,
    /// Of those, how many had been there before the client that was shown them came back.
    pub(crate) replayed: usize,
    /// What was sent again and answered with the event that it had already.
    pub(crate) again: usize,
}

/// Holds every record, and the journal after the end, to the promises. Everybody must have come as far as `end`.
pub(crate) fn check(records: &[Record], journal: &[Event], end: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let kept = Kept::of(journal, &mut verdict.violations);
    kept.check_asked(records, &mut verdict.violations);
    for record in records {
        let walk = Walk::along(record, &mut verdict);
        walk.compare(&kept, end, &mut verdict);
    }
    verdict
}

/// Whether `history`, which an account was given, oldest first, is what the journal has for it up to its newest event.
pub(crate) fn check_history(history: &[Event], account: Account, journal: &[Event]) -> Option<Violation> {
    let (first, last) = (history.first()?.seq, history.last()?.seq);
    let is_part = |event: &&Event| matches!(event.what, What::Said { .. }) && event.is_for(account);
    let expected: Vec<&Event> =
        journal.iter().filter(|event| (first..=last).contains(&event.seq)).filter(is_part).collect();
    let longest = expected.len().max(history.len());
    let wrong = (0..longest).find(|&i| expected.get(i).copied() != history.get(i))?;
    Some(Violation::History { seq: expected.get(wrong).copied().or(history.get(wrong))?.seq })
}

/// The journal.
struct Kept<'a> {
    events: BTreeMap<u64, &'a Event>,
    marks: HashMap<Mark, u64>,
}

impl<'a> Kept<'a> {
    fn of(journal: &'a [Event], violations: &mut Vec<Violation>) -> Self {
        let mut kept = Self { events: BTreeMap::new(), marks: HashMap::new() };
        for pair in journal.windows(2).filter(|pair| pair[0].seq >= pair[1].seq) {
            violations.push(Violation::Unsorted { seq: pair[1].seq, after: pair[0].seq });
        }
        for event in journal {
            kept.events.insert(event.seq, event);
            if let What::Said { mark, .. } = event.what {
                let Some(mark) = mark else {
                    violations.push(Violation::Altered { seq: event.seq });
                    continue;
                };
                if let Some(first) = kept.marks.insert(mark, event.seq) {
                    violations.push(Violation::SaidTwice { mark, seqs: [first, event.seq] });
                }
            }
        }
        kept
    }

    /// Whatever was said was asked for, by its sender and for its recipient; what was asked for is answered.
    fn check_asked(&self, records: &[Record], violations: &mut Vec<Violation>) {
        let mut unasked = self.marks.clone();
        for record in records {
            let mut open = HashSet::new();
            let mut order = InOrder::default();
            for entry in &record.entries {
                match *entry {
                    Entry::Asked { mark, to, again } => {
                        order.asked(mark, again);
                        open.insert(mark);
                        let Some(seq) = unasked.remove(&mark) else { continue };
                        let What::Said { from, to: said_to, .. } = self.events[&seq].what else { continue };
                        if (from, said_to) != (record.account, to) {
                            violations.push(Violation::Misdirected { mark, seq });
                        }
                    }
                    Entry::Refused(mark) => {
                        open.remove(&mark);
                        if let Some(&seq) = self.marks.get(&mark) {
                            violations.push(Violation::SaidThoughRefused { mark, seq });
                        }
                    }
                    Entry::Doubtful(mark) => _ = open.remove(&mark),
                    Entry::Shown(event) => _ = event.mark().map(|mark| open.remove(&mark)),
                    Entry::Welcomed { .. } => order.begin(),
                    Entry::TokenRefused => {}
                }
            }
            violations.extend(open.into_iter().map(|mark| Violation::Unanswered { mark }));
            order.check(&self.marks, violations);
        }
        violations.extend(unasked.into_iter().map(|(mark, seq)| Violation::Unasked { mark, seq }));
    }
}

/// What one client asked for over each connection, once.
#[derive(Default)]
struct InOrder {
    connections: Vec<Vec<Mark>>,
    again: HashSet<Mark>,
}

impl InOrder {
    fn begin(&mut self) {
        self.connections.push(Vec::new());
    }

    fn asked(&mut self, mark: Mark, again: bool) {
        if again {
            self.again.insert(mark);
        } else if let Some(marks) = self.connections.last_mut() {
            marks.push(mark);
        }
    }

    /// The requests of one connection are carried out in their order.
    fn check(&self, said: &HashMap<Mark, u64>, violations: &mut Vec<Violation>) {
        for marks in &self.connections {
            let once = marks.iter().filter(|mark| !self.again.contains(mark));
            let seqs: Vec<_> = once.filter_map(|mark| Some((*mark, *said.get(mark)?))).collect();
            let swapped = seqs.windows(2).filter(|pair| pair[0].1 > pair[1].1);
            violations.extend(swapped.map(|pair| Violation::Swapped { first: pair[0].0, second: pair[1].0 }));
        }
    }
}

/// A stretch of the timeline that a client was promised: after `from`, up to `upto`.
struct Stretch {
    from: u64,
    upto: u64,
    /// Only what was whispered to it.
    whispers: bool,
}

/// One client's way through the timeline.
struct Walk<'a> {
    record: &'a Record,
    place: Place,
    /// What it sent again over this connection, and how often it may still be shown that.
    again: HashMap<Mark, u32>,
    shown: HashMap<u64, Event>,
    promised: Vec<Stretch>,
    /// What was there when it came back.
    replay_upto: u64,
}

impl<'a> Walk<'a> {
    fn along(record: &'a Record, verdict: &mut Verdict) -> Self {
        let mut walk = Self {
            record,
            place: Place::default(),
            again: HashMap::new(),
            shown: HashMap::new(),
            promised: Vec::new(),
            replay_upto: 0,
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
                Entry::Shown(event) => walk.show(event, verdict),
                Entry::TokenRefused => verdict.violations.push(Violation::TokenRefused { by: record.by }),
                Entry::Asked { .. } | Entry::Refused(_) | Entry::Doubtful(_) => {}
            }
        }
        walk
    }

    fn welcomed(&mut self, after: Option<u64>, seq: u64, left_at: Option<u64>) {
        self.again.clear();
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
        let allowed = event.mark().filter(|mark| mark.by == by).and_then(|mark| self.again.get_mut(&mark));
        let asked_again = allowed.is_some();
        let exhausted = allowed.is_some_and(|left| {
            *left == 0 || {
                *left -= 1;
                false
            }
        });
        let before = self.shown.insert(seq, event);
        if before.is_some_and(|before| before != event) {
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
    fn compare(&self, kept: &Kept<'_>, end: u64, verdict: &mut Verdict) {
        let Record { by, account, .. } = *self.record;
        for (&seq, shown) in &self.shown {
            match kept.events.get(&seq) {
                None => verdict.violations.push(Violation::NotKept { by, seq }),
                Some(&kept) if kept != shown => verdict.violations.push(Violation::TwoEvents { seq }),
                Some(_) if !shown.is_for(account) => verdict.violations.push(Violation::Foreign { by, seq }),
                Some(_) => {}
            }
        }
        for stretch in &self.promised {
            let seqs = stretch.from + 1..=stretch.upto.min(end).max(stretch.from + 1);
            for (&seq, event) in kept.events.range(seqs).filter(|(seq, _)| **seq <= end) {
                if !stretch.promises(event, account) {
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
    fn promises(&self, event: &Event, account: Account) -> bool {
        if self.whispers { event.is_whisper_to(account) } else { event.is_for(account) }
    }
}
