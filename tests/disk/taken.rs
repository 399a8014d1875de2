//! Another program takes the journal away, or a part of it, while the server runs.

use super::history;
use crate::harness::{DataDir, Peer, Server, assert_error, assert_reply, run};
use serde_json::json;
use std::fs::{self, File};
use std::path::Path;

/// What is done, to the data folder.
type Deed = (&'static str, fn(&Path));

fn segment(data: &Path) -> std::path::PathBuf {
    data.join("journal/00000000000000000001.jsonl")
}

const DEEDS: [Deed; 6] = [
    ("the segment is removed", |data| fs::remove_file(segment(data)).unwrap()),
    ("the segment is emptied", |data| File::options().write(true).open(segment(data)).unwrap().set_len(0).unwrap()),
    ("the segment is saved by an editor", |data| {
        fs::copy(segment(data), data.join("copy")).unwrap();
        fs::rename(data.join("copy"), segment(data)).unwrap();
    }),
    ("the folder is removed", |data| fs::remove_dir_all(data.join("journal")).unwrap()),
    ("the folder is moved away", |data| fs::rename(data.join("journal"), data.join("journal.before")).unwrap()),
    ("a file is in the folder's place", |data| {
        fs::rename(data.join("journal"), data.join("journal.before")).unwrap();
        // One that is private, as `check` wants it.
        fs::copy(data.join("users.json"), data.join("journal")).unwrap();
    }),
];

/// What an administrator is told of it.
fn notice(root: &mut Peer) -> String {
    let is_it = |text: &str| text.starts_with("another program has removed, cut or replaced");
    let notice = root.find("the notice", |line| line["text"].as_str().is_some_and(is_it));
    assert_eq!(notice["type"], "notice");
    notice["text"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_acknowledged_is_there_after_the_journal_was_taken_away() {
    for sync in ["always", "second", "never"] {
        for (what, deed) in DEEDS {
            println!("--sync {sync}: {what}");
            let data = DataDir::with_users(&["ada"]);
            let mut server = data.server().args(&["--sync", sync]).start();
            let (mut root, mut ada) = (server.admin(), server.login("ada"));
            let mut said = vec![ada.say("before")];
            deed(data.path());
            said.push(ada.say("meanwhile"));
            let told = notice(&mut root);
            let told = told.strip_suffix("; what stood in its place is now journal.old").unwrap_or(&told);
            assert!(told.ends_with(": what is in memory is written anew"), "{what}: {told}");
            said.push(ada.say("after"));
            let said: Vec<_> =
                said.iter().map(|e| (e["seq"].as_u64().unwrap(), e["text"].as_str().unwrap().to_owned())).collect();
            assert_eq!(history(&mut ada), said);
            server.kill();
            run(data.command().arg("check"), b"").succeeded();
            assert_eq!(history(&mut data.start().login("ada")), said, "--sync {sync}: {what}");
        }
    }
}

/// One that isn't written any more, of a server that died: its events are on the disk alone.
#[test]
fn an_older_segment_that_is_gone_is_told_when_somebody_looks_back_and_the_rest_is_read() {
    let data = DataDir::with_users(&["ada"]);
    for text in ["one", "two"] {
        let mut server = data.start();
        server.login("ada").say(text);
        server.kill();
    }
    let server = data.start();
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    ada.say("three");
    fs::remove_file(segment(data.path())).unwrap();
    // Whoever finds it missing is refused, and that has it looked for, unless the server has done so already.
    ada.ask(json!({"type": "history", "limit": 200}));
    let told = notice(&mut root);
    assert!(told.contains("00000000000000000001.jsonl") && told.contains("older events are gone"), "{told}");
    let texts: Vec<String> = history(&mut ada).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["two", "three"]);
}

/// The end of a server, each way that there is.
type End = (&'static str, fn(&mut Server, &mut Peer));

const ENDS: &[End] = &[
    #[cfg(unix)]
    ("a signal", |server, _| server.terminate()),
    ("/shutdown", |_, root| assert_reply(&root.ask(json!({"type": "shutdown"})))),
];

/// Nothing is said after it is gone that a sync would be for, and no minute passes.
#[test]
fn an_end_of_the_server_writes_anew_what_was_taken_away_before() {
    for (end, ask) in ENDS {
        for sync in ["always", "second", "never"] {
            println!("--sync {sync}, {end}");
            let data = DataDir::with_users(&["ada"]);
            let mut server = data.server().args(&["--sync", sync]).start();
            let (mut root, mut ada) = (server.admin(), server.login("ada"));
            ada.say("one");
            // Mended once, it is looked at again at the end, and no file of it is open.
            fs::remove_file(segment(data.path())).unwrap();
            ada.say("two");
            notice(&mut root);
            let said = history(&mut ada);
            fs::remove_dir_all(data.file("journal")).unwrap();
            ask(&mut server, &mut root);
            server.wait();
            run(data.command().arg("check"), b"").succeeded();
            assert_eq!(history(&mut data.start().login("ada")), said, "--sync {sync}, {end}");
        }
    }
}

/// A link may lead to a disk that comes back, so it stays.
#[cfg(unix)]
#[test]
fn what_can_not_be_mended_is_told_in_words_and_what_is_lost_too() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    ada.say("before");
    fs::rename(data.file("journal"), data.file("elsewhere")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", data.file("journal")).unwrap();
    let last = ada.say("noticed after this")["seq"].as_u64().unwrap();
    let is_it = |line: &serde_json::Value| {
        line["text"].as_str().is_some_and(|text| text.starts_with("the journal can't be written"))
    };
    let told = root.find("the trouble", is_it)["text"].as_str().unwrap().to_owned();
    assert!(told.contains("is a link that leads to no folder: bring back what it leads to"), "{told}");
    assert!(!told.contains("make room") && !told.contains("os error"), "{told}");
    assert_error(&ada.ask(json!({"type": "say", "text": "refused"})), "internal");
    server.terminate();
    server.wait();
    let log = server.stderr.text();
    assert!(log.contains(&format!(" (seq 1 to {last}) were in memory alone and are lost")), "{log}");
}
