//! An archive that anybody may have made becomes files, or is refused: none of it goes anywhere but to names that a data folder
//! has, in the folder that was made for it.

use crate::faults;
use crate::files;
use crate::hex::Hex;
use crate::reason::{self, Reason};
use crate::sanitize;
use crate::server::config::folder::{JOURNAL, PROGRAMS};
use crate::server::tools::archive::{MANIFEST, MEMBERS_MAX, Manifest, Member, bytes_max};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use tar::{Archive, Entry};

/// What is copied at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// What may stand behind the end, in bytes, all of them zero: a hundred times what any `tar` fills its last record with.
const END_BYTES_MAX: u64 = 1024 * 1024;
/// How many bytes tell what a file is that isn't an archive.
const MAGIC_BYTES: u64 = 6;
/// What those are of a compressed one, and what makes an archive of it again.
const COMPRESSED: [(&[u8], &str); 4] =
    [(b"\x1f\x8b", "gunzip"), (b"BZh", "bunzip2"), (b"\xfd7zXZ\0", "unxz"), (b"\x28\xb5\x2f\xfd", "unzstd")];

/// Writes what an archive holds into the folder `into`, each file on the disk. Gives what the archive says of itself, which is
/// so.
///
/// # Errors
/// What is wrong with it, or can't be written. Some of it may lie in the folder.
pub(super) fn unpack(mut from: impl Read, into: &Path) -> Result<Manifest, String> {
    let mut begin = Vec::new();
    (&mut from).take(MAGIC_BYTES).read_to_end(&mut begin).map_err(broken)?;
    if let Some((_, program)) = COMPRESSED.iter().find(|(magic, _)| begin.starts_with(magic)) {
        return Err(format!("it is compressed: {program} it first"));
    }
    let mut archive = Archive::new((&begin[..]).chain(from));
    let (mut found, mut names, mut manifest) = (Vec::new(), BTreeSet::new(), None::<Manifest>);
    // Raw: long names, sparse files and the like are members that are refused as others are.
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        if manifest.is_some() {
            return Err(format!("something stands in it behind its end, which is {MANIFEST}"));
        }
        if found.len() >= MEMBERS_MAX {
            return Err(format!("it holds more than {MEMBERS_MAX} files"));
        }
        let name = judge(&entry)?;
        if !names.insert(name.clone()) {
            return Err(format!("`{name}` is twice in it"));
        }
        if name == MANIFEST {
            manifest = Some(read_manifest(&mut entry)?);
        } else {
            found.push(write(&mut entry, name, into)?);
        }
    }
    let manifest = manifest.ok_or_else(|| match names.len() {
        0 => "it is no backup: nothing is in it".to_owned(),
        _ => format!("it breaks off, or is no backup: there is no {MANIFEST} at its end"),
    })?;
    manifest.judge(found)?;
    judge_end(archive.into_inner())?;
    Ok(manifest)
}

/// Refuses what stands behind an archive: part of a backup that isn't looked at is none.
fn judge_end(rest: impl Read) -> Result<(), String> {
    let mut end = Vec::new();
    rest.take(END_BYTES_MAX + 1).read_to_end(&mut end).map_err(broken)?;
    if end.len() as u64 > END_BYTES_MAX || end.iter().any(|&b| b != 0) {
        return Err("something stands in it behind its end: two archives in one file, or what is no archive".into());
    }
    Ok(())
}

/// Makes durable that the files are where they are.
///
/// # Errors
/// What the system says.
pub(super) fn sync(into: &Path) -> io::Result<()> {
    for folder in [JOURNAL, PROGRAMS].map(|name| into.join(name)) {
        if folder.is_dir() {
            files::sync_folder(&folder.join(MANIFEST))?;
        }
    }
    files::sync_folder(&into.join(MANIFEST))?;
    files::sync_folder(into)
}

/// The name of a member that may stand in a backup.
fn judge<R: Read>(entry: &Entry<'_, R>) -> Result<String, String> {
    let bytes = entry.header().path_bytes();
    let shown = sanitize::line(&String::from_utf8_lossy(&bytes)).to_string();
    let name = std::str::from_utf8(&bytes).ok();
    let Some((name, bytes_max)) = name.and_then(|name| Some((name, bytes_max(name)?))) else {
        return Err(format!("it is no backup: a server keeps nothing of the name `{shown}`"));
    };
    if !entry.header().entry_type().is_file() {
        return Err(format!("`{shown}` in it is no file: no backup has links, folders or devices"));
    }
    if entry.size() > bytes_max {
        return Err(format!("`{shown}` in it is larger than any such file ({} MiB)", bytes_max / (1024 * 1024)));
    }
    Ok(name.to_owned())
}

fn read_manifest<R: Read>(entry: &mut Entry<'_, R>) -> Result<Manifest, String> {
    let (size, mut text) = (entry.size(), Vec::new());
    entry.read_to_end(&mut text).map_err(broken)?;
    if text.len() as u64 != size {
        return Err(breaks_off());
    }
    serde_json::from_slice(&text).map_err(|e| format!("its {MANIFEST} is damaged: {}", Reason(&e)))
}

fn write<R: Read>(entry: &mut Entry<'_, R>, name: String, into: &Path) -> Result<Member, String> {
    let (size, path) = (entry.size(), into.join(&name));
    let unwritten = |e: io::Error| format!("`{name}` can't be written: {}", reason::of_file(&e));
    if let Some((folder, _)) = name.split_once('/') {
        let folder = into.join(folder);
        if !folder.is_dir() {
            files::make_folder(&folder).map_err(unwritten)?;
        }
    }
    faults::strike("restore.create").map_err(unwritten)?;
    let mut file = files::create_private(&path).map_err(unwritten)?;
    let (mut digest, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
    loop {
        let read = match entry.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(broken(e)),
        };
        digest.update(&piece[..read]);
        faults::write_all("restore.write", &mut file, &piece[..read]).map_err(unwritten)?;
        bytes += read as u64;
    }
    if bytes != size {
        return Err(breaks_off());
    }
    file.flush().and_then(|()| faults::strike("restore.sync")).and_then(|()| file.sync_all()).map_err(unwritten)?;
    Ok(Member { name, bytes, sha256: Hex(&digest.finalize().into()).to_string() })
}

/// What the system says of the file, or what isn't as it is in an archive. That's told in our own words: the crate's have bytes
/// of the archive in them.
fn broken(error: io::Error) -> String {
    let said = error.to_string();
    match error.raw_os_error() {
        Some(_) => format!("it can't be read: {}", reason::of_file(&error)),
        None if error.kind() == ErrorKind::UnexpectedEof || said.contains("EOF") || said.contains("entire block") => {
            breaks_off()
        }
        None => "it is damaged, or no backup: what stands in it is no tar archive".into(),
    }
}

fn breaks_off() -> String {
    "it breaks off: it isn't all of the backup".into()
}
