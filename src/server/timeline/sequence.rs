//! Where `seq` goes on after a restart.
//!
//! Seqs never repeat over the life of a data folder, also after a crash. The file `sequence` holds a number that
//! no event has reached; a server takes [`BLOCK`] seqs at a time and writes the new number **before** it uses
//! the first of them. A crash wastes the rest of a block, a proper end gives it back.

use crate::files;
use crate::reason::{self, Reason};
use std::io;
use std::path::{Path, PathBuf};

/// How many seqs are taken at a time: one write to disk for so many events, and so far the numbers jump that people type
/// (`/remove 17`) when a server died. JSON numbers are exact to 2^53, so nine hundred thousand million blocks can be wasted.
pub(super) const BLOCK: u64 = 10_000;
/// JSON numbers are exact up to here, and the protocol promises no more.
const SEQ_MAX: u64 = 1 << 53;

/// Hands out seqs, each once.
#[derive(Debug)]
pub(crate) struct Sequence {
    path: PathBuf,
    last: u64,
    /// The last seq that may be used before more are taken.
    limit: u64,
}

impl Sequence {
    /// Goes on where the last server on this folder stopped, after `seen` at the earliest: the newest event there is.
    ///
    /// # Errors
    /// The file can't be read or written, or isn't a number.
    pub(crate) fn open(path: &Path, seen: u64) -> Result<Self, String> {
        let written = Self::peek(path)?;
        if seen > written {
            log::warn!("{} says {written}, and there is an event {seen}: it goes on after that", path.display());
        }
        let last = written.max(seen);
        let mut sequence = Self { path: path.to_owned(), last, limit: last };
        let failed = |e: io::Error| {
            format!(
                "can't write {}: {}; a start needs some room on that disk, and leave to write",
                path.display(),
                Reason(&e)
            )
        };
        sequence.take_block().map_err(failed)?;
        Ok(sequence)
    }

    /// A seq that no event of the last server has passed.
    ///
    /// # Errors
    /// The file can't be read, or isn't a number.
    pub(crate) fn peek(path: &Path) -> Result<u64, String> {
        match files::read_to_string(path) {
            Ok(text) => text.trim().parse().ok().filter(|&number| number < SEQ_MAX - BLOCK).ok_or_else(|| {
                format!(
                    "{} is damaged: it holds one number, that no event's `seq` has passed; write a larger one than \
                     any client has seen, such as 1000000000",
                    path.display()
                )
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(e) => Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        }
    }

    /// Has the next server on this folder begin so much further ahead of what is known, the event `last` included: a copy
    /// doesn't know what was given out since it was made.
    ///
    /// # Errors
    /// The file can't be read or written, or isn't a number.
    pub(crate) fn leap(path: &Path, last: u64, by: u64) -> Result<(), String> {
        let ahead = Self::peek(path)?.max(last).saturating_add(by);
        files::replace(path, format!("{ahead}\n").as_bytes())
            .map_err(|e| format!("can't write {}: {}", path.display(), reason::of_file(&e)))
    }

    /// The last seq given out.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The next seq.
    ///
    /// # Errors
    /// The block is used up and a new one couldn't be written down; asking again may succeed.
    pub(crate) fn next(&mut self) -> io::Result<u64> {
        if self.last == self.limit {
            self.take_block()?;
        }
        self.last += 1;
        Ok(self.last)
    }

    /// Writes it down anew where another program has removed or changed the file: then true.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn look(&self) -> io::Result<bool> {
        if Self::peek(&self.path).is_ok_and(|written| written >= self.limit) {
            return Ok(false);
        }
        files::replace(&self.path, format!("{}\n", self.limit).as_bytes())?;
        Ok(true)
    }

    /// Takes back the seqs after `last`, which nobody was shown and which stand nowhere.
    pub(crate) fn rewind(&mut self, last: u64) {
        self.last = self.last.min(last);
    }

    /// Gives the rest of the block back: the next server goes on without a jump.
    ///
    /// # Errors
    /// The file can't be written; then the next server jumps.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.limit = self.last;
        files::replace(&self.path, format!("{}\n", self.last).as_bytes())
    }

    fn take_block(&mut self) -> io::Result<()> {
        let limit = self.last + BLOCK;
        files::replace(&self.path, format!("{limit}\n").as_bytes())?;
        self.limit = limit;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_the_same_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sequence");
        let mut sequence = Sequence::open(&path, 0).unwrap();
        assert_eq!((sequence.next().unwrap(), sequence.next().unwrap()), (1, 2));
        // A crash: not closed.
        let mut sequence = Sequence::open(&path, 0).unwrap();
        assert_eq!(sequence.next().unwrap(), BLOCK + 1);
        sequence.close().unwrap();
        let mut sequence = Sequence::open(&path, 0).unwrap();
        assert_eq!(sequence.next().unwrap(), BLOCK + 2);
        sequence.last = sequence.limit;
        assert_eq!(sequence.next().unwrap(), 2 * BLOCK + 2, "a further block");
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), (3 * BLOCK + 1).to_string());
        assert!(!sequence.look().unwrap());
        std::fs::write(&path, "7\n").unwrap();
        assert!(sequence.look().unwrap());
        assert_eq!(Sequence::peek(&path).unwrap(), 3 * BLOCK + 1);
        std::fs::write(&path, "x").unwrap();
        assert!(Sequence::open(&path, 0).unwrap_err().contains("damaged"));
    }
}
