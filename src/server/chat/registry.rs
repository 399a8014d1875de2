//! The registry: who is online, with which sessions.

use super::herald::Person;
use super::session::Session;
use crate::protocol::Username;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

/// How many sessions an account may have; for a further one that of its token makes way, or else the oldest.
pub(super) const SESSIONS_PER_ACCOUNT_MAX: usize = 5;

/// Every account that has a session. Never blocks on a socket: it only knows sessions, it doesn't use them.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    online: BTreeMap<Username, Presence>,
}

/// One account that is online.
#[derive(Debug)]
struct Presence {
    /// When its first session began.
    since: Timestamp,
    /// Oldest first; never empty.
    sessions: Vec<Arc<Session>>,
}

/// What an arrival changed.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// It's the account's first session that others are told of.
    pub(crate) first: bool,
    /// The session that makes way; it's already out of the registry.
    pub(super) evicted: Option<Arc<Session>>,
}

impl Registry {
    /// Adds a session, at this time.
    pub(crate) fn join(&mut self, session: &Arc<Session>, now: Timestamp) -> Arrival {
        let new = || Presence { since: now, sessions: Vec::new() };
        let sessions = &mut self.online.entry(session.name.clone()).or_insert_with(new).sessions;
        let first = !session.is_display && !is_there(sessions);
        let max = if session.takes_own_place.load(Ordering::Relaxed) { 1 } else { SESSIONS_PER_ACCOUNT_MAX };
        let full = sessions.len() >= max;
        // Whoever comes back with a token comes in place of the session that broke off, not of another device's.
        let same = || sessions.iter().position(|other| other.token == session.token).unwrap_or(0);
        let evicted = full.then(same).map(|index| sessions.remove(index));
        sessions.push(Arc::clone(session));
        Arrival { first, evicted }
    }

    /// Removes a session. True when it was there and the account's last that others were told of.
    pub(crate) fn leave(&mut self, session: &Session) -> bool {
        let Some(Presence { sessions, .. }) = self.online.get_mut(&session.name) else { return false };
        let before = is_there(sessions);
        sessions.retain(|other| other.id != session.id);
        let last = before && !is_there(sessions);
        if sessions.is_empty() {
            self.online.remove(&session.name);
        }
        last
    }

    /// Removes those of an account's sessions that `go`. True when there were some that others were told of, and none of
    /// these is left.
    pub(super) fn leave_all(&mut self, name: &Username, go: impl Fn(&Session) -> bool) -> bool {
        let Some(Presence { sessions, .. }) = self.online.get_mut(name) else { return false };
        let before = is_there(sessions);
        sessions.retain(|session| !go(session));
        let last = before && !is_there(sessions);
        if sessions.is_empty() {
            self.online.remove(name);
        }
        last
    }

    /// Takes out the session that makes way for somebody who has none: of the account that has the most, its oldest. Of two that
    /// have as many, the one that took its last place later. None where everybody has one.
    ///
    /// The oldest, as where an account has too many: it may have broken off without a word, and what its person looks at is
    /// rather a newer one. Nobody's only session goes: one that is on its way out counts for none. Staff's goes `for_staff`
    /// alone: they have places of their own, which are nobody else's.
    pub(super) fn take_spare(&mut self, for_staff: bool) -> Option<Arc<Session>> {
        let name = self.with_most_sessions(for_staff)?.clone();
        let sessions = &mut self.online.get_mut(&name)?.sessions;
        let oldest = sessions.iter().position(|session| session.may_ask())?;
        Some(sessions.remove(oldest))
    }

    /// Whose session would make way. Looks at everybody, which takes less than the handshake of whoever comes.
    pub(super) fn with_most_sessions(&self, for_staff: bool) -> Option<&Username> {
        let several = self.online.iter().filter(|(_, presence)| presence.sessions.len() > 1);
        let spare = several.filter_map(|(name, presence)| {
            let staying: Vec<_> = presence.sessions.iter().filter(|session| session.may_ask()).collect();
            let newest = staying.last().filter(|newest| staying.len() > 1 && (for_staff || !newest.is_staff()))?;
            Some(((staying.len(), newest.id), name))
        });
        spare.max_by_key(|(rank, _)| *rank).map(|(_, name)| name)
    }

    /// An account's sessions.
    pub(crate) fn sessions_of(&self, name: &Username) -> Vec<Arc<Session>> {
        self.online.get(name).map(|presence| presence.sessions.clone()).unwrap_or_default()
    }

    /// Whether an account is there: it has a session, and is no display.
    pub(crate) fn is_online(&self, name: &str) -> bool {
        self.online.get(name).is_some_and(|presence| is_there(&presence.sessions))
    }

    /// How many sessions an account has, a display too, and since when; None when it has none.
    pub(crate) fn presence(&self, name: &str) -> Option<(usize, Timestamp)> {
        self.online.get(name).map(|presence| (presence.sessions.len(), presence.since))
    }

    /// How many accounts are online.
    pub(crate) fn accounts(&self) -> usize {
        self.online.values().filter(|presence| is_there(&presence.sessions)).count()
    }

    /// The names online, sorted, from the one after `after`.
    pub(crate) fn names(&self, after: Option<&str>) -> impl Iterator<Item = &Username> {
        self.people(after).map(|(name, _)| name)
    }

    /// Those online, sorted by name, from the one after `after`.
    pub(crate) fn people(&self, after: Option<&str>) -> impl Iterator<Item = Person<'_>> {
        let beyond = (after.map_or(Unbounded, Excluded), Unbounded);
        self.online.range::<str, _>(beyond).filter_map(|(name, presence)| {
            let session = presence.sessions.iter().find(|session| !session.is_display)?;
            Some((name, session.mandate.standing()))
        })
    }

    /// Every session.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.online.values().flat_map(|presence| &presence.sessions)
    }
}

/// Whether others are told of one of these sessions.
fn is_there(sessions: &[Arc<Session>]) -> bool {
    sessions.iter().any(|session| !session.is_display)
}
