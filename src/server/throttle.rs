//! Guessing passwords is slowed down, and nobody else is.
//!
//! Three counts, each with a reach of its own:
//! - for a **pair** of address and account: whoever mistypes one password again and again waits longer and longer,
//!   alone;
//! - for an **address**: only far above what a class behind it mistypes;
//! - for an **account**, from all addresses together: only where it has never logged in before, so that strangers
//!   who guess never lock out its owner (NIST SP 800-63B, 5.2.2, allows 100 failures in a row).
//!
//! The state has no clock of its own: each call is told the time.

use crate::protocol::Username;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Failures of a pair before it must wait.
pub(super) const PAIR_FAILURES_FREE: u32 = 5;
/// The first wait of a pair; each further failure doubles it.
pub(super) const PAIR_WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait of a pair.
pub(super) const PAIR_WAIT_MAX: Duration = Duration::from_secs(5 * 60);
/// Failures of an address that are let pass, with no [`WINDOW`] between two: 30 students who mistype twice each are
/// all let in. One more, and it must wait.
pub(super) const ADDRESS_FAILURES_MAX: u32 = 60;
/// Failures of an account in a row before only those addresses may try where it has logged in before.
pub(super) const ACCOUNT_FAILURES_MAX: u32 = 100;
/// After so long without a failure, a count begins anew.
pub(super) const WINDOW: Duration = Duration::from_secs(10 * 60);

/// How many of each are remembered; the one whose last failure is oldest is forgotten first.
const ENTRIES_MAX: usize = 10_000;
/// How many addresses are remembered where an account has logged in.
const KNOWN_PER_ACCOUNT_MAX: usize = 16;

/// Who failed how often.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    pairs: HashMap<(Origin, Username), Failures>,
    addresses: HashMap<Origin, Failures>,
    accounts: HashMap<Username, Failures>,
    known: HashMap<Username, Vec<Origin>>,
}

/// Where somebody comes from: an IPv4 address, or the /64 network of an IPv6 address, which is what one
/// customer of a provider is given.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Origin(IpAddr);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()),
            v4 => Self(v4),
        }
    }
}

impl Throttle {
    /// Whether a login may be tried now.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn check(&self, origin: Origin, name: &Username, now: Instant) -> Result<(), Duration> {
        let pair = self.pairs.get(&(origin, name.clone())).map(|failures| failures.last + pair_wait(failures.count));
        let address = self.addresses.get(&origin).filter(|failures| failures.count > ADDRESS_FAILURES_MAX);
        let at_home = self.known.get(name).is_some_and(|known| known.contains(&origin));
        let account = self.accounts.get(name).filter(|failures| failures.count >= ACCOUNT_FAILURES_MAX && !at_home);
        let until =
            [pair, address.map(|failures| failures.last + WINDOW), account.map(|failures| failures.last + WINDOW)];
        match until.into_iter().flatten().max() {
            Some(until) if until > now => Err(until - now),
            _ => Ok(()),
        }
    }

    /// A login failed.
    pub(super) fn failed(&mut self, origin: Origin, name: &Username, now: Instant) {
        count(&mut self.pairs, (origin, name.clone()), now);
        count(&mut self.addresses, origin, now);
        count(&mut self.accounts, name.clone(), now);
    }

    /// A login succeeded.
    pub(super) fn succeeded(&mut self, origin: Origin, name: &Username) {
        self.pairs.remove(&(origin, name.clone()));
        self.accounts.remove(name);
        // Bounded by the number of accounts: only real ones succeed.
        let known = self.known.entry(name.clone()).or_default();
        known.retain(|other| *other != origin);
        known.reserve_exact(1);
        known.push(origin);
        if known.len() > KNOWN_PER_ACCOUNT_MAX {
            known.remove(0);
        }
    }

    /// The account is gone: whoever has its name next begins anew.
    pub(super) fn forget(&mut self, name: &Username) {
        self.known.remove(name);
        self.accounts.remove(name);
    }
}

fn pair_wait(failures: u32) -> Duration {
    match failures.checked_sub(PAIR_FAILURES_FREE) {
        None => Duration::ZERO,
        Some(doublings) => (PAIR_WAIT_MIN * 2_u32.pow(doublings.min(16))).min(PAIR_WAIT_MAX),
    }
}

fn count<K: Clone + Eq + Hash>(table: &mut HashMap<K, Failures>, key: K, now: Instant) {
    if !table.contains_key(&key) && table.len() >= ENTRIES_MAX {
        let oldest = table.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone());
        oldest.map(|oldest| table.remove(&oldest));
    }
    let failures = table.entry(key).or_insert(Failures { count: 0, last: now });
    if now.saturating_duration_since(failures.last) > WINDOW {
        failures.count = 0;
    }
    failures.count += 1;
    failures.last = now;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(last: u8) -> Origin {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_pair_waits_longer_and_longer() {
        let (mut throttle, ada, mut now) = (Throttle::default(), name("ada"), Instant::now());
        for _ in 0..PAIR_FAILURES_FREE {
            assert_eq!(throttle.check(origin(1), &ada, now), Ok(()));
            throttle.failed(origin(1), &ada, now);
        }
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(throttle.check(origin(1), &ada, now), Err(wait * SECOND));
            assert_eq!(throttle.check(origin(2), &ada, now), Ok(()), "elsewhere it's open");
            assert_eq!(throttle.check(origin(1), &name("bob"), now), Ok(()), "so are other accounts");
            now += wait * SECOND;
            assert_eq!(throttle.check(origin(1), &ada, now), Ok(()), "let in again after {wait} s");
            throttle.failed(origin(1), &ada, now);
        }
        throttle.succeeded(origin(1), &ada);
        assert_eq!(throttle.check(origin(1), &ada, now), Ok(()));
        for _ in 1..PAIR_FAILURES_FREE {
            throttle.failed(origin(1), &ada, now);
        }
        now += WINDOW + SECOND;
        throttle.failed(origin(1), &ada, now);
        assert_eq!(throttle.check(origin(1), &ada, now), Ok(()), "old failures don't count");
    }

    #[test]
    fn a_class_that_mistypes_is_let_in_and_a_machine_is_not() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for student in 0..30 {
            let student = name(&format!("s{student}"));
            for _ in 0..2 {
                assert_eq!(throttle.check(origin(1), &student, now), Ok(()));
                throttle.failed(origin(1), &student, now);
            }
        }
        assert_eq!(throttle.check(origin(1), &name("s29"), now), Ok(()), "the last one types it right");
        throttle.failed(origin(1), &name("guess"), now);
        assert_eq!(throttle.check(origin(1), &name("more"), now), Err(WINDOW));
        assert_eq!(throttle.check(origin(2), &name("more"), now), Ok(()));
        assert_eq!(throttle.check(origin(1), &name("more"), now + WINDOW), Ok(()));
        let (mut throttle, student) = (Throttle::default(), name("s"));
        for i in 0..ADDRESS_FAILURES_MAX {
            assert_eq!(throttle.check(origin(1), &student, now), Ok(()), "the {i}th");
            throttle.failed(origin(1), &name(&format!("s{i}")), now);
        }
    }

    #[test]
    fn an_owner_is_not_locked_out_at_home() {
        let (mut throttle, ada, now) = (Throttle::default(), name("ada"), Instant::now());
        throttle.succeeded(origin(1), &ada);
        for i in 0..ACCOUNT_FAILURES_MAX {
            assert_eq!(throttle.check(origin(250), &ada, now), Ok(()));
            throttle.failed(origin(i as u8 + 10), &ada, now);
        }
        assert_eq!(throttle.check(origin(250), &ada, now), Err(WINDOW), "no stranger may guess any more");
        assert_eq!(throttle.check(origin(1), &ada, now), Ok(()), "but the owner gets in");
        assert_eq!(throttle.check(origin(250), &ada, now + WINDOW), Ok(()));
        throttle.succeeded(origin(1), &ada);
        assert_eq!(throttle.check(origin(250), &ada, now), Ok(()), "and ends the row");
    }

    #[test]
    fn tables_are_bounded() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for i in 0..2 * ENTRIES_MAX as u32 {
            let address: Origin = IpAddr::from(i.to_be_bytes()).into();
            throttle.failed(address, &name(&format!("n{i}")), now + Duration::from_millis(i.into()));
        }
        assert_eq!(throttle.pairs.len(), ENTRIES_MAX);
        assert_eq!(throttle.addresses.len(), ENTRIES_MAX);
        assert_eq!(throttle.accounts.len(), ENTRIES_MAX);
    }

    #[test]
    fn an_ipv6_network_is_one_origin() {
        let origin = |text: &str| Origin::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(origin("2001:db8::1"), origin("2001:db8::ffff:2"));
        assert_ne!(origin("2001:db8::1"), origin("2001:db8:0:1::1"));
        assert_eq!(origin("::ffff:192.0.2.1"), origin("192.0.2.1"));
    }
}
