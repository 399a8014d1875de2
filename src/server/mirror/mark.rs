//! By what a data folder and its mirror know each other: a number made by chance, in `mirror.json` in the one and in
//! `mirror-of.json` in the other.
//!
//! The first tells that there is a mirror, so that an empty folder in its place is taken for a disk that isn't mounted, and
//! not for a mirror that is to be filled. The second tells that a folder is a copy: a server that is started on it turns it
//! into a data folder of its own, which no other server takes for its mirror any more.

use crate::files::{self, Access, Held, SUCCESSOR};
use crate::hex::Hex;
use crate::reason::{self, Reason};
use crate::server::config::contents::SEQ_LEAP;
use crate::server::config::folder::{MIRROR, MIRROR_OF, SEQUENCE, SPARE};
use crate::server::timeline::Sequence;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::Path;

/// What either file says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Mark {
    /// The same in both.
    pub(super) id: String,
    /// Where the mirror was, as people read it. Only in the data folder, once it was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) folder: Option<String>,
    /// Its first copy isn't complete, which [`arrival`](crate::server::config::arrival) reads too. Only in the mirror; one from before this was written was whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) unfinished: bool,
}

/// How many bytes a mark has at most: the longest path that Linux takes, and its frame.
const MARK_BYTES_MAX: u64 = 8 * 1024;

impl Mark {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub(super) fn new() -> io::Result<Self> {
        let mut id = [0; 32];
        getrandom::fill(&mut id).map_err(|_| io::Error::other("the system has no randomness to give"))?;
        Ok(Self { id: Hex(&id).to_string(), folder: None, unfinished: false })
    }

    /// Whether the mirror was there.
    pub(super) fn was_at(&self, path: &Path) -> bool {
        self.folder.as_deref() == Some(&*path.to_string_lossy())
    }

    /// That of a data folder, if it ever had a mirror.
    ///
    /// # Errors
    /// It can't be read, or is none; with what to do.
    pub(super) fn of_folder(data_dir: &Path) -> Result<Option<Self>, String> {
        let path = data_dir.join(MIRROR);
        let wrong = |why: &str| {
            format!("{} {why}; where the mirror is to begin anew in an empty folder, remove that file", path.display())
        };
        match files::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(wrong(&format!("can't be read: {}", reason::of_file(&e)))),
            Ok(text) => {
                serde_json::from_slice(&text).map(Some).map_err(|e| wrong(&format!("is damaged: {}", Reason(&e))))
            }
        }
    }

    /// Writes it into a data folder.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn keep(&self, data_dir: &Path) -> io::Result<()> {
        files::replace(&data_dir.join(MIRROR), &serde_json::to_vec(&Self { unfinished: false, ..self.clone() })?)
    }

    /// That of a mirror. None where there is none, or none that can be read as one.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn of_mirror(mirror: &Held) -> io::Result<Option<Self>> {
        let mut text = Vec::new();
        match mirror.file(MIRROR_OF, Access::Read) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?.take(MARK_BYTES_MAX).read_to_end(&mut text)?,
        };
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Writes it into a mirror.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn put(&self, mirror: &Held) -> io::Result<()> {
        let mut file = mirror.successor(SUCCESSOR, MIRROR_OF)?;
        file.write(&serde_json::to_vec(&Self { folder: None, ..self.clone() })?)?;
        file.sync()?;
        file.take_place()?;
        mirror.sync()
    }
}

/// Makes a data folder of its own out of a mirror, or a copy of one, before a server begins on it. It goes on further ahead
/// than the mirror knows, since that may have been behind: no seq that anybody was shown is given out again. The mirror of
/// which it is a copy may be its own from now on. What there is to be told about that.
///
/// # Errors
/// A file can't be read or written.
pub(crate) fn promote(data_dir: &Path) -> Result<Option<String>, String> {
    let path = data_dir.join(MIRROR_OF);
    if matches!(path.try_exists(), Ok(false)) {
        return Ok(None);
    }
    let failed =
        |name: &str, e: &io::Error| format!("can't make a data folder of this mirror: {name}: {}", reason::of_file(e));
    let text = files::read(&path).map_err(|e| failed(MIRROR_OF, &e))?;
    // A data folder has no use for it; and where there is no room, this makes some.
    let _ = files::remove(&data_dir.join(SPARE));
    Sequence::leap(&data_dir.join(SEQUENCE), 0, SEQ_LEAP)?;
    // Each step may be done twice, should the server die in between.
    if let Ok(mark) = serde_json::from_slice::<Mark>(&text) {
        mark.keep(data_dir).map_err(|e| failed(MIRROR, &e))?;
    }
    files::remove(&path).and_then(|()| files::sync_folder(&path)).map_err(|e| failed(MIRROR_OF, &e))?;
    Ok(Some(format!(
        "{} was the mirror of another folder: it's a data folder of its own now, and goes on where the mirror ended",
        data_dir.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::arrival;
    use std::fs;

    #[test]
    fn a_mirror_becomes_a_data_folder_once() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(promote(folder.path()), Ok(None));
        let mark = Mark::new().unwrap();
        assert_ne!(mark, Mark::new().unwrap());
        let held = Held::open(folder.path()).unwrap();
        Mark { unfinished: true, ..mark.clone() }.put(&held).unwrap();
        let told = arrival::told(folder.path()).unwrap();
        assert!(told.contains("which completes it") && !told.contains("  "), "{told}");
        mark.put(&held).unwrap();
        fs::write(folder.path().join(SEQUENCE), "7\n").unwrap();
        fs::write(folder.path().join(SPARE), "").unwrap();
        assert_eq!(Mark::of_mirror(&held).unwrap().as_ref(), Some(&mark));
        assert_eq!(arrival::told(folder.path()), None);
        assert!(promote(folder.path()).unwrap().is_some());
        assert_eq!(Mark::of_mirror(&held).unwrap(), None);
        assert!(!folder.path().join(SPARE).exists());
        assert_eq!(Mark::of_folder(folder.path()), Ok(Some(mark)));
        assert_eq!(Sequence::peek(&folder.path().join(SEQUENCE)), Ok(7 + SEQ_LEAP));
        assert_eq!(promote(folder.path()), Ok(None));
        fs::write(folder.path().join(MIRROR), "").unwrap();
        assert!(Mark::of_folder(folder.path()).unwrap_err().contains("is damaged"));
    }
}
