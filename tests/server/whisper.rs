//! Messages to one account.

use crate::harness::{Peer, Server, assert_error};
use serde_json::{Value, json};

fn whispers(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["type"] == "whisper").collect()
}

#[test]
fn a_whisper_is_seen_by_its_two_accounts_alone() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let mut ada = server.login("ada");
    let mut others: Vec<Peer> = ["ada", "bob", "bob"].map(|name| server.login(name)).into();
    let mut strangers = [server.login("eve"), server.login("eve"), server.admin()];

    let sent = ada.ask(json!({"type": "whisper", "to": "BOB", "text": "psst"}));
    assert_eq!(sent["type"], "whisper", "{sent}");
    assert_eq!((&sent["from"], &sent["to"], &sent["text"]), (&json!("ada"), &json!("bob"), &json!("psst")));
    // One order for everyone: who has the next message has been passed over by the whisper.
    ada.say("aloud");

    for peer in &mut others {
        let lines = peer.until_text("aloud");
        let whispers = whispers(&lines);
        assert_eq!(whispers.len(), 1, "{lines:?}");
        for name in ["seq", "time", "from", "to", "text"] {
            assert_eq!(whispers[0][name], sent[name], "{name}");
        }
    }
    for peer in &mut strangers {
        let lines = peer.until_text("aloud");
        assert!(whispers(&lines).is_empty(), "{lines:?}");
        assert!(!format!("{lines:?}").contains("psst"), "{lines:?}");
    }
}

#[test]
fn a_whisper_to_oneself_comes_once() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    ada.ask(json!({"type": "whisper", "to": "ada", "text": "note"}));
    ada.say("aloud");
    assert!(ada.inbox().iter().all(|line| line["type"] != "whisper"), "twice: {:?}", ada.inbox());
}

#[test]
fn a_whisper_to_nobody_is_refused() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    assert_error(&ada.ask(json!({"type": "whisper", "to": "nobody", "text": "psst"})), "unknown_user");
    for name in ["", "no body", "ädä"] {
        let answer = ada.ask(json!({"type": "whisper", "to": name, "text": "psst"}));
        assert!(answer["code"] == "unknown_user" || answer["code"] == "bad_username", "{answer}");
    }
}

#[test]
fn a_whisper_to_one_who_is_away_is_answered() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let answer = ada.ask(json!({"type": "whisper", "to": "bob", "text": "psst"}));
    if answer["type"] != "whisper" {
        assert_error(&answer, "unknown_user");
    }
}
