//! How far the delivery is behind what is published, and the wait of those who speak until it has caught up.

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Condvar, Mutex, lock};
use std::sync::PoisonError;
use std::time::Duration;

/// How many bytes the delivery may be behind before those who speak wait for it. Well under
/// what is kept in memory, so nobody who keeps up with the delivery is ever dropped for being slow.
const BACKLOG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The longest that one request waits for the delivery.
const BACKLOG_WAIT: Duration = Duration::from_secs(2);

/// Bytes of lines, counted on both sides.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Published so far.
    published: AtomicU64,
    /// Delivered so far.
    delivered: Mutex<u64>,
    changed: Condvar,
}

impl Backlog {
    /// Nothing is published yet.
    pub(crate) fn new() -> Self {
        Self { published: AtomicU64::new(0), delivered: Mutex::new(0), changed: Condvar::new() }
    }

    /// So many bytes more are published.
    pub(super) fn publish(&self, bytes: u64) {
        self.published.fetch_add(bytes, Ordering::Release);
    }

    /// Bytes published so far.
    pub(crate) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Says how many of them are delivered.
    pub(crate) fn set_delivered(&self, bytes: u64) {
        *lock(&self.delivered) = bytes;
        self.changed.notify_all();
    }

    /// Waits while the delivery is further behind than [`BACKLOG_BYTES_MAX`], so that whoever speaks faster than
    /// everyone can be told waits, and not the memory of the server. At most [`BACKLOG_WAIT`].
    pub(crate) fn wait(&self) {
        let behind = |delivered: &mut u64| self.published() > *delivered + BACKLOG_BYTES_MAX;
        let delivered = lock(&self.delivered);
        let waited = self.changed.wait_timeout_while(delivered, BACKLOG_WAIT, behind);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}
