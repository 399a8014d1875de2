//! Whether what everybody was shown is what the protocol promises. It knows nothing but the records and the journal.

use crate::history::{Account, Entry, Event, Record, What};
use crate::mark::Mark;
use crate::violation::Violation;
use crate::walk::Walk;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How much of what an account said last the server knows again, as PROTOCOL.md has it.
const REMEMBERED: usize = 1_000;

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
    /// What was sent again so late that it could be said again, and was.
    pub(crate) forgotten: usize,
}

/// Holds every record, and the journal after the end, to the promises. Everybody must have come as far as `end`.
pub(crate) fn check(records: &[Record], journal: &[Event], end: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let kept = Kept::of(journal, &mut verdict.violations);
    verdict.forgotten = kept.forgotten;
    kept.check_asked(records, &mut verdict.violations);
    for record in records {
        let walk = Walk::along(record, &mut verdict);
        walk.compare(&kept.events, end, &mut verdict);
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
    /// Where each was said last.
    marks: HashMap<Mark, u64>,
    forgotten: usize,
}

impl<'a> Kept<'a> {
    fn of(journal: &'a [Event], violations: &mut Vec<Violation>) -> Self {
        let mut kept = Self { events: BTreeMap::new(), marks: HashMap::new(), forgotten: 0 };
        let (mut said, mut places): (HashMap<Account, usize>, HashMap<Mark, usize>) = Default::default();
        for pair in journal.windows(2).filter(|pair| pair[0].seq >= pair[1].seq) {
            violations.push(Violation::Unsorted { seq: pair[1].seq, after: pair[0].seq });
        }
        for event in journal {
            kept.events.insert(event.seq, event);
            if let What::Said { from, mark, .. } = event.what {
                let place = said.entry(from).and_modify(|said| *said += 1).or_default();
                let Some(mark) = mark else {
                    violations.push(Violation::Altered { seq: event.seq });
                    continue;
                };
                let before = kept.marks.insert(mark, event.seq).zip(places.insert(mark, *place));
                match before {
                    Some((first, then)) if *place - then <= REMEMBERED => {
                        violations.push(Violation::SaidTwice { mark, seqs: [first, event.seq] });
                    }
                    Some(_) => kept.forgotten += 1,
                    None => {}
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
                    Entry::TokenRefused | Entry::Connected(_) => {}
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
