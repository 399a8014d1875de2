//! Who may put files into a folder: in one that holds secrets nobody but its owner and root.

use super::modes;
use super::place::{OTHERS_WRITE, STICKY, is_trusted, me, open_folder};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Takes the right to write from everyone but the owner, where the folder is ours and its disk keeps modes.
///
/// # Errors
/// It is not ours, or is there for everyone as /tmp is; or what the system says.
pub(crate) fn shut_out(folder: &Path) -> io::Result<()> {
    let open = open_folder(folder)?;
    let found = open.metadata()?;
    let Some(why) = others_in(&found) else { return Ok(()) };
    let mode = found.mode() & 0o7777;
    let refused = || io::Error::new(io::ErrorKind::PermissionDenied, why.clone());
    if is_somebody_elses(&found) || mode & STICKY != 0 {
        return Err(refused());
    }
    let mode = modes::change(&open, mode & !OTHERS_WRITE, folder).map_err(|_| refused())? & 0o7777;
    if mode & OTHERS_WRITE == 0 {
        log::warn!("{}: {why}; its mode is now {mode:o}", folder.display());
    }
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
    if is_somebody_elses(found) {
        return Some(format!("it belongs to somebody else (uid {}), who can put files there", found.uid()));
    }
    let mode = found.mode() & 0o7777;
    (mode & OTHERS_WRITE != 0).then(|| format!("others can put files there (mode {mode:o})"))
}

/// Neither ours nor root's; and root may use everybody's.
fn is_somebody_elses(found: &Metadata) -> bool {
    !is_trusted(found.uid()) && me() != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

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
