//! One account that says too much.

use crate::harness::{Server, assert_error};
use serde_json::json;

#[test]
fn a_flood_is_slowed_and_the_rest_is_refused() {
    const MESSAGES: usize = 60;
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    let lines = (0..MESSAGES).map(|i| format!("{}\n", json!({"type": "say", "id": format!("f{i}"), "text": "spam"})));
    ada.send_bytes(lines.collect::<String>().as_bytes());
    let answers: Vec<_> = (0..MESSAGES).map(|i| ada.answer(&format!("f{i}"))).collect();
    let (said, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer["type"] == "message");
    refused.iter().for_each(|answer| assert_error(answer, "rate_limited"));
    println!("{} said, {} refused", said.len(), refused.len());
    assert!(said.len() >= 10, "a burst is free: {answers:?}");
    assert!(refused.len() >= 10, "{answers:?}");

    // Nothing but messages is counted, and others are not touched.
    ada.assert_alive();
    ada.ask(json!({"type": "who"}));
    bob.say("my turn");
    let heard = bob.inbox().iter().filter(|line| line["from"] == "ada").count();
    assert_eq!(heard, said.len(), "what was refused was said all the same");
}

#[test]
fn whispers_and_other_sessions_count_with_the_account() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut first = server.login("ada");
    let mut second = server.login("ada");
    let _bob = server.login("bob");
    let whisper =
        |i: usize| format!("{}\n", json!({"type": "whisper", "to": "bob", "id": format!("w{i}"), "text": "x"}));
    first.send_bytes((0..60).map(whisper).collect::<String>().as_bytes());
    let refused = (0..60).filter(|i| first.answer(&format!("w{i}"))["code"] == "rate_limited").count();
    assert!(refused >= 10, "{refused} of 60 whispers");
    second.send_bytes((60..120).map(whisper).collect::<String>().as_bytes());
    let refused = (60..120).filter(|i| second.answer(&format!("w{i}"))["code"] == "rate_limited").count();
    assert!(refused >= 40, "{refused} of 60 whispers in another session");
}

#[test]
fn after_a_flood_one_is_heard_again() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    let lines = (0..40).map(|i| format!("{}\n", json!({"type": "say", "id": format!("f{i}"), "text": "spam"})));
    ada.send_bytes(lines.collect::<String>().as_bytes());
    (0..40).for_each(|i| drop(ada.answer(&format!("f{i}"))));
    let end = std::time::Instant::now() + crate::harness::DEADLINE;
    while ada.ask(json!({"type": "say", "text": "sorry"}))["type"] != "message" {
        assert!(std::time::Instant::now() < end, "still refused");
        // Asking costs nothing, but asking all the time would be another flood.
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn without_a_limit_nothing_is_refused() {
    let server = Server::unlimited(&["ada"]);
    let mut ada = server.login("ada");
    let lines = (0..500).map(|i| format!("{}\n", json!({"type": "say", "id": format!("f{i}"), "text": "load"})));
    ada.send_bytes(lines.collect::<String>().as_bytes());
    (0..500).for_each(|i| assert_eq!(ada.answer(&format!("f{i}"))["type"], "message"));
}
