//! The client programs that lie in the data folder's `get/`, for whoever has none: a list with sizes and SHA-256, and the
//! programs themselves. Whoever may write there decides what a class runs.

use super::answer::Answer;
use crate::hex::Hex;
use crate::server::config::contents;
use crate::sync::lock;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

/// How many programs are told of: one for each kind of computer there is.
const PROGRAMS_MAX: usize = 32;
/// What is read of a file at a time.
pub(super) const PIECE_BYTES: usize = 16 * 1024;

/// One program.
#[derive(Debug, Serialize)]
struct Program {
    name: String,
    bytes: u64,
    sha256: String,
}

/// What a request for `/get/…` gets.
pub(super) enum Given {
    /// An answer.
    Answer(Answer),
    /// A program, after this head.
    Program(String, File, u64),
}

/// The list, as a page or for programs, or what has this name.
pub(super) fn give(folder: &Path, name: &str, wants_json: bool, line_to_type: &str) -> Given {
    if name.is_empty() {
        let programs = programs(folder);
        return Given::Answer(match wants_json {
            _ if programs.is_empty() => Answer::not_found(),
            true => Answer::new("200 OK", "application/json", serde_json::to_vec(&programs).unwrap_or_default()),
            false => Answer::new("200 OK", "text/html; charset=utf-8", page(&programs, line_to_type).into_bytes()),
        });
    }
    match open(folder, name) {
        Some((file, metadata)) => {
            let answer = Answer::new("200 OK", "application/octet-stream", &b""[..]);
            let head = answer.with("Content-Disposition", &format!("attachment; filename=\"{name}\""));
            Given::Program(head.head(metadata.len()), file, metadata.len())
        }
        None => Given::Answer(Answer::not_found()),
    }
}

fn programs(folder: &Path) -> Vec<Program> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let told = names.into_iter().filter_map(|name| {
        let (file, metadata) = open(folder, &name)?;
        let sha256 = hash(&folder.join(&name), file, &metadata).ok()?;
        Some(Program { name, bytes: metadata.len(), sha256 })
    });
    told.take(PROGRAMS_MAX).collect()
}

/// A file of the folder itself, which no link leads out of.
fn open(folder: &Path, name: &str) -> Option<(File, Metadata)> {
    if !contents::is_program(name) {
        return None;
    }
    let path = folder.join(name);
    let is_file = |metadata: &Metadata| metadata.is_file();
    fs::symlink_metadata(&path).ok().filter(is_file)?;
    let file = File::open(&path).ok()?;
    let metadata = file.metadata().ok().filter(is_file)?;
    Some((file, metadata))
}

/// What a file was when it was hashed, and its hash.
type Hashed = (u64, Option<SystemTime>, String);

/// Hashes each file once, one at a time: strangers who ask again and again cost nothing.
static HASHED: Mutex<BTreeMap<PathBuf, Hashed>> = Mutex::new(BTreeMap::new());

fn hash(path: &Path, mut file: File, metadata: &Metadata) -> io::Result<String> {
    let mut hashed = lock(&HASHED);
    let (bytes, modified) = (metadata.len(), metadata.modified().ok());
    if let Some((_, _, hash)) = hashed.get(path).filter(|known| (known.0, known.1) == (bytes, modified)) {
        return Ok(hash.clone());
    }
    let (mut digest, mut piece) = (Sha256::new(), [0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            n => digest.update(&piece[..n]),
        }
    }
    let hash = Hex(&digest.finalize().into()).to_string();
    if hashed.len() >= 2 * PROGRAMS_MAX {
        hashed.clear();
    }
    hashed.insert(path.to_owned(), (bytes, modified, hash.clone()));
    Ok(hash)
}

fn page(programs: &[Program], line_to_type: &str) -> String {
    let mut rows = String::new();
    for Program { name, bytes, sha256 } in programs {
        let megabytes = (*bytes as f64 / 1e6).max(0.1);
        // Writing to memory has no way to fail. A name has nothing in it that HTML could take for its own.
        let _ = writeln!(rows, "<tr><td><a href=\"{name}\">{name}</a><td>{megabytes:.1} MB<td><code>{sha256}</code>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Programs - homeroom</title>\n\
         <h1>Programs for a terminal</h1>\n<table><tr><th>program<th>size<th>SHA-256\n{rows}</table>\n\
         <p>Then type in a terminal: <code>{line_to_type}</code></p>\n<p><a href=\"/\">The chat</a></p>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_folder_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let get = folder.path().join("get");
        assert!(programs(&get).is_empty());
        fs::create_dir(&get).unwrap();
        fs::create_dir(get.join("folder")).unwrap();
        for name in ["homeroom-client-linux", ".hidden", "with blank", "a<b"] {
            fs::write(get.join(name), name).unwrap();
        }
        fs::write(folder.path().join("users.json"), "secret").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("../users.json", get.join("link")).unwrap();
        let names: Vec<_> = programs(&get).into_iter().map(|program| program.name).collect();
        assert_eq!(names, ["homeroom-client-linux"]);
        for name in
            ["link", "folder", ".", "..", "../users.json", "/etc/passwd", ".hidden", "with blank", "a<b", "none"]
        {
            assert!(open(&get, name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_file_that_has_changed_is_hashed_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let now = || programs(folder.path()).remove(0).sha256;
        fs::write(&path, "abc").unwrap();
        assert_eq!(now(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        fs::write(&path, "abcd").unwrap();
        assert_eq!(now(), "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589");
    }
}
