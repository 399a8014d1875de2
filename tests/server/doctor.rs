//! `homeroom-server doctor`: what it finds, and that it changes nothing.

use crate::harness::{DataDir, Finished, Server, run};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

fn doctor(data: &Arc<DataDir>, listen: impl ToString) -> Finished {
    run(data.server().listen(listen).command().arg("doctor"), b"")
}

/// The line that is marked as wrong; there must be just one.
#[track_caller]
fn wrong(finished: &Finished) -> String {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let marked: Vec<&str> = finished.stdout.lines().filter(|line| line.starts_with("  !!  ")).collect();
    assert_eq!(marked.len(), 1, "{finished:?}");
    marked[0].to_owned()
}

/// Every file of a folder, with what is in it.
fn contents(data: &DataDir) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().is_file());
    files.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[test]
fn before_the_first_start_nothing_is_wrong_and_nothing_is_made() {
    let data = DataDir::new();
    let finished = doctor(&data, "127.0.0.1:0");
    let text = finished.succeeded();
    assert!(text.contains("the first start makes one") && text.contains("nothing is wrong here"), "{text}");
    assert!(text.contains("from this machine alone") && text.contains("nobody else can join"), "{text}");
    assert!(contents(&data).is_empty());
}

#[test]
fn beside_a_running_server_it_sees_that_it_runs_and_changes_nothing() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let mut ada = server.login("ada");
    let before = contents(&data);
    let finished = doctor(&data, server.address());
    assert!(finished.succeeded().contains("answered by this server, with its certificate"), "{finished:?}");
    assert_eq!(contents(&data), before);
    ada.say("still here");
}

#[test]
fn a_port_that_another_has_is_told() {
    let data = DataDir::with_users(&[]);
    let other = Server::with_users(&[]);
    drop(data.start());
    let told = wrong(&doctor(&data, other.address()));
    assert!(told.contains(&other.address().to_string()) && told.contains("another certificate"), "{told}");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let told = wrong(&doctor(&data, silent.local_addr().unwrap()));
    assert!(told.contains("isn't homeroom"), "{told}");
}

#[test]
fn what_is_damaged_is_told_and_left_as_it_is() {
    for (file, told) in [
        ("users.json", "users.json is damaged: it is no JSON any more, at line 1 column 1"),
        ("identity.p12", "not a PKCS#12 file"),
    ] {
        let data = DataDir::with_users(&[]);
        drop(data.start());
        fs::write(data.file(file), "damaged").unwrap();
        let line = wrong(&doctor(&data, "127.0.0.1:0"));
        assert!(line.contains(told), "{line}");
        assert_eq!(data.read(file), "damaged");
    }
}

/// In our own words, and not in those of a library.
#[test]
fn a_damaged_clock_or_topic_is_told_in_words() {
    for file in ["clock.json", "topic.json", "rooms.json", "lesson.json"] {
        let data = DataDir::with_users(&[]);
        drop(data.start());
        fs::write(data.file(file), "damaged").unwrap();
        let told = doctor(&data, "127.0.0.1:0");
        let words = format!("{file} is damaged: it is no JSON any more, at line 1 column 1");
        assert!(told.code == Some(1) && told.stdout.contains(&words), "{told:?}");
    }
}

#[test]
#[cfg(unix)]
fn files_that_others_can_read_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let data = DataDir::with_users(&[]);
    // As in the folder of the sources, where `make run` serves.
    for name in ["LICENSE", "Makefile", "Cargo.toml", "Cargo.lock", ".gitignore", "class.csv", "README.md"] {
        fs::write(data.file(name), "for everyone").unwrap();
        fs::set_permissions(data.file(name), fs::Permissions::from_mode(0o644)).unwrap();
    }
    let all_is_well = doctor(&data, "127.0.0.1:0");
    assert!(all_is_well.succeeded().contains("nobody but its owner can read"), "{all_is_well:?}");
    fs::set_permissions(data.file("users.json"), fs::Permissions::from_mode(0o644)).unwrap();
    let line = wrong(&doctor(&data, "127.0.0.1:0"));
    assert!(line.contains("chmod 600") && line.contains("users.json"), "{line}");
    let mode = fs::metadata(data.file("users.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "telling is all it does");
}
