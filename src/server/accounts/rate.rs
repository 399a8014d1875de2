//! How fast one account may speak, log in and have the past looked at.

use crate::server::config::MessageRate;
use crate::sync::lock;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many messages an account may send at once after a pause.
pub(super) const BURST_MESSAGES: f64 = 20.0;

/// How many refused messages an account may have against it before the connection is closed: no person goes on so
/// long.
pub(super) const REFUSALS_MAX: u32 = 500;
/// How many refusals each message makes up for. In a flood one message in ten is taken, since the bucket fills all
/// the time; were one enough to be forgiven everything, nobody would ever reach [`REFUSALS_MAX`].
const FORGIVEN_PER_MESSAGE: u32 = 2;
/// How many logins of an account with its password succeed at once after a pause: of a room whose people share one, say.
const PASSWORD_LOGINS_BURST: f64 = 20.0;
/// How many with one of its tokens: a device behind a bad Wi-Fi comes back five times before it counts; in the time of a
/// client's waits of 1 s, 2 s and 4 s three more are there.
const TOKEN_LOGINS_BURST: f64 = 5.0;
/// And how many a second after that, of each: a device that loses its connection every two seconds.
const LOGINS_PER_SECOND: f64 = 0.5;
/// How many stretches of the past (256 KiB of lines, up to 1.5 ms to read and parse) may be looked at for an account at
/// once after a pause: as much as is kept in memory.
const STRETCHES_BURST: f64 = 128.0;
/// And how many a second after that: 5 % of a core at the most, or 8 MB of history, which is a school week of a busy room.
const STRETCHES_PER_SECOND: f64 = 32.0;

/// How often a hand may go up or down at once after a pause: a change of mind or two.
const HANDS_BURST: f64 = 6.0;
/// And how many times a second after that.
const HANDS_PER_SECOND: f64 = 0.2;
/// How many questions without a name somebody may ask at once after a pause. They are heard also while it is quiet: a class
/// of 30 fills no screen with them.
const QUESTIONS_BURST: f64 = 3.0;
/// And how many a second after that: one in 20 s.
const QUESTIONS_PER_SECOND: f64 = 0.05;

/// How fast one account may speak: [`BURST_MESSAGES`], then so many a second as hold at that moment.
#[derive(Debug)]
pub(crate) struct Rate {
    bucket: Mutex<Spoken>,
}

#[derive(Debug)]
struct Spoken {
    bucket: Bucket,
    refusals: u32,
}

/// Why a message isn't taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TooFast {
    /// The next one is, after so long.
    Wait(Duration),
    /// More than [`REFUSALS_MAX`] refusals stand against it.
    Abuse,
}

impl Rate {
    /// A full bucket.
    pub(crate) fn new() -> Self {
        Self { bucket: Mutex::new(Spoken { bucket: Bucket::new(BURST_MESSAGES, Instant::now()), refusals: 0 }) }
    }

    /// Asks for one message at the moment `now`, at this rate.
    ///
    /// # Errors
    /// [`TooFast`].
    pub(crate) fn take(&self, rate: MessageRate, now: Instant) -> Result<(), TooFast> {
        let MessageRate::PerSecond(rate) = rate else { return Ok(()) };
        let mut spoken = lock(&self.bucket);
        match spoken.bucket.take(BURST_MESSAGES, rate, now) {
            Ok(()) => {
                spoken.refusals = spoken.refusals.saturating_sub(FORGIVEN_PER_MESSAGE);
                Ok(())
            }
            Err(_) if spoken.refusals >= REFUSALS_MAX => {
                spoken.refusals = 0;
                Err(TooFast::Abuse)
            }
            Err(wait) => {
                spoken.refusals += 1;
                Err(TooFast::Wait(wait))
            }
        }
    }
}

/// How often one may log in with a password, or with one token: each has its own, so that nobody who has one of them keeps
/// the others out.
#[derive(Debug)]
pub(crate) struct LoginRate {
    burst: f64,
    bucket: Mutex<Bucket>,
}

impl LoginRate {
    /// A full bucket, of an account's password.
    pub(crate) fn of_a_password() -> Self {
        Self::with(PASSWORD_LOGINS_BURST)
    }

    /// A full bucket, of a token.
    pub(super) fn of_a_token() -> Self {
        Self::with(TOKEN_LOGINS_BURST)
    }

    fn with(burst: f64) -> Self {
        Self { burst, bucket: Mutex::new(Bucket::new(burst, Instant::now())) }
    }

    /// Counts a login, or says how long the next one has to wait.
    pub(crate) fn take(&self, now: Instant) -> Result<(), Duration> {
        lock(&self.bucket).take(self.burst, LOGINS_PER_SECOND, now)
    }
}

/// How often one account may raise a hand and ask without its name: what may be done also while it is quiet.
#[derive(Debug)]
pub(crate) struct LessonRate {
    hands: Mutex<Bucket>,
    questions: Mutex<Bucket>,
}

impl LessonRate {
    /// Full buckets.
    pub(crate) fn new() -> Self {
        let full = |burst| Mutex::new(Bucket::new(burst, Instant::now()));
        Self { hands: full(HANDS_BURST), questions: full(QUESTIONS_BURST) }
    }

    /// Counts a hand that goes up or down.
    ///
    /// # Errors
    /// How long the next one has to wait.
    pub(crate) fn hand(&self, now: Instant) -> Result<(), Duration> {
        lock(&self.hands).take(HANDS_BURST, HANDS_PER_SECOND, now)
    }

    /// Counts a question.
    ///
    /// # Errors
    /// How long the next one has to wait.
    pub(crate) fn question(&self, now: Instant) -> Result<(), Duration> {
        lock(&self.questions).take(QUESTIONS_BURST, QUESTIONS_PER_SECOND, now)
    }
}

/// How much of the past is looked at for one account, whichever of its sessions asks.
#[derive(Debug)]
pub(crate) struct LookRate(Mutex<Bucket>);

impl LookRate {
    /// A full bucket.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Bucket::new(STRETCHES_BURST, Instant::now())))
    }

    /// Counts so many stretches as looked at, and says how long what is asked next must wait.
    pub(crate) fn charge(&self, stretches: u32, now: Instant) -> Duration {
        lock(&self.0).owe(stretches.into(), STRETCHES_BURST, STRETCHES_PER_SECOND, now)
    }
}

/// A token bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    /// With so many tokens in it.
    pub(crate) fn new(tokens: f64, now: Instant) -> Self {
        Self { tokens, filled_at: now }
    }

    fn fill(&mut self, burst: f64, per_second: f64, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled_at);
        self.tokens = (self.tokens + elapsed.as_secs_f64() * per_second).min(burst);
        self.filled_at = self.filled_at.max(now);
    }

    /// Takes so many tokens in any case, and says when they will be there.
    pub(crate) fn owe(&mut self, tokens: f64, burst: f64, per_second: f64, now: Instant) -> Duration {
        self.fill(burst, per_second, now);
        self.tokens -= tokens;
        Duration::from_secs_f64((-self.tokens).max(0.0) / per_second)
    }

    /// Takes one token, or says when there will be one.
    pub(crate) fn take(&mut self, burst: f64, per_second: f64, now: Instant) -> Result<(), Duration> {
        self.fill(burst, per_second, now);
        if self.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.tokens) / per_second));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: MessageRate = MessageRate::PerSecond(5.0);

    #[test]
    fn a_burst_then_a_steady_rate() {
        let start = Instant::now();
        let rate = Rate::new();
        assert!((0..20).all(|_| rate.take(RATE, start).is_ok()));
        let Err(TooFast::Wait(wait)) = rate.take(RATE, start) else { panic!("the burst is used up") };
        assert!((0.19..0.21).contains(&wait.as_secs_f64()), "{wait:?}");
        assert!(rate.take(RATE, start + Duration::from_millis(210)).is_ok());
        assert!(rate.take(RATE, start + Duration::from_millis(220)).is_err());
        let later = start + Duration::from_secs(60);
        assert!((0..20).all(|_| rate.take(RATE, later).is_ok()), "a pause fills the bucket, no further");
        assert!(rate.take(RATE, later).is_err());
    }

    #[test]
    fn whoever_never_stops_is_told_apart() {
        let start = Instant::now();
        let rate = Rate::new();
        assert!((0..20).all(|_| rate.take(RATE, start).is_ok()));
        assert!((0..REFUSALS_MAX).all(|_| matches!(rate.take(RATE, start), Err(TooFast::Wait(_)))));
        assert_eq!(rate.take(RATE, start), Err(TooFast::Abuse));
    }

    #[test]
    fn a_message_taken_now_and_then_does_not_hide_a_flood() {
        let start = Instant::now();
        let rate = Rate::new();
        // 50 a second, as fast as a session's requests are taken.
        let flood = |seconds: u64| (0..50 * seconds).map(|i| start + Duration::from_millis(20 * i));
        assert!(flood(60).any(|now| rate.take(RATE, now) == Err(TooFast::Abuse)));
        // A program that is a little too fast for the rate is only slowed.
        let rate = Rate::new();
        let pace = |i: u64| start + Duration::from_millis(100 * i);
        assert!((0..6000).all(|i| rate.take(RATE, pace(i)) != Err(TooFast::Abuse)));
    }

    #[test]
    fn a_device_behind_a_bad_wifi_comes_back_and_a_machine_waits() {
        let start = Instant::now();
        // Each breaks off four times in a moment, and then every two seconds, for five minutes.
        let device = LoginRate::of_a_token();
        let breaks = [start; 4].into_iter().chain((1..150).map(|i| start + Duration::from_secs(2 * i)));
        assert!(breaks.into_iter().all(|now| device.take(now).is_ok()));
        assert!((0..20).filter(|_| device.take(start + Duration::from_secs(600)).is_ok()).count() == 5);
        let rate = LoginRate::of_a_password();
        assert!((0..20).all(|_| rate.take(start).is_ok()));
        let wait = rate.take(start).unwrap_err();
        assert!((1.9..2.1).contains(&wait.as_secs_f64()), "{wait:?}");
        assert!((0..100).all(|_| rate.take(start).is_err()), "refusals add nothing to the wait");
        assert!(rate.take(start + wait + Duration::from_millis(1)).is_ok());
    }

    #[test]
    fn what_was_looked_at_is_paid_for_by_the_account() {
        let (rate, now) = (LookRate::new(), Instant::now());
        assert_eq!(rate.charge(128, now), Duration::ZERO);
        let wait = rate.charge(64, now).as_secs_f64();
        assert!((1.9..2.1).contains(&wait), "{wait}");
        let wait = rate.charge(0, now + Duration::from_secs(1)).as_secs_f64();
        assert!((0.9..1.1).contains(&wait), "asking costs nothing: {wait}");
        assert_eq!(rate.charge(0, now + Duration::from_secs(3)), Duration::ZERO);
    }
}
