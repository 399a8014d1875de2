//! What the journal holds, for those who read it: where each stretch is on disk, and the stretches read last.
//!
//! Many who come back at once ask for the same stretches: each is read and parsed once, by whoever comes first, while
//! the others wait for it.

use super::bell::Bell;
use super::segment;
use crate::files::{self, Access};
use crate::server::clock::Clock;
use crate::server::timeline::chunk::Chunk;
use crate::server::timeline::record::Record;
use crate::sync::lock;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A segment is read in pieces of this size, and a line more at the most.
const PIECE_BYTES: u64 = 256 * 1024;
/// How many pieces stay in memory, beside those that somebody is copying from: 8 MiB.
const CACHED_PIECES_MAX: usize = 32;
/// How often a segment may be replaced while somebody tries to read one piece of it: each time takes two syncs of a disk.
const REPLACED_MEANWHILE_MAX: usize = 8;

/// What is on disk.
#[derive(Debug)]
pub(crate) struct Archive {
    folder: PathBuf,
    shelves: Mutex<Shelves>,
    /// The pieces read last, newest last. A slot is locked while its piece is read.
    cache: Mutex<VecDeque<(Piece, Slot)>>,
    /// Held while a segment's file is replaced and it isn't known here yet: who couldn't read it meanwhile waits for that.
    replacing: Mutex<()>,
    /// Held by whoever looks back: however many ask for what was said, they keep no more than one core busy.
    looking: Mutex<()>,
    /// The first seq of a segment that somebody couldn't read, since that was asked last; 0 if none.
    missed: AtomicU64,
    /// Then its keeper is called.
    bell: Arc<Bell>,
}

type Slot = Arc<Mutex<Option<Arc<Chunk>>>>;

#[derive(Debug, Default)]
struct Shelves {
    /// Oldest first.
    segments: VecDeque<Segment>,
    /// How much was said to everyone in all of them, and in those that are gone.
    public: u64,
    /// How many editions of segments there were.
    editions: u64,
}

/// What is known of a segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) first: u64,
    /// The seq after its last event's.
    pub(super) next: u64,
    pub(super) bytes: u64,
    /// When its oldest and its newest event happened, in lived time.
    pub(super) oldest: Timestamp,
    pub(super) newest: Timestamp,
    /// How much had been said to everyone before.
    public_before: u64,
    /// Another one once anything that it had is another, or gone.
    edition: u64,
    /// How far it's on the disk, whatever becomes of the power: the seq after the last event's, and the bytes up to there.
    settled: (u64, u64),
    marks: Vec<Mark>,
}

/// Where everything is in a segment that is to take another's place.
#[derive(Debug)]
pub(super) struct Index(Segment);

/// Which events a segment has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) first: u64,
    /// The seq after its last event's.
    pub(crate) next: u64,
    pub(crate) bytes: u64,
}

/// A segment as far as it's on the disk: what somebody may copy, since it won't be taken back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Settled {
    pub(crate) first: u64,
    /// The seq after its last event's.
    pub(crate) next: u64,
    pub(crate) bytes: u64,
    /// Of two with the same edition, one is the beginning of the other.
    pub(crate) edition: u64,
}

/// Where a piece begins.
#[derive(Clone, Copy, Debug)]
struct Mark {
    seq: u64,
    offset: u64,
    /// Whether anything was said in it.
    said: bool,
}

/// A stretch of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Piece {
    segment: u64,
    seq: u64,
    offset: u64,
    bytes: u64,
}

impl Archive {
    /// An empty one.
    pub(super) fn new(folder: &Path, bell: Arc<Bell>) -> Self {
        Self {
            folder: folder.to_owned(),
            shelves: Mutex::default(),
            cache: Mutex::default(),
            replacing: Mutex::default(),
            looking: Mutex::default(),
            missed: AtomicU64::new(0),
            bell,
        }
    }

    /// The oldest seq there is, and how much had been said to everyone before it.
    pub(crate) fn oldest(&self) -> Option<(u64, u64)> {
        lock(&self.shelves).segments.front().map(|segment| (segment.first, segment.public_before))
    }

    /// The events from the first one after `after` on, as many as one piece holds. None when there is no later one.
    ///
    /// # Errors
    /// The file can't be read, or isn't as it was written.
    pub(crate) fn after(&self, after: u64) -> io::Result<Option<Arc<Chunk>>> {
        self.load(|shelves| {
            let index = shelves.segments.partition_point(|segment| segment.next <= after.saturating_add(1));
            let segment = shelves.segments.get(index)?;
            let marks = segment.marks.partition_point(|mark| mark.seq <= after.saturating_add(1));
            segment.piece(marks.saturating_sub(1))
        })
    }

    /// The newest piece with something said before `before`. None when there is no earlier one.
    ///
    /// # Errors
    /// As [`after`](Self::after).
    pub(crate) fn said_before(&self, before: u64) -> io::Result<Option<Arc<Chunk>>> {
        let _turn = lock(&self.looking);
        self.load(|shelves| {
            shelves.segments.iter().rev().filter(|segment| segment.first < before).find_map(|segment| {
                let marks = segment.marks.iter().enumerate().rev();
                let found = marks.into_iter().find(|(_, mark)| mark.seq < before && mark.said);
                found.and_then(|(index, _)| segment.piece(index))
            })
        })
    }

    /// Begins a segment.
    pub(super) fn begin(&self, first: u64, now: Timestamp) {
        let mut shelves = lock(&self.shelves);
        // Written anew from its first event on, it takes its own place.
        if shelves.segments.back().is_some_and(|segment| segment.first == first) {
            shelves.segments.pop_back();
        }
        // Whoever begins a segment has synced the one before.
        if let Some(last) = shelves.segments.back_mut() {
            last.settled = (last.next, last.bytes);
        }
        let edition = shelves.next_edition();
        let segment =
            Segment { oldest: now, newest: now, public_before: shelves.public, edition, ..Segment::new(first) };
        shelves.segments.push_back(segment);
    }

    /// Notes that lines were added to the newest segment: each one's length, whether somebody said it, and whether that
    /// was to everyone.
    pub(super) fn added(&self, lines: impl Iterator<Item = (usize, bool, bool)>, now: Timestamp) {
        let mut shelves = lock(&self.shelves);
        let mut public = 0;
        if let Some(segment) = shelves.segments.back_mut() {
            for (bytes, said, to_everyone) in lines {
                segment.add(bytes, said);
                public += u64::from(to_everyone);
            }
            segment.newest = now;
        }
        shelves.public += public;
    }

    /// Notes that the newest segment's events from `next` on are no longer in it, and that `public` of them were said
    /// to everyone.
    pub(super) fn cut(&self, next: u64, bytes: u64, public: u64) {
        let mut shelves = lock(&self.shelves);
        shelves.public -= public;
        if shelves.segments.back().is_some_and(|segment| segment.first == next) {
            shelves.segments.pop_back();
        } else if let Some(segment) = shelves.segments.back_mut() {
            segment.cut(next, bytes);
        }
    }

    /// The oldest segment, if it should go: `keep` of it and of the bytes in all says so. Never the newest one.
    pub(super) fn oldest_unless(&self, keep: impl FnOnce(&Segment, u64) -> bool) -> Option<u64> {
        let shelves = lock(&self.shelves);
        let bytes = shelves.segments.iter().map(|segment| segment.bytes).sum();
        let oldest = shelves.segments.front().filter(|_| shelves.segments.len() > 1)?;
        (!keep(oldest, bytes)).then_some(oldest.first)
    }

    /// Forgets the oldest segment.
    pub(super) fn forget(&self, first: u64) {
        lock(&self.shelves).segments.retain(|segment| segment.first != first);
    }

    /// What is known of the newest segment: its first seq, the seq after its last, its bytes and its oldest time.
    pub(super) fn newest(&self) -> Option<(u64, u64, u64, Timestamp)> {
        let shelves = lock(&self.shelves);
        shelves.segments.back().map(|segment| (segment.first, segment.next, segment.bytes, segment.oldest))
    }

    /// All segments, oldest first.
    pub(crate) fn extents(&self) -> Vec<Extent> {
        let extent = |&Segment { first, next, bytes, .. }: &Segment| Extent { first, next, bytes };
        lock(&self.shelves).segments.iter().map(extent).collect()
    }

    /// Where the segments are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a segment's file is.
    pub(super) fn path(&self, first: u64) -> PathBuf {
        segment::path(&self.folder, first)
    }

    /// The first seq of a segment that somebody couldn't read, since this was asked last.
    pub(super) fn take_missed(&self) -> Option<u64> {
        Some(self.missed.swap(0, Ordering::AcqRel)).filter(|&first| first > 0)
    }

    /// Notes that only what comes before the event `next` is left of a segment, so many bytes. A later part of it, with the
    /// number of those in it that were said to everyone, has a segment of its own then.
    pub(super) fn tear(&self, first: u64, (next, bytes): (u64, u64), anew: Option<(&Chunk, u64)>) {
        let mut shelves = lock(&self.shelves);
        let Some(index) = shelves.segments.iter().position(|segment| segment.first == first) else { return };
        let public = shelves.segments.get(index + 1).map_or(shelves.public, |later| later.public_before);
        let Some(mut left) = shelves.segments.remove(index) else { return };
        if let Some((chunk, public_in_it)) = anew {
            let (public_before, edition) = (public - public_in_it, shelves.next_edition());
            let mut part = Segment { public_before, edition, ..Segment::new(chunk.first) };
            (part.oldest, part.newest) = (left.oldest, left.newest);
            chunk.iter().for_each(|(line, entry)| part.add(line.len(), entry.said));
            part.settled = (part.next, part.bytes);
            shelves.segments.insert(index, part);
        }
        if next > first {
            left.cut(next, bytes);
            left.edition = shelves.next_edition();
            shelves.segments.insert(index, left);
        }
    }

    /// Has a segment's file replaced, and notes where everything is in it now. What was read of it before is forgotten.
    ///
    /// # Errors
    /// What `replace` says; then everything is where it was.
    pub(super) fn replace(&self, first: u64, replace: impl FnOnce() -> io::Result<Index>) -> io::Result<()> {
        let _replacing = lock(&self.replacing);
        let Index(anew) = replace()?;
        let mut shelves = lock(&self.shelves);
        let edition = shelves.next_edition();
        if let Some(segment) = shelves.segments.iter_mut().find(|segment| segment.first == first) {
            (segment.next, segment.bytes, segment.marks) = (anew.next, anew.bytes, anew.marks);
            (segment.edition, segment.settled) = (edition, (anew.next, anew.bytes));
        }
        drop(shelves);
        lock(&self.cache).retain(|(piece, _)| piece.segment != first);
        Ok(())
    }

    /// Notes that a segment is on the disk up to the event before `next`, so many bytes.
    pub(super) fn settle(&self, first: u64, next: u64, bytes: u64) {
        if let Some(segment) = lock(&self.shelves).segments.iter_mut().find(|segment| segment.first == first) {
            segment.settled = segment.settled.max((next, bytes)).min((segment.next, segment.bytes));
        }
    }

    /// Notes that all there is is on the disk.
    pub(super) fn settle_all(&self) {
        lock(&self.shelves).segments.iter_mut().for_each(|segment| segment.settled = (segment.next, segment.bytes));
    }

    /// Notes that a segment's file was written anew, from what is in memory.
    pub(super) fn renewed(&self, first: u64) {
        let mut shelves = lock(&self.shelves);
        let edition = shelves.next_edition();
        shelves.segments.iter_mut().filter(|segment| segment.first == first).for_each(|segment| {
            segment.edition = edition;
        });
    }

    /// What may be copied of each segment, oldest first.
    pub(super) fn settled(&self) -> Vec<Settled> {
        let settled =
            |&Segment { first, edition, settled: (next, bytes), .. }: &Segment| Settled { first, next, bytes, edition };
        lock(&self.shelves).segments.iter().map(settled).collect()
    }

    /// Whether a segment, as somebody has just read it from its file, still was what [`settled`](Self::settled) told.
    pub(super) fn was(&self, told: &Settled) -> bool {
        // Nobody is between its file and what is known of it.
        let _replacing = lock(&self.replacing);
        let found = |segment: &Segment| segment.first == told.first && segment.edition == told.edition;
        lock(&self.shelves).segments.iter().any(found)
    }

    /// Notes an event that a start read back. The segment's times are its events'.
    pub(super) fn read_back(&self, record: &Record<'_>, bytes: usize, clock: &Clock) {
        let time = clock.lived_of(record.seq, record.moment().unwrap_or(Timestamp::UNIX_EPOCH));
        let said = record.is_said();
        self.added(std::iter::once((bytes, said, said && record.to.is_empty())), time);
        if let Some(segment) = lock(&self.shelves).segments.back_mut() {
            if segment.next == segment.first + 1 {
                segment.oldest = time;
            }
        }
    }

    /// Reads the piece that is to be found. What was there may have another place by the time it's read.
    fn load(&self, find: impl Fn(&Shelves) -> Option<Piece>) -> io::Result<Option<Arc<Chunk>>> {
        let mut piece = find(&lock(&self.shelves));
        for _ in 0..REPLACED_MEANWHILE_MAX {
            let Some(wanted) = piece else { return Ok(None) };
            let e = match self.try_load(wanted) {
                Ok(chunk) => return Ok(Some(chunk)),
                Err(e) => e,
            };
            drop(lock(&self.replacing));
            piece = find(&lock(&self.shelves));
            if piece == Some(wanted) {
                self.missed.store(wanted.segment, Ordering::Release);
                self.bell.ring();
                return Err(e);
            }
        }
        Err(io::Error::other("it was replaced again and again while it was read"))
    }

    fn try_load(&self, piece: Piece) -> io::Result<Arc<Chunk>> {
        let slot = self.slot(piece);
        let mut held = lock(&slot);
        if let Some(chunk) = &*held {
            return Ok(Arc::clone(chunk));
        }
        let path = self.path(piece.segment);
        let mut file = files::open(&path, Access::Read)?;
        file.seek(SeekFrom::Start(piece.offset))?;
        let mut lines = vec![0; piece.bytes as usize];
        file.read_exact(&mut lines)?;
        let damaged = |(line, what)| {
            let what = format!("{}, line {line} from byte {}: {what}", path.display(), piece.offset);
            io::Error::new(io::ErrorKind::InvalidData, what)
        };
        if !lines.ends_with(b"\n") {
            return Err(damaged((1, "it ends within a line".into())));
        }
        let chunk = Arc::new(Chunk::parse(piece.seq, lines).map_err(damaged)?);
        *held = Some(Arc::clone(&chunk));
        Ok(chunk)
    }

    fn slot(&self, piece: Piece) -> Slot {
        let mut cache = lock(&self.cache);
        let found = cache.iter().position(|(other, _)| *other == piece).and_then(|index| cache.remove(index));
        let (_, slot) = found.unwrap_or_else(|| (piece, Slot::default()));
        if cache.len() >= CACHED_PIECES_MAX {
            cache.pop_front();
        }
        cache.push_back((piece, Arc::clone(&slot)));
        slot
    }
}

impl Index {
    /// Of a segment that begins with this event, and has none yet.
    pub(super) fn new(first: u64) -> Self {
        Self(Segment::new(first))
    }

    /// Adds an event: its line's length, and whether somebody said it.
    pub(super) fn add(&mut self, bytes: usize, said: bool) {
        self.0.add(bytes, said);
    }
}

impl Shelves {
    fn next_edition(&mut self) -> u64 {
        self.editions += 1;
        self.editions
    }
}

impl Segment {
    /// One without an event.
    fn new(first: u64) -> Self {
        let (oldest, newest) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let (settled, marks) = ((first, 0), Vec::new());
        Self { first, next: first, bytes: 0, oldest, newest, public_before: 0, edition: 0, settled, marks }
    }

    /// What comes from this event on, after so many bytes, is no longer in it.
    fn cut(&mut self, next: u64, bytes: u64) {
        self.marks.retain(|mark| mark.seq < next);
        (self.next, self.bytes) = (next, bytes);
        self.settled = self.settled.min((next, bytes));
    }

    fn add(&mut self, bytes: usize, said: bool) {
        match self.marks.last_mut().filter(|mark| self.bytes - mark.offset < PIECE_BYTES) {
            Some(mark) => mark.said |= said,
            None => self.marks.push(Mark { seq: self.next, offset: self.bytes, said }),
        }
        self.next += 1;
        self.bytes += bytes as u64;
    }

    fn piece(&self, index: usize) -> Option<Piece> {
        let Mark { seq, offset, .. } = *self.marks.get(index)?;
        let end = self.marks.get(index + 1).map_or(self.bytes, |mark| mark.offset);
        Some(Piece { segment: self.first, seq, offset, bytes: end - offset })
    }
}
