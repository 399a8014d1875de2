//! `homeroom-server restore`: a backup becomes the data folder of a server that goes on as the one it was made of.
//!
//! Nothing of it is in place before all of it was read, compared with what the backup says of itself, judged as `check` judges
//! it, and on the disk; then it is put in place in steps that any start goes on with (`config/arrival.rs`).

mod unpack;

use super::archive::Manifest;
use super::check;
use super::finding::Finding;
use crate::faults;
use crate::files;
use crate::reason;
use crate::sanitize;
use crate::server::config::arrival::{self, Arrival};
use crate::server::config::contents::SEQ_LEAP;
use crate::server::config::folder::{self, ARRIVING, LOCK};
use crate::server::config::{Folder, ServerError, system};
use crate::server::timeline::Sequence;
use std::fs::{self, File};
use std::io::{self, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// What is read at a time.
const PIECE_BYTES: usize = 256 * 1024;
/// How many names of what is in the way are told.
const NAMED_MAX: usize = 5;

/// Restores a backup; `-` is standard input.
///
/// # Errors
/// What went wrong. Then nothing of it is there.
pub(crate) fn run(data_dir: &Path, from: &Path) -> Result<(), ServerError> {
    let shown = if from == Path::new("-") {
        "standard input".into()
    } else {
        sanitize::line(&from.display().to_string()).to_string()
    };
    let archive = open(from, &shown).map_err(ServerError::Folder)?;
    let told = restore(data_dir, archive, &shown).map_err(ServerError::Folder)?;
    io::stdout().write_all(told.as_bytes()).map_err(|e| system("print", &e))
}

fn open(from: &Path, shown: &str) -> Result<Box<dyn Read>, String> {
    if from != Path::new("-") {
        let file = File::open(from).map_err(|e| format!("can't read {shown}: {}", reason::of_file(&e)))?;
        return Ok(Box::new(BufReader::with_capacity(PIECE_BYTES, file)));
    }
    if io::stdin().is_terminal() {
        return Err("no backup comes from a terminal: name a file, or say where it comes from, as in \
                    `ssh HOST 'cat homeroom.tar' | homeroom-server restore -`"
            .into());
    }
    Ok(Box::new(io::stdin().lock()))
}

/// Gives what there is to say at the end.
fn restore(data_dir: &Path, archive: impl Read, shown: &str) -> Result<String, String> {
    // What holds something isn't taken first: that may be a running server's, and is none of ours.
    refuse_what_holds_something(data_dir, folder::is_held(data_dir))?;
    let mut site = Site::take(data_dir)?;
    refuse_what_holds_something(data_dir, false)?;
    let arriving = data_dir.join(ARRIVING);
    site.clear()?;
    let unwritten = |e: io::Error| format!("can't write to {}: {}", data_dir.display(), reason::of_file(&e));
    files::make_folder(&arriving).map_err(unwritten)?;
    let manifest = unpack::unpack(archive, &arriving).map_err(|why| format!("{shown}: {why}: nothing was restored"))?;
    let (findings, last) = check::all(&arriving);
    refuse_what_no_server_takes(&findings, shown)?;
    leap(&arriving, last)?;
    unpack::sync(&arriving).map_err(unwritten)?;
    faults::strike("restore.checked").map_err(unwritten)?;
    arrival::complete(data_dir).map_err(unwritten)?;
    site.is_whole = true;
    arrival::finish(data_dir)?;
    Ok(report(data_dir, &manifest, &findings, shown))
}

/// Another server's folder, or one that somebody keeps something in. `is_held`: by somebody else.
fn refuse_what_holds_something(data_dir: &Path, is_held: bool) -> Result<(), String> {
    if let Some(waits @ Arrival::Waits) = Arrival::of(data_dir) {
        return Err(format!("{}; nothing else was restored", waits.told(data_dir, is_held)));
    }
    let entries = match fs::read_dir(data_dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|e| format!("can't read {}: {}", data_dir.display(), reason::of_file(&e)))?,
    };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| ![LOCK, ARRIVING].contains(&name.as_str()) && !folder::is_of_the_disk(name));
    names.sort();
    if names.is_empty() {
        return Ok(());
    }
    let more = if names.len() > NAMED_MAX { " and more" } else { "" };
    names.truncate(NAMED_MAX);
    let held = if is_held { "end the server that runs on it, then " } else { "" };
    Err(format!(
        "{} holds something already ({}{more}), so nothing was restored: {held}move all of that away, or name an empty folder \
         with --data-dir",
        data_dir.display(),
        sanitize::line(&names.join(", "))
    ))
}

fn refuse_what_no_server_takes(findings: &[Finding], shown: &str) -> Result<(), String> {
    let bad: Vec<String> =
        findings.iter().filter(|found| matches!(found, Finding::Bad(_))).map(Finding::to_string).collect();
    if bad.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{shown} is as it was made, but what it was made of was damaged, so nothing was restored:\n{}\nto mend it by hand, unpack \
         it into the empty folder with `tar -xf`, and ask `homeroom-server check`",
        bad.join("\n")
    ))
}

/// Where the numbering goes on: clients may have seen more than the backup knows of.
fn leap(arriving: &Path, last: Option<u64>) -> Result<(), String> {
    let path = arriving.join(folder::SEQUENCE);
    let last = last.unwrap_or(0);
    // Before the first start nobody has seen anything.
    if Sequence::peek(&path)?.max(last) == 0 {
        return Ok(());
    }
    Sequence::leap(&path, last, SEQ_LEAP)?;
    Sequence::peek(&path).map(drop)
}

fn report(data_dir: &Path, manifest: &Manifest, findings: &[Finding], shown: &str) -> String {
    let folder = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    let folder = folder.display();
    let found = findings.iter().fold(String::new(), |text, found| text + &found.to_string() + "\n");
    let newest = match manifest.seq {
        0 => "no event is in it".to_owned(),
        seq => format!("the newest event is {seq}"),
    };
    format!(
        "{shown}, made on {:.0}, is restored in {folder}\n{found}  --  {newest}; the next one has a number that no \
         client has seen: so the numbers jump\n\nnow start the server: it has its old key, so clients come back by themselves. \
         Whoever logged in after the backup was made does so once more, with the password. Whoever was erased, banned or given another password after the backup was made is as before it: do that again\n",
        manifest.made
    )
}

/// The folder as it was found: what a restore that fails leaves. Nothing in it is touched by one that doesn't hold it, since
/// another may be at work there.
struct Site {
    data_dir: PathBuf,
    /// Held until all is in place, or cleared away.
    folder: Option<Folder>,
    had_folder: bool,
    had_lock: bool,
    /// From now on what was brought is what the folder holds.
    is_whole: bool,
}

impl Site {
    /// Takes it.
    ///
    /// # Errors
    /// Another has it, or the system says no.
    fn take(data_dir: &Path) -> Result<Self, String> {
        let (had_folder, had_lock) = (data_dir.exists(), data_dir.join(LOCK).exists());
        let folder = Some(Folder::open(data_dir)?);
        Ok(Self { data_dir: data_dir.to_owned(), folder, had_folder, had_lock, is_whole: false })
    }

    /// Removes what an earlier restore has left that was cut off.
    fn clear(&self) -> Result<(), String> {
        let arriving = self.data_dir.join(ARRIVING);
        match fs::remove_dir_all(&arriving) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(format!("can't remove {}: {}", arriving.display(), reason::of_file(&e)))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.is_whole {
            return;
        }
        let _ = self.clear();
        if !self.had_lock {
            let _ = files::remove(&self.data_dir.join(LOCK));
        }
        self.folder = None;
        if !self.had_folder {
            let _ = fs::remove_dir(&self.data_dir);
        }
    }
}
