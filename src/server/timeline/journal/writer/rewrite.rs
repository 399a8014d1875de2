//! A segment that has other words in it takes its place. What is written meanwhile waits for the last, short part of that alone.

use super::Writer;
use super::mend::trim;
use crate::faults;
use crate::files::Stamp;
use crate::server::timeline::chunk::Chunk;
use crate::server::timeline::journal::draft::{Change, Draft};
use std::io;

/// What became of a draft.
#[derive(Debug)]
pub(crate) enum Replaced {
    /// It has taken its segment's place, or there is no such segment any more: the lines that are new, and whether a power
    /// failure could still bring back the old ones.
    Done(Vec<Chunk>, io::Result<()>),
    /// The segment isn't what it was made of: it's to be made anew.
    Stale,
}

impl Writer {
    /// Sees to it that what was written stands in its segments alone, and for good.
    ///
    /// # Errors
    /// That can't be done now.
    pub(in crate::server::timeline::journal) fn prepare(&mut self) -> io::Result<()> {
        self.make_good()?;
        // After a sync that failed the end of a segment may stand in the next one too.
        for extent in self.archive.extents() {
            let path = self.path(&extent);
            let is_written = self.open.as_ref().is_some_and(|open| open.first == extent.first);
            if !is_written && Stamp::of(&path).is_some_and(|stamp| stamp.bytes() > extent.bytes) {
                trim(&path, extent.bytes)?;
            }
        }
        Ok(())
    }

    /// Puts a draft in its segment's place, with what was written to that since.
    ///
    /// # Errors
    /// It can't be; then the old one still stands.
    pub(in crate::server::timeline::journal) fn replace(
        &mut self,
        mut draft: Draft,
        change: Change<'_>,
    ) -> io::Result<Replaced> {
        // Whatever happens to the folder, the old one has all that was acknowledged.
        self.sync_now()?;
        self.prepare()?;
        let first = draft.first();
        let Some(extent) = self.archive.extents().into_iter().find(|extent| extent.first == first) else {
            return Ok(Replaced::Done(draft.into_changes(), Ok(())));
        };
        let open = self.open.as_ref().filter(|open| open.first == first);
        if !draft.is_of(&extent, open.is_some()) {
            return Ok(Replaced::Stale);
        }
        faults::strike("journal.rewrite")?;
        if let Some(open) = open {
            open.file.check(open.bytes)?;
            draft.catch_up(extent, change)?;
        }
        self.archive.replace(first, || draft.take_place())?;
        if self.open.as_ref().is_some_and(|open| open.first == first) {
            self.settle();
        }
        self.seen.remove(&first);
        self.to_sync_folder = true;
        let settled = draft.settle();
        self.to_sync_folder = settled.is_err();
        Ok(Replaced::Done(draft.into_changes(), settled))
    }
}
