//! Who may read what the server keeps.

use crate::files::keeps_modes;
#[cfg(unix)]
use crate::reason;
use crate::server::config::folder::exposure;
#[cfg(unix)]
use crate::server::config::folder::{JOURNAL, SEQUENCE};
use crate::server::tools::finding::Finding;
use std::io::ErrorKind;
use std::path::Path;

/// How many files are looked at.
#[cfg(unix)]
const FILES_MAX: usize = 10_000;
/// How many that others can read are named.
#[cfg(unix)]
const NAMED_MAX: usize = 5;
/// How the names of the server's own files end, and of others that may hold passwords. With `make run` the folder is that of
/// the sources, which anybody may read.
#[cfg(unix)]
const OWN: [&str; 7] = ["json", "jsonl", "p12", "old", "new", "1", "txt"];
/// What people write themselves.
#[cfg(unix)]
const OPEN_TO_ALL: [&str; 1] = ["motd.txt"];

/// Who may read what lies in a data folder, and who may put files there.
pub(super) fn modes(data_dir: &Path) -> Vec<Finding> {
    let found: Vec<Finding> = [Some(readers(data_dir)), writers(data_dir)].into_iter().flatten().collect();
    let is_bad = found.iter().any(|finding| matches!(finding, Finding::Bad(_)));
    // No `chmod` helps where the disk keeps no modes, or takes none.
    match is_bad.then(|| exposure(data_dir)).flatten() {
        Some(exposure) => vec![Finding::Bad(exposure)],
        None if is_bad && is_read_only(data_dir) => found.into_iter().map(later).collect(),
        None => found,
    }
}

fn is_read_only(data_dir: &Path) -> bool {
    keeps_modes(data_dir).is_err_and(|e| e.kind() == ErrorKind::ReadOnlyFilesystem)
}

fn later(finding: Finding) -> Finding {
    match finding {
        Finding::Bad(text) => {
            Finding::Bad(format!("{text}; first mount its disk for writing: it is mounted for reading alone"))
        }
        other => other,
    }
}

/// Who may put files into a data folder; nothing where its owner alone can.
#[cfg(unix)]
fn writers(data_dir: &Path) -> Option<Finding> {
    let shown = data_dir.display();
    match crate::files::others(data_dir) {
        Ok(None) => None,
        Ok(Some(why)) => Some(Finding::Bad(format!(
            "{shown}: {why}, and with them an account or a key: `chmod go-w {shown}`, `chown` it to the user that the \
             server runs as, or name another folder with --data-dir"
        ))),
        Err(e) => Some(Finding::Bad(format!("{shown} can't be looked at: {}", reason::of_file(&e)))),
    }
}

/// Elsewhere the rights of folders can't be told.
#[cfg(not(unix))]
fn writers(_data_dir: &Path) -> Option<Finding> {
    None
}

/// Who may read what lies in a data folder.
#[cfg(unix)]
fn readers(data_dir: &Path) -> Finding {
    use std::fs::{self, DirEntry};
    use std::os::unix::fs::PermissionsExt;
    let files = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().take(FILES_MAX);
    let is_open = |entry: &DirEntry| {
        let (name, path) = (entry.file_name(), entry.path());
        let is_ours = name == SEQUENCE || path.extension().is_some_and(|end| OWN.iter().any(|own| end == *own));
        let mode = entry.metadata().map_or(0, |file| if file.is_file() { file.permissions().mode() } else { 0 });
        is_ours && mode & 0o077 != 0 && !OPEN_TO_ALL.iter().any(|open| name == *open)
    };
    let open = files(data_dir).chain(files(&data_dir.join(JOURNAL))).filter(is_open);
    let open: Vec<String> = open.map(|entry| entry.path().display().to_string()).collect();
    if open.is_empty() {
        return Finding::Good("nobody but its owner can read what the server keeps".into());
    }
    let more = open.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let names = open[..open.len().min(NAMED_MAX)].join(" ");
    Finding::Bad(format!("others can read what the server keeps: `chmod 600 {names}`{more}"))
}

/// Elsewhere the folder's own rights protect what lies in it.
#[cfg(not(unix))]
fn readers(_data_dir: &Path) -> Finding {
    Finding::Note("file modes can't be checked here: keep the folder where only you can read it".into())
}
