//! Whether the journal's segments are still what was written. All of them are looked at with each sync, at most once a second:
//! that takes one `stat` a segment, and there are some dozens at the most. One is read only where its stamp has changed, or
//! where somebody couldn't read it.

use super::{Open, Writer};
use crate::files::{self, Stamp};
use crate::server::timeline::chunk::Chunk;
use crate::server::timeline::journal::archive::Extent;
use crate::server::timeline::journal::segment::{Line, Place, ReadError};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The segments that are no longer what was written, oldest first.
    pub(super) lost: Vec<Extent>,
    /// Those that can't be read, which may be as they were.
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

impl Writer {
    /// Looks at all segments. `memory` has what is in memory of the events from one up to the one before another.
    pub(super) fn look(&mut self, memory: impl Fn(u64, u64) -> Option<Chunk>) -> Look {
        let (missed, extents) = (self.archive.take_missed(), self.archive.extents());
        let (mut look, mut seen) = (Look::default(), BTreeMap::new());
        let newest = extents.last().map(|extent| extent.first);
        for extent in extents {
            let (first, path) = (extent.first, self.path(&extent));
            let stamp = Stamp::of(&path).filter(|stamp| match self.open.as_ref().filter(|open| open.first == first) {
                _ if self.taken == Some(first) => false,
                Some(open) => open.is_whole(),
                // A start would take what follows the newest events for events, or for damage.
                None if newest == Some(first) => stamp.bytes() == extent.bytes,
                None => stamp.bytes() >= extent.bytes,
            });
            let is_written = self.open.as_ref().is_some_and(|open| open.first == first);
            let Some(stamp) = stamp else {
                look.lost.push(extent);
                continue;
            };
            let is_known = self.seen.get(&first).is_none_or(|seen| *seen == stamp) && missed != Some(first);
            if !(is_written || is_known) {
                match is_right(&path, &extent, memory(first, extent.next).as_ref()) {
                    Ok(true) => {}
                    Ok(false) => {
                        look.lost.push(extent);
                        continue;
                    }
                    Err(e) => look.unreadable.push((path, e)),
                }
            }
            if !is_written {
                seen.insert(first, stamp);
            }
        }
        self.seen = seen;
        look
    }

    /// Takes what was just written anew for right.
    pub(super) fn note_stamps(&mut self) {
        for extent in self.archive.extents() {
            if self.open.as_ref().is_none_or(|open| open.first != extent.first)
                && !self.seen.contains_key(&extent.first)
            {
                self.seen.extend(Stamp::of(&self.path(&extent)).map(|stamp| (extent.first, stamp)));
            }
        }
    }
}

impl Open {
    /// Whether it's where it was, and has all that was written to it and nothing else.
    fn is_whole(&self) -> bool {
        let has_more = || self.file.metadata().is_ok_and(|found| found.len() > self.bytes);
        self.file.check(self.bytes).is_ok() && (self.ragged || !has_more())
    }
}

/// Whether a segment has its events, and those that are in memory as they are there.
fn is_right(path: &Path, extent: &Extent, memory: Option<&Chunk>) -> io::Result<bool> {
    match left(path, extent.first, extent.next) {
        // What is in memory of it can be written anew.
        Err(_) if memory.is_some_and(|chunk| chunk.first == extent.first) => Ok(false),
        Err(e) => Err(e),
        Ok(left) if left != (extent.next, extent.bytes) => Ok(false),
        Ok((_, bytes)) => {
            let found = files::read(path)?;
            let found = found.get(..bytes as usize).unwrap_or_default();
            Ok(memory.is_none_or(|chunk| found.ends_with(chunk.lines())))
        }
    }
}

/// How far a segment is still right, up to the event before `upto`: the seq of the first event that is missing, and the bytes
/// of those before it.
///
/// # Errors
/// It's there, and can't be read.
pub(super) fn left(path: &Path, first: u64, upto: u64) -> io::Result<(u64, u64)> {
    if !std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return Ok((first, 0));
    }
    let (mut next, mut bytes) = (first, 0);
    let place = Place { path: path.to_owned(), first, next: Some(upto) };
    let read = place.read(|line| -> Result<(), ReadError> {
        let Line { record, bytes: line, .. } = line?;
        (next, bytes) = (record.seq + 1, bytes + line.len() as u64);
        Ok(())
    });
    match read {
        Err(ReadError::Io { error, .. }) if error.kind() != ErrorKind::NotFound => Err(error),
        // Ends with what is missing or damaged.
        _ => Ok((next, bytes)),
    }
}
