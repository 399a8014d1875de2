//! What is to become a data folder: made in a folder of its own inside the empty one, and put in place once all of it is there,
//! is right, and is on the disk.
//!
//! There are two names. [`ARRIVING`] is being filled: it holds nothing that anybody may use, and no server starts beside it.
//! [`ARRIVED`] is whole: whoever takes the folder next puts what is in it in place. One becomes the other by one rename. So
//! whenever the process or the machine dies, the folder is as good as empty, or as good as full. (Another folder in the place
//! of this one would be one step. But it may be where a disk is mounted, a link, or one in a folder that isn't ours.)

use super::folder::{ARRIVED, ARRIVING, IDENTITY};
use crate::faults;
use crate::files;
use crate::reason;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

/// What became of something that was brought.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// It isn't whole.
    CutOff,
    /// It is whole, and not, or not all, in its place.
    Waits,
}

impl Arrival {
    /// Of a data folder. None where all is in its place, or nothing was ever brought.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let is_there = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok();
        // The one that is whole was there first.
        is_there(ARRIVED).then_some(Self::Waits).or_else(|| is_there(ARRIVING).then_some(Self::CutOff))
    }

    /// What that means, and what to do.
    pub(crate) fn told(self, folder: &Path) -> String {
        let folder = folder.display();
        match self {
            Self::CutOff => format!(
                "a restore into {folder} was cut off, and nothing of it is in place: do it again with `homeroom-server \
                 restore FILE`, or remove {ARRIVING} there for a new beginning"
            ),
            Self::Waits => format!(
                "a restore into {folder} is whole, and was cut off before all was in its place: the next start sees to that"
            ),
        }
    }
}

/// Puts what has arrived in its place, if anything has. Whoever does it holds the folder.
///
/// # Errors
/// What is there isn't whole; or what the system says.
pub(crate) fn finish(folder: &Path) -> Result<(), String> {
    match Arrival::of(folder) {
        None => Ok(()),
        Some(cut_off @ Arrival::CutOff) => Err(cut_off.told(folder)),
        Some(Arrival::Waits) => put(folder).map_err(|e| {
            format!("can't put what was restored in its place in {}: {}", folder.display(), reason::of_file(&e))
        }),
    }
}

/// Says that what is arriving is whole: from now on it is what the folder holds.
///
/// # Errors
/// What the system says; then it isn't.
pub(crate) fn complete(folder: &Path) -> io::Result<()> {
    faults::strike("restore.whole")?;
    fs::rename(folder.join(ARRIVING), folder.join(ARRIVED))?;
    files::sync_folder(&folder.join(ARRIVED))
}

fn put(folder: &Path) -> io::Result<()> {
    let from = folder.join(ARRIVED);
    let mut names = fs::read_dir(&from)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<OsString>>>()?;
    // The key first, so that nobody who looks meanwhile thinks it lost.
    names.sort_by_key(|name| (name != IDENTITY, name.clone()));
    for name in names {
        faults::strike(&format!("restore.put.{}", name.to_string_lossy()))?;
        fs::rename(from.join(&name), folder.join(&name))?;
    }
    // All of it is here before the name goes under which it is looked for.
    files::sync_folder(&from)?;
    faults::strike("restore.end")?;
    fs::remove_dir(&from)?;
    files::sync_folder(&from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_is_put_in_place_from_wherever_it_had_come() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(finish(folder.path()), Ok(()));
        fs::create_dir_all(path(ARRIVING).join("journal")).unwrap();
        fs::write(path(ARRIVING).join("users.json"), "{}").unwrap();
        assert!(finish(folder.path()).unwrap_err().contains("cut off"));
        complete(folder.path()).unwrap();
        // Another one died behind the first of its steps.
        fs::write(path(IDENTITY), "x").unwrap();
        assert_eq!(Arrival::of(folder.path()), Some(Arrival::Waits));
        finish(folder.path()).unwrap();
        assert!(path("users.json").exists() && path("journal").is_dir() && path(IDENTITY).exists());
        assert!(!path(ARRIVED).exists() && Arrival::of(folder.path()).is_none());
    }
}
