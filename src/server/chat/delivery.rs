//! Delivery: the postmen who bring every session what is new in the timeline, and the couriers for those who
//! are behind.
//!
//! One delivery costs one encryption and one `send`, and nothing but coalescing beats that: all that has come
//! since a postman's last round goes out as one record in one `send` to each session.

use super::couriers::Couriers;
use super::pauses::{self, Pause, Wanted};
use super::session::{BATCH_BYTES_MAX, Session};
use super::tally::{News, Tally};
use super::usher::Usher;
use super::wire::{Delivered, Farewell};
use crate::protocol::{Reason, Username};
use crate::reason;
use crate::server::timeline::{Batch, Shared, Timeline};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Arc, Gate, Mutex, OnceLock, Pass, doze, lock};
use std::time::{Duration, Instant};

/// The stack of a postman or a courier: they encrypt, nothing more.
const STACK_BYTES: usize = 256 * 1024;

/// Everyone who delivers.
#[derive(Debug)]
pub(crate) struct Delivery {
    timeline: Arc<Timeline>,
    postmen: Vec<Arc<Postman>>,
    /// How long a courier has for each of its deliveries, in milliseconds.
    slow_deadline_ms: AtomicU64,
    /// The postmen and the couriers that are at work.
    postmen_at_work: Gate,
    couriers_at_work: Gate,
    couriers: Couriers<Arc<Session>>,
    /// Who is about to log in.
    at_the_door: Gate,
    usher: Arc<Usher>,
    tally: Tally,
}

/// One postman: a thread with sessions of its own.
#[derive(Debug)]
struct Postman {
    mail: Mutex<Vec<Mail>>,
    /// Sessions have ended since the last round.
    sweep: AtomicBool,
    stopping: AtomicBool,
    /// What ends its pause.
    wanted: Wanted,
    /// How far it has come, in the timeline's bytes.
    delivered_bytes: AtomicU64,
    /// Since when it has something to bring.
    news: News,
    thread: OnceLock<Thread>,
}

/// What a postman is told.
#[derive(Debug)]
enum Mail {
    /// This session is yours from now on, or was kept from its events and is no longer.
    Arrival(Arc<Session>),
    /// This session of yours is to end.
    Farewell(Arc<Session>),
    /// Show that you read your mail.
    RollCall { _until_read: Pass },
    /// Panic.
    #[cfg(feature = "fault-injection")]
    Fault,
}

impl Delivery {
    /// Starts `postmen` threads.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(
        timeline: &Arc<Timeline>,
        postmen: usize,
        slow_deadline: Duration,
    ) -> std::io::Result<Arc<Self>> {
        let new_postman = |_| {
            Arc::new(Postman {
                mail: Mutex::default(),
                sweep: AtomicBool::new(false),
                stopping: AtomicBool::new(false),
                wanted: Wanted::default(),
                delivered_bytes: AtomicU64::new(0),
                news: News::default(),
                thread: OnceLock::new(),
            })
        };
        let delivery = Arc::new(Self {
            timeline: Arc::clone(timeline),
            postmen: (0..postmen).map(new_postman).collect(),
            slow_deadline_ms: AtomicU64::new(slow_deadline.as_millis() as u64),
            postmen_at_work: Gate::default(),
            couriers_at_work: Gate::default(),
            couriers: Couriers::new(),
            at_the_door: Gate::default(),
            usher: Usher::start()?,
            tally: Tally::new(),
        });
        for (index, postman) in delivery.postmen.iter().enumerate() {
            let mut rounds = Rounds::new(Arc::clone(&delivery), index);
            let pass = delivery.postmen_at_work.enter();
            let thread = thread::Builder::new().name(format!("postman-{index}")).stack_size(STACK_BYTES);
            let handle = thread.spawn(move || {
                let _pass = pass;
                rounds.run();
            })?;
            let _ = postman.thread.set(handle.thread().clone());
        }
        Ok(delivery)
    }

    /// Gives couriers another deadline from their next errand on.
    pub(crate) fn set_slow_deadline(&self, deadline: Duration) {
        self.slow_deadline_ms.store(deadline.as_millis() as u64, Ordering::Relaxed);
    }

    /// So many couriers may be out at a time from now on.
    pub(crate) fn set_couriers_max(&self, max: usize) {
        self.couriers.set_max(max);
    }

    /// Tells the postmen that the timeline has grown.
    pub(crate) fn wake(&self) {
        let head = self.timeline.head();
        for postman in &self.postmen {
            self.tally.arrived(&postman.news);
            if postman.wanted.is_there(head) {
                postman.wake();
            }
        }
    }

    /// What it has counted.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many sessions are behind now.
    pub(crate) fn couriers_at_work(&self) -> usize {
        self.couriers_at_work.count()
    }

    /// Somebody is about to log in, for as long as the pass is kept.
    pub(crate) fn expect(&self) -> Pass {
        self.at_the_door.enter()
    }

    /// How many are about to log in.
    pub(crate) fn expected(&self) -> usize {
        self.at_the_door.count()
    }

    /// Takes a session that has been welcomed: from now on it gets what comes after its cursor. Wakes everyone, for
    /// there may be news of who came.
    pub(crate) fn take(&self, session: &Arc<Session>) {
        if session.hand_to_postman() {
            lock(&self.postman_of(session).mail).push(Mail::Arrival(Arc::clone(session)));
        }
        self.wake();
    }

    /// Says what a login is answered with.
    pub(crate) fn welcome(self: &Arc<Self>, session: &Arc<Session>, lines: Vec<u8>) {
        if session.welcome(lines) == Delivered::NeedsCourier {
            self.send_courier(Arc::clone(session));
        }
    }

    /// Sends a session a line that is no event.
    pub(crate) fn send(self: &Arc<Self>, session: &Arc<Session>, line: &[u8]) {
        if session.send(line) == Delivered::NeedsCourier {
            self.send_courier(Arc::clone(session));
        }
    }

    /// Ends a session that goes although the server stays: it asks for nothing more, and is given all there is now that
    /// it may still see; with a `bye`, or without. It's gone when the usher's time is over.
    pub(crate) fn end(&self, session: &Arc<Session>, reason: Reason, bye: bool) {
        self.dismiss(session);
        self.say_goodbye(session, Farewell { after: self.timeline.head(), reason, bye });
    }

    /// Begins the end of a session. Its goodbye may wait; from now on it is found among those who are leaving.
    pub(super) fn dismiss(&self, session: &Arc<Session>) {
        session.dismiss();
        self.usher.see_out(session);
    }

    /// An account's sessions that were told to go, and perhaps aren't gone yet.
    pub(super) fn leaving(&self, name: &Username) -> Vec<Arc<Session>> {
        self.usher.leaving(name)
    }

    /// Ends a session with the server, after it has been given all there is now.
    pub(super) fn end_with_the_server(&self, session: &Arc<Session>) {
        self.say_goodbye(session, Farewell { after: self.timeline.head(), reason: Reason::Shutdown, bye: true });
    }

    /// Gives a session the events that were kept from it.
    pub(crate) fn release(&self, session: &Arc<Session>) {
        session.release();
        self.postman_of(session).post(Mail::Arrival(Arc::clone(session)));
    }

    /// Lets go of sessions that have ended.
    pub(crate) fn forget(&self, session: &Session) {
        let postman = self.postman_of(session);
        postman.sweep.store(true, Ordering::Release);
        postman.wake();
    }

    /// Whether every postman reads its mail before `deadline`.
    pub(super) fn all_answer(&self, deadline: Instant) -> bool {
        let unread = Gate::default();
        for postman in &self.postmen {
            postman.post(Mail::RollCall { _until_read: unread.enter() });
        }
        unread.wait_until_empty(deadline)
    }

    /// Ends a postman as its own bug would.
    #[cfg(feature = "fault-injection")]
    pub(crate) fn strike(&self) {
        self.postmen[0].post(Mail::Fault);
    }

    /// Finishes what was asked for and stops; false if something was left undone at `deadline`. Every session's end
    /// must have been asked for.
    pub(crate) fn close(&self, deadline: Instant) -> bool {
        // First the couriers who may still hand a session back. Those who start later say the farewell themselves.
        self.couriers_at_work.wait_until_empty(deadline);
        for postman in &self.postmen {
            postman.stopping.store(true, Ordering::Release);
            postman.wake();
        }
        let done = self.postmen_at_work.wait_until_empty(deadline) && self.couriers_at_work.wait_until_empty(deadline);
        self.usher.stop();
        done
    }

    fn say_goodbye(&self, session: &Arc<Session>, farewell: Farewell) {
        if session.request_end(farewell) {
            self.postman_of(session).post(Mail::Farewell(Arc::clone(session)));
        }
    }

    fn postman_of(&self, session: &Session) -> &Postman {
        &self.postmen[session.id as usize % self.postmen.len()]
    }

    fn send_courier(self: &Arc<Self>, session: Arc<Session>) {
        self.tally.courier();
        if !self.couriers.may_go(&session) {
            return;
        }
        let pass = self.couriers_at_work.enter();
        let (delivery, mut next) = (Arc::clone(self), Some(Arc::clone(&session)));
        let courier = move || {
            let (_pass, _out) = (pass, delivery.couriers.out());
            while let Some(theirs) = next {
                let slow_deadline = Duration::from_millis(delivery.slow_deadline_ms.load(Ordering::Relaxed));
                if theirs.carry(&delivery.timeline, slow_deadline) {
                    delivery.postman_of(&theirs).post(Mail::Arrival(Arc::clone(&theirs)));
                }
                next = delivery.couriers.next();
            }
        };
        let thread = thread::Builder::new().name("courier".into()).stack_size(STACK_BYTES);
        let spawned = thread.spawn(courier);
        if let Some(e) = spawned.err().filter(|_| !self.couriers.could_not_go(&session)) {
            log::warn!("no thread for a courier, {} is dropped: {}", session.name, reason::of_thread(&e));
            session.end(Reason::TooSlow);
        }
    }
}

impl Postman {
    fn post(&self, mail: Mail) {
        lock(&self.mail).push(mail);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// A postman's own state.
struct Rounds {
    delivery: Arc<Delivery>,
    index: usize,
    sessions: Vec<Arc<Session>>,
    /// The present round's stretch; its `upto` is how far the last round came.
    shared: Shared,
    /// What one session alone may see.
    own: Batch,
    /// The ciphertext under way.
    outgoing: Vec<u8>,
    /// When the last round ended, and how long it took.
    last_round: Instant,
    took: Duration,
}

impl Rounds {
    fn new(delivery: Arc<Delivery>, index: usize) -> Self {
        let shared = Shared::at(delivery.timeline.head());
        Self {
            delivery,
            index,
            sessions: Vec::new(),
            shared,
            own: Batch::default(),
            outgoing: Vec::new(),
            last_round: Instant::now(),
            took: Duration::ZERO,
        }
    }

    fn run(&mut self) {
        loop {
            let stopping = self.postman().stopping.load(Ordering::Acquire);
            let hurry = self.read_mail() || stopping;
            // Taken before the timeline is looked at, so that it's of what is seen there.
            let since_us = self.delivery.tally.since_us(&self.postman().news);
            if self.shared.upto == self.delivery.timeline.head() {
                if stopping {
                    return;
                }
                thread::park();
                continue;
            }
            let patience = self.patience();
            if hurry || patience.is_zero() {
                self.round(since_us);
            } else {
                thread::park_timeout(patience);
            }
        }
    }

    fn postman(&self) -> &Postman {
        &self.delivery.postmen[self.index]
    }

    /// In a busy room, waits a little for more to go out together.
    fn pause(&self) {
        let timeline = &self.delivery.timeline;
        let (events, has_news) = (self.shared.upto - self.shared.after, self.shared.upto != timeline.head());
        match pauses::after_round(self.took, events, has_news) {
            Pause::None => {}
            Pause::ForAsMuch(events) => {
                self.postman().wanted.wait(self.shared.upto + events, || timeline.head(), Instant::now, doze);
            }
            Pause::For(pause) => thread::sleep(pause),
        }
    }

    /// How long what's new can wait, at least: a while if it's only comings and goings, and the last ones were just told.
    fn patience(&self) -> Duration {
        if self.delivery.timeline.last_awaited() > self.shared.upto {
            return Duration::ZERO;
        }
        pauses::before_comings(self.took, self.last_round.elapsed(), self.delivery.expected() > 0)
    }

    /// Brings every session the next batch, of which the oldest has been there since then.
    fn round(&mut self, since_us: u64) {
        let begun = Instant::now();
        let timeline = &self.delivery.timeline;
        let (after, head, appended) = (self.shared.upto, timeline.head(), timeline.backlog.published());
        if timeline.share((after, head), BATCH_BYTES_MAX, &mut self.shared).is_err() {
            // Only if the memory turned over within one round, which the wait for the delivery prevents.
            self.shared = Shared::at(head);
        }
        let mut index = 0;
        while index < self.sessions.len() {
            if self.deliver(&Arc::clone(&self.sessions[index])) {
                index += 1;
            } else {
                self.sessions.swap_remove(index).listed.store(false, Ordering::Relaxed);
            }
        }
        if self.shared.upto == head {
            self.postman().delivered_bytes.store(appended, Ordering::Release);
            let delivered = self.delivery.postmen.iter().map(|postman| postman.delivered_bytes.load(Ordering::Acquire));
            self.delivery.timeline.backlog.set_delivered(delivered.min().unwrap_or(appended));
        } else {
            self.delivery.tally.left_over(&self.postman().news, since_us);
        }
        self.last_round = Instant::now();
        self.took = self.last_round - begun;
        let (events, said) = (self.shared.upto - after, self.delivery.timeline.last_awaited() > after);
        self.delivery.tally.round(since_us, said, events, self.sessions.len());
        self.pause();
    }

    /// Takes over the sessions that came, and says goodbye. True if a session waits for its farewell.
    fn read_mail(&mut self) -> bool {
        let mut farewell = false;
        let mail = std::mem::take(&mut *lock(&self.postman().mail));
        for mail in mail {
            match mail {
                Mail::Arrival(session) => {
                    // What it has missed up to the last round; the next round brings the rest.
                    if self.deliver(&session) && !session.listed.swap(true, Ordering::Relaxed) {
                        self.sessions.push(session);
                    }
                }
                Mail::Farewell(session) => {
                    self.deliver(&session);
                    farewell = true;
                }
                Mail::RollCall { _until_read } => {}
                #[cfg(feature = "fault-injection")]
                Mail::Fault => panic!("a fault was asked for"),
            }
        }
        if self.postman().sweep.swap(false, Ordering::AcqRel) {
            self.sessions.retain(|session| session.ended().is_none());
        }
        farewell
    }

    /// Gives one session what it lacks of the present round. False when it's no longer this postman's.
    fn deliver(&mut self, session: &Arc<Session>) -> bool {
        let timeline = &self.delivery.timeline;
        match session.deliver(timeline, &mut self.shared, &mut self.own, &mut self.outgoing) {
            Delivered::All => true,
            Delivered::NeedsCourier => {
                self.delivery.send_courier(Arc::clone(session));
                false
            }
            Delivered::Gone => false,
        }
    }
}
