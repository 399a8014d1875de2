//! Whether what everybody was shown is what the protocol promises. It knows nothing but the records and the journal.

use crate::eyes::Eyes;
use crate::history::{Account, Entry, Event, Record, To, What};
use crate::mark::Mark;
use crate::room::Room;
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
    let eyes = Eyes::of(journal, &mut verdict.violations);
    for record in records {
        let walk = Walk::along(record, &kept.removals, &mut verdict);
        walk.compare(&kept.events, &eyes, end, &mut verdict);
    }
    verdict
}

/// Whether `history`, which an account was given of a room or of everything, oldest first, is what the journal has for it up
/// to `end`: all of that, or the `most` newest.
pub(crate) fn check_history(
    history: &[Event],
    (account, place): (Account, Option<Room>),
    journal: &[Event],
    (end, most): (u64, usize),
) -> Option<Violation> {
    let eyes = Eyes::of(journal, &mut Vec::new());
    let all = journal.iter().filter(|event| event.seq <= end && eyes.may_read(event, account, place));
    let mut expected: Vec<&Event> = all.collect();
    if history.len() >= most {
        let first = history.first()?.seq;
        expected.retain(|event| event.seq >= first);
    }
    let forgotten = eyes.forgotten(account);
    expected.retain(|event| event.seq > forgotten);
    let history: Vec<&Event> = history.iter().filter(|event| event.seq > forgotten).collect();
    let longest = expected.len().max(history.len());
    let wrong = (0..longest).find(|&i| expected.get(i) != history.get(i))?;
    Some(Violation::History { seq: expected.get(wrong).or(history.get(wrong))?.seq })
}

/// The journal.
struct Kept<'a> {
    events: BTreeMap<u64, &'a Event>,
    /// Where each was said last.
    marks: HashMap<Mark, u64>,
    /// With which event it was told that one was taken back.
    removals: HashMap<u64, u64>,
    forgotten: usize,
}

impl<'a> Kept<'a> {
    fn of(journal: &'a [Event], violations: &mut Vec<Violation>) -> Self {
        let mut kept = Self { events: BTreeMap::new(), marks: HashMap::new(), removals: HashMap::new(), forgotten: 0 };
        let (mut said, mut places): (HashMap<Account, usize>, HashMap<Mark, usize>) = Default::default();
        for pair in journal.windows(2).filter(|pair| pair[0].seq >= pair[1].seq) {
            violations.push(Violation::Unsorted { seq: pair[1].seq, after: pair[0].seq });
        }
        for event in journal {
            kept.events.insert(event.seq, event);
            if let What::Removed { event: removed, .. } = event.what {
                kept.removals.insert(removed, event.seq);
            }
        }
        for event in journal {
            if let Some((from, _)) = kept.said(event) {
                let mark = kept.mark(event);
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

    /// Who has said this, and where; None of what is nothing that was said. Who asks stands behind the question.
    fn said(&self, event: &Event) -> Option<(Account, To)> {
        match event.what {
            What::Said { from, to, .. } => Some((from, to)),
            What::Question { room, .. } => match self.events.get(&(event.seq + 1))?.what {
                What::Asked { from, .. } => Some((from, To::Question(room))),
                _ => None,
            },
            _ => None,
        }
    }

    /// What somebody has said. Of a question that was taken back the event behind it tells it.
    fn mark(&self, event: &Event) -> Option<Mark> {
        match event.what {
            What::Question { removed: true, .. } => self.events.get(&(event.seq + 1))?.answers(),
            _ => event.mark(),
        }
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
                        if self.said(self.events[&seq]) != Some((record.account, to)) {
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
                    Entry::Shown(event) => _ = event.answers().map(|mark| open.remove(&mark)),
                    Entry::Welcomed { .. } => order.begin(),
                    Entry::TokenRefused | Entry::Connected(_) => {}
                    Entry::Removing(_) | Entry::Took(_) | Entry::Voted { .. } | Entry::VoteAnswered { .. } => {}
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
