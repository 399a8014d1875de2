//! Who writes the journal: one segment at a time, each stretch whole or not at all.

mod look;
mod mend;
mod rewrite;

pub(crate) use rewrite::Replaced;

use super::archive::Archive;
use super::segment;
use super::synced::SyncedFile;
use crate::faults;
use crate::files::{self, Access, Stamp};
use crate::reason::{self, Reason};
use crate::server::clock::Clock;
use crate::server::config::Sync;
use crate::server::timeline::chunk::{Chunk, Entry};
use crate::server::timeline::what::Audience;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A segment that has grown to this is followed by a new one.
pub(super) const SEGMENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// And so is one whose oldest event is older than this.
const SEGMENT_HOURS_MAX: i64 = 24;
/// How many bytes may wait in memory for a sync; beyond, whoever writes syncs.
const UNSYNCED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How the journal is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// When it is synced.
    pub(crate) sync: Sync,
    /// A segment goes when its newest event is older.
    pub(crate) keep_days: u32,
    /// And the oldest ones go when all together have more.
    pub(crate) keep_bytes: u64,
}

#[derive(Debug)]
pub(super) struct Writer {
    folder: PathBuf,
    options: Options,
    archive: Arc<Archive>,
    clock: Arc<Clock>,
    /// The segment that is written to. None at the start and when the last one is full or not to be trusted.
    open: Option<Open>,
    /// What was written since the last sync, and the seq where it begins.
    unsynced: Vec<u8>,
    unsynced_first: u64,
    /// A sync has failed, and what is unsynced couldn't be written anew yet.
    to_rescue: bool,
    /// A file with what was refused was removed, and a power failure might bring it back.
    to_sync_folder: bool,
    /// Segments are lost, and couldn't be written anew yet.
    to_mend: bool,
    /// The first seq of a segment that a sync found taken away, until it's written anew: by its length it may look whole.
    taken: Option<u64>,
    /// The segments that are no longer written, as they were when they were looked at last.
    seen: BTreeMap<u64, Stamp>,
    /// What stood in the journal's way and has another name now, until that is told.
    aside: Vec<PathBuf>,
}

#[derive(Debug)]
struct Open {
    file: Arc<SyncedFile>,
    first: u64,
    /// The seq after its last event's.
    next: u64,
    /// How long it is.
    bytes: u64,
    /// How much of that is synced.
    synced_bytes: u64,
    /// There may be more in the file than `bytes`: what a write that failed has left.
    ragged: bool,
}

/// What a sync is to reach.
#[derive(Clone, Debug)]
pub(crate) struct SyncPoint {
    pub(super) file: Arc<SyncedFile>,
    segment: u64,
    next: u64,
    bytes: u64,
}

impl SyncPoint {
    /// Syncs what it is about.
    ///
    /// # Errors
    /// The system can't, or couldn't once before.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync(self.bytes)
    }
}

impl Writer {
    /// Goes on in the newest segment if the next event follows it, which [`write`](Self::write) finds out.
    pub(super) fn new(folder: &Path, options: Options, archive: Arc<Archive>, clock: Arc<Clock>) -> Self {
        Self {
            folder: folder.to_owned(),
            options,
            archive,
            clock,
            open: None,
            unsynced: Vec::new(),
            unsynced_first: 0,
            to_rescue: false,
            to_sync_folder: false,
            to_mend: false,
            taken: None,
            seen: BTreeMap::new(),
            aside: Vec::new(),
        }
    }

    /// Does what is owed since something failed, or another program took something away: before that nothing goes on.
    fn make_good(&mut self) -> io::Result<()> {
        if self.to_mend {
            return Err(io::Error::other("what another program took away isn't written anew yet"));
        }
        if self.to_rescue {
            self.rescue()?;
        }
        if self.to_sync_folder {
            self.sync_folder()?;
        }
        Ok(())
    }

    /// Writes a stretch, all or none.
    pub(super) fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        self.make_good()?;
        let now = self.clock.lived();
        if self.is_full(now) || self.unsynced.len() > UNSYNCED_BYTES_MAX {
            self.sync_now()?;
        }
        if self.is_full(now) {
            self.open = None;
        }
        self.open.take_if(|open| open.next != chunk.first);
        if self.open.is_none() && !self.reopen(chunk.first, now)? {
            self.create(chunk.first)?;
        }
        let Some(open) = &mut self.open else { return Err(io::Error::other("no segment is open")) };
        let is_new = open.bytes == 0;
        open.append(chunk)?;
        if is_new {
            self.archive.begin(chunk.first, now);
        }
        self.note_in_archive(chunk, now);
        self.note_unsynced(chunk);
        match self.options.sync {
            Sync::Always => self.sync_now().inspect_err(|_| self.take_back(chunk)),
            Sync::Second => Ok(()),
            Sync::Never => {
                // Nobody asks whether it's on the disk.
                self.archive.settle_all();
                Ok(())
            }
        }
    }

    /// Whoever wrote last panicked: nothing beyond what is known to be written may stay.
    pub(super) fn distrust(&mut self) {
        if let Some(open) = &mut self.open {
            open.ragged = true;
        }
    }

    /// What the next sync is to reach; None when all is synced or syncing is left to the system, and after a sync that
    /// failed: another one proves nothing of what is to be written anew.
    pub(super) fn sync_point(&self) -> Option<SyncPoint> {
        if self.to_rescue {
            return None;
        }
        let Open { file, first, next, bytes, synced_bytes, .. } = self.open.as_ref()?;
        let due = self.options.sync != Sync::Never && bytes > synced_bytes;
        due.then(|| SyncPoint { file: Arc::clone(file), segment: *first, next: *next, bytes: *bytes })
    }

    /// Notes how a sync went. After one that failed, writes anew what it was for.
    pub(super) fn synced(&mut self, point: &SyncPoint, result: io::Result<()>) -> io::Result<()> {
        let Some(open) = self.open.as_mut().filter(|open| open.first == point.segment) else { return Ok(()) };
        if Arc::ptr_eq(&open.file, &point.file) {
            if let Err(e) = result {
                log::error!("the journal can't be synced, its newest lines are written anew: {}", Reason(&e));
                self.to_rescue = true;
                self.taken = point.file.check(point.bytes).is_err().then_some(open.first).or(self.taken);
                return self.rescue();
            }
            if point.bytes > open.synced_bytes {
                self.unsynced.drain(..(point.bytes - open.synced_bytes) as usize);
                self.unsynced_first = point.next;
                open.synced_bytes = point.bytes;
                self.archive.settle(point.segment, point.next, point.bytes);
            }
        }
        Ok(())
    }

    /// A sync failed, and what it was for is still to be written anew.
    pub(super) fn is_to_rescue(&self) -> bool {
        self.to_rescue
    }

    /// Tries that again.
    pub(super) fn rescue(&mut self) -> io::Result<()> {
        let Some(open) = self.open.as_ref().filter(|_| !self.unsynced.is_empty()) else {
            self.to_rescue = false;
            return Ok(());
        };
        let (file, older, synced_bytes) = (Arc::clone(&open.file), open.first, open.synced_bytes);
        let (first, path) = (self.unsynced_first, segment::path(&self.folder, self.unsynced_first));
        let chunk = Chunk::parse(first, self.unsynced.clone());
        let chunk =
            chunk.map_err(|(line, what)| io::Error::other(format!("line {line} to be written anew: {what}")))?;
        self.make_folder()?;
        files::replace(&path, &self.unsynced)?;
        // The older segment ends where this one begins, whatever is still in it.
        if older != first {
            let _ = file.cut(synced_bytes);
        }
        self.archive.cut(first, synced_bytes, public(&chunk));
        let now = self.clock.lived();
        self.archive.begin(first, now);
        self.note_in_archive(&chunk, now);
        self.settle();
        Ok(())
    }

    /// All that was written is in its place, and synced; whoever writes next opens the newest segment.
    fn settle(&mut self) {
        self.open = None;
        self.unsynced.clear();
        self.to_rescue = false;
        self.archive.settle_all();
    }

    /// Deletes the segments that are too old or too much. While the clock is in doubt none is too old.
    pub(super) fn retire(&mut self) {
        let now = self.clock.now();
        let keep = SignedDuration::from_hours(i64::from(self.options.keep_days) * 24);
        let keep_bytes = self.options.keep_bytes;
        let is_young = |newest: Timestamp| now.rests || now.age(newest) <= keep;
        while let Some(first) =
            self.archive.oldest_unless(|segment, bytes| is_young(segment.newest) && bytes <= keep_bytes)
        {
            let path = segment::path(&self.folder, first);
            self.archive.forget(first);
            match files::remove(&path) {
                Ok(()) => log::info!("{} is deleted: it's older or more than is to be kept", path.display()),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => log::error!("{} can't be deleted: {}", path.display(), reason::of_file(&e)),
            }
        }
    }

    /// Syncs what is unsynced; after a failure writes it anew, which syncs it too.
    fn sync_now(&mut self) -> io::Result<()> {
        let Some(point) = self.sync_point() else { return Ok(()) };
        let result = point.sync();
        self.synced(&point, result)
    }

    /// Undoes a stretch that couldn't be synced. Its segment is not written to again.
    fn take_back(&mut self, chunk: &Chunk) {
        let Some(open) = &mut self.open else { return };
        let bytes = open.bytes - chunk.lines().len() as u64;
        self.unsynced.truncate(self.unsynced.len().saturating_sub(chunk.lines().len()));
        self.to_rescue = !self.unsynced.is_empty();
        self.archive.cut(chunk.first, bytes, public(chunk));
        // The segment itself, or one that was to hold the stretch written anew.
        let _ = files::remove(&segment::path(&self.folder, chunk.first));
        self.to_sync_folder = true;
        (open.bytes, open.next, open.ragged) = (bytes, chunk.first, true);
        if bytes == 0 || open.make_even().is_ok() {
            self.open = None;
        }
    }

    /// What is written next fails: the file is open for reading alone.
    #[cfg(all(test, unix))]
    pub(super) fn open_for_reading(&mut self) {
        let Some(open) = &mut self.open else { return };
        let path = segment::path(&self.folder, open.first);
        if let Ok(file) = files::open(&path, Access::Read) {
            open.file = Arc::new(SyncedFile::new(&path, file));
        }
    }

    /// And then no longer.
    #[cfg(all(test, unix))]
    pub(super) fn forget_open(&mut self) {
        self.open = None;
        self.unsynced.clear();
    }

    fn is_full(&self, now: Timestamp) -> bool {
        let old = |oldest: Timestamp| now.duration_since(oldest).as_hours() >= SEGMENT_HOURS_MAX;
        let newest = self.archive.newest().filter(|_| self.open.is_some());
        newest.is_some_and(|(_, _, bytes, oldest)| bytes >= SEGMENT_BYTES_MAX || old(oldest))
    }

    /// Goes on in the newest segment, if it isn't full and `next` is the seq that follows it.
    fn reopen(&mut self, next: u64, now: Timestamp) -> io::Result<bool> {
        let fits = |&(_, end, bytes, oldest): &(u64, u64, u64, Timestamp)| {
            end == next && bytes < SEGMENT_BYTES_MAX && now.duration_since(oldest).as_hours() < SEGMENT_HOURS_MAX
        };
        let Some((first, _, bytes, _)) = self.archive.newest().filter(fits) else { return Ok(false) };
        let path = segment::path(&self.folder, first);
        let file = Arc::new(SyncedFile::new(&path, files::open(&path, Access::Grow)?));
        self.open = Some(Open { file, first, next, bytes, synced_bytes: bytes, ragged: true });
        Ok(true)
    }

    /// Makes the folder anew where another program has removed it.
    fn make_folder(&mut self) -> io::Result<()> {
        self.aside.extend(segment::clear_of_file(&self.folder)?);
        segment::make_folder(&self.folder)
    }

    fn create(&mut self, first: u64) -> io::Result<()> {
        let path = segment::path(&self.folder, first);
        faults::strike("journal.create")?;
        // What an earlier attempt left, which has no event in it that anybody was shown.
        match files::remove(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let file = Arc::new(SyncedFile::new(&path, files::create_private(&path)?));
        self.sync_folder()?;
        self.open = Some(Open { file, first, next: first, bytes: 0, synced_bytes: 0, ragged: false });
        self.retire();
        Ok(())
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        faults::strike("journal.folder")?;
        files::sync_folder(&segment::path(&self.folder, 0))?;
        self.to_sync_folder = false;
        Ok(())
    }

    fn note_in_archive(&self, chunk: &Chunk, now: Timestamp) {
        let line = |(line, entry): (&[u8], &Entry)| (line.len(), entry.said, is_public(entry));
        self.archive.added(chunk.iter().map(line), now);
    }

    fn note_unsynced(&mut self, chunk: &Chunk) {
        if self.options.sync == Sync::Never {
            return;
        }
        if self.unsynced.is_empty() {
            self.unsynced_first = chunk.first;
        }
        self.unsynced.extend_from_slice(chunk.lines());
    }
}

impl Open {
    fn append(&mut self, chunk: &Chunk) -> io::Result<()> {
        if self.ragged {
            self.make_even()?;
        }
        self.ragged = true;
        let written = faults::write_all("journal.write", &**self.file, chunk.lines());
        if let Err(e) = written {
            // If this fails too, the next write begins with it.
            let _ = self.make_even();
            return Err(e);
        }
        self.ragged = false;
        self.bytes += chunk.lines().len() as u64;
        self.next = chunk.next();
        Ok(())
    }

    /// Takes away whatever is beyond what is known to be written.
    fn make_even(&mut self) -> io::Result<()> {
        faults::strike("journal.truncate")?;
        self.file.cut(self.bytes)?;
        (&**self.file).seek(SeekFrom::Start(self.bytes))?;
        self.ragged = false;
        Ok(())
    }
}

/// How much of it was said to everyone.
fn public(chunk: &Chunk) -> u64 {
    chunk.iter().filter(|(_, entry)| is_public(entry)).count() as u64
}

fn is_public(entry: &Entry) -> bool {
    entry.said && entry.audience == Audience::Everyone
}
