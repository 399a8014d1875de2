//! The journal's files: their names, and their lines read back.
//!
//! A segment is named by the seq of its first event, so that it's found without being opened. Inside one, seqs follow
//! each other without a gap.

use crate::files::{self, Access, SUCCESSOR};
use crate::protocol::LINE_BYTES_MAX;
use crate::reason;
use crate::server::timeline::record::Record;
use jiff::Timestamp;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What a segment's name ends with.
const EXTENSION: &str = "jsonl";
/// What the name of something that stood in the journal's way ends with.
const ASIDE: &str = ".old";
/// Digits of the seq in its name: names sort as seqs do.
const DIGITS: usize = 20;

/// Something in the journal that is not as it was written.
#[derive(Debug)]
pub(crate) struct Damage {
    /// The segment.
    pub(crate) file: PathBuf,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) what: String,
}

/// How many places of a segment that are damaged are named to people.
pub(crate) const DAMAGES_NAMED_MAX: usize = 20;

/// A segment's file, and where the next one begins, if there is one.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// The seq of its first event.
    pub(crate) first: u64,
    /// The seq of the next segment's first event.
    pub(crate) next: Option<u64>,
}

/// One event as a segment has it.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// Its number in the file, from 1.
    pub(crate) number: usize,
    /// The wire line, its end included.
    pub(crate) bytes: &'a [u8],
    /// What it says.
    pub(crate) record: Record<'a>,
}

/// How a segment ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct End {
    /// The seq after its last event's.
    pub(crate) next: u64,
    /// How many bytes its events take.
    pub(crate) bytes: u64,
    /// How many bytes follow that are the beginning of a line, or were written anew in the next segment.
    pub(crate) surplus: u64,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, what) = (self.file.display(), self.line, &self.what);
        write!(
            f,
            "{file} is damaged at line {line}: {what}; put a copy of the file in its place, or move the file out of \
             the folder, which forgets what was said in it: nothing has been touched"
        )
    }
}

/// The segments in a folder, oldest first. None if there is no folder.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn list(folder: &Path) -> Result<Vec<Place>, ReadError> {
    let failed = |error| ReadError::Io { file: folder.to_owned(), error };
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut firsts = Vec::new();
    for entry in entries {
        firsts.extend(first_of(Path::new(&entry.map_err(failed)?.file_name())));
    }
    firsts.sort_unstable();
    let nexts = firsts.iter().copied().skip(1).map(Some).chain([None]);
    let place = |(&first, next)| Place { path: path(folder, first), first, next };
    Ok(firsts.iter().zip(nexts).map(place).collect())
}

/// Makes the folder where there is none, in one that must be there, and makes sure that it's private.
///
/// # Errors
/// What the system says, or what stands in its place.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) && !folder.is_dir() {
        return Err(io::Error::other(format!(
            "{} is a link that leads to no folder: bring back what it leads to, or remove it",
            folder.display()
        )));
    }
    if fs::symlink_metadata(folder).is_ok_and(|found| !found.is_dir() && !found.is_symlink()) {
        return Err(io::Error::other(format!(
            "{} is a file, and the journal's folder is to be there: move it away",
            folder.display()
        )));
    }
    files::sync_folder(folder)?;
    files::create_folder(folder)?;
    files::make_folder_private(folder)?;
    files::sync_folder(folder)
}

/// Gives a file that stands where the journal's folder is to be another name: which one. Nothing of anybody's is lost by that.
/// A link is left alone, since what it leads to may come back.
///
/// # Errors
/// What the system says, or that something has the other name already.
pub(super) fn clear_of_file(folder: &Path) -> io::Result<Option<PathBuf>> {
    clear(folder, |found| !found.is_dir() && !found.is_symlink())
}

/// The same for a folder that stands where a segment is to be.
///
/// # Errors
/// As [`clear_of_file`].
pub(super) fn clear_of_folder(path: &Path) -> io::Result<Option<PathBuf>> {
    clear(path, fs::Metadata::is_dir)
}

fn clear(path: &Path, is_in_the_way: impl FnOnce(&fs::Metadata) -> bool) -> io::Result<Option<PathBuf>> {
    if !fs::symlink_metadata(path).is_ok_and(|found| is_in_the_way(&found)) {
        return Ok(None);
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(ASIDE);
    let aside = PathBuf::from(aside);
    if fs::symlink_metadata(&aside).is_ok() {
        let (path, aside) = (path.display(), aside.display());
        return Err(io::Error::other(format!(
            "something that isn't the journal's stands at {path}, and {aside} is there already: move it away"
        )));
    }
    files::put_aside(path, ASIDE)?;
    Ok(Some(aside))
}

/// The time of the newest event, without reading them all; None where there is none, or it can't be told.
pub(crate) fn newest(folder: &Path) -> Option<Timestamp> {
    last(folder, |record| record.moment().ok())
}

/// What `of` makes of the newest event, as [`newest`].
pub(crate) fn last<T>(folder: &Path, of: impl Fn(&Record<'_>) -> Option<T>) -> Option<T> {
    list(folder).ok()?.iter().rev().find_map(|place| {
        let mut file = files::open(&place.path, Access::Read).ok()?;
        let bytes = file.metadata().ok()?.len();
        // Room for one whole line before one that breaks off.
        file.seek(SeekFrom::Start(bytes.saturating_sub(2 * LINE_BYTES_MAX as u64))).ok()?;
        let mut end = Vec::new();
        file.take(2 * LINE_BYTES_MAX as u64).read_to_end(&mut end).ok()?;
        let whole = end.iter().rposition(|&b| b == b'\n')?;
        let line = end[..whole].rsplit(|&b| b == b'\n').next()?;
        of(&Record::parse(line).ok()?)
    })
}

/// How often the folder is read where a segment has another name, or is gone, by the time that it's opened.
const KNOWS_TRIES_MAX: usize = 3;

/// Whether the journal in a folder has an event with this seq and this time, also where its words are others now; or begins behind
/// it, and doesn't keep it any more. A server may be writing it.
///
/// # Errors
/// It can't be read.
pub(crate) fn knows(folder: &Path, seq: u64, time: &str) -> io::Result<bool> {
    for attempt in 1.. {
        let places = list(folder).map_err(|why| io::Error::other(why.to_string()))?;
        let Some(place) = places.iter().rev().find(|place| place.first <= seq) else { return Ok(!places.is_empty()) };
        match files::read(&place.path) {
            Err(e) if e.kind() == ErrorKind::NotFound && attempt < KNOWS_TRIES_MAX => {}
            lines => {
                let lines = lines?;
                let mut records = lines.split(|&b| b == b'\n').filter_map(|line| Record::parse(line).ok());
                return Ok(records.any(|record| record.seq == seq && record.time == time));
            }
        }
    }
    Ok(false)
}

/// Removes what crashes have left of files that were to take a segment's place: what was said stands in them too.
///
/// # Errors
/// What the system says.
pub(super) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(PathBuf::from(entry?.file_name())));
    let names: Vec<PathBuf> = names.collect::<io::Result<_>>()?;
    // Where a segment is a link, the file was beside what that leads to.
    let leftovers = names.iter().filter_map(|name| successor_of(name));
    for first in names.iter().filter_map(|name| first_of(name)).chain(leftovers) {
        let path = path(folder, first);
        if files::remove_leftover(&path)? {
            log::info!("{}{SUCCESSOR}, which a crash has left, is removed", path.display());
        }
    }
    Ok(())
}

/// What else is in the folder.
pub(crate) fn strangers(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| first_of(Path::new(&entry.file_name())).is_none()).map(|entry| entry.path()).collect()
}

/// Where the segment with this first seq is.
pub(crate) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(name(first))
}

/// The name of its file.
pub(crate) fn name(first: u64) -> String {
    format!("{first:0DIGITS$}.{EXTENSION}")
}

impl Place {
    /// Reads the segment: every event in order, up to the one before the next segment's first. `each` is given what is
    /// damaged too, and says with an error of its own whether that is the end; else what follows is read.
    ///
    /// # Errors
    /// The file can't be read, or what `each` says.
    pub(crate) fn read<E: From<ReadError>>(
        &self,
        each: impl FnMut(Result<Line<'_>, Damage>) -> Result<(), E>,
    ) -> Result<End, E> {
        let bytes = files::read(&self.path).map_err(|error| ReadError::Io { file: self.path.clone(), error })?;
        self.judge(&bytes, each)
    }

    /// The same of bytes that were read.
    ///
    /// # Errors
    /// What `each` says.
    pub(crate) fn judge<E>(
        &self,
        bytes: &[u8],
        mut each: impl FnMut(Result<Line<'_>, Damage>) -> Result<(), E>,
    ) -> Result<End, E> {
        let mut end = End { next: self.first, bytes: 0, surplus: 0 };
        // How many events are missing isn't known after a line that is none.
        let mut lost = false;
        let mut lines = bytes.split_inclusive(|&b| b == b'\n').enumerate().peekable();
        while let Some((index, bytes)) = lines.next() {
            let torn = self.next.is_none() && !bytes.ends_with(b"\n");
            if torn || self.next == Some(end.next) {
                break;
            }
            let number = index + 1;
            let is_last = self.next.is_none() && lines.peek().is_none_or(|(_, line)| !line.ends_with(b"\n"));
            match check(bytes) {
                // What it was written together with never came.
                Ok(record) if record.is_a_part() && is_last => break,
                Ok(record) if lost && self.next == Some(record.seq) => break,
                Ok(record) => {
                    let seq = record.seq;
                    if seq != end.next && !(lost && seq > end.next) {
                        each(Err(self.damage(number, format!("its `seq` is {seq}, and {} was expected", end.next))))?;
                    }
                    each(Ok(Line { number, bytes, record }))?;
                    (end.next, lost) = (seq.saturating_add(1), false);
                }
                Err(what) => {
                    each(Err(self.damage(number, what)))?;
                    lost = true;
                }
            }
            end.bytes += bytes.len() as u64;
        }
        end.surplus = bytes.len() as u64 - end.bytes;
        Ok(end)
    }

    /// Something wrong with one of its lines.
    pub(crate) fn damage(&self, line: usize, what: String) -> Damage {
        Damage { file: self.path.clone(), line, what }
    }
}

/// Why a segment can't be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// What the system says.
    Io { file: PathBuf, error: io::Error },
    /// It isn't as it was written.
    Damage(Damage),
}

impl From<Damage> for ReadError {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

impl ReadError {
    /// The file isn't there: a running server deleted it, since it became too old.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Io { error, .. } if error.kind() == ErrorKind::NotFound)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(f, "can't read {}: {}", file.display(), reason::of_file(error)),
            Self::Damage(damage) => damage.fmt(f),
        }
    }
}

fn check(line: &[u8]) -> Result<Record<'_>, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("it has {} bytes, and no event has more than {LINE_BYTES_MAX}", line.len()));
    }
    if !line.ends_with(b"\n") {
        return Err("it breaks off".into());
    }
    Record::parse(line)
}

/// Whether a file was to take a segment's place, by its name.
pub(crate) fn is_successor(path: &Path) -> bool {
    path.file_name().is_some_and(|name| successor_of(Path::new(name)).is_some())
}

/// The first seq of the segment whose place this was to take.
fn successor_of(name: &Path) -> Option<u64> {
    name.to_str()?.strip_suffix(SUCCESSOR).and_then(|segment| first_of(Path::new(segment)))
}

/// The first seq of a segment, by its name; None where that is no segment's.
pub(crate) fn first_of(name: &Path) -> Option<u64> {
    let stem = name.file_stem()?.to_str()?;
    let is_segment = name.extension()? == EXTENSION && stem.len() == DIGITS;
    let digits = stem.bytes().all(|b| b.is_ascii_digit());
    if is_segment && digits { stem.parse().ok() } else { None }
}
