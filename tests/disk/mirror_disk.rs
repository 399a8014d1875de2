//! The mirror's disk fills up, can't be written to, is pulled out and comes back, and its server is killed; while people speak.

use super::history;
use super::mirror::{assert_sound, contents, start, wait_until_whole};
use crate::harness::{
    DEADLINE, DataDir, PASSWORD, Peer, Random, Server, Stick, Wire, assert_error, assert_reply, run, wait_until,
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// Room for all that the server makes, and a lot of messages.
const KIB: u64 = 4 * 1024;
/// How often a server is killed in the middle of what it does.
const KILLS: usize = 6;
/// It is killed at some moment within so many milliseconds.
const KILL_WITHIN_MS: usize = 400;

/// What becomes of a disk.
type Change = fn(&Stick);

/// What a mirror's journal has.
fn lines(folder: &DataDir) -> Vec<String> {
    let texts = folder.journal().into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Whoever speaks while all that happens: what was acknowledged.
struct Speaker {
    ada: Peer,
    acknowledged: Vec<String>,
}

impl Speaker {
    fn new(server: &Server) -> Self {
        Self { ada: server.login("ada"), acknowledged: Vec::new() }
    }

    #[track_caller]
    fn say_some(&mut self) {
        for _ in 0..20 {
            let text = format!("text-{}.", self.acknowledged.len());
            assert_eq!(self.ada.say(&text)["text"], *text);
            self.acknowledged.push(text);
        }
    }
}

#[track_caller]
fn assert_has(mirror: &DataDir, texts: &[String]) {
    let lines = lines(mirror).concat();
    for text in texts {
        let said = format!("\"text\":\"{text}\"");
        let found = lines.lines().filter(|line| line.contains("\"type\":\"message\"") && line.contains(&said));
        assert_eq!(found.count(), 1, "{text}");
    }
}

#[track_caller]
fn notice(root: &mut Peer, words: &str) {
    root.find(words, |line| line["type"] == "notice" && line["text"].as_str().unwrap().contains(words));
}

/// Nothing of it holds up the chat, each is told once, and it has everything again once it can.
#[test]
fn whatever_becomes_of_its_disk_the_chat_goes_on_and_it_catches_up() {
    for sync in ["second", "always"] {
        let (data, mirror) = (DataDir::with_users(&["ada"]), DataDir::new());
        let Some(stick) = Stick::over(mirror.path(), KIB) else { return };
        let server = start(&data, &mirror, &["--sync", sync, "--message-rate", "off"]);
        let (mut root, mut speaker) = (server.admin(), Speaker::new(&server));
        let troubles: [(&str, &str, Change, Change); 3] = [
            ("full", "no space left on device", |stick| stick.disk.fill(), |stick| stick.disk.free()),
            ("read-only", "read-only file system", |stick| stick.disk.for_reading(), |stick| stick.disk.for_writing()),
            ("gone", "has lost its mark", Stick::pull_out, Stick::plug_in),
        ];
        for (name, words, begin, end) in troubles {
            println!("{sync}, {name}");
            speaker.say_some();
            wait_until_whole(&data, &mirror);
            let copied = speaker.acknowledged.clone();
            begin(&stick);
            // More than there is room for on a page.
            speaker.ada.say(&"x".repeat(4_000));
            speaker.say_some();
            notice(&mut root, words);
            speaker.say_some();
            if name == "gone" {
                assert_eq!(contents(&mirror).len(), 0, "nothing is put where its disk isn't");
            } else {
                assert_has(&mirror, &copied);
                assert_sound(&mirror);
            }
            end(&stick);
            notice(&mut root, "has everything again");
            wait_until_whole(&data, &mirror);
        }
        let told = server.stderr.text();
        for words in ["no space left on device", "read-only file system", "has lost its mark"] {
            let notices = told.lines().filter(|line| line.contains("notices]") && line.contains(words));
            assert_eq!(notices.count(), 1, "{words} is told once: {told}");
        }
        drop(server);
        assert_sound(&mirror);
        assert_eq!(history(&mut mirror.start().login("ada")).last().unwrap().1, *speaker.acknowledged.last().unwrap());
        assert_has(&mirror, &speaker.acknowledged);
    }
}

/// On a disk that is full the journal takes all the room there is; but what is small has some of its own.
#[test]
fn a_ban_an_account_and_a_key_arrive_on_a_full_disk() {
    let (data, mirror) = (DataDir::with_users(&["ada", "bob", "eve"]), DataDir::new());
    let Some(stick) = Stick::over(mirror.path(), KIB) else { return };
    let mut server = start(&data, &mirror, &["--message-rate", "off"]);
    let (mut root, mut speaker) = (server.admin(), Speaker::new(&server));
    wait_until("there is room for them", || mirror.file("spare").metadata().is_ok_and(|found| found.len() >= 1 << 20));
    let whisper = json!({"type": "whisper", "to": "eve", "text": "for the eve of before"});
    assert_eq!(root.ask(whisper)["type"], "whisper");
    wait_until_whole(&data, &mirror);
    stick.disk.fill();
    // More than there is room for on a page that is there.
    (0..2).for_each(|_| drop(speaker.ada.say(&"x".repeat(4_000))));
    let left_out = speaker.acknowledged.len();
    speaker.say_some();
    notice(&mut root, "no space left on device");
    let arrive = |name: &str| wait_until(name, || data.read_bytes(name) == mirror.read_bytes(name));
    for number in 0..10 {
        let user = json!({"type": "add_user", "username": format!("new{number}x"), "password": PASSWORD});
        assert_reply(&root.ask(user));
        arrive("users.json");
        // What becomes free is the journal's.
        speaker.say_some();
    }
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "bob"})));
    // Made after events that aren't there.
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "eve"})));
    assert_reply(&root.ask(json!({"type": "add_user", "username": "eve", "password": PASSWORD})));
    run(data.command().args(["identity", "new"]), b"").succeeded();
    arrive("users.json");
    arrive("identity.p12");
    let left_out = format!("\"text\":\"{}\"", speaker.acknowledged[left_out]);
    assert!(!lines(&mirror).concat().contains(&left_out), "it is full all the while");
    server.kill();
    assert_sound(&mirror);
    stick.disk.free();
    let server = mirror.start();
    assert!(!mirror.file("spare").exists(), "a data folder has no use for it");
    server.login("new9x").assert_alive();
    let login = json!({"type": "login", "protocol": 1, "username": "bob", "password": PASSWORD});
    assert_error(&server.connect().ask_plainly(&login), "bad_credentials");
    let mut eve = server.login("eve");
    assert!(history(&mut eve).iter().all(|(_, text)| text != "for the eve of before"));
    eve.say("and it goes on");
    let shown = run(data.command().args(["identity", "show"]), b"");
    assert!(shown.succeeded().contains(&server.fingerprint()));
}

/// Speaks until the connection breaks off; gives what was acknowledged.
fn speak_until_the_end(address: SocketAddr, round: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let Ok(mut wire) = Wire::connect(address, false) else { return acknowledged };
    let login = json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD});
    // It may be killed before anybody is in.
    if wire.send(&login).is_err() {
        return acknowledged;
    }
    for number in 0.. {
        let text = format!("round-{round}-{number}.");
        let say = json!({"type": "say", "text": text});
        let topic = json!({"type": "topic", "text": text});
        if wire.send(&say).and_then(|()| wire.send(&topic)).is_err() {
            break;
        }
        let is_said = |line: &Value| line["type"] == "message" && line["text"] == *text;
        loop {
            match wire.receive(DEADLINE) {
                Ok(lines) if lines.iter().any(is_said) => break acknowledged.push(text),
                Ok(_) => {}
                Err(_) => return acknowledged,
            }
        }
    }
    acknowledged
}

/// A server may be killed at any moment: the mirror is the beginning of what there is, and has what was acknowledged as far as it
/// is promised.
#[test]
fn a_server_that_is_killed_leaves_a_mirror_from_which_one_can_start() {
    for sync in ["second", "always"] {
        let (data, mirror) = (DataDir::with_users(&["ada"]), DataDir::elsewhere());
        let mut random = Random::new(7);
        let mut said = Vec::new();
        for round in 0..KILLS {
            let mut server = start(&data, &mirror, &["--sync", sync, "--message-rate", "off"]);
            wait_until_whole(&data, &mirror);
            let address = server.address();
            let speaking = thread::spawn(move || speak_until_the_end(address, round));
            thread::sleep(Duration::from_millis(random.below(KILL_WITHIN_MS) as u64));
            server.kill();
            let acknowledged = speaking.join().unwrap();
            assert_sound(&mirror);
            let (ours, theirs) = (lines(&data), lines(&mirror));
            let whole = theirs.iter().filter(|line| line.ends_with('\n')).count();
            assert_eq!(ours[..whole], theirs[..whole], "the mirror is no beginning of the journal");
            said.extend(acknowledged.iter().cloned());
            if sync == "always" {
                assert_has(&mirror, &said);
            }
        }
        let server = mirror.start();
        server.login("ada").assert_alive();
    }
}
