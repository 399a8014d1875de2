//! Faults on demand: see `src/faults.rs`.

use crate::harness::{DataDir, Server};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// A step that fails, and how: `fail`, `half`, `die`.
pub(super) type Fault = (&'static str, &'static str);

/// The steps of replacing a file.
pub(super) const REPLACE: [&str; 5] =
    ["replace.create", "replace.write", "replace.sync", "replace.rename", "replace.folder"];

/// Which steps of a server fail, to be changed while it runs.
pub(super) struct Faults(TempDir);

impl Faults {
    pub(super) fn none() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// From now on these and no others.
    pub(super) fn set(&self, faults: &[Fault]) {
        let text: String = faults.iter().map(|(point, action)| format!("{point} {action}\n")).collect();
        // Replaced whole: the server reads it at any moment.
        let new = self.0.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    /// For the variable `HOMEROOM_FAULTS`.
    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("faults")
    }

    /// A server on which they strike.
    #[track_caller]
    pub(super) fn server(&self, data: &Arc<DataDir>, args: &[&str]) -> Server {
        data.server().args(args).env("HOMEROOM_FAULTS", self.path().display()).start()
    }
}
