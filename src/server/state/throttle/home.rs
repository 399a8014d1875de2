//! An account at one of its homes: an origin from which it has logged in before.

use super::pace::{Failures, PAIR};
use crate::server::accounts::Origin;
use std::time::{Duration, Instant};

/// For so long after a login a further one lets others go first.
const LATELY: Duration = Duration::from_secs(60);

/// One home of one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) origin: Origin,
    failures: Option<Failures>,
    let_in: Option<Instant>,
}

impl Home {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, failures: None, let_in: None }
    }

    /// How long the next guess has to wait.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.failures.map_or(Duration::ZERO, |failures| failures.wait(&PAIR, now))
    }

    /// A guess begins.
    pub(super) fn count(&mut self, now: Instant) {
        self.failures.get_or_insert(Failures::none(now)).count(&PAIR, now);
    }

    /// It was none, or right.
    pub(super) fn take_back(&mut self) {
        if let Some(failures) = &mut self.failures {
            failures.take_back(&PAIR);
        }
    }

    /// The owner is in.
    pub(super) fn let_in(&mut self, now: Instant) {
        self.let_in = Some(now);
    }

    /// The password was right.
    pub(super) fn succeeded(&mut self, now: Instant) {
        if let Some(failures) = &mut self.failures {
            failures.forgive(now);
        }
    }

    /// How many wrong guesses the day has seen.
    pub(super) fn of_the_day(&self, now: Instant) -> u128 {
        self.failures.map_or(0, |failures| failures.of_the_day(&PAIR, now))
    }

    /// Whether it was let in a moment ago.
    pub(super) fn is_in(&self, now: Instant) -> bool {
        self.let_in.is_some_and(|at| now.saturating_duration_since(at) < LATELY)
    }
}
