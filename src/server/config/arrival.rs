//! What is to become a data folder, and isn't one yet. Nobody starts on it, and nobody takes anything from it.
//!
//! A restore is made in a folder of its own inside the empty one, and put in place once all of it is there, is right, and is on the
//! disk. There are two names. [`ARRIVING`] is being filled: it holds nothing that anybody may use, and no server starts beside it.
//! [`ARRIVED`] is whole: whoever takes the folder next puts what is in it in place. One becomes the other by one rename. So
//! whenever the process or the machine dies, the folder is as good as empty, or as good as full. (Another folder in the place
//! of this one would be one step. But it may be where a disk is mounted, a link, or one in a folder that isn't ours.)
//!
//! A mirror comes file by file, and says in its mark ([`MIRROR_OF`]) that its first copy isn't complete. It lacks whatever hasn't
//! come, so a server that began on it would be another one.

use super::folder::{ARRIVED, ARRIVING, IDENTITY, MIRROR_OF, at_work, is_held};
use crate::faults;
use crate::files;
use crate::reason;
use serde::Deserialize;
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
    /// It is a mirror, or a copy of one, whose first copy was never complete.
    Unfinished,
}

/// What a mirror's mark says of that.
#[derive(Deserialize)]
struct MirrorOf {
    #[serde(default)]
    unfinished: bool,
}

impl Arrival {
    /// Of a data folder. None where all is in its place, or nothing was ever brought.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let is_there = |name: &str| fs::symlink_metadata(folder.join(name)).is_ok();
        // The one that is whole was there first.
        let restored = is_there(ARRIVED).then_some(Self::Waits).or_else(|| is_there(ARRIVING).then_some(Self::CutOff));
        restored.or_else(|| is_unfinished(folder).then_some(Self::Unfinished))
    }

    /// What that means, and what to do. `is_held`: by somebody else, who is at it.
    pub(crate) fn told(self, folder: &Path, is_held: bool) -> String {
        let shown = folder.display();
        match self {
            Self::CutOff | Self::Waits if is_held => at_work(folder),
            Self::CutOff => format!(
                "a restore into {shown} was cut off, and nothing of it is in place: do it again with `homeroom-server \
                 restore FILE`, or remove {ARRIVING} there for a new beginning"
            ),
            Self::Waits => format!(
                "a restore into {shown} is whole, and was cut off before all was in its place: the next start sees to that"
            ),
            Self::Unfinished if is_held => format!(
                "{shown} is a mirror whose first copy isn't complete yet, and a server is at it: wait until that has everything \
                 there, or use the data folder whose mirror it is"
            ),
            Self::Unfinished => format!(
                "{shown} is a mirror whose first copy was never complete, so it lacks what hadn't come: start on the data folder \
                 whose mirror it is, which completes it; where that is lost, restore a backup into an empty folder; only to go \
                 on with the part that is there, remove {MIRROR_OF} from it"
            ),
        }
    }
}

fn is_unfinished(folder: &Path) -> bool {
    let mark = files::read(&folder.join(MIRROR_OF)).ok();
    mark.and_then(|text| serde_json::from_slice(&text).ok()).is_some_and(|mark: MirrorOf| mark.unfinished)
}

/// For whoever doesn't hold the folder: what there is to say of one that isn't whole.
pub(crate) fn told(folder: &Path) -> Option<String> {
    Arrival::of(folder)?;
    let is_held = is_held(folder);
    // Whoever held it may have come to its end before that was asked.
    Arrival::of(folder).map(|arrival| arrival.told(folder, is_held))
}

/// Puts what has arrived in its place, if anything has. Whoever does it holds the folder.
///
/// # Errors
/// What is there isn't whole; or what the system says.
pub(crate) fn finish(folder: &Path) -> Result<(), String> {
    match Arrival::of(folder) {
        None => Ok(()),
        Some(lacks @ (Arrival::CutOff | Arrival::Unfinished)) => Err(lacks.told(folder, false)),
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
