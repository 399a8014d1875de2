//! `homeroom-server backup`: all that is worth keeping of a data folder, in one file, also beside a running server, which
//! doesn't notice it.

mod copy;
mod last;

pub(crate) use last::Last;

use super::archive::{Archive, Manifest};
use crate::files::{self, SUCCESSOR, Successor};
use crate::reason::{self, Reason};
use crate::server::config::contents::PARTS;
use crate::server::config::{ServerError, folder, lost};
use crate::{output, sanitize};
use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{self, Path};
use std::process;

/// What is written at a time.
const PIECE_BYTES: usize = 256 * 1024;
/// In bytes.
const MIB: u64 = 1024 * 1024;

/// Makes one. `-` is standard output.
///
/// # Errors
/// What went wrong. Then there is no file of that name.
pub(crate) fn run(data_dir: &Path, to: &Path) -> Result<(), ServerError> {
    make(data_dir, to).map_err(ServerError::Folder)
}

fn make(data_dir: &Path, to: &Path) -> Result<(), String> {
    let is_there = |name: &str| data_dir.join(name).try_exists().map_err(|e| unread(data_dir, &e));
    if !is_there(folder::USERS)? && !is_there(folder::IDENTITY)? {
        return Err(format!(
            "{} holds neither accounts nor a key, so there is nothing to copy: name the server's folder with --data-dir",
            data_dir.display()
        ));
    }
    refuse_loose_links(data_dir)?;
    let lost = lost(data_dir);
    let (manifest, shown) = if to == Path::new("-") { to_output(data_dir)? } else { to_file(data_dir, to)? };
    let (files, bytes) = (manifest.files.len(), manifest.files.iter().map(|file| file.bytes).sum::<u64>());
    let size =
        if bytes < MIB { format!("{} KiB", bytes.div_ceil(1024)) } else { format!("{} MiB", bytes.div_ceil(MIB)) };
    tell(&format!(
        "{shown}: {files} {}, {size}, {}{}: keep it where only you can read it",
        if files == 1 { "file" } else { "files" },
        last::upto(manifest.seq),
        if manifest.files.iter().any(|file| file.name == folder::IDENTITY) {
            "; the server's private key is in it too"
        } else {
            ""
        },
    ));
    if let Err(e) = Last::now(&manifest, &noted(to, &shown)).write(data_dir) {
        tell(&format!(
            "for `doctor` it can't be noted in {} that there is a backup: {}",
            data_dir.display(),
            reason::of_file(&e)
        ));
    }
    match lost.first() {
        None => Ok(()),
        Some(lost) => Err(format!("the backup is made, and {} isn't in it: {lost}; {}", lost.name(), lost.remedy())),
    }
}

/// What should be there and lies on a disk that isn't mounted would be left out without a word.
fn refuse_loose_links(data_dir: &Path) -> Result<(), String> {
    let is_loose = |path: &Path| fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) && !path.exists();
    match PARTS.iter().map(|part| data_dir.join(part.name)).find(|path| is_loose(path)) {
        Some(path) => {
            Err(format!("{} is a link that leads to nothing: mount the disk that it leads to", path.display()))
        }
        None => Ok(()),
    }
}

fn unread(data_dir: &Path, e: &io::Error) -> String {
    format!("{} can't be read: {}", data_dir.display(), reason::of_file(e))
}

/// Where it is, for whoever asks in another folder.
fn noted(to: &Path, shown: &str) -> String {
    if to == Path::new("-") {
        return shown.to_owned();
    }
    path::absolute(to).map_or_else(|_| shown.to_owned(), |to| to.display().to_string())
}

fn to_output(data_dir: &Path) -> Result<(Manifest, String), String> {
    let shown = "standard output";
    if io::stdout().is_terminal() {
        return Err("a backup is nothing for a terminal: name a file, or say where it goes, as in \
                    `homeroom-server backup - | ssh HOST 'cat > homeroom.tar'`"
            .into());
    }
    output::reaches_anybody().map_err(|e| format!("nothing was written: {}", Reason(&e)))?;
    let (mut out, manifest) = write(data_dir, io::stdout().lock(), shown)?;
    out.flush().map_err(|e| unwritten(shown, &e))?;
    Ok((manifest, shown.into()))
}

fn to_file(data_dir: &Path, to: &Path) -> Result<(Manifest, String), String> {
    let shown = sanitize::line(&to.display().to_string()).to_string();
    let refuse = || files::taken(to, "nothing was written").map_or(Ok(()), Err);
    refuse()?;
    refuse_inside(data_dir, to, &shown)?;
    // By a name of its own: another one of the same name may be running, and its file is none of ours.
    let begun = Successor::begin(&format!(".{}{SUCCESSOR}", process::id()), to).map_err(|e| unwritten(&shown, &e))?;
    let (Growing(mut file), manifest) = write(data_dir, Growing(begun), &shown)?;
    file.sync().map_err(|e| unwritten(&shown, &e))?;
    // Somebody else may have been faster.
    refuse()?;
    file.take_place().and_then(|()| file.sync_folder()).map_err(|e| unwritten(&shown, &e))?;
    Ok((manifest, shown))
}

/// A backup in the data folder would be lost with it, and could pass for one of its files.
fn refuse_inside(data_dir: &Path, to: &Path, shown: &str) -> Result<(), String> {
    match (files::folder_of(to).canonicalize(), data_dir.canonicalize()) {
        (Ok(parent), Ok(data_dir)) if parent.starts_with(&data_dir) => Err(format!(
            "{shown} would lie in the data folder itself, and be lost with it: name a file elsewhere, best on another disk; \
             nothing was written"
        )),
        _ => Ok(()),
    }
}

fn write<W: Write>(data_dir: &Path, out: W, shown: &str) -> Result<(W, Manifest), String> {
    let mut archive = Archive::begin(BufWriter::with_capacity(PIECE_BYTES, out));
    let newest = copy::all(data_dir, &mut |name: &str, contents: &[u8]| {
        archive.add(name, contents).map_err(|e| unwritten(shown, &e))
    })?;
    archive.manifest.seq = newest.unwrap_or(0);
    let (out, manifest) = archive.end().map_err(|e| unwritten(shown, &e))?;
    let out = out.into_inner().map_err(|e| unwritten(shown, e.error()))?;
    Ok((out, manifest))
}

/// A file that isn't there by its name before it is whole.
struct Growing(Successor);

impl Write for Growing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unwritten(what: &str, error: &io::Error) -> String {
    format!("can't write {what}: {}", reason::of_file(error))
}

/// On standard error, since standard output may be the backup.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
