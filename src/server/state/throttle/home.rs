//! An account at one of its homes: an origin from which it has logged in before.

use super::pace::Failures;
use crate::server::accounts::Origin;
use std::time::{Duration, Instant};

/// For so long after a login a further one lets others go first.
const LATELY: Duration = Duration::from_secs(60);

/// One home of one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Home {
    pub(super) origin: Origin,
    /// The pair's. No stranger's failures push them out.
    pub(super) failures: Failures,
    let_in: Option<Instant>,
}

impl Home {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, failures: Failures::default(), let_in: None }
    }

    /// The owner is in.
    pub(super) fn let_in(&mut self, now: Instant) {
        self.let_in = Some(now);
    }

    /// Whether it was let in a moment ago.
    pub(super) fn is_in(&self, now: Instant) -> bool {
        self.let_in.is_some_and(|at| now.saturating_duration_since(at) < LATELY)
    }
}
