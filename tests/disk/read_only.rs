//! A disk that is mounted for reading alone: everything says so, and nothing gives advice for another trouble.

use crate::harness::{DataDir, Finished, SmallDisk, run};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

fn command(data: &DataDir, words: &[&str]) -> Finished {
    run(data.command().env("HOMEROOM_LISTEN", "127.0.0.1:0").args(words), b"")
}

#[test]
fn a_disk_mounted_for_reading_alone_is_told_with_what_helps() {
    let data = DataDir::new();
    let Some(disk) = SmallDisk::over(data.path(), 1024) else { return };
    data.fill(&["ada"]);
    drop(data.start());
    // Also where a `chmod` would be right on another disk.
    for mode in [0o700, 0o777] {
        disk.for_writing();
        fs::set_permissions(data.path(), Permissions::from_mode(mode)).unwrap();
        disk.for_reading();
        let told = |words: &[&str]| {
            let told = command(&data, words);
            assert_eq!(told.code, Some(1), "{words:?}: {told:?}");
            let text = told.stdout + &told.stderr;
            let helps = text.contains("mounted for reading alone") && !text.contains("as the user");
            assert!(helps && !text.contains("os error"), "{words:?}: {text}");
            text
        };
        let doctor = told(&["doctor"]);
        assert!(doctor.contains("can't be written to: read-only file system") && !doctor.contains("chmod"), "{doctor}");
        told(&[]);
        told(&["user", "add", "eve"]);
    }
    // A copy on such a disk can be looked at; what is wrong with it must wait.
    let check = command(&data, &["check"]);
    assert!(check.failed_with(1).contains("told above") && check.stdout.contains("first mount its disk"), "{check:?}");
    disk.for_writing();
    fs::set_permissions(data.path(), Permissions::from_mode(0o700)).unwrap();
    disk.for_reading();
    command(&data, &["check"]).succeeded();
}

#[test]
fn a_full_disk_is_told_with_what_helps() {
    let data = DataDir::new();
    let Some(disk) = SmallDisk::over(data.path(), 1024) else { return };
    data.fill(&["ada"]);
    disk.fill_with_names();
    let doctor = command(&data, &["doctor"]);
    assert!(doctor.code == Some(1) && doctor.stdout.contains("no space left on device; make room"), "{doctor:?}");
    assert!(!doctor.stdout.contains("as the user"), "{doctor:?}");
}
