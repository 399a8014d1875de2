//! Segments that another program has removed, cut or replaced while the server runs: they are found, and written anew from
//! memory as far as it reaches.

use super::{Open, Writer, public};
use crate::files::{self, Access};
use crate::server::timeline::chunk::Chunk;
use crate::server::timeline::journal::archive::Extent;
use crate::server::timeline::journal::segment::{self, Line, Place, ReadError};
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the segments that are no longer written are looked at. The one that is written is with each sync.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What was lost, and is written anew.
#[derive(Debug)]
pub(crate) struct Mended {
    /// The first one's name.
    file: String,
    files: usize,
    /// How many events are neither in memory nor in what is left of their file.
    events_gone: u64,
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another program has removed, cut or replaced {} of the journal", self.file)?;
        if self.files > 1 {
            write!(f, " and {} more of its files", self.files - 1)?;
        }
        write!(f, ": what is in memory is written anew")?;
        if self.events_gone > 0 {
            let gone = self.events_gone;
            write!(
                f,
                ", {gone} older events are gone; where there is a copy, put it back while the server doesn't run"
            )?;
        }
        Ok(())
    }
}

impl Writer {
    /// Looks for what is lost, and writes it anew. `memory` has what is in memory of the events from one up to the one before
    /// another. Nothing is written until that has succeeded: what is said goes to where it's found again, or is refused.
    ///
    /// # Errors
    /// It can't be written anew yet.
    pub(in crate::server::timeline::journal) fn mend(
        &mut self,
        memory: impl Fn(u64, u64) -> Option<Chunk>,
    ) -> io::Result<Option<Mended>> {
        let lost = self.lost();
        self.to_mend = !lost.is_empty();
        let Some(first) = lost.first() else { return Ok(None) };
        let mut mended = Mended { file: name(&self.path(first)), files: lost.len(), events_gone: 0 };
        segment::make_folder(&self.folder)?;
        for extent in &lost {
            mended.events_gone += self.restore(extent, memory(extent.first, extent.next))?;
            if self.open.as_ref().is_some_and(|open| open.first == extent.first) {
                self.settle();
            }
        }
        (self.to_mend, self.taken) = (false, None);
        Ok(Some(mended))
    }

    /// The segments that are no longer what was written, oldest first.
    fn lost(&mut self) -> Vec<Extent> {
        let due = self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY) || self.archive.take_missed();
        if !(due || self.to_mend || self.taken.is_some() || self.open.as_ref().is_some_and(|open| !open.is_whole())) {
            return Vec::new();
        }
        self.looked = Some(Instant::now());
        let open = self.open.as_ref();
        let is_whole = |extent: &Extent| match open.filter(|open| open.first == extent.first) {
            _ if self.taken == Some(extent.first) => false,
            Some(open) => open.is_whole(),
            None => has(&self.path(extent), extent.bytes),
        };
        self.archive.extents().into_iter().filter(|extent| !is_whole(extent)).collect()
    }

    /// Writes anew what is in memory of a segment. Gives how many events of it are gone.
    fn restore(&self, extent: &Extent, memory: Option<Chunk>) -> io::Result<u64> {
        let path = self.path(extent);
        let anew = memory.as_ref().map_or(extent.next, |chunk| chunk.first);
        if memory.as_ref().is_some_and(|chunk| chunk.next() != extent.next) {
            return Err(io::Error::other("memory doesn't have what was written last"));
        }
        let lines = memory.as_ref().map_or(&[][..], Chunk::lines);
        if anew == extent.first {
            files::replace(&path, lines)?;
            return Ok(0);
        }
        // What is still right in the file stays, and the rest must not stop the next start.
        let (next, bytes) = left(&path, extent.first, anew);
        trim(&path, bytes)?;
        if let Some(chunk) = &memory {
            files::replace(&segment::path(&self.folder, chunk.first), lines)?;
        }
        self.archive.tear(extent.first, (next, bytes), memory.as_ref().map(|chunk| (chunk, public(chunk))));
        Ok(anew - next)
    }

    fn path(&self, extent: &Extent) -> std::path::PathBuf {
        segment::path(&self.folder, extent.first)
    }
}

impl Open {
    /// Whether it's where it was, and has all that was written to it and nothing else.
    fn is_whole(&self) -> bool {
        let has_more = || self.file.metadata().is_ok_and(|found| found.len() > self.bytes);
        self.file.check(self.bytes).is_ok() && (self.ragged || !has_more())
    }
}

/// Whether a file has so many bytes. What can't be asked now may be there.
fn has(path: &Path, bytes: u64) -> bool {
    match fs::metadata(path) {
        Ok(found) => found.is_file() && found.len() >= bytes,
        Err(e) => !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// How far a segment is still right, up to the event before `upto`: the seq of the first event that is missing, and the bytes
/// of those before it.
fn left(path: &Path, first: u64, upto: u64) -> (u64, u64) {
    let (mut next, mut bytes) = (first, 0);
    let place = Place { path: path.to_owned(), first, next: Some(upto) };
    // Ends with what is missing or damaged.
    let _ = place.read(|line| -> Result<(), ReadError> {
        let Line { record, bytes: line, .. } = line?;
        (next, bytes) = (record.seq + 1, bytes + line.len() as u64);
        Ok(())
    });
    (next, bytes)
}

/// Leaves so much of a file that may not be there; without anything in it, it goes.
fn trim(path: &Path, bytes: u64) -> io::Result<()> {
    if bytes == 0 {
        return match files::remove(path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        };
    }
    let file = files::open(path, Access::Write)?;
    file.set_len(bytes)?;
    file.sync_all()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
