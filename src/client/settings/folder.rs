//! Where the client keeps its files: `known_servers`, `settings.toml`, and the like.

use crate::files;
use std::io;
use std::path::{Path, PathBuf};

/// The folder that `HOMEROOM_CONFIG_DIR` names, otherwise `homeroom` in the user's configuration folder. None where
/// there is no telling.
pub(crate) fn find() -> Option<PathBuf> {
    match std::env::var_os("HOMEROOM_CONFIG_DIR") {
        Some(folder) if !folder.is_empty() => Some(PathBuf::from(folder)),
        _ => dirs::config_dir().map(|folder| folder.join("homeroom")),
    }
}

/// Makes it, for its owner alone, where it isn't there yet.
///
/// # Errors
/// What the system says.
pub(crate) fn create(path: &Path) -> io::Result<()> {
    files::create_folder(path)
}
