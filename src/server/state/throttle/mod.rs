//! Guessing passwords is slowed down, and nobody is locked out by it.
//!
//! Wrong guesses are counted three times: for a **pair** of address and account, for an **address**, and for an
//! **account** from all addresses together. Each count has a pace: so many at once, and then one each few seconds, which
//! is shared by all whom it concerns. What is right costs nothing and is answered at once when its turn comes. So whoever
//! knows the password is in a few seconds after the last wrong guess, whatever was tried before, and however long; and
//! a day has only so many guesses.
//!
//! Who goes first decides who gets through while somebody goes on guessing: accounts **at home**, at an address from
//! which they have logged in before, before all others; and of those the ones that were guessed at least. At home the
//! count of an account from all addresses doesn't hold, so nobody elsewhere keeps an owner waiting there.
//!
//! A guess is counted when it begins and taken back when it turns out right: many at once can't slip past.
//! The state has no clock of its own: each call is told the time.

mod home;
mod pace;
mod table;
#[cfg(test)]
mod tests;

use crate::protocol::Username;
use crate::server::accounts::{HOMES_PER_ACCOUNT_MAX, Origin, RANK_IN, Wait};
use home::Home;
use pace::{ACCOUNT, ADDRESS, PAIR};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use table::Table;

/// Who must wait no longer than this may do it here, instead of being sent away: the longest wait that others can cause.
pub(super) const WAIT_HERE_MAX: Duration = Duration::from_secs(12);

/// Who failed how often.
#[derive(Debug)]
pub(crate) struct Throttle {
    pairs: Table<(Origin, Username)>,
    addresses: Table<Origin>,
    accounts: Table<Username>,
    /// Bounded by the number of accounts: only real ones succeed. The one used last is last.
    homes: HashMap<Username, Vec<Home>>,
}

/// A password that is being compared.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt {
    origin: Origin,
    name: Username,
    at_home: bool,
}

impl Attempt {
    /// From where.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }
}

impl Throttle {
    /// With the homes that are known from before.
    pub(crate) fn with_homes(known: impl IntoIterator<Item = (Username, Vec<Origin>)>) -> Self {
        let homes = known.into_iter().map(|(name, origins)| (name, origins.into_iter().map(Home::new).collect()));
        Self {
            pairs: Table::new(PAIR),
            addresses: Table::new(ADDRESS),
            accounts: Table::new(ACCOUNT),
            homes: homes.collect(),
        }
    }

    /// Whether a login may be tried now.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn check(&self, origin: Origin, name: &Username, now: Instant) -> Result<(), Wait> {
        let own = match self.home(origin, name) {
            Some(home) => home.failures.wait(&PAIR, now),
            None => self.pairs.wait(&(origin, name.clone()), now).max(self.accounts.wait(name, now)),
        };
        let time = own.max(self.addresses.wait(&origin, now));
        if time.is_zero() { Ok(()) } else { Err(Wait { time, here: time <= WAIT_HERE_MAX }) }
    }

    /// A password is about to be compared: it counts as a wrong one from now on.
    ///
    /// # Errors
    /// How long to wait.
    pub(crate) fn begin(&mut self, origin: Origin, name: &Username, now: Instant) -> Result<Attempt, Wait> {
        self.check(origin, name, now)?;
        let home = self.home_mut(origin, name);
        let at_home = home.is_some();
        match home {
            Some(home) => home.failures.count(&PAIR, now),
            None => self.pairs.count((origin, name.clone()), now),
        }
        self.addresses.count(origin, now);
        self.accounts.count(name.clone(), now);
        Ok(Attempt { origin, name: name.clone(), at_home })
    }

    /// It was right.
    pub(crate) fn succeeded(&mut self, attempt: &Attempt, now: Instant) {
        self.take_back(attempt, now);
        let Attempt { origin, name, .. } = attempt;
        self.pairs.forgive(&(*origin, name.clone()));
        self.accounts.forgive(name);
        if let Some(home) = self.home_mut(*origin, name) {
            home.failures.forgive();
        }
    }

    /// It wasn't wrong.
    pub(crate) fn take_back(&mut self, attempt: &Attempt, now: Instant) {
        let Attempt { origin, name, at_home } = attempt;
        self.addresses.take_back(origin, now);
        self.accounts.take_back(name, now);
        if !at_home {
            self.pairs.take_back(&(*origin, name.clone()), now);
        } else if let Some(home) = self.home_mut(*origin, name) {
            home.failures.take_back(&PAIR);
        }
    }

    /// Somebody is in, by password or by token, and so at home there. Gives all the account's homes if that is a new one.
    pub(crate) fn at_home(&mut self, origin: Origin, name: &Username, now: Instant) -> Option<Vec<Origin>> {
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

    /// Who goes first among those who wait at the same origin: the lowest. Those at home come before all others, and who
    /// was guessed at least before who was guessed at often. Of those at home whoever was let in a moment ago goes last,
    /// so that those who aren't in yet get there.
    pub(crate) fn rank(&self, origin: Origin, name: &Username, now: Instant) -> u8 {
        let within = |failures: u128| u8::try_from(failures).unwrap_or(u8::MAX).min(RANK_IN - 1);
        match self.home(origin, name) {
            Some(home) if home.is_in(now) => RANK_IN,
            Some(home) => within(home.failures.of_the_day(&PAIR, now)),
            None => RANK_IN + 1 + within(self.pairs.of_the_day(&(origin, name.clone()), now)),
        }
    }

    /// The account is gone: whoever has its name next begins anew.
    pub(crate) fn forget(&mut self, name: &Username) {
        self.homes.remove(name);
        self.accounts.forget(|other| other == name);
        self.pairs.forget(|(_, other)| other == name);
    }

    fn home(&self, origin: Origin, name: &Username) -> Option<&Home> {
        self.homes.get(name)?.iter().find(|home| home.origin == origin)
    }

    fn home_mut(&mut self, origin: Origin, name: &Username) -> Option<&mut Home> {
        self.homes.get_mut(name)?.iter_mut().find(|home| home.origin == origin)
    }
}
