//! How shown and lived time go on, from one look at the system's two clocks to the next: the one that people set, and the
//! one that runs. It looks at no clock itself.

use super::built::built;
use super::clock_file::{Kept, SLACK, WRITTEN_EVERY, later};
use super::now::Now;
use crate::durations;
use jiff::{SignedDuration, Timestamp};

/// So long a server may have been off, as the clock tells it, and that time counts: a weekend, most holidays. For longer
/// it is likelier that the clock is wrong.
pub(crate) const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A clock in doubt is believed when it has stood for so long: by then the network's time has come, or whoever set it has seen
/// that it is wrong. Nothing that is kept depends on it.
const STANDS: SignedDuration = SignedDuration::from_mins(10);

/// What the system's clocks say at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// The time of day.
    pub(super) system: Timestamp,
    /// How long the server has run.
    pub(super) ran: SignedDuration,
    /// A test doesn't want to wait until the clock has stood.
    pub(super) hurries: bool,
}

/// What time it is, as far as can be known.
#[derive(Debug)]
pub(super) struct Reckoning {
    /// As of the last reading.
    pub(super) kept: Kept,
    ran: SignedDuration,
    /// Lived time at the start.
    start: Timestamp,
    /// The system's clock when the server was last heard of before the start, and how much of what it says has passed
    /// since then is in lived time. None at a first start.
    before: Option<(Timestamp, SignedDuration)>,
    /// What the system's clock should have said at the start. None where nothing is known.
    expected: Option<Timestamp>,
    /// When it was set last.
    set: SignedDuration,
    /// Why the clock isn't believed. Until it is, shown time runs by itself where it is ahead of it.
    doubt: Option<String>,
    /// What was told last, that it is believed among it.
    past_trouble: Option<String>,
    /// What is to be told.
    news: Option<String>,
    /// There is something new to be remembered.
    pub(super) changed: bool,
}

impl Reckoning {
    /// Begins where the last server ended. `newest` is the time of the newest event.
    pub(super) fn begin(kept: Option<Kept>, newest: Option<Timestamp>, system: Timestamp) -> Self {
        let is_ahead = |kept: &Kept| newest.is_some_and(|newest| is_ahead_of_all(kept, newest, system));
        let file_is_ahead = kept.as_ref().is_some_and(is_ahead);
        let past = match (kept, newest) {
            (Some(kept), Some(newest)) if file_is_ahead => Some(as_of_event(kept, newest)),
            (Some(kept), Some(newest)) => Some(until_newest(kept, newest)),
            (kept, newest) => kept.or_else(|| newest.map(|newest| of_newest(newest, system))),
        };
        let Some(kept) = past else { return Self::begin_first(system) };
        let before = kept.system;
        let off = system.duration_since(before);
        let counted = if is_pause(off) { off.max(SignedDuration::ZERO) } else { SignedDuration::ZERO };
        let (shown, lived) = (later(kept.shown, counted).max(system), later(kept.lived, counted));
        let mut this = Self::new(Kept { system, shown, lived, ..kept }, Some((before, counted)), Some(before));
        if file_is_ahead {
            this.tell(
                "clock.json is from the future or another folder, and isn't believed: ages go by what was said".into(),
            );
        }
        let behind = shown.duration_since(system);
        if behind > SLACK {
            this.begin_doubt(tell_behind(system, behind));
        } else if !is_pause(off) {
            this.begin_doubt(format!(
                "by the system's clock, which says {system:.0}, the server was off for {}: if it wasn't, set the clock right, \
                 or what is said bears wrong times; none of that time makes anything older, and for {} nothing is deleted \
                 for its age",
                durations::rounded(off.unsigned_abs()),
                durations::rounded(STANDS.unsigned_abs())
            ));
        }
        this
    }

    /// Nothing is known but when the program was built.
    fn begin_first(system: Timestamp) -> Self {
        let is_possible = is_possible(system);
        let first = if is_possible { system } else { built() };
        let kept = Kept { system, ..Kept::of_event(first) };
        let mut this = Self::new(kept, None, is_possible.then_some(system));
        if !is_possible {
            this.begin_doubt(tell_behind(system, first.duration_since(system)));
        }
        this
    }

    fn new(kept: Kept, before: Option<(Timestamp, SignedDuration)>, expected: Option<Timestamp>) -> Self {
        Self {
            start: kept.lived,
            kept,
            ran: SignedDuration::ZERO,
            before,
            expected,
            set: SignedDuration::ZERO,
            doubt: None,
            past_trouble: None,
            news: None,
            changed: true,
        }
    }

    /// Goes on to this moment.
    pub(super) fn read(&mut self, reading: Reading) {
        let passed = reading.ran.saturating_sub(self.ran).max(SignedDuration::ZERO);
        let jump = reading.system.duration_since(self.kept.system).saturating_sub(passed);
        self.ran = self.ran.max(reading.ran);
        self.kept.lived = later(self.kept.lived, passed);
        self.kept.system = reading.system;
        let has_stood = reading.hurries || self.ran.saturating_sub(self.set) >= STANDS;
        if jump.abs() > SLACK {
            self.was_set(jump);
        } else if self.doubt.is_some() && has_stood && is_possible(reading.system) {
            self.expected = Some(later(reading.system, -self.ran));
            self.end_doubt(format!(
                "the system's clock, which says {:.0}, is believed, since it stands",
                reading.system
            ));
        }
        self.show(passed);
    }

    /// Somebody set the system's clock while the server ran.
    fn was_set(&mut self, by: SignedDuration) {
        self.set = self.ran;
        let start = later(self.kept.system, -self.ran);
        self.note_late_pause(start);
        let direction = if by.is_negative() { "back" } else { "ahead" };
        let text = format!(
            "the system's clock was set {direction} by {} while the server ran, to {:.0}: nothing that is kept gets older or \
             younger by that, and what was said before keeps its times",
            durations::rounded(by.unsigned_abs()),
            self.kept.system
        );
        let is_plausible =
            self.expected.map_or(is_possible(start), |expected| is_pause(start.duration_since(expected)));
        if is_plausible {
            self.expected.get_or_insert(start);
            self.end_doubt(text);
        } else {
            let stands = durations::rounded(STANDS.unsigned_abs());
            let until = if is_possible(self.kept.system) {
                format!("it has stood for {stands}, and is believed then,")
            } else {
                "it is set right".into()
            };
            let go_on = if by.is_negative() { "times go on as before, and " } else { "" };
            self.begin_doubt(format!("{text}; until {until} {go_on}nothing is deleted for its age"));
        }
    }

    /// Only now the clock says for how long the server was off.
    fn note_late_pause(&mut self, start: Timestamp) {
        let Some((before, counted)) = self.before else { return };
        let off = start.duration_since(before);
        if is_pause(off) && off > counted.saturating_add(SLACK) {
            self.kept.pause(self.start, off.saturating_sub(counted).as_secs());
            self.changed = true;
        }
    }

    /// The time that people read: the system's. Where that is behind it waits if it's little, goes on while the clock is in
    /// doubt, and else goes back.
    fn show(&mut self, passed: SignedDuration) {
        let Kept { system, shown, lived, .. } = self.kept;
        let behind = shown.duration_since(system);
        self.kept.shown = match behind {
            _ if !behind.is_positive() => system,
            _ if behind <= SLACK => shown,
            _ if self.doubt.is_some() => later(shown, passed),
            _ => {
                let too_late = self.kept.going_back(system.duration_since(lived));
                self.tell(format!("times go back by {}: {too_late}", durations::rounded(behind.unsigned_abs())));
                system
            }
        };
    }

    /// The time of a new event.
    pub(super) fn stamp(&mut self, seq: u64) -> Timestamp {
        let ahead = self.kept.shown.duration_since(self.kept.lived).as_secs();
        let last = self.kept.turns.last().map_or(0, |turn| turn.ahead_seconds);
        if ahead.abs_diff(last) > SLACK.as_secs().unsigned_abs() {
            self.kept.turn(seq.saturating_sub(1), ahead);
            self.changed = true;
        }
        self.kept.shown
    }

    /// For whoever judges ages.
    pub(super) fn now(&self) -> Now {
        let pauses = self.kept.pauses.as_slice().into();
        Now { lived: self.kept.lived, rests: self.doubt.is_some(), pauses }
    }

    /// Why the system's clock isn't believed, if so.
    pub(super) fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// What was wrong since the start, while the clock is believed.
    pub(super) fn past_trouble(&self) -> Option<&str> {
        self.past_trouble.as_deref().filter(|_| self.doubt.is_none())
    }

    /// What administrators are to be told and weren't yet.
    pub(super) fn news(&mut self) -> Option<String> {
        self.news.take()
    }

    fn begin_doubt(&mut self, why: String) {
        self.news = Some(why.clone());
        self.doubt = Some(why);
    }

    fn end_doubt(&mut self, why: String) {
        self.past_trouble = None;
        let again = "it is plausible again: what is too old is deleted as before";
        let was_in_doubt = self.doubt.take().is_some();
        self.tell(if was_in_doubt { format!("{why}; {again}") } else { why });
    }

    /// Tells this as well.
    fn tell(&mut self, text: String) {
        for told in [&mut self.news, &mut self.past_trouble] {
            *told = Some(told.take().map_or_else(|| text.clone(), |before| format!("{before}; {text}")));
        }
        self.changed = true;
    }
}

fn tell_behind(system: Timestamp, behind: SignedDuration) -> String {
    let behind = durations::rounded(behind.unsigned_abs());
    let (what, then) = if is_possible(system) {
        let stands = durations::rounded(STANDS.unsigned_abs());
        ("it is behind, or was ahead then; if", format!("it stands for {stands}, times go back to it; until then"))
    } else {
        ("it was never set; until", "it is,".into())
    };
    format!(
        "the system's clock says {system:.0}, {behind} before the last time that was known: {what} {then} times go on from \
         that one, and nothing is deleted for its age"
    )
}

/// What the newest event tells, where there is no file. If the system's clock is behind it, either that is wrong now or it
/// was ahead then: of two lived times, the one that makes nothing too old.
fn of_newest(newest: Timestamp, system: Timestamp) -> Kept {
    let kept = Kept::of_event(newest);
    if is_possible(system) { Kept { lived: newest.min(system), ..kept } } else { kept }
}

/// A file from the future, or of another folder: without it the newest event and the system's clock agree.
fn is_ahead_of_all(kept: &Kept, newest: Timestamp, system: Timestamp) -> bool {
    let ahead = kept.lived.duration_since(kept.lived_of(u64::MAX, newest));
    ahead > PAUSE_MAX && is_pause(system.duration_since(newest))
}

/// A file back at the newest event.
fn as_of_event(kept: Kept, newest: Timestamp) -> Kept {
    Kept { system: newest, shown: newest, lived: kept.lived_of(u64::MAX, newest), ..kept }
}

/// What an event knows that the file doesn't: it is written once an hour. Nothing, if the clock wasn't believed then: it may
/// have been set in between.
fn until_newest(mut kept: Kept, newest: Timestamp) -> Kept {
    let since = newest.duration_since(kept.shown);
    let was_believed = kept.shown.duration_since(kept.system) <= SLACK;
    if was_believed && since.is_positive() && since <= WRITTEN_EVERY.saturating_add(SLACK) {
        for time in [&mut kept.system, &mut kept.lived] {
            *time = later(*time, since);
        }
    }
    kept.shown = kept.shown.max(newest);
    kept
}

/// Whether a clock can say so: this program was built before.
fn is_possible(system: Timestamp) -> bool {
    built().duration_since(system) <= SLACK
}

/// Whether a server may have been off for so long.
fn is_pause(off: SignedDuration) -> bool {
    (-SLACK..=PAUSE_MAX).contains(&off)
}
