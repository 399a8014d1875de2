//! The journal: the timeline on disk, in the folder `journal`, as the wire's own event lines.
//!
//! An event is written before anybody is shown it: whoever writes hands over a stretch of lines, and shows them when
//! that has succeeded. What couldn't be written leaves nothing behind. What was written is synced by the thread in
//! `keeper.rs`, or at once; if a sync fails, the system may have forgotten what it was given, and asking it again would
//! succeed without effect (fsync(2), and what PostgreSQL learnt in 2018). So the lines since the last sync stay in
//! memory until the next one, and are written anew, to a segment of their own.

mod archive;
mod bell;
mod copied;
mod copying;
mod draft;
pub(crate) mod segment;
mod seqs;
mod synced;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use archive::{Archive, Settled};
pub(crate) use bell::Bell;
pub(crate) use copied::Copied;
pub(crate) use copying::Copying;
pub(crate) use draft::{Change, Draft, changes};
pub(crate) use segment::newest;
pub(crate) use writer::{Options, Replaced};

use super::chunk::Chunk;
use crate::files::{self, Access};
use crate::reason;
use crate::server::clock::Clock;
use crate::server::config::{Notices, Sync, Trouble};
use jiff::Timestamp;
use segment::{End, Line, ReadError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use writer::{SyncPoint, Writer};

/// The journal, for the one who writes.
#[derive(Debug)]
pub(crate) struct Journal {
    /// None where everything is kept in memory alone.
    writer: Option<Writer>,
    archive: Arc<Archive>,
    /// The last write failed, and the administrators know.
    trouble: Option<Trouble>,
    bell: Arc<Bell>,
    /// How far a copy of it is, if there is one.
    copied: Arc<Copied>,
    /// What is written is acknowledged only once the copy has it.
    waits: bool,
}

impl Journal {
    /// None at all: everything is kept in memory alone.
    pub(crate) fn none() -> Self {
        let bell = Arc::default();
        let archive = Arc::new(Archive::new(Path::new(""), Arc::clone(&bell)));
        Self { writer: None, archive, trouble: None, bell, copied: Arc::default(), waits: false }
    }

    /// Opens the journal in `folder`, which is made if there is none, and reads it from end to end: `each` is given
    /// every event. A line at its end that breaks off is cut.
    ///
    /// # Errors
    /// The folder can't be used, or what is in it is damaged; then nothing is touched.
    pub(crate) fn open(
        folder: &Path,
        options: Options,
        notices: Notices,
        clock: &Arc<Clock>,
        mut each: impl FnMut(&Line<'_>) -> Result<(), String>,
    ) -> Result<Self, String> {
        segment::make_folder(folder)
            .map_err(|e| format!("can't make the folder {}: {}", folder.display(), reason::of_file(&e)))?;
        let bell = Arc::default();
        let archive = Arc::new(Archive::new(folder, Arc::clone(&bell)));
        segment::remove_leftovers(folder)
            .map_err(|e| format!("can't remove what a crash left in {}: {}", folder.display(), reason::of_file(&e)))?;
        let mut ends: Vec<(PathBuf, End)> = Vec::new();
        for place in segment::list(folder).map_err(|why| why.to_string())? {
            archive.begin(place.first, Timestamp::UNIX_EPOCH);
            let end = place.read(|line| {
                let line = line?;
                archive.read_back(&line.record, line.bytes.len(), clock);
                each(&line).map_err(|what| ReadError::Damage(place.damage(line.number, what)))
            });
            ends.push((place.path.clone(), end.map_err(|why| why.to_string())?));
        }
        // Only now that all of it is known to be whole.
        for (path, end) in &ends {
            files::open(path, Access::Read)
                .and_then(|file| files::make_private(&file, path))
                .map_err(|e| format!("can't make {} private: {}", path.display(), reason::of_file(&e)))?;
            cut(path, *end).map_err(|e| format!("can't cut {}: {}", path.display(), reason::of_file(&e)))?;
        }
        if let Some((path, _)) = ends.iter().rfind(|(_, end)| end.bytes > 0 && options.sync != Sync::Never) {
            // What a server that was killed has left may not be on the disk yet.
            sync(path).map_err(|e| format!("can't sync {}: {}", path.display(), reason::of_file(&e)))?;
        }
        archive.settle_all();
        let waits = options.sync == Sync::Always;
        let writer = Some(Writer::new(folder, options, Arc::clone(&archive), Arc::clone(clock)));
        let trouble = Some(Trouble::with("the journal", notices));
        Ok(Self { writer, archive, trouble, bell, copied: Arc::default(), waits })
    }

    /// For those who read.
    pub(crate) fn archive(&self) -> &Arc<Archive> {
        &self.archive
    }

    /// Writes a stretch of events, all or none. What this returns is true on disk, as far as [`Sync`] says. Where it can't be
    /// written since another program has taken something away, that is [mended](Self::mend) first.
    ///
    /// # Errors
    /// What the system says. Nothing of the stretch is left, and the next call may succeed.
    pub(crate) fn write(&mut self, chunk: &Chunk, memory: impl Fn(u64, u64) -> Option<Chunk>) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut result = writer.write(chunk);
        // What is known to be lost is the keeper's, who tries it once a second: not whoever speaks, each time.
        if result.is_err() && !writer.is_to_mend() {
            match writer.mend(memory) {
                Ok(None) => {}
                Ok(Some(mended)) => {
                    result = writer.write(chunk);
                    self.trouble.iter().for_each(|trouble| trouble.tell(mended.to_string()));
                }
                Err(e) => result = Err(e),
            }
        }
        self.tell(&result);
        self.bell.ring();
        if self.waits && result.is_ok() {
            self.copied.wait_for(chunk.next());
        }
        result
    }

    /// Makes sure that nothing is left of a stretch whose writer panicked.
    pub(crate) fn distrust(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.distrust();
        }
    }

    /// How its keeper is called. None where there is nothing to keep.
    pub(crate) fn bell(&self) -> Option<&Arc<Bell>> {
        self.writer.is_some().then_some(&self.bell)
    }

    /// What the next sync is to reach.
    pub(super) fn sync_point(&self) -> Option<SyncPoint> {
        self.writer.as_ref()?.sync_point()
    }

    /// Notes how that sync went.
    pub(crate) fn synced(&mut self, point: &SyncPoint, result: io::Result<()>) {
        let Some(writer) = &mut self.writer else { return };
        if let Err(e) = writer.synced(point, result) {
            self.tell(&Err(e));
        }
        self.copied.ring();
    }

    /// What somebody needs who keeps a copy of it. None where there is nothing to copy.
    pub(crate) fn copying(&self) -> Option<Copying> {
        let copying = || Copying { archive: Arc::clone(&self.archive), copied: Arc::clone(&self.copied) };
        self.writer.is_some().then(copying)
    }

    /// Tries again what failed, and deletes what is too old.
    pub(super) fn tend(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        writer.retire();
        if writer.is_to_rescue() {
            let result = writer.rescue();
            self.tell(&result);
        }
    }

    /// Finds what another program has taken away, and writes it anew from `memory`, which has the events from one seq up to
    /// the one before another as far as they are in memory.
    pub(super) fn mend(&mut self, memory: impl Fn(u64, u64) -> Option<Chunk>) {
        let Some(writer) = &mut self.writer else { return };
        match writer.mend(memory) {
            Ok(None) => {}
            Ok(Some(mended)) => {
                self.trouble.iter().for_each(|trouble| trouble.tell(mended.to_string()));
                self.tell(&Ok(()));
            }
            Err(e) => self.tell(&Err(e)),
        }
    }

    /// Says what an end of the server loses, after the last attempt to write it.
    pub(super) fn say_what_is_lost(&mut self, memory: impl Fn(u64, u64) -> Option<Chunk>) {
        let Some(writer) = self.writer.as_mut().filter(|writer| writer.is_to_mend() || writer.is_to_rescue()) else {
            return;
        };
        let lost = writer.only_in_memory(memory);
        log::error!(
            "the server ends while the journal can't be written: {} of its events ({lost}) were in memory alone and are lost",
            lost.count()
        );
    }

    /// Makes sure that what was written stands in its segments alone, and for good.
    ///
    /// # Errors
    /// That can't be done now.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Writer::prepare)
    }

    /// Puts a draft in its segment's place, with what was written to that since.
    ///
    /// # Errors
    /// It can't be; then the old one still stands.
    pub(super) fn replace(&mut self, draft: Draft, change: Change<'_>) -> io::Result<Replaced> {
        let result = match &mut self.writer {
            Some(writer) => writer.replace(draft, change),
            None => Ok(Replaced::Stale),
        };
        self.bell.ring();
        self.copied.ring();
        result
    }

    /// The last write failed.
    pub(crate) fn is_troubled(&self) -> bool {
        self.trouble.as_ref().is_some_and(Trouble::lasts)
    }

    fn tell(&mut self, result: &io::Result<()>) {
        let error = result.as_ref().err();
        let consequence = error.map(|error| self.consequence(error)).unwrap_or_default();
        self.trouble.iter_mut().for_each(|trouble| trouble.note(error, &consequence));
    }

    /// What it leads to that nothing can be written, and what to do about it.
    fn consequence(&self, error: &io::Error) -> String {
        let is_alone = self.writer.as_ref().is_some_and(|writer| writer.is_to_mend() || writer.is_to_rescue());
        let alone = if is_alone { ", and an end of the server would lose what is in memory alone" } else { "" };
        format!(", so nothing can be said{alone}: {}it goes on by itself", remedy(error))
    }
}

/// What is to be done about it. What isn't the system's says so itself.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on the disk of the data folder, ",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "let the server write to the data folder, ",
        _ if error.raw_os_error().is_none() => "",
        _ => "mend the disk of the data folder, ",
    }
}

fn sync(path: &Path) -> io::Result<()> {
    // To write, since Windows syncs nothing else.
    files::open(path, Access::Write)?.sync_data()
}

/// Takes away what comes after the last event: a line that was being written when the server died, or what is written
/// anew in the next segment. A segment without an event goes.
fn cut(path: &Path, end: End) -> io::Result<()> {
    if end.bytes == 0 {
        return files::remove(path);
    }
    if end.surplus == 0 {
        return Ok(());
    }
    log::warn!(
        "{} ends with {} bytes of an event that was never shown to anybody: they are cut",
        path.display(),
        end.surplus
    );
    let file = files::open(path, Access::Write)?;
    file.set_len(end.bytes)?;
    file.sync_all()
}
