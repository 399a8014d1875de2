//! What was taken back is without its words, everywhere; and nothing else is.

use crate::history::{Entry, Event, Record, What};
use crate::mark::Mark;
use crate::violation::Violation;
use std::collections::{HashMap, HashSet};

/// Holds what was taken back to that. `left` are the marks that are anywhere in the data folder.
pub(crate) fn check_removals(
    records: &[Record],
    journal: &[Event],
    left: &HashSet<Mark>,
    violations: &mut Vec<Violation>,
) {
    let (mut asked, mut took) = (HashSet::new(), HashSet::new());
    for entry in records.iter().flat_map(|record| &record.entries) {
        match *entry {
            Entry::Removing(seq) => _ = asked.insert(seq),
            Entry::Took(seq) => _ = took.insert(seq),
            _ => {}
        }
    }
    let mut told: HashMap<u64, usize> = HashMap::new();
    for event in journal {
        if let What::Removed { event, .. } = event.what {
            *told.entry(event).or_default() += 1;
        }
    }
    // What was said again so late that the server didn't know it any more.
    let with_words: HashSet<Mark> =
        journal.iter().filter(|event| !event.is_removed()).filter_map(Event::mark).collect();
    // Of a question the event behind it tells what it said.
    let behind = journal.iter().skip(1).map(Some).chain([None]);
    for (event, next) in journal.iter().zip(behind) {
        let (seq, times) = (event.seq, told.get(&event.seq).copied().unwrap_or(0));
        if !event.is_removed() {
            violations.extend((times > 0 || took.contains(&seq)).then_some(Violation::NotRemoved { seq }));
            continue;
        }
        violations.extend((!asked.contains(&seq)).then_some(Violation::WordsLost { seq }));
        violations.extend((times != 1).then_some(Violation::RemovalsTold { seq, times }));
        let mark =
            event.mark().or_else(|| next?.answers()).filter(|mark| left.contains(mark) && !with_words.contains(mark));
        violations.extend(mark.map(|mark| Violation::WordsLeft { mark, seq }));
    }
}
