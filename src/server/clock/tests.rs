use super::clock_file::TURNS_MAX;
use super::reckoning::{Reading, Reckoning};
use super::*;
use jiff::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const ZERO: SignedDuration = SignedDuration::ZERO;

fn noon() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

/// A machine: how long it has run, and what its clock then says.
struct Machine {
    reckoning: Reckoning,
    ran: SignedDuration,
    clock: Timestamp,
    seq: u64,
}

impl Machine {
    fn start(kept: Option<Kept>, clock: Timestamp) -> Self {
        Self { reckoning: Reckoning::begin(kept, None, clock), ran: ZERO, clock, seq: 0 }
    }

    /// A first start at noon, and an hour's run.
    fn at_noon() -> Self {
        let mut machine = Self::start(None, noon());
        machine.run(HOUR);
        machine
    }

    /// Off for so long, and its clock is then wrong by so much.
    fn restart(self, off: SignedDuration, wrong: SignedDuration) -> Self {
        let seq = self.seq;
        Self { seq, ..Self::start(Some(self.reckoning.kept), self.clock + off + wrong) }
    }

    fn read(&mut self) {
        self.reckoning.read(Reading { system: self.clock, ran: self.ran });
    }

    fn run(&mut self, time: SignedDuration) {
        (self.ran, self.clock) = (self.ran + time, self.clock + time);
        self.read();
    }

    fn set(&mut self, by: SignedDuration) {
        self.clock += by;
        self.read();
    }

    /// The next event: its seq and its time.
    fn say(&mut self) -> (u64, Timestamp) {
        self.seq += 1;
        (self.seq, self.reckoning.stamp(self.seq))
    }

    fn age(&self, stamp: Timestamp) -> SignedDuration {
        self.reckoning.now().age(stamp)
    }

    fn age_of(&self, (seq, time): (u64, Timestamp)) -> SignedDuration {
        self.age(self.reckoning.kept.lived_of(seq, time))
    }

    fn lived(&self) -> Timestamp {
        self.reckoning.now().lived
    }

    fn rests(&self) -> bool {
        self.reckoning.now().rests
    }
}

#[test]
fn a_clock_that_nobody_sets_shows_what_it_says() {
    let mut machine = Machine::at_noon();
    let (event, stamp) = (machine.say(), machine.lived());
    assert_eq!(event.1, noon() + HOUR);
    machine.run(10 * DAY);
    let mut machine = machine.restart(10 * DAY, ZERO);
    assert_eq!((machine.age(stamp), machine.age_of(event)), (20 * DAY, 20 * DAY), "holidays count");
    assert_eq!(machine.say().1, machine.clock);
    assert!(machine.reckoning.kept.turns.is_empty() && !machine.rests() && machine.reckoning.news().is_none());
}

#[test]
fn no_clock_that_is_set_while_it_runs_makes_anything_older() {
    for by in [400 * DAY, 45 * DAY, -45 * DAY, -400 * DAY] {
        let mut machine = Machine::at_noon();
        let (event, stamp) = (machine.say(), machine.lived());
        machine.set(by);
        assert!(machine.rests(), "{by:?}");
        let after = machine.say();
        assert!(after.1 >= event.1, "times don't run backwards");
        machine.run(MINUTE);
        for _ in 0..2 {
            assert_eq!((machine.age(stamp), machine.age_of(event), machine.age_of(after)), (MINUTE, MINUTE, MINUTE));
            machine = machine.restart(ZERO, ZERO);
        }
    }
}

#[test]
fn nor_one_that_is_wrong_at_the_start_and_set_right() {
    for wrong in [400 * DAY, 45 * DAY, -45 * DAY, -400 * DAY] {
        let mut machine = Machine::at_noon();
        let (event, stamp) = (machine.say(), machine.lived());
        let mut machine = machine.restart(HOUR, wrong);
        assert!(machine.rests() && machine.reckoning.doubt().is_some(), "{wrong:?}");
        machine.run(MINUTE);
        assert_eq!((machine.age(stamp), machine.age_of(event)), (MINUTE, MINUTE));
        let (late, late_stamp) = (machine.say(), machine.lived());
        assert!(late.1 >= event.1);
        machine.run(MINUTE);
        machine.set(-wrong);
        assert!(!machine.rests(), "it is plausible again: {wrong:?}");
        assert!(machine.reckoning.news().unwrap().contains("plausible again"));
        // Only now it is known that the server was off for an hour.
        assert_eq!((machine.age(stamp), machine.age_of(event)), (HOUR + 2 * MINUTE, HOUR + 2 * MINUTE), "{wrong:?}");
        assert_eq!((machine.age(late_stamp), machine.age_of(late)), (MINUTE, MINUTE), "what was made here is no older");
        let machine = machine.restart(ZERO, ZERO);
        assert_eq!((machine.age(stamp), machine.age_of(event)), (HOUR + 2 * MINUTE, HOUR + 2 * MINUTE), "{wrong:?}");
        assert_eq!((machine.age(late_stamp), machine.age_of(late)), (MINUTE, MINUTE));
    }
}

/// A Raspberry Pi that is on by day, and each morning thinks that it is still evening.
#[test]
fn nights_that_the_clock_knows_late_make_things_older_all_the_same() {
    let mut machine = Machine::at_noon();
    let (event, stamp) = (machine.say(), machine.lived());
    for day in 1..=30 {
        machine = machine.restart(16 * HOUR, -16 * HOUR);
        machine.run(MINUTE);
        let in_between = machine.say();
        machine.run(MINUTE);
        machine.set(16 * HOUR);
        assert_eq!(machine.age_of(in_between), MINUTE);
        machine.run(8 * HOUR - 2 * MINUTE);
        assert_eq!((machine.age(stamp), machine.age_of(event)), (day * DAY, day * DAY));
    }
}

#[test]
fn a_pause_of_months_is_not_believed() {
    let machine = Machine::at_noon();
    let stamp = machine.lived();
    let mut machine = machine.restart(60 * DAY, ZERO);
    assert_eq!(machine.say().1, machine.clock, "people read the right time all the same");
    machine.run(2 * HOUR);
    assert!(!machine.rests(), "it has stood");
    assert_eq!(machine.age(stamp), 2 * HOUR);
    machine.run(29 * DAY);
    assert_eq!(machine.age(stamp), 29 * DAY + 2 * HOUR, "and nothing lives on for ever");
}

#[test]
fn times_go_on_until_a_clock_that_is_behind_has_caught_up() {
    let machine = Machine::at_noon();
    let mut machine = machine.restart(ZERO, -45 * DAY);
    for minutes in 1..=300 {
        machine.run(MINUTE);
        assert_eq!(machine.say().1, noon() + HOUR + minutes * MINUTE);
    }
    assert!(machine.rests(), "it was never set");
    machine.set(45 * DAY);
    assert_eq!(machine.say().1, machine.clock);
}

#[test]
fn a_clock_that_was_ahead_and_is_set_right_is_believed_after_an_hour() {
    for restarted in [false, true] {
        let mut machine = Machine::at_noon();
        machine.say();
        machine.set(400 * DAY);
        let wrong = machine.say().1;
        machine.run(MINUTE);
        if restarted {
            machine = machine.restart(ZERO, -400 * DAY);
        } else {
            machine.set(-400 * DAY);
        }
        machine.run(HOUR - MINUTE);
        let event = machine.say();
        assert!(event.1 > wrong, "not at once");
        machine.run(2 * MINUTE);
        assert_eq!(machine.say().1, machine.clock, "restarted: {restarted}");
        assert_eq!(machine.age_of(event), 2 * MINUTE);
    }
}

#[test]
fn a_clock_that_is_set_back_a_little_is_waited_for() {
    let mut machine = Machine::at_noon();
    let before = machine.say().1;
    machine.set(-MINUTE);
    assert_eq!(machine.say().1, before);
    machine.run(MINUTE / 2);
    assert_eq!(machine.say().1, before);
    machine.run(3 * MINUTE / 2);
    assert_eq!(machine.say().1, before + MINUTE);
    assert!(!machine.rests() && machine.reckoning.news().is_none());
}

#[test]
fn the_newest_event_tells_the_time_where_nothing_else_does() {
    let mut machine =
        Machine { reckoning: Reckoning::begin(None, Some(noon()), noon() - 45 * DAY), ..Machine::at_noon() };
    assert_eq!((machine.say().1, machine.lived()), (noon(), noon()));
    assert_eq!(Reckoning::begin(None, Some(noon()), noon() + 3 * DAY).now().lived, noon() + 3 * DAY);
    assert_eq!(Reckoning::begin(None, Some(noon()), noon() + 400 * DAY).now().lived, noon());
    // What was said since the file was written.
    let kept = Machine::at_noon().reckoning.kept;
    let after = Reckoning::begin(Some(kept), Some(noon() + HOUR + 30 * MINUTE), noon());
    assert_eq!(after.now().lived, noon() + HOUR + 30 * MINUTE);
}

#[test]
fn what_is_remembered_has_a_bound_and_nothing_becomes_older_by_it() {
    let (mut machine, mut said) = (Machine::at_noon(), Vec::new());
    for round in 0..TURNS_MAX {
        // In some order, each with a pause that is told late.
        let ahead = if round % 2 == 0 { 400 * DAY } else { -400 * DAY };
        machine = machine.restart(HOUR, -HOUR);
        machine.run(MINUTE);
        machine.set(HOUR);
        said.push((machine.say(), machine.lived()));
        machine.set(ahead);
        said.push((machine.say(), machine.lived()));
        machine.run(2 * HOUR);
    }
    let kept = &machine.reckoning.kept;
    assert_eq!((kept.turns.len(), kept.pauses.len()), (TURNS_MAX, TURNS_MAX));
    let forgotten = machine.age_of(said[1].0);
    assert!(forgotten >= machine.age(kept.turns[1].lived), "it grows old all the same: {forgotten:?}");
    for (event, stamp) in said {
        assert!((ZERO..=machine.age(stamp) + MINUTE).contains(&machine.age_of(event)), "{event:?}");
    }
}

#[test]
fn kept_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clock.json");
    let newest = Timestamp::now() + 45 * DAY;
    let clock = Clock::open(&path, Some(newest)).unwrap();
    assert!(clock.stamp(7) >= newest && clock.now().rests && clock.doubt().is_some());
    assert!(clock.news().is_some() && clock.news().is_none());
    clock.save().unwrap();
    let kept = Kept::read(&path).unwrap().unwrap();
    let went_on = Clock::open(&path, None).unwrap().now().age(kept.lived_of(8, newest));
    assert!((ZERO..HOUR).contains(&went_on), "{went_on:?}");
    std::fs::write(&path, "{}").unwrap();
    assert!(Clock::open(&path, None).unwrap_err().contains("put a copy of it in its place, or remove it"));
}
