//! The data folder: everything a server keeps, held by one process at a time.

use super::holding::{Unheld, hold};
use crate::files::{self, Access};
use crate::reason::{self, Reason};
use crate::sync::lock;
use fs4::{FileExt, TryLockError};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The server's key and certificate.
pub(crate) const IDENTITY: &str = "identity.p12";
/// The accounts.
pub(crate) const USERS: &str = "users.json";
/// The journal's folder.
pub(crate) const JOURNAL: &str = "journal";
/// Where `seq` goes on.
pub(crate) const SEQUENCE: &str = "sequence";
/// The programs that are given out.
pub(crate) const PROGRAMS: &str = "get";
/// The tokens.
pub(crate) const TOKENS: &str = "tokens.jsonl";
/// What is known of time.
pub(crate) const CLOCK: &str = "clock.json";
/// What the general room talks about.
pub(crate) const TOPIC: &str = "topic.json";
/// The other rooms.
pub(crate) const ROOMS: &str = "rooms.json";
/// What holds in a lesson: floors, hands, polls.
pub(crate) const LESSON: &str = "lesson.json";
/// The audit log.
pub(crate) const AUDIT: &str = "audit.jsonl";
/// The message of the day.
pub(crate) const MOTD: &str = "motd.txt";
/// What is set.
pub(crate) const SETTINGS: &str = "homeroom.toml";
/// Who is being erased.
pub(crate) const ERASING: &str = "erasing.json";
/// Which mirror the folder has. No part of the copy there.
pub(crate) const MIRROR: &str = "mirror.json";
/// In a mirror: that it is one, and which.
pub(crate) const MIRROR_OF: &str = "mirror-of.json";
/// In a mirror: room that is kept for what is small.
pub(crate) const SPARE: &str = "spare";
/// What is being brought, and isn't whole yet.
pub(crate) const ARRIVING: &str = "restore.new";
/// What is whole, and isn't in its place yet.
pub(crate) const ARRIVED: &str = "restore.whole";
/// When the last backup was made.
pub(crate) const LAST_BACKUP: &str = "last-backup.json";
/// Keeps a second server off the folder.
pub(crate) const LOCK: &str = "homeroom.lock";

/// Sees to it that nobody but its owner and root can put files into a data folder that is there: else every name in it
/// could be somebody else's file, or a link.
///
/// # Errors
/// With what to do: others can, and it's not ours to change that.
pub(crate) fn close(path: &Path) -> Result<(), String> {
    files::shut_out(path).map_err(|e| {
        let path = path.display();
        format!(
            "{path} is no place for accounts and keys: {}; name a folder of your own with --data-dir, or mend this one",
            Reason(&e)
        )
    })
}

/// What it means that the disk of a data folder keeps no modes, and what to do about it; None where it does.
pub(crate) fn exposure(path: &Path) -> Option<String> {
    // One that can't be written to has troubles of its own, which are told elsewhere.
    if files::keeps_modes(path).unwrap_or(true) {
        return None;
    }
    let others = files::others(path).ok().flatten().map_or("read", |_| "read and replace");
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    Some(format!(
        "the disk of {} keeps no file modes, as FAT, exFAT and many shares: other users of this machine can {others} what \
         the server keeps, and whoever has the key in {IDENTITY} can pass for this server: move the folder to a disk that \
         keeps modes, or mount this one for the server's user alone (uid=, umask=077)",
        path.display()
    ))
}

/// What systems put at the root of a disk by themselves, beside names that begin with a dot or a dollar sign.
const OF_THE_DISK: [&str; 2] = ["lost+found", "System Volume Information"];

/// Whether systems put something of that name at the root of a disk by themselves: a folder that holds nothing else is empty.
pub(crate) fn is_of_the_disk(name: &str) -> bool {
    name.starts_with(['.', '$']) || OF_THE_DISK.contains(&name)
}

/// Locks the folder's file.
fn take(path: &Path) -> Result<File, String> {
    let name = path.join(LOCK);
    // Private: whoever else may open it could lock it and keep the server from starting.
    let lock =
        files::append_private(&name).map_err(|e| format!("can't open {}: {}", name.display(), reason::of_file(&e)))?;
    match hold(&name, &lock) {
        Ok(()) => Ok(lock),
        Err(Unheld::LetGo) => Err(format!("another program has just let go of {}: try it again", path.display())),
        Err(Unheld::ByAnother) if [ARRIVING, ARRIVED].iter().any(|name| path.join(name).exists()) => {
            Err(format!("{}, or name another folder with --data-dir", at_work(path)))
        }
        Err(Unheld::ByAnother) => Err(format!(
            "a homeroom-server is running on {}: stop it first, or name another folder with --data-dir",
            fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display()
        )),
        Err(Unheld::Unlockable(e)) => Err(format!("can't lock {}: {}", name.display(), Reason(&e))),
    }
}

/// That a restore is running in the folder, and what to do.
pub(crate) fn at_work(path: &Path) -> String {
    format!("a restore into {} is running: wait for its end", path.display())
}

/// Whether a server, or a command that changes something, holds the folder at this moment. For those who only look at it.
pub(crate) fn is_held(path: &Path) -> bool {
    let Ok(lock) = files::open(&path.join(LOCK), Access::Read) else { return false };
    // Shared, so that whoever else looks finds the same; and given back at once.
    matches!(FileExt::try_lock_shared(&lock), Err(TryLockError::WouldBlock))
}

/// A data folder that this process holds.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Locked as long as it's open; the system unlocks it also after a crash.
    lock: Mutex<File>,
}

impl Folder {
    /// Makes the folder if there is none, and takes it.
    ///
    /// # Errors
    /// Another server has it, or the system says no.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        files::create_folder(path)
            .map_err(|e| format!("can't make the folder {}: {}", path.display(), reason::of_file(&e)))?;
        close(path)?;
        Ok(Self { path: path.to_owned(), lock: Mutex::new(take(path)?) })
    }

    /// Takes the folder anew where another program has removed the lock's file: else a second server could take it. What
    /// there is to be told about that.
    ///
    /// # Errors
    /// A second server has, or it can't be taken.
    pub(crate) fn look(&self) -> Result<Option<String>, String> {
        let mut held = lock(&self.lock);
        if files::leads_to(&self.path.join(LOCK), &held) {
            return Ok(None);
        }
        *held =
            take(&self.path).map_err(|why| format!("this server no longer has its data folder to itself: {why}"))?;
        Ok(Some(format!("another program has removed {LOCK}: it is made anew")))
    }

    /// Whether there still is a key for the next start.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn look_for_identity(&self) -> Result<Option<String>, String> {
        if self.path.join(IDENTITY).exists() {
            return Ok(None);
        }
        Err(format!(
            "{IDENTITY} is gone: the next start would make another key, which no join link and no client knows; put a copy \
             of it back"
        ))
    }

    /// Puts another `identity.p12` in the place of the one that is there.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn replace_identity(&self, file: &[u8]) -> Result<(), String> {
        let path = self.path.join(IDENTITY);
        files::replace(&path, file).map_err(|e| format!("can't write {}: {}", path.display(), reason::of_file(&e)))
    }

    /// The accounts.
    pub(crate) fn users(&self) -> PathBuf {
        self.path.join(USERS)
    }

    /// Where `seq` goes on.
    pub(crate) fn sequence(&self) -> PathBuf {
        self.path.join(SEQUENCE)
    }

    /// The tokens.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.path.join(TOKENS)
    }

    /// What is known of time.
    pub(crate) fn clock(&self) -> PathBuf {
        self.path.join(CLOCK)
    }

    /// What the room talks about.
    pub(crate) fn topic(&self) -> PathBuf {
        self.path.join(TOPIC)
    }

    /// The other rooms.
    pub(crate) fn rooms(&self) -> PathBuf {
        self.path.join(ROOMS)
    }

    /// What holds in a lesson.
    pub(crate) fn lesson(&self) -> PathBuf {
        self.path.join(LESSON)
    }

    /// Who is being erased.
    pub(crate) fn erasing(&self) -> PathBuf {
        self.path.join(ERASING)
    }

    /// The audit log.
    pub(crate) fn audit(&self) -> PathBuf {
        self.path.join(AUDIT)
    }

    /// The journal's folder.
    pub(crate) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// The message of the day.
    pub(crate) fn motd(&self) -> PathBuf {
        self.path.join(MOTD)
    }

    /// The folder of the programs that are given out.
    #[cfg(feature = "web")]
    pub(crate) fn programs(&self) -> PathBuf {
        self.path.join(PROGRAMS)
    }

    /// The bytes of `identity.p12`, which `make` makes if there is none.
    ///
    /// # Errors
    /// The file can't be read or written, or made.
    pub(crate) fn identity(&self, make: impl FnOnce() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
        let path = self.path.join(IDENTITY);
        match files::read_private(&path) {
            Ok(bytes) => Ok(bytes),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let bytes = make()?;
                self.replace_identity(&bytes)?;
                Ok(bytes)
            }
            Err(e) => Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        }
    }
}
