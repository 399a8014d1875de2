//! The files beside the journal: read when they have changed, kept in memory until their turn comes, and put there whole, or
//! grown by what was added.

use super::segments::put_whole;
use crate::faults;
use crate::files::{self, Access, Held, Stamp};
use crate::server::config::contents::{Kind, Part};
use crate::server::config::folder::{IDENTITY, USERS};
use serde::de::IgnoredAny;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// What was put there last of each file.
#[derive(Debug, Default)]
pub(super) struct Parts {
    put: HashMap<&'static str, Put>,
    /// What somebody else had removed or changed there, and was put there anew.
    mended: BTreeSet<&'static str>,
}

/// What stands in the mirror.
#[derive(Debug, Eq, PartialEq)]
enum Put {
    /// Nothing.
    Nothing,
    /// What ours was when it had this stamp; and which stamp that has there.
    File(Stamp, Option<Stamp>),
    /// The same, and somebody else has touched it since.
    Touched(Stamp),
    /// What an attempt has left that failed: it may not be on the disk, though it can be read.
    Doubtful,
}

/// What a look at a file of the data folder has found.
#[derive(Debug)]
pub(super) enum Found {
    /// What is in the mirror already.
    Known,
    /// Another one.
    Changed(Stamp, Vec<u8>),
    /// None.
    Gone,
}

impl Parts {
    /// Reads a file of the data folder if it isn't the one that was put there last.
    ///
    /// # Errors
    /// It can't be read.
    pub(super) fn read(&self, data_dir: &Path, part: &Part) -> io::Result<Found> {
        let path = data_dir.join(part.name);
        // Before it's read: who changes it meanwhile leaves another stamp.
        let Some(stamp) = Stamp::of(&path) else {
            return match std::fs::metadata(&path) {
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(Found::Gone),
                Err(e) => Err(e),
                Ok(_) => Err(io::Error::other("it is no file")),
            };
        };
        if matches!(self.put.get(part.name), Some(Put::File(known, _)) if *known == stamp) {
            return Ok(Found::Known);
        }
        match files::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Found::Gone),
            read => match read? {
                bytes if is_damaged(part.name, &bytes) => Err(io::Error::other("it is damaged")),
                bytes => Ok(Found::Changed(stamp, bytes)),
            },
        }
    }

    /// Puts into the mirror what was found.
    ///
    /// # Errors
    /// What the system says. Then what stands there is doubtful, and the next time it's put there whole.
    pub(super) fn put(&mut self, held: &Held, part: &Part, found: &Found) -> io::Result<()> {
        let before = match found {
            Found::Known => return Ok(()),
            Found::Gone if self.put.get(part.name) == Some(&Put::Nothing) || is_lasting(part.name) => return Ok(()),
            Found::Gone | Found::Changed(..) => self.put.insert(part.name, Put::Doubtful),
        };
        let put = match found {
            Found::Known => return Ok(()),
            Found::Gone => {
                faults::strike("mirror.remove")?;
                if held.remove(part.name)? {
                    held.sync()?;
                }
                Put::Nothing
            }
            Found::Changed(stamp, contents) => {
                let there = read(held, part.name)?.filter(|_| before != Some(Put::Doubtful));
                // A disk that was mounted anew may give other stamps to what is the same.
                if matches!(&before, Some(Put::Touched(known)) if known == stamp && there.as_ref() != Some(contents)) {
                    self.mended.insert(part.name);
                }
                match there {
                    // Whatever was there when it was opened may not be on the disk either.
                    Some(there) if there == *contents => sync(held, part.name)?,
                    Some(there) if part.kind == Kind::Lines && contents.starts_with(&there) => {
                        grow(held, part.name, &contents[there.len()..])?;
                    }
                    _ => put_whole(held, part.name, contents)?,
                }
                Put::File(stamp.clone(), Stamp::of(&held.path().join(part.name)))
            }
        };
        self.put.insert(part.name, put);
        Ok(())
    }

    /// Looks whether what was put there still is. What isn't is put there anew by the next pass.
    pub(super) fn look(&mut self, held: &Held) {
        for (name, put) in &mut self.put {
            match put {
                Put::File(ours, theirs) if *theirs != Stamp::of(&held.path().join(name)) => {
                    *put = Put::Touched(ours.clone());
                }
                _ => {}
            }
        }
    }

    /// What was put there anew since this was asked.
    pub(super) fn mended(&mut self) -> BTreeSet<&'static str> {
        std::mem::take(&mut self.mended)
    }
}

/// Whether a file of a data folder never goes while a server runs on it: if it has gone, so has its disk, or somebody has removed it,
/// and what is in the mirror may be the only one.
fn is_lasting(name: &str) -> bool {
    [USERS, IDENTITY].contains(&name)
}

/// Whether one of these is none any more. What is there is better.
fn is_damaged(name: &str, bytes: &[u8]) -> bool {
    /// With which everything in DER begins that holds other things.
    const SEQUENCE: u8 = 0x30;
    match name {
        USERS => serde_json::from_slice::<IgnoredAny>(bytes).is_err(),
        IDENTITY => bytes.first() != Some(&SEQUENCE),
        _ => false,
    }
}

/// Adds lines to a file that has those before.
fn grow(held: &Held, name: &str, lines: &[u8]) -> io::Result<()> {
    let mut file = held.file(name, Access::Append)?;
    faults::strike("mirror.append")?;
    file.write_all(lines)?;
    faults::strike("mirror.sync")?;
    file.sync_data()
}

fn sync(held: &Held, name: &str) -> io::Result<()> {
    held.file(name, Access::Write)?.sync_all()
}

fn read(held: &Held, name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    match held.file(name, Access::Read) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        file => file?.read_to_end(&mut bytes).map(|_| Some(bytes)),
    }
}

/// Where a part is, for people.
pub(super) fn place(data_dir: &Path, part: &Part) -> PathBuf {
    data_dir.join(part.name)
}
