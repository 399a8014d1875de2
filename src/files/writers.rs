//! Who may put files into a folder: in one that holds secrets nobody but its owner and root.

use super::place::{OTHERS_WRITE, STICKY, is_trusted, me, open_folder};
use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Takes the right to write from everyone but the owner, where the folder is ours.
///
/// # Errors
/// It is not ours, or is there for everyone as /tmp is; or what the system says.
pub(crate) fn shut_out(folder: &Path) -> io::Result<()> {
    let open = open_folder(folder)?;
    let found = open.metadata()?;
    let Some(why) = others_in(&found) else { return Ok(()) };
    let mode = found.mode() & 0o7777;
    let is_ours = found.uid() == me() || (me() == 0 && found.mode() & OTHERS_WRITE != 0);
    let to_be_refused = || io::Error::new(io::ErrorKind::PermissionDenied, why.clone());
    if !is_ours || mode & STICKY != 0 {
        return Err(to_be_refused());
    }
    open.set_permissions(Permissions::from_mode(mode & !OTHERS_WRITE))?;
    // A disk that knows no modes takes every one, and keeps none.
    if open.metadata()?.mode() & OTHERS_WRITE != 0 {
        return Err(to_be_refused());
    }
    log::warn!("{}: {why}; its mode is now {:o}", folder.display(), mode & !OTHERS_WRITE);
    Ok(())
}

/// Who but its owner and root can put files there; None where nobody can.
///
/// # Errors
/// What the system says.
pub(crate) fn others(folder: &Path) -> io::Result<Option<String>> {
    Ok(others_in(&open_folder(folder)?.metadata()?))
}

fn others_in(found: &Metadata) -> Option<String> {
    if !is_trusted(found.uid()) && me() != 0 {
        return Some(format!("it belongs to somebody else (uid {}), who can put files there", found.uid()));
    }
    let mode = found.mode() & 0o7777;
    (mode & OTHERS_WRITE != 0).then(|| format!("others can put files there (mode {mode:o})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_that_others_can_write_is_closed_to_them_where_it_is_ours() {
        let folder = tempfile::tempdir().unwrap();
        let set = |mode| fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let mode = || fs::metadata(folder.path()).unwrap().mode() & 0o7777;
        for (before, after) in [(0o777, 0o755), (0o770, 0o750), (0o702, 0o700), (0o755, 0o755), (0o700, 0o700)] {
            set(before);
            assert_eq!(others(folder.path()).unwrap().is_some(), before != after, "{before:o}");
            shut_out(folder.path()).unwrap();
            assert_eq!(mode(), after, "{before:o}");
        }
        set(0o1777);
        assert_eq!(shut_out(folder.path()).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(mode(), 0o1777, "what is there for everyone stays so");
    }
}
