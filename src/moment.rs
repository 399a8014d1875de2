//! Moments between which the time counts in which this machine slept.
//!
//! `Instant` stands still while a machine with Linux or macOS is asleep: a laptop that was closed for an hour would tell
//! that it was away for a minute.

use std::time::Duration;

/// A moment of this run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// Now.
    pub(crate) fn now() -> Self {
        Self(uptime())
    }

    /// How long ago it was.
    pub(crate) fn elapsed(self) -> Duration {
        Self::now().since(self)
    }

    /// How long it was after another; nothing if it was before.
    pub(crate) fn since(self, other: Self) -> Duration {
        self.0.saturating_sub(other.0)
    }
}

/// Since the machine was started, or since some other moment before this program was.
#[cfg(unix)]
fn uptime() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    // What macOS calls so goes on in its sleep; Linux has another name for that.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;
    // Both are there since long ago: without one all moments would be the same, and nobody be given up for silence.
    clock_gettime(CLOCK).map(Duration::from).unwrap_or_default()
}

/// The same. What `Instant` asks there goes on in the machine's sleep.
#[cfg(not(unix))]
fn uptime() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn time_goes_on() {
        let (start, one) = (Instant::now(), Moment::now());
        while one.elapsed().is_zero() {
            assert!(start.elapsed() < Duration::from_secs(10), "it stands still");
        }
        let other = Moment::now();
        assert!(other > one && one.since(other).is_zero() && !other.since(one).is_zero());
    }
}
