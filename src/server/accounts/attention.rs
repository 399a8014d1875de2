//! Whether the person behind an account is there: when it was last heard of, and whether it said it is away.

use crate::sync::lock;
use jiff::Timestamp;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One account's. In memory only: after a restart everyone is there again.
#[derive(Debug, Default)]
pub(crate) struct Attention(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The last request of any of its sessions that a person may have made.
    heard: Option<Instant>,
    away: Option<Away>,
}

/// That somebody is away.
#[derive(Clone, Debug)]
pub(crate) struct Away {
    /// Why; empty where that was not said.
    pub(crate) text: Arc<str>,
    /// Since when.
    pub(crate) since: Timestamp,
}

impl Attention {
    /// Something came that a person may have asked for.
    pub(crate) fn heard(&self, now: Instant) {
        lock(&self.0).heard = Some(now);
    }

    /// How long ago that was; None when nothing has come since the server's start.
    pub(crate) fn idle(&self, now: Instant) -> Option<Duration> {
        lock(&self.0).heard.map(|heard| now.saturating_duration_since(heard))
    }

    /// The person goes away.
    pub(crate) fn leave(&self, text: &str, since: Timestamp) {
        lock(&self.0).away = Some(Away { text: text.into(), since });
    }

    /// The person is there.
    pub(crate) fn back(&self, now: Instant) {
        *lock(&self.0) = State { heard: Some(now), away: None };
    }

    /// Whether it is away.
    pub(crate) fn away(&self) -> Option<Away> {
        lock(&self.0).away.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaking_ends_being_away_and_being_idle() {
        let (attention, start) = (Attention::default(), Instant::now());
        assert_eq!(attention.idle(start), None);
        attention.heard(start);
        attention.leave("lunch", Timestamp::UNIX_EPOCH);
        let later = start + Duration::from_secs(60);
        assert_eq!(attention.idle(later), Some(Duration::from_secs(60)));
        assert_eq!(&*attention.away().unwrap().text, "lunch");
        attention.back(later);
        assert!(attention.away().is_none());
        assert_eq!(attention.idle(later), Some(Duration::ZERO));
    }
}
