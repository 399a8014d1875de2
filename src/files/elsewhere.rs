//! A name in a folder, where the system has other ways than Unix: files take their rights from their folder there, and
//! whoever makes a symbolic link is an administrator.

use super::Access;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// So many links are followed one after the other, as where there are more of them.
const LINKS_MAX: usize = 8;

/// A name in a folder.
#[derive(Debug)]
pub(super) struct Place(PathBuf);

/// A folder, by its name: one that is open can't be held against what becomes of that.
#[derive(Debug)]
pub(super) struct Anchor(PathBuf);

impl Anchor {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        fs::read_dir(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(super) fn folder(&self, name: &str) -> io::Result<Self> {
        let path = self.0.join(name);
        match fs::create_dir(&path) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        Self::open(&path)
    }

    pub(super) fn is_at(&self, path: &Path) -> bool {
        path.is_dir()
    }

    pub(super) fn place(&self, name: &str) -> io::Result<Place> {
        Ok(Place(self.0.join(name)))
    }

    /// As that of a [`Place`].
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Place {
    /// What this path names.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self(path.to_owned()))
    }

    /// This name with `suffix` behind it, in the same folder.
    pub(super) fn beside(&self, suffix: &str) -> io::Result<Self> {
        let name = super::name_of(&self.0)?;
        Ok(Self(self.0.with_file_name(super::with_suffix(name, suffix))))
    }

    /// Where a link leads, for whoever puts another file there: the link is to stay. What is no link is its own place.
    pub(super) fn followed(self) -> io::Result<Self> {
        let mut path = self.0;
        for _ in 0..LINKS_MAX {
            let Ok(target) = fs::read_link(&path) else { return Ok(Self(path)) };
            // One that begins at the root stands for itself.
            path = path.parent().unwrap_or(Path::new("")).join(target);
        }
        Err(io::Error::other("it is a symbolic link to a link, and so on"))
    }

    /// Opens the file that is there.
    pub(super) fn open(&self, access: Access, _special: bool) -> io::Result<File> {
        let mut options = OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            // Whoever appends on Windows can't cut.
            Access::Write | Access::Grow => options.write(true),
            Access::ReadWrite => options.read(true).write(true),
            Access::Append => options.append(true),
        };
        options.open(&self.0)
    }

    /// Makes a file.
    pub(super) fn create(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(&self.0)
    }

    /// Makes a folder.
    pub(super) fn create_folder(&self) -> io::Result<()> {
        fs::create_dir(&self.0)
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.0)
    }

    pub(super) fn rename(&self, to: &Self) -> io::Result<()> {
        fs::rename(&self.0, &to.0)
    }

    /// Windows can't sync a folder; its renames are journalled by NTFS.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        Ok(())
    }
}
