//! `tokens.jsonl`: what holds for tokens, and where accounts are at home, one JSON object a line, the newest last.
//!
//! A line is appended for what changes, so that a login costs one small write and no sync. When the file has grown
//! long it is written anew with what still holds.

use super::origin::{HOMES_PER_ACCOUNT_MAX, Origin};
use crate::files::{self, Access};
use crate::hex::{self, Hex};
use crate::protocol::Username;
use crate::reason::{self, Reason};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file smaller than this is not written anew while the server runs; about 6,000 lines.
pub(super) const REWRITE_BYTES_MIN: u64 = 1024 * 1024;
/// A larger one is when it has grown to so many times its size: what that costs is shared by as many lines.
const REWRITE_GROWTH: u64 = 4;

/// What is kept of a token: the SHA-256 of its 256 random bits. Whoever reads it can't log in with it.
pub(crate) type TokenId = [u8; 32];

/// Stands in place of a token where a line is about homes: a server that doesn't know these reads the end of a token
/// that nobody has.
const NO_TOKEN: TokenId = [0; 32];

/// What one line says.
#[derive(Debug)]
pub(crate) enum Entry {
    /// What holds for a token.
    Token {
        /// Whose.
        name: Username,
        /// Which.
        id: TokenId,
        /// Its validity; None when it has ended.
        valid: Option<Validity>,
    },
    /// Where an account is at home.
    Homes {
        /// Which.
        name: Username,
        /// The newest event when it was made: another account of the name is at home elsewhere. Files from before don't say it.
        since: Option<u64>,
        /// All of them, the one added last at the end.
        homes: Vec<Origin>,
    },
}

/// What makes a token valid.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Validity {
    /// It's worthless once the account's is another.
    pub(crate) generation: u32,
    /// When it was last used, in lived time.
    pub(crate) used: Timestamp,
    /// It ends soon after its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) brief: Option<Brief>,
}

/// How far a token is that ends soon after its session. A server that doesn't know of such tokens keeps them like others.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Brief {
    /// A session has it.
    InUse,
    /// None has, since it was last used.
    Left,
}

/// A line as it's written.
#[derive(Deserialize, Serialize)]
struct EntryLine<'a> {
    username: Cow<'a, str>,
    /// SHA-256 in hex.
    token: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    valid: Option<Validity>,
    /// Addresses; then `token` is [`NO_TOKEN`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    homes: Option<Vec<IpAddr>>,
    /// Of the account whose homes these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
}

impl Entry {
    fn parse(line: &[u8]) -> Result<Self, String> {
        let EntryLine { username, token, valid, homes, since } =
            serde_json::from_slice(line).map_err(|e| Reason(&e).to_string())?;
        let name = Username::parse(&username).ok_or("`username` is no user name")?;
        let id = hex::parse(&token).ok_or("`token` is no SHA-256")?;
        let Some(homes) = homes else { return Ok(Self::Token { name, id, valid }) };
        if homes.len() > HOMES_PER_ACCOUNT_MAX {
            return Err(format!("`homes` has more than {HOMES_PER_ACCOUNT_MAX}"));
        }
        Ok(Self::Homes { name, since, homes: homes.into_iter().map(Origin::from).collect() })
    }
}

/// The file of one data folder.
#[derive(Debug)]
pub(super) struct TokenFile {
    path: PathBuf,
    /// None when it must be written anew before anything is appended.
    file: Option<Arc<File>>,
    bytes: u64,
    /// At this size it's written anew.
    bytes_max: u64,
}

impl TokenFile {
    /// Opens the file and reads it, if there is one. A last line without its end is dropped: nobody was told that it
    /// is kept. Other damage puts the whole file aside.
    ///
    /// # Errors
    /// The file can't be read, or not be put aside.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Entry>), String> {
        let shown = path.display();
        let mut this = Self { path: path.to_owned(), file: None, bytes: 0, bytes_max: 0 };
        let text = match files::read_private(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((this, Vec::new())),
            Err(e) => return Err(format!("can't read {shown}: {}", reason::of_file(&e))),
        };
        match parse(&text) {
            Ok((entries, whole)) if whole == text.len() => {
                this.reopen(text.len()).map_err(|e| format!("can't open {shown}: {}", reason::of_file(&e)))?;
                Ok((this, entries))
            }
            Ok((entries, _)) => {
                log::warn!("the last line of {shown} has no end, as after a crash: it's dropped");
                Ok((this, entries))
            }
            Err(why) => {
                let aside = files::beside(path, ".damaged");
                let aside = aside.display();
                files::put_aside(path, ".damaged")
                    .map_err(|e| format!("can't move {shown} to {aside}: {}", reason::of_file(&e)))?;
                log::error!(
                    "{shown} is damaged ({why}): no token in it is believed any more, clients must log in with their \
                     passwords; it's kept as {aside}"
                );
                Ok((this, Vec::new()))
            }
        }
    }

    /// Whether lines can be appended; otherwise it's to be [written anew](Self::rewrite).
    pub(super) fn is_whole(&self) -> bool {
        self.file.is_some() && self.bytes < self.bytes_max
    }

    /// Whether another program has removed, replaced or cut it: what is appended would be lost.
    pub(super) fn is_taken(&self) -> bool {
        let has_all = |file: &File| file.metadata().is_ok_and(|found| found.len() == self.bytes);
        self.file.as_ref().is_some_and(|file| !files::leads_to(&self.path, file) || !has_all(file))
    }

    /// To be synced.
    pub(crate) fn handle(&self) -> Option<Arc<File>> {
        self.file.clone()
    }

    /// Appends lines, with one write.
    ///
    /// # Errors
    /// What the system says; then it's no longer whole.
    pub(crate) fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let lines = encode(entries)?;
        let file = self.file.take().ok_or(io::ErrorKind::NotFound)?;
        (&*file).write_all(&lines)?;
        self.bytes += lines.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    /// Replaces the file, durably.
    ///
    /// # Errors
    /// What the system says; then it's not whole.
    pub(crate) fn rewrite(&mut self, entries: &[Entry]) -> io::Result<()> {
        // Windows replaces no file that is open.
        self.file = None;
        let lines = encode(entries)?;
        files::replace(&self.path, &lines)?;
        self.reopen(lines.len())
    }

    /// Empties the file, durably: that needs no room on the disk.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn forget(&mut self) -> io::Result<()> {
        self.file = None;
        let file = files::open(&self.path, Access::Write)?;
        file.set_len(0)?;
        file.sync_all()
    }

    fn reopen(&mut self, bytes: usize) -> io::Result<()> {
        self.file = Some(Arc::new(files::open(&self.path, Access::Append)?));
        self.bytes = bytes as u64;
        self.bytes_max = REWRITE_BYTES_MIN.max(REWRITE_GROWTH * self.bytes);
        Ok(())
    }

    /// As after a failed write.
    #[cfg(test)]
    pub(crate) fn lose(&mut self) {
        self.file = None;
    }
}

/// The lines that a file has, and how many bytes they take: less than all where the last one has no end.
///
/// # Errors
/// What is wrong with the first line that is wrong, which is named.
pub(crate) fn parse(text: &[u8]) -> Result<(Vec<Entry>, usize), String> {
    let whole = text.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
    let lines = text[..whole].split_inclusive(|&b| b == b'\n').enumerate();
    let entry = |(index, line)| Entry::parse(line).map_err(|why| format!("line {}: {why}", index + 1));
    Ok((lines.map(entry).collect::<Result<_, _>>()?, whole))
}

fn encode(entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for entry in entries {
        let (name, id, valid, homes, since) = match entry {
            Entry::Token { name, id, valid } => (name, id, *valid, None, None),
            Entry::Homes { name, since, homes } => {
                (name, &NO_TOKEN, None, Some(homes.iter().map(Origin::address).collect()), *since)
            }
        };
        let (username, token) = (name.as_str().into(), Hex(id).to_string().into());
        serde_json::to_writer(&mut lines, &EntryLine { username, token, valid, homes, since })?;
        lines.push(b'\n');
    }
    Ok(lines)
}
