//! A name in a folder that is held open: nobody can put another folder there between two steps, and no link is followed
//! that somebody else may have made.

use super::Access;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat, renameat};
use nix::sys::stat::{Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// Whoever isn't the owner of a file or folder may write it.
pub(super) const OTHERS_WRITE: u32 = 0o022;
/// Everyone may make files there, and nobody touches those of others: as in /tmp.
pub(super) const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;
/// So many links are followed one after the other: the fewest that POSIX has every system follow (`_POSIX_SYMLOOP_MAX`).
const LINKS_MAX: usize = 8;

/// A name in a folder.
#[derive(Debug)]
pub(super) struct Place {
    folder: File,
    name: OsString,
}

/// A folder that is held open.
#[derive(Debug)]
pub(super) struct Anchor(File);

impl Anchor {
    /// Opens one that is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        open_folder(path).map(Self)
    }

    /// One in it, made where there is none.
    pub(super) fn folder(&self, name: &str) -> io::Result<Self> {
        match make_folder_in(&self.0, name.as_ref()) {
            Err(Errno::EEXIST) => {}
            made => made?,
        }
        open_folder_in(&self.0, name.as_ref()).map(Self)
    }

    /// Whether a path leads to it.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        super::leads_to(path, &self.0)
    }

    /// A name in it.
    pub(super) fn place(&self, name: &str) -> io::Result<Place> {
        Ok(Place { folder: self.0.try_clone()?, name: name.into() })
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl Place {
    /// What this path names. Its folder must be there.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let name = super::name_of(path)?.to_owned();
        Ok(Self { folder: open_folder(super::folder_of(path))?, name })
    }

    /// This name with `suffix` behind it, in the same folder.
    pub(super) fn beside(&self, suffix: &str) -> io::Result<Self> {
        Ok(Self { folder: self.folder.try_clone()?, name: super::with_suffix(&self.name, suffix) })
    }

    /// Where a link leads, for whoever puts another file there: the link is to stay. What is no link, or one that may not be
    /// followed, is its own place.
    pub(super) fn followed(self) -> io::Result<Self> {
        let mut place = self;
        for _ in 0..LINKS_MAX {
            if !place.is_link() || place.may_be_followed().is_err() {
                return Ok(place);
            }
            place = place.target()?;
        }
        Err(io::Error::other("it is a symbolic link to a link, and so on"))
    }

    /// What a link names. What root makes in somebody's folder becomes theirs, so it must be one of whoever runs this.
    fn target(&self) -> io::Result<Self> {
        let path = PathBuf::from(readlinkat(&self.folder, &*self.name)?);
        let name = path.file_name().ok_or_else(|| io::Error::other("it is a symbolic link to a folder"))?;
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = File::from(openat(&self.folder, super::folder_of(&path), flags, Mode::empty())?);
        if !is_trusted(folder.metadata()?.uid()) {
            return Err(denied("it is a symbolic link into somebody else's folder"));
        }
        Ok(Self { folder, name: name.to_owned() })
    }

    /// Opens the file that is there. With `special` it may be a terminal or a pipe too.
    pub(super) fn open(&self, access: Access, special: bool) -> io::Result<File> {
        let mut flags = OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        flags |= match access {
            Access::Read => OFlag::O_RDONLY,
            Access::Write => OFlag::O_WRONLY,
            Access::ReadWrite => OFlag::O_RDWR,
            Access::Append | Access::Grow => OFlag::O_WRONLY | OFlag::O_APPEND,
        };
        if !special {
            // A pipe that somebody put there would be waited for.
            flags |= OFlag::O_NONBLOCK;
        }
        let at = |flags| openat(&self.folder, &*self.name, flags, Mode::empty()).map(File::from);
        let file = match at(flags | OFlag::O_NOFOLLOW) {
            Err(_) if self.is_link() => {
                let file = self.may_be_followed().and_then(|()| Ok(at(flags)?))?;
                if !is_trusted(file.metadata()?.uid()) {
                    return Err(denied("it is a symbolic link to somebody else's file"));
                }
                file
            }
            opened => {
                let (file, folder) = (opened?, self.folder.metadata()?);
                let found = file.metadata()?;
                if found.is_file() && found.nlink() > 1 && found.uid() != folder.uid() {
                    return Err(denied("it is a second name of somebody else's file"));
                }
                file
            }
        };
        if !special && !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        Ok(file)
    }

    /// Makes a file, for its owner alone from the first moment where the disk keeps modes.
    pub(super) fn create(&self) -> io::Result<File> {
        let mut flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CLOEXEC;
        flags |= OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW;
        let mode = Mode::from_bits_truncate(super::modes::of_new(0o600) as _);
        let file = File::from(openat(&self.folder, &*self.name, flags, mode)?);
        self.give_to_owner_of_folder(&file);
        Ok(file)
    }

    /// Makes a folder, as [`create`](Self::create) a file.
    pub(super) fn create_folder(&self) -> io::Result<()> {
        make_folder_in(&self.folder, &self.name)?;
        self.give_to_owner_of_folder(&open_folder_in(&self.folder, &self.name)?);
        Ok(())
    }

    /// What root makes in somebody's folder is theirs: else a service could not read what `sudo homeroom-server …` or a
    /// hook of certbot put there. Where the system doesn't allow it, the file is its maker's as ever.
    fn give_to_owner_of_folder(&self, file: &File) {
        let (Ok(folder), Ok(before)) = (self.folder.metadata(), file.metadata()) else { return };
        if folder.uid() != before.uid() {
            let _ = fchown(file, Some(folder.uid()), Some(folder.gid()));
        }
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        Ok(unlinkat(&self.folder, &*self.name, UnlinkatFlags::NoRemoveDir)?)
    }

    pub(super) fn rename(&self, to: &Self) -> io::Result<()> {
        Ok(renameat(&self.folder, &*self.name, &to.folder, &*to.name)?)
    }

    pub(super) fn sync_folder(&self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn is_link(&self) -> bool {
        let found = fstatat(&self.folder, &*self.name, AtFlags::AT_SYMLINK_NOFOLLOW);
        found.is_ok_and(|found| SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFLNK)
    }

    fn may_be_followed(&self) -> io::Result<()> {
        let link = fstatat(&self.folder, &*self.name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        may_be_followed(link.st_uid, &self.folder.metadata()?)
    }
}

/// Opens a folder, to be read or synced. A link to one is followed only where nobody else may have made it.
pub(super) fn open_folder(path: &Path) -> io::Result<File> {
    let open =
        |flags: OFlag| OpenOptions::new().read(true).custom_flags((flags | OFlag::O_DIRECTORY).bits()).open(path);
    match (open(OFlag::O_NOFOLLOW), fs::symlink_metadata(path)) {
        (Err(_), Ok(link)) if link.is_symlink() => {
            may_be_followed(link.uid(), &fs::metadata(super::folder_of(path))?)?;
            open(OFlag::empty())
        }
        (opened, _) => opened,
    }
}

/// Makes a folder, for its owner alone, in one that is held open.
fn make_folder_in(folder: &File, name: &OsStr) -> nix::Result<()> {
    mkdirat(folder, name, Mode::from_bits_truncate(super::modes::of_new(0o700) as _))
}

/// Opens a folder in one that is held open, without following a link.
fn open_folder_in(folder: &File, name: &OsStr) -> io::Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?.into())
}

/// A link is followed where it was made by whoever runs this, or by root, in a folder where nobody else could put another
/// in its place. So root follows none in a service's folder.
fn may_be_followed(owner: u32, folder: &fs::Metadata) -> io::Result<()> {
    let shared = folder.mode() & OTHERS_WRITE != 0 && folder.mode() & STICKY == 0;
    if !is_trusted(owner) || !is_trusted(folder.uid()) || shared {
        return Err(denied("it is a symbolic link that somebody else could have made"));
    }
    Ok(())
}

/// Whoever runs this, and root, who can do everything anyway.
pub(super) fn is_trusted(uid: u32) -> bool {
    uid == ROOT || uid == me()
}

/// Whoever runs this.
pub(super) fn me() -> u32 {
    geteuid().as_raw()
}

fn denied(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

#[cfg(test)]
#[path = "links.rs"]
mod tests;
