//! A stretch of events, each as its wire line, and what a viewer may see of it.

use super::members::Eyes;
use super::record::Record;
use super::shared::Shared;
use super::what::Audience;
use crate::protocol::{RoomName, Username};
use std::collections::VecDeque;
use std::ops::Range;

/// Lines are kept in memory in pieces of this size, which go as a whole.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// Whose eyes the timeline is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Viewer<'a> {
    /// What everyone may see, and nothing else.
    Anyone,
    /// What this account may see.
    Account(&'a Username),
    /// What this account may see, which is staff's.
    Staff(&'a Username),
}

/// A stretch of the timeline as one viewer sees it.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The wire lines.
    pub(crate) lines: Vec<u8>,
    /// The stretch begins after this seq.
    pub(crate) after: u64,
    /// And ends with this one.
    pub(crate) upto: u64,
}

/// Which of what was said is looked for.
#[derive(Clone, Debug)]
pub(crate) enum Where {
    /// Wherever one may see it.
    Everywhere,
    /// In the room that everyone is in.
    General,
    /// In this room, from this seq on also what was said while one wasn't in it.
    Room(RoomName, u64),
}

/// Events whose seqs follow each other without a gap.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The seq of its first event.
    pub(crate) first: u64,
    /// How much had been said to everyone before it. Kept for those in memory alone.
    pub(super) public_before: u64,
    lines: Vec<u8>,
    events: Vec<Entry>,
}

/// What is known of one event beside its line.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where the event's line ends in the chunk; it begins where the one before it ends.
    end: u32,
    /// Somebody said it, to the room or to one person; else somebody came or left.
    pub(crate) said: bool,
    pub(super) audience: Audience,
}

/// Adds an event (its seq, whether it was said, who may see it) to chunks that follow each other, the oldest of which go
/// when all would have more than `bytes_max`. `public_before` is how much was said to everyone before it.
pub(crate) fn append(
    chunks: &mut VecDeque<Chunk>,
    bytes_max: usize,
    line: &[u8],
    (seq, said, audience): (u64, bool, Audience),
    public_before: u64,
) {
    if chunks.back().is_none_or(|chunk| chunk.lines.len() + line.len() > CHUNK_BYTES) {
        let oldest = if chunks.len() >= bytes_max / CHUNK_BYTES { chunks.pop_front() } else { None };
        let chunk = oldest.map_or_else(|| Chunk::new(seq, CHUNK_BYTES), |chunk| chunk.reused(seq));
        chunks.push_back(Chunk { public_before, ..chunk });
    }
    if let Some(chunk) = chunks.back_mut() {
        chunk.push_with(said, audience, usize::MAX, |lines| lines.extend_from_slice(line));
    }
}

impl Where {
    fn has(&self, audience: &Audience, eyes: &Eyes<'_>, seq: u64) -> bool {
        match (self, audience) {
            (Self::Everywhere, _) => eyes.may_see(audience, seq),
            (Self::General, _) => *audience == Audience::Everyone,
            (Self::Room(room, whole_from), Audience::Room(its)) => {
                room == &**its && (seq >= *whole_from || eyes.may_see(audience, seq))
            }
            (Self::Room(..), _) => false,
        }
    }
}

impl Batch {
    /// Empties it, to be filled with what comes after `after`.
    pub(crate) fn begin(&mut self, after: u64) {
        self.lines.clear();
        self.after = after;
        self.upto = after;
    }
}

impl Chunk {
    /// An empty one with room for so many bytes of lines.
    pub(crate) fn new(first: u64, bytes: usize) -> Self {
        Self { first, public_before: 0, lines: Vec::with_capacity(bytes), events: Vec::new() }
    }

    /// The same one, emptied, for newer events.
    pub(super) fn reused(mut self, first: u64) -> Self {
        self.lines.clear();
        self.events.clear();
        Self { first, ..self }
    }

    /// Reads whole lines back: what the journal holds of some stretch.
    ///
    /// # Errors
    /// What is wrong with the first line that is no event or out of order, counted from 1.
    pub(crate) fn parse(first: u64, lines: Vec<u8>) -> Result<Self, (usize, String)> {
        let mut events = Vec::new();
        let mut end = 0;
        for (index, line) in lines.split_inclusive(|&b| b == b'\n').enumerate() {
            let wrong = |what: String| (index + 1, what);
            let record = Record::parse(line).map_err(wrong)?;
            let seq = first + index as u64;
            if record.seq != seq {
                return Err(wrong(format!("`seq` is {} where {seq} was expected", record.seq)));
            }
            end += line.len();
            events.push(Entry { end: end as u32, said: record.is_said(), audience: record.audience().map_err(wrong)? });
        }
        Ok(Self { first, public_before: 0, lines, events })
    }

    /// The seq after its last event's.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The lines of all its events.
    pub(crate) fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Each event's line and what is known of it.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &Entry)> {
        self.events.iter().enumerate().map(|(index, entry)| (&self.lines[self.line(index)], entry))
    }

    /// The same events, some of them with other lines: each of `anew` is one of them, in their order. In pieces as memory
    /// is kept in.
    pub(super) fn rewritten(&self, anew: &[Self]) -> Vec<Self> {
        let (mut chunks, mut anew, mut public) = (VecDeque::new(), anew.iter().peekable(), self.public_before);
        for (seq, (line, entry)) in (self.first..).zip(self.iter()) {
            while anew.next_if(|event| event.first < seq).is_some() {}
            let changed = anew.peek().filter(|event| event.first == seq).and_then(|event| event.iter().next());
            let (line, entry) = changed.unwrap_or((line, entry));
            append(&mut chunks, usize::MAX, line, (seq, entry.said, entry.audience.clone()), public);
            public += u64::from(entry.said && entry.audience == Audience::Everyone);
        }
        chunks.into()
    }

    /// Takes its events from this seq on away again.
    pub(super) fn cut(&mut self, next: u64) {
        self.events.truncate(next.saturating_sub(self.first) as usize);
        self.lines.truncate(self.line_start(self.events.len()));
    }

    /// Adds an event whose line `write` appends, unless that is longer than `bytes_max`: then false.
    pub(super) fn push_with(
        &mut self,
        said: bool,
        audience: Audience,
        bytes_max: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        // A panic in `write` may have left half a line.
        let start = self.line_start(self.events.len());
        self.lines.truncate(start);
        write(&mut self.lines);
        if self.lines.len() - start > bytes_max {
            self.lines.truncate(start);
            return false;
        }
        self.events.push(Entry { end: self.lines.len() as u32, said, audience });
        true
    }

    /// Adds what follows `batch.upto`, up to the event `upto`, to the batch: whole events, as many as begin within
    /// `bytes_max`. Neighbouring events are copied in one piece.
    pub(crate) fn read(&self, upto: u64, eyes: &Eyes<'_>, bytes_max: usize, batch: &mut Batch) {
        let start = (batch.upto + 1).saturating_sub(self.first) as usize;
        let begin = self.line_start(start.min(self.events.len()));
        let mut run = begin..begin;
        for (index, entry) in self.events.iter().enumerate().skip(start) {
            if self.first + index as u64 > upto || batch.lines.len() + run.len() >= bytes_max {
                break;
            }
            batch.upto = self.first + index as u64;
            if eyes.may_see(&entry.audience, batch.upto) {
                run.end = entry.end as usize;
            } else {
                batch.lines.extend_from_slice(&self.lines[run]);
                run = entry.end as usize..entry.end as usize;
            }
        }
        batch.lines.extend_from_slice(&self.lines[run]);
    }

    /// Adds what follows `shared.upto`, as [`read`](Self::read) does, for everyone at once.
    pub(super) fn share(&self, upto: u64, bytes_max: usize, shared: &mut Shared) {
        let start = (shared.upto + 1).saturating_sub(self.first) as usize;
        let begin = self.line_start(start.min(self.events.len()));
        let mut run = begin..begin;
        for (index, entry) in self.events.iter().enumerate().skip(start) {
            let copied = shared.lines.len() + run.len();
            if self.first + index as u64 > upto || copied >= bytes_max {
                break;
            }
            shared.upto = self.first + index as u64;
            let end = entry.end as usize;
            if shared.take(&entry.audience, end - run.end, copied) {
                run.end = end;
            } else {
                shared.lines.extend_from_slice(&self.lines[run]);
                run = end..end;
            }
        }
        shared.lines.extend_from_slice(&self.lines[run]);
    }

    /// The line of one of its events.
    pub(crate) fn get(&self, seq: u64) -> Option<&[u8]> {
        (self.first..self.next()).contains(&seq).then(|| &self.lines[self.line((seq - self.first) as usize)])
    }

    /// Who may see one of its events.
    pub(super) fn audience(&self, seq: u64) -> Option<&Audience> {
        (self.first..self.next()).contains(&seq).then(|| &self.events[(seq - self.first) as usize].audience)
    }

    /// What was said before `before` and after `after` that these eyes may see there, newest first: each seq and line.
    pub(crate) fn said<'a>(
        &'a self,
        (after, before): (u64, u64),
        place: &'a Where,
        eyes: &'a Eyes<'a>,
    ) -> impl Iterator<Item = (u64, &'a [u8])> {
        let seqs = (self.first.max(after.saturating_add(1))..self.next().min(before)).rev();
        let index = move |seq| (seq - self.first) as usize;
        let visible = move |seq: u64| {
            let entry = &self.events[index(seq)];
            entry.said && place.has(&entry.audience, eyes, seq)
        };
        seqs.filter(move |&seq| visible(seq)).map(move |seq| (seq, &self.lines[self.line(index(seq))]))
    }

    fn line(&self, index: usize) -> Range<usize> {
        self.line_start(index)..self.events[index].end as usize
    }

    fn line_start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.events[index - 1].end as usize }
    }
}
