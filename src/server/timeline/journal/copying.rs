//! The journal as somebody sees it who keeps a copy of it while it is written: what may be copied, and which events a copy
//! may have.

use super::archive::{Archive, Settled};
use super::copied::Copied;
use super::segment;
use crate::files::{self, Access};
use crate::server::timeline::chunk::Chunk;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// What may be copied, and how far the copy is.
#[derive(Debug)]
pub(crate) struct Copying {
    pub(super) archive: Arc<Archive>,
    /// Whoever copies tells here how far that is.
    pub(crate) copied: Arc<Copied>,
}

impl Copying {
    /// What may be copied of each segment, oldest first: what won't be taken back, whatever becomes of the power.
    pub(crate) fn settled(&self) -> Vec<Settled> {
        self.archive.settled()
    }

    /// The lines of a segment from a byte on. None where it has other words or is gone meanwhile.
    ///
    /// # Errors
    /// It can't be read, or isn't as it was written.
    pub(crate) fn read(&self, segment: &Settled, from: u64) -> io::Result<Option<Vec<u8>>> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = files::open(&self.archive.path(segment.first), Access::Read)?;
            file.seek(SeekFrom::Start(from))?;
            let mut lines = vec![0; segment.bytes.saturating_sub(from) as usize];
            file.read_exact(&mut lines)?;
            Ok(lines)
        };
        let read = read();
        if !self.archive.was(segment) {
            return Ok(None);
        }
        let lines = read?;
        let whole = match from {
            0 => Chunk::parse(segment.first, lines.clone()).is_ok_and(|chunk| chunk.next() == segment.next),
            _ => lines.last() == Some(&b'\n'),
        };
        if whole { Ok(Some(lines)) } else { Err(io::Error::other("it isn't what was written")) }
    }

    /// Whether an event of a copy is one of these: [`segment::knows`].
    ///
    /// # Errors
    /// The journal can't be read.
    pub(crate) fn knows(&self, seq: u64, time: &str) -> io::Result<bool> {
        segment::knows(self.archive.folder(), seq, time)
    }
}
