//! A name in a folder, where the system has other ways than Unix: files take their rights from their folder there, and
//! whoever makes a symbolic link is an administrator.

use super::Access;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A name in a folder.
#[derive(Debug)]
pub(super) struct Place(PathBuf);

impl Place {
    /// What this path names.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self(path.to_owned()))
    }

    /// Another name in the same folder.
    pub(super) fn beside(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(self.0.with_file_name(name)))
    }

    /// Opens the file that is there.
    pub(super) fn open(&self, access: Access, _special: bool) -> io::Result<File> {
        let mut options = OpenOptions::new();
        match access {
            Access::Read => options.read(true),
            Access::Write => options.write(true),
            Access::Append => options.append(true),
        };
        options.open(&self.0)
    }

    /// Makes a file.
    pub(super) fn create(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(&self.0)
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
