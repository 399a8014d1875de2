//! A disk that keeps no modes, as FAT, exFAT and many shares: what that means is told, and nothing that isn't so.

use super::faults::Faults;
use crate::harness::{ADMIN, DataDir, Finished, run};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

/// What is told of it.
const TOLD: &str = "keeps no file modes";

/// The data folder of a server, on such a disk: with these modes.
fn on_such_a_disk(folder: u32, file: u32) -> (Arc<DataDir>, Faults) {
    let (data, faults) = (DataDir::with_users(&["ada"]), Faults::none());
    drop(data.start());
    for (path, mode) in data.files().iter().map(|path| (&**path, file)).chain([(data.path(), folder)]) {
        set_mode(path, mode);
    }
    faults.set(&[("mode.keep", "fail")]);
    (data, faults)
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn command(data: &DataDir, faults: &Faults, words: &[&str]) -> Finished {
    let mut command = data.command();
    run(command.env("HOMEROOM_FAULTS", faults.path()).env("HOMEROOM_LISTEN", "127.0.0.1:0").args(words), b"")
}

#[test]
fn a_disk_that_keeps_no_modes_is_warned_of_at_each_start_and_no_success_is_claimed() {
    for (folder, others) in [(0o755, "can read what"), (0o777, "can read and replace what")] {
        let (data, faults) = on_such_a_disk(folder, 0o644);
        for _ in 0..2 {
            let server = faults.server(&data, &[]);
            let notice = server.login(ADMIN).find("a notice", |line| line["type"] == "notice");
            let log = server.stderr.wait_for("listening");
            for text in [notice["text"].as_str().unwrap(), &log] {
                for told in [TOLD, others, "identity.p12", "umask=077"] {
                    assert!(text.contains(told), "{told}: {text}");
                }
                assert!(!text.contains("its mode is now"), "{text}");
            }
            assert_eq!(log.matches(TOLD).count(), 1, "once is enough: {log}");
            server.login("ada").say("it serves all the same");
        }
        assert_eq!((mode(data.path()), mode(&data.file("identity.p12"))), (folder, 0o644));
    }
}

#[test]
fn a_disk_that_keeps_no_modes_is_told_by_every_command() {
    let (data, faults) = on_such_a_disk(0o777, 0o644);
    for look in ["doctor", "check"] {
        let said = command(&data, &faults, &[look]);
        let wrong: Vec<&str> = said.stdout.lines().filter(|line| line.starts_with("  !!  ")).collect();
        assert!(said.code == Some(1) && wrong.len() == 1 && wrong[0].contains(TOLD), "{said:?}");
        assert!(!said.stdout.contains("chmod"), "which would not help: {said:?}");
    }
    for words in [&["user", "add", "bob"][..], &["identity", "new"]] {
        let said = command(&data, &faults, words);
        said.succeeded();
        assert!(said.stderr.contains(TOLD) && !said.stderr.contains("its mode is now"), "{said:?}");
    }
    // Back on a disk that keeps them, they are closed, and that is true.
    faults.set(&[]);
    data.start().login("ada");
    assert_eq!((mode(data.path()), mode(&data.file("users.json"))), (0o755, 0o600));
    assert!(!data.files().iter().any(|path| path.extension().is_some_and(|end| end == "new")), "{:?}", data.files());
}
