//! How the file of a lock is held: that of the data folder, and that of a mirror.

use crate::files;
use fs4::{FileExt, TryLockError};
use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often a lock is tried again: somebody may only be [looking](super::folder::is_held) whether it is held, for some µs.
const LOOKS_MAX: usize = 2;
/// And after how long.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// Why a lock isn't held.
#[derive(Debug)]
pub(crate) enum Unheld {
    /// Another process holds it.
    ByAnother,
    /// Another process held it, and has cleared it away between opening and locking.
    LetGo,
    /// Its disk knows no locks, or the system says no.
    Unlockable(io::Error),
}

/// Locks a lock's file, of this name and open as this, for as long as it is open. The system unlocks it also after a crash.
///
/// # Errors
/// [`Unheld`].
pub(crate) fn hold(name: &Path, lock: &File) -> Result<(), Unheld> {
    hold_after(name, lock, || thread::sleep(LOOK_PAUSE))
}

fn hold_after(name: &Path, lock: &File, mut pause: impl FnMut()) -> Result<(), Unheld> {
    for attempt in 0.. {
        match FileExt::try_lock(lock) {
            Ok(()) if files::leads_to(name, lock) => return Ok(()),
            Ok(()) => return Err(Unheld::LetGo),
            Err(TryLockError::WouldBlock) if attempt < LOOKS_MAX => pause(),
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(e)) => return Err(Unheld::Unlockable(e)),
        }
    }
    Err(Unheld::ByAnother)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn whoever_only_looks_is_waited_for_and_whoever_holds_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("lock");
        let open = || File::options().create(true).append(true).open(&name).unwrap();
        let (lock, looking) = (open(), open());
        FileExt::try_lock_shared(&looking).unwrap();
        let mut looks = Some(looking);
        hold_after(&name, &lock, || drop(looks.take())).unwrap();
        let mut pauses = 0;
        let held = hold_after(&name, &open(), || pauses += 1);
        assert!(matches!(held, Err(Unheld::ByAnother)) && pauses == LOOKS_MAX, "{held:?} {pauses}");
        drop(lock);
        let lock = open();
        fs::remove_file(&name).unwrap();
        let held = hold_after(&name, &lock, || {});
        assert!(matches!(held, Err(Unheld::LetGo)), "{held:?}");
    }
}
