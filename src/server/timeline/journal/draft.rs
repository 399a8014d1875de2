//! A segment as it's to be, with other lines in the place of some: written beside the one that stands, while nobody waits
//! for it.

use super::archive::{Archive, Extent, Index};
use crate::files::{self, Access, SUCCESSOR, Stamp, Successor};
use crate::protocol::LINE_BYTES_MAX;
use crate::server::timeline::chunk::{Chunk, Entry};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Gives the line that is to stand in the place of an event's, if another is to. It's asked again about lines that it gave.
pub(crate) type Change<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Option<Vec<u8>>;

/// What is to take a segment's place. Dropped before, it goes.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    /// The events that may be changed.
    seqs: Range<u64>,
    /// Of the segment's file before it was read.
    stamp: Option<Stamp>,
    /// How far it was read.
    read: Extent,
    successor: Successor,
    /// Where everything is in it.
    index: Index,
    /// The lines that are new, each a stretch of its own, in their order.
    changes: Vec<Chunk>,
}

/// A stretch written anew.
#[derive(Debug)]
struct Anew {
    lines: Vec<u8>,
    changes: Vec<Chunk>,
}

impl Draft {
    /// Writes down what a segment would be, as far as it's written by now. None where nothing in it is to be changed.
    ///
    /// # Errors
    /// It can't be read or written, or isn't as it was written; or a line that `change` gave can't stand there.
    pub(crate) fn of(
        archive: &Archive,
        extent: Extent,
        seqs: &Range<u64>,
        change: Change<'_>,
    ) -> io::Result<Option<Self>> {
        let path = archive.path(extent.first);
        let (stamp, mut index) = (Stamp::of(&path), Index::new(extent.first));
        let from = Extent { next: extent.first, bytes: 0, ..extent };
        let anew = read_anew(&path, (from, extent), seqs, &mut index, change)?;
        if anew.changes.is_empty() {
            return Ok(None);
        }
        let mut successor = Successor::begin(SUCCESSOR, &path)?;
        successor.write(&anew.lines)?;
        // The long part of it, before anybody waits.
        successor.sync()?;
        let (seqs, changes) = (seqs.clone(), anew.changes);
        Ok(Some(Self { path, seqs, stamp, read: extent, successor, index, changes }))
    }

    /// The first seq of its segment.
    pub(super) fn first(&self) -> u64 {
        self.read.first
    }

    /// Whether it was made of what the segment is now, as far as that was written then.
    pub(super) fn is_of(&self, extent: &Extent, is_written: bool) -> bool {
        let grown = extent.next >= self.read.next && extent.bytes >= self.read.bytes;
        if is_written { grown } else { grown && self.stamp.is_some() && Stamp::of(&self.path) == self.stamp }
    }

    /// Adds what was written to the segment since, up to `extent`.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub(super) fn catch_up(&mut self, extent: Extent, change: Change<'_>) -> io::Result<()> {
        let anew = read_anew(&self.path, (self.read, extent), &self.seqs, &mut self.index, change)?;
        if !anew.lines.is_empty() {
            self.successor.write(&anew.lines)?;
            self.successor.sync()?;
        }
        self.changes.extend(anew.changes);
        self.read = extent;
        Ok(())
    }

    /// Puts it in the segment's place. Gives where everything is in it.
    ///
    /// # Errors
    /// What the system says. The old one still stands.
    pub(super) fn take_place(&mut self) -> io::Result<Index> {
        self.successor.take_place()?;
        Ok(std::mem::replace(&mut self.index, Index::new(self.read.first)))
    }

    /// Makes durable that it has taken its place.
    ///
    /// # Errors
    /// What the system says: after a power failure the old one may stand again.
    pub(super) fn settle(&self) -> io::Result<()> {
        self.successor.sync_folder()
    }

    /// The lines that are new, in their order.
    pub(super) fn into_changes(self) -> Vec<Chunk> {
        self.changes
    }
}

/// The lines that are new of a stretch: those that `change` gives for its events within `seqs`.
///
/// # Errors
/// A line that it gave can't stand there.
pub(crate) fn changes(chunk: &Chunk, seqs: &Range<u64>, change: Change<'_>) -> io::Result<Vec<Chunk>> {
    let mut changes = Vec::new();
    for (seq, (line, entry)) in (chunk.first..).zip(chunk.iter()).filter(|(seq, _)| seqs.contains(seq)) {
        changes.extend(changed(seq, line, entry, change)?);
    }
    Ok(changes)
}

/// Reads a segment's file from where one extent ends to where another does, and gives it as it's to be.
fn read_anew(
    path: &Path,
    (from, upto): (Extent, Extent),
    seqs: &Range<u64>,
    index: &mut Index,
    change: Change<'_>,
) -> io::Result<Anew> {
    let mut lines = vec![0; (upto.bytes - from.bytes) as usize];
    let mut file = files::open(path, Access::Read)?;
    file.seek(SeekFrom::Start(from.bytes))?;
    file.read_exact(&mut lines)?;
    let chunk = Chunk::parse(from.next, lines).map_err(|(line, what)| wrong(format!("line {line}: {what}")))?;
    if chunk.next() != upto.next {
        return Err(wrong(format!("it ends with event {}, and not with {}", chunk.next() - 1, upto.next - 1)));
    }
    let mut anew = Anew { lines: Vec::with_capacity(chunk.lines().len()), changes: Vec::new() };
    for (seq, (line, entry)) in (chunk.first..).zip(chunk.iter()) {
        let changed = if seqs.contains(&seq) { changed(seq, line, entry, change)? } else { None };
        let line = changed.as_ref().map_or(line, Chunk::lines);
        index.add(line.len(), entry.said);
        anew.lines.extend_from_slice(line);
        anew.changes.extend(changed);
    }
    Ok(anew)
}

/// The line that is to stand in an event's place, if another is to: an event of the same seq that counts as it did.
fn changed(seq: u64, line: &[u8], entry: &Entry, change: Change<'_>) -> io::Result<Option<Chunk>> {
    let Some(anew) = change(seq, line) else { return Ok(None) };
    let is_line = anew.len() <= LINE_BYTES_MAX && anew.iter().position(|&b| b == b'\n') == Some(anew.len() - 1);
    let chunk = Chunk::parse(seq, anew).ok().filter(|chunk| is_line && chunk.iter().all(|(_, e)| e.said == entry.said));
    chunk.map(Some).ok_or_else(|| wrong(format!("what event {seq} was to become is no such event")))
}

fn wrong(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
