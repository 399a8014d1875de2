//! A folder that is held open: whatever becomes of its name (its disk is taken away, and another folder shows up under that),
//! all that is done goes to this one.

use super::place::{Anchor, Place};
use super::{Access, Successor};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A folder.
#[derive(Debug)]
pub(crate) struct Held {
    path: PathBuf,
    anchor: Anchor,
}

impl Held {
    /// Opens a folder that is there.
    ///
    /// # Errors
    /// What the system says; or it is a link that may not be followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), anchor: Anchor::open(path)? })
    }

    /// Opens a folder in this one, and makes it where there is none.
    ///
    /// # Errors
    /// What the system says; or it is no folder.
    pub(crate) fn folder(&self, name: &str) -> io::Result<Self> {
        Ok(Self { path: self.path.join(name), anchor: self.anchor.folder(name)? })
    }

    /// By which name it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether that name still leads to it.
    pub(crate) fn is_there(&self) -> bool {
        self.anchor.is_at(&self.path)
    }

    /// Opens a file in it.
    ///
    /// # Errors
    /// As [`open`](super::open).
    pub(crate) fn file(&self, name: &str, access: Access) -> io::Result<File> {
        self.place(name)?.open(access, false)
    }

    /// Opens a file in it to append to, and makes it, for its owner alone, where there is none.
    ///
    /// # Errors
    /// As [`open`](super::open).
    pub(crate) fn append_private(&self, name: &str) -> io::Result<File> {
        match self.place(name)?.create() {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.file(name, Access::Append),
            made => made,
        }
    }

    /// Begins a file that is to take the place of one in it, or of none. A link is itself replaced.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn successor(&self, suffix: &str, name: &str) -> io::Result<Successor> {
        Successor::of(suffix, self.place(name)?)
    }

    /// Removes a file in it. True if there was one.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn remove(&self, name: &str) -> io::Result<bool> {
        self.place(name)?.remove_if_there()
    }

    /// What is in it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    /// Makes durable which names it has, where its disk can do that for a folder at all.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self.anchor.sync() {
            Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            synced => synced,
        }
    }

    fn place(&self, name: &str) -> io::Result<Place> {
        self.anchor.place(name)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::files::{SUCCESSOR, leads_to};
    use std::fs;
    use std::io::Write;

    #[test]
    fn what_is_done_goes_to_the_folder_and_not_to_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("f"), folder.path().join("moved"));
        fs::create_dir(&path).unwrap();
        let held = Held::open(&path).unwrap();
        assert!(held.is_there());
        fs::rename(&path, &moved).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(!held.is_there(), "another folder has its name");
        let mut successor = held.successor(SUCCESSOR, "a").unwrap();
        successor.write(b"x").unwrap();
        successor.take_place().unwrap();
        let mut inner = held.folder("in").unwrap().append_private("b").unwrap();
        inner.write_all(b"y").unwrap();
        assert!(leads_to(&moved.join("in/b"), &inner));
        held.folder("in").unwrap().append_private("b").unwrap().write_all(b"z").unwrap();
        held.sync().unwrap();
        assert_eq!(fs::read(moved.join("a")).unwrap(), b"x");
        assert_eq!(fs::read(moved.join("in/b")).unwrap(), b"yz");
        assert!(held.remove("a").unwrap() && !held.remove("a").unwrap());
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    }
}
