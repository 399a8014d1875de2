//! Segments that another program has removed, cut or replaced while the server runs are written anew from memory as far as it
//! reaches.

use super::look::{Look, left};
use super::{Writer, public};
use crate::files::{self, Access};
use crate::reason::Reason;
use crate::server::timeline::chunk::Chunk;
use crate::server::timeline::journal::archive::Extent;
use crate::server::timeline::journal::segment;
use crate::server::timeline::journal::seqs::Seqs;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What was lost, and is written anew.
#[derive(Debug)]
pub(crate) struct Mended {
    look: Look,
    /// The lost files' names.
    files: Vec<String>,
    /// Which events are neither in memory nor in what is left of their files.
    gone: Seqs,
    /// What had been put in their place, by its new name.
    aside: Vec<PathBuf>,
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = self.files.first() {
            write!(f, "another program has removed, cut or replaced {file} of the journal")?;
            if self.files.len() > 1 {
                write!(f, " and {} more of its files", self.files.len() - 1)?;
            }
            write!(f, ": what is in memory is written anew")?;
        }
        match self.gone.count() {
            0 => {}
            1 => write!(f, ", but an older event is gone, which memory no longer has")?,
            gone => write!(f, ", but {gone} older events are gone, which memory no longer has")?,
        }
        if self.gone.count() > 0 {
            write!(f, " ({}); where there is a copy, put it back while the server doesn't run", self.gone)?;
        }
        for aside in &self.aside {
            write!(f, "; what stood in its place is now {}", name(aside))?;
        }
        for (index, (path, error)) in self.look.unreadable.iter().enumerate() {
            let then = if index == 0 && self.files.is_empty() { "" } else { "; " };
            let (name, why) = (name(path), Reason(error));
            write!(f, "{then}{name} of the journal can't be read ({why}), and the next start will need it")?;
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
        let look = self.look(&memory);
        self.to_mend = !look.lost.is_empty();
        if !self.to_mend && look.unreadable.is_empty() {
            return Ok(None);
        }
        let mut gone = Seqs::default();
        if self.to_mend {
            self.make_folder()?;
        }
        for extent in &look.lost {
            gone.add(self.restore(extent, memory(extent.first, extent.next))?);
            if self.open.as_ref().is_some_and(|open| open.first == extent.first) {
                self.settle();
            }
        }
        (self.to_mend, self.taken) = (false, None);
        self.note_stamps();
        let files = look.lost.iter().map(|extent| name(&self.path(extent))).collect();
        Ok(Some(Mended { look, files, gone, aside: std::mem::take(&mut self.aside) }))
    }

    /// Whether something is known to be lost.
    pub(in crate::server::timeline::journal) fn is_to_mend(&self) -> bool {
        self.to_mend
    }

    /// Which events an end of the server would lose, since they are in memory alone.
    pub(in crate::server::timeline::journal) fn only_in_memory(
        &mut self,
        memory: impl Fn(u64, u64) -> Option<Chunk>,
    ) -> Seqs {
        let mut seqs = Seqs::default();
        for Extent { first, next, .. } in self.look(&memory).lost {
            memory(first, next).iter().for_each(|chunk| seqs.add(chunk.first..chunk.next()));
        }
        let newest = self.archive.newest().filter(|_| self.to_rescue && seqs.count() == 0);
        newest.iter().for_each(|&(_, next, ..)| seqs.add(self.unsynced_first..next));
        seqs
    }

    /// Writes anew what is in memory of a segment. Gives which events of it are gone.
    fn restore(&mut self, extent: &Extent, memory: Option<Chunk>) -> io::Result<std::ops::Range<u64>> {
        let path = self.path(extent);
        let anew = memory.as_ref().map_or(extent.next, |chunk| chunk.first);
        if memory.as_ref().is_some_and(|chunk| chunk.next() != extent.next) {
            return Err(io::Error::other("memory doesn't have what was written last"));
        }
        self.aside.extend(segment::clear_of_folder(&path)?);
        let lines = memory.as_ref().map_or(&[][..], Chunk::lines);
        if anew == extent.first {
            files::replace(&path, lines)?;
            self.archive.renewed(extent.first);
            return Ok(anew..anew);
        }
        // What is still right in the file stays, and the rest must not stop the next start.
        let (next, bytes) = left(&path, extent.first, anew)?;
        trim(&path, bytes)?;
        if let Some(chunk) = &memory {
            files::replace(&segment::path(&self.folder, chunk.first), lines)?;
        }
        self.archive.tear(extent.first, (next, bytes), memory.as_ref().map(|chunk| (chunk, public(chunk))));
        Ok(next..anew)
    }

    pub(super) fn path(&self, extent: &Extent) -> PathBuf {
        segment::path(&self.folder, extent.first)
    }
}

/// Leaves so much of a file that may not be there; without anything in it, it goes.
pub(super) fn trim(path: &Path, bytes: u64) -> io::Result<()> {
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
