//! Each step of the mirror fails, or is the last one of its server; or it hangs.

use super::faults::{Fault, Faults};
use super::history;
use super::mirror::{assert_sound, contents, wait_until_whole};
use super::mirror_refused::copy_of;
use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_reply, run, wait_until};
use serde_json::json;
use std::fs;
use std::sync::Arc;
use std::thread;

const STEPS: [&str; 8] = [
    "mirror.create",
    "mirror.write",
    "mirror.append",
    "mirror.cut",
    "mirror.sync",
    "mirror.rename",
    "mirror.folder",
    "mirror.remove",
];
/// What is put there, one after the other.
const OF_THE_FIRST_COPY: [&str; 12] = [
    "mirror.create",
    "mirror.rename",
    "mirror.put.erasing.json",
    "mirror.put.identity.p12",
    "mirror.put.sequence",
    "mirror.put.journal",
    "mirror.put.users.json",
    "mirror.put.tokens.jsonl",
    "mirror.put.rooms.json",
    "mirror.put.get",
    "mirror.put.audit.jsonl",
    "mirror.complete",
];
/// What is to go. It stands in no other line.
const WORDS: &str = "what-was-said-in-anger";
/// Who is to go.
const NAME: &str = "evelyn";

/// So many are tried at once: they wait most of the time.
const AT_ONCE: usize = 4;

/// Tries something with each step.
fn each(steps: &[&'static str], try_one: impl Fn(&'static str) + Sync) {
    for group in steps.chunks(AT_ONCE) {
        thread::scope(|scope| group.iter().for_each(|step| drop(scope.spawn(|| try_one(step)))));
    }
}

struct Stage {
    data: Arc<DataDir>,
    mirror: Arc<DataDir>,
    faults: Faults,
}

impl Stage {
    fn set() -> Self {
        let (data, mirror) = (DataDir::with_users(&["ada", NAME]), DataDir::elsewhere());
        fs::write(data.file("motd.txt"), "welcome").unwrap();
        Self { data, mirror, faults: Faults::none() }
    }

    #[track_caller]
    fn start(&self, sync: &str) -> Server {
        let path = self.mirror.path().display().to_string();
        self.faults.server(&self.data, &["--mirror", &path, "--sync", sync, "--message-rate", "off"])
    }

    #[track_caller]
    fn wait_until_whole(&self) {
        wait_until_whole(&self.data, &self.mirror);
    }

    /// What comes before some steps.
    #[track_caller]
    fn prepare(&self, step: &str, ada: &mut Peer, server: &Server) {
        if step == "mirror.cut" {
            self.faults.set(&[("mirror.append", "half")]);
            ada.say("half of this");
            server.stderr.wait_for("can't be kept up to date");
        }
    }

    /// Something of all that there is to copy. Nobody waits for an answer.
    fn change_everything(&self, ada: &mut Peer, seq: u64) {
        fs::remove_file(self.data.file("motd.txt")).unwrap();
        let requests = [
            json!({"type": "say", "text": "after"}),
            json!({"type": "topic", "text": "another"}),
            json!({"type": "remove", "event": seq}),
            json!({"type": "passwd", "old": PASSWORD, "new": "eight green bottles"}),
        ];
        let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
        // The server may be dead before it has all of it.
        let _ = ada.try_send_bytes(lines.as_bytes());
    }
}

#[test]
fn a_server_that_dies_at_any_step_leaves_a_mirror_that_is_whole() {
    for sync in ["second", "always"] {
        each(&STEPS, |step| {
            println!("{sync}, {step}");
            let stage = Stage::set();
            let mut server = stage.start(sync);
            let mut ada = server.login("ada");
            ada.say("before");
            let seq = ada.say(WORDS)["seq"].as_u64().unwrap();
            stage.wait_until_whole();
            stage.prepare(step, &mut ada, &server);
            stage.faults.set(&[(step, "die")]);
            // A segment that is put there whole has nothing to cut.
            if step != "mirror.cut" {
                stage.change_everything(&mut ada, seq);
            }
            assert_eq!(server.wait(), None, "it died of a signal");
            assert_sound(&stage.mirror);
            assert!(!stage.mirror.files_with("before").is_empty());
            stage.faults.set(&[]);
            let server = stage.start(sync);
            stage.wait_until_whole();
            drop(server);
            stage.mirror.start().login("root").assert_alive();
            assert!(!stage.mirror.files_with("before").is_empty());
        });
    }
}

#[test]
fn a_step_that_fails_is_told_once_and_done_later() {
    each(&STEPS, |step| {
        println!("{step}");
        let stage = Stage::set();
        let server = stage.start("always");
        let (mut root, mut ada) = (server.admin(), server.login("ada"));
        let seq = ada.say(WORDS)["seq"].as_u64().unwrap();
        stage.wait_until_whole();
        stage.prepare(step, &mut ada, &server);
        let also: &[Fault] = if step == "mirror.cut" { &[("mirror.append", "fail")] } else { &[] };
        stage.faults.set(&[&[(step, "fail")], also].concat());
        stage.change_everything(&mut ada, seq);
        root.find("a notice", |line| {
            line["type"] == "notice" && line["text"].as_str().unwrap().contains("can't be kept up to date")
        });
        (0..20).for_each(|number| drop(root.say(&format!("it goes on {number}"))));
        stage.faults.set(&[]);
        root.find("its end", |line| {
            line["type"] == "notice" && line["text"].as_str().unwrap().ends_with("has everything again")
        });
        stage.wait_until_whole();
        assert_eq!(stage.mirror.files_with(WORDS), [""; 0]);
        assert_sound(&stage.mirror);
        let after = root.say("after")["text"].as_str().unwrap().to_owned();
        assert_eq!(stage.mirror.files_with(&format!("\"{after}\"")).len(), 1, "it is waited for again");
    });
}

/// A mirror that never was whole lacks accounts, or the key: a server that began there would be another one.
#[test]
fn nobody_starts_on_a_mirror_whose_first_copy_was_cut_off() {
    each(&OF_THE_FIRST_COPY, |step| {
        println!("{step}");
        let stage = Stage::set();
        stage.data.start().login("ada").say("before");
        stage.faults.set(&[(step, "fail")]);
        let mut server = stage.start("second");
        server.stderr.wait_for("can't be kept up to date");
        server.kill();
        for folder in [&stage.mirror, &copy_of(&stage.mirror)] {
            let before = contents(folder);
            for command in [&mut folder.server().command(), folder.command().args(["user", "add", "zed"])] {
                let told = run(command, PASSWORD.as_bytes());
                assert!(told.failed_with(1).contains("first copy was never complete"), "{told:?}");
            }
            let checked = run(folder.command().arg("check"), b"");
            assert!(checked.stdout.contains("first copy was never complete"), "{checked:?}");
            assert_eq!(contents(folder), before);
        }
        stage.faults.set(&[]);
        let mut server = stage.start("second");
        server.stderr.wait_for("everything is kept in the mirror");
        server.kill();
        assert_sound(&stage.mirror);
        let started = stage.mirror.start();
        assert_eq!(history(&mut started.login("ada")).len(), 1);
        drop(started);
    });
}

/// Whoever was being erased is in the mirror as before, or erased by whoever starts there.
#[test]
fn an_erasure_is_done_there_or_not_begun() {
    let steps =
        ["erase.events", "erase.lesson", "erase.rooms", "erase.topic", "erase.tokens", "erase.audit", "erase.account"];
    let steps: Vec<&str> = steps.into_iter().chain(["erase.gone", "erase.end"]).chain(STEPS).collect();
    each(&steps, |step| {
        println!("{step}");
        let stage = Stage::set();
        let mut server = stage.start("second");
        let (mut root, mut them) = (server.admin(), server.login(NAME));
        them.say(WORDS);
        stage.wait_until_whole();
        stage.faults.set(&[(step, "die")]);
        let request = format!("{}\n", json!({"type": "erase_user", "username": NAME}));
        let _ = root.try_send_bytes(request.as_bytes());
        if step == "mirror.cut" || step == "mirror.remove" {
            // There may be nothing to cut.
            server.kill();
        }
        assert_eq!(server.wait(), None, "it died of a signal");
        assert_sound(&stage.mirror);
        let is_begun = stage.mirror.file("erasing.json").exists();
        let server = stage.mirror.start();
        wait_until("an erasure has ended", || !stage.mirror.file("erasing.json").exists());
        let is_there = stage.mirror.users_json()["users"].get(NAME).is_some();
        assert!(!(is_begun && is_there), "it was begun and not ended");
        if is_there {
            assert_eq!(history(&mut server.login("ada")).len(), 1, "half of an erasure");
        } else {
            for words in [NAME, WORDS] {
                assert_eq!(stage.mirror.files_with(words), [""; 0]);
            }
        }
    });
}

/// A disk that hangs holds up one message, for a second, and the server's end for a few.
#[test]
fn one_that_hangs_is_not_waited_for() {
    let stage = Stage::set();
    let mut server = stage.start("always");
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    ada.say("before");
    stage.wait_until_whole();
    stage.faults.set(&[("mirror.append", "stall")]);
    (0..200).for_each(|number| drop(ada.say(&format!("it goes on {number}"))));
    root.find("a notice", |line| {
        line["type"] == "notice" && line["text"].as_str().unwrap().contains("too slow for --sync always")
    });
    let status = root.ask(json!({"type": "status"}));
    assert!(status["status"]["mirror"].as_str().unwrap().contains("too slow"), "{status}");
    assert_eq!(stage.mirror.files_with("it goes on 199"), [""; 0]);
    stage.faults.set(&[]);
    stage.wait_until_whole();
    assert_reply(&root.ask(json!({"type": "status"})));
    stage.faults.set(&[("mirror.append", "stall")]);
    ada.say("the last");
    server.terminate();
    assert_eq!(server.wait(), Some(0));
    assert!(server.stderr.text().contains("lacks what happened in the last"), "{}", server.stderr.text());
}
