//! Failures, counted by whatever they have in common.

use super::pace::{Failures, Paces};
use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// How many of each are remembered; the one that is forgotten soonest makes way.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// The failures of each address, account, or pair of both.
#[derive(Debug)]
pub(super) struct Table<K> {
    paces: Paces,
    entries: HashMap<K, Failures>,
}

impl<K: Clone + Eq + Hash> Table<K> {
    /// An empty one, at these paces.
    pub(super) fn new(paces: Paces) -> Self {
        Self { paces, entries: HashMap::new() }
    }

    /// How long the next guess has to wait.
    pub(super) fn wait(&self, key: &K, now: Instant) -> Duration {
        self.entries.get(key).map_or(Duration::ZERO, |failures| failures.wait(&self.paces, now))
    }

    /// How many the day has seen.
    pub(super) fn of_the_day(&self, key: &K, now: Instant) -> u128 {
        self.entries.get(key).map_or(0, |failures| failures.of_the_day(&self.paces, now))
    }

    /// One more.
    pub(super) fn count(&mut self, key: K, now: Instant) {
        if self.entries.len() >= ENTRIES_MAX && !self.entries.contains_key(&key) {
            let soonest = self.entries.iter().min_by_key(|(_, failures)| failures.forgotten());
            let soonest = soonest.map(|(key, _)| key.clone());
            soonest.map(|key| self.entries.remove(&key));
        }
        self.entries.entry(key).or_default().count(&self.paces, now);
    }

    /// One was none.
    pub(super) fn take_back(&mut self, key: &K, now: Instant) {
        let Some(failures) = self.entries.get_mut(key) else { return };
        failures.take_back(&self.paces);
        if failures.forgotten() <= Some(now) {
            self.entries.remove(key);
        }
    }

    /// The owner is in.
    pub(super) fn forgive(&mut self, key: &K) {
        if let Some(failures) = self.entries.get_mut(key) {
            failures.forgive();
        }
    }

    /// Forgets the failures of these.
    pub(super) fn forget(&mut self, is_gone: impl Fn(&K) -> bool) {
        self.entries.retain(|key, _| !is_gone(key));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
