//! Polls: what is asked, who may vote, that a vote counts after a kill, and that nothing on disk ties it to its voter.

use super::floor::{age, room};
use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, assert_error, assert_reply};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::fs;

/// Begins a poll with two options. Its seq.
#[track_caller]
fn begin(staff: &mut Peer) -> u64 {
    let event = staff.ask(json!({"type": "poll", "question": "Which?", "options": ["a", "b"]}));
    assert_eq!(event["type"], "poll", "{event}");
    event["poll"].as_u64().unwrap()
}

fn vote(poll: u64, option: usize) -> Value {
    json!({"type": "vote", "poll": poll, "option": option})
}

fn tally(poll: u64) -> Value {
    json!({"type": "tally", "poll": poll})
}

fn close(poll: u64) -> Value {
    json!({"type": "close_poll", "poll": poll})
}

#[test]
fn a_class_chooses() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let (mut root, mut ada, mut bob, mut eve) =
        (server.admin(), server.login("ada"), server.login("bob"), server.login("eve"));
    let request =
        json!({"type": "poll", "room": "general", "question": "Which?", "options": ["a", "b", "c"], "minutes": 3});
    let begun = root.ask(request.clone());
    let poll = begun["poll"].as_u64().unwrap();
    assert_eq!((&begun["type"], &begun["seq"], &begun["from"]), (&json!("poll"), &json!(poll), &json!(ADMIN)));
    assert_eq!((&begun["question"], &begun["options"]), (&json!("Which?"), &json!(["a", "b", "c"])));
    assert!(begun["until"].is_string(), "{begun}");
    assert_eq!(eve.event("poll", ADMIN)["poll"], poll);
    assert_error(&root.ask(request), "not_allowed");
    assert_reply(&ada.ask(vote(poll, 0)));
    assert_reply(&ada.ask(vote(poll, 0)));
    assert_reply(&bob.ask(vote(poll, 2)));
    assert_reply(&ada.ask(vote(poll, 1)));
    let reply = root.ask(tally(poll));
    assert_eq!(reply["counts"], json!([0, 1, 1]), "another vote replaces it");
    assert_eq!((&reply["voted"], &reply["missing"]), (&json!(["ada", "bob"]), &json!(["eve"])));
    for (name, voted) in [("ada", true), ("eve", false)] {
        let again = server.login(name);
        let told = &room(&again, "general")["poll"];
        let expected = json!({"poll": poll, "question": "Which?", "options": ["a", "b", "c"], "until": begun["until"], "voted": voted});
        assert_eq!(*told, expected);
    }
    let closed = root.ask(close(poll));
    assert_eq!(
        (&closed["type"], &closed["from"], &closed["poll"]),
        (&json!("poll_closed"), &json!(ADMIN), &json!(poll))
    );
    assert_eq!(closed["counts"], json!([0, 1, 1]));
    assert_eq!((&closed["voted"], &closed["entitled"]), (&json!(2), &json!(3)));
    assert_eq!(eve.find("the end", |line| line["type"] == "poll_closed")["seq"], closed["seq"]);
    assert_error(&eve.ask(vote(poll, 0)), "poll_closed");
    assert_error(&root.ask(tally(poll)), "poll_closed");
    assert_error(&root.ask(close(poll)), "poll_closed");
    assert_ne!(begin(&mut root), poll);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let server = Server::with_users(&["ada"]);
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    let ask = |question: &str, options: &[&str]| json!({"type": "poll", "question": question, "options": options});
    for (request, code) in [
        (ask("", &["a", "b"]), "bad_request"),
        (ask("?", &["a"]), "bad_request"),
        (ask("?", &["a"; 10]), "bad_request"),
        (ask("?", &["a", ""]), "bad_request"),
        (ask("?", &["a", "b\nc"]), "bad_request"),
        (ask(&"?".repeat(201), &["a", "b"]), "too_long"),
        (ask("?", &["a", &"b".repeat(101)]), "too_long"),
        (json!({"type": "poll", "question": "?", "options": ["a", "b"], "minutes": 0}), "bad_request"),
        (json!({"type": "poll", "question": "?", "options": ["a", "b"], "minutes": 1441}), "bad_request"),
        (json!({"type": "poll", "room": "go", "question": "?", "options": ["a", "b"]}), "unknown_room"),
        (vote(1, 0), "unknown_poll"),
        (tally(u64::MAX), "unknown_poll"),
        (close(0), "unknown_poll"),
    ] {
        assert_error(&root.ask(request), code);
    }
    let said = ada.say("no poll")["seq"].as_u64().unwrap();
    assert_error(&ada.ask(vote(said, 0)), "unknown_poll");
    let poll = begin(&mut root);
    assert_error(&ada.ask(vote(poll, 2)), "bad_request");
    for request in [tally(poll), close(poll), ask("?", &["a", "b"])] {
        assert_error(&ada.ask(request), "not_allowed");
    }
}

#[test]
fn who_was_there_or_came_may_vote_and_nobody_else() {
    let server = Server::with_users(&["ada", "bob", "eve", "zed"]);
    let (mut root, mut ada, mut bob, mut eve) =
        (server.admin(), server.login("ada"), server.login("bob"), server.login("eve"));
    let wall = json!({"type": "add_user", "username": "wall", "password": PASSWORD, "role": "display"});
    assert_reply(&root.ask(wall));
    let mut wall = server.login("wall");
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    for peer in [&mut ada, &mut bob] {
        peer.ask(json!({"type": "enter", "room": "chess"}));
    }
    let begun = root.ask(json!({"type": "poll", "room": "chess", "question": "e4?", "options": ["yes", "no"]}));
    let poll = begun["poll"].as_u64().unwrap();
    assert_error(&eve.ask(vote(poll, 0)), "unknown_poll");
    assert_error(&wall.ask(vote(poll, 0)), "not_allowed");
    ada.ask(json!({"type": "leave", "room": "chess"}));
    assert_reply(&ada.ask(vote(poll, 0)));
    eve.ask(json!({"type": "enter", "room": "chess"}));
    assert_reply(&eve.ask(vote(poll, 0)));
    assert_reply(&root.ask(vote(poll, 1)));
    let reply = root.ask(tally(poll));
    assert_eq!((&reply["voted"], &reply["missing"]), (&json!(["ada", "eve", ADMIN]), &json!(["bob"])), "staff may");
    // With the room its poll is closed.
    bob.ask(json!({"type": "ping"}));
    root.ask(json!({"type": "close_room", "room": "chess"}));
    let closed = bob.find("how it came out", |line| line["type"] == "poll_closed");
    assert_eq!((&closed["counts"], &closed["entitled"], &closed["from"]), (&json!([2, 1]), &json!(4), &json!(null)));
    // Who came and went is waited for, too.
    let poll = begin(&mut root);
    drop(server.login("zed"));
    root.event("left", "zed");
    assert!(root.ask(tally(poll))["missing"].as_array().unwrap().contains(&json!("zed")));
}

/// They see nothing of it, and can't vote before.
#[test]
fn nobody_waits_for_the_vote_of_who_must_choose_a_password_first() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, _ada) = (server.admin(), server.login("ada"));
    let reset = json!({"type": "reset_password", "username": "bob"});
    let one_time = root.ask(reset.clone())["password"].as_str().unwrap().to_owned();
    let mut bob = server.login_with("bob", &one_time);
    let poll = begin(&mut root);
    assert_eq!(root.ask(tally(poll))["missing"], json!(["ada"]));
    assert_reply(&bob.ask(json!({"type": "passwd", "old": one_time, "new": "a long enough one"})));
    drop(bob);
    root.event("left", "bob");
    assert_eq!(root.ask(tally(poll))["missing"], json!(["ada", "bob"]), "it was there since");
    assert_reply(&root.ask(reset));
    assert_eq!(root.ask(tally(poll))["missing"], json!(["ada"]));
    assert_eq!(root.ask(close(poll))["entitled"], 1);
}

#[test]
fn an_acknowledged_vote_outlives_a_kill_and_is_one_vote() {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.start();
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    let poll = begin(&mut root);
    assert_reply(&ada.ask(vote(poll, 0)));
    assert_reply(&bob.ask(vote(poll, 0)));
    let (token, seq) = (ada.welcome["token"].clone(), ada.seq());
    server.kill();
    let mut server = data.start();
    let mut root = server.admin();
    assert_eq!(root.ask(tally(poll))["counts"], json!([2, 0]));
    // Her own login finds her vote again, and nothing else does.
    let mut elsewhere = server.login("ada");
    assert_eq!(room(&elsewhere, "general")["poll"]["voted"], true);
    assert_error(&elsewhere.ask(vote(poll, 1)), "not_allowed");
    let mut ada = server.connect();
    ada.resume("ada", &token, seq);
    assert_reply(&ada.ask(vote(poll, 1)));
    assert_eq!(root.ask(tally(poll))["counts"], json!([1, 1]));
    assert_reply(&elsewhere.ask(vote(poll, 0)));
    assert_eq!(root.ask(tally(poll))["counts"], json!([2, 0]));
    server.kill();
    let server = data.start();
    let closed = server.admin().ask(close(poll));
    assert_eq!((&closed["counts"], &closed["voted"]), (&json!([2, 0]), &json!(2)));
}

#[test]
fn a_poll_closes_by_itself_also_while_the_server_is_down() {
    let data = DataDir::with_users(&["ada"]);
    let ask = json!({"type": "poll", "question": "Which?", "options": ["a", "b"], "minutes": 1});
    for seconds in [57, 61] {
        let mut server = data.start();
        let mut ada = server.login("ada");
        let poll = server.admin().ask(ask.clone())["poll"].as_u64().unwrap();
        assert_reply(&ada.ask(vote(poll, 1)));
        server.kill();
        age(&data, SignedDuration::from_secs(seconds));
        let mut server = data.start();
        let mut ada = server.connect();
        ada.send(&json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD, "after": poll}));
        let closed = ada.find("the end", |line| line["type"] == "poll_closed");
        assert_eq!((&closed["counts"], &closed["from"]), (&json!([0, 1]), &json!(null)), "{seconds}");
        assert_error(&ada.ask(vote(poll, 0)), "poll_closed");
        server.kill();
    }
}

/// What is in the folder of who voted what: with three voters whose votes differ, no file may name a voter in a place
/// that tells the vote, whatever the order in which they voted.
#[test]
fn nothing_on_disk_ties_a_vote_to_its_voter() {
    let names = ["ada", "bob", "eve"];
    let mut kept = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let data = DataDir::with_users(&names);
        let mut server = data.server().log("debug").start();
        let mut root = server.admin();
        let mut peers = names.map(|name| server.login(name));
        let begun = root.ask(json!({"type": "poll", "question": "Which?", "options": ["opt-a", "opt-b", "opt-c"]}));
        let poll = begun["poll"].as_u64().unwrap();
        // All that the poll has written is there before the votes.
        root.assert_alive();
        let before = sizes(&data);
        for who in order {
            assert_reply(&peers[who].ask(json!({"type": "vote", "poll": poll, "option": who, "id": "the-vote"})));
        }
        let grown: Vec<_> =
            sizes(&data).into_iter().filter(|file| !before.contains(file)).map(|(name, _)| name).collect();
        assert_eq!(grown, ["lesson.json"], "nothing else knows of a vote");
        let tokens = peers.map(|peer| peer.welcome["token"].as_str().unwrap().to_owned());
        server.kill();
        for file in data.files() {
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            assert!(!text.contains("the-vote"), "{}", file.display());
            for token in &tokens {
                assert!(!text.contains(token.as_str()), "{}", file.display());
            }
        }
        assert!(!server.stderr.text().contains("the-vote"));
        // The two lists, each sorted by itself; a ballot's mark is nothing that stands anywhere else.
        let lesson: Value = serde_json::from_str(&data.read("lesson.json")).unwrap();
        let open = &lesson["polls"][0];
        assert_eq!(open["voted"], json!(names));
        let ballots = open["ballots"].as_object().unwrap();
        let marks: Vec<_> = ballots.keys().cloned().collect();
        assert!(marks.is_sorted() && marks.len() == 3);
        for file in data.files().iter().filter(|file| !file.ends_with("lesson.json")) {
            let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
            assert!(marks.iter().all(|mark| !text.contains(mark.as_str())), "{}", file.display());
        }
        kept.push(ballots.values().map(|option| option.as_u64().unwrap()).collect::<Vec<_>>());
        assert_eq!(data.files().iter().filter(|file| file.to_string_lossy().contains("lesson")).count(), 1);
    }
    assert!(kept.iter().all(|options| options.iter().sum::<u64>() == 3), "{kept:?}");
}

/// Each file of a folder, and how long it is.
fn sizes(data: &DataDir) -> Vec<(String, u64)> {
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    data.files().iter().map(|path| (name(path), fs::metadata(path).unwrap().len())).collect()
}

/// A kill between the event and the file: the journal knows what was asked.
#[test]
fn a_poll_that_the_file_does_not_know_goes_on() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let poll = begin(&mut server.admin());
    server.kill();
    // It may not even be there yet.
    let _ = fs::remove_file(data.file("lesson.json"));
    let mut server = data.start();
    let mut ada = server.login("ada");
    assert_eq!(room(&ada, "general")["poll"]["poll"], poll);
    assert_reply(&ada.ask(vote(poll, 1)));
    // And one whose end the file doesn't know is over.
    let open = data.read("lesson.json");
    assert_eq!(server.admin().ask(close(poll))["counts"], json!([0, 1]));
    server.kill();
    fs::write(data.file("lesson.json"), open).unwrap();
    let server = data.start();
    let mut ada = server.login("ada");
    assert_eq!(room(&ada, "general")["poll"], json!(null));
    assert_error(&ada.ask(vote(poll, 1)), "poll_closed");
}

#[test]
fn a_damaged_file_stops_the_start_and_check_tells_it() {
    let data = DataDir::with_users(&["ada"]);
    for junk in ["{", "null", r#"{"polls":7}"#, r#"{"rooms":{"general":{"floor":{"mode":"slow"}}}}"#] {
        fs::write(data.file("lesson.json"), junk).unwrap();
        let output = data.command().output().unwrap();
        assert!(!output.status.success(), "{junk}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("lesson.json is damaged") && told.contains("mend it, or remove it"), "{told}");
        assert_eq!(data.read("lesson.json"), junk, "it is left as it is");
        let check = crate::harness::run(data.command().arg("check"), b"");
        assert!(check.code != Some(0) && check.stdout.contains("lesson.json is damaged"), "{}", check.stdout);
    }
}

#[test]
fn a_poll_of_a_room_that_an_older_account_of_the_name_was_in_is_unknown() {
    let server = Server::with_users(&["ada"]);
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "make_room", "room": "k", "open": false})));
    root.ask(json!({"type": "let_in", "room": "k", "username": "ada"}));
    let poll = root.ask(json!({"type": "poll", "room": "k", "question": "?", "options": ["a", "b"]}))["poll"].clone();
    let poll = poll.as_u64().unwrap();
    root.ask(json!({"type": "close_room", "room": "k"}));
    assert_error(&server.login("ada").ask(vote(poll, 0)), "poll_closed");
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "ada"})));
    assert_reply(&root.ask(json!({"type": "add_user", "username": "ada", "password": PASSWORD})));
    assert_error(&server.login("ada").ask(vote(poll, 0)), "unknown_poll");
}
