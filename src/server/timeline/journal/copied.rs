//! How far a copy of the journal is that somebody keeps elsewhere (`mirror/`), and how who writes waits for it, if at all.

use crate::sync::lock;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long whoever writes with `--sync always` waits for the copy. Then the copy is late, and nobody waits for it.
pub(crate) const COPY_WAIT_MAX: Duration = Duration::from_secs(1);
/// So long nobody waits for a copy that was late, though it may have caught up: one whose disk is too slow would else hold up
/// each message by [`COPY_WAIT_MAX`].
pub(crate) const LATE_PAUSE: Duration = Duration::from_secs(60);

/// How far a copy is.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The copy is well, and has all events before this one.
    next: Option<u64>,
    /// Something was written, or is to be looked at, since the copier looked.
    rung: bool,
    /// How often somebody asked it to catch up, and how many of them were answered.
    asked: u64,
    answered: u64,
    /// When it was late.
    late: Option<Instant>,
    /// The copier is to end.
    ends: bool,
}

impl Copied {
    /// There is something to copy.
    pub(crate) fn ring(&self) {
        lock(&self.state).rung = true;
        self.changed.notify_all();
    }

    /// Waits until the copy has all events before `next`: not at all where it isn't well, and no longer than
    /// [`COPY_WAIT_MAX`].
    pub(super) fn wait_for(&self, next: u64) {
        self.wait_while(lock(&self.state), |state| state.next.is_some_and(|copied| copied < next));
    }

    /// The same, until it has whatever else there is at this moment.
    pub(crate) fn catch_up(&self) {
        let mut state = lock(&self.state);
        state.asked += 1;
        let asked = state.asked;
        self.wait_while(state, |state| state.next.is_some() && state.answered < asked);
    }

    fn wait_while(&self, mut state: MutexGuard<'_, State>, lacks: impl Fn(&State) -> bool) {
        state.rung = true;
        self.changed.notify_all();
        if state.is_late(Instant::now()) {
            return;
        }
        let waited = self.changed.wait_timeout_while(state, COPY_WAIT_MAX, |state| lacks(state));
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && lacks(&state) {
            state.late = Some(Instant::now());
            log::info!("the mirror is late: for {LATE_PAUSE:?} nothing waits for it");
        }
    }

    /// For the copier: waits until there is something to copy, or for so long. True once it is to end.
    pub(crate) fn wait(&self, pause: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(lock(&self.state), pause, |state| !state.rung && !state.ends);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.rung = false;
        state.ends
    }

    /// For the copier: waits so long, whatever there is to copy. True once it is to end.
    pub(crate) fn rest(&self, pause: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(lock(&self.state), pause, |state| !state.ends);
        waited.unwrap_or_else(PoisonError::into_inner).0.ends
    }

    /// For the copier, before it looks at anything: how often it was asked to catch up.
    pub(crate) fn asked(&self) -> u64 {
        lock(&self.state).asked
    }

    /// For the copier: the copy is well, and has all events before `next`, and whatever else there was when it had been `asked`
    /// so often.
    pub(crate) fn reached(&self, next: u64, asked: u64) {
        let mut state = lock(&self.state);
        (state.next, state.answered) = (Some(next), asked);
        drop(state);
        self.changed.notify_all();
    }

    /// For the copier: the copy isn't well. Nobody waits for it.
    pub(crate) fn fails(&self) {
        lock(&self.state).next = None;
        self.changed.notify_all();
    }

    /// The copier is to end, after a last look.
    pub(crate) fn end(&self) {
        lock(&self.state).ends = true;
        self.changed.notify_all();
    }

    /// Whether it was late a short while ago, so that nobody waits for it.
    pub(crate) fn is_late(&self) -> bool {
        lock(&self.state).is_late(Instant::now())
    }
}

impl State {
    fn is_late(&self, now: Instant) -> bool {
        self.late.is_some_and(|late| now.saturating_duration_since(late) < LATE_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn who_writes_waits_for_a_copy_that_is_well() {
        let copied = Arc::new(Copied::default());
        copied.wait_for(5);
        assert!(!copied.is_late(), "there is none");
        assert!(!copied.wait(Duration::ZERO), "it was rung");
        copied.reached(5, 0);
        copied.wait_for(5);
        let theirs = Arc::clone(&copied);
        let copier = thread::spawn(move || {
            theirs.wait(Duration::from_secs(60));
            theirs.reached(9, theirs.asked());
        });
        copied.wait_for(9);
        copier.join().unwrap();
        copied.catch_up();
        assert!(copied.is_late(), "nobody answers");
    }

    #[test]
    fn for_a_minute_nobody_waits_for_one_that_was_late() {
        let late = Instant::now();
        let state = State { late: Some(late), ..State::default() };
        assert!(state.is_late(late) && state.is_late(late + Duration::from_secs(59)));
        assert!(!state.is_late(late + Duration::from_secs(60)), "then it is waited for again");
        assert!(!State::default().is_late(late));
    }

    #[test]
    fn one_that_is_late_is_not_waited_for_and_one_that_fails_neither() {
        let copied = Copied::default();
        copied.reached(5, 0);
        copied.wait_for(6);
        assert!(copied.is_late());
        let begun = Instant::now();
        (0..1000).for_each(|_| copied.wait_for(7));
        assert!(begun.elapsed() < COPY_WAIT_MAX * 100, "each would take so long");
        let copied = Copied::default();
        copied.reached(5, 0);
        copied.fails();
        copied.wait_for(6);
        assert!(!copied.is_late());
        copied.end();
        assert!(copied.wait(Duration::from_secs(60)) && copied.rest(Duration::from_secs(60)));
    }
}
