//! Something that ends by itself after so many minutes: of lived time, so that no clock that is set ends it, and a restart
//! doesn't begin it anew.

use crate::protocol::{TIMER_MINUTES_MAX, format_time};
use crate::server::clock::{Clock, Now};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether something may be asked for for so long.
///
/// # Errors
/// How long it may.
pub(crate) fn check_minutes(minutes: Option<u32>) -> Result<(), String> {
    let fits = minutes.is_none_or(|minutes| (1..=TIMER_MINUTES_MAX).contains(&minutes));
    fits.then_some(()).ok_or_else(|| format!("`minutes` must be 1 to {TIMER_MINUTES_MAX}"))
}

/// When something ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Timer {
    /// It began then, in lived time,
    since: Timestamp,
    /// and lasts so long.
    minutes: u32,
    /// Until then, as people read it.
    until: Timestamp,
}

/// A moment as timers begin with it: lived, and as people read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) lived: Timestamp,
    pub(crate) shown: Timestamp,
}

impl Moment {
    /// This one.
    pub(crate) fn of(clock: &Clock) -> Self {
        Self { lived: clock.lived(), shown: clock.shown() }
    }
}

impl Timer {
    /// It begins now.
    pub(crate) fn new(minutes: u32, now: Moment) -> Self {
        let until = now.shown.checked_add(SignedDuration::from_mins(minutes.into())).unwrap_or(Timestamp::MAX);
        Self { since: now.lived, minutes, until }
    }

    /// One that ends then, as people read it.
    pub(crate) fn until_shown(until: Timestamp, now: Moment) -> Self {
        let seconds = until.duration_since(now.shown).as_secs().max(1);
        let minutes = u32::try_from(seconds.unsigned_abs().div_ceil(60)).unwrap_or(TIMER_MINUTES_MAX);
        Self { since: now.lived, minutes: minutes.min(TIMER_MINUTES_MAX), until }
    }

    /// How long it still lasts; none where its time is over.
    pub(crate) fn left(&self, now: &Now) -> Duration {
        let left = SignedDuration::from_mins(self.minutes.into()).saturating_sub(now.age(self.since));
        left.try_into().unwrap_or_default()
    }

    /// Whether its time is over.
    pub(crate) fn is_over(&self, now: &Now) -> bool {
        self.left(now).is_zero()
    }

    /// Until when, as it goes over the wire.
    pub(crate) fn until(&self) -> String {
        format_time(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_after_its_time() {
        let (lived, shown) = (Timestamp::UNIX_EPOCH, "2026-11-29T08:00:00Z".parse().unwrap());
        let timer = Timer::new(5, Moment { lived, shown });
        assert_eq!(timer.until(), "2026-11-29T08:05:00.000Z");
        let after = |seconds| Now::from(lived + SignedDuration::from_secs(seconds));
        assert_eq!(
            (timer.left(&after(0)), timer.left(&after(299))),
            (Duration::from_secs(300), Duration::from_secs(1))
        );
        assert!(!timer.is_over(&after(299)) && timer.is_over(&after(300)) && timer.is_over(&after(9_999)));
    }
}
