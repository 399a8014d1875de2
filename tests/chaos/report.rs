//! What happened how often.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// Counts by name.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, usize>>);

impl Tally {
    /// One more.
    pub(crate) fn count(&self, what: &'static str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&self, what: &'static str, n: usize) {
        *self.0.lock().unwrap().entry(what).or_default() += n;
    }

    pub(crate) fn of(&self, what: &str) -> usize {
        self.0.lock().unwrap().get(what).copied().unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.lock().unwrap();
        let counts: Vec<String> = counts.iter().map(|(what, n)| format!("{n} {what}")).collect();
        f.write_str(&counts.join(", "))
    }
}
