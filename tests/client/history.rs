//! What was said before: while one was away, and at any time.

use crate::harness::{Finished, PASSWORD, Peer, Server, Terminal};
use serde_json::json;

fn times(shown: &str, text: &str) -> usize {
    shown.matches(text).count()
}

/// Ada comes for the first time and goes again.
fn visit(server: &Server) {
    Terminal::join(server, "ada").script(&[]).succeeded();
}

fn say_all(peer: &mut Peer, texts: impl IntoIterator<Item = String>) {
    texts.into_iter().for_each(|text| drop(peer.say(&text)));
}

#[track_caller]
fn places(finished: &Finished, texts: &[&str]) -> Vec<usize> {
    let shown = finished.succeeded();
    texts.iter().map(|text| shown.find(text).unwrap_or_else(|| panic!("no {text:?} in {shown}"))).collect()
}

#[test]
fn what_came_since_one_left_is_shown_at_the_login() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    visit(&server);
    bob.event("left", "ada");
    bob.say("first of all");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "for you alone"}));
    bob.say("last of all");
    let finished = Terminal::join(&server, "ada").script(&["now me"]);
    let order =
        ["1 online", "first of all", "for you alone", "last of all", "* 3 missed messages are above\n", "now me"];
    assert!(places(&finished, &order[1..]).is_sorted(), "{finished:?}");
    for text in order[1..4].iter() {
        assert_eq!(times(&finished.stdout, text), 1, "{text}: {finished:?}");
    }
    bob.until_text("now me");
    let again = Terminal::join(&server, "ada").script(&[]);
    assert!(!again.succeeded().contains("of all"), "it was shown: {again:?}");
}

#[test]
fn of_very_much_the_newest_fifty_are_shown() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut bob = server.login("bob");
    visit(&server);
    bob.event("left", "ada");
    say_all(&mut bob, (0..60).map(|i| format!("number {i};")));
    let finished = Terminal::join(&server, "ada").script(&["/history 60"]);
    let (before, after) = finished
        .succeeded()
        .split_once("* 50 missed messages are above, 10 more before them: /history 60 shows them\n")
        .unwrap();
    assert!(
        !before.contains("number 9;") && before.contains("number 10;") && before.contains("number 59;"),
        "{before}"
    );
    assert!(after.contains("number 0;") && after.contains("* these were the last 60 messages"), "{after}");
}

#[test]
fn as_much_as_one_asks_for_in_order() {
    let server = Server::unlimited(&["ada", "bob", "eve"]);
    let mut bob = server.login("bob");
    let _eve = server.login("eve");
    say_all(&mut bob, (0..450).map(|i| format!("number {i};")));
    bob.ask(json!({"type": "whisper", "to": "eve", "text": "not for ada"}));
    let finished = Terminal::join(&server, "ada").script(&["/history 3", "/history 420"]);
    let (few, many) = finished.succeeded().split_once("* these were the last 3 messages\n").unwrap();
    assert!(!few.contains("number 446;") && few.contains("number 447;"), "{few}");
    let found: Vec<_> = (0..450).filter_map(|i| many.find(&format!("number {i};"))).collect();
    assert_eq!(found.len(), 420, "{many}");
    assert!(found.is_sorted() && many.contains("* these were the last 420 messages"), "{many}");
    assert!(!finished.stdout.contains("not for ada"), "{finished:?}");
}

/// Pages are cut by their bytes too.
#[test]
fn long_messages_come_in_many_pages() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut bob = server.login("bob");
    say_all(&mut bob, (0..12).map(|i| format!("number {i}; {}", "\u{1F600}".repeat(3_000))));
    let finished = Terminal::join(&server, "ada").script(&["/history"]);
    let found: Vec<_> = (0..12).filter_map(|i| finished.succeeded().find(&format!("number {i};"))).collect();
    assert!(found.len() == 12 && found.is_sorted(), "{found:?}");
}

#[test]
fn a_whisper_to_somebody_who_is_not_there_waits_and_both_are_told() {
    let server = Server::with_users(&["ada", "bob"]);
    let finished = Terminal::join(&server, "bob").script(&["/msg ada when you are back", "/history"]);
    assert!(
        finished.succeeded().contains("* ada is not online, and will see that at the next login\n"),
        "{finished:?}"
    );
    assert_eq!(times(&finished.stdout, "is not online"), 1, "in the history it's no news: {finished:?}");
    let mut ada = Terminal::start(&[&server.join_link(), "--user", "ada"], Some(PASSWORD));
    ada.stdout.wait_for("when you are back");
    let finished = ada.finish();
    assert_eq!(times(finished.succeeded(), "bob -> you (whisper): when you are back"), 1, "{finished:?}");
}

/// It is shown beside the newest of what was said to all.
#[test]
fn a_whisper_waits_behind_what_was_said_to_all() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut bob = server.login("bob");
    visit(&server);
    bob.event("left", "ada");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "an early whisper"}));
    say_all(&mut bob, (0..55).map(|i| format!("number {i};")));
    let finished = Terminal::join(&server, "ada").script(&[]);
    let order = ["an early whisper", "number 5;", "number 54;", "* 51 missed messages are above, 5 more"];
    assert!(places(&finished, &order).is_sorted(), "{finished:?}");
    assert_eq!(times(&finished.stdout, "an early whisper"), 1, "{finished:?}");
}

/// For programs they are events like any other.
#[test]
fn programs_get_what_was_missed_as_events() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    visit(&server);
    bob.event("left", "ada");
    bob.say("missed");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "and whispered"}));
    let finished = Terminal::start(&[&server.join_link(), "--user", "ada", "--json"], Some(PASSWORD)).script(&[]);
    let lines: Vec<serde_json::Value> =
        finished.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<_> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(texts, ["missed", "and whispered"], "{finished:?}");
    let seqs: Vec<_> = lines.iter().filter_map(|line| line["seq"].as_u64()).skip(1).collect();
    assert!(seqs.is_sorted(), "{finished:?}");
}
