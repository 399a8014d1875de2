//! The `journal` thread: it syncs what was written, tries again what couldn't be, and deletes what is too old.

use super::Journal;
use crate::server::timeline::Timeline;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

/// At most so often is the disk asked to sync: a power failure loses no more than what was said in this time.
const SYNC_PAUSE: Duration = Duration::from_secs(1);
/// How often a quiet journal is looked at for what is too old.
const RETIRE_PAUSE: Duration = Duration::from_secs(60 * 60);

/// How the keeper is called.
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// Something was written since the keeper looked.
    rung: AtomicBool,
    stopping: AtomicBool,
    thread: OnceLock<Thread>,
}

/// The running thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    bell: Arc<Bell>,
    thread: JoinHandle<()>,
}

impl Bell {
    /// Something was written, or couldn't be.
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.unpark();
        }
    }

    fn unpark(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Waits until it is rung, or for so long.
    fn wait(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while !self.rung.load(Ordering::Acquire) && !self.stopping.load(Ordering::Acquire) && Instant::now() < end {
            thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
    }

    /// Waits for so long, unless the keeper is to stop.
    fn pause(&self, pause: Duration) {
        let end = Instant::now() + pause;
        while !self.stopping.load(Ordering::Acquire) && Instant::now() < end {
            thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
    }
}

/// Starts the thread. None where there is no journal.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(timeline: &Arc<Timeline>) -> io::Result<Option<Keeper>> {
    let Some(bell) = timeline.with_journal(|journal| journal.bell().cloned()) else { return Ok(None) };
    let (theirs, timeline) = (Arc::clone(&bell), Arc::clone(timeline));
    let thread = thread::Builder::new().name("journal".into()).spawn(move || keep(&timeline, &theirs))?;
    let _ = bell.thread.set(thread.thread().clone());
    Ok(Some(Keeper { bell, thread }))
}

impl Keeper {
    /// Ends it after a last sync.
    pub(crate) fn stop(self) {
        self.bell.stopping.store(true, Ordering::Release);
        self.bell.unpark();
        if self.thread.join().is_err() {
            log::error!("the journal's thread panicked");
        }
    }
}

fn keep(timeline: &Timeline, bell: &Bell) {
    while !bell.stopping.load(Ordering::Acquire) {
        bell.wait(RETIRE_PAUSE);
        bell.rung.store(false, Ordering::Release);
        tend(timeline);
        if timeline.with_journal(|journal| journal.is_troubled()) {
            bell.ring();
        }
        bell.pause(SYNC_PAUSE);
    }
    tend(timeline);
}

/// Syncs without holding the journal meanwhile, and does what else is due.
fn tend(timeline: &Timeline) {
    if let Some(point) = timeline.with_journal(|journal| journal.sync_point()) {
        let result = point.file.sync();
        timeline.with_journal(|journal| journal.synced(&point, result));
    }
    timeline.with_journal(Journal::tend);
    timeline.retry();
}
