//! What an administrator may set, also while the server runs.

use super::args::{LiveArgs, MessageRate, RoomsBy};
use super::capacity::Capacity;
use super::machine::{self, Machine};
use crate::sync::{Mutex, lock};
use jiff::SignedDuration;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Each is read by itself wherever it matters: no two of them must fit together.
#[derive(Debug)]
pub(crate) struct Limits {
    login_grace: Seconds,
    ping_after: Seconds,
    pong_within: Seconds,
    /// The bits of an `f64`; [`MessageRate::Off`] is infinite.
    message_rate: AtomicU64,
    one_time_days: AtomicU64,
    strangers_max: AtomicUsize,
    strangers_per_address_max: AtomicUsize,
    web_admins: AtomicBool,
    rooms_by_everyone: AtomicBool,
    /// What the machine allows, and how many sessions that makes.
    capacity: Mutex<(Machine, Capacity)>,
}

#[derive(Debug)]
struct Seconds(AtomicU64);

impl Limits {
    /// As the configuration has them, on a machine on which nothing of the server runs yet.
    pub(crate) fn new(args: &LiveArgs) -> Self {
        let machine = Machine::read(&machine::root());
        let capacity = Capacity::of(&machine, args.max_sessions);
        let limits = Self {
            login_grace: Seconds(0.into()),
            ping_after: Seconds(0.into()),
            pong_within: Seconds(0.into()),
            message_rate: 0.into(),
            one_time_days: 0.into(),
            strangers_max: 0.into(),
            strangers_per_address_max: 0.into(),
            web_admins: false.into(),
            rooms_by_everyone: false.into(),
            capacity: Mutex::new((machine, capacity)),
        };
        limits.set(args);
        limits
    }

    /// From now on they are these.
    pub(crate) fn set(&self, args: &LiveArgs) {
        self.login_grace.set(args.login_grace);
        self.ping_after.set(args.ping_after);
        self.pong_within.set(args.pong_within);
        let rate = match args.message_rate {
            MessageRate::PerSecond(rate) => rate,
            MessageRate::Off => f64::INFINITY,
        };
        self.message_rate.store(rate.to_bits(), Ordering::Relaxed);
        self.one_time_days.store(args.one_time_days, Ordering::Relaxed);
        self.strangers_max.store(args.max_strangers, Ordering::Relaxed);
        self.strangers_per_address_max.store(args.max_strangers_per_address, Ordering::Relaxed);
        self.web_admins.store(args.web_admins, Ordering::Relaxed);
        self.rooms_by_everyone.store(args.rooms_by == RoomsBy::Everyone, Ordering::Relaxed);
        // Read without the lock, which whoever comes takes too.
        let before = lock(&self.capacity).0.clone();
        let machine = before.read_again(&machine::root());
        let capacity = Capacity::of(&machine, args.max_sessions);
        *lock(&self.capacity) = (machine, capacity);
    }

    /// Whether administrators may come through the page.
    pub(crate) fn web_admins(&self) -> bool {
        self.web_admins.load(Ordering::Relaxed)
    }

    /// Whether everyone may make rooms.
    pub(crate) fn rooms_by_everyone(&self) -> bool {
        self.rooms_by_everyone.load(Ordering::Relaxed)
    }

    /// How long a connection has to log in.
    pub(crate) fn login_grace(&self) -> Duration {
        self.login_grace.get()
    }

    /// How long a client may be silent before it's asked whether it's there.
    pub(crate) fn ping_after(&self) -> Duration {
        self.ping_after.get()
    }

    /// How long it then has to answer.
    pub(crate) fn pong_within(&self) -> Duration {
        self.pong_within.get()
    }

    /// How fast an account may speak.
    pub(crate) fn message_rate(&self) -> MessageRate {
        let rate = f64::from_bits(self.message_rate.load(Ordering::Relaxed));
        if rate.is_finite() { MessageRate::PerSecond(rate) } else { MessageRate::Off }
    }

    /// How old a one-time password may become.
    pub(crate) fn one_time_lifetime(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * self.one_time_days.load(Ordering::Relaxed) as i64)
    }

    /// How many strangers there may be where the machine has room for so many, and how many from one address.
    pub(crate) fn strangers_max(&self, room: usize) -> (usize, usize) {
        let max = self.strangers_max.load(Ordering::Relaxed).min(room);
        (max, self.strangers_per_address_max.load(Ordering::Relaxed).min(max))
    }

    /// How many sessions there may be, and why no more.
    pub(crate) fn capacity(&self) -> Capacity {
        lock(&self.capacity).1
    }
}

impl Seconds {
    fn get(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}
