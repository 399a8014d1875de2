//! Hashing passwords, which is meant to be dear: who may do it when, and that it tells nothing by its time.

use super::line::{Line, Ticket};
use super::origin::Origin;
use super::passwords::StoredPassword;
use super::wait::Wait;
use crate::password_forms::{one_form, other_forms};
use crate::protocol::Username;
use crate::server::config::ROUNDS_MIN;
use crate::sync::lock;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many may wait for their turn to hash; all of the lobby, and some sessions that change a password.
const WAITING_MAX: usize = 768;
/// How often one who waits looks whether it waits for somebody who is gone.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Hashes, at most one at a time for each two cores, so that a burst of logins leaves cores for the chat.
#[derive(Debug)]
pub(crate) struct Hasher {
    rounds: u32,
    /// The rounds of the dearest hash that is stored, or that would be made.
    dearest: AtomicU32,
    /// Whether a hash is stored that may be of another form of its password than the one.
    others: AtomicBool,
    /// Compared with where there is no account, so that a wrong name takes as long as a wrong password.
    dummy: StoredPassword,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    line: Line,
    /// How often somebody was recalled: whoever is about to be put off meanwhile asks again.
    recalls: u64,
    bells: HashMap<Ticket, Arc<Condvar>>,
}

/// For whom something is to be hashed.
pub(crate) struct Client<'a> {
    /// From where they ask.
    pub(crate) origin: Origin,
    /// In whose name.
    pub(crate) name: &'a Username,
    /// Among those of one origin the lowest goes first. Asked anew after each wait: others may have failed in its name.
    pub(crate) rank: &'a (dyn Fn() -> u8 + Sync),
    /// They have no use for it later.
    pub(crate) deadline: Option<Instant>,
    /// Whether they are still there.
    pub(crate) is_there: &'a (dyn Fn() -> bool + Sync),
}

/// Why there was no turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoTurn {
    /// Too many wait already, or too many did until the deadline.
    Crowded,
    /// Nobody is there any more to be answered.
    Gone,
    /// They may not yet, and not wait here for it.
    TryLater(Duration),
}

impl<'a> Client<'a> {
    /// The server itself, or whoever runs a command on its folder: nobody else is there, or they wait their turn.
    pub(crate) fn own(name: &'a Username) -> Self {
        Self {
            origin: Origin::from(std::net::IpAddr::from(Ipv4Addr::UNSPECIFIED)),
            name,
            rank: &|| u8::MAX,
            deadline: None,
            is_there: &|| true,
        }
    }
}

impl Hasher {
    /// With `rounds` for new hashes.
    pub(crate) fn new(rounds: u32) -> Self {
        let rounds = rounds.max(ROUNDS_MIN);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let queue = Queue { free: (cores / 2).max(1), line: Line::default(), recalls: 0, bells: HashMap::new() };
        let dummy = StoredPassword::hash("", rounds);
        Self { rounds, dearest: rounds.into(), others: false.into(), dummy, queue: Mutex::new(queue) }
    }

    /// These are all hashes that are stored: from now on whatever is wrong costs what the dearest of them costs, and is
    /// compared in as many forms as one of them needs.
    pub(super) fn cover<'a>(&self, stored: impl Iterator<Item = &'a StoredPassword>) {
        let (mut dearest, mut others) = (self.rounds, false);
        for stored in stored {
            dearest = dearest.max(stored.rounds());
            others |= !stored.is_of_one_form();
        }
        self.dearest.store(dearest, Ordering::Relaxed);
        self.others.store(others, Ordering::Relaxed);
    }

    /// Whether a hash is to be made anew, now that its password is known.
    pub(super) fn outgrows(&self, stored: &StoredPassword) -> bool {
        stored.rounds() < self.rounds || !stored.is_of_one_form()
    }

    /// Waits for a turn. `permit` is asked once it has come, and only if they are still there: what it counts is done.
    ///
    /// # Errors
    /// [`NoTurn`].
    pub(crate) fn turn(
        &self,
        client: &Client<'_>,
        mut permit: impl FnMut(Instant) -> Result<(), Wait>,
    ) -> Result<Turn<'_>, NoTurn> {
        let mut turn = self.join(client)?;
        loop {
            self.wait(turn.ticket, client)?;
            if !(client.is_there)() {
                return Err(NoTurn::Gone);
            }
            let (now, recalls) = (Instant::now(), lock(&self.queue).recalls);
            match permit(now) {
                Ok(()) => {
                    turn.used = true;
                    return Ok(turn);
                }
                Err(Wait { time, here: true }) if client.deadline.is_some_and(|deadline| now + time < deadline) => {
                    let rank = (client.rank)();
                    let mut queue = lock(&self.queue);
                    let recalled = queue.recalls != recalls;
                    queue.line.put_off(turn.ticket, rank, if recalled { now } else { now + time });
                    queue.free += 1;
                    queue.call(now);
                }
                Err(Wait { time, .. }) => return Err(NoTurn::TryLater(time)),
            }
        }
    }

    /// Whoever had to wait at an origin may ask again: something that was counted was taken back.
    pub(crate) fn recall(&self, origin: Origin) {
        let mut queue = lock(&self.queue);
        let now = Instant::now();
        queue.recalls += 1;
        queue.line.recall(origin, now);
        queue.call(now);
    }

    fn join(&self, client: &Client<'_>) -> Result<Turn<'_>, NoTurn> {
        let rank = (client.rank)();
        let mut queue = lock(&self.queue);
        if queue.line.len() >= WAITING_MAX {
            return Err(NoTurn::Crowded);
        }
        let now = Instant::now();
        let ticket = queue.line.join(client.origin, client.name, rank, now);
        queue.bells.insert(ticket, Arc::default());
        queue.call(now);
        Ok(Turn { hasher: self, ticket, used: false })
    }

    /// Waits until this one is called.
    fn wait(&self, ticket: Ticket, client: &Client<'_>) -> Result<(), NoTurn> {
        let mut queue = lock(&self.queue);
        loop {
            let now = Instant::now();
            // Whoever was put off until now wakes by itself. The one who wakes first may not be the one who is next.
            queue.call(now);
            if queue.line.is_called(ticket) {
                return Ok(());
            }
            if client.deadline.is_some_and(|deadline| now >= deadline) {
                return Err(NoTurn::Crowded);
            }
            let put_off = queue.line.not_before(ticket).filter(|time| *time > now);
            let until = [put_off, client.deadline, Some(now + LOOK_EVERY)].into_iter().flatten().min();
            let left = until.unwrap_or(now).saturating_duration_since(now);
            let Some(bell) = queue.bells.get(&ticket).map(Arc::clone) else { return Err(NoTurn::Crowded) };
            let waited = bell.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner);
            queue = waited.0;
            if waited.1.timed_out() && !queue.line.is_called(ticket) {
                drop(queue);
                if !(client.is_there)() {
                    return Err(NoTurn::Gone);
                }
                queue = lock(&self.queue);
            }
        }
    }
}

impl Queue {
    /// Gives the free places to those who are next.
    fn call(&mut self, now: Instant) {
        while self.free > 0 {
            let Some(ticket) = self.line.call(now) else { return };
            self.free -= 1;
            if let Some(bell) = self.bells.get(&ticket) {
                bell.notify_one();
            }
        }
    }
}

/// A place in the line, and then at the hasher; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    hasher: &'a Hasher,
    ticket: Ticket,
    used: bool,
}

impl Turn<'_> {
    /// Hashes a password with a salt of its own.
    pub(crate) fn hash(&self, password: &str) -> StoredPassword {
        StoredPassword::hash(password, self.hasher.rounds)
    }

    /// Whether `password` is the stored one, in its one form or, as long as such hashes are stored, in another one. What
    /// is wrong is compared in all of them, whoever's it is: so it tells nothing. Each is in a turn of its own, so that
    /// nobody has more of the hasher by a password with many forms. Gives the turn in which it was found out.
    ///
    /// # Errors
    /// [`NoTurn`], before it was found out.
    pub(super) fn compare(
        self,
        client: &Client<'_>,
        password: &str,
        stored: Option<&StoredPassword>,
    ) -> Result<(Self, bool), NoTurn> {
        let hasher = self.hasher;
        let others = if hasher.others.load(Ordering::Relaxed) { other_forms(password) } else { Vec::new() };
        let mut right = self.verify(&one_form(password), stored);
        let mut turn = self;
        for form in others {
            if right {
                break;
            }
            drop(turn);
            turn = hasher.turn(client, |_| Ok(()))?;
            right = turn.verify(&form, stored);
        }
        Ok((turn, right))
    }

    /// Whether this form of a password is the stored one. Whatever is wrong takes the same time, which is that of the dearest hash
    /// there is: whether there is none, it has fewer rounds, it is of the old form, or it doesn't match.
    fn verify(&self, password: &str, stored: Option<&StoredPassword>) -> bool {
        let compared = match stored {
            Some(stored @ StoredPassword::Pbkdf2 { .. }) => stored,
            Some(StoredPassword::Legacy(_)) | None => &self.hasher.dummy,
        };
        let matches = compared.matches(password);
        let right = match stored {
            Some(StoredPassword::Pbkdf2 { .. }) => matches,
            Some(legacy @ StoredPassword::Legacy(_)) => legacy.matches(password),
            None => false,
        };
        if !right {
            let dearest = self.hasher.dearest.load(Ordering::Relaxed);
            StoredPassword::spend(password, dearest.saturating_sub(compared.rounds()));
        }
        right
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.hasher.queue);
        if queue.line.is_called(self.ticket) {
            queue.free += 1;
        }
        queue.line.leave(self.ticket, self.used);
        queue.bells.remove(&self.ticket);
        queue.call(Instant::now());
    }
}

#[cfg(test)]
mod tests;
