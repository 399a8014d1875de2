//! Another program takes the journal away, or a part of it, while the server runs.

use super::history;
use crate::harness::{DataDir, Peer, run};
use serde_json::json;
use std::fs::{self, File};
use std::path::Path;

/// What is done, to the data folder.
type Deed = (&'static str, fn(&Path));

fn segment(data: &Path) -> std::path::PathBuf {
    data.join("journal/00000000000000000001.jsonl")
}

const DEEDS: [Deed; 5] = [
    ("the segment is removed", |data| fs::remove_file(segment(data)).unwrap()),
    ("the segment is emptied", |data| File::options().write(true).open(segment(data)).unwrap().set_len(0).unwrap()),
    ("the segment is saved by an editor", |data| {
        fs::copy(segment(data), data.join("copy")).unwrap();
        fs::rename(data.join("copy"), segment(data)).unwrap();
    }),
    ("the folder is removed", |data| fs::remove_dir_all(data.join("journal")).unwrap()),
    ("the folder is moved away", |data| fs::rename(data.join("journal"), data.join("journal.before")).unwrap()),
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
            assert!(notice(&mut root).ends_with(": what is in memory is written anew"), "{what}");
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
