//! Events that were written get other words: their seqs, their order and who may see them stay.
//!
//! Each segment of the journal that is concerned is replaced whole, and what is in memory of it with it, so that whoever
//! reads from then on reads what is new. Those who write wait for the last, short part of that; those who read, for nothing.

use super::chunk::Chunk;
use super::journal::{self, Change, Draft, Journal, Replaced};
use super::order::Timeline;
use crate::sync::lock;
use std::io;
use std::ops::Range;

/// How often a segment may turn out to be another by the time it's replaced: a disk that fails, or another program, does that.
const ATTEMPTS_MAX: usize = 5;

impl Timeline {
    /// Gives events other lines: `change` is asked about each one of these seqs that was written by now, by its seq and its line, and again
    /// about a line that it gave. Its seq must stay, and that somebody said it, or nobody. Gives how many have another line.
    ///
    /// What they said before is nowhere in the journal then, nor in what is read.
    ///
    /// # Errors
    /// It couldn't be done everywhere, or a power failure could still undo it. It may be tried again.
    pub(super) fn rewrite(
        &self,
        seqs: Range<u64>,
        mut change: impl FnMut(u64, &[u8]) -> Option<Vec<u8>>,
    ) -> io::Result<usize> {
        self.rewrite_within(seqs, &mut change)
    }

    /// As [`rewrite`](Self::rewrite), for one event: whether it has another line.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn rewrite_event(&self, seq: u64, mut change: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> io::Result<bool> {
        self.rewrite_within(seq..seq.saturating_add(1), &mut |_, line| change(line)).map(|changed| changed > 0)
    }

    /// How many bytes are written anew to give this event another line.
    pub(crate) fn rewritten_with(&self, seq: u64) -> u64 {
        let extents = self.archive.extents();
        extents.iter().find(|extent| (extent.first..extent.next).contains(&seq)).map_or(0, |extent| extent.bytes)
    }

    fn rewrite_within(&self, seqs: Range<u64>, change: Change<'_>) -> io::Result<usize> {
        let _turn = lock(&self.rewriting);
        self.commit(&self.now()).map_err(|why| io::Error::other(why.to_string()))?;
        self.with_journal(Journal::prepare)?;
        let upto = seqs.end.min(self.head().saturating_add(1));
        let oldest = self.archive.oldest().map_or(upto, |(first, _)| first);
        let mut changed = self.rewrite_memory(seqs.start..upto.min(oldest), change)?;
        let mut next = seqs.start.max(oldest);
        while next < upto {
            let extents = self.archive.extents();
            let Some(extent) = extents.into_iter().find(|extent| extent.next > next && extent.first < upto) else {
                break;
            };
            changed += self.rewrite_segment(extent.first, &seqs, change)?;
            // What was written since began after this did.
            next = extent.next;
        }
        Ok(changed)
    }

    /// What is in memory alone.
    fn rewrite_memory(&self, seqs: Range<u64>, change: Change<'_>) -> io::Result<usize> {
        let Some(copy) = self.copy(seqs.start, seqs.end) else { return Ok(0) };
        let changes = journal::changes(&copy, &seqs, change)?;
        self.replace_in_memory(&changes);
        Ok(changes.len())
    }

    fn rewrite_segment(&self, first: u64, seqs: &Range<u64>, change: Change<'_>) -> io::Result<usize> {
        for _ in 0..ATTEMPTS_MAX {
            let extents = self.archive.extents();
            // Deleted meanwhile, since it was too old: the caller goes on with the next one, and a part that was torn off is one.
            let Some(extent) = extents.into_iter().find(|extent| extent.first == first) else { return Ok(0) };
            let Some(draft) = Draft::of(&self.archive, extent, seqs, change)? else { return Ok(0) };
            let replaced = self.with_journal(|journal| {
                let replaced = journal.replace(draft, change)?;
                if let Replaced::Done(changes, _) = &replaced {
                    // Before anything is written again, which looks into memory for what is lost.
                    self.replace_in_memory(changes);
                }
                io::Result::Ok(replaced)
            })?;
            if let Replaced::Done(changes, durable) = replaced {
                return durable.map(|()| changes.len());
            }
        }
        Err(io::Error::other("the journal was changed again and again meanwhile"))
    }

    fn replace_in_memory(&self, changes: &[Chunk]) {
        let mut rest = changes;
        while !rest.is_empty() {
            // One stretch at a time, so that nobody waits for all of them.
            let done = self.replace(rest);
            rest = &rest[done..];
        }
    }
}
