//! Modes: what is for its owner alone. Disks that know none (FAT, exFAT, many shares) take every change and keep their
//! own, or refuse it; so whoever changes a mode looks again. That such a disk is in use is told once, by whoever opens the
//! data folder (`keeps_modes`), and not for each file.

#[cfg(unix)]
use super::place::{me, open_folder};
#[cfg(unix)]
use super::{folder_of, keeps_modes};
#[cfg(unix)]
use crate::faults;
use std::fs::File;
#[cfg(unix)]
use std::fs::Permissions;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// What whoever isn't the owner may do.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Takes the rights of everyone but the owner away where a file or folder that is open has any, as far as its disk keeps
/// modes. It's called `path`.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub(crate) fn make_private(file: &File, path: &Path) -> io::Result<()> {
    let before = file.metadata()?.mode() & 0o777;
    if before & OTHERS == 0 {
        return Ok(());
    }
    let after = change(file, before & !OTHERS, folder_of(path))? & 0o777;
    let path = path.display();
    if after & OTHERS == 0 {
        log::warn!("{path} was open to others (mode {before:o}): its mode is now {after:o}");
    } else {
        log::debug!("{path} stays open to others (mode {after:o}): its disk keeps no modes");
    }
    Ok(())
}

/// Elsewhere the folder's own rights are what protects the file.
#[cfg(not(unix))]
pub(crate) fn make_private(_file: &File, _path: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a folder that is there private, as [`make_private`].
///
/// # Errors
/// What the system says; or it is a link that may not be followed.
#[cfg(unix)]
pub(crate) fn make_folder_private(path: &Path) -> io::Result<()> {
    make_private(&open_folder(path)?, path)
}

/// Elsewhere it has its rights from the one that it's in.
#[cfg(not(unix))]
pub(crate) fn make_folder_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a file is for its owner alone.
#[cfg(unix)]
pub(super) fn is_private(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.mode() & OTHERS == 0)
}

/// Elsewhere that can't be told, and is the folder's concern.
#[cfg(not(unix))]
pub(super) fn is_private(_file: &File) -> io::Result<bool> {
    Ok(true)
}

/// Changes a mode and gives the one that it has then: on a disk that keeps none, the one that it had. `folder` is on the
/// same disk.
///
/// # Errors
/// The file is somebody else's, on a disk that keeps modes; or what the system says.
#[cfg(unix)]
pub(super) fn change(file: &File, mode: u32, folder: &Path) -> io::Result<u32> {
    let changed = faults::strike(FAULT).and_then(|()| file.set_permissions(Permissions::from_mode(mode)));
    let found = file.metadata()?;
    match changed {
        // Some disks ignore the wish, some refuse it; and there all that is made belongs to whoever the mount says.
        Err(e) if found.uid() != me() && keeps_modes(folder)? => Err(e),
        _ => Ok(found.mode()),
    }
}

/// The mode with which something is made.
#[cfg(unix)]
pub(super) fn of_new(mode: u32) -> u32 {
    if faults::strike(FAULT).is_ok() { mode } else { mode | mode >> 3 | mode >> 6 }
}

/// The disk keeps no modes: what is made is open to all, as far as the process' own mask allows, and stays so.
#[cfg(unix)]
const FAULT: &str = "mode.keep";

#[cfg(all(test, unix))]
mod tests {
    use super::super::{Access, open};
    use super::*;
    use std::fs;

    #[test]
    fn open_files_are_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let file = open(&path, Access::Read).unwrap();
        assert!(!is_private(&file).unwrap());
        make_private(&file, &path).unwrap();
        assert!(is_private(&file).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(super::super::keeps_modes(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "what was tried is gone");
    }
}
