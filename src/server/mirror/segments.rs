//! The journal's segments in the mirror. One grows as ours does; one that has other words is replaced whole.
//!
//! What the mirror has of a segment is compared with ours once, byte by byte, when the mirror is opened; from then on what
//! was put there is remembered. Whatever is doubtful is copied whole.

use super::health::Health;
use crate::faults;
use crate::files::{Access, Held, SUCCESSOR};
use crate::server::timeline::journal::{Copying, Settled, segment};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

/// An edition that no segment has.
const NONE: u64 = 0;

/// The journal in the mirror.
#[derive(Debug)]
pub(super) struct Segments {
    held: Held,
    copies: BTreeMap<u64, Copy>,
}

/// What the mirror has of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Copy {
    /// Of which edition, or [`NONE`].
    edition: u64,
    bytes: u64,
}

/// What becomes of a segment's copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    /// Nothing.
    Stays,
    /// It gets what is behind these bytes.
    Grows(u64),
    /// It is copied whole.
    Anew,
    /// The same, once those behind it are there: it has what a later one has now.
    AnewLater,
}

impl Segments {
    /// Compares what is there with ours.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn open(held: Held, journal: &Copying, health: &Health) -> io::Result<Self> {
        for name in
            held.names()?.iter().filter_map(|name| name.to_str()).filter(|name| segment::is_successor(Path::new(name)))
        {
            held.remove(name)?;
        }
        let mut this = Self { held, copies: BTreeMap::new() };
        let ours: BTreeMap<u64, Settled> =
            journal.settled().into_iter().map(|segment| (segment.first, segment)).collect();
        let there = segment::list(this.held.path()).map_err(|why| io::Error::other(why.to_string()))?;
        for first in there.into_iter().map(|place| place.first) {
            health.is_at_work();
            let mut bytes = Vec::new();
            this.held.file(&segment::name(first), Access::Read)?.read_to_end(&mut bytes)?;
            let ours = ours.get(&first);
            let begins = |ours: &&Settled| -> io::Result<bool> {
                let whole = bytes.last() == Some(&b'\n') && bytes.len() as u64 <= ours.bytes;
                Ok(whole && journal.read(ours, 0)?.is_some_and(|lines| lines.starts_with(&bytes)))
            };
            let edition = match ours {
                Some(ours) if begins(&ours)? => ours.edition,
                _ => NONE,
            };
            this.copies.insert(first, Copy { edition, bytes: bytes.len() as u64 });
        }
        Ok(this)
    }

    /// Puts all of `ours` there: each moment on the way is one from which a server may be started, and has all that the one
    /// before had. False where something has other words meanwhile: then it's to be done again.
    ///
    /// # Errors
    /// What the system says. What couldn't be put there is tried again the next time.
    pub(super) fn put(&mut self, ours: &[Settled], journal: &Copying, health: &Health) -> io::Result<bool> {
        // They make room.
        let oldest = ours.first().map_or(u64::MAX, |segment| segment.first);
        self.remove(|first| first < oldest)?;
        let mut later = Vec::new();
        for segment in ours.iter().filter(|segment| segment.bytes > 0) {
            health.is_at_work();
            let done = match self.step(segment) {
                Step::Stays => true,
                Step::Grows(from) => self.grow(segment, from, journal)?,
                Step::Anew => self.anew(segment, journal)?,
                Step::AnewLater => {
                    later.push(segment);
                    true
                }
            };
            if !done {
                return Ok(false);
            }
        }
        for segment in later {
            health.is_at_work();
            if !self.anew(segment, journal)? {
                return Ok(false);
            }
        }
        self.remove(|first| !ours.iter().any(|segment| segment.first == first && segment.bytes > 0))?;
        Ok(true)
    }

    /// Looks whether what was put there still is as long as it was. What isn't is put there anew by the next pass. True if
    /// there is any.
    pub(super) fn look(&mut self) -> bool {
        let path = self.held.path();
        let length = |first: u64| std::fs::metadata(path.join(segment::name(first))).ok().map(|found| found.len());
        let touched: Vec<u64> = self
            .copies
            .iter()
            .filter(|(first, copy)| length(**first) != Some(copy.bytes))
            .map(|(first, _)| *first)
            .collect();
        touched.iter().for_each(|first| self.distrust(*first));
        !touched.is_empty()
    }

    fn step(&self, segment: &Settled) -> Step {
        let Some(copy) = self.copies.get(&segment.first) else { return Step::Anew };
        let is_last = self.copies.last_key_value().is_some_and(|(last, _)| *last == segment.first);
        match copy {
            Copy { bytes, .. } if *bytes > segment.bytes => Step::AnewLater,
            Copy { edition, .. } if *edition != segment.edition => Step::Anew,
            Copy { bytes, .. } if *bytes == segment.bytes => Step::Stays,
            // A line that breaks off may stand at the end of the last one alone.
            Copy { bytes, .. } if is_last => Step::Grows(*bytes),
            Copy { .. } => Step::Anew,
        }
    }

    fn grow(&mut self, segment: &Settled, from: u64, journal: &Copying) -> io::Result<bool> {
        let name = segment::name(segment.first);
        let file = match self.held.file(&name, Access::Grow) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return self.anew(segment, journal),
            file => file?,
        };
        let found = file.metadata()?.len();
        if found < from {
            return self.anew(segment, journal);
        }
        let Some(lines) = journal.read(segment, from)? else { return Ok(false) };
        if found > from {
            // What an attempt has left that failed.
            faults::strike("mirror.cut")?;
            file.set_len(from)?;
        }
        #[cfg(not(unix))]
        io::Seek::seek(&mut &file, io::SeekFrom::Start(from))?;
        faults::write_all("mirror.append", &file, &lines)?;
        let synced = faults::strike("mirror.sync").and_then(|()| file.sync_data());
        if let Err(e) = synced {
            // The system may have forgotten what it was given, and say yes the next time.
            self.distrust(segment.first);
            return Err(e);
        }
        self.copies.insert(segment.first, Copy { edition: segment.edition, bytes: segment.bytes });
        Ok(true)
    }

    fn anew(&mut self, segment: &Settled, journal: &Copying) -> io::Result<bool> {
        let Some(lines) = journal.read(segment, 0)? else { return Ok(false) };
        put_whole(&self.held, &segment::name(segment.first), &lines)?;
        self.copies.insert(segment.first, Copy { edition: segment.edition, bytes: segment.bytes });
        Ok(true)
    }

    fn distrust(&mut self, first: u64) {
        self.copies.entry(first).and_modify(|copy| copy.edition = NONE);
    }

    fn remove(&mut self, goes: impl Fn(u64) -> bool) -> io::Result<()> {
        let going: Vec<u64> = self.copies.keys().copied().filter(|first| goes(*first)).collect();
        for first in &going {
            faults::strike("mirror.remove")?;
            self.held.remove(&segment::name(*first))?;
            self.copies.remove(first);
        }
        if going.is_empty() { Ok(()) } else { self.held.sync() }
    }
}

/// Puts a file in a folder of the mirror, in place of one that may be there: after a crash it's the old one or the new one.
///
/// # Errors
/// What the system says.
pub(super) fn put_whole(held: &Held, name: &str, contents: &[u8]) -> io::Result<()> {
    faults::strike("mirror.create")?;
    let mut file = held.successor(SUCCESSOR, name)?;
    faults::strike("mirror.write")?;
    file.write(contents)?;
    faults::strike("mirror.sync")?;
    file.sync()?;
    faults::strike("mirror.rename")?;
    file.take_place()?;
    faults::strike("mirror.folder")?;
    held.sync()
}
