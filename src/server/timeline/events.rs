//! The events in memory and their order: what is published, what is pending, and what is to be told later.

use super::chunk::{self, Batch, CHUNK_BYTES, Chunk, Entry, Viewer};
use super::members::Eyes;
use super::recall::Recall;
use super::record::Record;
use super::sequence::Sequence;
use super::shared::Shared;
use super::what::{Audience, Place, What};
use crate::protocol::{EVENT_BYTES_MAX, Profile, RoomName, ServerMessage, Username, format_time};
use crate::reason;
use crate::server::clock::Clock;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU8, Ordering};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::io;

/// How many bytes of lines are kept in memory; the oldest go first. A classroom says less in a school year.
pub(super) const TIMELINE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Why an event isn't in the timeline.
#[derive(Debug)]
pub(crate) enum AppendError {
    /// Its line would be longer than [`EVENT_BYTES_MAX`].
    TooLong,
    /// No seq could be had.
    Sequence(io::Error),
    /// The journal can't be written, which the log and the administrators know.
    Unwritten,
    /// Whoever says it isn't in that room.
    NotInRoom,
    /// It may not be said now.
    Held,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("its line is too long"),
            Self::Sequence(e) => write!(f, "it can't be numbered: {}", reason::of_file(e)),
            Self::Unwritten => f.write_str("the journal can't be written"),
            Self::NotInRoom => f.write_str("its author isn't in that room"),
            Self::Held => f.write_str("it may not be said now"),
        }
    }
}

/// A place in the order that is still to be written.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// The newest event's seq at that place.
    pub(crate) seq: u64,
    group: Arc<Group>,
}

impl Ticket {
    /// Whether it is known what became of all that was appended up to here.
    pub(super) fn is_settled(&self) -> bool {
        self.group.is_settled()
    }

    /// Whether that is written.
    pub(super) fn is_written(&self) -> bool {
        self.group.is_written()
    }
}

/// What a cursor points at is no longer in memory. Holds the oldest seq that is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Forgotten {
    pub(crate) oldest: u64,
}

/// An event that is to be appended, and what it is about.
pub(crate) type Appending<'a> = (What, Box<dyn FnOnce(u64, String) -> ServerMessage<'a> + 'a>);

/// All events: what is published, what is pending, and what couldn't be written.
#[derive(Debug)]
pub(crate) struct Events {
    sequence: Sequence,
    clock: Arc<Clock>,
    /// What is published, oldest first; never empty. The last one is being filled.
    chunks: VecDeque<Chunk>,
    /// What is appended and not being written yet.
    pending: Chunk,
    group: Arc<Group>,
    /// What all that isn't published is about, by its seqs; and who came and went meanwhile untold, by the seq before.
    notes: VecDeque<(u64, What)>,
    /// What couldn't be written and can't be refused: comings and goings, at most one an account, since two would cancel each
    /// other; and that something was taken back.
    owed: Vec<What>,
    /// What is remembered of the accounts.
    pub(crate) recall: Recall,
}

/// Events that are written together.
#[derive(Debug, Default)]
pub(super) struct Group(AtomicU8);

const WRITTEN: u8 = 1;
const FAILED: u8 = 2;

impl Events {
    /// Goes on behind the newest seq. `chunks` is what of the past stays in memory, `recall` what is remembered of it,
    /// `owed` what is still to be told.
    pub(crate) fn new(
        sequence: Sequence,
        clock: Arc<Clock>,
        mut chunks: VecDeque<Chunk>,
        recall: Recall,
        owed: Vec<What>,
    ) -> Self {
        let head = sequence.last();
        if chunks.is_empty() {
            chunks.push_back(Chunk::new(head + 1, CHUNK_BYTES));
        }
        let (pending, group) = (Chunk::new(head + 1, 0), Arc::default());
        Self { sequence, clock, chunks, pending, group, notes: VecDeque::new(), owed, recall }
    }

    /// The same thing, said before.
    pub(crate) fn find(&self, what: &What) -> Option<u64> {
        let said = what.said()?;
        let unpublished = self.notes.iter().find(|(_, other)| other.said() == Some(said)).map(|(seq, _)| *seq);
        unpublished.or_else(|| self.recall.find(said.0, said.1))
    }

    /// Appends an event.
    pub(crate) fn add<'a>(
        &mut self,
        what: What,
        event: impl FnOnce(u64, String) -> ServerMessage<'a>,
    ) -> Result<(), AppendError> {
        if what.within().is_some_and(|(room, by)| !self.will_be_in(room, by)) {
            return Err(AppendError::NotInRoom);
        }
        let (said, audience) = match &what {
            What::Said { by, place: Place::Person(to), .. } => (true, Audience::pair(by, to)),
            What::Said { place: Place::Room(room), .. } => (true, Audience::room(room)),
            What::Asked { by, .. } => (true, Audience::Staff(Box::new(by.clone()))),
            What::Told { audience, said, .. } => (*said, audience.clone()),
            What::Entered(room, _) | What::Exited(room, _) | What::Closed(room) => (false, Audience::room(room)),
            What::Removed { by: Some(by), to: Some(to), .. } => (false, Audience::pair(by, to)),
            What::Removed { room, .. } => (false, room.as_ref().map_or(Audience::Everyone, Audience::room)),
            What::Joined(..) | What::Left(..) | What::Came(_) | What::Went(_) => (false, Audience::Everyone),
        };
        let seq = self.sequence.next().map_err(AppendError::Sequence)?;
        let time = format_time(self.clock.stamp(seq));
        let write = |lines: &mut Vec<u8>| event(seq, time).encode_into(lines);
        if !self.pending.push_with(said, audience, EVENT_BYTES_MAX, write) {
            self.sequence.rewind(seq - 1);
            return Err(AppendError::TooLong);
        }
        self.notes.push_back((seq, what));
        Ok(())
    }

    /// Appends several events, or none of them.
    pub(super) fn add_together(&mut self, together: Vec<Appending<'_>>) -> Result<(), AppendError> {
        let before = self.sequence.last();
        let added = together.into_iter().try_for_each(|(what, event)| self.add(what, event));
        if added.is_err() {
            self.pending.cut(before + 1);
            self.notes.retain(|(seq, _)| *seq <= before);
            self.sequence.rewind(before);
        }
        added
    }

    /// Whether an account is in a room once all that is appended has happened. What is said then has its place behind that.
    fn will_be_in(&self, room: &RoomName, name: &Username) -> bool {
        if room.is_general() {
            return true;
        }
        let changes = self.notes.iter().rev().find_map(|(_, what)| match what {
            What::Entered(other, who) if other == room && who == name => Some(true),
            What::Exited(other, who) if other == room && who == name => Some(false),
            What::Closed(other) if other == room => Some(false),
            _ => None,
        });
        changes.unwrap_or_else(|| self.recall.members.is_in(room, name))
    }

    /// The place after all that is appended.
    pub(crate) fn ticket(&self) -> Ticket {
        Ticket { seq: self.sequence.last(), group: Arc::clone(&self.group) }
    }

    /// Keeps a coming or going in mind. A going after a coming that nobody was told of, or the other way round, leaves
    /// nothing to tell.
    pub(crate) fn owe(&mut self, what: What) {
        if matches!(what, What::Removed { .. }) {
            self.owed.push(what);
            return;
        }
        let (What::Joined(name, _) | What::Left(name, _)) = &what else { return };
        let same = |owed: &What| matches!(owed, What::Joined(other, _) | What::Left(other, _) if other == name);
        match self.owed.iter().position(same) {
            Some(index) => drop(self.owed.remove(index)),
            None => self.owed.push(what),
        }
    }

    /// Appends what is kept in mind.
    pub(super) fn pay_what_is_owed(&mut self) -> Result<(), AppendError> {
        while let Some(what) = self.owed.first().cloned() {
            if let What::Joined(..) | What::Left(..) | What::Removed { .. } = &what {
                self.add(what.clone(), |seq, time| told(&what, seq, time))?;
            }
            self.owed.remove(0);
        }
        Ok(())
    }

    /// Lets everyone see the next event that is written. Whether somebody waits for it: it is no coming or going.
    pub(super) fn publish(&mut self, seq: u64, line: &[u8], entry: &Entry) -> bool {
        // Who reads it in the journal decides by its line alone.
        debug_assert!(Record::parse(line).is_ok_and(|record| record.agrees_with(entry.said, &entry.audience)));
        let event = (seq, entry.said, entry.audience.clone());
        chunk::append(&mut self.chunks, TIMELINE_BYTES_MAX, line, event, self.recall.public());
        let mut awaited = false;
        while self.notes.front().is_some_and(|(noted, _)| *noted <= seq) {
            if let Some((seq, what)) = self.notes.pop_front() {
                awaited |= !what.is_presence();
                self.recall.note(seq, &what);
            }
        }
        awaited
    }

    /// Reads what `viewer` may see of what is in memory after `after`, up to the event `upto`, into `batch`: whole events,
    /// as many as begin within `bytes_max`, at least one.
    ///
    /// # Errors
    /// [`Forgotten`] when the event after `after` is no longer in memory.
    pub(crate) fn read(
        &self,
        after: u64,
        upto: u64,
        viewer: Viewer<'_>,
        bytes_max: usize,
        batch: &mut Batch,
    ) -> Result<(), Forgotten> {
        batch.begin(after);
        let eyes = self.eyes(viewer);
        for chunk in self.chunks_after(after)? {
            if batch.upto >= upto || batch.lines.len() >= bytes_max {
                break;
            }
            chunk.read(upto, &eyes, bytes_max, batch);
        }
        Ok(())
    }

    /// Reads the same for everyone at once.
    ///
    /// # Errors
    /// [`Forgotten`] when the event after `after` is no longer in memory.
    pub(crate) fn share(
        &self,
        (after, upto): (u64, u64),
        bytes_max: usize,
        shared: &mut Shared,
    ) -> Result<(), Forgotten> {
        shared.begin(after);
        for chunk in self.chunks_after(after)? {
            if shared.upto >= upto || shared.lines.len() >= bytes_max {
                break;
            }
            chunk.share(upto, bytes_max, shared);
        }
        if shared.is_divided() {
            shared.seat(self.recall.members.roster());
        }
        Ok(())
    }

    /// A viewer's eyes, for what is published by now.
    pub(super) fn eyes<'a>(&self, viewer: Viewer<'a>) -> Eyes<'a> {
        let members = &self.recall.members;
        match viewer {
            Viewer::Anyone => Eyes::new(None, false, members),
            Viewer::Account(name) => Eyes::new(Some(name), false, members),
            Viewer::Staff(name) => Eyes::new(Some(name), true, members),
        }
    }

    /// The chunks from the one on that has the event after `after`.
    fn chunks_after(&self, after: u64) -> Result<impl Iterator<Item = &Chunk>, Forgotten> {
        let oldest = self.chunks[0].first;
        if after.saturating_add(1) < oldest {
            return Err(Forgotten { oldest });
        }
        let start = self.chunks.partition_point(|chunk| chunk.first <= after + 1).saturating_sub(1);
        Ok(self.chunks.range(start..))
    }

    /// The oldest seq in memory, and how much had been said to everyone before it.
    pub(crate) fn oldest(&self) -> (u64, u64) {
        (self.chunks[0].first, self.chunks[0].public_before)
    }

    /// How many bytes of lines are in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.lines().len()).sum()
    }

    /// The newest stretch in memory that begins before `before`.
    pub(super) fn stretch_before(&self, before: u64) -> Option<&Chunk> {
        let index = self.chunks.partition_point(|chunk| chunk.first < before);
        index.checked_sub(1).and_then(|index| self.chunks.get(index))
    }

    /// What is published of the events from `first` up to the one before `next`; None if nothing of it is in memory.
    pub(super) fn copy(&self, first: u64, next: u64) -> Option<Chunk> {
        let mut copy = Chunk::new(first.max(self.chunks[0].first), 0);
        for chunk in self.chunks.iter().filter(|chunk| chunk.first < next && chunk.next() > first) {
            let events = (chunk.first..).zip(chunk.iter()).filter(|(seq, _)| (first..next).contains(seq));
            for (_, (line, entry)) in events {
                copy.push_with(entry.said, entry.audience.clone(), usize::MAX, |lines| lines.extend_from_slice(line));
            }
        }
        (!copy.is_empty()).then_some(copy)
    }

    /// Gives events other lines: each of these stretches is one of them, in their order. Done for the first one and those
    /// that are kept in the same piece of memory: how many that is. What isn't in memory needs nothing.
    pub(super) fn replace(&mut self, anew: &[Chunk]) -> usize {
        let Some(first) = anew.first().map(|event| event.first) else { return 0 };
        let index = self.chunks.partition_point(|chunk| chunk.next() <= first);
        let Some(chunk) = self.chunks.get(index) else { return anew.len() };
        let count = anew.partition_point(|event| event.first < chunk.next());
        // A longer line may need a further piece.
        let mut rewritten = chunk.rewritten(&anew[..count]);
        if let Some(rest) = rewritten.pop() {
            self.chunks[index] = rest;
            rewritten.into_iter().rev().for_each(|chunk| self.chunks.insert(index, chunk));
        }
        while self.chunks.len() > TIMELINE_BYTES_MAX / CHUNK_BYTES {
            self.chunks.pop_front();
        }
        count
    }

    /// A copy of what is in memory of the stretch behind `after`, whoever may see it. None where nothing is there yet.
    ///
    /// # Errors
    /// [`Forgotten`] when the event after `after` is no longer in memory.
    pub(super) fn stretch_after(&self, after: u64) -> Result<Option<Chunk>, Forgotten> {
        let (next, oldest) = (after.saturating_add(1), self.chunks[0].first);
        if next < oldest {
            return Err(Forgotten { oldest });
        }
        Ok(self.chunks.iter().find(|chunk| chunk.next() > next).and_then(|chunk| self.copy(next, chunk.next())))
    }

    /// Takes note of a coming or going that nobody is told of, as if it came right after all that is appended.
    pub(crate) fn note(&mut self, what: What) {
        let last = self.sequence.last();
        if self.notes.is_empty() {
            self.recall.note(last, &what);
        } else {
            self.notes.push_back((last, what));
        }
    }

    /// Takes all that is pending, to be written. `spare`, an empty buffer, takes what is appended from now on.
    pub(super) fn take_pending(&mut self, spare: &mut Chunk) -> (Chunk, Arc<Group>) {
        let first = self.pending.next();
        let spare = std::mem::replace(spare, Chunk::new(first, 0)).reused(first);
        (std::mem::replace(&mut self.pending, spare), std::mem::take(&mut self.group))
    }

    /// Drops all that comes after `head` and isn't published: it couldn't be written. Those who came and went, and what was
    /// taken back, are kept in mind. Gives the group of what was to be written next.
    pub(super) fn drop_unpublished(&mut self, head: u64) -> Arc<Group> {
        self.sequence.rewind(head);
        self.pending = Chunk::new(head + 1, 0);
        for (_, what) in std::mem::take(&mut self.notes) {
            match what {
                What::Came(_) | What::Went(_) => self.recall.note(head, &what),
                what => self.owe(what),
            }
        }
        std::mem::take(&mut self.group)
    }

    /// Whether something is still to be told.
    pub(super) fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Writes down anew where the next server goes on, if another program has taken that away: then true.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn look(&self) -> io::Result<bool> {
        self.sequence.look()
    }

    /// Writes down where the next server goes on.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.sequence.close()
    }
}

impl Group {
    /// What became of all of it.
    pub(crate) fn settle(&self, written: bool) {
        self.0.store(if written { WRITTEN } else { FAILED }, Ordering::Release);
    }

    fn is_settled(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    fn is_written(&self) -> bool {
        self.0.load(Ordering::Acquire) == WRITTEN
    }
}

/// The event of a coming or a going, or that something was taken back.
fn told<'a>(what: &'a What, seq: u64, time: String) -> ServerMessage<'a> {
    let (time, username) = (time.into(), |name: &'a Username| name.as_str().into());
    match what {
        What::Left(name, reason) => ServerMessage::Left { seq, time, username: username(name), reason: *reason },
        What::Joined(name, Profile { name: called, group }) => {
            let (called, group) = (called.as_deref().map(Cow::Borrowed), group.as_deref().map(Cow::Borrowed));
            ServerMessage::Joined { seq, time, username: username(name), name: called, group }
        }
        What::Removed { event, by, room, to } => ServerMessage::Removed {
            seq,
            time,
            event: *event,
            from: by.as_ref().map(username).unwrap_or_default(),
            room: room.as_ref().map(|room| room.as_str().into()),
            to: to.as_ref().map(username),
            id: None,
        },
        // Nothing else is told later.
        _ => ServerMessage::Unknown,
    }
}
