//! Locks that outlive a panic, and a count that can be waited for.
//!
//! What the server's core needs to run on several threads comes from here alone, so that the tests of its
//! interleavings (`tests/interleavings`) can put a scheduler of their own in its place.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

pub use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, atomic};
pub use std::thread;

/// Locks, also after a thread panicked while it held the lock.
///
/// One client's thread that panics must not take the others down with it, so every structure behind a lock
/// keeps its invariants at each point where its code could panic (see ARCHITECTURE.md), and poison is ignored.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until this thread is unparked, but no longer than so: for whoever goes on either way. It may be over before.
pub fn doze(limit: Duration) {
    thread::park_timeout(limit);
}

/// Counts who is inside, so that somebody can wait until all have left.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<usize>, Condvar)>);

impl Gate {
    /// One more is inside until the pass is dropped.
    pub fn enter(&self) -> Pass {
        *lock(&self.0.0) += 1;
        Pass(self.clone())
    }

    /// The same, unless `max` are inside already: no two take the last place.
    pub fn enter_below(&self, max: usize) -> Option<Pass> {
        let mut count = lock(&self.0.0);
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Pass(self.clone()))
    }

    /// The same, and waits until one of them has left, but no longer than until `deadline`.
    pub fn enter_within(&self, max: usize, deadline: Instant) -> Option<Pass> {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self.0.1.wait_timeout_while(lock(&self.0.0), left, |count| *count >= max);
        let mut count = waited.unwrap_or_else(PoisonError::into_inner).0;
        (*count < max).then(|| {
            *count += 1;
            Pass(self.clone())
        })
    }

    /// How many are inside.
    pub fn count(&self) -> usize {
        *lock(&self.0.0)
    }

    /// Waits until nobody is inside; false if somebody still is at `deadline`.
    pub fn wait_until_empty(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self.0.1.wait_timeout_while(lock(&self.0.0), left, |count| *count > 0);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
    }
}

/// Somebody's stay inside a [`Gate`].
#[derive(Debug)]
pub struct Pass(Gate);

impl Drop for Pass {
    fn drop(&mut self) {
        let (count, changed) = &*self.0.0;
        *lock(count) -= 1;
        changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_panic_behind_a_lock_leaves_it_usable() {
        let mutex = Arc::new(Mutex::new(1));
        let inner = Arc::clone(&mutex);
        let panicked = std::thread::spawn(move || {
            let _guard = lock(&inner);
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert_eq!(*lock(&mutex), 1);
    }

    #[test]
    fn no_two_take_the_last_place() {
        const TRIES: usize = 20_000;
        let (gate, inside) = (Gate::default(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..TRIES {
                        let Some(_pass) = gate.enter_below(1) else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(gate.count() == 0 && gate.enter_below(0).is_none());
    }

    #[test]
    fn a_place_is_waited_for_until_it_is_there_or_the_time_is_over() {
        let gate = Gate::default();
        let pass = gate.enter();
        assert!(gate.enter_within(1, Instant::now() + Duration::from_millis(1)).is_none());
        let other = gate.clone();
        let waiter = std::thread::spawn(move || other.enter_within(1, Instant::now() + Duration::from_secs(60)));
        drop(pass);
        assert!(waiter.join().unwrap().is_some() && gate.count() == 0);
    }

    #[test]
    fn a_gate_is_empty_when_all_have_left() {
        let gate = Gate::default();
        assert!(gate.wait_until_empty(Instant::now()));
        let passes = [gate.enter(), gate.enter()];
        assert!(!gate.wait_until_empty(Instant::now()));
        let waiting = gate.clone();
        let waiter = std::thread::spawn(move || waiting.wait_until_empty(Instant::now() + Duration::from_secs(60)));
        drop(passes);
        assert!(waiter.join().unwrap());
    }
}
