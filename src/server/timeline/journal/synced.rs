//! A file that two threads sync, and that never tells either of them that all is well after a sync that failed.

use crate::faults;
use crate::sync::{Mutex, lock};
use std::fs::File;
use std::io;
use std::ops::Deref;

/// The file of the segment that is written. The system tells of a sync that failed once (fsync(2)): to whichever thread
/// asked first, and the other one's next sync succeeds although the bytes are lost.
#[derive(Debug)]
pub(super) struct SyncedFile {
    file: File,
    /// Locked over a sync, so that who waits for another's sync knows how it went.
    failed: Mutex<bool>,
}

impl SyncedFile {
    pub(super) fn new(file: File) -> Self {
        Self { file, failed: Mutex::new(false) }
    }

    /// Syncs what was written to it.
    ///
    /// # Errors
    /// The system can't, or couldn't once before.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.sync_by(|file| {
            faults::strike("journal.sync")?;
            file.sync_data()
        })
    }

    /// As [`sync`](Self::sync), by another way.
    pub(super) fn sync_by(&self, sync: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        let mut failed = lock(&self.failed);
        if *failed {
            return Err(io::Error::other("an earlier sync of it failed"));
        }
        sync(&self.file).inspect_err(|_| *failed = true)
    }
}

impl Deref for SyncedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}
