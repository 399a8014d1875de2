//! How long something still lasts that ends by itself.

use crate::durations;
use crate::moment::Moment;
use jiff::Timestamp;
use std::time::Duration;

/// Something with an end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lasting {
    /// Since when it is known.
    known: Moment,
    /// How long it was to last then.
    lasts: Duration,
}

impl Lasting {
    /// As a server tells it, whose time is `now`: clocks differ, and an end is told by the server's. None without an end.
    pub(super) fn until(until: Option<&str>, now: Timestamp) -> Option<Self> {
        let until = until?.parse::<Timestamp>().ok()?;
        let lasts = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        Some(Self { known: Moment::now(), lasts })
    }

    /// How long it is still to last, in words; None if that is over: then the server is about to say so.
    pub(super) fn words(self) -> Option<String> {
        // Whole minutes: a prompt that changes each second disturbs whoever types.
        let whole = |left: Duration| Duration::from_secs(left.as_secs().div_ceil(60).saturating_mul(60));
        self.left().map(whole).map(durations::remaining)
    }

    /// How long those words stay true.
    pub(super) fn stays(self) -> Option<Duration> {
        // A moment longer, so that the next minute has begun then.
        self.left().map(|left| Duration::from_secs(left.as_secs().saturating_sub(1) % 60) + Duration::from_secs(1))
    }

    fn left(self) -> Option<Duration> {
        self.lasts.checked_sub(self.known.elapsed()).filter(|left| *left > Duration::ZERO)
    }
}
