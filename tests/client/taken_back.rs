//! `/remove`: what one said, and what staff take back of others.

use crate::harness::{PASSWORD, Server, Terminal};
use serde_json::{Value, json};

/// Without its times and numbers.
fn form(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect::<String>()
        .replace("00", "0")
        .replace("00", "0")
}

#[test]
fn the_last_one_the_one_before_it_and_the_one_of_a_number() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let first = bob.say("bob's own")["seq"].as_u64().unwrap();
    let finished = Terminal::join(&server, "ada").script(&[
        "/remove",
        "one",
        "two",
        "three",
        "/remove",
        "/remove",
        "/history",
        &format!("/remove #{first}"),
        "/remove 999999",
        "/remove everything",
    ]);
    let shown = finished.succeeded();
    let (before, after) = shown.split_once("* you took back").unwrap();
    assert!(
        before.contains("ada: three")
            && form(shown).matches("* you took back your message of 0:0 (#0) at 0:0\n").count() == 2
    );
    // A line of a further kind begins with two blanks.
    let rows: Vec<String> = after.lines().filter(|line| line.starts_with("  #")).map(form).collect();
    assert_eq!(rows, ["  #0 [0:0] bob: bob's own", "  #0 [0:0] ada: one"], "{shown}");
    assert_eq!(after.matches("* your message of").count(), 2, "{shown}");
    assert!(shown.contains(&format!("  #{first} [")), "{shown}");
    for refused in [
        "! you have said nothing here: /remove <number>",
        "! that is somebody else's: only teachers and administrators may do that\n",
        "! nothing was said under that number: /history shows the numbers\n",
        "! usage: /remove [number]",
    ] {
        assert!(finished.stderr.contains(refused), "{refused}: {}", finished.stderr);
    }
    let told: Vec<Value> = (0..2).map(|_| bob.event("removed", "ada")).collect();
    let texts = |seq: &Value| told.iter().any(|line| line["event"] == *seq);
    let said: Vec<Value> = ["one", "two", "three"].map(|text| bob.find(text, |line| line["text"] == text)).to_vec();
    assert!(!texts(&said[0]["seq"]) && texts(&said[1]["seq"]) && texts(&said[2]["seq"]), "{told:?}");
}

/// What one said last may be a question.
#[test]
fn a_question_that_was_asked_last_is_taken_back_and_nothing_before_it() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let finished = Terminal::join(&server, "ada").script(&["keep me", "/ask why not?", "/remove"]);
    finished.succeeded();
    let question = bob.find("question", |line| line["type"] == "question");
    assert_eq!(bob.find("removed", |line| line["type"] == "removed")["event"], question["seq"]);
}

#[test]
fn others_are_told_whose_it_was_on_every_page_and_in_their_transcript() {
    let server = Server::with_users(&["ada", "bob"]);
    let folder = tempfile::TempDir::new().unwrap();
    let log = folder.path().join("chat.log");
    let mut plain =
        Terminal::start(&[&server.join_link(), "--user", "bob", "--log", log.to_str().unwrap()], Some(PASSWORD));
    let mut programs = Terminal::start(&[&server.join_link(), "--user", "bob", "--json"], Some(PASSWORD));
    plain.stdout.wait_for("online");
    programs.stdout.wait_for("welcome");
    let (mut ada, mut root) = (server.login("ada"), server.admin());
    let seqs = [ada.say("one")["seq"].clone(), ada.say("two")["seq"].clone()];
    ada.ask(json!({"type": "remove", "event": seqs[0]}));
    root.ask(json!({"type": "remove", "event": seqs[1]}));
    plain.stdout.wait_for(&format!("(#{})", seqs[1]));
    programs.stdout.wait_for("\"from\":\"root\"");
    let shown = form(plain.finish().succeeded());
    assert!(shown.contains("* ada took back their message of 0:0 (#0) at 0:0\n"), "{shown}");
    assert!(shown.contains("* root took back ada's message of 0:0 (#0) at 0:0\n"), "{shown}");
    let lines = programs.finish();
    let events = lines.succeeded().lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let removed: Vec<Value> =
        events.filter(|line| line["type"] == "removed").map(|line| line["event"].clone()).collect();
    assert_eq!(removed, seqs);
    let transcript = std::fs::read_to_string(&log).unwrap();
    // What stands in a file of one's own can't be called back: it's told there, too.
    assert!(transcript.contains("ada: one") && transcript.contains(" * ada took back their message"), "{transcript}");
}

/// Who comes later finds what stands in its place.
#[test]
fn what_was_missed_shows_that_something_was_taken_back() {
    let server = Server::with_users(&["ada", "bob"]);
    Terminal::join(&server, "bob").script(&[]).succeeded();
    let mut ada = server.login("ada");
    let message = ada.say("never mind");
    ada.ask(json!({"type": "remove", "event": message["seq"]}));
    let finished = Terminal::join(&server, "bob").script(&[]);
    assert!(
        finished.succeeded().contains("* ada's message of") && !finished.stdout.contains("never mind"),
        "{finished:?}"
    );
    assert!(finished.stdout.contains("* 1 missed message is above"), "{finished:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_screen_the_numbers_stand_at_the_left() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let seqs = ["good morning", "never mind"].map(|text| bob.say(text)["seq"].clone());
    let mut ada = super::screen::Person::join(&server, "ada");
    ada.screen.press("/history 2\r");
    let is_it = |row: &str, seq: &Value, said| {
        row.strip_prefix(&format!("#{seq} ")).is_some_and(|row| super::screen::is_said(row, said))
    };
    ada.screen.wait_for(|rows| {
        rows.windows(2)
            .any(|two| is_it(&two[0], &seqs[0], "bob: good morning") && is_it(&two[1], &seqs[1], "bob: never mind"))
    });
    bob.ask(json!({"type": "remove", "event": seqs[1]}));
    ada.screen.wait_for(|rows| {
        let told = rows.iter().any(|row| row.starts_with("* bob took back their message of "));
        told && rows.iter().any(|row| is_it(row, &seqs[1], "bob: never mind"))
    });
}
