//! Backups and restores that fail or die at each of their steps: there is none of it, or all.

use super::backup::{back_up, restore, restored};
use super::faults::{Faults, REPLACE};
use crate::harness::{DataDir, Finished, run};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Before anything of it is what the folder holds.
const BEFORE: [&str; 5] = ["restore.create", "restore.write", "restore.sync", "restore.checked", "restore.whole"];
/// After that: what is put in place, one after the other, and the end.
const AFTER: [&str; 8] = [
    "restore.put.identity.p12",
    "restore.put.clock.json",
    "restore.put.journal",
    "restore.put.sequence",
    "restore.put.tokens.jsonl",
    "restore.put.topic.json",
    "restore.put.users.json",
    "restore.end",
];

/// A folder in which something was said, that is nobody's at the moment.
fn used() -> Arc<DataDir> {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    assert_ne!(server.admin().ask(json!({"type": "topic", "text": "fractions"}))["type"], "error");
    server.kill();
    data
}

fn with(faults: &Faults, data: &DataDir, word: &str, file: &Path) -> Finished {
    run(data.command().env("HOMEROOM_FAULTS", faults.path()).arg(word).arg(file), b"")
}

#[track_caller]
fn assert_goes_on(data: &Arc<DataDir>, step: &str) {
    let server = data.start();
    let said = super::history(&mut server.login("ada"));
    assert!(said.iter().any(|(_, text)| text == "hello"), "{step}: {said:?}");
}

fn is_empty(data: &DataDir) -> bool {
    fs::read_dir(data.path()).unwrap().count() == 0
}

#[test]
fn a_backup_that_fails_or_dies_leaves_no_half_file_under_its_name() {
    let data = used();
    for (step, action) in REPLACE.iter().flat_map(|step| [(*step, "fail"), (*step, "half"), (*step, "die")]) {
        let (files, faults) = (TempDir::new().unwrap(), Faults::none());
        let file = files.path().join("a.tar");
        faults.set(&[(step, action)]);
        let finished = with(&faults, &data, "backup", &file);
        assert_ne!(finished.code, Some(0), "{step} {action}");
        // The last step makes durable what is there.
        assert_eq!(file.exists(), step == "replace.folder", "{step} {action}");
        if action != "die" {
            assert!(finished.failed_with(1).contains("can't write"), "{finished:?}");
            let left = fs::read_dir(files.path()).unwrap().count();
            assert_eq!(left, usize::from(step == "replace.folder"), "{step} {action}");
        }
        faults.set(&[]);
        if file.exists() {
            restored(&file);
        } else {
            restored(&back_up(&data, files.path(), "a.tar"));
        }
    }
}

#[test]
fn a_restore_that_dies_leaves_a_folder_that_it_takes_again_or_a_whole_one() {
    let (data, files) = (used(), TempDir::new().unwrap());
    let file = back_up(&data, files.path(), "a.tar");
    for step in BEFORE {
        let (copy, faults) = (DataDir::new(), Faults::none());
        faults.set(&[(step, "die")]);
        assert_eq!(with(&faults, &copy, "restore", &file).code, None, "{step}: it died of a signal");
        // No server makes another key there.
        let refused = run(&mut copy.server().command(), b"");
        assert!(refused.failed_with(1).contains("was cut off, and nothing of it is in place"), "{step}: {refused:?}");
        let refused = run(copy.command().args(["user", "add", "eve"]), b"");
        assert!(refused.failed_with(1).contains("do it again with"), "{step}: {refused:?}");
        let found = run(copy.command().arg("check"), b"");
        assert!(found.failed_with(1).len() > 1 && found.stdout.contains("was cut off"), "{step}: {found:?}");
        assert!(!copy.file("identity.p12").exists(), "{step}");
        restore(&copy, &file).succeeded();
        assert_goes_on(&copy, step);
    }
    for step in AFTER {
        let (copy, faults) = (DataDir::new(), Faults::none());
        faults.set(&[(step, "die")]);
        assert_eq!(with(&faults, &copy, "restore", &file).code, None, "{step}: it died of a signal");
        let refused = restore(&copy, &file);
        assert!(refused.failed_with(1).contains("the next start sees to that"), "{step}: {refused:?}");
        let refused = run(copy.command().arg("backup").arg(files.path().join("b.tar")), b"");
        assert!(refused.failed_with(1).contains("the next start sees to that"), "{step}: {refused:?}");
        // A start dies there too.
        assert_eq!(run(copy.server().command().env("HOMEROOM_FAULTS", faults.path()), b"").code, None, "{step}");
        assert_goes_on(&copy, step);
        run(copy.command().arg("check"), b"").succeeded();
        assert_eq!(copy.read_bytes("identity.p12"), data.read_bytes("identity.p12"), "{step}");
    }
}

#[test]
fn a_restore_that_fails_leaves_the_folder_as_it_was() {
    let (data, files) = (used(), TempDir::new().unwrap());
    let file = back_up(&data, files.path(), "a.tar");
    for step in BEFORE {
        let (copy, faults) = (DataDir::new(), Faults::none());
        faults.set(&[(step, if step == "restore.write" { "half" } else { "fail" })]);
        let failed = with(&faults, &copy, "restore", &file);
        assert!(failed.failed_with(1).contains("can't"), "{step}: {failed:?}");
        assert!(is_empty(&copy), "{step}");
    }
    let (copy, faults) = (DataDir::new(), Faults::none());
    faults.set(&[("restore.put.journal", "fail")]);
    assert!(with(&faults, &copy, "restore", &file).failed_with(1).contains("can't put what was restored in its place"));
    assert_goes_on(&copy, "after a step that failed");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_has_none_of_it() {
    use crate::harness::SmallDisk;
    let (data, files) = (used(), TempDir::new().unwrap());
    fs::create_dir(data.file("get")).unwrap();
    fs::write(data.file("get/homeroom-client"), vec![7; 200 * 1024]).unwrap();
    let file = back_up(&data, files.path(), "a.tar");
    let copy = DataDir::new();
    let Some(disk) = SmallDisk::over(copy.path(), 100) else { return };
    let failed = restore(&copy, &file);
    assert!(failed.failed_with(1).contains("no space left on device; make room on its disk"), "{failed:?}");
    assert!(is_empty(&copy));
    let failed = run(data.command().arg("backup").arg(copy.file("b.tar")), b"");
    assert!(failed.failed_with(1).contains("no space left on device; make room on its disk"), "{failed:?}");
    assert!(is_empty(&copy));
    drop(disk);
    restore(&copy, &file).succeeded();
    assert_goes_on(&copy, "with more room");
}
