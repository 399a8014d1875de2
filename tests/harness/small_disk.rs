//! A disk that can be filled.

use super::DEADLINE;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The file that fills it.
const BALLAST: &str = "ballast";

/// A file system in memory, mounted over a folder; unmounted when dropped.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of so many KiB. None, and the reason is printed, where that can't be done: it takes root.
    pub(crate) fn over(folder: &Path, kib: u64) -> Option<Self> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let size = format!("size={kib}k,mode=0700,nr_inodes=1000");
        let mount = || Command::new("mount").args(["-t", "tmpfs", "-o", &size, "homeroom-test"]).arg(folder).output();
        if is_root && mount().is_ok_and(|done| done.status.success()) {
            return Some(Self(folder.to_owned()));
        }
        println!("no full disk is tried: a small file system can't be mounted, which takes root");
        None
    }

    /// Leaves not one byte of room.
    pub(crate) fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.0.join(BALLAST)).unwrap();
        for piece in [&[0; 1 << 16][..], &[0; 1 << 8], &[0]] {
            while ballast.write_all(piece).is_ok() {}
        }
    }

    /// Lets nobody write to it any more.
    pub(crate) fn close(&self) {
        let done = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status();
        assert!(done.is_ok_and(|status| status.success()));
    }

    /// Leaves no room for one more name.
    pub(crate) fn fill_with_names(&self) {
        let mut names = (0..).map(|number| self.0.join(format!("{BALLAST}{number}")));
        while names.next().is_some_and(|path| File::create(path).is_ok()) {}
    }

    /// Lets nobody write to it any more.
    pub(crate) fn for_reading(&self) {
        self.remount("remount,ro");
    }

    /// Undoes that.
    pub(crate) fn for_writing(&self) {
        self.remount("remount,rw");
    }

    fn remount(&self, how: &str) {
        // What a server that was killed had open keeps it busy for a moment.
        let begun = Instant::now();
        while !Command::new("mount").args(["-o", how]).arg(&self.0).status().unwrap().success() {
            assert!(begun.elapsed() < DEADLINE, "it can't be mounted anew");
        }
    }

    /// Makes room again.
    pub(crate) fn free(&self) {
        // It may not have been full.
        let _ = fs::remove_file(self.0.join(BALLAST));
    }
}

/// A small disk that is plugged in somewhere, and pulled out.
#[allow(dead_code, reason = "not every target has mirrors")]
pub(crate) struct Stick {
    pub(crate) disk: SmallDisk,
    at: PathBuf,
    _store: tempfile::TempDir,
}

#[allow(dead_code, reason = "not every target has mirrors")]
impl Stick {
    /// Plugs one of so many KiB in over a folder. None as [`SmallDisk::over`].
    pub(crate) fn over(folder: &Path, kib: u64) -> Option<Self> {
        let store = tempfile::TempDir::new().unwrap();
        let disk = SmallDisk::over(store.path(), kib)?;
        let stick = Self { disk, at: folder.to_owned(), _store: store };
        stick.plug_in();
        Some(stick)
    }

    pub(crate) fn plug_in(&self) {
        let done = Command::new("mount").arg("--bind").arg(&self.disk.0).arg(&self.at).status();
        assert!(done.is_ok_and(|status| status.success()));
    }

    /// Whatever is open there.
    pub(crate) fn pull_out(&self) {
        let done = Command::new("umount").arg("-l").arg(&self.at).status();
        assert!(done.is_ok_and(|status| status.success()));
    }
}

impl Drop for Stick {
    fn drop(&mut self) {
        // It may be out already.
        let _ = Command::new("umount").args(["-l", "-q"]).arg(&self.at).stderr(std::process::Stdio::null()).status();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is being killed may still have files open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
