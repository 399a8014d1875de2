//! Rooms: who may enter, who sees what, and what outlives the server.

use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, assert_error, assert_reply};
use serde_json::{Value, json};

/// A server with `tea`, a teacher, and these users.
pub(super) fn school(names: &[&str]) -> Server {
    let server = Server::unlimited(names);
    let mut root = server.admin();
    let teacher = json!({"type": "add_user", "username": "tea", "password": PASSWORD, "role": "teacher"});
    assert_reply(&root.ask(teacher));
    server
}

pub(super) fn make(peer: &mut Peer, room: &str, open: bool) -> Value {
    peer.ask(json!({"type": "make_room", "room": room, "open": open}))
}

pub(super) fn enter(peer: &mut Peer, room: &str) -> Value {
    peer.ask(json!({"type": "enter", "room": room}))
}

pub(super) fn about(kind: &str, room: &str, username: &str) -> Value {
    json!({"type": kind, "room": room, "username": username})
}

pub(super) fn say(peer: &mut Peer, room: &str, text: &str) -> Value {
    peer.ask(json!({"type": "say", "room": room, "text": text}))
}

/// The texts of messages in a room that came up to the one with `last`, in whatever room that is.
fn heard(peer: &mut Peer, room: &str, last: &str) -> Vec<String> {
    let lines = peer.until_text(last);
    let texts = lines.iter().filter(|line| line["type"] == "message" && line["room"] == room);
    texts.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

pub(super) fn history(peer: &mut Peer, room: &str) -> Vec<String> {
    let answer = peer.ask(json!({"type": "history", "room": room}));
    assert_reply(&answer);
    let texts = answer["events"].as_array().unwrap().iter().filter_map(|event| event["text"].as_str());
    texts.map(str::to_owned).collect()
}

pub(super) fn names(reply: &Value, field: &str) -> Vec<String> {
    let rooms = reply[field].as_array().unwrap_or_else(|| panic!("no {field}: {reply}"));
    rooms.iter().map(|room| room["room"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_said_in_a_room_is_for_who_is_in_it() {
    let server = school(&["ada", "bob", "eve"]);
    let (mut tea, mut ada, mut bob, mut eve) =
        (server.login("tea"), server.login("ada"), server.login("bob"), server.login("eve"));
    let made = make(&mut tea, "Chess", true);
    assert_eq!((&made["rooms"][0]["room"], &made["rooms"][0]["member"]), (&json!("chess"), &json!(true)), "{made}");
    let entered = enter(&mut ada, "chess");
    assert_eq!((&entered["type"], &entered["username"]), (&json!("entered"), &json!("ada")), "{entered}");
    assert!(entered["by"].is_null(), "{entered}");
    assert_eq!(tea.event("entered", "ada")["seq"], entered["seq"], "its members see who comes");
    assert_eq!(say(&mut ada, "chess", "one")["room"], "chess");
    assert_eq!(enter(&mut bob, "chess")["type"], "entered");
    say(&mut ada, "chess", "two");
    assert_error(&say(&mut eve, "chess", "no"), "not_in_room");
    assert_error(&say(&mut eve, "nowhere", "no"), "unknown_room");
    eve.say("to all");
    assert_eq!(heard(&mut tea, "chess", "to all"), ["one", "two"]);
    assert_eq!(heard(&mut bob, "chess", "to all"), ["two"], "nothing from before it entered");
    ada.say("the end");
    let lines = eve.until_text("the end");
    assert!(!lines.iter().any(|line| line.to_string().contains("chess")), "{lines:?}");

    let exited = bob.ask(json!({"type": "leave", "room": "chess"}));
    assert_eq!((&exited["type"], &exited["username"]), (&json!("exited"), &json!("bob")), "{exited}");
    say(&mut ada, "chess", "three");
    ada.say("and the end");
    assert!(heard(&mut bob, "chess", "and the end").is_empty(), "nor from after it left");
    assert_error(&say(&mut bob, "chess", "no"), "not_in_room");
    assert_eq!(enter(&mut ada, "chess")["type"], "reply", "it is in it already");
}

#[test]
fn a_closed_room_is_nobodys_business_who_may_not_enter() {
    let server = school(&["ada", "bob", "eve"]);
    let (mut tea, mut ada, mut eve) = (server.login("tea"), server.login("ada"), server.login("eve"));
    make(&mut tea, "secret", false);
    let (closed, none) = (enter(&mut eve, "secret"), enter(&mut eve, "nothere"));
    assert_error(&closed, "unknown_room");
    let same = |line: &Value, name: &str| line["message"].as_str().unwrap().replace(name, "x");
    assert_eq!(same(&closed, "secret"), same(&none, "nothere"), "one answer for both");
    for request in [
        json!({"type": "history", "room": "secret"}),
        json!({"type": "topic", "room": "secret"}),
        json!({"type": "who", "room": "secret"}),
        json!({"type": "leave", "room": "secret"}),
        json!({"type": "close_room", "room": "secret"}),
        about("let_in", "secret", "eve"),
        about("put_out", "secret", "tea"),
        json!({"type": "say", "room": "secret", "text": "x"}),
        json!({"type": "topic", "room": "secret", "text": "x"}),
    ] {
        assert_error(&eve.ask(request), "unknown_room");
    }
    assert_eq!(names(&eve.ask(json!({"type": "rooms"})), "rooms"), ["general"]);
    assert_eq!(names(&tea.ask(json!({"type": "rooms"})), "rooms"), ["general", "secret"]);

    // Staff and who made it let in.
    let let_in = tea.ask(about("let_in", "secret", "ada"));
    assert_eq!((&let_in["type"], &let_in["by"]), (&json!("entered"), &json!("tea")), "{let_in}");
    assert_eq!(ada.event("entered", "ada")["by"], "tea");
    assert_error(&ada.ask(about("let_in", "secret", "eve")), "not_allowed");
    assert_error(&tea.ask(about("let_in", "secret", "nobody")), "unknown_user");
    // An administrator isn't in it, may let in all the same, and reads nothing of it.
    let mut root = server.admin();
    assert_eq!(root.ask(about("let_in", "secret", "bob"))["type"], "reply");
    say(&mut ada, "secret", "hush");
    assert_error(&root.ask(json!({"type": "history", "room": "secret"})), "not_in_room");
    let put_out = tea.ask(about("put_out", "secret", "ada"));
    assert_eq!((&put_out["type"], &put_out["by"]), (&json!("exited"), &json!("tea")), "{put_out}");
    assert_eq!(ada.event("exited", "ada")["by"], "tea", "who is concerned sees it too");
    assert_error(&tea.ask(about("put_out", "secret", "ada")), "not_in_room");
}

#[test]
fn history_shows_what_one_may_see_of_a_room() {
    let server = school(&["ada", "bob"]);
    let (mut tea, mut ada, mut bob) = (server.login("tea"), server.login("ada"), server.login("bob"));
    for (room, open) in [("chess", true), ("exam", false)] {
        make(&mut tea, room, open);
        say(&mut tea, room, "before");
        match open {
            true => enter(&mut ada, room),
            false => tea.ask(about("let_in", room, "ada")),
        };
        say(&mut tea, room, "meanwhile");
    }
    tea.say("to all");
    assert_eq!(history(&mut ada, "chess"), ["before", "meanwhile"], "of an open room all that is kept");
    assert_eq!(history(&mut ada, "exam"), ["meanwhile"], "of a closed one what was said while one was in it");
    assert_eq!(history(&mut ada, "general"), ["to all"]);
    let everywhere = ada.ask(json!({"type": "history"}));
    let texts: Vec<_> = everywhere["events"].as_array().unwrap().iter().map(|event| &event["text"]).collect();
    assert_eq!(texts, ["meanwhile", "meanwhile", "to all"], "{everywhere}");

    // A room that is closed stays readable to who was in it, and a new one of its name is another room.
    assert_eq!(tea.ask(json!({"type": "close_room", "room": "exam"}))["type"], "room_closed");
    assert_eq!(ada.find("its end", |line| line["type"] == "room_closed")["by"], "tea");
    assert_eq!(history(&mut ada, "exam"), ["meanwhile"]);
    assert_error(&bob.ask(json!({"type": "history", "room": "exam"})), "unknown_room");
    assert_error(&say(&mut ada, "exam", "no"), "unknown_room");
    make(&mut tea, "exam", true);
    enter(&mut bob, "exam");
    assert!(history(&mut bob, "exam").is_empty());
}

#[test]
fn rooms_and_who_is_in_them_outlive_the_server() {
    let mut server = school(&["ada", "bob"]);
    let (mut tea, mut ada) = (server.login("tea"), server.login("ada"));
    assert_reply(&tea.ask(json!({"type": "make_room", "room": "chess", "about": "every Friday"})));
    make(&mut tea, "gone", true);
    enter(&mut ada, "chess");
    let topic = tea.ask(json!({"type": "topic", "room": "chess", "text": "openings"}));
    assert_eq!((&topic["type"], &topic["room"]), (&json!("topic"), &json!("chess")), "{topic}");
    assert_eq!(ada.event("topic", "tea")["text"], "openings");
    tea.ask(json!({"type": "close_room", "room": "gone"}));
    say(&mut ada, "chess", "one");
    let (token, seq) = (ada.welcome["token"].clone(), ada.seq());
    // Also where the file is from before, or lost: the journal knows who is where.
    for (round, lost) in [false, false, true].into_iter().enumerate() {
        server.kill();
        if lost {
            std::fs::remove_file(server.data().file("rooms.json")).unwrap();
        }
        server = server.data().server().args(&["--message-rate", "off"]).start();
        let mut bob = server.login("bob");
        let mut tea = server.login("tea");
        let rooms = names(&tea.ask(json!({"type": "rooms"})), "rooms");
        assert_eq!(rooms, ["general", "chess"]);
        say(&mut tea, "chess", &format!("round {round}"));
        let mut ada = server.connect();
        ada.resume("ada", &token, seq);
        let own = &ada.welcome["rooms"];
        assert_eq!(names(&ada.welcome, "rooms"), ["general", "chess"], "{own}");
        if !lost {
            assert_eq!(own[1]["topic"]["text"], "openings", "{own}");
            let listed = bob.ask(json!({"type": "rooms"}));
            assert_eq!(
                (&listed["rooms"][1]["about"], &listed["rooms"][1]["member"]),
                (&json!("every Friday"), &json!(false))
            );
        }
        ada.until_text(&format!("round {round}"));
        say(&mut ada, "chess", "I am where I was");
    }
}

#[test]
fn a_replay_has_a_rooms_events_from_entered_to_exited() {
    let server = school(&["ada"]);
    let (mut tea, ada) = (server.login("tea"), server.login("ada"));
    make(&mut tea, "chess", true);
    let (token, seq) = (ada.welcome["token"].clone(), ada.seq());
    ada.close();
    say(&mut tea, "chess", "too early");
    tea.ask(about("let_in", "chess", "ada"));
    say(&mut tea, "chess", "in time");
    tea.ask(about("put_out", "chess", "ada"));
    say(&mut tea, "chess", "too late");
    tea.say("the end");
    let mut ada = server.connect();
    ada.resume("ada", &token, seq);
    assert_eq!(names(&ada.welcome, "rooms"), ["general"]);
    let lines = ada.until_text("the end");
    let of_chess: Vec<_> = lines.iter().filter(|line| line["room"] == "chess").map(|line| &line["type"]).collect();
    assert_eq!(of_chess, ["entered", "message", "exited"], "{lines:?}");
}

#[test]
fn who_may_make_rooms_is_a_setting() {
    let server = school(&["ada"]);
    assert_error(&make(&mut server.login("ada"), "mine", true), "not_allowed");
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.server().args(&["--rooms-by", "everyone"]).start();
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    assert_reply(&make(&mut ada, "mine", false));
    // Who made it looks after it.
    assert_eq!(ada.ask(about("let_in", "mine", "bob"))["type"], "entered");
    assert_eq!(ada.ask(json!({"type": "topic", "room": "mine", "text": "us"}))["type"], "topic");
    assert_error(&bob.ask(json!({"type": "topic", "room": "mine", "text": "me"})), "not_allowed");
    assert_error(&bob.ask(json!({"type": "close_room", "room": "mine"})), "not_allowed");
    assert_eq!(ada.ask(json!({"type": "close_room", "room": "mine"}))["type"], "room_closed");
}

#[test]
fn what_is_no_room_is_refused_with_what_is_wrong() {
    let server = school(&["ada"]);
    let (mut tea, mut ada) = (server.login("tea"), server.login("ada"));
    assert_error(&make(&mut tea, "a b", true), "bad_request");
    assert_error(&make(&mut tea, "general", true), "room_exists");
    make(&mut tea, "chess", true);
    assert_error(&make(&mut tea, "Chess", true), "room_exists");
    let long = "x".repeat(201);
    assert_error(&tea.ask(json!({"type": "make_room", "room": "other", "about": long})), "too_long");
    assert_error(&ada.ask(json!({"type": "leave", "room": "general"})), "not_allowed");
    assert_error(&ada.ask(json!({"type": "leave", "room": "chess"})), "not_in_room");
    assert_error(&tea.ask(json!({"type": "close_room", "room": "general"})), "not_allowed");
    assert_eq!(enter(&mut ada, "general")["type"], "reply", "everyone is in it");
    assert_error(&ada.ask(json!({"type": "topic", "room": "general", "text": "x"})), "not_admin");
    // No more than fit into a line, with the longest names there are.
    let room = |n: usize| format!("{n:0>32}");
    let made = (0..200).map(|n| make(&mut tea, &room(n), true)).take_while(|made| made["type"] == "reply").count();
    assert!((20..100).contains(&made), "{made} rooms, and then it is in as many as it may");
    let mut root = server.admin();
    assert_eq!(root.welcome["rooms"][0]["room"], "general");
    let more = (200..400).map(|n| make(&mut root, &room(n), true)).take_while(|made| made["type"] == "reply").count();
    assert_eq!(names(&ada.ask(json!({"type": "rooms"})), "rooms").len(), made + more + 2);
    assert_eq!(server.login("tea").welcome["rooms"].as_array().unwrap().len(), made + 2);
}

#[test]
fn who_is_in_a_room_is_asked_by_those_in_it() {
    let server = school(&["ada", "bob"]);
    let (mut tea, _bob) = (server.login("tea"), server.login("bob"));
    make(&mut tea, "chess", true);
    enter(&mut server.login("ada"), "chess");
    let mut ada = server.login("ada");
    let who = ada.ask(json!({"type": "who", "room": "chess"}));
    assert_eq!(who["users"], json!(["ada", "tea"]), "{who}");
    assert_eq!(ada.ask(json!({"type": "who"}))["users"], json!(["ada", "bob", "tea"]));
    assert_error(&server.admin().ask(json!({"type": "who", "room": "chess"})), "not_in_room");
}

#[cfg(unix)]
#[test]
fn an_account_that_is_deleted_is_in_no_room_and_neither_is_another_of_its_name() {
    let mut server = school(&["ada", "eve"]);
    let (mut tea, mut root) = (server.login("tea"), server.admin());
    make(&mut tea, "chess", false);
    for name in ["ada", "eve"] {
        tea.ask(about("let_in", "chess", name));
    }
    say(&mut tea, "chess", "for them alone");
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "eve"})));
    assert_eq!(tea.event("exited", "eve")["room"], "chess");
    // While the server doesn't run nobody is told.
    server.terminate();
    server.wait();
    let mut users = server.data().users_json();
    assert!(users["users"].as_object_mut().unwrap().remove("ada").is_some());
    std::fs::write(server.data().file("users.json"), users.to_string()).unwrap();
    server = server.data().server().args(&["--message-rate", "off"]).start();
    let mut root = server.login(ADMIN);
    for name in ["ada", "eve"] {
        assert_reply(&root.ask(json!({"type": "add_user", "username": name, "password": PASSWORD})));
        let mut peer = server.login(name);
        assert_eq!(names(&peer.welcome, "rooms"), ["general"]);
        assert_error(&peer.ask(json!({"type": "history", "room": "chess"})), "unknown_room");
        assert_error(&say(&mut peer, "chess", "no"), "unknown_room");
    }
}

/// How often something is tried that two do at once.
const ROUNDS: usize = 50;

/// What is asked in a room while it is no longer there, or one is no longer in it, is answered, once; and nothing of it is
/// there afterwards.
#[test]
fn what_comes_too_late_for_a_room_is_answered_and_leaves_nothing() {
    let server = school(&["bob"]);
    let (mut root, mut tea, mut bob) = (server.admin(), server.login("tea"), server.login("bob"));
    let late = [
        json!({"type": "hand", "up": true}),
        json!({"type": "floor", "mode": "quiet"}),
        json!({"type": "next", "nobody": true}),
        json!({"type": "hand", "up": false}),
        json!({"type": "topic", "text": "numbers"}),
        json!({"type": "floor", "mode": "slow", "seconds": 9}),
        json!({"type": "poll", "question": "a secret?", "options": ["a", "b"]}),
        json!({"type": "hand", "up": true}),
    ];
    for round in 0..ROUNDS {
        assert_reply(&make(&mut root, "k", false));
        enter(&mut tea, "k");
        let ids: Vec<String> = (0..late.len()).map(|n| format!("late-{round}-{n}")).collect();
        let lines = late.iter().zip(&ids).flat_map(|(request, id)| {
            let mut request = request.clone();
            (request["room"], request["id"]) = ("k".into(), id.as_str().into());
            format!("{request}\n").into_bytes()
        });
        tea.send_bytes(&lines.collect::<Vec<u8>>());
        // Until some of it has happened, each time another part.
        let some = &ids[round % ids.len()];
        tea.until(some, |line| line["id"] == some.as_str());
        let is_put_out = round % 2 == 1;
        if is_put_out {
            root.ask(about("put_out", "k", "tea"));
            let hands = root.ask(json!({"type": "hands", "room": "k"}));
            assert_eq!(hands["hands"], json!([]), "round {round}: of whoever is in it");
        }
        root.ask(json!({"type": "close_room", "room": "k"}));
        for id in &ids[round % ids.len() + 1..] {
            let answer = tea.answer(id);
            let code = answer["code"].as_str().unwrap_or_default();
            assert!(["", "not_in_room", "unknown_room", "not_allowed", "quiet"].contains(&code), "{answer}");
        }
        assert_reply(&make(&mut root, "k", true));
        enter(&mut bob, "k");
        let said = say(&mut bob, "k", "hello");
        assert_eq!(said["type"], "message", "round {round}: it is a new room: {said}");
        let welcome = server.login("bob").welcome.clone();
        let rooms = welcome["rooms"].as_array().unwrap();
        let new = rooms.iter().find(|room| room["room"] == "k").unwrap();
        assert_eq!((&new["poll"], &new["topic"]), (&Value::Null, &Value::Null), "round {round}: {new}");
        let hands = root.ask(json!({"type": "hands", "room": "k"}));
        assert_eq!(hands["hands"], json!([]), "round {round}");
        root.ask(json!({"type": "close_room", "room": "k"}));
    }
}

/// An older server may have left some of it.
#[test]
fn a_start_forgets_what_held_in_rooms_that_are_gone() {
    let data = DataDir::with_users(&["bob"]);
    let poll = json!({"poll": 1, "room": "k", "question": "a secret?", "options": ["a", "b"], "entitled": [], "voted": [], "ballots": {}});
    let floor = json!({"k": {"floor": {"mode": "quiet"}}, "general": {"floor": {"mode": "quiet"}}});
    let kept = json!({"rooms": floor, "polls": [poll]});
    std::fs::write(data.path().join("lesson.json"), kept.to_string()).unwrap();
    let server = data.server().start();
    let kept = std::fs::read_to_string(data.path().join("lesson.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!((&kept["polls"], &kept["rooms"]["k"]), (&json!([]), &Value::Null));
    assert_eq!(kept["rooms"]["general"]["floor"]["mode"], "quiet", "that one is there");
    let mut root = server.admin();
    assert_reply(&make(&mut root, "k", true));
    let mut bob = server.login("bob");
    enter(&mut bob, "k");
    assert_eq!(say(&mut bob, "k", "hello")["type"], "message");
}
