//! The usher: sees to it that whoever was told goodbye goes.
//!
//! All that belongs to an end has one deadline: what is still to be delivered, the last word, and the peer's own closing.
//! A peer that doesn't read, or never closes its side, holds no thread and no descriptor for longer.

use super::session::Session;
use crate::protocol::{Reason, Username};
use crate::sync::{Arc, Condvar, Mutex, lock, thread};
use std::collections::VecDeque;
use std::io;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long an end may take, from the goodbye that was asked for to the socket's close. A class on a busy Wi-Fi has read
/// its last lines by then, and whoever never closes holds a thread for no longer.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);
/// The usher's stack: it waits and closes sockets.
const STACK_BYTES: usize = 128 * 1024;

/// The usher, who has a thread of their own.
#[derive(Debug, Default)]
pub(super) struct Usher {
    leaving: Mutex<Leaving>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Leaving {
    /// Who is to be gone when, the first one first: everyone has as long. No more than there are sessions.
    sessions: VecDeque<(Instant, Arc<Session>)>,
    stopping: bool,
}

impl Usher {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has none to give.
    pub(crate) fn start() -> io::Result<Arc<Self>> {
        let usher = Arc::new(Self::default());
        let own = Arc::clone(&usher);
        thread::Builder::new().name("usher".into()).stack_size(STACK_BYTES).spawn(move || own.run())?;
        Ok(usher)
    }

    /// This session is told goodbye. Told again, it has no more time.
    pub(super) fn see_out(&self, session: &Arc<Session>) {
        let mut leaving = lock(&self.leaving);
        if !leaving.sessions.iter().any(|(_, other)| Arc::ptr_eq(other, session)) {
            leaving.sessions.push_back((Instant::now() + FAREWELL, Arc::clone(session)));
            self.changed.notify_all();
        }
    }

    /// An account's sessions that are on their way out.
    pub(super) fn leaving(&self, name: &Username) -> Vec<Arc<Session>> {
        let leaving = lock(&self.leaving);
        leaving
            .sessions
            .iter()
            .filter(|(_, session)| session.name == *name)
            .map(|(_, session)| Arc::clone(session))
            .collect()
    }

    /// Ends the thread. Who is still there goes with the process.
    pub(crate) fn stop(&self) {
        lock(&self.leaving).stopping = true;
        self.changed.notify_all();
    }

    fn run(&self) {
        while let Some(session) = self.next() {
            session.end(Reason::Disconnected);
        }
    }

    /// The next one whose time is over; None at the end.
    fn next(&self) -> Option<Arc<Session>> {
        let mut leaving = lock(&self.leaving);
        loop {
            if leaving.stopping {
                return None;
            }
            let now = Instant::now();
            leaving = match leaving.sessions.front() {
                Some((due, _)) if *due <= now => return leaving.sessions.pop_front().map(|(_, session)| session),
                Some((due, _)) => {
                    let wait = *due - now;
                    self.changed.wait_timeout(leaving, wait).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(leaving).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}
