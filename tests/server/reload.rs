//! A reload takes what has changed, and nobody notices but those whom it concerns.

use crate::harness::{DataDir, Peer, Server, assert_error, assert_reply, sha256};
use serde_json::json;
use std::fs;
use std::sync::Arc;

/// Another server's `identity.p12`, and its fingerprint.
fn another_identity() -> (Vec<u8>, String) {
    let data = DataDir::new();
    let server = data.start();
    (fs::read(data.file("identity.p12")).unwrap(), server.fingerprint())
}

/// A server with something new to take: a limit, a message of the day, a certificate, whose fingerprint is given.
fn with_news() -> (Arc<DataDir>, Server, String) {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.start();
    let (identity, fingerprint) = another_identity();
    fs::write(data.file("homeroom.toml"), "message-rate = 0.001\n").unwrap();
    fs::write(data.file("motd.txt"), "page 12\ntoday\n").unwrap();
    fs::write(data.file("identity.p12"), identity).unwrap();
    (data, server, fingerprint)
}

/// Fails unless what [`with_news`] has for it is taken, and `ada`, who was there before, still is.
#[track_caller]
fn assert_taken(server: &Server, ada: &mut Peer, fingerprint: &str) {
    assert_eq!(format!("sha256:{}", sha256(&server.connect().certificate())), fingerprint);
    assert_eq!(server.login("bob").welcome["motd"], "page 12\ntoday");
    for _ in 0..20 {
        ada.say("of the burst");
    }
    assert_error(&ada.ask(json!({"type": "say", "text": "too much"})), "rate_limited");
}

#[test]
#[cfg(unix)]
fn a_hangup_takes_what_is_new_and_drops_nobody() {
    let (_data, server, fingerprint) = with_news();
    let mut ada = server.login("ada");
    assert!(ada.welcome["motd"].is_null());
    server.hang_up();
    server.stderr.wait_for("the certificate is another");
    assert_taken(&server, &mut ada, &fingerprint);
}

#[test]
fn an_administrator_can_ask_for_it() {
    let (data, server, fingerprint) = with_news();
    let (mut ada, mut root) = (server.login("ada"), server.admin());
    assert_error(&ada.ask(json!({"type": "reload"})), "not_admin");
    let answer = root.ask(json!({"type": "reload"}));
    assert_reply(&answer);
    let report = answer["report"].to_string();
    assert!(report.contains(&fingerprint) && report.contains("message of the day"), "{report}");
    let again = root.ask(json!({"type": "reload"}));
    assert_eq!(again["report"].as_array().unwrap().len(), 1, "nothing else is new: {again}");
    fs::write(data.file("homeroom.toml"), "message-rate = 0.001\nmetrics = \"127.0.0.1:1\"\n").unwrap();
    let later = root.ask(json!({"type": "reload"}));
    assert!(later["report"].to_string().contains("only the next start takes --metrics"), "{later}");
    assert!(data.read("audit.jsonl").contains(r#""event":"reload""#));
    assert_taken(&server, &mut ada, &fingerprint);
}

#[test]
fn what_is_broken_is_told_and_all_is_as_before() {
    for (file, text, told) in [
        ("homeroom.toml", "message-rate = 0.001\nlogin-grace = 0\n", "homeroom.toml line 2: "),
        ("identity.p12", "no PKCS#12", "identity.p12"),
    ] {
        let (data, server, _) = with_news();
        let (mut ada, mut root) = (server.login("ada"), server.admin());
        let before = sha256(&server.connect().certificate());
        fs::write(data.file(file), text).unwrap();
        let refused = root.ask(json!({"type": "reload"}));
        assert_error(&refused, "internal");
        assert!(refused["message"].as_str().unwrap().contains(told), "{refused}");
        let notice = root.find("a notice", |line| line["type"] == "notice");
        assert!(notice["text"].as_str().unwrap().contains(told), "{notice}");
        assert_eq!(sha256(&server.connect().certificate()), before);
        assert!(server.login("bob").welcome["motd"].is_null());
        for _ in 0..20 {
            ada.say("of the burst");
        }
        let next = ada.ask(json!({"type": "say", "text": "one more"}));
        let soon = next["message"].as_str().is_some_and(|message| message.contains("in 1 s"));
        assert!(next["type"] == "message" || soon, "the old rate, five a second, holds: {next}");
        assert_eq!(data.read_bytes(file), text.as_bytes(), "and the file is left as it is");
    }
}

#[test]
fn the_log_gets_quieter_and_louder() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let mut root = server.admin();
    let mut reload_with = |text: &str| {
        fs::write(data.file("homeroom.toml"), text).unwrap();
        assert_reply(&root.ask(json!({"type": "reload"})));
    };
    reload_with("log-level = \"off\"\n");
    server.login("ada").say("unheard of");
    reload_with("");
    server.login("ada");
    let log = server.stderr.wait_for("ada logged in");
    assert_eq!(log.matches("ada logged in").count(), 1, "{log}");
}

#[test]
fn a_message_of_the_day_is_shown_and_made_safe() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().args(&["--motd", "page 12\nEaster\u{202e}gg"]).start();
    let config = tempfile::TempDir::new().unwrap();
    let seen = crate::harness::Terminal::start_in(config.path(), &[&server.join_link(), "--user", "ada"]).script(&[]);
    let shown = seen.succeeded();
    assert!(shown.contains("* page 12\n") && !shown.contains('\u{202e}'), "{shown}");
}

/// A reload looks at the rooms' file while people enter: neither waits for the other for ever.
#[test]
fn a_reload_and_whoever_enters_keep_nobody_waiting() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    std::thread::scope(|scope| {
        for name in ["ada", "bob"] {
            let server = &server;
            scope.spawn(move || {
                let mut peer = server.login(name);
                for _ in 0..150 {
                    assert_eq!(peer.ask(json!({"type": "enter", "room": "chess"}))["type"], "entered");
                    assert_eq!(peer.ask(json!({"type": "leave", "room": "chess"}))["type"], "exited");
                }
            });
        }
        for _ in 0..40 {
            assert_reply(&root.ask(json!({"type": "reload"})));
        }
    });
}
