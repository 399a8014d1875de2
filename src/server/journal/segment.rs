//! The journal's files: their names, and their lines read back.
//!
//! A segment is named by the seq of its first event, so that it's found without being opened. Inside one, seqs follow
//! each other without a gap.

use crate::protocol::LINE_BYTES_MAX;
use crate::server::record::Record;
use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What a segment's name ends with.
const EXTENSION: &str = "jsonl";
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

/// One event as a segment has it.
#[derive(Debug)]
pub(crate) struct Line<'a> {
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

/// The segments in a folder, oldest first, each by its first seq. None if there is no folder.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut firsts = Vec::new();
    for entry in entries {
        firsts.extend(first_of(Path::new(&entry?.file_name())));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// Where the segment with this first seq is.
pub(crate) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:0DIGITS$}.{EXTENSION}"))
}

/// Reads a segment: every event in order, up to the one before `next`, where the next segment begins.
///
/// # Errors
/// The file can't be read, or [`Damage`].
pub(crate) fn read(
    path: &Path,
    first: u64,
    next: Option<u64>,
    mut each: impl FnMut(Line<'_>) -> Result<(), String>,
) -> Result<End, ReadError> {
    let bytes = fs::read(path).map_err(|error| ReadError::Io { file: path.to_owned(), error })?;
    let mut end = End { next: first, bytes: 0, surplus: 0 };
    for (index, line) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
        let torn = next.is_none() && !line.ends_with(b"\n");
        if torn || next == Some(end.next) {
            break;
        }
        let damage = |what| Damage { file: path.to_owned(), line: index + 1, what };
        let record = check(line, end.next).map_err(damage)?;
        each(Line { bytes: line, record }).map_err(damage)?;
        end.next += 1;
        end.bytes += line.len() as u64;
    }
    end.surplus = bytes.len() as u64 - end.bytes;
    Ok(end)
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

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, error } => write!(f, "can't read {}: {error}", file.display()),
            Self::Damage(damage) => damage.fmt(f),
        }
    }
}

fn check(line: &[u8], expected: u64) -> Result<Record<'_>, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("it has {} bytes, and no event has more than {LINE_BYTES_MAX}", line.len()));
    }
    if !line.ends_with(b"\n") {
        return Err("it breaks off".into());
    }
    let record = Record::parse(line)?;
    if record.seq != expected {
        return Err(format!("its `seq` is {}, and {expected} was expected", record.seq));
    }
    Ok(record)
}

fn first_of(name: &Path) -> Option<u64> {
    let stem = name.file_stem()?.to_str()?;
    let is_segment = name.extension()? == EXTENSION && stem.len() == DIGITS;
    let digits = stem.bytes().all(|b| b.is_ascii_digit());
    if is_segment && digits { stem.parse().ok() } else { None }
}
