//! A folder that isn't whole: a restore into it was cut off, or it is a mirror whose first copy was never complete. Nobody begins
//! on it, and nobody takes anything from it.

use super::broken::used;
use crate::harness::{DataDir, Finished, PASSWORD, run};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// All that holds the folder.
const HOLD: [&[&str]; 3] = [&["user", "add", "zed"], &["user", "import", "-"], &["person", "erase", "ada"]];
/// All that takes something from it, or puts something there, without holding it.
const TAKE: [&[&str]; 8] = [
    &["identity", "show"],
    &["identity", "new"],
    &["identity", "new", "--keep-key"],
    &["export"],
    &["attendance"],
    &["person", "export", "ada"],
    &["backup", "a.tar"],
    &["config", "show"],
];
/// All that says what it finds.
const JUDGE: [&[&str]; 3] = [&["check"], &["doctor"], &["config", "check"]];

fn contents(data: &DataDir) -> Vec<(PathBuf, Vec<u8>)> {
    data.files().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[track_caller]
fn assert_refused(data: &Arc<DataDir>, commands: &[&[&str]], words: &str) {
    let (elsewhere, before) = (TempDir::new().unwrap(), contents(data));
    for command in commands {
        let mut tool = data.command();
        let refused = run(tool.args(*command).current_dir(elsewhere.path()), PASSWORD.as_bytes());
        let told: &str = refused.failed_with(1);
        assert!(told.contains(words), "{command:?}: {told}");
    }
    assert_eq!(contents(data), before);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[track_caller]
fn assert_judged(data: &Arc<DataDir>, words: &str) {
    for command in JUDGE {
        let Finished { code, stdout, stderr } = run(data.command().args(command), b"");
        assert!(code == Some(1) && (stdout + &stderr).contains(words), "{command:?}");
    }
}

#[test]
fn nobody_takes_anything_from_a_folder_that_is_not_whole() {
    let data = used();
    let everything = [&HOLD[..], &TAKE].concat();
    fs::create_dir(data.file("restore.new")).unwrap();
    let words = "was cut off, and nothing of it is in place: do it again with `homeroom-server restore FILE`";
    assert_refused(&data, &everything, words);
    assert_judged(&data, words);
    fs::remove_dir(data.file("restore.new")).unwrap();
    let mark = data.file("mirror-of.json");
    fs::write(&mark, r#"{"id":"1","unfinished":true}"#).unwrap();
    let words =
        "is a mirror whose first copy was never complete, so it lacks what hadn't come: start on the data folder";
    assert_refused(&data, &everything, words);
    assert_judged(&data, words);
    assert!(run(&mut data.server().command(), b"").failed_with(1).contains(words));
    // Whoever holds it sees to what is whole.
    fs::remove_file(&mark).unwrap();
    fs::create_dir(data.file("restore.whole")).unwrap();
    let words = "is whole, and was cut off before all was in its place: the next start sees to that";
    assert_refused(&data, &TAKE, words);
    assert_judged(&data, words);
    data.user_add(&["zed"], Some(PASSWORD)).succeeded();
    let elsewhere = TempDir::new().unwrap();
    for command in TAKE {
        run(data.command().args(command).current_dir(elsewhere.path()), b"").succeeded();
    }
}

/// What is changed in a mirror would be replaced by what its data folder has.
#[test]
fn a_mirror_gets_no_key_of_its_own() {
    let data = used();
    fs::write(data.file("mirror-of.json"), r#"{"id":"1"}"#).unwrap();
    let words = "is the mirror of another folder, and has that one's key: name that folder with --data-dir";
    assert_refused(&data, &[&["identity", "new"], &["identity", "new", "--keep-key"]], words);
    run(data.command().args(["identity", "show"]), b"").succeeded();
    drop(data.start());
    run(data.command().args(["identity", "new"]), b"").succeeded();
}

/// Its server is at it, and holds it.
#[test]
#[cfg(all(target_os = "linux", feature = "fault-injection"))]
fn a_mirror_whose_first_copy_is_under_way_is_told_as_that() {
    let (data, mirror, faults) = (used(), DataDir::elsewhere(), super::faults::Faults::none());
    faults.set(&[("mirror.put.users.json", "fail")]);
    let server = faults.server(&data, &["--mirror", &mirror.path().display().to_string()]);
    server.stderr.wait_for("can't be kept up to date");
    let words = "is a mirror whose first copy isn't complete yet, and a server is at it: wait until";
    for command in [&["check"][..], &["doctor"], &["identity", "show"]] {
        let told = run(mirror.command().args(command), b"");
        assert!(told.code == Some(1) && (told.stdout.clone() + &told.stderr).contains(words), "{told:?}");
    }
}
