//! How fast one account may speak.

use crate::sync::lock;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many messages an account may send at once after a pause.
pub(super) const BURST_MESSAGES: f64 = 20.0;

/// Messages a second that one account may send after a burst.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MessageRate {
    /// So many.
    PerSecond(f64),
    /// As many as it likes: for load runs.
    Off,
}

impl FromStr for MessageRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            _ if text == "off" => Ok(Self::Off),
            Ok(rate) if rate > 0.0 && rate <= 1e6 => Ok(Self::PerSecond(rate)),
            _ => Err(format!("`{text}` is neither a number of messages a second nor `off`")),
        }
    }
}

/// A token bucket: [`BURST_MESSAGES`] deep, filled at the account's rate.
#[derive(Debug)]
pub(super) struct Rate {
    rate: MessageRate,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    messages: f64,
    filled_at: Instant,
}

impl Rate {
    /// A full bucket.
    pub(super) fn new(rate: MessageRate) -> Self {
        Self { rate, bucket: Mutex::new(Bucket { messages: BURST_MESSAGES, filled_at: Instant::now() }) }
    }

    /// Takes one message from the bucket at the moment `now`.
    ///
    /// # Errors
    /// How long to wait for the next.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let MessageRate::PerSecond(rate) = self.rate else { return Ok(()) };
        let mut bucket = lock(&self.bucket);
        let elapsed = now.saturating_duration_since(bucket.filled_at);
        bucket.messages = (bucket.messages + elapsed.as_secs_f64() * rate).min(BURST_MESSAGES);
        bucket.filled_at = bucket.filled_at.max(now);
        if bucket.messages < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.messages) / rate));
        }
        bucket.messages -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_rate() {
        let start = Instant::now();
        let rate = Rate::new(MessageRate::PerSecond(5.0));
        assert!((0..20).all(|_| rate.take(start).is_ok()));
        let wait = rate.take(start).unwrap_err();
        assert!((0.19..0.21).contains(&wait.as_secs_f64()), "{wait:?}");
        assert!(rate.take(start + Duration::from_millis(210)).is_ok());
        assert!(rate.take(start + Duration::from_millis(220)).is_err());
        let later = start + Duration::from_secs(60);
        assert!((0..20).all(|_| rate.take(later).is_ok()), "a pause fills the bucket, no further");
        assert!(rate.take(later).is_err());
    }

    #[test]
    fn rates_read() {
        assert_eq!("off".parse(), Ok(MessageRate::Off));
        assert_eq!("2.5".parse(), Ok(MessageRate::PerSecond(2.5)));
        for bad in ["", "0", "-1", "NaN", "inf", "fast"] {
            assert!(bad.parse::<MessageRate>().is_err(), "{bad}");
        }
    }
}
