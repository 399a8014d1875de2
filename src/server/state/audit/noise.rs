//! What strangers and pupils make the server write has a measure: the first failures of an address are told one by
//! one; what goes on is counted and summed up.
//!
//! Two bounds. Each kind of failure (what, why, whose) is told alone [`SINGLES_MAX`] times, and then not before a
//! [`WINDOW`] was quieter than that. All kinds together share one budget of lines, so that however many addresses there
//! are, what is kept on disk holds [`KEPT_DAYS`] of it. No failure goes uncounted.
//! The state has no clock of its own: each call is told the time.

use crate::protocol::Username;
use crate::server::accounts::Origin;
use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How many failures of one kind are told one by one. More than fail2ban's `maxretry` (200) within its `findtime`, which
/// is [`WINDOW`], so it finds whoever it would find if each was told; by half, for a jail that is set more patiently.
pub(super) const SINGLES_MAX: u32 = 300;
/// As long as fail2ban's `findtime`.
pub(super) const WINDOW: Duration = Duration::from_secs(10 * 60);
/// How long failures are summed up before the sum is told.
pub(crate) const SUM_AFTER: Duration = Duration::from_secs(60);
/// So long, at the least, the audit log reaches back, though it is flooded all the time: as the journal and the tokens.
pub(super) const KEPT_DAYS: u64 = 30;
/// How many lines may come at once: a quarter of an hour of a school of 1,000 who all mistype twice.
pub(super) const LINES_AT_ONCE: u32 = 2048;
/// And how far apart they are after that: 960 a day.
pub(super) const LINE_PAUSE: Duration = Duration::from_secs(90);
/// So many of the lines at once are for sums alone: a flood of single failures never uses them up.
pub(super) const LINES_FOR_SUMS: u32 = 512;
/// How many kinds are known at a time, some 200 bytes each. A further one is summed up with all others of its event.
pub(super) const KINDS_MAX: usize = 4096;
/// How many of them may have a sum that isn't told yet. Further ones are summed up likewise.
pub(super) const SUMS_MAX: usize = 64;
/// Events and their reasons: there are fewer in the code. So many sums may come on top, of [`Who::Anyone`].
pub(super) const REASONS_MAX: usize = 16;

/// How many lines [`KEPT_DAYS`] of it come to at the most, with what a server's end may add.
pub(super) const LINES_MAX: u64 =
    KEPT_DAYS * DAY_SECONDS / LINE_PAUSE.as_secs() + LINES_AT_ONCE as u64 + (SUMS_MAX + REASONS_MAX) as u64;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// What failed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Event {
    /// A login.
    LoginFailed,
    /// A comeback with a token.
    TokenRefused,
    /// A change of a password.
    PasswdFailed,
    /// A connection that came to nothing. Not for the audit log.
    Connection,
}

/// Whose failures count together.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Who {
    /// A stranger is known by the address alone.
    Address(Origin),
    /// Somebody who is logged in.
    Account(Username),
    /// All for whom there is no room.
    Anyone,
}

/// One failure.
#[derive(Clone, Debug)]
pub(super) struct Failure<'a> {
    pub(super) event: Event,
    pub(super) reason: &'static str,
    pub(super) who: Who,
    pub(super) peer: IpAddr,
    pub(super) username: Option<&'a Username>,
}

impl<'a> Failure<'a> {
    /// One that counts for whoever is at that address.
    pub(super) fn of_address(event: Event, reason: &'static str, peer: IpAddr, username: Option<&'a Username>) -> Self {
        Self { event, reason, who: Who::Address(Origin::from(peer)), peer, username }
    }
}

/// Failures of one kind that were not told one by one.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub(super) event: Event,
    pub(super) reason: &'static str,
    /// The last one's address, where they all have one origin or account.
    pub(super) peer: Option<IpAddr>,
    /// Where all were in one name.
    pub(super) username: Option<Username>,
    pub(super) count: u64,
    /// When the first one was.
    pub(super) since: Instant,
}

/// Who failed how often of late, and what of it is not told yet.
#[derive(Debug)]
pub(super) struct Noise {
    kinds: HashMap<Kind, Recent>,
    sums: HashMap<Kind, Sum>,
    budget: Budget,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Kind {
    event: Event,
    reason: &'static str,
    who: Who,
}

#[derive(Debug)]
struct Recent {
    window: Instant,
    /// In this window.
    failures: u32,
    /// There were too many in the window before: nobody needs to be told of them again one by one.
    goes_on: bool,
}

/// Lines that may be written.
#[derive(Debug)]
struct Budget {
    /// When all that was written has been paid for, at a line each [`LINE_PAUSE`].
    paid: Instant,
}

impl Event {
    /// As the audit log has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LoginFailed => "login_failed",
            Self::TokenRefused => "token_refused",
            Self::PasswdFailed => "passwd_failed",
            Self::Connection => "connection",
        }
    }

    /// Several, for people.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::LoginFailed => "failed logins",
            Self::TokenRefused => "refused tokens",
            Self::PasswdFailed => "failed changes of a password",
            Self::Connection => "connections",
        }
    }
}

impl Sum {
    /// How long it was summed up for.
    pub(super) fn seconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.since).as_secs()
    }
}

impl Noise {
    /// Nobody has failed yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { kinds: HashMap::new(), sums: HashMap::new(), budget: Budget { paid: now } }
    }

    /// Counts a failure. True when it is to be told by itself; otherwise it is in a sum.
    pub(super) fn note(&mut self, failure: &Failure<'_>, now: Instant) -> bool {
        let kind = Kind { event: failure.event, reason: failure.reason, who: failure.who.clone() };
        if self.kinds.len() < KINDS_MAX && !self.kinds.contains_key(&kind) {
            self.kinds.insert(kind.clone(), Recent::new(now));
        }
        let recent = self.kinds.get_mut(&kind);
        if recent.is_some_and(|recent| recent.is_told(now)) && self.budget.take(LINES_FOR_SUMS, now) {
            return true;
        }
        let has_room = self.sums.len() < SUMS_MAX || self.sums.contains_key(&kind);
        self.add(if has_room { kind } else { Kind { who: Who::Anyone, ..kind } }, failure, now);
        false
    }

    /// The sums that are due, the oldest first, as far as there are lines for them. The others go on. To be called every
    /// now and then.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Sum> {
        self.kinds.retain(|_, recent| recent.matters(now));
        let due = self.sums.iter().filter(|(_, sum)| now.saturating_duration_since(sum.since) >= SUM_AFTER);
        let mut due: Vec<(Instant, Kind)> = due.map(|(kind, sum)| (sum.since, kind.clone())).collect();
        due.sort_by_key(|(since, _)| *since);
        let affordable = due.into_iter().take_while(|_| self.budget.take(0, now));
        affordable.filter_map(|(_, kind)| self.sums.remove(&kind)).collect()
    }

    /// All sums, at the end.
    pub(super) fn rest(&mut self) -> Vec<Sum> {
        self.sums.drain().map(|(_, sum)| sum).collect()
    }

    /// How many kinds are known, and how many sums there are.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        (self.kinds.len(), self.sums.len())
    }

    fn add(&mut self, kind: Kind, failure: &Failure<'_>, now: Instant) {
        let peer = (kind.who != Who::Anyone).then_some(failure.peer);
        let sum = self.sums.entry(kind).or_insert_with(|| Sum {
            event: failure.event,
            reason: failure.reason,
            peer,
            username: failure.username.cloned(),
            count: 0,
            since: now,
        });
        sum.count += 1;
        sum.peer = peer;
        if sum.username.as_ref() != failure.username {
            sum.username = None;
        }
    }
}

impl Recent {
    fn new(now: Instant) -> Self {
        Self { window: now, failures: 0, goes_on: false }
    }

    /// A window matters until the next one is over.
    fn matters(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.window) < 2 * WINDOW
    }

    /// Whether one more may be told by itself.
    fn is_told(&mut self, now: Instant) -> bool {
        if !self.matters(now) {
            *self = Self::new(now);
        } else if now.saturating_duration_since(self.window) >= WINDOW {
            self.window += WINDOW;
            self.goes_on = mem::take(&mut self.failures) > SINGLES_MAX;
        }
        self.failures = self.failures.saturating_add(1);
        !self.goes_on && self.failures <= SINGLES_MAX
    }
}

impl Budget {
    /// Takes a line, if then so many are left.
    fn take(&mut self, left: u32, now: Instant) -> bool {
        let paid = self.paid.max(now) + LINE_PAUSE;
        let affordable = paid - now <= LINE_PAUSE * (LINES_AT_ONCE - left);
        if affordable {
            self.paid = paid;
        }
        affordable
    }
}
