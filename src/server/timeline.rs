//! The timeline: the one ordered sequence of events, each encoded once as its wire line.
//!
//! Everything that anybody sees is an event in it. Nobody has a queue: a session has a cursor, the seq up to
//! which it has been given what it may see. What it may see is decided in [`Chunk::read`] alone.
//!
//! An event is first *pending*: it has its seq, and nobody sees it. Whoever gets the journal writes all that is pending
//! at once, and then it is published: the head moves. Whoever waited for the journal meanwhile finds its event written.
//! If the write fails, what is pending is dropped, and its seqs are given again. Only comings and goings are kept in
//! mind, to be told when the journal can be written again.

use super::chunk::{self, Batch, CHUNK_BYTES, Chunk, Viewer};
use super::journal::{Archive, Journal};
use super::past::Past;
use super::recall::{Keys, Recall, Spoken, What};
use super::record::Audience;
use super::sequence::Sequence;
use crate::protocol::{EVENT_BYTES_MAX, ServerMessage, Username, timestamp};
use crate::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, lock};
use std::collections::VecDeque;
use std::io;
use std::sync::PoisonError;
use std::time::Duration;

/// How many bytes of lines are kept in memory; the oldest go first. A classroom says less in a school year.
pub(super) const TIMELINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A buffer for what is pending is kept for the next stretch if it is no larger. Nobody has more than one event pending.
const SPARE_BYTES_MAX: usize = 1024 * 1024;
/// How many bytes the delivery may be behind before those who speak wait for it. Well under
/// [`TIMELINE_BYTES_MAX`], so nobody who keeps up with the delivery is ever dropped for being slow.
pub(super) const BACKLOG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The longest that one request waits for the delivery.
const BACKLOG_WAIT: Duration = Duration::from_secs(2);

/// Why an event isn't in the timeline.
#[derive(Debug)]
pub(super) enum AppendError {
    /// Its line would be longer than [`EVENT_BYTES_MAX`].
    TooLong,
    /// No seq could be had.
    Sequence(io::Error),
    /// The journal can't be written, which the log and the administrators know.
    Unwritten,
}

/// What became of an event that was to be appended.
#[derive(Debug)]
pub(super) enum Appended {
    /// It is pending: it is there when it is [committed](Timeline::commit).
    Pending(Ticket),
    /// It was there already, under this seq: the same one was sent again.
    Known(u64),
}

/// A place in the order that is still to be written.
#[derive(Debug)]
pub(super) struct Ticket {
    /// The newest event's seq at that place.
    pub(super) seq: u64,
    group: Arc<Group>,
}

/// What a cursor points at is no longer in memory. Holds the oldest seq that is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Forgotten {
    pub(super) oldest: u64,
}

/// The timeline.
#[derive(Debug)]
pub(super) struct Timeline {
    scribe: Mutex<Scribe>,
    events: Mutex<Events>,
    archive: std::sync::Arc<Archive>,
    keys: Keys,
    /// The newest published seq, readable without the lock.
    head: AtomicU64,
    /// The newest one that somebody said; those after it are comings and goings.
    last_said: AtomicU64,
    /// Bytes of lines published so far, and delivered so far.
    appended_bytes: AtomicU64,
    delivered_bytes: Mutex<u64>,
    delivered: Condvar,
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

#[derive(Debug)]
struct Events {
    sequence: Sequence,
    /// What is published, oldest first; never empty. The last one is being filled.
    chunks: VecDeque<Chunk>,
    /// What is appended and not being written yet.
    pending: Chunk,
    group: Arc<Group>,
    /// What all that isn't published is about, by its seqs; and who came and went meanwhile untold, by the seq before.
    notes: VecDeque<(u64, What)>,
    /// Comings and goings that couldn't be written. At most one an account: two would cancel each other.
    owed: Vec<What>,
    recall: Recall,
}

/// Events that are written together.
#[derive(Debug, Default)]
struct Group(AtomicU8);

const WRITTEN: u8 = 1;
const FAILED: u8 = 2;

impl Timeline {
    /// A timeline that goes on where `journal` ends. `past` is what was read in it.
    pub(super) fn new(sequence: Sequence, journal: Journal, mut past: Past) -> Self {
        let head = sequence.last();
        let mut chunks = past.recent(head);
        if chunks.is_empty() {
            chunks.push_back(Chunk::new(head + 1, CHUNK_BYTES));
        }
        let Past { recall, keys, .. } = past;
        let (pending, spare) = (Chunk::new(head + 1, 0), Chunk::new(head + 1, 0));
        let archive = std::sync::Arc::clone(journal.archive());
        let group = Arc::default();
        Self {
            scribe: Mutex::new(Scribe { journal, writing: None, spare }),
            events: Mutex::new(Events {
                sequence,
                chunks,
                pending,
                group,
                notes: VecDeque::new(),
                owed: Vec::new(),
                recall,
            }),
            archive,
            keys,
            head: AtomicU64::new(head),
            last_said: AtomicU64::new(head),
            appended_bytes: AtomicU64::new(0),
            delivered_bytes: Mutex::new(0),
            delivered: Condvar::new(),
        }
    }

    /// The newest event's seq.
    pub(super) fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// The seq of the newest event that somebody said.
    pub(super) fn last_said(&self) -> u64 {
        self.last_said.load(Ordering::Acquire)
    }

    /// Bytes of lines published so far.
    pub(super) fn appended_bytes(&self) -> u64 {
        self.appended_bytes.load(Ordering::Acquire)
    }

    /// The key under which something that was said is remembered.
    pub(super) fn key(&self, spoken: &Spoken<'_>) -> u64 {
        self.keys.key(spoken)
    }

    /// Gives an event its seq and its time, unless it may be one that was said before, and is. Nobody sees it until it
    /// is committed. `maybe_again` is asked under the lock: whoever comes back while this waits says it first.
    ///
    /// # Errors
    /// [`AppendError`]; then there is no such event.
    pub(super) fn append<'a>(
        &self,
        what: What,
        maybe_again: impl FnOnce() -> bool,
        event: impl FnOnce(u64, String) -> ServerMessage<'a>,
    ) -> Result<Appended, AppendError> {
        let mut events = lock(&self.events);
        if let Some(seq) = maybe_again().then(|| events.find(&what)).flatten() {
            return Ok(Appended::Known(seq));
        }
        events.pay_what_is_owed()?;
        events.add(what, event)?;
        Ok(Appended::Pending(events.ticket()))
    }

    /// Appends somebody's coming or going. What can't be now is kept in mind.
    pub(super) fn announce(&self, what: What) -> Ticket {
        let mut events = lock(&self.events);
        events.owe(what);
        if let Err(e) = events.pay_what_is_owed() {
            log::error!("somebody's coming or going can't be told yet: {e:?}");
        }
        events.ticket()
    }

    /// Takes note of a coming or going that nobody is told of, as if it came right after all that is appended.
    pub(super) fn note(&self, what: What) -> Ticket {
        let mut events = lock(&self.events);
        let last = events.sequence.last();
        if events.notes.is_empty() {
            events.recall.note(last, &what);
        } else {
            events.notes.push_back((last, what));
        }
        events.ticket()
    }

    /// The place after all that is appended.
    pub(super) fn now(&self) -> Ticket {
        lock(&self.events).ticket()
    }

    /// Waits until all that was appended up to `ticket` is written and published.
    ///
    /// # Errors
    /// [`AppendError::Unwritten`]: it isn't, and nobody will ever see it.
    pub(super) fn commit(&self, ticket: &Ticket) -> Result<(), AppendError> {
        if !ticket.group.is_settled() {
            let mut scribe = lock(&self.scribe);
            if scribe.writing.is_some() {
                scribe.journal.distrust();
                self.drop_pending(&mut scribe);
            }
            if !ticket.group.is_settled() {
                self.write_pending(&mut scribe);
            }
        }
        if ticket.group.is_written() { Ok(()) } else { Err(AppendError::Unwritten) }
    }

    /// Tries again to write the comings and goings that couldn't be.
    pub(super) fn retry(&self) {
        let mut events = lock(&self.events);
        if events.owed.is_empty() {
            return;
        }
        let paid = events.pay_what_is_owed();
        let ticket = events.ticket();
        drop(events);
        // If it fails, they are kept in mind again.
        let _ = paid.and_then(|()| self.commit(&ticket));
    }

    /// Reads what `viewer` may see after `after`, up to the event `upto`, into `batch`: whole events, as many as
    /// begin within `bytes_max`, at least one.
    ///
    /// # Errors
    /// [`Forgotten`] when the event after `after` is no longer in memory.
    pub(super) fn read(
        &self,
        after: u64,
        upto: u64,
        viewer: Viewer<'_>,
        bytes_max: usize,
        batch: &mut Batch,
    ) -> Result<(), Forgotten> {
        let events = lock(&self.events);
        let oldest = events.chunks[0].first;
        if after.saturating_add(1) < oldest {
            return Err(Forgotten { oldest });
        }
        batch.begin(after);
        let start = events.chunks.partition_point(|chunk| chunk.first <= after + 1).saturating_sub(1);
        for chunk in events.chunks.range(start..) {
            if batch.upto >= upto || batch.lines.len() >= bytes_max {
                break;
            }
            chunk.read(upto, viewer, bytes_max, batch);
        }
        Ok(())
    }

    /// As [`read`](Self::read), and what is no longer in memory is read from the journal: then true. Not for a thread that
    /// others wait for.
    ///
    /// # Errors
    /// It isn't there either, or can't be read.
    pub(super) fn read_back(
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
                chunk.read(upto, viewer, bytes_max, batch);
            }
            _ => batch.upto = upto.min(oldest - 1),
        }
        Ok(true)
    }

    /// Whether the event after `after` is no longer kept, in memory or in the journal: then the oldest seq that is.
    pub(super) fn gap(&self, after: u64) -> Option<u64> {
        let memory = lock(&self.events).chunks[0].first;
        let oldest = self.archive.oldest().map_or(memory, |(first, _)| first.min(memory));
        (after.saturating_add(1) < oldest).then_some(oldest)
    }

    /// How many bytes of lines are in memory.
    pub(super) fn held_bytes(&self) -> usize {
        lock(&self.events).chunks.iter().map(|chunk| chunk.lines().len()).sum()
    }

    /// The oldest seq that is kept, and how much had been said to everyone before it.
    pub(super) fn oldest(&self) -> (u64, u64) {
        let events = lock(&self.events);
        let memory = (events.chunks[0].first, events.chunks[0].public_before);
        drop(events);
        self.archive.oldest().unwrap_or(memory)
    }

    /// Gives `look` the stretch with the newest thing said before `before`, or a later stretch without any. None when
    /// there is nothing older. For a thread that may wait for a disk.
    ///
    /// # Errors
    /// The journal can't be read.
    pub(super) fn look_before<T>(&self, before: u64, look: impl FnOnce(&Chunk) -> T) -> io::Result<Option<T>> {
        let events = lock(&self.events);
        let index = events.chunks.partition_point(|chunk| chunk.first < before);
        if let Some(chunk) = index.checked_sub(1).and_then(|index| events.chunks.get(index)) {
            return Ok(Some(look(chunk)));
        }
        drop(events);
        Ok(self.archive.said_before(before)?.map(|chunk| look(&chunk)))
    }

    /// What is remembered of the accounts.
    pub(super) fn recall<T>(&self, ask: impl FnOnce(&Recall) -> T) -> T {
        ask(&lock(&self.events).recall)
    }

    /// Has something done with the journal, when nobody writes.
    pub(super) fn with_journal<T>(&self, act: impl FnOnce(&mut Journal) -> T) -> T {
        act(&mut lock(&self.scribe).journal)
    }

    /// Says how far the delivery has come, in bytes of [`appended_bytes`](Self::appended_bytes).
    pub(super) fn set_delivered_bytes(&self, bytes: u64) {
        *lock(&self.delivered_bytes) = bytes;
        self.delivered.notify_all();
    }

    /// Waits while the delivery is further behind than [`BACKLOG_BYTES_MAX`], so that whoever speaks faster than
    /// everyone can be told waits, and not the memory of the server. At most [`BACKLOG_WAIT`].
    pub(super) fn wait_for_delivery(&self) {
        let behind = |delivered: &mut u64| self.appended_bytes() > *delivered + BACKLOG_BYTES_MAX;
        let delivered = lock(&self.delivered_bytes);
        let waited = self.delivered.wait_timeout_while(delivered, BACKLOG_WAIT, behind);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Writes down where the next server goes on.
    ///
    /// # Errors
    /// The file can't be written.
    pub(super) fn close(&self) -> io::Result<()> {
        lock(&self.events).sequence.close()
    }

    /// Writes all that is pending. Readers and whoever appends go on meanwhile.
    fn write_pending(&self, scribe: &mut MutexGuard<'_, Scribe>) {
        let mut events = lock(&self.events);
        let first = events.pending.next();
        let spare = std::mem::replace(&mut scribe.spare, Chunk::new(first, 0)).reused(first);
        let chunk = std::mem::replace(&mut events.pending, spare);
        let group = std::mem::take(&mut events.group);
        drop(events);
        let Scribe { journal, writing, .. } = &mut **scribe;
        let (chunk, _) = writing.insert((chunk, group));
        if chunk.is_empty() || journal.write(chunk).is_ok() {
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
            events.publish(seq, line, entry);
            if entry.said {
                self.last_said.store(seq, Ordering::Release);
            }
        }
        self.appended_bytes.fetch_add(chunk.lines().len() as u64, Ordering::Release);
        self.head.store(chunk.next() - 1, Ordering::Release);
        drop(events);
        group.0.store(WRITTEN, Ordering::Release);
        if chunk.lines().len() <= SPARE_BYTES_MAX {
            scribe.spare = chunk;
        }
    }

    /// Drops what couldn't be written and what was to come after it.
    fn drop_pending(&self, scribe: &mut MutexGuard<'_, Scribe>) {
        let Some((_, group)) = scribe.writing.take() else { return };
        let head = self.head();
        let mut events = lock(&self.events);
        events.sequence.rewind(head);
        events.pending = Chunk::new(head + 1, 0);
        for (_, what) in std::mem::take(&mut events.notes) {
            match what {
                What::Came(_) | What::Went(_) => events.recall.note(head, &what),
                what => events.owe(what),
            }
        }
        let later = std::mem::take(&mut events.group);
        drop(events);
        for group in [group, later] {
            group.0.store(FAILED, Ordering::Release);
        }
    }
}

impl Events {
    /// The same thing, said before.
    fn find(&self, what: &What) -> Option<u64> {
        let What::Said { by, key: Some(key), .. } = what else { return None };
        let same = |other: &What| matches!(other, What::Said { by: b, key: Some(k), .. } if b == by && k == key);
        let unpublished = self.notes.iter().find(|(_, other)| same(other)).map(|(seq, _)| *seq);
        unpublished.or_else(|| self.recall.find(by, *key))
    }

    fn add<'a>(&mut self, what: What, event: impl FnOnce(u64, String) -> ServerMessage<'a>) -> Result<(), AppendError> {
        let seq = self.sequence.next().map_err(AppendError::Sequence)?;
        let (said, audience) = match &what {
            What::Said { by, to: Some(to), .. } => (true, Audience::Pair(Box::new((by.clone(), to.clone())))),
            What::Said { to: None, .. } => (true, Audience::Everyone),
            What::Joined(_) | What::Left(..) | What::Came(_) | What::Went(_) => (false, Audience::Everyone),
        };
        let write = |lines: &mut Vec<u8>| event(seq, timestamp()).encode_into(lines);
        if !self.pending.push_with(said, audience, EVENT_BYTES_MAX, write) {
            self.sequence.rewind(seq - 1);
            return Err(AppendError::TooLong);
        }
        self.notes.push_back((seq, what));
        Ok(())
    }

    fn ticket(&self) -> Ticket {
        Ticket { seq: self.sequence.last(), group: Arc::clone(&self.group) }
    }

    /// Keeps a coming or going in mind. A going after a coming that nobody was told of, or the other way round, leaves
    /// nothing to tell.
    fn owe(&mut self, what: What) {
        let (What::Joined(name) | What::Left(name, _)) = &what else { return };
        let same = |owed: &What| matches!(owed, What::Joined(other) | What::Left(other, _) if other == name);
        match self.owed.iter().position(same) {
            Some(index) => drop(self.owed.remove(index)),
            None => self.owed.push(what),
        }
    }

    fn pay_what_is_owed(&mut self) -> Result<(), AppendError> {
        while let Some(what) = self.owed.first().cloned() {
            self.add(what.clone(), |seq, time| presence(&what, seq, time))?;
            self.owed.remove(0);
        }
        Ok(())
    }

    fn publish(&mut self, seq: u64, line: &[u8], entry: &super::chunk::Entry) {
        let event = (seq, entry.said, entry.audience.clone());
        chunk::append(&mut self.chunks, TIMELINE_BYTES_MAX, line, event, self.recall.public());
        while self.notes.front().is_some_and(|(noted, _)| *noted <= seq) {
            self.notes.pop_front().iter().for_each(|(seq, what)| self.recall.note(*seq, what));
        }
    }
}

impl Group {
    fn is_settled(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    fn is_written(&self) -> bool {
        self.0.load(Ordering::Acquire) == WRITTEN
    }
}

/// The event of a coming or a going.
fn presence<'a>(what: &'a What, seq: u64, time: String) -> ServerMessage<'a> {
    let (time, username) = (time.into(), |name: &'a Username| name.as_str().into());
    match what {
        What::Left(name, reason) => ServerMessage::Left { seq, time, username: username(name), reason: *reason },
        What::Joined(name) | What::Came(name) | What::Went(name) | What::Said { by: name, .. } => {
            ServerMessage::Joined { seq, time, username: username(name) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::GENERAL;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn timeline() -> (tempfile::TempDir, Timeline) {
        let folder = tempfile::tempdir().unwrap();
        let sequence = Sequence::open(&folder.path().join("sequence"), 0).unwrap();
        (folder, Timeline::new(sequence, Journal::none(), Past::default()))
    }

    /// What Ada says.
    fn message<'a>(text: &'a str) -> impl FnOnce(u64, String) -> ServerMessage<'a> {
        move |seq, time| ServerMessage::Message {
            seq,
            time: time.into(),
            from: "ada".into(),
            room: GENERAL.into(),
            text: text.into(),
            action: false,
            id: None,
        }
    }

    /// What Ada says to somebody, or to everyone.
    fn to(name: Option<&str>) -> What {
        What::Said { by: self::name("ada"), to: name.map(self::name), key: None }
    }

    fn say(timeline: &Timeline, what: What, text: &str) -> u64 {
        let Appended::Pending(ticket) = timeline.append(what, || false, message(text)).unwrap() else {
            panic!("said before")
        };
        timeline.commit(&ticket).unwrap();
        ticket.seq
    }

    /// The texts that a viewer reads, `bytes_max` at a time.
    fn texts(timeline: &Timeline, after: u64, viewer: Viewer<'_>, bytes_max: usize) -> Vec<String> {
        let (mut texts, mut batch, mut cursor) = (Vec::new(), Batch::default(), after);
        while cursor < timeline.head() {
            timeline.read(cursor, timeline.head(), viewer, bytes_max, &mut batch).unwrap();
            assert!(batch.upto > cursor, "every read goes on");
            cursor = batch.upto;
            for line in batch.lines.split_inclusive(|&b| b == b'\n') {
                let line: serde_json::Value = serde_json::from_slice(line).unwrap();
                texts.push(line["text"].as_str().unwrap().to_owned());
            }
        }
        texts
    }

    #[test]
    fn everyone_reads_what_they_may_in_one_order() {
        let (_folder, timeline) = timeline();
        let bobs = What::Said { by: name("bob"), to: Some(name("eve")), key: None };
        for (what, text) in [
            (to(None), "1"),
            (to(Some("bob")), "2"),
            (to(None), "3"),
            (to(None), "4"),
            (bobs, "5"),
            (to(Some("ada")), "6"),
        ] {
            say(&timeline, what, text);
        }
        let (ada, bob, eve, dan) = (name("ada"), name("bob"), name("eve"), name("dan"));
        for bytes_max in [1, 300, 1 << 20] {
            assert_eq!(texts(&timeline, 0, Viewer::Account(&ada), bytes_max), ["1", "2", "3", "4", "6"]);
            assert_eq!(texts(&timeline, 0, Viewer::Account(&bob), bytes_max), ["1", "2", "3", "4", "5"]);
            assert_eq!(texts(&timeline, 0, Viewer::Account(&eve), bytes_max), ["1", "3", "4", "5"]);
            assert_eq!(texts(&timeline, 0, Viewer::Account(&dan), bytes_max), ["1", "3", "4"]);
            assert_eq!(texts(&timeline, 0, Viewer::Anyone, bytes_max), ["1", "3", "4"]);
            assert_eq!(texts(&timeline, 3, Viewer::Account(&ada), bytes_max), ["4", "6"]);
        }
        let mut batch = Batch::default();
        timeline.read(0, 4, Viewer::Anyone, 1 << 20, &mut batch).unwrap();
        assert_eq!((batch.upto, &batch.parties), (4, &vec![ada, bob]));
        timeline.read(6, 6, Viewer::Anyone, 1 << 20, &mut batch).unwrap();
        assert_eq!((batch.upto, batch.lines.len(), batch.parties.len()), (6, 0, 0));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go_first() {
        let (_folder, timeline) = timeline();
        let text = "x".repeat(4000);
        let events = TIMELINE_BYTES_MAX / 4000 + 1000;
        for _ in 0..events {
            say(&timeline, to(None), &text);
        }
        let held: usize = lock(&timeline.events).chunks.iter().map(|chunk| chunk.lines().len()).sum();
        assert!(held <= TIMELINE_BYTES_MAX, "{held}");
        let mut batch = Batch::default();
        let Forgotten { oldest } = timeline.read(0, events as u64, Viewer::Anyone, 1, &mut batch).unwrap_err();
        assert!(oldest > 1000);
        assert_eq!(texts(&timeline, oldest - 1, Viewer::Anyone, 1 << 20).len() as u64, events as u64 - oldest + 1);
    }

    #[test]
    fn a_line_over_the_limit_takes_no_seq() {
        let (_folder, timeline) = timeline();
        let text = "\u{1}".repeat(3000);
        assert!(matches!(timeline.append(to(None), || false, message(&text)), Err(AppendError::TooLong)));
        assert_eq!(say(&timeline, to(None), "x"), 1);
    }
}
