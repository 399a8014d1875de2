//! Who may say something in a room, and for how long.

use super::lasting::Lasting;
use crate::protocol::Mode;
use jiff::Timestamp;
use std::time::Duration;

/// The floor of a room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Floor {
    pub(super) mode: Mode,
    seconds: Option<u32>,
    end: Option<Lasting>,
    /// Whose turn it is.
    pub(super) called: Option<String>,
}

impl Floor {
    /// As a server tells it, whose time is `now`.
    pub(crate) fn new(mode: Mode, seconds: Option<u32>, until: Option<&str>, now: Timestamp) -> Self {
        Self { mode, seconds, end: Lasting::until(until, now), called: None }
    }

    /// What holds, in as few words as a prompt has room for; None where everyone may speak.
    pub(crate) fn words(&self, me: &str) -> Option<String> {
        let left = self.end.and_then(Lasting::words);
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
        self.end.filter(|_| self.mode != Mode::Open).and_then(Lasting::stays)
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
