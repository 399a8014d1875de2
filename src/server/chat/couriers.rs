//! How many couriers are out, and who waits for one: each is a thread, and a machine has so many. Whoever is behind while all
//! are out waits for the first that is back.

use super::session::Session;
use crate::sync::{Arc, Mutex, lock};
use std::collections::VecDeque;

/// The couriers, and the line before their door.
#[derive(Debug)]
pub(super) struct Couriers(Mutex<Line>);

#[derive(Debug)]
struct Line {
    max: usize,
    out: usize,
    /// No more than there are sessions: each stands here once, since it is a courier's until one has brought it back.
    waiting: VecDeque<Arc<Session>>,
}

impl Couriers {
    /// As many as are asked for, until somebody says how many there may be.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Line { max: usize::MAX, out: 0, waiting: VecDeque::new() }))
    }

    /// There may be so many from now on; those that are out beyond that come back first.
    pub(super) fn set_max(&self, max: usize) {
        lock(&self.0).max = max.max(1);
    }

    /// Whether one may go out for a session now. Else the session waits for one that comes back.
    pub(super) fn may_go(&self, session: &Arc<Session>) -> bool {
        let mut line = lock(&self.0);
        let may = line.out < line.max;
        if may {
            line.out += 1;
        } else {
            line.waiting.push_back(Arc::clone(session));
        }
        may
    }

    /// For whom a courier that is back goes out next. None when it doesn't.
    pub(super) fn next(&self) -> Option<Arc<Session>> {
        let mut line = lock(&self.0);
        let next = if line.out <= line.max { line.waiting.pop_front() } else { None };
        if next.is_none() {
            line.out -= 1;
        }
        next
    }

    /// Held by each that is out: one that panics isn't out any more either.
    pub(super) fn out(&self) -> Out<'_> {
        Out(self)
    }

    /// One couldn't go out: there is no thread. Whether the session waits for another, of whom there must be one.
    pub(super) fn could_not_go(&self, session: &Arc<Session>) -> bool {
        let mut line = lock(&self.0);
        line.out -= 1;
        let others = line.out > 0;
        if others {
            line.waiting.push_back(Arc::clone(session));
        }
        others
    }
}

/// A courier's way.
pub(super) struct Out<'a>(&'a Couriers);

impl Drop for Out<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.0).out -= 1;
        }
    }
}
