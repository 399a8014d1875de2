//! Every step of replacing users.json that can fail, fails, half happens, or is the server's last.

use super::assert_sound;
use super::faults::{Fault, Faults, REPLACE};
use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_error, assert_reply, run};
use serde_json::{Value, json};

const NEW: &str = "eight green bottles";

/// Each step, and how it goes wrong.
fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> = REPLACE.iter().map(|&point| (point, "fail")).collect();
    faults.push(("replace.write", "half"));
    faults
}

/// What administrators and users change: as whom, and how.
fn changes() -> [(&'static str, Value); 4] {
    [
        ("root", json!({"type": "add_user", "username": "zed", "password": NEW})),
        ("ada", json!({"type": "passwd", "old": PASSWORD, "new": NEW})),
        ("root", json!({"type": "delete_user", "username": "bob"})),
        ("root", json!({"type": "promote", "username": "eve"})),
    ]
}

/// Who is let in, and as what.
fn state(server: &Server) -> Vec<(&'static str, String)> {
    let attempts = [("zed", NEW), ("ada", PASSWORD), ("ada", NEW), ("bob", PASSWORD), ("eve", PASSWORD)];
    let attempt = |(name, password)| {
        let mut peer = server.connect();
        peer.send(&json!({"type": "login", "protocol": 1, "username": name, "password": password}));
        let answer = peer.next();
        let shown = if answer["type"] == "welcome" { &answer["role"] } else { &answer["code"] };
        (name, shown.as_str().unwrap().to_owned())
    };
    attempts.map(attempt).to_vec()
}

#[test]
fn a_change_that_is_refused_never_was_and_can_be_made_again() {
    for fault in faults() {
        println!("{fault:?}");
        let (data, faults) = (DataDir::with_users(&["ada", "bob", "eve"]), Faults::none());
        let mut server = faults.server(&data, &[]);
        let before = state(&server);
        let (mut root, mut ada) = (server.admin(), server.login("ada"));
        let mut ask = |change: &(&str, Value)| -> Value {
            let peer: &mut Peer = if change.0 == "root" { &mut root } else { &mut ada };
            peer.ask(change.1.clone())
        };
        faults.set(&[fault]);
        for change in &changes() {
            let answer = ask(change);
            assert_error(&answer, "internal");
            let message = answer["message"].as_str().unwrap();
            assert!(message.contains("users.json") && message.contains("nothing was changed"), "{answer}");
        }
        assert_eq!(state(&server), before);
        ada.say("all goes on");
        let told = root.find("a notice", |line| line["type"] == "notice");
        assert!(told["text"].as_str().unwrap().starts_with("users.json can't be written"), "{told}");
        root.find("what was said", |line| line["text"] == "all goes on");
        assert!(root.inbox().iter().all(|line| line["type"] != "notice"), "once: {:?}", root.inbox());
        server.kill();
        assert_sound(&data);

        faults.set(&[]);
        let mut server = faults.server(&data, &[]);
        assert_eq!(state(&server), before, "after a restart");
        for (name, change) in &changes() {
            assert_reply(&server.login(name).ask(change.clone()));
        }
        let after = state(&server);
        let expected = ["user", "bad_credentials", "user", "bad_credentials", "admin"];
        assert!(after.iter().map(|(_, shown)| shown).eq(&expected), "{after:?}");
        server.kill();
        assert_eq!(state(&data.start()), after);
    }
}

#[test]
fn a_server_that_dies_at_any_step_has_the_old_accounts_or_the_new_ones() {
    for point in REPLACE {
        for (name, change) in changes() {
            println!("{point}: {change}");
            let (data, faults) = (DataDir::with_users(&["ada", "bob", "eve"]), Faults::none());
            let mut server = faults.server(&data, &[]);
            let before = data.users_json();
            let mut peer = server.login(name);
            // What its login writes is written.
            peer.say("here");
            faults.set(&[(point, "die")]);
            peer.send(&change);
            assert!(peer.until_closed().iter().all(|line| line["type"] != "reply"), "nobody is told that it's done");
            assert_eq!(server.wait(), None, "it died of a signal");
            assert_sound(&data);
            assert_eq!(data.users_json() == before, point != "replace.folder", "only then it has its new name");
            let server = data.start();
            server.admin().assert_alive();
        }
    }
}

#[test]
fn the_command_line_tells_what_could_not_be_written_and_changes_nothing() {
    for fault in faults() {
        let (data, faults) = (DataDir::with_users(&["ada"]), Faults::none());
        let before = data.users_json();
        faults.set(&[fault]);
        let add = || {
            let mut command = data.command();
            command.env("HOMEROOM_FAULTS", faults.path()).args(["user", "add", "zed", "--password-stdin"]);
            run(&mut command, format!("{NEW}\n").as_bytes())
        };
        let finished = add();
        let error = finished.failed_with(1);
        assert!(error.contains("can't write users.json") && error.contains("no account was made"), "{error}");
        assert_eq!(data.users_json(), before, "{fault:?}");
        faults.set(&[]);
        add().succeeded();
    }
}
