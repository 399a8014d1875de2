//! The `journal` thread: it syncs what was written, tries again what couldn't be, writes anew what another
//! program took away, and deletes what is too old.

use super::journal::Bell;
use super::order::Timeline;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// At most so often is the disk asked to sync: a power failure loses no more than what was said in this time.
const SYNC_PAUSE: Duration = Duration::from_secs(1);
/// How often a quiet journal is looked at: for what is too old, and for what another program has taken away.
const LOOK_PAUSE: Duration = Duration::from_secs(60);

/// The running thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    bell: Arc<Bell>,
    thread: JoinHandle<()>,
}

/// Starts the thread. None where there is no journal. `told` is called when it has written something that is to be
/// delivered.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(timeline: &Arc<Timeline>, told: impl Fn() + Send + 'static) -> io::Result<Option<Keeper>> {
    let Some(bell) = timeline.with_journal(|journal| journal.bell().cloned()) else { return Ok(None) };
    let (theirs, timeline) = (Arc::clone(&bell), Arc::clone(timeline));
    let thread = thread::Builder::new().name("journal".into()).spawn(move || keep(&timeline, &theirs, told))?;
    bell.answers(thread.thread());
    Ok(Some(Keeper { bell, thread }))
}

impl Keeper {
    /// Ends it after a last sync.
    pub(crate) fn stop(self) {
        self.bell.stop();
        if self.thread.join().is_err() {
            log::error!("the journal's thread panicked");
        }
    }
}

fn keep(timeline: &Timeline, bell: &Bell, told: impl Fn()) {
    while !bell.is_stopped() {
        bell.wait(LOOK_PAUSE);
        if tend(timeline) {
            told();
        }
        if timeline.with_journal(|journal| journal.is_troubled()) {
            bell.ring();
        }
        bell.pause(SYNC_PAUSE);
    }
    tend(timeline);
    timeline.with_journal(|journal| journal.say_what_is_lost(|first, next| timeline.copy(first, next)));
}

/// Syncs without holding the journal meanwhile, and does what else is due: true if there is something to be delivered.
fn tend(timeline: &Timeline) -> bool {
    if let Some(point) = timeline.with_journal(|journal| journal.sync_point()) {
        let result = point.sync();
        timeline.with_journal(|journal| journal.synced(&point, result));
    }
    timeline.with_journal(|journal| {
        journal.tend();
        journal.mend(|first, next| timeline.copy(first, next));
    });
    timeline.retry()
}
