//! Backups and restores of which there are two at once: none harms the other.

use super::backup::{back_up, restore};
use crate::harness::{DataDir, run, wait_until};
use std::fs;
use std::io::Write;
use std::process::Stdio;
use tempfile::TempDir;

#[test]
fn a_restore_that_is_refused_touches_nothing_of_the_one_that_runs() {
    let (data, files) = (DataDir::with_users(&["ada"]), TempDir::new().unwrap());
    data.start().kill();
    let file = back_up(&data, files.path(), "a.tar");
    let archive = fs::read(&file).unwrap();
    let copy = DataDir::new();
    let mut command = copy.command();
    command.args(["restore", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut first = command.spawn().unwrap();
    let mut pipe = first.stdin.take().unwrap();
    pipe.write_all(&archive[..archive.len() / 2]).unwrap();
    let arrived = || fs::read_dir(copy.file("restore.new")).map_or(0, Iterator::count);
    wait_until("it has begun", || arrived() > 0);
    let running = "is running: wait for its end";
    let refused = restore(&copy, &file);
    assert!(refused.failed_with(1).contains(running), "{refused:?}");
    let refused = run(&mut copy.server().command(), b"");
    assert!(refused.failed_with(1).contains(running), "{refused:?}");
    for command in [&["check"][..], &["doctor"], &["config", "check"], &["backup", "-"], &["identity", "show"]] {
        let told = run(copy.command().args(command), b"");
        let said = told.stdout.clone() + &told.stderr;
        assert!(told.code == Some(1) && said.contains(running) && !said.contains("was cut off"), "{told:?}");
    }
    assert!(arrived() > 0 && copy.file("homeroom.lock").exists());
    pipe.write_all(&archive[archive.len() / 2..]).unwrap();
    drop(pipe);
    let finished = first.wait_with_output().unwrap();
    assert!(finished.status.success(), "{}", String::from_utf8_lossy(&finished.stderr));
    assert_eq!(copy.read_bytes("identity.p12"), data.read_bytes("identity.p12"));
    copy.start().login("ada");
}

#[test]
fn a_backup_touches_nothing_of_another_of_the_same_name() {
    let (data, files) = (DataDir::with_users(&["ada"]), TempDir::new().unwrap());
    let another = files.path().join("a.tar.new");
    fs::write(&another, "another's").unwrap();
    back_up(&data, files.path(), "a.tar");
    assert_eq!(fs::read_to_string(another).unwrap(), "another's");
}
