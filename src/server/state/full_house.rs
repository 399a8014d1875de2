//! Whether the house is full, as administrators were told: once, and once that it is over.

use crate::sync::lock;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The house counts as full until nobody was turned away for so long: administrators aren't told with each who goes and comes.
const FULL_FOR: Duration = Duration::from_secs(60);

/// When somebody was turned away last, while it is full.
#[derive(Debug, Default)]
pub(crate) struct FullHouse(Mutex<Option<Instant>>);

impl FullHouse {
    /// Somebody is turned away. True for the first.
    pub(super) fn turned_away(&self, now: Instant) -> bool {
        lock(&self.0).replace(now).is_none()
    }

    /// Whether it has been full, and isn't any more, since there is room; true once.
    pub(super) fn is_over(&self, has_room: bool, now: Instant) -> bool {
        let is_over = |last: &mut Instant| has_room && now.saturating_duration_since(*last) >= full_for();
        lock(&self.0).take_if(is_over).is_some()
    }
}

/// In builds with `fault-injection` a test may have `HOMEROOM_FULL_FOR` say how many seconds, since it can't wait for so long.
fn full_for() -> Duration {
    #[cfg(feature = "fault-injection")]
    if let Some(seconds) = std::env::var("HOMEROOM_FULL_FOR").ok().and_then(|seconds| seconds.parse().ok()) {
        return Duration::from_secs(seconds);
    }
    FULL_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_house_is_told_once_and_its_end_once() {
        let (house, start) = (FullHouse::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!house.is_over(true, at(0)), "it never was full");
        assert!(house.turned_away(at(0)) && !house.turned_away(at(30)));
        assert!(!house.is_over(true, at(80)), "somebody was turned away 50 s ago");
        assert!(!house.is_over(false, at(90)), "as many are here as before");
        assert!(house.is_over(true, at(90)) && !house.is_over(true, at(91)));
        assert!(house.turned_away(at(100)));
    }
}
