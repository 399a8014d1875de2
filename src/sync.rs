//! Locks that outlive a panic.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a thread panicked while it held the lock.
///
/// One client's thread that panics must not take the others down with it, so every structure behind a lock
/// keeps its invariants at each point where its code could panic (see ARCHITECTURE.md), and poison is ignored.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
