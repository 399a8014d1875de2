//! An account at one of its homes: an origin from which it has logged in before.
//!
//! Whoever fails there is most likely the owner, or somebody who shares the address, as a class does. So the waits are
//! short, and what one day may bring is bounded instead, whatever succeeds in between.

use super::{HOME_FAILURES_A_DAY, HOME_WAIT_LONG, HOME_WAIT_MAX, Origin, WINDOW, pair_wait};
use std::time::{Duration, Instant};

/// Failures are counted for so long from the first one.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// For so long after a login a further one lets others go first.
const LATELY: Duration = Duration::from_secs(60);

/// One home of one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) origin: Origin,
    /// Failures in a row.
    run: u32,
    last: Option<Instant>,
    /// Failures since `day` began; a success changes nothing about them.
    today: u32,
    day: Option<Instant>,
    let_in: Option<Instant>,
}

impl Home {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, run: 0, last: None, today: 0, day: None, let_in: None }
    }

    /// When the next login may be tried.
    pub(super) fn opens(&self, now: Instant) -> Option<Instant> {
        Some(self.last? + self.wait(now))
    }

    /// How long after the last failure.
    fn wait(&self, now: Instant) -> Duration {
        if self.failures_today(now) >= HOME_FAILURES_A_DAY {
            return HOME_WAIT_LONG;
        }
        pair_wait(self.run, HOME_WAIT_MAX)
    }

    fn failures_today(&self, now: Instant) -> u32 {
        let over = self.day.is_none_or(|day| now.saturating_duration_since(day) >= DAY);
        if over { 0 } else { self.today }
    }

    pub(super) fn count(&mut self, now: Instant) {
        if self.failures_today(now) == 0 {
            (self.today, self.day) = (0, Some(now));
        }
        if self.last.is_some_and(|last| now.saturating_duration_since(last) > WINDOW) {
            self.run = 0;
        }
        self.run += 1;
        self.today += 1;
        self.last = Some(now);
    }

    /// What was counted at `at` was no failure; `before` is what there was before it.
    pub(super) fn take_back(&mut self, at: Instant, before: &Self) {
        self.run = self.run.saturating_sub(1);
        self.today = self.today.saturating_sub(1);
        if self.last == Some(at) {
            self.last = before.last;
        }
    }

    /// The owner is in.
    pub(super) fn let_in(&mut self, now: Instant) {
        self.let_in = Some(now);
    }

    /// The password was right.
    pub(super) fn succeeded(&mut self) {
        (self.run, self.last) = (0, None);
    }

    /// Who goes first among those who wait at the same origin: whoever has failed least. Whoever was let in a moment
    /// ago goes last, so that those who aren't in yet get there.
    pub(super) fn rank(&self, now: Instant) -> u8 {
        if self.let_in.is_some_and(|at| now.saturating_duration_since(at) < LATELY) {
            return u8::MAX;
        }
        u8::try_from(self.failures_today(now)).unwrap_or(u8::MAX).min(u8::MAX - 1)
    }
}
