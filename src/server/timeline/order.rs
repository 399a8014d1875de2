//! The timeline: the one ordered sequence of events, each encoded once as its wire line.
//!
//! Everything that anybody sees is an event in it. Nobody has a queue: a session has a cursor, the seq up to
//! which it has been given what it may see. What it may see is decided in `Eyes::may_see` alone.
//!
//! An event is first *pending*: it has its seq, and nobody sees it. Whoever gets the journal writes all that is pending
//! at once, and then it is published: the head moves. Whoever waited for the journal meanwhile finds its event written.
//! If the write fails, what is pending is dropped, and its seqs are given again. Only comings and goings are kept in
//! mind, to be told when the journal can be written again.

use super::backlog::Backlog;
use super::chunk::{Batch, Chunk, Viewer};
use super::events::{AppendError, Appending, Events, Forgotten, Group, Ticket};
use super::gone::Gone;
use super::journal::{Archive, Journal};
use super::members::Eyes;
use super::past::Past;
use super::recall::Recall;
use super::sequence::Sequence;
use super::shared::Shared;
use super::what::{Key, Keys, Spoken, What};
use crate::protocol::ServerMessage;
use crate::reason;
use crate::server::clock::Clock;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard, lock};
use std::io;

/// A buffer for what is pending is kept for the next stretch if it is no larger. Nobody has more than one event pending.
const SPARE_BYTES_MAX: usize = 1024 * 1024;

/// What became of an event that was to be appended.
#[derive(Debug)]
pub(crate) enum Appended {
    /// It is pending: it is there when it is [committed](Timeline::commit).
    Pending(Ticket),
    /// It was there already, under this seq: the same one was sent again.
    Known(u64),
}

/// Whether something may have been said before, and whether it may be said.
type Terms = (fn() -> bool, fn() -> bool);

/// Those of something new that nothing holds back.
pub(crate) const NEW: Terms = (|| false, || true);

/// The timeline.
#[derive(Debug)]
pub(crate) struct Timeline {
    scribe: Mutex<Scribe>,
    events: Mutex<Events>,
    pub(super) archive: std::sync::Arc<Archive>,
    /// Held over a change of what was written.
    pub(super) rewriting: Mutex<()>,
    keys: Keys,
    /// What gives events their times.
    pub(crate) clock: Arc<Clock>,
    /// The newest published seq, readable without the lock.
    head: AtomicU64,
    /// The newest one that somebody waits for; those after it are comings and goings.
    last_awaited: AtomicU64,
    /// How far the delivery is behind.
    pub(crate) backlog: Backlog,
}

/// Who writes: one at a time, without keeping anybody from appending or reading meanwhile.
#[derive(Debug)]
struct Scribe {
    journal: Journal,
    /// What is being written. Found by somebody else, whoever wrote it has panicked.
    writing: Option<(Chunk, Arc<Group>)>,
    /// An empty buffer for what is pending next.
    spare: Chunk,
}

impl Timeline {
    /// A timeline that goes on where `journal` ends. `past` is what was read in it.
    pub(crate) fn new(sequence: Sequence, journal: Journal, mut past: Past, clock: Arc<Clock>) -> Self {
        let head = sequence.last();
        let chunks = past.recent(head);
        let Past { recall, keys, untold, .. } = past;
        let owed = untold.into_values().collect();
        let archive = std::sync::Arc::clone(journal.archive());
        Self {
            scribe: Mutex::new(Scribe { journal, writing: None, spare: Chunk::new(head + 1, 0) }),
            events: Mutex::new(Events::new(sequence, Arc::clone(&clock), chunks, recall, owed)),
            archive,
            rewriting: Mutex::new(()),
            keys,
            clock,
            head: AtomicU64::new(head),
            last_awaited: AtomicU64::new(head),
            backlog: Backlog::new(),
        }
    }

    /// The newest event's seq.
    pub(crate) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// The seq of the newest event that somebody waits for: what was said, and all else that isn't a coming or a going.
    pub(crate) fn last_awaited(&self) -> u64 {
        self.last_awaited.load(Ordering::Acquire)
    }

    /// The key under which something that was said is remembered.
    pub(crate) fn key(&self, spoken: &Spoken<'_>) -> Key {
        self.keys.key(spoken)
    }

    /// Gives an event its seq and its time, unless it may be one that was said before, and is. Nobody sees it until it
    /// is committed. Both questions are asked under the lock: whether it may be said again (whoever comes back while this
    /// waits says it first), and whether it may be said at all, so that nothing comes behind what forbids it.
    ///
    /// # Errors
    /// [`AppendError`]; then there is no such event.
    pub(crate) fn append<'a>(
        &self,
        what: What,
        (maybe_again, may): (impl FnOnce() -> bool, impl FnOnce() -> bool),
        event: impl FnOnce(u64, String) -> ServerMessage<'a>,
    ) -> Result<Appended, AppendError> {
        let mut events = lock(&self.events);
        if let Some(seq) = maybe_again().then(|| events.find(&what)).flatten() {
            return Ok(Appended::Known(seq));
        }
        if !may() {
            return Err(AppendError::Held);
        }
        events.pay_what_is_owed()?;
        events.add(what, event)?;
        Ok(Appended::Pending(events.ticket()))
    }

    /// The same with several events, which get their places right behind each other and are written together: all or none.
    /// Whether they were said before is asked of the last one.
    ///
    /// # Errors
    /// [`AppendError`]; then there is none of them.
    pub(crate) fn append_together(
        &self,
        (maybe_again, may): (impl FnOnce() -> bool, impl FnOnce() -> bool),
        together: Vec<Appending<'_>>,
    ) -> Result<Appended, AppendError> {
        let mut events = lock(&self.events);
        let known = together.last().filter(|_| maybe_again()).and_then(|(what, _)| events.find(what));
        if let Some(seq) = known {
            return Ok(Appended::Known(seq));
        }
        if !may() {
            return Err(AppendError::Held);
        }
        events.pay_what_is_owed()?;
        events.add_together(together)?;
        Ok(Appended::Pending(events.ticket()))
    }

    /// Appends somebody's coming or going. What can't be now is kept in mind.
    pub(crate) fn announce(&self, what: What) -> Ticket {
        let mut events = lock(&self.events);
        events.owe(what);
        if let Err(why) = events.pay_what_is_owed() {
            log::error!("somebody's coming or going can't be told yet: {why}");
        }
        events.ticket()
    }

    /// Takes note of a coming or going that nobody is told of, as if it came right after all that is appended.
    pub(crate) fn note(&self, what: What) -> Ticket {
        let mut events = lock(&self.events);
        events.note(what);
        events.ticket()
    }

    /// The place after all that is appended.
    pub(crate) fn now(&self) -> Ticket {
        lock(&self.events).ticket()
    }

    /// Waits until all that was appended up to `ticket` is written and published.
    ///
    /// # Errors
    /// [`AppendError::Unwritten`]: it isn't, and nobody will ever see it.
    pub(crate) fn commit(&self, ticket: &Ticket) -> Result<(), AppendError> {
        if !ticket.is_settled() {
            let mut scribe = lock(&self.scribe);
            if scribe.writing.is_some() {
                scribe.journal.distrust();
                self.drop_pending(&mut scribe);
            }
            if !ticket.is_settled() {
                self.write_pending(&mut scribe);
            }
        }
        if ticket.is_written() { Ok(()) } else { Err(AppendError::Unwritten) }
    }

    /// Tries again to write what couldn't be, and is to be told all the same: true if there is something to be delivered.
    pub(crate) fn retry(&self) -> bool {
        let mut events = lock(&self.events);
        if !events.owes() {
            return false;
        }
        let paid = events.pay_what_is_owed();
        let ticket = events.ticket();
        drop(events);
        // If it fails, it is kept in mind again.
        paid.and_then(|()| self.commit(&ticket)).is_ok()
    }

    /// Reads what `viewer` may see after `after`, up to the event `upto`, into `batch`: whole events, as many as
    /// begin within `bytes_max`, at least one.
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
        lock(&self.events).read(after, upto, viewer, bytes_max, batch)
    }

    /// Reads the same for everyone at once.
    ///
    /// # Errors
    /// [`Forgotten`] when the event after `after` is no longer in memory.
    pub(crate) fn share(&self, stretch: (u64, u64), bytes_max: usize, shared: &mut Shared) -> Result<(), Forgotten> {
        lock(&self.events).share(stretch, bytes_max, shared)
    }

    /// Whether `viewer` may see an event that was published just now.
    pub(crate) fn may_see(&self, viewer: Viewer<'_>, seq: u64) -> bool {
        let events = lock(&self.events);
        let audience = events.stretch_before(seq.saturating_add(1)).and_then(|chunk| chunk.audience(seq));
        audience.is_some_and(|audience| events.eyes(viewer).may_see(audience, seq))
    }

    /// A viewer's eyes, for whatever is published by now.
    fn eyes<'a>(&self, viewer: Viewer<'a>) -> Eyes<'a> {
        lock(&self.events).eyes(viewer)
    }

    /// As [`read`](Self::read), and what is no longer in memory is read from the journal: then true. Not for a thread that
    /// others wait for.
    ///
    /// # Errors
    /// It isn't there either, or can't be read.
    pub(crate) fn read_back(
        &self,
        after: u64,
        upto: u64,
        viewer: Viewer<'_>,
        bytes_max: usize,
        batch: &mut Batch,
    ) -> io::Result<bool> {
        let Err(Forgotten { oldest }) = self.read(after, upto, viewer, bytes_max, batch) else { return Ok(false) };
        if self.gap(after).is_some() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("what came after {after} is no longer kept")));
        }
        batch.begin(after);
        match self.archive.after(after)? {
            Some(chunk) if chunk.first <= upto => {
                // There may be a jump before it: seqs that a crash has wasted.
                batch.upto = after.max(chunk.first - 1);
                chunk.read(upto, &self.eyes(viewer), bytes_max, batch);
            }
            _ => batch.upto = upto.min(oldest - 1),
        }
        Ok(true)
    }

    /// Whether the event after `after` is no longer kept, in memory or in the journal: then the oldest seq that is.
    pub(crate) fn gap(&self, after: u64) -> Option<u64> {
        let (memory, _) = lock(&self.events).oldest();
        let oldest = self.archive.oldest().map_or(memory, |(first, _)| first.min(memory));
        (after.saturating_add(1) < oldest).then_some(oldest)
    }

    /// How many bytes of lines are in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        lock(&self.events).held_bytes()
    }

    /// The oldest seq that is kept, and how much had been said to everyone before it.
    pub(crate) fn oldest(&self) -> (u64, u64) {
        let memory = lock(&self.events).oldest();
        self.archive.oldest().unwrap_or(memory)
    }

    /// Gives `look` the stretch with the newest thing said before `before`, or a later stretch without any, and the viewer's
    /// eyes. None when
    /// there is nothing older. For a thread that may wait for a disk.
    ///
    /// # Errors
    /// The journal can't be read.
    pub(crate) fn look_before<T>(
        &self,
        before: u64,
        viewer: Viewer<'_>,
        look: impl FnOnce(&Chunk, &Eyes<'_>) -> T,
    ) -> io::Result<Option<T>> {
        let events = lock(&self.events);
        if let Some(chunk) = events.stretch_before(before) {
            return Ok(Some(look(chunk, &events.eyes(viewer))));
        }
        drop(events);
        Ok(self.archive.said_before(before)?.map(|chunk| look(&chunk, &self.eyes(viewer))))
    }

    /// The stretch behind `after`, whoever may see it; it may begin before. For a thread that may wait for a disk.
    ///
    /// # Errors
    /// The journal can't be read.
    pub(crate) fn stretch_after(&self, after: u64) -> io::Result<Option<std::sync::Arc<Chunk>>> {
        let copied = lock(&self.events).stretch_after(after);
        match copied.map_err(|Forgotten { oldest }| (oldest, self.archive.after(after))) {
            Ok(chunk) => Ok(chunk.map(Into::into)),
            Err((oldest, Ok(None))) => self.stretch_after(oldest - 1),
            Err((_, found)) => found,
        }
    }

    /// What is in memory of the events from `first` up to the one before `next`; None if there is nothing.
    pub(super) fn copy(&self, first: u64, next: u64) -> Option<Chunk> {
        lock(&self.events).copy(first, next)
    }

    /// Gives the first of these events, and those beside it, other lines in memory. Gives how many that is done for.
    pub(super) fn replace(&self, anew: &[Chunk]) -> usize {
        lock(&self.events).replace(anew)
    }

    /// What is remembered of the accounts.
    pub(crate) fn recall<T>(&self, ask: impl FnOnce(&Recall) -> T) -> T {
        ask(&lock(&self.events).recall)
    }

    /// The same, and the newest event's seq: what is remembered is of all events up to it.
    pub(crate) fn recall_at_head<T>(&self, ask: impl FnOnce(&Recall) -> T) -> (u64, T) {
        let events = lock(&self.events);
        // It moves under this lock alone.
        (self.head(), ask(&events.recall))
    }

    /// Whoever is gone is called otherwise in what is remembered.
    ///
    /// # Errors
    /// Something is still to be told of them, or of others.
    pub(super) fn erase_from_memory(&self, gone: &Gone<'_>) -> io::Result<()> {
        let mut events = lock(&self.events);
        if events.owes() {
            return Err(io::Error::other("somebody's coming or going can't be written yet"));
        }
        events.recall.erase(gone);
        Ok(())
    }

    /// Has something done with the journal, when nobody writes.
    pub(super) fn with_journal<T>(&self, act: impl FnOnce(&mut Journal) -> T) -> T {
        act(&mut lock(&self.scribe).journal)
    }

    /// Writes down anew where the next server goes on, if another program has taken that away. What there is to be told.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn look(&self) -> Result<Option<String>, String> {
        let taken = "another program has removed or changed the file sequence";
        match lock(&self.events).look() {
            Ok(true) => Ok(Some(format!("{taken}: it is written anew"))),
            Ok(false) => Ok(None),
            Err(e) => Err(format!("{taken}, which can't be written anew: {}", reason::of_file(&e))),
        }
    }

    /// Writes down where the next server goes on.
    ///
    /// # Errors
    /// The file can't be written.
    pub(crate) fn close(&self) -> io::Result<()> {
        lock(&self.events).close()
    }

    /// Writes all that is pending. Readers and whoever appends go on meanwhile.
    fn write_pending(&self, scribe: &mut MutexGuard<'_, Scribe>) {
        let (chunk, group) = lock(&self.events).take_pending(&mut scribe.spare);
        let Scribe { journal, writing, .. } = &mut **scribe;
        let (chunk, _) = writing.insert((chunk, group));
        if chunk.is_empty() || journal.write(chunk, |first, next| self.copy(first, next)).is_ok() {
            self.publish(scribe);
        } else {
            self.drop_pending(scribe);
        }
    }

    /// Lets everyone see what is written.
    fn publish(&self, scribe: &mut MutexGuard<'_, Scribe>) {
        let Some((chunk, group)) = scribe.writing.take() else { return };
        let mut events = lock(&self.events);
        for (seq, (line, entry)) in (chunk.first..).zip(chunk.iter()) {
            if events.publish(seq, line, entry) {
                self.last_awaited.store(seq, Ordering::Release);
            }
        }
        self.backlog.publish(chunk.lines().len() as u64);
        self.head.store(chunk.next() - 1, Ordering::Release);
        drop(events);
        group.settle(true);
        if chunk.lines().len() <= SPARE_BYTES_MAX {
            scribe.spare = chunk;
        }
    }

    /// Drops what couldn't be written and what was to come after it.
    fn drop_pending(&self, scribe: &mut MutexGuard<'_, Scribe>) {
        let Some((_, group)) = scribe.writing.take() else { return };
        let later = lock(&self.events).drop_unpublished(self.head());
        for group in [group, later] {
            group.settle(false);
        }
    }
}

#[cfg(test)]
#[path = "order/tests.rs"]
mod tests;
