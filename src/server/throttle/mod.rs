//! Guessing passwords is slowed down, and nobody else is.
//!
//! Who has never logged in from where they come from is held by three counts, each with a reach of its own:
//! - for a **pair** of address and account: whoever mistypes one password again and again waits longer and longer,
//!   alone;
//! - for an **address**: only far above what a class behind it mistypes;
//! - for an **account**, from all addresses together (NIST SP 800-63B, 5.2.2, allows 100 failures in a row).
//!
//! An account **at home**, at an address from which it has logged in before, is held by none of them, so that nobody
//! locks its owner out: not by failing in its name elsewhere, nor by failing in other names behind the same address. Its
//! own failures there count against it ([`home`]) and against the address. Once the address's count is used up, all
//! who are at home there share one failure every [`HOME_WAIT`]; what succeeds costs nothing. So whoever guesses gets no
//! more guesses for it, and whoever knows the password is let in after that wait at the latest.
//!
//! A guess is counted when it begins and taken back when it turns out right: many at once can't slip past.
//! The state has no clock of its own: each call is told the time.

mod failures;
mod home;
#[cfg(test)]
mod tests;

use super::origin::{HOMES_PER_ACCOUNT_MAX, Origin};
use super::wait::Wait;
use crate::protocol::Username;
use failures::{Failures, Table};
use home::Home;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Failures of a pair before it must wait.
pub(super) const PAIR_FAILURES_FREE: u32 = 5;
/// The first wait of a pair; each further failure doubles it.
pub(super) const PAIR_WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait of a pair that isn't at home.
pub(super) const PAIR_WAIT_MAX: Duration = Duration::from_secs(5 * 60);
/// Failures of an address that are let pass, with no [`WINDOW`] between two: 30 students who mistype twice each are
/// all let in. One more, and it must wait.
pub(super) const ADDRESS_FAILURES_MAX: u32 = 60;
/// Failures of an account in a row before only those addresses may try where it has logged in before.
pub(super) const ACCOUNT_FAILURES_MAX: u32 = 100;
/// After so long without a failure, a count begins anew.
pub(super) const WINDOW: Duration = Duration::from_secs(10 * 60);
/// The longest wait of an account at home, as long as it has failed fewer than [`HOME_FAILURES_A_DAY`] times.
pub(super) const HOME_WAIT_MAX: Duration = Duration::from_secs(8);
/// After so many failures within a day an account at home waits [`HOME_WAIT_LONG`] after each: 195 a day at most,
/// where elsewhere there are 299.
pub(super) const HOME_FAILURES_A_DAY: u32 = 100;
/// 24 h / 15 min = 96 a day.
pub(super) const HOME_WAIT_LONG: Duration = Duration::from_secs(15 * 60);
/// How long those at home wait, all together, after a failure of an address whose count is used up: as many a day as
/// [`ADDRESS_FAILURES_MAX`] every [`WINDOW`] are.
pub(super) const HOME_WAIT: Duration = Duration::from_secs(10);

/// What is under way there ends sooner than that, and may turn out to be no failure.
const UNDER_WAY_WAIT: Duration = Duration::from_secs(1);

/// Who failed how often.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    pairs: Table<(Origin, Username)>,
    addresses: Table<Origin>,
    accounts: Table<Username>,
    /// Bounded by the number of accounts: only real ones succeed. The one used last is last.
    homes: HashMap<Username, Vec<Home>>,
    /// Where passwords of accounts at home are being checked; at most as many as are hashed at a time.
    under_way: Vec<Origin>,
}

/// A password that is being checked, counted as a failure until that is known.
#[derive(Debug)]
#[must_use]
pub(super) struct Attempt {
    origin: Origin,
    name: Username,
    at: Instant,
    address: Option<Failures>,
    account: Option<Failures>,
    pair: Pair,
}

/// What a pair had failed before an attempt.
#[derive(Debug)]
enum Pair {
    AtHome(Home),
    Elsewhere(Option<Failures>),
}

impl Attempt {
    /// From where.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }
}

impl Throttle {
    /// With the homes that are known from before.
    pub(super) fn with_homes(known: impl IntoIterator<Item = (Username, Vec<Origin>)>) -> Self {
        let homes = known.into_iter().map(|(name, origins)| (name, origins.into_iter().map(Home::new).collect()));
        Self { homes: homes.collect(), ..Self::default() }
    }

    /// Whether a login may be tried now.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn check(&self, origin: Origin, name: &Username, now: Instant) -> Result<(), Wait> {
        let address = self.addresses.get(&origin).filter(|failures| failures.count > ADDRESS_FAILURES_MAX);
        let home = self.home(origin, name);
        let until = if let Some(home) = home {
            [home.opens(now), address.map(|failures| failures.last + HOME_WAIT), None]
        } else {
            let pair = self.pairs.get(&(origin, name.clone()));
            let account = self.accounts.get(name).filter(|failures| failures.count >= ACCOUNT_FAILURES_MAX);
            [
                pair.map(|failures| failures.last + pair_wait(failures.count, PAIR_WAIT_MAX)),
                address.map(|failures| failures.last + WINDOW),
                account.map(|failures| failures.last + WINDOW),
            ]
        };
        match until.into_iter().flatten().max() {
            Some(until) if until > now => {
                let under_way = home.is_some() && self.under_way.contains(&origin);
                let time = if under_way { (until - now).min(UNDER_WAY_WAIT) } else { until - now };
                Err(Wait { time, here: home.is_some() && time <= HOME_WAIT })
            }
            _ => Ok(()),
        }
    }

    /// A password is about to be checked.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn begin(&mut self, origin: Origin, name: &Username, now: Instant) -> Result<Attempt, Wait> {
        self.check(origin, name, now)?;
        let pair = if let Some(home) = self.home_mut(origin, name) {
            let before = *home;
            home.count(now);
            self.under_way.push(origin);
            Pair::AtHome(before)
        } else {
            Pair::Elsewhere(self.pairs.count((origin, name.clone()), now))
        };
        let address = self.addresses.count(origin, now);
        let account = self.accounts.count(name.clone(), now);
        Ok(Attempt { origin, name: name.clone(), at: now, address, account, pair })
    }

    /// It was wrong, as it was counted.
    pub(super) fn failed(&mut self, attempt: &Attempt) {
        if let (Pair::AtHome(_), Some(index)) =
            (&attempt.pair, self.under_way.iter().position(|origin| *origin == attempt.origin))
        {
            self.under_way.swap_remove(index);
        }
    }

    /// It was right, and its sender is let in.
    pub(super) fn succeeded(&mut self, attempt: &Attempt) {
        self.take_back(attempt);
        self.pairs.remove(&(attempt.origin, attempt.name.clone()));
        self.accounts.remove(&attempt.name);
        if let Some(home) = self.home_mut(attempt.origin, &attempt.name) {
            home.succeeded();
        }
    }

    /// It was neither right nor wrong, or right and its sender is not let in for another reason.
    pub(super) fn take_back(&mut self, attempt: &Attempt) {
        self.failed(attempt);
        let Attempt { origin, name, at, address, account, pair } = attempt;
        self.addresses.take_back(origin, *at, *address);
        self.accounts.take_back(name, *at, *account);
        match pair {
            Pair::Elsewhere(before) => self.pairs.take_back(&(*origin, name.clone()), *at, *before),
            Pair::AtHome(before) => {
                if let Some(home) = self.home_mut(*origin, name) {
                    home.take_back(*at, before);
                }
            }
        }
    }

    /// Somebody is in, by password or by token, and so at home there. Gives all the account's homes if that is a new one.
    pub(super) fn at_home(&mut self, origin: Origin, name: &Username, now: Instant) -> Option<Vec<Origin>> {
        let homes = self.homes.entry(name.clone()).or_default();
        let known = homes.iter().position(|home| home.origin == origin);
        let mut home = known.map_or_else(|| Home::new(origin), |index| homes.remove(index));
        home.let_in(now);
        homes.reserve_exact(1);
        homes.push(home);
        if homes.len() > HOMES_PER_ACCOUNT_MAX {
            homes.remove(0);
        }
        known.is_none().then(|| homes.iter().map(|home| home.origin).collect())
    }

    /// Who goes first among those who wait at the same origin: the lowest.
    pub(super) fn rank(&self, origin: Origin, name: &Username, now: Instant) -> u8 {
        self.home(origin, name).map_or(u8::MAX, |home| home.rank(now))
    }

    /// The account is gone: whoever has its name next begins anew.
    pub(super) fn forget(&mut self, name: &Username) {
        self.homes.remove(name);
        self.accounts.remove(name);
    }

    fn home(&self, origin: Origin, name: &Username) -> Option<&Home> {
        self.homes.get(name)?.iter().find(|home| home.origin == origin)
    }

    fn home_mut(&mut self, origin: Origin, name: &Username) -> Option<&mut Home> {
        self.homes.get_mut(name)?.iter_mut().find(|home| home.origin == origin)
    }
}

/// How long a pair waits after so many failures in a row, at most `max`.
fn pair_wait(failures: u32, max: Duration) -> Duration {
    match failures.checked_sub(PAIR_FAILURES_FREE) {
        None => Duration::ZERO,
        Some(doublings) => (PAIR_WAIT_MIN * 2_u32.pow(doublings.min(16))).min(max),
    }
}
