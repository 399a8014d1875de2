//! The files beside the journal: read when they have changed, kept in memory until their turn comes, and put there whole, or
//! grown by what was added.

use super::segments::put_whole;
use crate::faults;
use crate::files::{self, Access, Held, Stamp};
use crate::server::config::contents::{Kind, Part};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// What was put there last of each file.
#[derive(Debug, Default)]
pub(super) struct Parts(HashMap<&'static str, Put>);

/// What stands in the mirror.
#[derive(Debug, Eq, PartialEq)]
enum Put {
    /// Nothing.
    Nothing,
    /// What ours was when it had this stamp.
    File(Stamp),
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
        if self.0.get(part.name) == Some(&Put::File(stamp.clone())) {
            return Ok(Found::Known);
        }
        match files::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Found::Gone),
            read => Ok(Found::Changed(stamp, read?)),
        }
    }

    /// Puts into the mirror what was found.
    ///
    /// # Errors
    /// What the system says. Then what stands there is doubtful, and the next time it's put there whole.
    pub(super) fn put(&mut self, held: &Held, part: &Part, found: Found) -> io::Result<()> {
        let before = match &found {
            Found::Known => return Ok(()),
            Found::Gone if self.0.get(part.name) == Some(&Put::Nothing) => return Ok(()),
            Found::Gone | Found::Changed(..) => self.0.insert(part.name, Put::Doubtful),
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
                match there {
                    // Whatever was there when it was opened may not be on the disk either.
                    Some(there) if there == contents => sync(held, part.name)?,
                    Some(there) if part.kind == Kind::Lines && contents.starts_with(&there) => {
                        grow(held, part.name, &contents[there.len()..])?;
                    }
                    _ => put_whole(held, part.name, &contents)?,
                }
                Put::File(stamp)
            }
        };
        self.0.insert(part.name, put);
        Ok(())
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
