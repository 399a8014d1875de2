//! How shown and lived time go on, from one look at the system's two clocks to the next: the one that people set, and the
//! one that runs. It looks at no clock itself.

use super::clock_file::{Kept, later};
use super::now::Now;
use crate::durations;
use jiff::{SignedDuration, Timestamp};

/// By so little a clock is set while it runs right.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// So long a server may have been off, as the clock tells it, and that time counts: a weekend, most holidays. For longer
/// it is likelier that the clock is wrong.
pub(crate) const PAUSE_MAX: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A clock that was set is believed when it has stood for so long: whoever corrects it has done so by then.
const STANDS: SignedDuration = SignedDuration::from_hours(1);

/// What the system's clocks say at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// The time of day.
    pub(super) system: Timestamp,
    /// How long the server has run.
    pub(super) ran: SignedDuration,
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
    /// What the system's clock should have said at the start.
    expected: Timestamp,
    /// When it was set last.
    set: SignedDuration,
    /// Shown time may be set back once the clock has stood.
    may_return: bool,
    /// Why the clock isn't believed.
    doubt: Option<String>,
    /// What is to be told.
    news: Option<String>,
    /// There is something new to be remembered.
    pub(super) changed: bool,
}

impl Reckoning {
    /// Begins where the last server ended. `newest` is the time of the newest event.
    pub(super) fn begin(kept: Option<Kept>, newest: Option<Timestamp>, system: Timestamp) -> Self {
        let past = match (kept, newest) {
            (Some(kept), Some(newest)) => Some(until_newest(kept, newest)),
            (kept, newest) => kept.or_else(|| newest.map(Kept::of_event)),
        };
        let Some(mut kept) = past else { return Self::new(Kept::of_event(system), None, system) };
        let off = system.duration_since(kept.system);
        let counted = if is_pause(off) { off.max(SignedDuration::ZERO) } else { SignedDuration::ZERO };
        let before = kept.system;
        kept.lived = later(kept.lived, counted);
        let returns = kept.system_was_right_before(system);
        (kept.system, kept.shown) = (system, kept.shown.max(system));
        let mut this = Self::new(kept, Some((before, counted)), before);
        this.may_return = returns;
        if !is_pause(off) {
            this.begin_doubt(if off.is_negative() {
                format!(
                    "the system's clock is {} behind what it was when the server last ran: until it is right, times go \
                     on from there, and nothing is deleted for its age",
                    durations::rounded(off.unsigned_abs())
                )
            } else {
                format!(
                    "by the system's clock the server was off for {}: if it wasn't, set the clock right; none of that time \
                     makes anything older, and for an hour nothing is deleted for its age",
                    durations::rounded(off.unsigned_abs())
                )
            });
        }
        this
    }

    fn new(kept: Kept, before: Option<(Timestamp, SignedDuration)>, expected: Timestamp) -> Self {
        Self {
            start: kept.lived,
            kept,
            ran: SignedDuration::ZERO,
            before,
            expected,
            set: SignedDuration::ZERO,
            may_return: false,
            doubt: None,
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
        if jump.abs() > SLACK {
            self.was_set(jump);
        } else if self.doubt.is_some() && self.has_stood() && self.kept.shown <= later(reading.system, SLACK) {
            self.expected = later(reading.system, -self.ran);
            self.end_doubt();
        }
        self.show(passed);
    }

    /// Somebody set the system's clock while the server ran.
    fn was_set(&mut self, by: SignedDuration) {
        self.set = self.ran;
        self.may_return |= by.is_negative();
        let start = later(self.kept.system, -self.ran);
        self.note_late_pause(start);
        let direction = if by.is_negative() { "back" } else { "ahead" };
        let text = format!(
            "the system's clock was set {direction} by {} while the server ran: nothing that is kept gets older or younger \
             by that",
            durations::rounded(by.unsigned_abs())
        );
        if is_pause(start.duration_since(self.expected)) {
            self.news = Some(text);
            self.end_doubt();
        } else {
            self.begin_doubt(format!("{text}, and until it has stood for an hour nothing is deleted for its age"));
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

    /// The time that people read: the system's, but not before what they have read.
    fn show(&mut self, passed: SignedDuration) {
        let Kept { system, shown, .. } = self.kept;
        self.kept.shown = if system >= shown || (self.may_return && self.has_stood()) {
            self.may_return = false;
            system
        } else if shown.duration_since(system) <= SLACK {
            // It waits for the clock.
            shown
        } else {
            later(shown, passed)
        };
    }

    fn has_stood(&self) -> bool {
        self.ran.saturating_sub(self.set) >= STANDS
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

    /// What administrators are to be told and weren't yet.
    pub(super) fn news(&mut self) -> Option<String> {
        self.news.take()
    }

    fn begin_doubt(&mut self, why: String) {
        self.news = Some(why.clone());
        self.doubt = Some(why);
    }

    fn end_doubt(&mut self) {
        if self.doubt.take().is_some() {
            let again = "the system's clock is plausible again: what is too old is deleted as before";
            self.news = Some(self.news.take().map_or_else(|| again.into(), |text| format!("{text}; {again}")));
        }
    }
}

impl Kept {
    /// The clock is behind, and as it was before it was set ahead: then it was wrong in between.
    fn system_was_right_before(&self, system: Timestamp) -> bool {
        let ahead = system.duration_since(self.lived).as_secs();
        let earlier = self.turns.iter().rev().skip(1).map(|turn| turn.ahead_seconds).chain([0]);
        let room = -SLACK.as_secs()..=PAUSE_MAX.as_secs();
        system < self.shown && !self.turns.is_empty() && earlier.into_iter().any(|e| room.contains(&(ahead - e)))
    }
}

/// What an event knows that the file doesn't: it is written once an hour.
fn until_newest(mut kept: Kept, newest: Timestamp) -> Kept {
    let since = newest.duration_since(kept.shown);
    if since.is_positive() && since <= STANDS.saturating_add(SLACK) {
        for time in [&mut kept.system, &mut kept.lived] {
            *time = later(*time, since);
        }
    }
    kept.shown = kept.shown.max(newest);
    kept
}

/// Whether a server may have been off for so long.
fn is_pause(off: SignedDuration) -> bool {
    (-SLACK..=PAUSE_MAX).contains(&off)
}
