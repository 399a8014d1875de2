//! What tells a file from what was there before, without reading it.

use std::path::Path;
use std::time::SystemTime;

/// A file as it was at one moment. Whoever replaces or edits it leaves another stamp.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// On Unix its device and its number there.
    number: Option<(u64, u64)>,
}

impl Stamp {
    /// How long it was.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Of what a path leads to. None where that is no file that can be looked at.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        #[cfg(unix)]
        let number = Some((std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found)));
        #[cfg(not(unix))]
        let number = None;
        Some(Self { bytes: found.len(), modified: found.modified().ok(), number })
    }
}
