//! The file that is to take another's place: written beside it, and put there when all of it is on the disk.

use super::Place;
use crate::faults;
use std::fs::File;
use std::io;
use std::path::Path;

/// What the name of a file that is to replace another ends with, unless several processes may do that at once.
pub(crate) const SUCCESSOR: &str = ".new";

/// A file that is being written, and that nobody reads yet. Dropped before it has [taken its place](Self::take_place), it goes.
#[derive(Debug)]
pub(crate) struct Successor {
    from: Place,
    to: Place,
    file: File,
    placed: bool,
}

impl Successor {
    /// Makes an empty one for `path`, by the name of that with `suffix` behind it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn begin(suffix: &str, path: &Path) -> io::Result<Self> {
        Self::of(suffix, Place::of(path)?.followed()?)
    }

    /// Makes an empty one for a place.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn of(suffix: &str, to: Place) -> io::Result<Self> {
        let from = to.beside(suffix)?;
        // A leftover of a crash may have other modes: begin from nothing.
        from.remove_if_there()?;
        faults::strike("replace.create")?;
        let file = from.create()?;
        Ok(Self { from, to, file, placed: false })
    }

    /// Adds to it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(&mut self, contents: &[u8]) -> io::Result<()> {
        faults::write_all("replace.write", &self.file, contents)
    }

    /// Makes durable what was written to it, but for its name.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn sync(&self) -> io::Result<()> {
        faults::strike("replace.sync")?;
        self.file.sync_all()
    }

    /// Puts it in the other's place. That is durable once the [folder is synced](Self::sync_folder) (fsync(2)).
    ///
    /// # Errors
    /// What the system says. The old file then still stands.
    pub(crate) fn take_place(&mut self) -> io::Result<()> {
        faults::strike("replace.rename")?;
        self.from.rename(&self.to)?;
        self.placed = true;
        Ok(())
    }

    /// Makes durable that it has taken its place.
    ///
    /// # Errors
    /// What the system says. The new file may stand, and no longer do so after a power failure.
    pub(crate) fn sync_folder(&self) -> io::Result<()> {
        faults::strike("replace.folder")?;
        self.to.sync_folder()
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if !self.placed {
            // On a disk that is full it is in everybody's way.
            let _ = self.from.remove();
        }
    }
}

/// Removes what a crash has left of a successor of `path`: true if there was one.
///
/// # Errors
/// What the system says.
pub(crate) fn remove_leftover(path: &Path) -> io::Result<bool> {
    Place::of(path)?.followed()?.beside(SUCCESSOR)?.remove_if_there()
}

impl Place {
    pub(super) fn remove_if_there(&self) -> io::Result<bool> {
        match self.remove() {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }
}
