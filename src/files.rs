//! Files that hold secrets: readable by their owner alone, replaced whole or not at all, and never reached through a link
//! that somebody else may have made.
//!
//! Whoever can write a folder can put a symbolic link into it, and a program of root's that follows it does to another
//! file what was meant for this one. So each file is opened by its name in a folder that is held open, without following
//! ([`place`]); its mode is changed on what is open. A link that may be followed is followed also by what replaces a file:
//! the link stays, and leads to the new one.

mod growing;
mod held;
mod modes;
#[cfg_attr(not(unix), path = "files/elsewhere.rs")]
mod place;
mod stamp;
mod successor;
mod taken;
#[cfg(unix)]
mod writers;

pub(crate) use growing::Growing;
pub(crate) use held::Held;
pub(crate) use modes::{make_folder_private, make_private};
use place::Place;
pub(crate) use stamp::Stamp;
use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
pub(crate) use successor::{SUCCESSOR, Successor, remove_leftover};
pub(crate) use taken::{is_taken, taken, there};
#[cfg(unix)]
pub(crate) use writers::{others, shut_out};

/// What a file is opened for. None of them makes one, or cuts it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// To be read.
    Read,
    /// To be written, synced or locked.
    Write,
    /// To be read and written.
    ReadWrite,
    /// To be written at its end.
    Append,
    /// The same, and to be cut. Where the system can't do both, it's written where the last write ended.
    Grow,
}

/// Opens a file that is there.
///
/// # Errors
/// What the system says; or it is a link that may not be followed, or no file.
pub(crate) fn open(path: &Path, access: Access) -> io::Result<File> {
    Place::of(path)?.open(access, false)
}

/// Reads a file.
///
/// # Errors
/// As [`open`].
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path, Access::Read)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a file as text.
///
/// # Errors
/// As [`open`], and what isn't UTF-8.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path, Access::Read)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Reads a file that is for its owner alone, and makes it so where it isn't.
///
/// # Errors
/// As [`read`] and [`make_private`].
pub(crate) fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, mut bytes) = (open(path, Access::Read)?, Vec::new());
    make_private(&file, path)?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file that is for its owner alone, to append to it. It's made where there is none.
///
/// # Errors
/// As [`open`] and [`make_private`].
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    open_or_create(path, false)
}

/// As [`append_private`]; but where it's a terminal or a pipe, it's written to as it is.
///
/// # Errors
/// As [`append_private`].
pub(crate) fn append_anywhere(path: &Path) -> io::Result<File> {
    open_or_create(path, true)
}

fn open_or_create(path: &Path, special: bool) -> io::Result<File> {
    let place = Place::of(path)?;
    let open = || -> io::Result<File> {
        let file = place.open(Access::Append, special)?;
        if file.metadata()?.is_file() {
            make_private(&file, path)?;
        }
        Ok(file)
    };
    match open() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    // A link to nothing leads to where the file is to be.
    match Place::of(path)?.followed()?.create() {
        // Somebody else was faster; or it is a link that may not be followed.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => open(),
        // What is made is written from its beginning: opened once more, it's written at its end.
        made => made.and_then(|_| place.open(Access::Append, special)),
    }
}

/// Makes a folder, and those that lead to it, for their owner alone, where it isn't there yet.
///
/// # Errors
/// What the system says.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, modes::of_new(0o700));
    builder.create(path)
}

/// Makes one folder that isn't there yet, for the owner of the one that it is in alone.
///
/// # Errors
/// `AlreadyExists`, or what the system says.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    Place::of(path)?.create_folder()
}

/// Removes a file, or a link itself.
///
/// # Errors
/// What the system says.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    Place::of(path)?.remove()
}

/// Gives a file another name in its folder: its own, and this behind it. A link stays, and then leads to nothing.
///
/// # Errors
/// What the system says.
pub(crate) fn put_aside(path: &Path, suffix: &str) -> io::Result<()> {
    let place = Place::of(path)?.followed()?;
    place.rename(&place.beside(suffix)?)
}

/// Replaces `path` with `contents` so that a crash at any moment leaves the old file or the new one. For a file that
/// only this process writes.
///
/// # Errors
/// The first step that failed. The old file then still stands, unless it was the last one, which makes the new one
/// durable.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    replace_through(SUCCESSOR, path, contents)
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
        if read(path).is_ok_and(|now| now == contents) {
            let _ = match before() {
                Some(before) => replace(path, &before),
                None => Place::of(path).and_then(Place::followed).and_then(|place| place.remove()),
            };
        }
    })
}

/// As [`replace`], for a file that several processes may replace at once: each through a temporary file of its own, whose
/// name ends in `suffix`.
///
/// The temporary file is written, synced and renamed over the other, and the folder is synced, in this order
/// (fsync(2): a rename is only durable once its folder is).
///
/// # Errors
/// As [`replace`].
pub(crate) fn replace_through(suffix: &str, path: &Path, contents: &[u8]) -> io::Result<()> {
    succeed(Successor::begin(suffix, path)?, contents)
}

/// As [`replace`]; but a link is no way to another file, and is itself replaced.
///
/// # Errors
/// As [`replace`].
pub(crate) fn replace_itself(path: &Path, contents: &[u8]) -> io::Result<()> {
    succeed(Successor::of(".new", Place::of(path)?)?, contents)
}

fn succeed(mut successor: Successor, contents: &[u8]) -> io::Result<()> {
    successor.write(contents)?;
    successor.sync()?;
    successor.take_place()?;
    successor.sync_folder()
}

/// Creates a file that isn't there yet, with mode 0600 where there are modes.
///
/// # Errors
/// `AlreadyExists`, or what the system says.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    Place::of(path)?.create()
}

/// The same with something in it: all of that, on the disk, or no file.
///
/// # Errors
/// As [`create_private`].
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = create_private(path)?;
    let written = file.write_all(contents).and_then(|()| file.sync_all()).and_then(|()| sync_folder(path));
    written.inspect_err(|_| drop(remove(path)))
}

/// Tries to make a file in a folder, and takes it away again: whether it was for its owner alone. It is not where a disk
/// keeps no modes, as FAT, exFAT and many shares.
///
/// # Errors
/// The folder can't be written to.
pub(crate) fn keeps_modes(folder: &Path) -> io::Result<bool> {
    let place = Place::of(&folder.join(format!("homeroom-{}.new", std::process::id())))?;
    let file = place.create()?;
    let kept = modes::is_private(&file);
    drop(file);
    place.remove()?;
    kept
}

/// Elsewhere the rights of folders can't be told.
#[cfg(not(unix))]
pub(crate) fn shut_out(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Nor who else can put files there.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub(crate) fn others(_folder: &Path) -> io::Result<Option<String>> {
    Ok(None)
}

/// Makes durable that a file is in its folder, or no longer is.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    Place::of(path)?.sync_folder()
}

/// Whether a path leads to this open file. If not, another program has removed, moved or replaced what is there, and what is
/// written to the file is lost.
#[cfg(unix)]
pub(crate) fn leads_to(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
    let there = std::fs::metadata(path).map(identity);
    there.is_ok_and(|there| file.metadata().is_ok_and(|open| identity(open) == there))
}

/// Elsewhere files have no number that can be asked for: what is there and as long is taken for the same.
#[cfg(not(unix))]
pub(crate) fn leads_to(path: &Path, file: &File) -> bool {
    let there = std::fs::metadata(path).map(|found| found.len());
    there.is_ok_and(|there| file.metadata().is_ok_and(|open| open.len() == there))
}

/// The folder that a path's last name is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The last name of a path.
fn name_of(path: &Path) -> io::Result<&OsStr> {
    let none = || io::Error::new(io::ErrorKind::InvalidInput, "it is a folder, and no file in one");
    path.file_name().ok_or_else(none)
}

/// The name of a file beside another: the other's, and this behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    with_suffix(path.as_os_str(), suffix).into()
}

fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(suffix);
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

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
}
