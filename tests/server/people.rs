//! Who somebody is, whether they are there, what they do.

use crate::harness::{ADMIN, PASSWORD, Server, assert_error, assert_reply};
use serde_json::json;

#[test]
fn an_action_is_a_message_that_says_so() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let sent = ada.ask(json!({"type": "say", "text": "waves", "action": true}));
    assert_eq!((&sent["type"], &sent["action"]), (&json!("message"), &json!(true)), "{sent}");
    assert_eq!(bob.event("message", "ada")["action"], true);
    assert!(ada.say("hello")["action"].is_null(), "only where it is one");
    assert_error(&ada.ask(json!({"type": "say", "text": "waves", "action": "yes"})), "bad_request");
}

#[test]
fn whoever_whispers_to_somebody_who_is_away_is_told() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let (mut ada, mut bob, mut eve) = (server.login("ada"), server.login("bob"), server.login("eve"));
    assert_reply(&bob.ask(json!({"type": "away", "text": "lunch \u{1F35C}"})));
    assert_eq!(ada.ask(json!({"type": "who"}))["away"], json!(["bob"]));

    assert_eq!(ada.ask(json!({"type": "whisper", "to": "bob", "text": "psst"}))["type"], "whisper");
    let away = ada.find("that bob is away", |line| line["type"] == "away");
    assert_eq!((&away["username"], &away["text"]), (&json!("bob"), &json!("lunch \u{1F35C}")), "{away}");
    assert!(away["id"].is_null() && away["seq"].is_null(), "it is neither the answer nor an event: {away}");
    // Nobody else is told.
    ada.say("aloud");
    assert!(eve.until_text("aloud").iter().chain(&bob.until_text("aloud")).all(|line| line["type"] != "away"));

    bob.say("back again");
    assert!(ada.ask(json!({"type": "who"}))["away"].is_null(), "who speaks is there");
    ada.ask(json!({"type": "whisper", "to": "bob", "text": "psst"}));
    ada.assert_alive();
    assert!(ada.inbox().iter().all(|line| line["type"] != "away"), "{:?}", ada.inbox());
}

#[test]
fn away_outlives_a_token_login_and_ends_with_a_password() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    bob.ask(json!({"type": "away", "text": ""}));
    let (token, seq) = (bob.welcome["token"].clone(), bob.seq());
    bob.close();
    ada.event("left", "bob");
    let mut bob = server.connect();
    bob.resume("bob", &token, seq);
    assert_eq!(ada.ask(json!({"type": "whois", "username": "bob"}))["whois"]["away"]["text"], "");
    assert_reply(&bob.ask(json!({"type": "away"})));
    assert!(ada.ask(json!({"type": "whois", "username": "bob"}))["whois"]["away"].is_null(), "said to be back");
    bob.ask(json!({"type": "away", "text": "again"}));
    let _second = server.login_with("bob", PASSWORD);
    assert!(ada.ask(json!({"type": "whois", "username": "bob"}))["whois"]["away"].is_null(), "typed a password");
}

#[test]
fn whois_tells_no_address() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let offline = ada.ask(json!({"type": "whois", "username": "bob"}));
    assert_reply(&offline);
    assert_eq!(offline["whois"], json!({"username": "bob", "role": "user", "sessions": 0}));

    let _root = (server.admin(), server.admin());
    let online = ada.ask(json!({"type": "whois", "username": "ROOT"}));
    let whois = online["whois"].as_object().unwrap();
    assert_eq!((&whois["username"], &whois["role"], &whois["sessions"]), (&json!(ADMIN), &json!("admin"), &json!(2)));
    assert!(whois["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{online}");
    assert!(whois["idle_seconds"].is_u64(), "{online}");
    assert!(!online.to_string().contains("127.0.0.1"), "{online}");
    assert_error(&ada.ask(json!({"type": "whois", "username": "nobody"})), "unknown_user");
}

#[test]
fn a_note_is_one_line_of_200_characters() {
    let server = Server::with_users(&["ada"]);
    let (mut ada, mut root) = (server.login("ada"), server.admin());
    assert_reply(&ada.ask(json!({"type": "away", "text": "\u{1F600}".repeat(200)})));
    assert_error(&ada.ask(json!({"type": "away", "text": "x".repeat(201)})), "too_long");
    assert_error(&ada.ask(json!({"type": "away", "text": "a\nb"})), "bad_request");
    assert_error(&root.ask(json!({"type": "topic", "text": "x".repeat(201)})), "too_long");
    assert_error(&root.ask(json!({"type": "topic", "text": "\u{1b}[2J"})), "bad_request");
    assert!(root.ask(json!({"type": "topic"}))["topic"].is_null());
    // Whoever may say nothing may not say it so either.
    assert_reply(&root.ask(json!({"type": "mute", "username": "ada"})));
    assert_error(&ada.ask(json!({"type": "away", "text": "ha"})), "muted");
    assert_reply(&ada.ask(json!({"type": "away"})));
}

#[test]
fn the_topic_is_an_administrators_and_outlives_the_server() {
    let mut server = Server::with_users(&["ada"]);
    let (mut ada, mut root) = (server.login("ada"), server.admin());
    assert!(ada.welcome["topic"].is_null(), "{}", ada.welcome);
    assert_error(&ada.ask(json!({"type": "topic", "text": "mine"})), "not_admin");

    // As long as it may be, in the widest characters: it must fit the welcome.
    let topic = "\u{1F600}".repeat(200);
    let set = root.ask(json!({"type": "topic", "text": topic}));
    assert_eq!((&set["type"], &set["from"], &set["text"]), (&json!("topic"), &json!(ADMIN), &json!(topic)), "{set}");
    assert_eq!(ada.event("topic", ADMIN)["seq"], set["seq"], "one event for everyone");
    let asked = ada.ask(json!({"type": "topic"}));
    assert_eq!((&asked["topic"]["text"], &asked["topic"]["by"]), (&json!(topic), &json!(ADMIN)), "{asked}");
    assert_eq!(server.login("ada").welcome["topic"]["text"], topic);

    server.kill();
    let server = server.data().start();
    assert_eq!(server.login("ada").welcome["topic"]["text"], topic, "after a crash");
    let mut root = server.admin();
    assert_eq!(root.ask(json!({"type": "topic", "text": ""}))["type"], "topic");
    assert!(server.login("ada").welcome["topic"].is_null(), "removed");
    assert!(server.data().read("audit.jsonl").contains("\"topic\""));
}

#[test]
#[cfg(unix)]
fn the_topics_file_is_the_owners_and_a_damaged_one_stops_the_start() {
    use std::os::unix::fs::MetadataExt;
    let mut server = Server::with_users(&[]);
    server.admin().ask(json!({"type": "topic", "text": "fractions"}));
    let data = server.data();
    assert_eq!(std::fs::metadata(data.file("topic.json")).unwrap().mode() & 0o777, 0o600);
    server.kill();
    std::fs::write(data.file("topic.json"), "{\"text\":").unwrap();
    let finished = crate::harness::run(&mut data.server().command(), b"");
    let word = finished.failed_with(1);
    assert!(word.contains("topic.json") && word.contains("mend it or remove it"), "{word}");
    assert_eq!(data.read("topic.json"), "{\"text\":", "it is left as it is");
}

#[test]
fn the_words_of_who_is_muted_or_banned_are_not_read_out() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut ada, mut bob, mut root) = (server.login("ada"), server.login("bob"), server.admin());
    assert_reply(&bob.ask(json!({"type": "away", "text": "ada is a fool"})));
    let mut told = |what: &str| {
        let whois = ada.ask(json!({"type": "whois", "username": "bob"}));
        assert_eq!(ada.ask(json!({"type": "who"}))["away"].is_null(), what == "ban", "{what}");
        ada.ask(json!({"type": "whisper", "to": "bob", "text": what}));
        let away = ada.find("that bob is away", |line| line["type"] == "away");
        assert_eq!(whois["whois"]["away"], json!({"username": "bob", "text": away["text"], "since": away["since"]}));
        away["text"].as_str().unwrap().to_owned()
    };
    for (act, text) in [
        (json!({"type": "unmute", "username": "bob"}), "ada is a fool"),
        (json!({"type": "mute", "username": "bob", "minutes": 5}), ""),
        (json!({"type": "mute", "username": "bob"}), ""),
        (json!({"type": "unmute", "username": "bob"}), "ada is a fool"),
        (json!({"type": "ban", "username": "bob"}), ""),
    ] {
        assert_reply(&root.ask(act.clone()));
        assert_eq!(told(act["type"].as_str().unwrap()), text, "{act}");
    }
}
