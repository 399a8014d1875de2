//! The checker finds each kind of violation, and nothing where all is well.

use crate::checker::{Verdict, check, check_history};
use crate::ends::{Ended, check_ends};
use crate::history::{Account, Entry, Event, Record, To, What};
use crate::mark::Mark;
use crate::room::GENERAL;
use crate::violation::Violation;
use std::time::{Duration, Instant};

pub(crate) fn mark(by: u16, number: u32) -> Mark {
    Mark { by, number }
}

pub(crate) fn said(seq: u64, mark: Mark) -> Event {
    said_to(seq, mark, To::Room(GENERAL))
}

fn whispered(seq: u64, mark: Mark, to: Account) -> Event {
    said_to(seq, mark, To::Person(to))
}

pub(crate) fn said_to(seq: u64, mark: Mark, to: To) -> Event {
    Event { seq, what: What::Said { from: mark.by, to, mark: Some(mark), removed: false }, print: seq }
}

pub(crate) fn welcomed(after: Option<u64>, seq: u64) -> Entry {
    Entry::Welcomed { after, seq, left_at: None, gap: false }
}

pub(crate) fn ask(mark: Mark) -> Entry {
    Entry::Asked { mark, to: To::Room(GENERAL), again: false }
}

fn ask_again(mark: Mark) -> Entry {
    Entry::Asked { mark, to: To::Room(GENERAL), again: true }
}

/// Three clients, each in the account of its own number. The first says 0-1, whispers 0-2 to the second and says 0-3;
/// the third breaks off in between and comes back.
struct Story {
    records: Vec<Record>,
    journal: Vec<Event>,
}

impl Story {
    fn new() -> Self {
        let journal = vec![said(5, mark(0, 1)), whispered(6, mark(0, 2), 1), said(7, mark(0, 3)), said(9, mark(2, 1))];
        let shown = |seqs: &[usize]| seqs.iter().map(|&i| Entry::Shown(journal[i])).collect::<Vec<_>>();
        let mut first = vec![welcomed(None, 4), ask(mark(0, 1))];
        first.extend([Entry::Asked { mark: mark(0, 2), to: To::Person(1), again: false }, ask(mark(0, 3))]);
        first.extend(shown(&[0, 1, 2, 3]));
        let second = [vec![welcomed(None, 4)], shown(&[0, 1, 2, 3])].concat();
        let third = [vec![welcomed(None, 4)], shown(&[0]), vec![ask(mark(2, 1)), welcomed(Some(5), 7)], shown(&[2])];
        let third = [third.concat(), vec![ask_again(mark(2, 1))], shown(&[3])].concat();
        let records = [first, second, third].into_iter().zip(0..);
        let records = records.map(|(entries, by)| Record { by, account: by, once: false, entries }).collect();
        Self { records, journal }
    }

    /// Where a client was shown an event.
    fn shown_at(&self, by: usize, seq: u64) -> usize {
        let is_it = |entry: &Entry| matches!(entry, Entry::Shown(event) if event.seq == seq);
        self.records[by].entries.iter().position(is_it).unwrap()
    }

    fn show(&mut self, by: usize, event: Event) {
        self.records[by].entries.push(Entry::Shown(event));
    }

    #[track_caller]
    fn has(&self, expected: &[Violation]) {
        let mut found = check(&self.records, &self.journal, 9).violations;
        found.sort();
        found.dedup();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(found, expected);
    }
}

#[test]
fn where_all_is_well_it_finds_nothing_and_counts() {
    let story = Story::new();
    story.has(&[]);
    let verdict = check(&story.records, &story.journal, 9);
    assert_eq!((verdict.deliveries, verdict.replayed, verdict.again), (11, 1, 0));
}

#[test]
fn a_lost_message() {
    let mut story = Story::new();
    let at = story.shown_at(1, 7);
    story.records[1].entries.remove(at);
    story.has(&[Violation::NotShown { by: 1, seq: 7 }]);
    let mut story = Story::new();
    let at = story.shown_at(2, 7);
    story.records[2].entries.remove(at);
    story.has(&[Violation::NotShown { by: 2, seq: 7 }]);
}

#[test]
fn a_message_shown_twice() {
    let mut story = Story::new();
    let again = story.journal[3];
    story.show(1, again);
    story.has(&[Violation::ShownTwice { by: 1, seq: 9 }]);
    // Its own may come once more, since it was sent again.
    let mut story = Story::new();
    story.show(2, again);
    story.has(&[]);
    story.show(2, again);
    story.has(&[Violation::ShownTwice { by: 2, seq: 9 }]);
    // But not from a program that promises to show each once.
    let mut story = Story::new();
    story.records[2].once = true;
    story.has(&[]);
    story.show(2, again);
    story.has(&[Violation::ShownTwice { by: 2, seq: 9 }]);
}

#[test]
fn a_message_said_twice() {
    let mut story = Story::new();
    let twice = said(8, mark(0, 1));
    story.journal.insert(3, twice);
    for by in 0..3 {
        let at = story.shown_at(by, 9);
        story.records[by].entries.insert(at, Entry::Shown(twice));
    }
    story.has(&[
        Violation::SaidTwice { mark: mark(0, 1), seqs: [5, 8] },
        Violation::Swapped { first: mark(0, 1), second: mark(0, 2) },
    ]);
}

#[test]
fn what_may_be_forgotten_may_be_said_again() {
    // So much by the same account in between.
    let twice = |between: u32| {
        let numbers = (1..=between + 1).chain([1]);
        let journal: Vec<Event> = numbers.zip(1..).map(|(number, seq)| said(seq, mark(7, number))).collect();
        let asked = (1..=between + 1).map(|number| ask(mark(7, number))).chain([ask_again(mark(7, 1))]);
        let shown = journal.iter().copied().map(Entry::Shown);
        let entries = [welcomed(None, 0)].into_iter().chain(asked).chain(shown).collect();
        let verdict = check(&[Record { by: 7, account: 7, once: false, entries }], &journal, 0);
        (verdict.violations.len(), verdict.forgotten)
    };
    assert_eq!((twice(0), twice(999), twice(1000)), ((1, 0), (1, 0), (0, 1)));
}

#[test]
fn two_orders() {
    let mut story = Story::new();
    let (one, other) = (story.shown_at(1, 5), story.shown_at(1, 7));
    story.records[1].entries[one] = Entry::Shown(Event { seq: 5, ..said(7, mark(0, 3)) });
    story.records[1].entries[other] = Entry::Shown(Event { seq: 7, ..said(5, mark(0, 1)) });
    story.has(&[Violation::TwoEvents { seq: 5 }, Violation::TwoEvents { seq: 7 }]);
}

#[test]
fn somebody_elses_whisper() {
    let mut story = Story::new();
    let (at, whisper) = (story.shown_at(2, 7), story.journal[1]);
    story.records[2].entries.insert(at, Entry::Shown(whisper));
    story.has(&[Violation::Foreign { by: 2, seq: 6 }]);
}

#[test]
fn a_seq_that_goes_back() {
    let mut story = Story::new();
    let (one, other) = (story.shown_at(1, 6), story.shown_at(1, 7));
    story.records[1].entries.swap(one, other);
    story.has(&[Violation::Backwards { by: 1, seq: 6, after: 7 }]);
    let mut story = Story::new();
    story.journal.swap(0, 1);
    story.has(&[Violation::Unsorted { seq: 5, after: 6 }]);
}

#[test]
fn an_acknowledged_message_that_nobody_has() {
    let mut story = Story::new();
    let lost = said(8, mark(0, 4));
    let at = story.shown_at(0, 9);
    story.records[0].entries.splice(at..at, [ask(mark(0, 4)), Entry::Shown(lost)]);
    story.has(&[Violation::NotKept { by: 0, seq: 8 }]);
}

#[test]
fn another_text_sender_or_recipient() {
    let mut story = Story::new();
    let altered =
        Event { what: What::Said { from: 0, to: To::Room(GENERAL), mark: None, removed: false }, ..story.journal[2] };
    story.journal[2] = altered;
    for by in 0..3 {
        let at = story.shown_at(by, 7);
        story.records[by].entries[at] = Entry::Shown(altered);
    }
    story.has(&[Violation::Altered { seq: 7 }, Violation::Unanswered { mark: mark(0, 3) }]);
    let mut story = Story::new();
    story.records[0].entries[2] = Entry::Asked { mark: mark(0, 2), to: To::Person(2), again: false };
    story.has(&[Violation::Misdirected { mark: mark(0, 2), seq: 6 }]);
    // One client is shown it as another event than the others.
    let mut story = Story::new();
    let at = story.shown_at(1, 7);
    story.records[1].entries[at] = Entry::Shown(altered);
    story.has(&[Violation::TwoEvents { seq: 7 }]);
}

#[test]
fn what_was_refused_or_not_asked_for_or_not_answered() {
    let mut story = Story::new();
    story.records[2].entries.push(Entry::Refused(mark(2, 1)));
    story.has(&[Violation::SaidThoughRefused { mark: mark(2, 1), seq: 9 }]);
    let mut story = Story::new();
    story.records[0].entries.retain(|entry| !matches!(entry, Entry::Asked { mark, .. } if mark.number == 1));
    story.has(&[Violation::Unasked { mark: mark(0, 1), seq: 5 }]);
    let mut story = Story::new();
    story.records[1].entries.push(ask(mark(1, 1)));
    story.has(&[Violation::Unanswered { mark: mark(1, 1) }]);
    story.records[1].entries.push(Entry::Doubtful(mark(1, 1)));
    story.has(&[]);
}

#[test]
fn requests_of_one_connection_in_the_wrong_order() {
    let mut story = Story::new();
    story.records[0].entries.swap(1, 3);
    story.has(&[
        Violation::Swapped { first: mark(0, 2), second: mark(0, 1) },
        Violation::Swapped { first: mark(0, 3), second: mark(0, 2) },
    ]);
}

#[test]
fn a_gap_and_a_token_that_is_lost() {
    let mut story = Story::new();
    story.records[1]
        .entries
        .extend([Entry::Welcomed { after: Some(9), seq: 9, left_at: None, gap: true }, Entry::TokenRefused]);
    story.has(&[Violation::Gap { by: 1, after: Some(9) }, Violation::TokenRefused { by: 1 }]);
}

#[test]
fn whispers_that_waited_and_what_was_said_to_all_meanwhile() {
    let mut story = Story::new();
    // The second was away from 4 to 7.
    let shown = |event: &Event| Entry::Shown(*event);
    let came = Entry::Welcomed { after: None, seq: 7, left_at: Some(4), gap: false };
    let whisper = shown(&story.journal[1]);
    story.records[1].entries = vec![welcomed(None, 3), came, whisper, shown(&story.journal[3])];
    story.has(&[]);
    story.records[1].entries.remove(2);
    story.has(&[Violation::NotShown { by: 1, seq: 6 }]);
    // A connection that broke in between is continued behind the whisper, and has all from there.
    story.records[1].entries = vec![welcomed(None, 3), came, whisper, welcomed(Some(6), 9), shown(&story.journal[3])];
    story.has(&[Violation::NotShown { by: 1, seq: 7 }]);
    // Whoever came not so far at the end has missed the rest.
    story.records[1].entries = vec![welcomed(None, 3), came, whisper];
    story.has(&[Violation::NotShown { by: 1, seq: 9 }]);
}

#[test]
fn a_history_that_is_not_the_journals() {
    let journal = Story::new().journal;
    let check = |history: &[Event], account| check_history(history, (account, None), &journal, (9, history.len()));
    assert_eq!(check(&journal, 1), None);
    assert_eq!(check(&journal[1..], 1), None);
    let without_whisper = [journal[0], journal[2], journal[3]];
    assert_eq!(check(&without_whisper, 2), None);
    assert_eq!(check(&without_whisper, 1), Some(Violation::History { seq: 6 }));
    assert_eq!(check(&journal, 2), Some(Violation::History { seq: 7 }));
    let twice = [journal[0], journal[1], journal[1], journal[2]];
    assert_eq!(check(&twice, 1), Some(Violation::History { seq: 7 }));
    // It may be cut only where it's long.
    let history = check_history(&journal[1..], (1, None), &journal, (9, 4));
    assert_eq!(history, Some(Violation::History { seq: 5 }));
}

/// The third client's first connection is ended when 8 is the newest event.
#[test]
fn something_of_a_session_that_was_ended() {
    let connected = Instant::now();
    let ended = |answered| Ended { account: 2, asked: connected + Duration::from_millis(1), answered };
    let found = |ends: &[Ended], again: bool| {
        let mut story = Story::new();
        story.records[2].entries.insert(0, Entry::Connected(connected));
        if !again {
            story.records[2].entries.retain(|entry| !matches!(entry, Entry::Asked { again: true, .. }));
        }
        let mut verdict = Verdict::default();
        verdict.violations.push(Violation::TokenRefused { by: 2 });
        check_ends(&story.records, &story.journal, ends, &mut verdict);
        verdict.violations
    };
    let (shown, said) =
        (Violation::ShownAfterTheEnd { by: 2, seq: 9 }, Violation::SaidAfterTheEnd { mark: mark(2, 1), seq: 9 });
    assert_eq!(found(&[ended(9)], false), [], "and its token may be refused");
    assert_eq!(found(&[ended(8)], false), [said, shown]);
    assert_eq!(found(&[ended(8)], true), [shown], "what was sent again came another way, perhaps");
    let others = [Ended { account: 1, ..ended(8) }, Ended { asked: connected, ..ended(8) }];
    assert_eq!(found(&others[..1], false), [Violation::TokenRefused { by: 2 }], "another account was");
    assert_eq!(found(&others[1..], false), [], "it came after the end");
}
