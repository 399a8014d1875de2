//! Every step of the journal that can fail, fails, half happens, or is the server's last.

use super::faults::{Fault, Faults, REPLACE};
use super::{assert_sound, history};
use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_error, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What becomes of what is said meanwhile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fate {
    /// It is said all the same.
    Said,
    /// It is refused.
    Refused,
    /// The server dies.
    Died,
}

/// Where the journal stands when the faults begin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Segment {
    /// There is a segment that is written to.
    Begun,
    /// The next event begins one: so it is after a crash.
    New,
}

/// A server on a folder with something in the journal of an earlier one.
struct Trial {
    data: Arc<DataDir>,
    faults: Faults,
    server: Server,
    /// What must be there in the end.
    acknowledged: Vec<(u64, String)>,
}

impl Trial {
    fn begin(sync: &str) -> Self {
        let (data, faults) = (DataDir::with_users(&["ada", "bob"]), Faults::none());
        let mut server = faults.server(&data, &["--sync", sync]);
        let mut ada = server.login("ada");
        let before = ada.say("an earlier server");
        drop(ada);
        // Else the next start would say that she has left, and have its segment before any fault.
        wait_until("nobody is online", || data.read("journal/00000000000000000001.jsonl").contains("\"left\""));
        server.kill();
        let server = faults.server(&data, &["--sync", sync]);
        let mut this = Self { data, faults, server, acknowledged: Vec::new() };
        this.acknowledge(&before);
        this
    }

    fn acknowledge(&mut self, event: &Value) {
        self.acknowledged.push((event["seq"].as_u64().unwrap(), event["text"].as_str().unwrap().to_owned()));
    }

    #[track_caller]
    fn say(&mut self, peer: &mut Peer, text: &str) {
        let event = peer.say(text);
        self.acknowledge(&event);
    }

    /// Kills the server; the next one has what was acknowledged, once, in order, and gives no seq again.
    #[track_caller]
    fn end(mut self) {
        self.server.kill();
        assert_sound(&self.data);
        let server = self.data.start();
        let mut ada = server.login("ada");
        assert_eq!(history(&mut ada), self.acknowledged);
        let new = ada.say("a later server")["seq"].as_u64().unwrap();
        assert!(self.acknowledged.iter().all(|(seq, _)| *seq < new));
    }
}

/// What administrators are told of the journal.
fn told(root: &Peer) -> Vec<&str> {
    let notices = root.inbox().iter().filter(|line| line["type"] == "notice");
    let texts = notices.map(|line| line["text"].as_str().unwrap());
    texts.filter(|text| text.starts_with("the journal")).collect()
}

/// Fails unless administrators were told once of the trouble and once of its end, when `after` has been said.
#[track_caller]
fn assert_told_once(root: &mut Peer) {
    // Whatever they were told before that has come then, too.
    root.find("what was said after the trouble", |line| line["text"] == "after");
    root.find("the end of the trouble", |line| line["text"] == "the journal can be written again");
    let told = told(root);
    assert!(told.len() == 1 && told[0].starts_with("the journal can't be written"), "{told:?}");
}

fn try_faults(sync: &str, segment: Segment, faults: &[Fault], fate: Fate) {
    println!("{sync}, {segment:?}: {faults:?}");
    if fate == Fate::Died {
        return try_death(sync, segment, faults);
    }
    let mut trial = Trial::begin(sync);
    if segment == Segment::New {
        trial.faults.set(faults);
    }
    let (mut root, mut ada) = (trial.server.admin(), trial.server.login("ada"));
    if segment == Segment::Begun {
        trial.say(&mut ada, "before");
        trial.faults.set(faults);
    }
    for i in 0..3 {
        let answer = ada.ask(json!({"type": "say", "text": format!("meanwhile {i}")}));
        match fate {
            Fate::Refused => {
                assert_error(&answer, "internal");
                assert!(answer["message"].as_str().unwrap().contains("this was not said"), "{answer}");
            }
            _ => trial.acknowledge(&answer),
        }
    }
    // Everyone goes on, and newcomers get in.
    let mut bob = trial.server.login("bob");
    bob.assert_alive();
    trial.faults.set(&[]);
    trial.say(&mut ada, "after");
    // Were his going still being written when the fault ends, its failure would be Ada's too.
    drop(bob);
    if fate == Fate::Refused {
        assert_told_once(&mut root);
    } else {
        root.send(&json!({"type": "ping", "id": "all told"}));
        root.answer("all told");
        assert!(told(&root).is_empty(), "{:?}", told(&root));
    }
    trial.end();
}

fn try_death(sync: &str, segment: Segment, faults: &[Fault]) {
    let mut trial = Trial::begin(sync);
    let mut ada = trial.server.connect();
    let login = json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD});
    if segment == Segment::New {
        trial.faults.set(faults);
        ada.send(&login);
    } else {
        ada.login("ada", PASSWORD);
        trial.say(&mut ada, "before");
        trial.faults.set(faults);
    }
    // It may be dead already.
    let _ = ada.try_send_bytes(b"{\"type\":\"say\",\"id\":\"last\",\"text\":\"meanwhile\"}\n");
    let last = ada.until_closed().into_iter().find(|line| line["id"] == "last");
    last.iter().for_each(|event| trial.acknowledge(event));
    assert_eq!(trial.server.wait(), None, "it died of a signal");
    assert_sound(&trial.data);
    // Whether what was being said is there, nobody was told. If it is, it is there for good.
    let server = trial.data.start();
    let found = history(&mut server.login("ada"));
    let extra = found.strip_prefix(&trial.acknowledged[..]).unwrap_or_else(|| panic!("{found:?} are left"));
    assert!(extra.is_empty() || (extra.len() == 1 && extra[0].1 == "meanwhile"), "{extra:?}");
    (trial.acknowledged, trial.server) = (found, server);
    trial.end();
}

#[test]
fn a_write_that_fails_is_refused_and_leaves_nothing() {
    for sync in ["always", "second"] {
        for faults in [
            &[("journal.write", "fail")][..],
            &[("journal.write", "half")],
            &[("journal.write", "half"), ("journal.truncate", "fail")],
        ] {
            try_faults(sync, Segment::Begun, faults, Fate::Refused);
            try_faults(sync, Segment::New, faults, Fate::Refused);
        }
    }
}

#[test]
fn a_segment_that_cannot_be_made_is_made_later() {
    for point in ["journal.create", "journal.folder"] {
        try_faults("second", Segment::New, &[(point, "fail")], Fate::Refused);
    }
}

#[test]
fn a_server_that_dies_at_any_step_loses_nothing_acknowledged() {
    for sync in ["always", "second"] {
        for point in ["journal.create", "journal.folder"] {
            try_faults(sync, Segment::New, &[(point, "die")], Fate::Died);
        }
        for faults in [
            &[("journal.write", "die")][..],
            &[("journal.write", "half"), ("journal.truncate", "die")],
            &[("journal.sync", "die")],
        ] {
            try_faults(sync, Segment::Begun, faults, Fate::Died);
        }
        for point in REPLACE {
            try_faults(sync, Segment::Begun, &[("journal.sync", "fail"), (point, "die")], Fate::Died);
        }
    }
}

#[test]
fn what_cannot_be_synced_is_written_anew_before_it_is_acknowledged_or_refused() {
    for segment in [Segment::Begun, Segment::New] {
        try_faults("always", segment, &[("journal.sync", "fail")], Fate::Said);
        for point in REPLACE {
            try_faults("always", segment, &[("journal.sync", "fail"), (point, "fail")], Fate::Refused);
        }
        try_faults("always", segment, &[("journal.sync", "fail"), ("replace.write", "half")], Fate::Refused);
    }
}

/// With a sync each second what was said is acknowledged before it is known that the disk fails. A second sync proves
/// nothing then: only what is written anew counts.
#[test]
fn what_was_acknowledged_and_cannot_be_synced_is_written_anew_as_soon_as_it_can_be() {
    for point in REPLACE {
        println!("{point}");
        let mut trial = Trial::begin("second");
        let (mut root, mut ada) = (trial.server.admin(), trial.server.login("ada"));
        trial.say(&mut ada, "before");
        // What is unsynced by now gets a segment of its own, and then nothing is. Whoever speaks waits for that.
        trial.faults.set(&[("journal.sync", "fail")]);
        trial.server.stderr.wait_for("newest lines are written anew");
        trial.say(&mut ada, "written to that segment");
        trial.faults.set(&[("journal.sync", "fail"), (point, "fail")]);
        trial.say(&mut ada, "unsynced");
        root.find("the trouble", |line| line["text"].as_str().is_some_and(|text| text.contains("can't be written")));
        assert_error(&ada.ask(json!({"type": "say", "text": "refused"})), "internal");
        // Now syncs would succeed.
        trial.faults.set(&[(point, "fail")]);
        assert_error(&ada.ask(json!({"type": "say", "text": "refused too"})), "internal");
        trial.server.login("bob").assert_alive();
        trial.faults.set(&[]);
        root.find("the end of the trouble", |line| line["text"] == "the journal can be written again");
        // By the seq of what is unsynced first; by now that may be the last line alone.
        let segments = trial.acknowledged.iter().rev().take(2);
        let mut segments = segments.map(|(seq, _)| trial.data.file(&format!("journal/{seq:020}.jsonl")));
        let is_anew = |path: PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("\"unsynced\""));
        assert!(segments.any(is_anew), "it is written anew");
        trial.say(&mut ada, "after");
        root.until_text("after");
        assert_eq!(told(&root), [""; 0], "once");
        trial.end();
    }
}

/// How long a trouble lasts: longer than the journal's thread waits before it tries again what failed.
const TROUBLE: Duration = Duration::from_millis(1500);

#[test]
fn a_trouble_that_lasts_is_told_once() {
    let (data, faults) = (DataDir::with_users(&["ada"]), Faults::none());
    let server = faults.server(&data, &["--sync", "always", "--message-rate", "off"]);
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    faults.set(&[("journal.sync", "fail"), ("replace.create", "fail")]);
    let end = Instant::now() + TROUBLE;
    while Instant::now() < end {
        assert_error(&ada.ask(json!({"type": "say", "text": "refused"})), "internal");
    }
    faults.set(&[]);
    ada.say("after");
    assert_told_once(&mut root);
}
