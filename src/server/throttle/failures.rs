//! Failures, counted by whatever they have in common.

use super::WINDOW;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

/// How many of each are remembered; the one whose last failure is oldest is forgotten first.
pub(super) const ENTRIES_MAX: usize = 10_000;

/// How many, and when the last one was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failures {
    pub(super) count: u32,
    pub(super) last: Instant,
}

/// The failures of each address, account, or pair of both.
#[derive(Debug)]
pub(super) struct Table<K>(HashMap<K, Failures>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Table<K> {
    pub(super) fn get(&self, key: &K) -> Option<Failures> {
        self.0.get(key).copied()
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.0.remove(key);
    }

    /// One more. Gives what there was before, for [`take_back`](Self::take_back).
    pub(super) fn count(&mut self, key: K, now: Instant) -> Option<Failures> {
        let before = self.get(&key);
        if before.is_none() && self.0.len() >= ENTRIES_MAX {
            let oldest = self.0.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone());
            oldest.map(|oldest| self.0.remove(&oldest));
        }
        let failures = self.0.entry(key).or_insert(Failures { count: 0, last: now });
        if now.saturating_duration_since(failures.last) > WINDOW {
            failures.count = 0;
        }
        failures.count += 1;
        failures.last = now;
        before
    }

    /// What was counted at `at` was none. Others may have been counted since.
    pub(super) fn take_back(&mut self, key: &K, at: Instant, before: Option<Failures>) {
        let Some(failures) = self.0.get_mut(key) else { return };
        failures.count = failures.count.saturating_sub(1);
        if let Some(before) = before.filter(|_| failures.last == at) {
            failures.last = before.last;
        }
        if failures.count == 0 {
            self.remove(key);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
