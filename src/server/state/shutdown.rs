//! The wish to end, and who waits for it.

use crate::sync::lock;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long everyone's last lines may take to be delivered.
pub(crate) const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(5);
/// How long the peers then have to close their side. An end before that could take back what they haven't read.
pub(crate) const LINGER: Duration = Duration::from_millis(500);

/// Whether the server is to end.
#[derive(Debug, Default)]
pub(crate) struct Shutdown {
    requested: Mutex<bool>,
    changed: Condvar,
}

impl Shutdown {
    /// Asks for the end. True the first time.
    pub(crate) fn request(&self) -> bool {
        let first = !std::mem::replace(&mut *lock(&self.requested), true);
        self.changed.notify_all();
        first
    }

    /// Whether it was asked for.
    pub(crate) fn requested(&self) -> bool {
        *lock(&self.requested)
    }

    /// Waits until it is asked for, but no longer than `time`. Whether it is.
    pub(crate) fn wait_for(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(lock(&self.requested), time, |requested| !*requested);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until it is asked for: for as long as the server runs.
    pub(crate) fn wait(&self) {
        let waited = self.changed.wait_while(lock(&self.requested), |requested| !*requested);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}
