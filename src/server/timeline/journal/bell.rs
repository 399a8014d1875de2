//! How whoever writes the journal calls its keeper, without waiting for it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How the keeper is called.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    /// Something was written since the keeper looked.
    rung: AtomicBool,
    stopping: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Bell {
    /// Something was written, or couldn't be.
    pub(crate) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.unpark();
        }
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// This thread is called from now on.
    pub(crate) fn answers(&self, thread: &Thread) {
        let _ = self.thread.set(thread.clone());
    }

    /// The keeper is to stop.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.unpark();
    }

    /// Whether it is.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Waits until it is rung, or for so long. Then it can be rung again.
    pub(crate) fn wait(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while !self.rung.load(Ordering::Acquire) && !self.stopping.load(Ordering::Acquire) && Instant::now() < end {
            thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
        self.rung.store(false, Ordering::Release);
    }

    /// Waits for so long, unless the keeper is to stop.
    pub(crate) fn pause(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while !self.stopping.load(Ordering::Acquire) && Instant::now() < end {
            thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
    }
}
