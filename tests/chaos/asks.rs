//! Questions stand before who asks them, and votes that were answered count.

use crate::history::{Entry, Event, Record, What};
use crate::violation::Violation;
use std::collections::{BTreeSet, HashMap};

/// Each question has who asks it right behind it, and the other way round.
pub(crate) fn check_questions(journal: &[Event], violations: &mut Vec<Violation>) {
    let mut open: Option<&Event> = None;
    for event in journal {
        let fits = match (event.what, open.take().map(|question| (question.seq, question.what))) {
            (
                What::Asked { question, room, mark, .. },
                Some((seq, What::Question { room: of, mark: text, removed })),
            ) => question == seq && event.seq == seq + 1 && room == of && (removed || mark == text),
            (What::Asked { .. }, _) | (_, Some(_)) => false,
            _ => true,
        };
        violations.extend((!fits).then_some(Violation::Halved { seq: event.seq }));
        open = matches!(event.what, What::Question { .. }).then_some(event);
    }
    violations.extend(open.map(|question| Violation::Halved { seq: question.seq }));
}

/// A poll comes out as everyone voted last. Of each account only one client votes.
pub(crate) fn check_votes(records: &[Record], journal: &[Event], violations: &mut Vec<Violation>) {
    for event in journal {
        let What::PollClosed { poll, counts, .. } = event.what else { continue };
        let votes: Vec<BTreeSet<Option<usize>>> = records.iter().map(|record| votes(record, poll)).collect();
        for (option, count) in counts.into_iter().enumerate() {
            let may = votes.iter().filter(|votes| votes.contains(&Some(option))).count();
            let must = votes.iter().filter(|votes| votes.len() == 1 && votes.contains(&Some(option))).count();
            let fits = (must..=may).contains(&count);
            violations.extend((!fits).then_some(Violation::Votes { seq: event.seq, option: Some(option) }));
        }
        let may = votes.iter().filter(|votes| votes.iter().any(Option::is_some)).count();
        let must = votes.iter().filter(|votes| !votes.contains(&None)).count();
        let fits = (must..=may).contains(&counts.iter().sum());
        violations.extend((!fits).then_some(Violation::Votes { seq: event.seq, option: None }));
    }
}

/// What one client's vote in a poll may be at its end: the last one whose answer says that it counts, or none if there is
/// none; and any without an answer, since it may have come late.
fn votes(record: &Record, poll: u64) -> BTreeSet<Option<usize>> {
    let answer = |entry: &Entry| match *entry {
        Entry::VoteAnswered { number, counts } => Some((number, counts)),
        _ => None,
    };
    let answers: HashMap<u32, bool> = record.entries.iter().filter_map(answer).collect();
    let (mut last, mut maybe) = (None, BTreeSet::new());
    for entry in &record.entries {
        match *entry {
            Entry::Voted { number, poll: of, option } if of == poll => match answers.get(&number) {
                Some(true) => last = Some(option),
                Some(false) => {}
                None => _ = maybe.insert(Some(option)),
            },
            _ => {}
        }
    }
    maybe.insert(last);
    maybe
}
