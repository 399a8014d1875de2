//! The data folder: what lies there, who may read it, and how much room there is.

use super::super::{accounts, folder};
use super::Finding::{self, Bad, Good, Note};
use crate::identity::{self, CertificateInfo};
use std::fs;
use std::io;
use std::path::Path;

/// Less than this is bad: a day's chat of a class, and users.json written anew.
const FREE_BYTES_MIN: u64 = 50 * 1024 * 1024;
/// Less than this is worth knowing: what the journal and the audit log keep by default, with room to spare.
const FREE_BYTES_FEW: u64 = 500 * 1024 * 1024;

/// The certificate, if there is one.
///
/// # Errors
/// The file is there and can't be read.
pub(super) fn identity(data_dir: &Path) -> Result<Option<CertificateInfo>, String> {
    let path = data_dir.join(folder::IDENTITY);
    match fs::read(&path) {
        Ok(file) => identity::read(&file).map(|identity| Some(identity.certificate)).map_err(|e| e.to_string()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("can't read {}: {e}", path.display())),
    }
}

/// The folder itself, the accounts, and the room on its disk.
pub(super) fn folder(data_dir: &Path) -> Vec<Finding> {
    let shown = fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let shown = shown.display();
    match fs::metadata(data_dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return vec![Note(format!("{shown} is not there yet: the first start makes it"))];
        }
        Err(e) => return vec![Bad(format!("{shown} can't be looked at: {e}"))],
        Ok(found) if !found.is_dir() => {
            return vec![Bad(format!("{shown} is no folder: name another with --data-dir"))];
        }
        Ok(found) if found.permissions().readonly() => return vec![Bad(format!("{shown} can't be written to"))],
        Ok(_) => {}
    }
    let mut findings = vec![Good(format!("{shown} is there"))];
    findings.push(accounts_file(&data_dir.join("users.json")));
    findings.extend(modes(data_dir));
    findings.push(match fs4::available_space(data_dir) {
        Ok(free) => room(free),
        Err(e) => Note(format!("how much room there is can't be told: {e}")),
    });
    findings
}

fn accounts_file(path: &Path) -> Finding {
    match fs::read_to_string(path) {
        Ok(text) => match accounts::rewrite(&text) {
            Ok(_) => Good("users.json can be read".into()),
            Err(e) => Bad(format!("users.json is damaged: {e}; mend it, or put a copy of it in its place")),
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            Note("there are no accounts yet: the first start makes one, `admin`".into())
        }
        Err(e) => Bad(format!("users.json can't be read: {e}; run this as the user that the server runs as")),
    }
}

fn room(free: u64) -> Finding {
    let text = format!("{} MiB are free on its disk", free / (1024 * 1024));
    match free {
        ..FREE_BYTES_MIN => Bad(format!("{text}: make room, or nothing can be kept")),
        FREE_BYTES_MIN..FREE_BYTES_FEW => Note(format!("{text}: that may soon be too little")),
        _ => Good(text),
    }
}

/// Who may read what lies there.
#[cfg(unix)]
fn modes(data_dir: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    // How many files are looked at, and how many that others can read are named.
    const FILES_MAX: usize = 10_000;
    const NAMED_MAX: usize = 5;
    // What people write themselves.
    const OPEN_TO_ALL: [&str; 2] = ["homeroom.toml", "motd.txt"];
    let files =
        |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().take(FILES_MAX).collect::<Vec<_>>();
    let mut entries = files(data_dir);
    entries.extend(files(&data_dir.join("journal")));
    let ours = ["json", "jsonl", "p12", "old", "1", "toml", "lock", "txt"];
    let open = entries.iter().filter(|entry| {
        let (name, path) = (entry.file_name(), entry.path());
        let is_ours = path.extension().is_none_or(|end| ours.iter().any(|own| end == *own));
        let mode = entry.metadata().map_or(0, |file| if file.is_file() { file.permissions().mode() } else { 0 });
        is_ours && mode & 0o077 != 0 && !OPEN_TO_ALL.iter().any(|open| name == *open)
    });
    let open: Vec<String> = open.map(|entry| entry.path().display().to_string()).collect();
    Some(match &open[..] {
        [] => Good("nobody but its owner can read what the server keeps".into()),
        named => {
            let more = named.len().saturating_sub(NAMED_MAX);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names = named[..named.len().min(NAMED_MAX)].join(" ");
            Bad(format!("others can read what the server keeps: `chmod 600 {names}`{more}"))
        }
    })
}

/// Elsewhere the folder's own rights protect what lies in it.
#[cfg(not(unix))]
fn modes(_data_dir: &Path) -> Option<Finding> {
    Some(Note("file modes can't be checked here: keep the folder where only you can read it".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_room() {
        assert!(matches!(room(1 << 20), Bad(_)));
        assert!(matches!(room(100 << 20), Note(_)));
        assert!(matches!(room(1 << 40), Good(_)));
    }
}
