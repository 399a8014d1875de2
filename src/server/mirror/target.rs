//! The folder that is the mirror: whether it is the right one, and may be written to.
//!
//! - Nothing is put where the disk of the data folder is, or where a mirror was and no mark of it is: there its disk isn't
//!   mounted, and the card would be filled in its place.
//! - Nothing is put where something lies that isn't ours. A server that begins on a new, empty card is told so at its start
//!   ([`refuse_to_begin`]).
//! - Nothing is put into our own mirror where that knows of an event that we don't: then this data folder is an old copy, or
//!   somebody has gone on from the mirror, and it is the better one.

use super::mark::Mark;
use crate::faults;
use crate::files::{self, Access, Held, SUCCESSOR};
use crate::reason::{self, Reason};
use crate::server::config::Lost;
use crate::server::config::contents::PARTS;
use crate::server::config::folder::{JOURNAL, LOCK, MIRROR, MIRROR_OF, SEQUENCE, is_of_the_disk};
use crate::server::config::holding::{Unheld, hold};
use crate::server::timeline::journal::{Copying, segment};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A mirror that may be written to. No other server can take it meanwhile.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) held: Held,
    lock: File,
    /// What is put there once the first copy is complete.
    completed: Option<Mark>,
}

/// A mirror that was never one, and the folder that it's in.
type Beginning<'a> = (&'a Path, Option<Mark>);

impl Target {
    /// Opens the mirror, and begins one where there never was one and nothing stands against it. `journal` is what is copied.
    ///
    /// # Errors
    /// Why not, and what to do: what comes behind "the mirror /media/usb ".
    pub(super) fn open(data_dir: &Path, path: &Path, journal: Option<&Copying>) -> Result<Self, String> {
        stand_apart(data_dir, path)?;
        let ours = Mark::of_folder(data_dir)?;
        let was_here = ours.as_ref().is_some_and(|mark| mark.was_at(path));
        if !was_here {
            begin_folder(data_dir, path)?;
        }
        let held = Held::open(path).map_err(|e| unopened(path, &e))?;
        files::shut_out(path).map_err(|e| {
            format!(
                "is no place for accounts and keys: {}; mount its disk for the server's own user (uid=, umask=077), or name \
                 another folder",
                Reason(&e)
            )
        })?;
        let theirs = Mark::of_mirror(&held).map_err(|e| cannot("be read", &e))?;
        let mark = match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours.id == theirs.id => Mark { unfinished: theirs.unfinished, ..ours },
            _ if was_here => return Err(unmounted()),
            (ours, theirs) => Mark { unfinished: true, ..begin_mark(&held, (path, theirs), ours)? },
        };
        let lock = take(&held)?;
        journal.map_or(Ok(()), |journal| knows_no_more(path, journal))?;
        // What was said, and taken back since, may stand in what a crash left.
        remove_leftovers(&held).map_err(|e| cannot("be written", &e))?;
        let begin = || -> io::Result<()> {
            if Mark::of_mirror(&held)?
                .is_none_or(|theirs| (theirs.id, theirs.unfinished) != (mark.id.clone(), mark.unfinished))
            {
                mark.put(&held)?;
            }
            if !mark.was_at(path) {
                Mark { folder: Some(path.to_string_lossy().into_owned()), ..mark.clone() }.keep(data_dir)?;
            }
            Ok(())
        };
        begin().map_err(|e| cannot("be begun", &e))?;
        let completed = mark.unfinished.then_some(Mark { unfinished: false, ..mark });
        Ok(Self { held, lock, completed })
    }

    /// All is there: from now on a server may be started on it.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn complete(&mut self) -> io::Result<()> {
        if let Some(mark) = &self.completed {
            faults::strike("mirror.complete")?;
            mark.put(&self.held)?;
            self.completed = None;
        }
        Ok(())
    }

    /// Whether the first copy is complete.
    pub(super) fn was_whole(&self) -> bool {
        self.completed.is_none()
    }

    /// Whether it's still where it was: its disk may have gone, and come back as another.
    pub(super) fn is_there(&self) -> bool {
        self.held.is_there() && files::leads_to(&self.held.path().join(LOCK), &self.lock)
    }
}

/// Ends the start of a server on a folder that is empty, or has lost something, where its mirror holds what may be the only copy
/// of that, and would be given what the start makes in its place.
///
/// # Errors
/// With what to do.
pub(crate) fn refuse_to_begin(data_dir: &Path, path: &Path, lost: &[Lost]) -> Result<(), String> {
    // That of a mirror in the data folder itself is told when it's opened.
    if stand_apart(data_dir, path).is_err() {
        return Ok(());
    }
    refuse_beginner(data_dir, path)?;
    refuse_loser(data_dir, path, lost)
}

fn refuse_beginner(data_dir: &Path, path: &Path) -> Result<(), String> {
    let is_beginner = [SEQUENCE, MIRROR].iter().all(|name| !data_dir.join(name).exists());
    match held_already(path).filter(|_| is_beginner) {
        Some(name) => Err(format!(
            "this is the first start on this data folder, and the mirror {path} holds what a server keeps ({name}): to go on \
             from that, start with --data-dir {path}, or put a copy of it into the data folder first; to begin anew, name an \
             empty folder with --mirror",
            path = path.display()
        )),
        None => Ok(()),
    }
}

fn refuse_loser(data_dir: &Path, path: &Path, lost: &[Lost]) -> Result<(), String> {
    let is_there = |lost: &&Lost| fs::symlink_metadata(path.join(lost.name())).is_ok();
    match lost.iter().find(is_there) {
        Some(lost) => Err(format!(
            "{lost}; the mirror {path} has it: put it back (`cp -p {path}/{name} {data_dir}/`), or go on from the mirror with \
             --data-dir {path}; to begin anew, name an empty folder with --mirror",
            path = path.display(),
            name = lost.name(),
            data_dir = data_dir.display(),
        )),
        None => Ok(()),
    }
}

/// What of a data folder lies there.
fn held_already(path: &Path) -> Option<&'static str> {
    let names = PARTS.iter().map(|part| part.name).chain([MIRROR_OF]);
    names.into_iter().find(|name| fs::symlink_metadata(path.join(name)).is_ok())
}

/// A mirror in its data folder, or around it, would be no other place.
fn stand_apart(data_dir: &Path, path: &Path) -> Result<(), String> {
    let data_dir = fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let path = whole_path(path);
    if path == data_dir {
        // A server that starts on a mirror takes its place out of the mark.
        let was_mirror = matches!(Mark::of_folder(&data_dir), Ok(Some(Mark { folder: None, .. })));
        return Err(if was_mirror {
            "is the data folder itself now: this is the mirror, and the server goes on in it, so nothing is kept twice; take the \
             `mirror` line out, or name a folder on another disk"
        } else {
            "is the data folder itself: name a folder on another disk, or none"
        }
        .into());
    }
    if path.starts_with(&data_dir) || data_dir.starts_with(&path) {
        return Err("lies in the data folder, or that in it: name a folder beside it, on another disk".into());
    }
    Ok(())
}

/// A path without links, also where its last folder isn't there yet.
fn whole_path(path: &Path) -> PathBuf {
    let by_parent = || Some(fs::canonicalize(files::folder_of(path)).ok()?.join(path.file_name()?));
    fs::canonicalize(path).ok().or_else(by_parent).unwrap_or_else(|| path.to_owned())
}

/// Makes the folder of a mirror that was never there, on the disk that it's to be on.
fn begin_folder(data_dir: &Path, path: &Path) -> Result<(), String> {
    let is_there = path.is_dir();
    let on = if is_there { path } else { files::folder_of(path) };
    if on_one_disk(data_dir, on).map_err(|e| absent(&e))? {
        return Err(
            "would lie on the disk of the data folder, and be lost with it: mount another disk there first, or name \
                    a folder on one"
                .into(),
        );
    }
    if !is_there && fs::metadata(path).is_ok() {
        return Err("is a file and no folder: move it away, or name a folder that is empty or isn't there yet".into());
    }
    if is_there { Ok(()) } else { files::create_folder(path).map_err(|e| cannot("be made", &e)) }
}

#[cfg(unix)]
fn on_one_disk(one: &Path, other: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(one)?.dev() == fs::metadata(other)?.dev())
}

/// Elsewhere disks have letters, and none shows up in another's place.
#[cfg(not(unix))]
fn on_one_disk(_one: &Path, other: &Path) -> io::Result<bool> {
    fs::metadata(other).map(|_| false)
}

/// The mark of a mirror that begins in a folder where nothing lies, or nothing but a mark: whoever made that died right
/// behind it.
fn begin_mark(held: &Held, (path, theirs): Beginning<'_>, ours: Option<Mark>) -> Result<Mark, String> {
    let names = held.names().map_err(|e| cannot("be read", &e))?;
    let is_ours = |name: &str| [MIRROR_OF, LOCK].iter().any(|ours| name.trim_end_matches(SUCCESSOR) == *ours);
    let is_nothing = |name: &str| is_ours(name) || is_of_the_disk(name);
    let something = names.iter().map(|name| name.to_string_lossy()).find(|name| !is_nothing(name));
    match (something, held_already(path).filter(|name| *name != MIRROR_OF)) {
        (None, _) => match theirs.or(ours) {
            Some(mark) => Ok(mark),
            None => Mark::new().map_err(|e| cannot("be begun", &e)),
        },
        (Some(_), Some(kept)) => Err(format!(
            "holds what another server keeps, or this one kept on another card ({kept}), and nothing of that is overwritten: \
             to go on from it, start with --data-dir {}; else name an empty folder",
            path.display()
        )),
        (Some(name), None) => {
            Err(format!("holds something already ({name}): name an empty folder, or one that isn't there yet"))
        }
    }
}

/// Keeps every other server off it.
fn take(held: &Held) -> Result<File, String> {
    let made = held.append_private(LOCK).map_err(|e| cannot("be written", &e))?;
    // What is open to be written keeps its disk from being mounted for reading alone. Some know locks for that alone.
    let for_reading = held.file(LOCK, Access::Read).map_err(|e| cannot("be read", &e))?;
    for lock in [for_reading, made] {
        match hold(&held.path().join(LOCK), &lock) {
            Ok(()) => return Ok(lock),
            Err(Unheld::ByAnother) => {
                return Err("is held by another homeroom-server: stop that, or name another folder".into());
            }
            Err(Unheld::LetGo) => {
                return Err("has lost its lock to another program meanwhile: it is tried again by itself".into());
            }
            Err(Unheld::Unlockable(e)) => log::debug!("the mirror's lock: {}", Reason(&e)),
        }
    }
    Err("is on a disk that knows no locks, so another server could write to it too: name a folder on another disk"
        .into())
}

/// Whether all that a mirror knows of is known here.
fn knows_no_more(path: &Path, journal: &Copying) -> Result<(), String> {
    let newest = segment::last(&path.join(JOURNAL), |record| Some((record.seq, record.time.to_string())));
    let Some((seq, time)) = newest else { return Ok(()) };
    let known = journal.knows(seq, &time);
    match known.map_err(|e| format!("can't be compared with the journal: {}", reason::of_file(&e)))? {
        true => Ok(()),
        false => Err(strange(path, seq, &time)),
    }
}

/// That a mirror's newest event isn't known here.
pub(super) fn strange(path: &Path, seq: u64, time: &str) -> String {
    format!(
        "knows of an event that this data folder doesn't have (seq {seq}, {time}), so it's the newer one, or somebody has gone \
         on from it, and it is left as it is: to go on from it, end this server and start one with --data-dir {}; to go on from \
         here, name an empty folder as the mirror",
        path.display()
    )
}

/// Removes what was to take a file's place.
fn remove_leftovers(held: &Held) -> io::Result<()> {
    for part in PARTS {
        held.remove(&format!("{}{SUCCESSOR}", part.name))?;
    }
    Ok(())
}

fn absent(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::NotFound => "isn't there: plug its disk in, and mount it".into(),
        _ => cannot("be opened", e),
    }
}

fn unopened(path: &Path, e: &io::Error) -> String {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let remedy = if is_link { "; name the folder that the link leads to" } else { "" };
    format!("{}{remedy}", absent(e))
}

fn unmounted() -> String {
    format!(
        "isn't there: the folder has lost its mark ({MIRROR_OF}), so its disk isn't mounted, or it's another one: mount the \
         right one; where an empty one is to be the mirror from now on, remove {MIRROR} from the data folder"
    )
}

fn cannot(what: &str, e: &io::Error) -> String {
    format!("can't {what}: {}", reason::of_file(e))
}
