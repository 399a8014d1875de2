//! How long something took, millions of times, in little memory.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Digits of each that are kept, so that the table stays small: an error of at most 1 %.
const DIGITS: u32 = 3;

/// How often it took how many microseconds.
#[derive(Debug, Default)]
pub(crate) struct Latencies(BTreeMap<u64, u64>);

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        let micros = latency.as_micros() as u64;
        let unit = 10_u64.pow((micros.max(1).ilog10() + 1).saturating_sub(DIGITS));
        *self.0.entry(micros / unit * unit).or_default() += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// What this share of them, in hundredths, did not exceed.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        let mut left = (self.count() * percent).div_ceil(100);
        let found = self.0.iter().find(|&(_, &count)| {
            left = left.saturating_sub(count);
            left == 0
        });
        Duration::from_micros(found.map_or(0, |(&micros, _)| micros))
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = Duration::from_micros(self.0.keys().next_back().copied().unwrap_or(0));
        let (median, p99) = (self.percentile(50), self.percentile(99));
        write!(f, "median {median:.1?}, p99 {p99:.1?}, worst {worst:.1?} of {}", self.count())
    }
}
