//! A class in groups: who is in which, and what everybody is told of it.

use super::rooms::{enter, make, names, say, school};
use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, assert_error, assert_reply, run};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::thread;

/// Beyond every event.
const NEVER: u64 = (1 << 53) - 1;

fn split(staff: &mut Peer, about: Value) -> Value {
    let mut request = json!({"type": "split"});
    request.as_object_mut().unwrap().extend(about.as_object().unwrap().clone());
    let reply = staff.ask(request);
    assert_reply(&reply);
    reply
}

fn gather(staff: &mut Peer) -> Value {
    let event = staff.ask(json!({"type": "gather"}));
    assert_eq!(event["type"], "gathered", "{event}");
    event
}

/// What came of a split and its end, up to this message.
fn told(peer: &mut Peer, last: &str) -> Vec<Value> {
    let kinds = ["split", "gathered", "entered", "room_closed"];
    let lines = peer.until_text(last).into_iter();
    lines.filter(|line| kinds.contains(&line["type"].as_str().unwrap())).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

fn seq(event: &Value) -> u64 {
    event["seq"].as_u64().unwrap_or_else(|| panic!("no event: {event}"))
}

/// The fields that an event has beside those that all have.
fn fields(event: &Value) -> Value {
    let mut event = event.clone();
    ["type", "seq", "time", "id"].iter().for_each(|field| _ = event.as_object_mut().unwrap().remove(*field));
    event
}

#[test]
fn everyone_is_told_before_anybody_is_in_a_group_and_when_the_last_is_closed() {
    let server = school(&["ada", "bob"]);
    let (mut tea, mut root, mut ada, _bob) =
        (server.login("tea"), server.admin(), server.login("ada"), server.login("bob"));
    let wall = json!({"type": "add_user", "username": "wall", "password": PASSWORD, "role": "display"});
    assert_reply(&root.ask(wall));
    let mut wall = server.login("wall");
    assert!(wall.welcome["split"].is_null(), "{}", wall.welcome);
    let (token, before) = (ada.welcome["token"].clone(), ada.seq());
    split(&mut tea, json!({"groups": 2}));
    assert_eq!(server.login("wall").welcome["split"], json!({"groups": 2}));
    assert_eq!(server.login("tea").welcome["split"], json!({"groups": 2}));
    let answer = gather(&mut tea);
    assert_eq!(fields(&answer), json!({"from": "tea"}));
    assert!(server.login("wall").welcome["split"].is_null());
    tea.say("the end");

    // Its own room's events stand between, also when they are read again.
    let of_ada = told(&mut ada, "the end");
    assert_eq!(kinds(&of_ada), ["split", "entered", "room_closed", "gathered"]);
    assert_eq!(fields(&of_ada[0]), json!({"from": "tea", "groups": 2}));
    assert_eq!((of_ada[0]["id"].is_null(), &of_ada[3]["id"]), (true, &answer["id"]), "a split is answered by a reply");
    let (split, gathered) = (seq(&of_ada[0]), seq(&of_ada[3]));
    assert!((split + 1..=split + 2).contains(&seq(&of_ada[1])), "right before those who enter: {of_ada:?}");
    assert!((gathered - 2..gathered).contains(&seq(&of_ada[2])), "right behind the ends of the rooms: {of_ada:?}");
    for peer in [&mut root, &mut wall] {
        assert_eq!(told(peer, "the end"), [of_ada[0].clone(), answer.clone()], "who is in no group is told of both");
    }
    let mut again = server.connect();
    again.resume("ada", &token, before);
    assert_eq!(told(&mut again, "the end"), of_ada);
    let history = ada.ask(json!({"type": "history"}));
    assert_eq!(kinds(history["events"].as_array().unwrap()), ["message"], "nobody said that");
}

#[test]
fn a_class_is_split_and_gathered() {
    let pupils: Vec<String> = (0..9).map(|n| format!("p{n}")).collect();
    let names_of: Vec<&str> = pupils.iter().map(String::as_str).collect();
    let server = school(&names_of);
    let mut peers: Vec<Peer> = names_of.iter().map(|name| server.login(name)).collect();
    let mut tea = server.login("tea");
    assert_error(&peers[0].ask(json!({"type": "split", "groups": 3})), "not_allowed");
    assert_error(&tea.ask(json!({"type": "gather"})), "unknown_room");
    let split = tea.ask(json!({"type": "split", "groups": 4}));
    let rooms = split["rooms"].as_array().unwrap_or_else(|| panic!("{split}"));
    let sizes: Vec<_> = rooms.iter().map(|room| room["users"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [3, 2, 2, 2], "{split}");
    assert!(rooms.iter().all(|room| room["open"] == false && room["member"] == false), "{split}");
    let mut all: Vec<&str> =
        rooms.iter().flat_map(|room| room["users"].as_array().unwrap()).map(|name| name.as_str().unwrap()).collect();
    all.sort_unstable();
    assert_eq!(all, names_of, "everyone once, and no teacher");
    for (peer, name) in peers.iter_mut().zip(&names_of) {
        let entered = peer.event("entered", name);
        let room = rooms.iter().find(|room| room["users"].as_array().unwrap().contains(&json!(name))).unwrap();
        assert_eq!((&entered["room"], &entered["by"]), (&room["room"], &json!("tea")), "{entered}");
    }
    assert_error(&tea.ask(json!({"type": "split", "groups": 2})), "room_exists");
    // Who split them isn't in them, and may go in.
    assert_error(&say(&mut tea, "group-1", "no"), "not_in_room");
    assert_eq!(enter(&mut tea, "group-1")["type"], "entered");

    assert_eq!(tea.ask(json!({"type": "gather"}))["type"], "gathered");
    for peer in &mut peers {
        peer.find("the end of its room", |line| line["type"] == "room_closed");
    }
    assert_eq!(names(&tea.ask(json!({"type": "rooms"})), "rooms"), ["general"]);

    // By name.
    for (groups, code) in [
        (json!([["p0", "nobody"]]), "unknown_user"),
        (json!([["p0"], ["p0"]]), "bad_request"),
        (json!([["p0"], []]), "bad_request"),
        (json!([["tea"]]), "not_allowed"),
        (json!(0), "bad_request"),
        (json!(51), "bad_request"),
        (json!("two"), "bad_request"),
    ] {
        assert_error(&tea.ask(json!({"type": "split", "groups": groups})), code);
    }
    let split = tea.ask(json!({"type": "split", "groups": [["p0", "P1"], ["p8"]], "minutes": 5}));
    assert_eq!(split["rooms"][0]["users"], json!(["p0", "p1"]), "{split}");
    assert_error(&tea.ask(json!({"type": "split", "groups": 2, "minutes": 0})), "bad_request");
}

#[test]
fn a_split_outlives_a_kill_and_ends_in_its_time() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let (mut root, mut ada, _bob) = (server.admin(), server.login("ada"), server.login("bob"));
    split(&mut root, json!({"groups": [["ada"], ["bob"]], "minutes": 5}));
    let begun = ada.event("split", ADMIN);
    let until: Timestamp = begun["until"].as_str().unwrap().parse().unwrap();
    let began: Timestamp = begun["time"].as_str().unwrap().parse().unwrap();
    assert!((until.duration_since(began).as_secs() - 300).abs() <= 1, "{begun}");
    let (token, welcome) = (ada.welcome["token"].clone(), json!({"groups": 2, "until": begun["until"]}));
    assert_eq!(server.login("bob").welcome["split"], welcome);
    server.kill();
    let mut server = data.start();
    assert_eq!(server.login("bob").welcome["split"], welcome);
    server.kill();

    // Its time is over meanwhile.
    let mut rooms: Value = serde_json::from_str(&data.read("rooms.json")).unwrap();
    for room in rooms["rooms"].as_object_mut().unwrap().values_mut() {
        let since: Timestamp = room["timer"]["since"].as_str().unwrap().parse().unwrap();
        room["timer"]["since"] = json!((since - SignedDuration::from_mins(6)).to_string());
    }
    fs::write(data.file("rooms.json"), rooms.to_string()).unwrap();
    let server = data.start();
    let mut ada = server.connect();
    ada.resume("ada", &token, seq(&begun));
    let lines = ada.until("its end", |line| line["type"] == "gathered");
    let [.., closed, gathered] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&closed["type"], &closed["by"]), (&json!("room_closed"), &json!(null)), "{closed}");
    assert_eq!((fields(gathered), &gathered["id"]), (json!({}), &json!(null)), "nobody has gathered it");
    assert!(server.login("bob").welcome["split"].is_null());
    let export = run(data.command().arg("export"), b"");
    let exported = export.succeeded();
    assert!(exported.contains("* root splits the class into 2 groups, until "), "{exported}");
    assert!(exported.contains("* the groups' time is over"), "{exported}");
}

#[test]
fn whoever_closes_the_last_group_gathers_the_class() {
    let server = school(&["ada", "bob"]);
    let (mut tea, mut ada, _bob) = (server.login("tea"), server.login("ada"), server.login("bob"));
    let close = |staff: &mut Peer, room: &str| staff.ask(json!({"type": "close_room", "room": room}));
    let mut root = server.admin();
    make(&mut tea, "chess", true);
    close(&mut tea, "chess");
    tea.say("no group");
    assert_eq!(told(&mut ada, "no group"), [Value::Null; 0]);
    for (first, last) in [("group-1", "group-2"), ("group-2", "group-1")] {
        split(&mut tea, json!({"groups": [["ada"], ["bob"]]}));
        assert_eq!(close(&mut root, first)["type"], "reply", "it isn't in it");
        assert_eq!(server.login("ada").welcome["split"], json!({"groups": 1}), "one is left");
        root.say("one is left");
        assert!(!kinds(&told(&mut ada, "one is left")).contains(&"gathered"));
        enter(&mut root, last);
        let closed = close(&mut root, last);
        assert_eq!((&closed["type"], &closed["room"]), (&json!("room_closed"), &json!(last)), "that is what was asked");
        let gathered = ada.event("gathered", ADMIN);
        assert_eq!((seq(&gathered), &gathered["id"]), (seq(&closed) + 1, &json!(null)));
        assert!(server.login("ada").welcome["split"].is_null());
        assert_error(&tea.ask(json!({"type": "gather"})), "unknown_room");
    }
    split(&mut tea, json!({"groups": [["ada"]]}));
    assert_eq!(close(&mut root, "group-1")["type"], "reply", "also where it is the last one");
}

/// Before that they are shown nothing, and would be missed in their group.
#[test]
fn whoever_must_choose_a_password_first_is_dealt_into_no_group() {
    let server = school(&["ada", "bob", "eve"]);
    let (mut tea, mut ada, _eve) = (server.login("tea"), server.login("ada"), server.login("eve"));
    let reset = tea.ask(json!({"type": "reset_password", "username": "bob"}));
    let one_time = reset["password"].as_str().unwrap_or_else(|| panic!("{reset}"));
    let mut bob = server.login_with("bob", one_time);
    let dealt = |tea: &mut Peer| -> Vec<String> {
        let reply = split(tea, json!({"groups": 3}));
        let groups = reply["rooms"].as_array().unwrap().iter();
        let mut all: Vec<_> = groups.flat_map(|room| room["users"].as_array().unwrap().clone()).collect();
        all.sort_by_key(Value::to_string);
        all.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(dealt(&mut tea), ["ada", "eve"]);
    assert_eq!(ada.event("split", "tea")["groups"], 2, "as many as there are");
    gather(&mut tea);
    assert_reply(&bob.ask(json!({"type": "passwd", "old": one_time, "new": "a long enough one"})));
    assert_eq!(dealt(&mut tea), ["ada", "bob", "eve"]);
}

/// A death between the file and the events: nobody was told, so it is none.
#[test]
fn a_split_that_nobody_was_told_of_is_none() {
    let data = DataDir::with_users(&["ada"]);
    let group = json!({"open": false, "made": 0, "split": true});
    let kept = json!({"seq": 0, "rooms": {"group-1": group, "group-2": group}, "stays": []});
    fs::write(data.file("rooms.json"), kept.to_string()).unwrap();
    let mut server = data.start();
    let (mut root, ada) = (server.admin(), server.login("ada"));
    assert!(root.welcome["split"].is_null(), "{}", root.welcome);
    assert_eq!(names(&root.ask(json!({"type": "rooms"})), "rooms"), ["general"]);
    let (token, before) = (ada.welcome["token"].clone(), ada.seq());
    split(&mut root, json!({"groups": 1}));
    // Nor is one whose event is all that a failure of the power has left.
    server.kill();
    let segment = data.journal().pop().unwrap();
    let text = fs::read_to_string(&segment).unwrap();
    let behind = text.find(r#"{"type":"entered""#).unwrap();
    assert!(text[..behind].lines().last().unwrap().contains(r#""type":"split""#));
    fs::write(&segment, &text[..behind]).unwrap();
    let server = data.start();
    let (mut root, mut ada) = (server.admin(), server.connect());
    ada.resume("ada", &token, before);
    assert!(ada.welcome["split"].is_null(), "{}", ada.welcome);
    root.say("the end");
    assert!(told(&mut ada, "the end").is_empty());
}

#[test]
fn whoever_is_in_no_group_is_told_who_lets_them_in_and_nothing_else() {
    let server = school(&["ada", "bob"]);
    let (mut tea, mut ada) = (server.login("tea"), server.login("ada"));
    split(&mut tea, json!({"groups": [["ada"]]}));
    assert_eq!(ada.ask(json!({"type": "leave", "room": "group-1"}))["type"], "exited");
    let mut refused = |room: &str| {
        let refused = enter(&mut ada, room);
        assert_error(&refused, "unknown_room");
        refused["message"].as_str().unwrap().replace(room, "")
    };
    let (there, not_there) = (refused("group-1"), refused("group-9"));
    assert!(there.contains("/hand asks a teacher to let you in"), "{there}");
    assert_eq!(there, not_there, "whether there is such a group");
    assert!(!refused("chess").contains("/hand"));
    let let_in = tea.ask(json!({"type": "let_in", "room": "group-1", "username": "ada"}));
    assert!(["entered", "reply"].contains(&let_in["type"].as_str().unwrap()), "{let_in}");
    assert_eq!(ada.event("entered", "ada")["room"], "group-1");
}

#[test]
fn staff_are_told_in_which_group_somebody_asks() {
    let server = school(&["ada"]);
    let (mut tea, mut ada) = (server.login("tea"), server.login("ada"));
    split(&mut tea, json!({"groups": 1}));
    ada.ask(json!({"type": "ask", "room": "group-1", "text": "Why?"}));
    assert_eq!(fields(&tea.event("asked", "ada"))["room"], "group-1");
}

/// The welcome of whoever comes in that moment agrees with the events behind it.
#[test]
fn nobody_is_welcomed_to_a_split_whose_end_was_told_before() {
    const NEWCOMERS: usize = 300;
    let server = school(&["ada"]);
    let (mut tea, ada) = (server.login("tea"), server.login("ada"));
    let token = ada.welcome["token"].clone();
    // Each split by its `until`, with the seq of its end.
    let mut ends = HashMap::new();
    let welcomes = thread::scope(|scope| {
        let come = |_| {
            let mut ada = server.connect();
            ada.resume("ada", &token, NEVER);
            ada.welcome.clone()
        };
        let newcomers = scope.spawn(move || (0..NEWCOMERS).map(come).collect::<Vec<_>>());
        for minutes in (1..=1_000).cycle().take_while(|_| !newcomers.is_finished()) {
            split(&mut tea, json!({"groups": 1, "minutes": minutes}));
            let until = tea.event("split", "tea")["until"].to_string();
            ends.insert(until, seq(&gather(&mut tea)));
        }
        newcomers.join().unwrap()
    });
    let of_split = welcomes.iter().filter(|welcome| !welcome["split"].is_null());
    let ended = of_split.clone().filter(|welcome| ends[&welcome["split"]["until"].to_string()] <= seq(welcome));
    assert_eq!(ended.collect::<Vec<_>>(), [&Value::Null; 0]);
    assert!(of_split.count() > 0 && ends.len() > 10, "they met");
}
