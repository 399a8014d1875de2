//! The data folder: everything a server keeps, held by one process at a time.

use crate::files;
use fs4::{FileExt, TryLockError};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The server's key and certificate.
pub(super) const IDENTITY: &str = "identity.p12";

/// The accounts.
pub(super) const USERS: &str = "users.json";
/// The journal's folder.
pub(super) const JOURNAL: &str = "journal";
/// Where `seq` goes on.
pub(super) const SEQUENCE: &str = "sequence";
/// The tokens.
pub(super) const TOKENS: &str = "tokens.jsonl";
/// What the room talks about.
pub(super) const TOPIC: &str = "topic.json";

/// A data folder that this process holds.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Locked as long as it's open; the system unlocks it also after a crash.
    _lock: File,
}

impl Folder {
    /// Makes the folder if there is none, and takes it.
    ///
    /// # Errors
    /// Another server has it, or the system says no.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        fs::create_dir_all(path).map_err(|e| format!("can't make the folder {}: {e}", path.display()))?;
        let name = path.join("homeroom.lock");
        let lock = match files::create_private(&name) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => OpenOptions::new().write(true).open(&name),
            made => made,
        };
        let lock = lock.map_err(|e| format!("can't open {}: {e}", name.display()))?;
        // Whoever else may open it could lock it and keep the server from starting.
        files::make_private(&name).map_err(|e| format!("can't make {} private: {e}", name.display()))?;
        match FileExt::try_lock(&lock) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(format!(
                "a homeroom-server is running on {}: stop it first, or name another folder with --data-dir",
                fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display()
            )),
            Err(TryLockError::Error(e)) => Err(format!("can't lock {}: {e}", name.display())),
        }
    }

    /// The accounts.
    pub(super) fn users(&self) -> PathBuf {
        self.path.join(USERS)
    }

    /// Where `seq` goes on.
    pub(super) fn sequence(&self) -> PathBuf {
        self.path.join(SEQUENCE)
    }

    /// The tokens.
    pub(super) fn tokens(&self) -> PathBuf {
        self.path.join(TOKENS)
    }

    /// What the room talks about.
    pub(super) fn topic(&self) -> PathBuf {
        self.path.join(TOPIC)
    }

    /// The audit log.
    pub(super) fn audit(&self) -> PathBuf {
        self.path.join("audit.jsonl")
    }

    /// The journal's folder.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// The message of the day.
    pub(super) fn motd(&self) -> PathBuf {
        self.path.join("motd.txt")
    }

    /// The bytes of `identity.p12`, which `make` makes if there is none.
    ///
    /// # Errors
    /// The file can't be read or written, or made.
    pub(super) fn identity(&self, make: impl FnOnce() -> Result<Vec<u8>, String>) -> Result<Vec<u8>, String> {
        let path = self.path.join(IDENTITY);
        match fs::read(&path) {
            Ok(bytes) => {
                files::make_private(&path).map_err(|e| format!("can't make {} private: {e}", path.display()))?;
                Ok(bytes)
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let bytes = make()?;
                files::replace(&path, &bytes).map_err(|e| format!("can't write {}: {e}", path.display()))?;
                Ok(bytes)
            }
            Err(e) => Err(format!("can't read {}: {e}", path.display())),
        }
    }
}
