//! The checker finds whatever is wrong with rooms, with what was taken back, with questions and votes.

use crate::asks::{check_questions, check_votes};
use crate::checker::{check, check_history};
use crate::checker_tests::{ask, mark, said, said_to, welcomed};
use crate::history::{Account, Entry, Event, Record, TEACHER, To, What};
use crate::mark::Mark;
use crate::removals::check_removals;
use crate::room::{BESIDE, GENERAL, MADE, Room};
use crate::splits::check_splits;
use crate::violation::Violation;
use std::collections::HashSet;

const OPEN: Room = MADE[0];
const CLOSED: Room = MADE[2];

fn event(seq: u64, what: What) -> Event {
    Event { seq, what, print: seq }
}

fn entered(seq: u64, room: Room, who: Account) -> Event {
    event(seq, What::Entered { room, who })
}

/// What the journal has of an event whose words were taken back, with the event that tells so.
fn taken_back(of: Event, seq: u64) -> [Event; 2] {
    let What::Said { from, to, mark, .. } = of.what else { panic!("{of:?}") };
    let what = What::Said { from, to, mark, removed: true };
    [Event { what, ..of }, event(seq, What::Removed { event: of.seq, from: Some(from), to })]
}

/// Somebody who was there from 4 on and was shown this.
fn shown(by: u16, events: &[Event]) -> Record {
    let shown = events.iter().map(|&event| Entry::Shown(event));
    Record { by, account: by, once: false, entries: [welcomed(None, 4)].into_iter().chain(shown).collect() }
}

#[track_caller]
fn has(records: &[Record], journal: &[Event], expected: &[Violation]) {
    let end = journal.last().unwrap().seq;
    let mut found = check(records, journal, end).violations;
    found.sort();
    found.dedup();
    assert_eq!(found, expected);
}

/// The first says 0-1 and 0-2 in a room. The second comes into it in between and is out before the third 0-3.
fn class() -> (Vec<Record>, Vec<Event>) {
    let in_room = |seq, number| said_to(seq, mark(0, number), To::Room(CLOSED));
    let out = event(9, What::Exited { room: CLOSED, who: 1 });
    let closed = event(11, What::Closed { room: CLOSED });
    let journal = vec![
        entered(5, CLOSED, 0),
        in_room(6, 1),
        entered(7, CLOSED, 1),
        in_room(8, 2),
        out,
        in_room(10, 3),
        closed,
        said(12, mark(0, 4)),
    ];
    let mut first = shown(0, &journal);
    let asked = (1..4).map(|number| Entry::Asked { mark: mark(0, number), to: To::Room(CLOSED), again: false });
    first.entries.splice(1..1, asked.chain([ask(mark(0, 4))]));
    let second = shown(1, &[journal[2], journal[3], journal[4], journal[7]]);
    (vec![first, second, shown(2, &[journal[7]])], journal)
}

#[test]
fn a_room_is_for_who_is_in_it() {
    let (records, journal) = class();
    has(&records, &journal, &[]);
    let foreign = |by, index: usize| {
        let (mut records, journal) = class();
        let record = &mut records[usize::from(by)].entries;
        let at =
            record.iter().position(|entry| matches!(entry, Entry::Shown(e) if e.seq > journal[index].seq)).unwrap();
        record.insert(at, Entry::Shown(journal[index]));
        has(&records, &journal, &[Violation::Foreign { by, seq: journal[index].seq }]);
    };
    // What was before it entered, what was after it went out, and what isn't its at all.
    foreign(1, 1);
    foreign(1, 5);
    foreign(1, 6);
    foreign(2, 0);
    foreign(2, 3);
    let lost = |by: u16, seq| {
        let (mut records, journal) = class();
        records[usize::from(by)].entries.retain(|entry| !matches!(entry, Entry::Shown(event) if event.seq == seq));
        let mut expected = vec![Violation::NotShown { by, seq }];
        let unanswered = journal.iter().find(|event| by == 0 && event.seq == seq).and_then(Event::mark);
        expected.splice(0..0, unanswered.map(|mark| Violation::Unanswered { mark }));
        has(&records, &journal, &expected);
    };
    (7..=9).for_each(|seq| lost(1, seq));
    (5..=11).for_each(|seq| lost(0, seq));
    // A comeback has what one was in the room for.
    let (mut records, journal) = class();
    records[1].entries.splice(2..2, [welcomed(Some(7), 11)]);
    has(&records, &journal, &[]);
    records[1].entries.remove(3);
    has(&records, &journal, &[Violation::NotShown { by: 1, seq: 8 }]);
}

#[test]
fn nobody_speaks_or_is_where_they_are_not() {
    let outside = |index: usize, event: Event, seq| {
        let (_, mut journal) = class();
        journal.insert(index, event);
        let mut violations = Vec::new();
        crate::eyes::Eyes::of(&journal, &mut violations);
        assert_eq!(violations, [Violation::Outside { seq }]);
    };
    let speaks = |seq| said_to(seq, mark(1, 1), To::Room(CLOSED));
    outside(1, speaks(5), 5);
    outside(6, speaks(10), 10);
    outside(8, speaks(12), 12);
    outside(3, entered(7, CLOSED, 1), 7);
    outside(6, event(10, What::Exited { room: CLOSED, who: 1 }), 10);
    outside(8, event(12, What::Closed { room: CLOSED }), 12);
    // It was asked to be said in another room.
    let (mut records, journal) = class();
    records[0].entries[1] = Entry::Asked { mark: mark(0, 1), to: To::Room(OPEN), again: false };
    has(&records, &journal, &[Violation::Misdirected { mark: mark(0, 1), seq: 6 }]);
    let (mut records, journal) = class();
    records[0].entries.push(Entry::Refused(mark(0, 3)));
    has(&records, &journal, &[Violation::SaidThoughRefused { mark: mark(0, 3), seq: 10 }]);
}

#[test]
fn a_rooms_history() {
    let (_, journal) = class();
    let check = |room, account, journal: &[Event], history: &[Event]| {
        check_history(history, (account, Some(room)), journal, (12, 100))
    };
    assert_eq!(check(CLOSED, 0, &journal, &[journal[1], journal[3], journal[5]]), None);
    assert_eq!(check(CLOSED, 1, &journal, &[journal[3]]), None);
    assert_eq!(check(CLOSED, 1, &journal, &[journal[1], journal[3]]), Some(Violation::History { seq: 8 }));
    assert_eq!(check(CLOSED, 1, &journal, &[]), Some(Violation::History { seq: 8 }));
    assert_eq!(check(CLOSED, 2, &journal, &[]), None);
    // Of an open one all there is, to who is in it, but nothing of one that was closed before.
    let say = |seq, number| said_to(seq, mark(0, number), To::Room(OPEN));
    let mut journal = vec![entered(1, OPEN, 0), say(2, 1), entered(3, OPEN, 1)];
    assert_eq!(check(OPEN, 1, &journal, &[journal[1]]), None);
    assert_eq!(check(OPEN, 2, &journal, &[journal[1]]), Some(Violation::History { seq: 2 }));
    journal.extend([event(4, What::Closed { room: OPEN }), entered(5, OPEN, 0), say(6, 2), entered(7, OPEN, 1)]);
    assert_eq!(check(OPEN, 1, &journal, &[journal[5]]), None);
    assert_eq!(check(OPEN, 1, &journal, &[journal[1], journal[5]]), Some(Violation::History { seq: 6 }));
}

#[test]
fn stays_that_the_server_may_forget() {
    let stay = |at: u64| {
        let out = event(at + 2, What::Exited { room: CLOSED, who: 1 });
        [entered(at, CLOSED, 1), said_to(at + 1, mark(1, at as u32), To::Room(CLOSED)), out]
    };
    let missing = |stays: u64, seqs: &[u64]| {
        let journal: Vec<Event> = (0..stays).flat_map(|number| stay(3 * number + 1)).collect();
        let said = journal.iter().copied().filter(|event| event.is_told_again() && !seqs.contains(&event.seq));
        let history: Vec<Event> = said.collect();
        check_history(&history, (1, Some(CLOSED)), &journal, (3 * stays, usize::MAX))
    };
    assert_eq!(missing(500, &[]), None);
    assert_eq!(missing(500, &[2]), Some(Violation::History { seq: 2 }));
    assert_eq!(missing(501, &[2]), None);
    assert_eq!(missing(501, &[5]), Some(Violation::History { seq: 5 }));
}

/// The first says 0-1 and takes it back; the second sees it, and what the third sees when it comes back later.
fn taken(anew: bool) -> (Vec<Record>, Vec<Event>) {
    let words = said(5, mark(0, 1));
    let [wordless, told] = taken_back(words, 6);
    let mut first = shown(0, &[words, told]);
    first.entries.insert(1, ask(mark(0, 1)));
    first.entries.extend([Entry::Removing(5), Entry::Took(5)]);
    let mut third = shown(2, &[]);
    third.entries.extend([welcomed(Some(4), 6), Entry::Shown(if anew { wordless } else { words })]);
    third.entries.push(Entry::Shown(told));
    (vec![first, shown(1, &[words, told]), third], vec![wordless, told])
}

#[test]
fn what_was_taken_back_is_shown_without_its_words() {
    let (mut records, mut journal) = taken(true);
    has(&records, &journal, &[]);
    // It counts as shown, and as nothing else.
    records[2].entries.remove(2);
    has(&records, &journal, &[Violation::NotShown { by: 2, seq: 5 }]);
    let (mut records, _) = taken(true);
    let twice = records[2].entries[2];
    records[2].entries.insert(3, twice);
    has(&records, &journal, &[Violation::ShownTwice { by: 2, seq: 5 }]);
    let (records, _) = taken(false);
    has(&records, &journal, &[Violation::WordsShown { by: 2, seq: 5 }]);
    let (records, _) = taken(true);
    journal[0] = said(5, mark(0, 1));
    has(&records, &journal, &[Violation::TwoEvents { seq: 5 }]);
}

#[test]
fn words_that_are_left_or_lost() {
    let found = |records: &[Record], journal: &[Event], left: &[Mark]| {
        let mut violations = Vec::new();
        check_removals(records, journal, &HashSet::from_iter(left.iter().copied()), &mut violations);
        violations
    };
    let (mut records, mut journal) = taken(true);
    assert_eq!(found(&records, &journal, &[mark(0, 2)]), []);
    assert_eq!(found(&records, &journal, &[mark(0, 1)]), [Violation::WordsLeft { mark: mark(0, 1), seq: 5 }]);
    assert_eq!(found(&records, &journal[..1], &[]), [Violation::RemovalsTold { seq: 5, times: 0 }]);
    let twice = [&journal[..], &journal[1..]].concat();
    assert_eq!(found(&records, &twice, &[]), [Violation::RemovalsTold { seq: 5, times: 2 }]);
    journal[0] = said(5, mark(0, 1));
    assert_eq!(found(&records, &journal[..1], &[]), [Violation::NotRemoved { seq: 5 }]);
    let (_, journal) = taken(true);
    records[0].entries.retain(|entry| !matches!(entry, Entry::Removing(_) | Entry::Took(_)));
    assert_eq!(found(&records, &journal, &[]), [Violation::WordsLost { seq: 5 }]);
}

#[test]
fn who_asks_is_for_the_teacher_and_for_them_alone() {
    let question = event(5, What::Question { room: GENERAL, mark: Some(mark(0, 1)), removed: false });
    let asked = event(6, What::Asked { question: 5, room: GENERAL, from: 0, mark: Some(mark(0, 1)) });
    let journal = [question, asked];
    let mut first = shown(0, &journal);
    first.entries.insert(1, Entry::Asked { mark: mark(0, 1), to: To::Question(GENERAL), again: false });
    let mut teacher = shown(3, &journal);
    teacher.account = TEACHER;
    let mut records = vec![first, shown(1, &[question]), teacher];
    has(&records, &journal, &[]);
    records[1].entries.push(Entry::Shown(asked));
    has(&records, &journal, &[Violation::Foreign { by: 1, seq: 6 }]);
    records[1].entries.pop();
    records[2].entries.pop();
    has(&records, &journal, &[Violation::NotShown { by: 3, seq: 6 }]);
    records[2].entries.push(Entry::Shown(asked));
    // It is taken back, and the words of it are left.
    let wordless = event(5, What::Question { room: GENERAL, mark: None, removed: true });
    let told = event(7, What::Removed { event: 5, from: None, to: To::Room(GENERAL) });
    records.iter_mut().for_each(|record| record.entries.push(Entry::Shown(told)));
    records[0].entries.push(Entry::Removing(5));
    let journal_then = [wordless, asked, told];
    has(&records, &journal_then, &[]);
    let mut violations = Vec::new();
    check_removals(&records, &journal_then, &HashSet::from([mark(0, 1)]), &mut violations);
    assert_eq!(violations, [Violation::WordsLeft { mark: mark(0, 1), seq: 5 }]);
    check_questions(&journal_then, &mut violations);
    assert_eq!(violations.len(), 1);
    let halved = |journal: &[Event]| {
        let mut violations = Vec::new();
        check_questions(journal, &mut violations);
        violations
    };
    assert_eq!(halved(&journal), []);
    assert_eq!(halved(&journal[..1]), [Violation::Halved { seq: 5 }]);
    assert_eq!(halved(&journal[1..]), [Violation::Halved { seq: 6 }]);
    let of_another = event(6, What::Asked { question: 5, room: GENERAL, from: 0, mark: Some(mark(1, 1)) });
    assert_eq!(halved(&[question, of_another]), [Violation::Halved { seq: 6 }]);
}

#[test]
fn a_split_is_told_before_its_groups_and_its_end_behind_theirs() {
    let [one, two] = [BESIDE[3], BESIDE[4]];
    let closed = |seq, room| event(seq, What::Closed { room });
    let journal = [
        event(5, What::Split),
        entered(6, one, 1),
        entered(7, two, 2),
        closed(8, one),
        closed(9, two),
        event(10, What::Gathered),
        event(11, What::Split),
        entered(12, one, 1),
    ];
    let halved = |without: &[u64]| {
        let journal: Vec<Event> = journal.into_iter().filter(|event| !without.contains(&event.seq)).collect();
        let mut violations = Vec::new();
        check_splits(&journal, &mut violations);
        violations
    };
    assert_eq!(halved(&[]), []);
    assert_eq!(halved(&[12]), [Violation::Halved { seq: 11 }]);
    assert_eq!(halved(&[6]), [Violation::Halved { seq: 5 }]);
    assert_eq!(halved(&[8]), [Violation::Halved { seq: 10 }, Violation::Halved { seq: 11 }], "one is still there");
    assert_eq!(halved(&[8, 10]), [Violation::Halved { seq: 11 }]);
}

#[test]
fn a_vote_that_is_lost_or_too_many() {
    let voted = |number, option| Entry::Voted { number, poll: 5, option };
    let answered = |number, counts| Entry::VoteAnswered { number, counts };
    let first = vec![voted(1, 0), answered(1, true), voted(2, 1), answered(2, true)];
    let unsure = vec![voted(1, 0), answered(1, true), voted(2, 2)];
    let refused = vec![voted(1, 2), answered(1, false), Entry::Voted { number: 2, poll: 4, option: 2 }];
    let records = [first, unsure, refused].into_iter().zip(0..);
    let records: Vec<Record> = records.map(|(entries, by)| Record { by, account: by, once: false, entries }).collect();
    let found = |counts| {
        let mut violations = Vec::new();
        check_votes(&records, &[event(9, What::PollClosed { room: GENERAL, poll: 5, counts })], &mut violations);
        violations.sort();
        violations
    };
    let votes = |option| Violation::Votes { seq: 9, option };
    assert_eq!(found([1, 1, 0]), []);
    assert_eq!(found([0, 1, 1]), []);
    assert_eq!(found([1, 0, 0]), [votes(None), votes(Some(1))], "lost");
    assert_eq!(found([2, 1, 0]), [votes(None), votes(Some(0))], "from nowhere");
    assert_eq!(found([0, 2, 0]), [votes(Some(1))]);
    assert_eq!(found([0, 0, 2]), [votes(Some(1)), votes(Some(2))]);
    assert_eq!(found([0, 1, 0]), [votes(None)], "it counts as the first, or as the second");
}
