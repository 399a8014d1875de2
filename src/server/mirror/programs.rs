//! The programs that are given out, in the mirror: large files that change once in a while, so no more than a piece of one is
//! in memory.

use crate::faults;
use crate::files::{self, Access, Held, SUCCESSOR, Stamp};
use crate::server::config::contents::is_program;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// So much of a program is in memory.
const PIECE_BYTES: usize = 256 * 1024;

/// What was put there last of each.
#[derive(Debug, Default)]
pub(super) struct Programs(Option<BTreeMap<String, Stamp>>);

/// The programs of the data folder, as they were at one moment.
///
/// # Errors
/// The folder can't be read.
pub(super) fn list(folder: &Path) -> io::Result<BTreeMap<String, Stamp>> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries?,
    };
    let mut found = BTreeMap::new();
    for entry in entries {
        let name = entry?.file_name();
        // What isn't a file, or has a name that isn't given out, is none. Such a name may stand on every disk.
        let Some(name) = name.to_str().filter(|name| is_program(name)) else { continue };
        found.extend(Stamp::of(&folder.join(name)).map(|stamp| (name.to_owned(), stamp)));
    }
    Ok(found)
}

impl Programs {
    /// Puts those there that are new or others, and takes away those that are gone.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn put(
        &mut self,
        mirror: &Held,
        name: &str,
        folder: &Path,
        ours: BTreeMap<String, Stamp>,
    ) -> io::Result<()> {
        if self.0.as_ref() == Some(&ours) {
            return Ok(());
        }
        let known = self.0.take().unwrap_or_default();
        if !ours.is_empty() || mirror.path().join(name).is_dir() {
            let held = mirror.folder(name)?;
            for program in ours.iter().filter(|(name, stamp)| known.get(*name) != Some(stamp)).map(|(name, _)| name) {
                copy(&held, program, &folder.join(program))?;
            }
            for there in held.names()?.iter().filter_map(|name| name.to_str()) {
                if !ours.contains_key(there) {
                    faults::strike("mirror.remove")?;
                    // What else may lie there, as a folder, was never put there.
                    let _ = held.remove(there);
                }
            }
            held.sync()?;
        }
        self.0 = Some(ours);
        Ok(())
    }
}

fn copy(held: &Held, name: &str, from: &Path) -> io::Result<()> {
    let mut ours = files::open(from, Access::Read)?;
    if held.file(name, Access::Read).is_ok_and(|theirs| are_same(&mut ours, theirs).unwrap_or(false)) {
        return Ok(());
    }
    let mut ours = files::open(from, Access::Read)?;
    faults::strike("mirror.create")?;
    let mut successor = held.successor(SUCCESSOR, name)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match ours.read(&mut piece)? {
            0 => break,
            bytes => successor.write(&piece[..bytes])?,
        }
    }
    faults::strike("mirror.sync")?;
    successor.sync()?;
    faults::strike("mirror.rename")?;
    successor.take_place()
}

fn are_same(mut one: impl Read, mut other: impl Read) -> io::Result<bool> {
    let (mut ours, mut theirs) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    loop {
        let bytes = fill(&mut one, &mut ours)?;
        if fill(&mut other, &mut theirs)? != bytes || ours[..bytes] != theirs[..bytes] {
            return Ok(false);
        }
        if bytes < PIECE_BYTES {
            return Ok(true);
        }
    }
}

/// Reads until it's full or there is no more.
fn fill(from: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match from.read(&mut piece[filled..])? {
            0 => break,
            bytes => filled += bytes,
        }
    }
    Ok(filled)
}
