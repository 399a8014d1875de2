//! A file that somebody names for something new: what is there already isn't written over unasked.

use crate::sanitize;
use std::path::Path;

/// What is there already under this name, a link too; None where nothing is.
pub(crate) fn there(path: &Path) -> Option<String> {
    std::fs::symlink_metadata(path).is_ok().then(|| named(path))
}

/// Why nothing is written under this name, and what to do, where something is there. `undone` is what therefore isn't done.
pub(crate) fn taken(path: &Path, undone: &str) -> Option<String> {
    there(path).map(|_| is_taken(path, undone))
}

/// The same where it is known that something is there.
pub(crate) fn is_taken(path: &Path, undone: &str) -> String {
    format!("{}: {undone}; move it away, or name another", named(path))
}

fn named(path: &Path) -> String {
    let name = path.display().to_string();
    format!("`{}` is there already", sanitize::line(&name))
}
