//! A system's clock that is wrong: libfaketime's, in front of a program's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where Debian, Fedora, Arch and a build by hand put it; `*` is any folder.
const PLACES: [&str; 4] =
    ["/usr/lib/*/faketime", "/usr/lib64/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime"];
/// The one for programs with threads.
const LIBRARY: &str = "libfaketimeMT.so.1";

/// A clock that can be set while a program runs. The clock that nobody sets runs on.
pub(crate) struct FakeClock {
    folder: TempDir,
    library: PathBuf,
}

impl FakeClock {
    /// One that is wrong by so many days.
    ///
    /// # Panics
    /// There is no libfaketime: without it nothing would be shown.
    #[track_caller]
    pub(crate) fn off_by(days: i32) -> Self {
        let library = PLACES.iter().flat_map(|place| folders(place)).map(|folder| folder.join(LIBRARY));
        let library = library.into_iter().find(|path| path.exists()).unwrap_or_else(|| {
            panic!("{LIBRARY} is needed to be wrong about the time: install Debian's `faketime`, as `make test` does")
        });
        let clock = Self { folder: TempDir::new().unwrap(), library };
        clock.set(days);
        clock
    }

    /// From now on it is wrong by so many days.
    pub(crate) fn set(&self, days: i32) {
        // Put in its place whole: it is read at any moment.
        let (new, file) = (self.folder.path().join("new"), self.file());
        fs::write(&new, format!("{days:+}d\n")).unwrap();
        fs::rename(new, file).unwrap();
    }

    /// What a program's environment must have.
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 6] {
        [
            ("LD_PRELOAD", self.library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", self.file()),
            // It would look once in ten seconds.
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            // Its older name.
            ("DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ]
    }

    /// The program sees this clock.
    pub(crate) fn before<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(self.environment())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}

fn folders(place: &str) -> Vec<PathBuf> {
    let Some((parent, name)) = place.split_once("*/") else { return vec![Path::new(place).to_owned()] };
    fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path().join(name)).collect()
}
