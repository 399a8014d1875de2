//! A machine with small limits, for one program.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the system may take to find a cgroup empty whose programs were killed.
const EMPTY_WITHIN: Duration = Duration::from_secs(5);

/// A cgroup of the test's own; removed when dropped, once nothing runs in it.
pub(crate) struct Group(PathBuf);

impl Group {
    /// One of this controller with limits, as files and what is written to them: in the version that there is. None, and the reason
    /// is printed, where none can be made: that takes root, or a group that was handed over.
    pub(crate) fn with(controller: &str, limits: &[(&str, &str)]) -> Option<Self> {
        static GROUPS: AtomicU32 = AtomicU32::new(0);
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let own = own.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/").trim_start_matches('/');
        let name = format!("homeroom-test-{}-{}", std::process::id(), GROUPS.fetch_add(1, Ordering::Relaxed));
        let root = Path::new("/sys/fs/cgroup");
        for parent in [root.join(controller), root.join(own), root.to_path_buf()] {
            let group = Self(parent.join(&name));
            let made = parent.join("cgroup.procs").exists() && fs::create_dir(&group.0).is_ok();
            let set = |(file, value): &(&str, &str)| {
                group.0.join(file).exists() && fs::write(group.0.join(file), value).is_ok()
            };
            // Of a memory's limit the two versions have other names; one is enough.
            if made && limits.iter().any(set) {
                return Some(group);
            }
        }
        println!("not tested: no cgroup with a limit of `{controller}` can be made here");
        None
    }

    /// What starts a program in it: the words before the program's own.
    pub(crate) fn wrapper(&self) -> Vec<String> {
        let script = format!("echo $$ >{}/cgroup.procs && exec \"$@\"", self.0.display());
        ["sh", "-c", &script, "sh"].map(str::to_owned).into()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let end = Instant::now() + EMPTY_WITHIN;
        while self.0.exists() && fs::remove_dir(&self.0).is_err() && Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What starts a program with a limit of its own, `--nofile=100:100`. None, and the reason is printed, where there is no `prlimit`.
pub(crate) fn limited(limit: &str) -> Option<Vec<String>> {
    if Command::new("prlimit").arg("--version").output().is_err() {
        println!("not tested: there is no prlimit");
        return None;
    }
    Some(vec!["prlimit".into(), limit.into()])
}

/// What starts a program as a user that runs nothing else. None, and the reason is printed, where that can't be: it takes root.
pub(crate) fn as_user(id: u32) -> Option<Vec<String>> {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    if !is_root || Command::new("setpriv").arg("--version").output().is_err() {
        println!("not tested: another user takes root and setpriv");
        return None;
    }
    let id = id.to_string();
    Some(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", "--"].map(str::to_owned).into())
}
