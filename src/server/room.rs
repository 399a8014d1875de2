//! The room: where the registry, the timeline and the delivery meet.

use super::delivery::Delivery;
use super::registry::Registry;
use super::sequence::Sequence;
use super::session::Session;
use super::timeline::{AppendError, Audience, Timeline};
use crate::protocol::{Reason, ServerMessage, Username};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Gate, Mutex, Pass, lock};
use std::io;
use std::time::{Duration, Instant};

/// Everyone who is there, and everything that is said.
#[derive(Debug)]
pub(super) struct Room {
    registry: Arc<Mutex<Registry>>,
    timeline: Arc<Timeline>,
    delivery: Arc<Delivery>,
    /// Nobody comes in any more.
    closed: AtomicBool,
    /// Newcomers who are being welcomed.
    welcoming: Gate,
}

/// What a newcomer is told.
#[derive(Debug)]
pub(super) struct Arrived {
    /// The newest event, its own `joined` included.
    pub(super) seq: u64,
    /// Where a replay that asked for more can begin: the oldest event there is.
    pub(super) first: Option<u64>,
    /// The first names online, as many as were asked for.
    pub(super) names: Vec<Username>,
    /// How many names there are beyond those.
    pub(super) more: usize,
    /// Until this is dropped, the end waits: the newcomer is still to be welcomed and handed to its postman.
    pub(super) _welcoming: Pass,
}

/// Why a newcomer isn't let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// The account was banned or deleted since its login was checked.
    Banned,
    /// The server ends.
    Closed,
}

impl Room {
    /// Opens an empty room with so many postmen.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(super) fn open(sequence: Sequence, postmen: usize, slow_deadline: Duration) -> io::Result<Self> {
        let timeline = Arc::new(Timeline::new(sequence));
        let delivery = Delivery::start(&timeline, postmen, slow_deadline)?;
        Ok(Self {
            registry: Arc::default(),
            timeline,
            delivery,
            closed: AtomicBool::new(false),
            welcoming: Gate::default(),
        })
    }

    /// Who is online.
    pub(super) fn registry(&self) -> &Mutex<Registry> {
        &self.registry
    }

    /// Who delivers.
    pub(super) fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// How many bytes of lines are in memory.
    pub(super) fn timeline_bytes(&self) -> usize {
        self.timeline.held_bytes()
    }

    /// The newest event's seq.
    pub(super) fn head(&self) -> u64 {
        self.timeline.head()
    }

    /// Enters a session into the registry and announces the account if it's its first. The session's cursor is set to
    /// `after`, or to now; `fit` takes as many names as the welcome has room for.
    ///
    /// The announcement is made under the registry's lock, so that the timeline's `joined` and `left` of an account
    /// alternate as its presence does.
    ///
    /// # Errors
    /// [`Refused`]. Whoever bans or closes takes the registry's lock afterwards, so a session is refused here or
    /// found there.
    pub(super) fn arrive(
        &self,
        session: &Arc<Session>,
        after: Option<u64>,
        fit: impl Fn(&mut dyn Iterator<Item = &Username>) -> Vec<Username>,
    ) -> Result<Arrived, Refused> {
        let mut registry = lock(&self.registry);
        let state = session.standing.state();
        if state.banned {
            return Err(Refused::Banned);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(Refused::Closed);
        }
        let welcoming = self.welcoming.enter();
        let arrival = registry.join(session);
        if arrival.first {
            let username = session.name.as_str();
            self.announce(|seq, time| ServerMessage::Joined { seq, time: time.into(), username: username.into() });
        }
        let seq = self.timeline.head();
        let after = after.map_or(seq, |after| after.max(state.since).min(seq));
        let first = self.timeline.oldest_if_forgotten(after);
        session.start_after(first.map_or(after, |first| first - 1));
        let names = fit(&mut registry.names(None));
        let more = registry.names(None).count() - names.len();
        drop(registry);
        self.delivery.wake();
        if let Some(oldest) = arrival.evicted {
            log::info!("{} has too many sessions, the oldest one, from {}, makes way", oldest.name, oldest.peer);
            self.delivery.end(&oldest, Reason::Logout, true);
        }
        Ok(Arrived { seq, first, names, more, _welcoming: welcoming })
    }

    /// Takes a session out of the registry and announces it if it was the account's last. Only the first call for a
    /// session does anything.
    pub(super) fn leave(&self, session: &Session, reason: Reason) {
        let mut registry = lock(&self.registry);
        if registry.leave(session) && !self.closed.load(Ordering::Acquire) {
            self.announce_left(&session.name, reason);
        }
        drop(registry);
        self.delivery.wake();
    }

    /// Takes every session of an account out of the registry and announces it. The caller ends them.
    pub(super) fn remove(&self, name: &str) -> Vec<Arc<Session>> {
        let mut registry = lock(&self.registry);
        let sessions = registry.leave_all(name);
        if let Some(session) = sessions.first() {
            self.announce_left(&session.name, Reason::Removed);
        }
        drop(registry);
        self.delivery.wake();
        sessions
    }

    /// Adds an event and has it delivered. Waits if the delivery is far behind.
    ///
    /// # Errors
    /// [`AppendError`]; then nobody sees it.
    pub(super) fn say<'a>(
        &self,
        audience: Audience,
        event: impl FnOnce(u64, String) -> ServerMessage<'a>,
    ) -> Result<(), AppendError> {
        self.timeline.append(audience, event)?;
        self.delivery.wake();
        self.timeline.wait_for_delivery();
        Ok(())
    }

    /// Whether what everyone needs still works: the registry's lock is given back, and every postman is there at
    /// `deadline`.
    pub(super) fn is_well(&self, deadline: Instant) -> bool {
        drop(lock(&self.registry));
        self.delivery.all_answer(deadline)
    }

    /// Lets nobody in any more, says goodbye to everyone, and waits until all is delivered; false if something was
    /// left undone at `deadline`.
    pub(super) fn close(&self, deadline: Instant) -> bool {
        let registry = lock(&self.registry);
        self.closed.store(true, Ordering::Release);
        let sessions: Vec<_> = registry.sessions().cloned().collect();
        drop(registry);
        for session in &sessions {
            self.delivery.end(session, Reason::Shutdown, true);
        }
        let delivered = self.welcoming.wait_until_empty(deadline) && self.delivery.close(deadline);
        if let Err(e) = self.timeline.close() {
            log::warn!("the next start will leave a gap in the seqs: {e}");
        }
        delivered
    }

    fn announce_left(&self, name: &Username, reason: Reason) {
        let username = name.as_str();
        self.announce(|seq, time| ServerMessage::Left { seq, time: time.into(), username: username.into(), reason });
    }

    fn announce<'a>(&self, event: impl FnOnce(u64, String) -> ServerMessage<'a>) {
        if let Err(e) = self.timeline.append(Audience::Everyone, event) {
            log::error!("somebody's coming or going couldn't be announced: {e:?}");
        }
    }
}
