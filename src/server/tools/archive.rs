//! What a backup is: a tar archive of files that are named as in the data folder, and behind them `backup.json`, which says
//! what all of them are. `backup` makes it and `restore` takes it; any other `tar` reads it too.

use crate::hex::Hex;
use crate::server::config::contents::{self, Kind, PARTS};
use crate::server::timeline::journal::segment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// The name of the last member. An archive that doesn't have it is none that is whole.
pub(super) const MANIFEST: &str = "backup.json";
/// The form that this program writes and takes.
const VERSION: u32 = 1;
/// The longest manifest, in bytes: all members, a line of 200 bytes each.
pub(super) const MANIFEST_BYTES_MAX: u64 = 200 * MEMBERS_MAX as u64;
/// How many members there may be. The largest journal there may be (`--keep-mb`) has 62,500 full segments, and one that
/// keeps for a hundred years one a day.
pub(super) const MEMBERS_MAX: usize = 100_000;
/// The longest segment, in bytes: four times that at which a server begins another one. It is in memory while it is judged.
const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The longest of all others, in bytes: a thousand times the accounts and tokens of a large school, and any program.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Who may read what is unpacked by hand.
const MODE: u32 = 0o600;

/// What an archive holds.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Manifest {
    /// The form of the archive.
    pub(super) version: u32,
    /// By this program's.
    pub(super) homeroom: String,
    /// When it was begun.
    pub(super) made: Timestamp,
    /// The newest event in it; 0 where there is none.
    pub(super) seq: u64,
    /// All other members.
    pub(super) files: Vec<Member>,
}

/// One file.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// How long a member of this name may be; None where an archive has none of that name.
pub(super) fn bytes_max(name: &str) -> Option<u64> {
    if name == MANIFEST {
        return Some(MANIFEST_BYTES_MAX);
    }
    PARTS.iter().find_map(|part| match (part.kind, name.strip_prefix(part.name)?) {
        (Kind::Whole | Kind::Lines, "") => Some(FILE_BYTES_MAX),
        (Kind::Journal, inner) => {
            segment::first_of(Path::new(inner.strip_prefix('/')?)).filter(|_| !inner[1..].contains('/'))?;
            Some(SEGMENT_BYTES_MAX)
        }
        (Kind::Programs, inner) => contents::is_program(inner.strip_prefix('/')?).then_some(FILE_BYTES_MAX),
        _ => None,
    })
}

impl Manifest {
    /// Of an archive that is begun now.
    pub(super) fn begin() -> Self {
        let homeroom = env!("CARGO_PKG_VERSION").to_owned();
        Self { version: VERSION, homeroom, made: Timestamp::now(), seq: 0, files: Vec::new() }
    }

    /// Whether an archive that says this holds these files, and this program knows its form.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn judge(&self, mut found: Vec<Member>) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!(
                "it has the form {}, and this program knows form {VERSION}: take homeroom-server {}, or a newer one",
                self.version, self.homeroom
            ));
        }
        let mut said = self.files.clone();
        said.sort();
        found.sort();
        if said == found {
            return Ok(());
        }
        let (said, found): (Vec<&Member>, Vec<&Member>) = (
            said.iter().filter(|file| !found.contains(file)).collect(),
            found.iter().filter(|file| !said.contains(file)).collect(),
        );
        let first = said.first().or(found.first()).map_or(MANIFEST, |file| &file.name);
        Err(format!("`{first}` in it isn't what was written there"))
    }
}

/// An archive that is being written.
pub(super) struct Archive<W: Write> {
    tar: Builder<W>,
    /// What it holds so far.
    pub(super) manifest: Manifest,
}

impl<W: Write> Archive<W> {
    /// Begins one.
    pub(super) fn begin(out: W) -> Self {
        Self { tar: Builder::new(out), manifest: Manifest::begin() }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// What it is written to takes no more.
    pub(super) fn add(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.append(name, contents)?;
        let sha256 = Hex(&Sha256::digest(contents).into()).to_string();
        self.manifest.files.push(Member { name: name.to_owned(), bytes: contents.len() as u64, sha256 });
        Ok(())
    }

    /// Says what it holds, and ends it.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub(super) fn end(mut self) -> io::Result<(W, Manifest)> {
        let mut text = serde_json::to_vec(&self.manifest)?;
        text.push(b'\n');
        self.append(MANIFEST, &text)?;
        Ok((self.tar.into_inner()?, self.manifest))
    }

    fn append(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(contents.len() as u64);
        header.set_mode(MODE);
        header.set_mtime(u64::try_from(self.manifest.made.as_second()).unwrap_or(0));
        self.tar.append_data(&mut header, name, contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stand_in_an_archive() {
        let good =
            ["users.json", "audit.jsonl.1", "backup.json", "journal/00000000000000000001.jsonl", "get/homeroom-client"];
        assert!(good.iter().all(|name| bytes_max(name).is_some()));
        for bad in [
            "",
            "/users.json",
            "../users.json",
            "./users.json",
            "users.json/",
            "users.json.old",
            "homeroom.lock",
            "last-backup.json",
            "journal",
            "journal/",
            "journal/x.jsonl",
            "journal/../00000000000000000001.jsonl",
            "journal/a/00000000000000000001.jsonl",
            "journal/00000000000000000001.jsonl.new",
            "get/",
            "get/..",
            "get/.x",
            "get/a/b",
            "restore.whole/users.json",
        ] {
            assert_eq!(bytes_max(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_largest_journal_fits() {
        let keep_mb = 1_000_000_u64;
        assert!(keep_mb / 16 < MEMBERS_MAX as u64 && 36_500 < MEMBERS_MAX);
    }
}
