//! The order in which the server calls its system: what is acknowledged is on the disk before.

use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_reply, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// What is looked at.
const CALLS: &str = "trace=openat,write,recvfrom,sendto,fsync,fdatasync,rename,renameat,renameat2";

/// A server under strace, which writes down what it calls.
struct Traced {
    server: Server,
    data: Arc<DataDir>,
    _folder: TempDir,
    log: PathBuf,
}

/// One call.
#[derive(Debug)]
struct Call {
    thread: String,
    name: String,
    /// Its arguments and its result.
    text: String,
    /// Where it begins and where it ends among all the others.
    begin: usize,
    end: usize,
}

impl Traced {
    /// None, and the reason is printed, where nothing can be traced.
    fn start(args: &[&str]) -> Option<Self> {
        Self::on(DataDir::with_users(&["ada", "bob"]), args)
    }

    /// The same, on a folder that there is.
    fn on(data: Arc<DataDir>, args: &[&str]) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("log");
        let may_trace = Command::new("strace").args(["-D", "-o", "/dev/null", "true"]).output();
        if !may_trace.is_ok_and(|done| done.status.success()) {
            println!("not tested: there is no strace, or it may not trace");
            return None;
        }
        // The server is what is started; strace is a process beside it.
        let strace = ["strace", "-D", "-f", "-q", "-yy", "-s", "400", "-e", CALLS, "-o", log.to_str().unwrap()];
        let server = data.server().through(&strace).args(args).start();
        Some(Self { server, data, _folder: folder, log })
    }

    /// What the server called between a thread's reading the last request before a call that is `last`, and the first
    /// send of that thread behind it, which is awaited: of every thread.
    #[track_caller]
    fn around(&self, last: impl Fn(&Call) -> bool) -> Vec<Call> {
        let mut found = None;
        wait_until("the answer's send is written down", || {
            let calls = parse(&fs::read_to_string(&self.log).unwrap());
            found = surroundings(calls, &last);
            found.is_some()
        });
        found.unwrap()
    }
}

impl Call {
    /// Whether it sends something to a client.
    fn is_send(&self) -> bool {
        self.name == "sendto" && self.text.contains("<TCP")
    }

    /// Whether it does this to a file of the journal.
    fn is_of_journal(&self, name: &str) -> bool {
        self.name == name && self.text.contains("/journal/")
    }
}

fn surroundings(calls: Vec<Call>, last: impl Fn(&Call) -> bool) -> Option<Vec<Call>> {
    let at = calls.iter().position(last)?;
    let (thread, begin, end) = (calls[at].thread.clone(), calls[at].begin, calls[at].end);
    let own = |call: &&Call| call.thread == thread;
    let read = calls.iter().filter(own).rfind(|call| call.name == "recvfrom" && call.end < begin)?.end;
    let sent = calls.iter().find(|call| call.is_send() && call.begin > end)?.begin;
    Some(calls.into_iter().filter(|call| call.begin > read && call.begin <= sent).collect())
}

/// The calls that have ended, by where they begin. A call that others come between is written down in two pieces.
fn parse(log: &str) -> Vec<Call> {
    let (mut calls, mut unfinished): (Vec<Call>, Vec<Call>) = (Vec::new(), Vec::new());
    for (at, line) in log.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ').map(|(thread, rest)| (thread, rest.trim_start())) else {
            continue;
        };
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some(index) = unfinished.iter().position(|call| call.thread == thread) else { continue };
            let mut call = unfinished.remove(index);
            call.text.push_str(resumed);
            call.end = at;
            calls.push(call);
        } else if let Some((name, text)) = rest.split_once('(') {
            let (name, text) = (name.to_owned(), text.to_owned());
            let is_whole = !text.ends_with("<unfinished ...>");
            let call = Call { thread: thread.to_owned(), name, text, begin: at, end: at };
            if is_whole { calls.push(call) } else { unfinished.push(call) }
        }
    }
    calls.sort_by_key(|call| call.begin);
    calls
}

#[track_caller]
fn ask(peer: &mut Peer, request: Value) {
    let answer = peer.ask(request);
    assert!(answer["type"] == "reply" || answer["type"] == "message" || answer["type"] == "whisper", "{answer}");
}

#[test]
fn an_event_is_written_before_anybody_is_sent_it() {
    let Some(traced) = Traced::start(&["--sync", "second"]) else { return };
    let (mut ada, mut bob) = (traced.server.login("ada"), traced.server.login("bob"));
    ada.event("joined", "bob");
    for request in [
        json!({"type": "say", "text": "first-marked"}),
        json!({"type": "whisper", "to": "bob", "text": "second-marked"}),
    ] {
        let text = request["text"].as_str().unwrap().to_owned();
        ask(&mut ada, request);
        bob.until_text(&text);
        let calls = traced.around(|call| call.name == "write" && call.text.contains(&text));
        let write = calls.iter().position(|call| call.text.contains(&text)).unwrap();
        assert!(calls[write].text.contains("/journal/") && calls[write].text.contains(" = "), "{calls:?}");
        // Of all threads: nobody is sent anything before the write has ended.
        let first = calls.iter().find(|call| call.is_send()).unwrap();
        assert!(first.begin > calls[write].end, "{calls:?}");
    }
}

#[test]
fn with_sync_always_an_event_is_synced_before_anybody_is_sent_it() {
    let Some(traced) = Traced::start(&["--sync", "always"]) else { return };
    let (mut ada, bob) = (traced.server.login("ada"), traced.server.login("bob"));
    ada.event("joined", "bob");
    drop(bob);
    ada.event("left", "bob");
    ask(&mut ada, json!({"type": "say", "text": "marked"}));
    let calls = traced.around(|call| call.name == "write" && call.text.contains("marked"));
    let write = calls.iter().find(|call| call.text.contains("marked")).unwrap();
    let is_sync = |call: &&Call| call.is_of_journal("fdatasync") && call.begin > write.end;
    let sync = calls.iter().find(is_sync).unwrap_or_else(|| panic!("no sync before the send: {calls:?}"));
    assert!(sync.text.ends_with("= 0"), "{sync:?}");
    let first = calls.iter().find(|call| call.is_send()).unwrap();
    assert!(first.begin > sync.end, "{calls:?}");
}

#[test]
fn what_a_killed_server_has_left_is_synced_before_the_journal_goes_on() {
    for (sync, synced) in [("second", true), ("never", false)] {
        let data = DataDir::with_users(&["ada", "bob"]);
        let mut before = data.start();
        before.login("ada");
        before.kill();
        let Some(traced) = Traced::on(data, &["--sync", sync]) else { return };
        traced.server.login("bob");
        let wrote = |call: &Call| call.is_of_journal("write");
        let mut calls = Vec::new();
        wait_until("the first write to the journal is written down", || {
            calls = parse(&fs::read_to_string(&traced.log).unwrap());
            calls.iter().any(wrote)
        });
        let first = calls.iter().find(|call| wrote(call)).unwrap();
        let mut syncs = calls.iter().filter(|call| call.is_of_journal("fdatasync"));
        assert_eq!(syncs.any(|sync| sync.end < first.begin), synced, "--sync {sync}: {calls:?}");
    }
}

/// Else a power failure takes the whole file.
#[test]
fn a_new_segment_is_in_its_folder_before_it_is_written_to() {
    let Some(traced) = Traced::start(&["--sync", "always"]) else { return };
    traced.server.login("ada").say("marked");
    let mut calls = Vec::new();
    let wrote = |call: &Call| call.is_of_journal("write");
    wait_until("the first write to the journal is written down", || {
        calls = parse(&fs::read_to_string(&traced.log).unwrap());
        calls.iter().any(wrote)
    });
    let write = calls.iter().find(|call| wrote(call)).unwrap();
    let made = calls.iter().find(|call| call.is_of_journal("openat") && call.text.contains("O_CREAT")).unwrap();
    let of_folder = |call: &&Call| call.name == "fsync" && call.text.contains("/journal>)") && call.begin > made.end;
    let sync = calls.iter().find(of_folder).unwrap_or_else(|| panic!("no sync of the folder: {calls:?}"));
    assert!(sync.end < write.begin && sync.text.ends_with("= 0"), "{calls:?}");
}

#[test]
fn a_tokens_end_is_on_the_disk_before_its_owner_is_told() {
    let Some(traced) = Traced::start(&[]) else { return };
    assert_reply(&traced.server.login("ada").ask(json!({"type": "logout"})));
    // The lines that say how long a token is valid, and where its owner is at home, came before.
    let others = |call: &Call| ["valid", "homes"].iter().any(|field| call.text.contains(field));
    let ends = |call: &Call| call.text.contains("/tokens.jsonl>") && !others(call);
    let calls = traced.around(|call| call.name == "write" && ends(call));
    let write = calls.iter().find(|call| call.name == "write" && ends(call)).unwrap();
    let is_sync = |call: &&Call| call.name == "fdatasync" && ends(call) && call.begin > write.end;
    let sync = calls.iter().find(is_sync).unwrap_or_else(|| panic!("no sync before the send: {calls:?}"));
    let sent = calls.iter().find(|call| call.is_send() && call.begin > write.end).unwrap();
    assert!(sync.text.ends_with("= 0") && sent.begin > sync.end, "{calls:?}");
}

#[test]
fn an_account_is_on_the_disk_before_its_administrator_is_told() {
    let Some(traced) = Traced::start(&[]) else { return };
    let mut root = traced.server.admin();
    assert_reply(&root.ask(json!({"type": "add_user", "username": "zed", "password": PASSWORD})));
    let (new, folder) = (traced.data.file("users.json.new"), traced.data.path().to_owned());
    let (new, folder) = (new.display().to_string(), folder.display().to_string());
    let calls = traced.around(|call| call.name.starts_with("rename") && call.text.contains("users.json.new"));
    let thread = &calls.iter().find(|call| call.name.starts_with("rename")).unwrap().thread;
    let mut steps: Vec<&str> = Vec::new();
    for call in calls.iter().filter(|call| call.thread == *thread) {
        let of_new = call.text.contains(&format!("<{new}>"));
        steps.push(match &*call.name {
            "openat" if of_new => "make",
            "write" if of_new => "write",
            "fsync" if of_new => "sync",
            name if name.starts_with("rename") => "rename",
            "fsync" if call.text.contains(&format!("<{folder}>)")) => "sync the folder",
            "sendto" => "send",
            _ => continue,
        });
        assert!(!call.text.contains("= -1"), "{call:?}");
    }
    steps.dedup();
    assert_eq!(steps, ["make", "write", "sync", "rename", "sync the folder", "send"], "{calls:?}");
}

/// Else a power failure could bring the words back.
#[test]
fn the_segment_without_the_words_is_on_the_disk_before_anybody_is_told() {
    for sync in ["second", "never"] {
        let Some(traced) = Traced::start(&["--sync", sync]) else { return };
        let mut ada = traced.server.login("ada");
        let message = ada.say("what is to go");
        assert_eq!(ada.ask(json!({"type": "remove", "event": message["seq"]}))["type"], "removed");
        let (new, folder) = ("1.jsonl.new>", format!("<{}>)", traced.data.file("journal").display()));
        let calls = traced.around(|call| call.name.starts_with("rename") && call.text.contains("/journal>, \"0"));
        let rename = calls.iter().find(|call| call.name.starts_with("rename")).unwrap();
        let is_own = |call: &&Call| call.thread == rename.thread;
        let write = calls.iter().filter(is_own).rfind(|call| call.name == "write" && call.text.contains(new)).unwrap();
        let synced = |call: &Call| call.name == "fsync" && call.text.contains(new) && call.text.ends_with("= 0");
        let sync_of_file = calls.iter().filter(is_own).find(|call| synced(call) && call.begin > write.end);
        assert!(sync_of_file.is_some_and(|call| call.end < rename.begin), "{calls:?}");
        let of_folder = |call: &Call| call.name == "fsync" && call.text.contains(&folder) && call.text.ends_with("= 0");
        let sync_of_folder = calls.iter().filter(is_own).find(|call| of_folder(call) && call.begin > rename.end);
        let first = calls.iter().find(|call| call.is_send() && call.begin > rename.begin).unwrap();
        assert!(sync_of_folder.is_some_and(|call| call.end < first.begin), "{calls:?}");
    }
}
