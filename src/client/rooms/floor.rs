//! Who may say something in a room, and for how long.

use crate::durations;
use crate::moment::Moment;
use crate::protocol::Mode;
use jiff::Timestamp;
use std::time::Duration;

/// The floor of a room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floor {
    pub(super) mode: Mode,
    seconds: Option<u32>,
    /// Since when it is known, and how long it was to last then.
    end: Option<(Moment, Duration)>,
    /// Whose turn it is.
    pub(super) called: Option<String>,
}

impl Floor {
    /// As a server tells it, whose time is `now`: clocks differ, and an end is told by the server's.
    pub(crate) fn new(mode: Mode, seconds: Option<u32>, until: Option<&str>, now: Timestamp) -> Self {
        let until = until.and_then(|until| until.parse::<Timestamp>().ok());
        let lasts = until.map(|until| Duration::try_from(until.duration_since(now)).unwrap_or_default());
        Self { mode, seconds, end: lasts.map(|lasts| (Moment::now(), lasts)), called: None }
    }

    /// What holds, in as few words as a prompt has room for; None where everyone may speak.
    pub(crate) fn words(&self, me: &str) -> Option<String> {
        // Whole minutes: a prompt that changes each second disturbs whoever types.
        let whole = |left: Duration| Duration::from_secs(left.as_secs().div_ceil(60).saturating_mul(60));
        let left = self.left().map(whole).map(durations::remaining);
        let turn = if self.called.as_deref() == Some(me) { ", your turn" } else { "" };
        match (self.mode, left) {
            (Mode::Open, _) => None,
            (Mode::Quiet, Some(left)) => Some(format!("quiet {left}{turn}")),
            (Mode::Quiet, None) => Some(format!("quiet{turn}")),
            (Mode::Slow, left) => {
                let pause = self.seconds.map(|seconds| format!(" {seconds} s")).unwrap_or_default();
                Some(format!("slow{pause}{}", left.map(|left| format!(", {left}")).unwrap_or_default()))
            }
        }
    }

    /// How long those words stay true.
    pub(crate) fn stays(&self) -> Option<Duration> {
        let left = self.left().filter(|_| self.mode != Mode::Open)?;
        // A moment longer, so that the next minute has begun then.
        Some(Duration::from_secs((left.as_secs().saturating_sub(1)) % 60) + Duration::from_secs(1))
    }

    /// How long it is still to last, if that is known and not over: then the server is about to say so.
    fn left(&self) -> Option<Duration> {
        let (begun, lasts) = self.end?;
        lasts.checked_sub(begun.elapsed()).filter(|left| *left > Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_few_words() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let words = |mode, seconds, until| Floor::new(mode, seconds, until, now).words("ada");
        assert_eq!(words(Mode::Open, None, Some("2026-11-23T12:04:00Z")), None);
        assert_eq!(words(Mode::Quiet, None, Some("2026-11-23T12:04:00Z")).as_deref(), Some("quiet 4 min"));
        assert_eq!(words(Mode::Quiet, None, Some("2026-11-23T12:00:10Z")).as_deref(), Some("quiet 1 min"));
        assert_eq!(words(Mode::Slow, Some(30), Some("2026-11-23T13:30:00Z")).as_deref(), Some("slow 30 s, 1 h 30 min"));
        assert_eq!(words(Mode::Slow, Some(30), None).as_deref(), Some("slow 30 s"));
        for over in ["2026-11-23T11:00:00Z", "\u{1b}[2J", ""] {
            assert_eq!(words(Mode::Quiet, None, Some(over)).as_deref(), Some("quiet"), "{over:?}");
        }
        let mut floor = Floor::new(Mode::Quiet, None, Some("2026-11-23T12:04:00Z"), now);
        floor.called = Some("ada".into());
        assert_eq!(floor.words("ada").as_deref(), Some("quiet 4 min, your turn"));
        assert_eq!(floor.words("bob").as_deref(), Some("quiet 4 min"));
        assert!(floor.stays().is_some_and(|stays| stays <= Duration::from_secs(60)));
        assert_eq!(Floor::new(Mode::Quiet, None, None, now).stays(), None);
    }
}
