//! The chat: where the registry, the timeline and the delivery meet.

use super::delivery::Delivery;
use super::herald::{Herald, Person};
use super::registry::Registry;
use super::session::Session;
use crate::protocol::{Reason, ServerMessage, Username};
use crate::reason;
use crate::server::accounts::{Standing, State};
use crate::server::timeline::{AppendError, Appended, Appending, Keeper, NEW, Ticket, Timeline, What, keeper};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Gate, Mutex, Pass, lock};
use std::io;
use std::time::{Duration, Instant};

/// Everyone who is there, and everything that is said.
#[derive(Debug)]
pub(crate) struct Chat {
    registry: Arc<Mutex<Registry>>,
    timeline: Arc<Timeline>,
    delivery: Arc<Delivery>,
    herald: Arc<Herald>,
    /// Nobody comes in any more.
    closed: AtomicBool,
    /// Newcomers who are being welcomed.
    welcoming: Gate,
    /// The thread that syncs the journal, until the end.
    keeper: Mutex<Option<Keeper>>,
}

/// What a newcomer is told.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// What the account may do.
    pub(crate) state: State,
    /// The newest event, its own `joined` included.
    pub(crate) seq: u64,
    /// Where a replay that asked for more can begin: the oldest event there is.
    pub(crate) first: Option<u64>,
    /// If its account was offline: the seq of the event with which it went, and how much was said since.
    pub(crate) left: Option<(u64, u64)>,
    /// Whether its account was offline, and is no display.
    pub(crate) came_online: bool,
    /// The first of those who are online, as many as were asked for.
    pub(crate) people: Vec<(Username, Arc<Standing>)>,
    /// How many there are beyond those.
    pub(crate) more: usize,
    /// Until this is dropped, the end waits: the newcomer is still to be welcomed and handed to its postman.
    pub(crate) _welcoming: Pass,
}

/// What became of something that was to be said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Said {
    /// It was said, under this seq.
    Now(u64),
    /// The same was said before, under this seq.
    Before(u64),
}

impl Said {
    /// Under which seq.
    pub(crate) fn seq(self) -> u64 {
        match self {
            Self::Now(seq) | Self::Before(seq) => seq,
        }
    }
}

/// Why a newcomer isn't let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// The account was banned since its login was checked.
    Banned,
    /// Something else has ended its sessions since: another password, an administrator's logout, its end.
    Ended,
    /// The server ends.
    Closed,
}

impl Chat {
    /// Opens a chat with so many postmen. Whoever was online when the last server died has left.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn open(timeline: Arc<Timeline>, postmen: usize, slow_deadline: Duration) -> io::Result<Self> {
        all_leave(&timeline);
        let delivery = Delivery::start(&timeline, postmen, slow_deadline)?;
        let theirs = Arc::clone(&delivery);
        let keeper = Mutex::new(keeper::start(&timeline, move || theirs.wake())?);
        let herald = Herald::start(&timeline, &delivery)?;
        Ok(Self {
            registry: Arc::default(),
            timeline,
            delivery,
            herald,
            closed: AtomicBool::new(false),
            welcoming: Gate::default(),
            keeper,
        })
    }

    /// Who is online.
    pub(crate) fn registry(&self) -> &Mutex<Registry> {
        &self.registry
    }

    /// Who delivers.
    pub(crate) fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// How many bytes of lines are in memory.
    pub(crate) fn timeline_bytes(&self) -> usize {
        self.timeline.held_bytes()
    }

    /// The newest event's seq.
    pub(crate) fn head(&self) -> u64 {
        self.timeline.head()
    }

    /// All events.
    pub(crate) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Enters a session into the registry and announces the account if it's its first, and no display. The session's cursor is set to
    /// `after`, or to now; `fit` takes as many people as the welcome has room for: of those whom everyone was told to be
    /// there, so that what is told next fits.
    ///
    /// The announcement gets its place under the registry's lock, so that the timeline's `joined` and `left` of an
    /// account alternate as its presence does. It is written afterwards: nobody waits for a disk to come or go. It is
    /// told when the delivery takes the session.
    ///
    /// # Errors
    /// [`Refused`]. Whoever ends an account's sessions or closes takes the registry's lock afterwards, so a session is
    /// refused here or found there.
    pub(crate) fn arrive(
        &self,
        session: &Arc<Session>,
        after: Option<u64>,
        fit: impl Fn(&mut dyn Iterator<Item = Person<'_>>) -> Vec<(Username, Arc<Standing>)>,
    ) -> Result<Arrived, Refused> {
        let mut registry = lock(&self.registry);
        let Some(state) = session.mandate.state() else {
            let standing = session.mandate.standing();
            let banned = standing.state().banned && !standing.is_deleted();
            return Err(if banned { Refused::Banned } else { Refused::Ended });
        };
        if self.closed.load(Ordering::Acquire) {
            return Err(Refused::Closed);
        }
        let welcoming = self.welcoming.enter();
        let arrival = registry.join(session, self.timeline.clock.shown());
        if let Some(oldest) = &arrival.evicted {
            // Under the lock: whoever ends the account's sessions finds it here or there.
            self.delivery.dismiss(oldest);
        }
        let ticket = if arrival.first { self.herald.came(session) } else { self.timeline.now() };
        let own = (!session.is_display).then_some((&session.name, session.mandate.standing()));
        let (people, more) = self.herald.told(own, fit);
        drop(registry);
        // What couldn't be written is told later.
        let seq = self.timeline.commit(&ticket).map_or_else(|_| self.timeline.head(), |()| ticket.seq);
        let after = after.map_or(seq, |after| after.max(state.since).min(seq));
        let first = self.timeline.gap(after);
        session.start_after(first.map_or(after, |first| first - 1));
        let left = if arrival.first { self.left(session, state.since) } else { None };
        if let Some(oldest) = arrival.evicted {
            log::info!("{} has too many sessions, the oldest one, from {}, makes way", oldest.name, oldest.peer);
            self.delivery.end(&oldest, Reason::Logout, true);
        }
        let came_online = arrival.first;
        Ok(Arrived { state, seq, first, left, came_online, people, more, _welcoming: welcoming })
    }

    /// Whether somebody makes way for a newcomer to a full house. For whoever is here that's their own session, when they
    /// [arrive](Self::arrive), and no second one while another is still on its way out: else whoever comes again and again
    /// would have all the room that there is for those who leave. For whoever isn't it's a session of somebody who has
    /// several, at once: no two newcomers count on the same one.
    pub(crate) fn make_way_for(&self, name: &Username, is_staff: bool) -> bool {
        let mut registry = lock(&self.registry);
        if registry.presence(name.as_str()).is_some() {
            return self.delivery.leaving(name).is_empty();
        }
        let Some(spare) = registry.take_spare(is_staff) else { return false };
        // Under the lock, as at an arrival.
        self.delivery.dismiss(&spare);
        drop(registry);
        log::info!(
            "the server is full: {} has several sessions, the oldest one, from {}, makes way",
            spare.name,
            spare.peer
        );
        self.delivery.end(&spare, Reason::Logout, true);
        true
    }

    /// Whether somebody would make way for a newcomer who isn't here, and isn't staff.
    pub(crate) fn could_make_way(&self) -> bool {
        lock(&self.registry).with_most_sessions(false).is_some()
    }

    /// Takes a session out of the registry and announces it if it was the account's last. Only the first call for a
    /// session does anything.
    pub(crate) fn leave(&self, session: &Session, reason: Reason) {
        let mut registry = lock(&self.registry);
        let last = registry.leave(session) && !self.closed.load(Ordering::Acquire);
        let ticket = last.then(|| self.herald.went(&session.name, reason));
        drop(registry);
        self.tell(ticket);
    }

    /// Takes those sessions of an account out of the registry whose mandate has ended, and announces it if none is left.
    /// Gives all that were there, and those that were on their way out before: each is to be [settled](Self::settle). Whoever has the
    /// name of an account that is deleted comes and goes anew.
    pub(crate) fn remove_ended(&self, name: &Username) -> Vec<Arc<Session>> {
        let mut registry = lock(&self.registry);
        let mut sessions = registry.sessions_of(name);
        sessions.extend(self.delivery.leaving(name));
        let last = registry.leave_all(name, |session| !session.mandate.holds());
        let ticket = (last && !self.closed.load(Ordering::Acquire)).then(|| {
            self.herald.went(name, Reason::Removed);
            // Everyone sees at once what an administrator has done.
            self.herald.insist(name)
        });
        self.herald.forget(name);
        drop(registry);
        self.tell(ticket);
        sessions
    }

    /// Forgets an account that is gone, with all its sessions; and waits until no request is under way that has begun before.
    pub(crate) fn forget(&self, name: &Username) {
        self.herald.forget(name);
        let sessions: Vec<_> = lock(&self.registry).sessions().cloned().collect();
        sessions.iter().for_each(|session| session.settle());
    }

    /// Sees to it that nothing more is done in these sessions, nor given to them, than their accounts allow now: waits for
    /// what is under way, and ends those that are over, with a `bye`. Not for a thread that carries out a request.
    pub(crate) fn settle(&self, sessions: &[Arc<Session>]) {
        for session in sessions.iter().filter(|session| !session.mandate.holds()) {
            self.delivery.end(session, Reason::Removed, true);
        }
        // Bounded: one that waits for its peer to read answers is cut off by the usher if it was ended.
        sessions.iter().for_each(|session| session.settle());
    }

    /// Adds an event and has it delivered, unless it may be one that was said before, and is; or it may not be said. Waits if
    /// the delivery is far behind.
    ///
    /// # Errors
    /// [`AppendError`]; then nobody sees it.
    pub(crate) fn say<'a>(
        &self,
        what: What,
        terms: (impl FnOnce() -> bool, impl FnOnce() -> bool),
        event: impl FnOnce(u64, String) -> ServerMessage<'a>,
    ) -> Result<Said, AppendError> {
        self.finish(self.timeline.append(what, terms, event)?)
    }

    /// The same with several events that are there together or not at all; who says the last of them says all.
    ///
    /// # Errors
    /// [`AppendError`]; then nobody sees any.
    pub(crate) fn say_together<'a>(
        &self,
        terms: (impl FnOnce() -> bool, impl FnOnce() -> bool),
        events: Vec<Appending<'a>>,
    ) -> Result<Said, AppendError> {
        self.finish(self.timeline.append_together(terms, events)?)
    }

    fn finish(&self, appended: Appended) -> Result<Said, AppendError> {
        match appended {
            Appended::Pending(ticket) => {
                self.timeline.commit(&ticket)?;
                self.delivery.wake();
                self.timeline.backlog.wait();
                Ok(Said::Now(ticket.seq))
            }
            Appended::Known(seq) => {
                // It may be on its way to the disk.
                self.timeline.commit(&self.timeline.now())?;
                Ok(Said::Before(seq))
            }
        }
    }

    /// Adds events one after the other, and has them delivered. Waits for nobody: for what can't be many. Gives the first
    /// one's seq, or the newest there is where there are none.
    ///
    /// # Errors
    /// [`AppendError`]; then those that were before the one it is about may be there.
    pub(crate) fn tell_all<'a, E>(&self, events: impl IntoIterator<Item = (What, E)>) -> Result<u64, AppendError>
    where
        E: FnOnce(u64, String) -> ServerMessage<'a>,
    {
        let mut tickets = Vec::new();
        let appended = events.into_iter().try_for_each(|(what, event)| {
            if let Appended::Pending(ticket) = self.timeline.append(what, NEW, event)? {
                tickets.push(ticket);
            }
            Ok(())
        });
        // Each by its own ticket: what somebody else couldn't write meanwhile is gone, and what comes later isn't.
        let written = tickets.iter().map(|ticket| self.timeline.commit(ticket)).fold(Ok(()), Result::and);
        self.delivery.wake();
        let first = tickets.first().map_or_else(|| self.head(), |ticket| ticket.seq);
        appended.and(written).map(|()| first)
    }

    /// The same with events that are there together or not at all. Gives the last one's seq.
    ///
    /// # Errors
    /// [`AppendError`]; then nobody sees any.
    pub(crate) fn tell_together(&self, events: Vec<Appending<'_>>) -> Result<u64, AppendError> {
        match self.timeline.append_together(NEW, events)? {
            Appended::Pending(ticket) => {
                let written = self.timeline.commit(&ticket);
                self.delivery.wake();
                written.map(|()| ticket.seq)
            }
            Appended::Known(seq) => Ok(seq),
        }
    }

    /// Whether an account is offline. If nobody was told that it went, everyone is first: what is said to it from now on
    /// waits for it, also if the server dies, and the journal alone remembers that it had gone.
    pub(crate) fn is_offline(&self, name: &Username) -> bool {
        let registry = lock(&self.registry);
        let offline = !registry.is_online(name.as_str());
        if offline {
            self.herald.insist(name);
        }
        offline
    }

    /// Whether what everyone needs still works: the registry's lock is given back, and every postman is there at
    /// `deadline`.
    pub(crate) fn is_well(&self, deadline: Instant) -> bool {
        drop(lock(&self.registry));
        self.delivery.all_answer(deadline)
    }

    /// Lets nobody in any more, says goodbye to everyone, and waits until all is delivered; false if something was
    /// left undone at `deadline`.
    pub(crate) fn close(&self, deadline: Instant) -> bool {
        let registry = lock(&self.registry);
        self.closed.store(true, Ordering::Release);
        let sessions: Vec<_> = registry.sessions().cloned().collect();
        drop(registry);
        self.herald.stop();
        // What is on its way to the disk comes before the goodbye.
        let _ = self.timeline.commit(&self.timeline.now());
        for session in &sessions {
            self.delivery.end_with_the_server(session);
        }
        let delivered = self.welcoming.wait_until_empty(deadline) && self.delivery.close(deadline);
        all_leave(&self.timeline);
        if let Some(keeper) = lock(&self.keeper).take() {
            keeper.stop();
        }
        if let Err(e) = self.timeline.close() {
            log::warn!("the next start will leave a gap in the seqs: {}", reason::of_file(&e));
        }
        delivered
    }

    /// When an account left, if it did since it was made, and how much it may see was said since.
    fn left(&self, session: &Session, since: u64) -> Option<(u64, u64)> {
        let oldest = self.timeline.oldest();
        self.timeline.recall(|recall| {
            let left = recall.left(&session.name).filter(|left| left.seq > since)?;
            Some((left.seq, recall.missed(&session.name, &left, oldest)))
        })
    }

    fn tell(&self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            // What couldn't be written is told later.
            let _ = self.timeline.commit(&ticket);
        }
        self.delivery.wake();
    }
}

/// Everyone whom the timeline has online has left, since the server ends or has died. What else it couldn't tell is told.
fn all_leave(timeline: &Timeline) {
    for name in timeline.recall(|recall| recall.online()) {
        timeline.announce(What::Left(name, Reason::Shutdown));
    }
    let _ = timeline.commit(&timeline.now());
    let _ = timeline.retry();
}
