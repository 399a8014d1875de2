//! `homeroom-server check`: what it finds in what the server keeps, and that what it advises mends it.

use crate::harness::{DataDir, Finished, run};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

fn check(data: &DataDir) -> Finished {
    run(data.command().arg("check"), b"")
}

/// The lines with a mark.
fn marked<'a>(finished: &'a Finished, mark: &str) -> Vec<&'a str> {
    finished.stdout.lines().filter_map(|line| line.strip_prefix(&format!("  {mark}  "))).collect()
}

/// The one thing that is wrong.
#[track_caller]
fn wrong(data: &DataDir) -> String {
    let before = contents(data);
    let finished = check(data);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(contents(data), before, "telling is all it does");
    let wrong = marked(&finished, "!!");
    assert_eq!(wrong.len(), 1, "{finished:?}");
    wrong[0].to_owned()
}

/// Every file with what is in it.
fn contents(data: &DataDir) -> BTreeMap<PathBuf, Vec<u8>> {
    data.files().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// A folder on which a server ran in which these were said, and its one segment.
fn with_journal(texts: &[&str]) -> (Arc<DataDir>, PathBuf) {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    texts.iter().for_each(|text| drop(ada.say(text)));
    server.kill();
    let path = data.journal().remove(0);
    (data, path)
}

#[test]
fn beside_a_running_server_all_is_well_and_counted() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    server.login("ada").say("hello");
    let before = contents(&data);
    let finished = check(&data);
    let text = finished.succeeded();
    assert!(text.contains("users.json: 2 accounts, 1 administrator\n"), "{text}");
    assert!(text.contains("identity.p12: sha256:") && text.contains("nothing is wrong here"), "{text}");
    assert!(text.contains("2 events in 1 segment") || text.contains("3 events in 1 segment"), "{text}");
    assert!(marked(&finished, "--").is_empty(), "{text}");
    let after = contents(&data);
    assert!(before.keys().eq(after.keys()));
    server.login("ada").say("still here");
}

#[test]
fn a_wrong_folder_is_told() {
    let data = DataDir::new();
    let mut command = data.command();
    let finished = run(command.arg("check").arg("--data-dir").arg(data.file("nowhere")), b"");
    assert!(finished.stdout.contains("nowhere is no folder") && finished.code == Some(1), "{finished:?}");
    assert!(check(&data).succeeded().contains("the first start makes one"));
}

#[test]
fn what_is_wrong_with_the_accounts_is_told_with_its_line() {
    let data = DataDir::with_users(&["ada"]);
    let whole = data.read("users.json");
    for (what, instead, told) in [
        ("\"version\"", "version", "line 2 column"),
        ("$pbkdf2-sha256$", "$scrypt$", "is no hash that this program knows"),
        ("\"ada\"", "\"a da\"", "`a da` at line 4 is no user name"),
        ("\"root\"", "\"ada\"", "`ada` stands there twice"),
        ("\"root\"", "\"ADA\"", "`ada` stands there twice"),
        ("\"role\": \"admin\"", "\"role\": \"user\"", "no administrator who may log in"),
        ("\"role\": \"admin\"", "\"role\": \"king\"", "`king`"),
        ("\"role\": \"admin\"", "\"role\": \"admin\", \"crown\": 1", "a field `crown`"),
    ] {
        let damaged = whole.replacen(what, instead, 1);
        assert_ne!(damaged, whole, "{what}");
        fs::write(data.file("users.json"), damaged).unwrap();
        let line = wrong(&data);
        let place = data.file("users.json").display().to_string();
        assert!(line.contains(told) && line.starts_with(&place), "{line}");
    }
}

#[test]
fn what_is_wrong_with_the_other_files_is_told() {
    for (file, text, told) in [
        ("identity.p12", "damaged", "identity new"),
        ("tokens.jsonl", "{}\n", "tokens.jsonl is damaged: line 1"),
        ("sequence", "many", "sequence is damaged"),
        ("topic.json", "{", "topic.json is damaged"),
        ("rooms.json", "{", "rooms.json is damaged"),
        ("lesson.json", "{", "lesson.json is damaged"),
        ("clock.json", "{", "clock.json is damaged"),
    ] {
        let data = DataDir::with_users(&[]);
        drop(data.start());
        fs::write(data.file(file), text).unwrap();
        #[cfg(unix)]
        close_to_others(&data, file);
        let line = wrong(&data);
        assert!(line.contains(told), "{line}");
    }
}

#[cfg(unix)]
fn close_to_others(data: &DataDir, file: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(data.file(file), fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn what_stops_a_start_is_told_by_whatever_looks() {
    let data = DataDir::with_users(&["ada"]);
    drop(data.start());
    let look = |what: &str| run(data.command().env("HOMEROOM_LISTEN", "127.0.0.1:0").arg(what), b"");
    let stops = |name: &str, told: &str| {
        let refused = run(&mut data.server().command(), b"");
        assert!(refused.failed_with(1).contains(told), "{name}: {refused:?}");
        for finished in [look("check"), look("doctor")] {
            let wrong = marked(&finished, "!!");
            assert!(wrong.len() == 1 && wrong[0].contains(told), "{name}: {finished:?}");
            assert!(!wrong[0].contains("as the user"), "{name}: {finished:?}");
        }
    };
    for (name, bytes, told) in [
        ("users.json", &b"{\n\"sch\xf6n\": 1}"[..], "users.json is damaged: line 2 isn't UTF-8"),
        ("identity.p12", b"no PKCS#12", "not a PKCS#12 file"),
        ("topic.json", b"{", "topic.json is damaged"),
        ("rooms.json", br#"{"seq":1,"rooms":{"a b":{"open":true,"made":0}},"stays":[]}"#, "`a b` is no room's name"),
        ("lesson.json", br#"{"rooms":{"general":{"floor":{"mode":"slow"}}}}"#, "a slow room has no `seconds`"),
        ("sequence", b"18446744073709551615", "sequence is damaged"),
    ] {
        let before = fs::read(data.file(name)).ok();
        fs::write(data.file(name), bytes).unwrap();
        #[cfg(unix)]
        close_to_others(&data, name);
        stops(name, told);
        match before {
            Some(before) => fs::write(data.file(name), before).unwrap(),
            None => fs::remove_file(data.file(name)).unwrap(),
        }
    }
    for name in ["audit.jsonl", "homeroom.lock"] {
        // Nobody's mistake, but a folder can be written to by no one, root included.
        let _ = fs::remove_file(data.file(name));
        fs::create_dir(data.file(name)).unwrap();
        stops(name, name);
        fs::remove_dir(data.file(name)).unwrap();
    }
    look("check").succeeded();
    data.start().login("ada");
}

#[test]
fn a_line_of_the_journal_stops_a_start_or_nobody() {
    let (data, path) = with_journal(&["one", "two"]);
    let whole = fs::read_to_string(&path).unwrap();
    for (what, instead) in
        [("\"username\":\"ada\"", "\"username\":\"ada\",\"to\":\"bob\""), ("\"time\":\"2", "\"time\":\"x")]
    {
        let damaged = whole.replacen(what, instead, 1);
        assert_ne!(damaged, whole);
        fs::write(&path, damaged).unwrap();
        let told = wrong(&data);
        assert!(told.contains("is damaged at line 1"), "{told}");
        let refused = run(&mut data.server().command(), b"");
        assert!(refused.failed_with(1).contains("is damaged at line 1"), "{refused:?}");
    }
}

#[test]
fn each_damage_of_the_journal_is_told_with_file_and_line() {
    let (data, path) = with_journal(&["one", "two", "three"]);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for (line, damaged) in [
        (2, [lines[0], "\0\0\0\n", lines[2], lines[3]].concat()),
        (3, [lines[0], lines[1], lines[3]].concat()),
        (3, [lines[0], lines[1], &lines[2][..20], lines[3]].concat()),
        (1, whole.replacen("\"ada\"", "\"Å\"", 1)),
        (2, whole.replacen("general\",\"text\":\"one", "general\",\"text\":\"\u{1}one", 1)),
        (1, whole.replacen("\"time\":\"2", "\"time\":\"x", 1)),
    ] {
        fs::write(&path, &damaged).unwrap();
        let told = wrong(&data);
        assert!(told.starts_with(&format!("{} is damaged at line {line}: ", path.display())), "{told}");
        assert!(told.contains("put a copy of the file in its place"), "{told}");
    }
}

#[test]
fn what_a_crash_leaves_is_no_damage() {
    let (data, path) = with_journal(&["one", "two"]);
    drop(data.start().login("ada"));
    let newest = data.journal().pop().unwrap();
    let mut text = fs::read(&newest).unwrap();
    text.extend_from_slice(b"{\"type\":");
    fs::write(&newest, text).unwrap();
    fs::write(data.file("journal/copy.bak"), "").unwrap();
    let finished = check(&data);
    finished.succeeded();
    let notes = marked(&finished, "--");
    for told in ["begins with event 10001, and the segment before it ends with", "8 bytes of a line", "copy.bak"] {
        assert!(notes.iter().any(|note| note.contains(told)), "{notes:?}");
    }
    // As a failed sync leaves it: the newer segment has what is damaged in the older one.
    let [older, newer] =
        ["00000000000000000001", "00000000000000000003"].map(|first| data.file(&format!("journal/{first}.jsonl")));
    assert_eq!(older, path);
    let whole = fs::read_to_string(&older).unwrap();
    let third = whole.split_inclusive('\n').nth(2).unwrap();
    // With its modes.
    fs::copy(&older, &newer).unwrap();
    fs::write(&newer, third).unwrap();
    fs::write(&older, whole.replacen("two", "t\0o", 1)).unwrap();
    let finished = check(&data);
    finished.succeeded();
    assert!(marked(&finished, "--").iter().any(|note| note.contains("bytes that don't count")), "{finished:?}");
}

#[test]
fn its_advice_loses_the_damaged_line_alone() {
    let (data, path) = with_journal(&["one", "two", "three"]);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    fs::write(&path, whole.replacen("two", "t\0o", 1)).unwrap();
    let finished = check(&data);
    assert!(marked(&finished, "--").iter().any(|note| note.contains("split the file")), "{finished:?}");
    run(&mut data.server().command(), b"").failed_with(1);
    fs::write(&path, lines[..2].concat()).unwrap();
    fs::write(data.file("journal/00000000000000000004.jsonl"), lines[3..].concat()).unwrap();
    let server = data.start();
    let reply = server.login("ada").ask(json!({"type": "history"}));
    let texts: Vec<_> = reply["events"].as_array().unwrap().iter().map(|event| &event["text"]).collect();
    assert_eq!(texts, ["one", "three"]);
}
