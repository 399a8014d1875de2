//! Where the client keeps its files: `known_servers`, `settings.toml`, and the like.

use crate::files;
use crate::options::at_home;
use std::io;
use std::path::{Path, PathBuf};

/// The folder that `HOMEROOM_CONFIG_DIR` names, otherwise `homeroom` in the user's configuration folder. None where
/// there is no telling.
pub(crate) fn find() -> Option<PathBuf> {
    match std::env::var_os("HOMEROOM_CONFIG_DIR") {
        Some(folder) if !folder.is_empty() => Some(at_home(folder.into())),
        _ => dirs::config_dir().map(|folder| folder.join("homeroom")),
    }
}

/// Makes it, for its owner alone, where it isn't there yet.
///
/// # Errors
/// What the system says.
fn create(path: &Path) -> io::Result<()> {
    files::create_folder(path)
}

/// Replaces one of its files, whole or not at all, and makes it where it isn't there yet.
///
/// # Errors
/// What the system says.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path.parent().unwrap_or(Path::new(".")))?;
    // Two clients that write at once each write a file of their own; the later one stands.
    files::replace_through(&format!(".{}.new", std::process::id()), path, bytes)
}
