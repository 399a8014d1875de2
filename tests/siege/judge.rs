//! What each attack came to, and every promise that was broken: all of them, not the first one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

/// How many violations of one kind are told in full; the rest are counted.
const TOLD_MAX: usize = 5;

/// A row for each attack, and for each thing that was measured.
#[derive(Debug, Default)]
pub(crate) struct Judge(Mutex<BTreeMap<&'static str, Row>>);

#[derive(Debug, Default)]
struct Row {
    attempts: u64,
    /// What happened, and how often.
    counts: BTreeMap<String, u64>,
    /// The longest of each thing that took time.
    worst: BTreeMap<&'static str, Duration>,
    /// What was measured, in words.
    notes: Vec<String>,
    violations: Vec<String>,
    untold: usize,
}

impl Judge {
    /// An attack was carried out to its end, once more.
    pub(crate) fn attempt(&self, row: &'static str) {
        self.with(row, |row| row.attempts += 1);
    }

    /// Something happened.
    pub(crate) fn count(&self, row: &'static str, what: &str) {
        self.add(row, what, 1);
    }

    pub(crate) fn add(&self, row: &'static str, what: &str, n: u64) {
        self.with(row, |row| *row.counts.entry(what.to_owned()).or_default() += n);
    }

    /// Something took so long.
    pub(crate) fn took(&self, row: &'static str, what: &'static str, duration: Duration) {
        self.with(row, |row| {
            let worst = row.worst.entry(what).or_default();
            *worst = duration.max(*worst);
        });
    }

    pub(crate) fn note(&self, row: &'static str, what: String) {
        self.with(row, |row| row.notes.push(what));
    }

    /// A promise was broken.
    pub(crate) fn violation(&self, row: &'static str, what: String) {
        self.with(row, |row| match row.violations.len() {
            TOLD_MAX => row.untold += 1,
            _ => row.violations.push(what),
        });
    }

    /// Fails a promise unless it holds; what was measured is told in any case.
    pub(crate) fn expect(&self, row: &'static str, holds: bool, measured: String) {
        if holds { self.note(row, measured) } else { self.violation(row, measured) }
    }

    /// Those attacks of which none was carried out to its end, which shows nothing.
    pub(crate) fn must_have_attacked(&self, attacks: &[&'static str]) {
        for attack in attacks {
            if self.0.lock().unwrap().get(attack).is_none_or(|row| row.attempts == 0) {
                self.violation(attack, "this attack never came to its end".to_owned());
            }
        }
    }

    /// Every violation.
    pub(crate) fn violations(&self) -> Vec<String> {
        let rows = self.0.lock().unwrap();
        let told = rows.iter().flat_map(|(name, row)| {
            let more = (row.untold > 0).then(|| format!("{name}: and {} more", row.untold));
            row.violations.iter().map(move |violation| format!("{name}: {violation}")).chain(more)
        });
        told.collect()
    }

    fn with(&self, row: &'static str, change: impl FnOnce(&mut Row)) {
        change(self.0.lock().unwrap().entry(row).or_default());
    }
}

/// The table.
impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<18} {:>8}  {:<10} what happened", "", "attempts", "verdict")?;
        for (name, row) in self.0.lock().unwrap().iter() {
            let broken = row.violations.len() + row.untold;
            let verdict = if broken == 0 { "kept".to_owned() } else { format!("BROKEN {broken}") };
            let attempts = if row.attempts == 0 { String::new() } else { row.attempts.to_string() };
            let counts = row.counts.iter().map(|(what, n)| format!("{n} {what}"));
            let worst = row.worst.iter().map(|(what, duration)| format!("{what} {duration:.1?} at most"));
            let told: Vec<String> = counts.chain(worst).chain(row.notes.iter().cloned()).collect();
            writeln!(f, "{name:<18} {attempts:>8}  {verdict:<10} {}", told.join(", "))?;
        }
        Ok(())
    }
}
