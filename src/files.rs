//! Files that hold secrets: readable by their owner alone, and replaced whole or not at all.

use crate::faults;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Replaces `path` with `contents` so that a crash at any moment leaves the old file or the new one. For a file that
/// only this process writes.
///
/// # Errors
/// The first step that failed. The old file then still stands, unless it was the last one, which makes the new one
/// durable.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    replace_through(Path::new(&temporary), path, contents)
}

/// As [`replace`], for a change that is taken back where it fails: then the file is again what `before` says stood in it,
/// or there is none again. It's asked only then.
///
/// # Errors
/// The first step that failed.
pub(crate) fn replace_or_restore(
    path: &Path,
    contents: &[u8],
    before: impl FnOnce() -> Option<Vec<u8>>,
) -> io::Result<()> {
    replace(path, contents).inspect_err(|_| {
        // Only a failure of the last step leaves anything to restore. It fails here again, when that is done.
        if fs::read(path).is_ok_and(|now| now == contents) {
            let _ = match before() {
                Some(before) => replace(path, &before),
                None => fs::remove_file(path),
            };
        }
    })
}

/// As [`replace`], for a file that several processes may replace at once: each through a temporary file of its own.
///
/// The temporary file is written, synced and renamed over the other, and the folder is synced, in this order
/// (fsync(2): a rename is only durable once its folder is).
///
/// # Errors
/// As [`replace`].
pub(crate) fn replace_through(temporary: &Path, path: &Path, contents: &[u8]) -> io::Result<()> {
    // A leftover of a crash may have other modes: begin from nothing.
    match fs::remove_file(temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    faults::strike("replace.create")?;
    let file = create_private(temporary)?;
    faults::write_all("replace.write", &file, contents)?;
    faults::strike("replace.sync")?;
    file.sync_all()?;
    drop(file);
    faults::strike("replace.rename")?;
    fs::rename(temporary, path)?;
    faults::strike("replace.folder")?;
    sync_folder(path)
}

/// Creates a file that isn't there yet, with mode 0600 where there are modes.
///
/// # Errors
/// `AlreadyExists`, or what the system says.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    give_to_owner_of_folder(&file, path);
    Ok(file)
}

/// What root makes in somebody's folder is theirs: else a service could not read what `sudo homeroom-server …` or a hook
/// of certbot put there. Where the system doesn't allow it, the file is its maker's as ever.
#[cfg(unix)]
fn give_to_owner_of_folder(file: &File, path: &Path) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(folder), Ok(before)) = (fs::metadata(folder), file.metadata()) else { return };
    if folder.uid() != before.uid() {
        // Through the descriptor: whoever owns the folder could have put a link to another file at the path by now.
        let _ = fchown(file, Some(folder.uid()), Some(folder.gid()));
    }
}

/// Elsewhere files take their rights from their folder.
#[cfg(not(unix))]
fn give_to_owner_of_folder(_file: &File, _path: &Path) {}

/// Takes the rights of everyone but the owner away where the file or folder has any.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        log::warn!(
            "{} was open to others (mode {:o}): its mode is now {:o}",
            path.display(),
            mode & 0o777,
            mode & 0o700
        );
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// Elsewhere the folder's own rights are what protects the file.
#[cfg(not(unix))]
pub(crate) fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes durable that a file is in its folder, or no longer is.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Windows can't sync a folder; its renames are journalled by NTFS.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(folder.path().join("f.new"), "left by a crash").unwrap();
        for contents in ["one", "two"] {
            replace(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn open_files_are_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        make_private(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
