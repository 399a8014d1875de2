//! How fast failures may come: so many at once, and then one each so often.

use std::time::{Duration, Instant};

/// Of a pair: who mistypes has five tries at once. A lesson of guessing without end (45 min / 8 s = 338) leaves the
/// owner a wait of 8 s; a day has at most 360 + 24 h / 90 s = 1,320.
pub(super) const PAIR: Paces = paces((5, 8), (360, 90));
/// Of an address: 30 students who mistype twice each are let in at once, and a class waits for 5 s at most behind one who
/// has guessed for less than three hours. A day has at most 1,500 + 24 h / 12 s = 8,700.
pub(super) const ADDRESS: Paces = paces((60, 5), (1_500, 12));
/// Of an account, where it isn't at home: the 100 that NIST SP 800-63B, 5.2.2, allows at once. A day has at most 1,000 +
/// 24 h / 12 s = 8,200.
pub(super) const ACCOUNT: Paces = paces((100, 6), (1_000, 12));

/// So many at once after a pause, and then one each `every`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) burst: u32,
    pub(super) every: Duration,
}

/// The paces that hold for something: of a moment, and of a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paces {
    pub(super) moment: Pace,
    pub(super) day: Pace,
}

const fn paces(moment: (u32, u64), day: (u32, u64)) -> Paces {
    Paces { moment: pace(moment), day: pace(day) }
}

const fn pace((burst, seconds): (u32, u64)) -> Pace {
    Pace { burst, every: Duration::from_secs(seconds) }
}

/// What has failed, for each of its [`Paces`] as the moment when all of it is forgotten (the "theoretical arrival time"
/// of the generic cell rate algorithm); None where nothing has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Failures {
    moment: Option<Instant>,
    day: Option<Instant>,
}

impl Pace {
    /// How long the next one has to wait.
    fn wait(&self, forgotten: Option<Instant>, now: Instant) -> Duration {
        owed(forgotten, now).saturating_sub(self.every * (self.burst - 1))
    }

    /// One more.
    fn count(&self, forgotten: &mut Option<Instant>, now: Instant) {
        *forgotten = Some(forgotten.map_or(now, |forgotten| forgotten.max(now)) + self.every);
    }

    /// One was none.
    fn take_back(&self, forgotten: &mut Option<Instant>) {
        *forgotten = forgotten.and_then(|forgotten| forgotten.checked_sub(self.every));
    }
}

fn owed(forgotten: Option<Instant>, now: Instant) -> Duration {
    forgotten.map_or(Duration::ZERO, |forgotten| forgotten.saturating_duration_since(now))
}

impl Failures {
    /// How long the next guess has to wait.
    pub(super) fn wait(&self, paces: &Paces, now: Instant) -> Duration {
        paces.moment.wait(self.moment, now).max(paces.day.wait(self.day, now))
    }

    /// One more.
    pub(super) fn count(&mut self, paces: &Paces, now: Instant) {
        paces.moment.count(&mut self.moment, now);
        paces.day.count(&mut self.day, now);
    }

    /// One was none.
    pub(super) fn take_back(&mut self, paces: &Paces) {
        paces.moment.take_back(&mut self.moment);
        paces.day.take_back(&mut self.day);
    }

    /// The owner is in: what a day may bring stays bounded all the same.
    pub(super) fn forgive(&mut self) {
        self.moment = None;
    }

    /// How many the day has seen, as far as they aren't forgotten.
    pub(super) fn of_the_day(&self, paces: &Paces, now: Instant) -> u128 {
        owed(self.day, now).as_nanos().div_ceil(paces.day.every.as_nanos())
    }

    /// When there are none any more.
    pub(super) fn forgotten(&self) -> Option<Instant> {
        self.moment.max(self.day)
    }
}
