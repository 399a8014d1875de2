//! The timeline: the one ordered sequence of events, each encoded once as its wire line.
//!
//! Everything that anybody sees is an event in it. Nobody has a queue: a session has a cursor, the seq up to
//! which it has been given what it may see. What it may see is decided in [`Timeline::read`] alone.

use super::sequence::Sequence;
use crate::protocol::{LINE_BYTES_MAX, ServerMessage, Username, timestamp};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Condvar, Mutex, lock};
use std::collections::VecDeque;
use std::io;
use std::sync::PoisonError;
use std::time::Duration;

/// How many bytes of lines are kept in memory; the oldest go first. A classroom says less in a school year.
pub(super) const TIMELINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Lines are kept in pieces of this size, which go as a whole.
const CHUNK_BYTES: usize = 256 * 1024;
/// How many bytes the delivery may be behind before those who speak wait for it. Well under
/// [`TIMELINE_BYTES_MAX`], so nobody who keeps up with the delivery is ever dropped for being slow.
pub(super) const BACKLOG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The longest that one request waits for the delivery.
const BACKLOG_WAIT: Duration = Duration::from_secs(2);

/// Who may see an event.
#[derive(Clone, Debug)]
pub(super) enum Audience {
    /// Everyone.
    Everyone,
    /// These two accounts. Boxed because nearly every event is for everyone.
    Pair(Box<(Username, Username)>),
}

/// Whose eyes the timeline is read with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Viewer<'a> {
    /// What everyone may see, and nothing else.
    Anyone,
    /// What this account may see.
    Account(&'a Username),
}

impl Audience {
    fn includes(&self, viewer: Viewer<'_>) -> bool {
        match (self, viewer) {
            (Self::Everyone, _) => true,
            (Self::Pair(_), Viewer::Anyone) => false,
            (Self::Pair(pair), Viewer::Account(name)) => *name == pair.0 || *name == pair.1,
        }
    }

    fn add_to(&self, parties: &mut Vec<Username>) {
        let Self::Pair(pair) = self else { return };
        for name in [&pair.0, &pair.1] {
            if !parties.contains(name) {
                parties.push(name.clone());
            }
        }
    }
}

/// A stretch of the timeline as one viewer sees it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The wire lines.
    pub(super) lines: Vec<u8>,
    /// The stretch begins after this seq.
    pub(super) after: u64,
    /// And ends with this one.
    pub(super) upto: u64,
    /// Whose private events are in the stretch: these accounts must read it for themselves.
    pub(super) parties: Vec<Username>,
}

/// Why an event isn't in the timeline.
#[derive(Debug)]
pub(super) enum AppendError {
    /// Its line would be longer than [`LINE_BYTES_MAX`].
    TooLong,
    /// No seq could be had.
    Sequence(io::Error),
}

/// What a cursor points at is no longer in memory. Holds the oldest seq that is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Forgotten {
    pub(super) oldest: u64,
}

/// The timeline.
#[derive(Debug)]
pub(super) struct Timeline {
    events: Mutex<Events>,
    /// The newest seq, readable without the lock.
    head: AtomicU64,
    /// The newest one that somebody said; those after it are comings and goings.
    last_said: AtomicU64,
    /// Bytes of lines appended so far, and delivered so far.
    appended_bytes: AtomicU64,
    delivered_bytes: Mutex<u64>,
    delivered: Condvar,
}

#[derive(Debug)]
struct Events {
    sequence: Sequence,
    /// Oldest first; never empty. The last one is being filled.
    chunks: VecDeque<Chunk>,
}

#[derive(Debug)]
struct Chunk {
    /// The seq of its first event.
    first: u64,
    lines: Vec<u8>,
    events: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Where the event's line ends in `lines`; it begins where the one before it ends.
    end: u32,
    audience: Audience,
}

impl Timeline {
    /// A timeline without events.
    pub(super) fn new(sequence: Sequence) -> Self {
        let head = sequence.last();
        let chunks = VecDeque::from([Chunk::new(head + 1)]);
        Self {
            events: Mutex::new(Events { sequence, chunks }),
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

    /// Bytes of lines appended so far.
    pub(super) fn appended_bytes(&self) -> u64 {
        self.appended_bytes.load(Ordering::Acquire)
    }

    /// Gives an event its seq and its time, and keeps it.
    ///
    /// # Errors
    /// [`AppendError`]; then there is no such event.
    pub(super) fn append<'a>(
        &self,
        audience: Audience,
        event: impl FnOnce(u64, String) -> ServerMessage<'a>,
    ) -> Result<u64, AppendError> {
        let mut events = lock(&self.events);
        let next = events.sequence.last() + 1;
        let event = event(next, timestamp());
        let presence = matches!(event, ServerMessage::Joined { .. } | ServerMessage::Left { .. });
        let line = event.encode();
        if line.len() > LINE_BYTES_MAX {
            return Err(AppendError::TooLong);
        }
        let seq = events.sequence.next().map_err(AppendError::Sequence)?;
        events.push(seq, &line, audience);
        self.appended_bytes.fetch_add(line.len() as u64, Ordering::Release);
        if !presence {
            self.last_said.store(seq, Ordering::Release);
        }
        self.head.store(seq, Ordering::Release);
        Ok(seq)
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
        batch.lines.clear();
        batch.parties.clear();
        batch.after = after;
        batch.upto = after;
        let start = events.chunks.partition_point(|chunk| chunk.first <= after + 1).saturating_sub(1);
        for chunk in events.chunks.range(start..) {
            if batch.upto >= upto || batch.lines.len() >= bytes_max {
                break;
            }
            chunk.read(upto, viewer, bytes_max, batch);
        }
        Ok(())
    }

    /// Whether the event after `after` is no longer in memory: then the oldest seq that is.
    pub(super) fn oldest_if_forgotten(&self, after: u64) -> Option<u64> {
        let oldest = lock(&self.events).chunks[0].first;
        (after.saturating_add(1) < oldest).then_some(oldest)
    }

    /// How many bytes of lines are in memory.
    pub(super) fn held_bytes(&self) -> usize {
        lock(&self.events).chunks.iter().map(|chunk| chunk.lines.len()).sum()
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
}

impl Events {
    fn push(&mut self, seq: u64, line: &[u8], audience: Audience) {
        let full = self.chunks.back().is_none_or(|chunk| chunk.lines.len() + line.len() > CHUNK_BYTES);
        if full {
            let whole =
                if self.chunks.len() >= TIMELINE_BYTES_MAX / CHUNK_BYTES { self.chunks.pop_front() } else { None };
            self.chunks.push_back(whole.map_or_else(|| Chunk::new(seq), |chunk| chunk.reused(seq)));
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.lines.extend_from_slice(line);
            chunk.events.push(Entry { end: chunk.lines.len() as u32, audience });
        }
    }
}

impl Chunk {
    fn new(first: u64) -> Self {
        Self { first, lines: Vec::with_capacity(CHUNK_BYTES), events: Vec::new() }
    }

    fn reused(mut self, first: u64) -> Self {
        self.lines.clear();
        self.events.clear();
        Self { first, ..self }
    }

    /// Adds what follows `batch.upto` to the batch. Neighbouring events are copied in one piece.
    fn read(&self, upto: u64, viewer: Viewer<'_>, bytes_max: usize, batch: &mut Batch) {
        let start = (batch.upto + 1 - self.first) as usize;
        let line_start = |index: usize| if index == 0 { 0 } else { self.events[index - 1].end as usize };
        let mut run = line_start(start.min(self.events.len()))..line_start(start.min(self.events.len()));
        for (index, entry) in self.events.iter().enumerate().skip(start) {
            if self.first + index as u64 > upto || batch.lines.len() + run.len() >= bytes_max {
                break;
            }
            batch.upto = self.first + index as u64;
            entry.audience.add_to(&mut batch.parties);
            if entry.audience.includes(viewer) {
                run.end = entry.end as usize;
            } else {
                batch.lines.extend_from_slice(&self.lines[run]);
                run = entry.end as usize..entry.end as usize;
            }
        }
        batch.lines.extend_from_slice(&self.lines[run]);
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
        let sequence = Sequence::open(&folder.path().join("sequence")).unwrap();
        (folder, Timeline::new(sequence))
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

    fn say(timeline: &Timeline, audience: Audience, text: &str) -> u64 {
        timeline.append(audience, message(text)).unwrap()
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
        let pair = |a, b| Audience::Pair(Box::new((name(a), name(b))));
        for (audience, text) in [
            (Audience::Everyone, "1"),
            (pair("ada", "bob"), "2"),
            (Audience::Everyone, "3"),
            (Audience::Everyone, "4"),
            (pair("bob", "eve"), "5"),
            (pair("ada", "ada"), "6"),
        ] {
            say(&timeline, audience, text);
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
            say(&timeline, Audience::Everyone, &text);
        }
        let held: usize = lock(&timeline.events).chunks.iter().map(|chunk| chunk.lines.capacity()).sum();
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
        assert!(matches!(timeline.append(Audience::Everyone, message(&text)), Err(AppendError::TooLong)));
        assert_eq!(say(&timeline, Audience::Everyone, "x"), 1);
    }
}
