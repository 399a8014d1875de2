//! Something in the data folder is broken: that is the day for a backup, and for whatever looks.

use super::backup::{back_up, restore, restored};
use crate::harness::{DataDir, run};
use std::fs;
use std::sync::Arc;
use tempfile::TempDir;

/// What `homeroom.toml` may say that no server starts with, and what there is to say of it.
const WRONG: [(&str, &[&str]); 5] = [
    ("mesage-rate = 5\nlogin-grace = 0\n", &["homeroom.toml line 1: ", "did you mean `message-rate`?", "line 2: "]),
    ("keep-days 5\n", &["homeroom.toml line 1: not TOML"]),
    ("metrics = \"0.0.0.0:9667\"\n", &["metrics on 0.0.0.0:9667 could be read by others"]),
    ("\"\\u001b[31mred\" = 1\n", &["homeroom.toml line 1: there is no option"]),
    ("\"new\\nline\" = 1\n", &["homeroom.toml line 1: there is no option"]),
];

/// A folder in which everything is there, that a server has used.
pub(super) fn used() -> Arc<DataDir> {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    server.kill();
    data
}

#[test]
fn settings_with_a_mistake_stop_no_backup_and_nothing_that_looks() {
    let data = used();
    for (text, words) in WRONG {
        fs::write(data.file("homeroom.toml"), text).unwrap();
        let (files, copy) = (TempDir::new().unwrap(), DataDir::new());
        let file = files.path().join("a.tar");
        let made = run(data.command().arg("backup").arg(&file), b"");
        made.succeeded();
        restore(&copy, &file).succeeded();
        assert_eq!(copy.read("homeroom.toml"), text);
        let mut told = vec![made.stderr];
        for command in [&["identity", "show"][..], &["export"], &["attendance"], &["person", "export", "ada"]] {
            let looked = run(copy.command().args(command).current_dir(files.path()), b"");
            looked.succeeded();
            told.push(looked.stderr);
        }
        for command in ["check", "doctor"] {
            let judged = run(copy.command().arg(command), b"");
            judged.failed_with(1);
            assert!(judged.stdout.contains("ok  users.json"), "{judged:?}");
            told.extend(judged.stdout.lines().find(|line| line.contains("no server starts with that")).map(Into::into));
        }
        assert_eq!(told.len(), 7);
        for told in told {
            assert!(words.iter().all(|words| told.contains(words)) && !told.contains('\u{1b}'), "{told}");
            assert!(told.contains("no server starts with that: mend it. This goes on as if homeroom.toml"), "{told}");
        }
        // What goes by it doesn't go on.
        for command in
            [&["user", "add", "zed"][..], &["person", "erase", "ada"], &["config", "show"], &["config", "check"]]
        {
            let refused = run(copy.command().args(command), b"");
            let told = refused.failed_with(2);
            assert!(told.contains(words[0]) && !told.contains('\u{1b}'), "{refused:?}");
        }
        run(&mut copy.server().command(), b"").failed_with(2);
        assert!(restore(&copy, &file).failed_with(1).contains("holds something already"));
    }
    // A mistake on the command line is one all the same.
    run(data.command().args(["--metrics", "0.0.0.0:1", "check"]), b"").failed_with(2);
}

#[test]
fn what_can_not_be_read_of_what_people_write_there_stays_out_of_a_backup() {
    let (data, files) = (used(), TempDir::new().unwrap());
    for name in ["homeroom.toml", "motd.txt"] {
        fs::create_dir(data.file(name)).unwrap();
    }
    let made = run(data.command().arg("backup").arg(files.path().join("a.tar")), b"");
    made.succeeded();
    for name in ["homeroom.toml", "motd.txt"] {
        let left = |line: &str| line.contains(name) && line.contains("so it is not in the backup");
        assert!(made.stderr.lines().any(left), "{made:?}");
    }
    let copy = restored(&files.path().join("a.tar"));
    assert!(!copy.file("homeroom.toml").exists() && !copy.file("motd.txt").exists());
    copy.start().login("ada");
}

#[test]
fn what_is_damaged_is_copied_as_it_is() {
    let (data, files) = (used(), TempDir::new().unwrap());
    for name in ["erasing.json", "rooms.json", "lesson.json", "topic.json", "clock.json", "users.json", "identity.p12"]
    {
        fs::write(data.file(name), "{damaged").unwrap();
    }
    let file = back_up(&data, files.path(), "a.tar");
    let archive = fs::read(&file).unwrap();
    let mut archive = tar::Archive::new(&archive[..]);
    let contents = archive.entries().unwrap().map(|entry| std::io::read_to_string(entry.unwrap()).unwrap());
    assert_eq!(contents.filter(|text| text == "{damaged").count(), 7);
    assert!(restore(&DataDir::new(), &file).failed_with(1).contains("what it was made of was damaged"));
}
