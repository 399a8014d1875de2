//! A file that two threads sync, and that never tells either of them that all is well after a sync that failed, or when what
//! they sync is no longer where it is looked for.

use crate::faults;
use crate::files;
use crate::sync::{Mutex, lock};
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// The file of the segment that is written. The system tells of a sync that failed once (fsync(2)): to whichever thread
/// asked first, and the other one's next sync succeeds although the bytes are lost.
#[derive(Debug)]
pub(super) struct SyncedFile {
    path: PathBuf,
    file: File,
    /// Locked over a sync, so that who waits for another's sync knows how it went.
    failed: Mutex<bool>,
}

impl SyncedFile {
    /// The file that is open, which `path` leads to.
    pub(super) fn new(path: &Path, file: File) -> Self {
        Self { path: path.to_owned(), file, failed: Mutex::new(false) }
    }

    /// Syncs what was written to it: so many bytes at least.
    ///
    /// # Errors
    /// The system can't, or couldn't once before; or another program has taken the file away.
    pub(super) fn sync(&self, bytes: u64) -> io::Result<()> {
        self.sync_by(|file| {
            faults::strike("journal.sync")?;
            file.sync_data()?;
            self.check(bytes)
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

    /// Makes sure that it's where it was, and has so many bytes at least.
    ///
    /// # Errors
    /// It isn't, or hasn't.
    pub(super) fn check(&self, bytes: u64) -> io::Result<()> {
        if !files::leads_to(&self.path, &self.file) {
            return Err(io::Error::other("another program has removed or replaced it"));
        }
        if self.file.metadata()?.len() < bytes {
            return Err(io::Error::other("another program has cut it"));
        }
        Ok(())
    }

    /// Takes away whatever is beyond so many bytes.
    ///
    /// # Errors
    /// As [`check`](Self::check), or what the system says.
    pub(super) fn cut(&self, bytes: u64) -> io::Result<()> {
        self.check(bytes)?;
        self.file.set_len(bytes)
    }
}

impl Deref for SyncedFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}
