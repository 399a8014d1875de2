//! How fast one session may ask.

use crate::server::accounts::Bucket;
use std::time::{Duration, Instant};

/// How many requests of any kind a session may send at once after a pause; a list of a class, a paste.
const REQUESTS_BURST: f64 = 200.0;
/// And how many a second after that. More are not refused: they wait, and the client's TCP with them.
const REQUESTS_PER_SECOND: f64 = 50.0;

/// How fast one session may send requests of any kind.
#[derive(Debug)]
pub(super) struct RequestRate(Bucket);

impl RequestRate {
    /// A full bucket.
    pub(crate) fn new() -> Self {
        Self(Bucket::new(REQUESTS_BURST, Instant::now()))
    }

    /// How long the next request must wait. It is counted: it will be carried out after the wait.
    pub(crate) fn wait(&mut self, now: Instant) -> Duration {
        self.0.owe(1.0, REQUESTS_BURST, REQUESTS_PER_SECOND, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_wait_rather_than_fail() {
        let mut rate = RequestRate::new();
        let now = Instant::now();
        assert!((0..200).all(|_| rate.wait(now).is_zero()));
        assert!(rate.wait(now) > Duration::from_millis(15));
        assert!(!rate.wait(now + Duration::from_millis(25)).is_zero(), "the one that waited is counted");
        assert!(rate.wait(now + Duration::from_millis(65)).is_zero());
    }

    #[test]
    fn a_pause_saves_up_no_more_than_a_burst_of_requests() {
        let mut rate = RequestRate::new();
        let later = Instant::now() + Duration::from_secs(3600);
        assert!((0..200).all(|_| rate.wait(later).is_zero()));
        assert!(!rate.wait(later).is_zero());
    }
}
