use super::clock_file::TURNS_MAX;
use super::reckoning::{Reading, Reckoning};
use super::*;
use jiff::{SignedDuration, Timestamp};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const ZERO: SignedDuration = SignedDuration::ZERO;

/// Some day long after the build: a clock may be wrong by a year and yet say what is possible.
fn noon() -> Timestamp {
    built() + 1_000 * DAY
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
        self.reckoning.read(Reading { system: self.clock, ran: self.ran, hurries: false });
    }

    fn run(&mut self, time: SignedDuration) {
        (self.ran, self.clock) = (self.ran + time, self.clock + time);
        self.read();
    }

    fn set(&mut self, by: SignedDuration) {
        self.clock += by;
        self.read();
    }

    /// Until then nothing goes back.
    fn followed_after_ten_minutes(&mut self) {
        for minute in 1..=10 {
            assert!(self.reckoning.kept.shown > self.clock + 4 * MINUTE, "not yet: {minute}");
            self.run(MINUTE);
        }
        assert_eq!(self.reckoning.kept.shown, self.clock);
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
    let mut machine = machine.restart(ZERO, -1_100 * DAY);
    for minutes in 1..=300 {
        machine.run(MINUTE);
        assert_eq!(machine.say().1, noon() + HOUR + minutes * MINUTE);
    }
    assert!(machine.rests(), "it was never set");
    assert!(machine.reckoning.doubt().unwrap().contains("it was never set"));
    machine.set(1_100 * DAY);
    assert_eq!(machine.say().1, machine.clock);
}

#[test]
fn a_clock_that_was_ahead_and_is_set_right_is_followed() {
    for restarted in [false, true] {
        let mut machine = Machine::at_noon();
        machine.say();
        machine.set(400 * DAY);
        let wrong = machine.say().1;
        machine.run(MINUTE);
        if restarted {
            machine = machine.restart(ZERO, -400 * DAY);
            assert!(machine.say().1 > wrong, "which of the two was right?");
            machine.followed_after_ten_minutes();
        } else {
            // It fits what was known before.
            machine.set(-400 * DAY);
        }
        let event = machine.say();
        assert_eq!(event.1, machine.clock, "restarted: {restarted}");
        let told = machine.reckoning.news().unwrap();
        assert!(told.contains("go back by 400 days") && told.contains(&crate::protocol::format_time(wrong)), "{told}");
        assert!(told.ends_with(machine.reckoning.past_trouble().unwrap()), "and it can be asked for");
        assert!(machine.reckoning.kept.went_back().unwrap().contains("400 days too late"));
        machine.run(2 * MINUTE);
        assert_eq!((machine.age_of(event), machine.rests()), (2 * MINUTE, false));
    }
}

#[test]
fn a_first_start_that_was_ahead_is_got_over() {
    for restarted in [false, true] {
        let mut machine = Machine::start(None, noon() + 400 * DAY);
        machine.run(HOUR);
        let (wrong, stamp) = (machine.say(), machine.lived());
        if restarted {
            machine = machine.restart(HOUR, -400 * DAY);
        } else {
            machine.set(-400 * DAY);
        }
        assert!(machine.reckoning.doubt().unwrap().contains("10 minutes"));
        assert!(machine.say().1 >= wrong.1, "not at once");
        machine.followed_after_ten_minutes();
        let told = machine.reckoning.news().unwrap();
        assert!(told.contains("what was said up to") && told.contains("400 days too late"), "{told}");
        let event = machine.say();
        assert_eq!((event.1, machine.rests()), (machine.clock, false), "restarted: {restarted}");
        for day in 1..=40 {
            machine.run(DAY);
            let ages = (machine.age_of(event), machine.age_of(wrong), machine.age(stamp));
            assert_eq!(ages, (day * DAY, day * DAY + 10 * MINUTE, day * DAY + 10 * MINUTE), "and all grows older");
            machine = machine.restart(ZERO, ZERO);
        }
        assert!(machine.reckoning.news().is_none());
    }
}

/// The second as wrong as the first, more, less, or the other way.
#[test]
fn two_wrong_starts_after_each_other_are_got_over() {
    for [first, second] in [[400, 400], [400, 800], [800, 400], [400, -45], [-45, 400], [-45, -45], [-1_100, 400]] {
        let (mut machine, mut said) = (Machine::start(None, noon() + first * DAY), Vec::new());
        for wrong in [second - first, -second] {
            machine.run(MINUTE);
            said.push(machine.say());
            machine = machine.restart(MINUTE, wrong * DAY);
            machine.run(MINUTE);
            said.push(machine.say());
        }
        machine.run(12 * MINUTE);
        let event = machine.say();
        assert_eq!((event.1, machine.rests()), (machine.clock, false), "{first} {second}");
        for event in said {
            assert!((12 * MINUTE..=HOUR).contains(&machine.age_of(event)), "{first} {second}: {event:?}");
        }
    }
}

/// A Raspberry Pi at its first start and at a later one; the network tells the time ten seconds later.
#[test]
fn a_clock_that_was_never_set_and_then_is() {
    let mut machine = Machine::start(None, Timestamp::UNIX_EPOCH);
    assert!(machine.rests() && machine.reckoning.news().unwrap().contains("it was never set"));
    let event = machine.say();
    machine.run(SignedDuration::from_secs(10));
    assert!((ZERO..HOUR).contains(&event.1.duration_since(built())), "no time before the build");
    for _ in 0..2 {
        machine.set(noon().duration_since(machine.clock));
        assert_eq!((machine.say().1, machine.rests()), (noon(), false));
        assert!(machine.reckoning.news().unwrap().contains("set ahead by"));
        assert_eq!(machine.age_of(event), SignedDuration::from_secs(10));
        machine = machine.restart(ZERO, Timestamp::UNIX_EPOCH.duration_since(noon()));
        assert!(machine.rests());
    }
}

/// It says what is possible: nobody can know that it is wrong.
#[test]
fn a_clock_that_is_behind_and_stands_is_followed_and_costs_nothing() {
    let mut machine = Machine::at_noon();
    let event = machine.say();
    machine = machine.restart(ZERO, -45 * DAY);
    machine.followed_after_ten_minutes();
    assert_eq!(machine.say().1, machine.clock);
    machine.set(45 * DAY);
    assert_eq!((machine.say().1, machine.age_of(event)), (machine.clock, 10 * MINUTE));
}

#[test]
fn a_few_minutes_more_or_less() {
    for by in [-5 * MINUTE, 5 * MINUTE] {
        let mut machine = Machine::at_noon();
        let event = machine.say();
        machine.set(by);
        assert!(machine.reckoning.news().unwrap().contains("by 5 minutes"));
        assert!(machine.say().1 >= event.1);
        machine.run(10 * MINUTE);
        assert_eq!((machine.say().1, machine.age_of(event)), (machine.clock, 10 * MINUTE));
        assert!(!machine.rests());
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
        Machine { reckoning: Reckoning::begin(None, Some(noon()), noon() - 1_100 * DAY), ..Machine::at_noon() };
    assert_eq!((machine.say().1, machine.lived()), (noon(), noon()));
    assert_eq!(Reckoning::begin(None, Some(noon()), noon() + 3 * DAY).now().lived, noon() + 3 * DAY);
    assert_eq!(Reckoning::begin(None, Some(noon()), noon() + 400 * DAY).now().lived, noon());
    // What was said since the file was written.
    let kept = Machine::at_noon().reckoning.kept;
    let after = Reckoning::begin(Some(kept), Some(noon() + HOUR + 30 * MINUTE), noon());
    assert_eq!(after.now().lived, noon() + HOUR + 30 * MINUTE);
}

/// What was said before the clock was ahead is as old as it is, also where the file was taken away.
#[test]
fn a_newest_event_or_a_file_from_the_future_makes_nothing_older() {
    let event = |clock: Timestamp| (1, clock - 20 * DAY);
    let newest = noon() + 400 * DAY;
    let mut machine =
        Machine { reckoning: Reckoning::begin(None, Some(newest), noon()), ..Machine::start(None, noon()) };
    assert_eq!((machine.age_of(event(noon())), machine.rests()), (20 * DAY, true));
    machine.seq = 2;
    assert!(machine.say().1 >= newest);
    machine.followed_after_ten_minutes();
    assert_eq!((machine.say().1, machine.age_of(event(machine.clock))), (machine.clock, 20 * DAY));

    let ahead = Kept::of_event(newest);
    let mut reckoning = Reckoning::begin(Some(ahead), Some(noon()), noon() + DAY);
    assert!(reckoning.news().unwrap().contains("isn't believed"));
    let machine = Machine { reckoning, ..Machine::start(None, noon() + DAY) };
    assert_eq!((machine.age_of(event(machine.clock)), machine.rests()), (20 * DAY, false));
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
