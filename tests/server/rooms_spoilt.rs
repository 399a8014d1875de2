//! Rooms, and people who would spoil them for others.

use super::rooms::{about, history, make, names, say, school};
use crate::harness::{DataDir, PASSWORD, Server, assert_error, assert_reply};
use serde_json::json;

/// With `--rooms-by everyone` a pupil can spoil nothing for the others.
#[test]
fn one_pupil_uses_up_no_rooms_and_speaks_through_none() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.server().args(&["--rooms-by", "everyone", "--message-rate", "off"]).start();
    let (mut ada, _bob, mut root) = (server.login("ada"), server.login("bob"), server.admin());
    let made = (0..10).map(|n| make(&mut ada, &format!("room{n}"), true)).take_while(|made| made["type"] == "reply");
    assert_eq!(made.count(), 5);
    assert_error(&make(&mut ada, "group-1", true), "bad_request");
    let split = root.ask(json!({"type": "split", "groups": 2}));
    assert_eq!(names(&split, "rooms"), ["group-1", "group-2"]);
    assert_reply(&root.ask(json!({"type": "mute", "username": "ada"})));
    assert_eq!(ada.ask(json!({"type": "close_room", "room": "room0"}))["type"], "room_closed");
    let about = json!({"type": "make_room", "room": "loud", "about": "hear me"});
    assert_error(&ada.ask(about), "muted");
}

/// What others do to somebody takes nothing from them that they may read.
#[test]
fn whoever_is_led_in_and_out_again_and_again_forgets_no_other_room() {
    let server = school(&["ada", "bob"]);
    let (mut tea, mut ada) = (server.login("tea"), server.login("ada"));
    make(&mut tea, "x", false);
    tea.ask(about("let_in", "x", "ada"));
    say(&mut tea, "x", "to be kept");
    tea.ask(json!({"type": "close_room", "room": "x"}));
    make(&mut tea, "trap", false);
    for _ in 0..510 {
        tea.ask(about("let_in", "trap", "ada"));
        tea.ask(about("put_out", "trap", "ada"));
    }
    assert_eq!(history(&mut ada, "x"), ["to be kept"]);
}

/// As PROTOCOL.md has it: an account is in 24 rooms, and there are 100.
#[test]
fn there_are_so_many_rooms_and_no_more() {
    let server = Server::unlimited(&[]);
    let mut root = server.admin();
    for (n, makes) in [24, 24, 24, 24, 4].into_iter().enumerate() {
        let name = format!("t{n}");
        let add = json!({"type": "add_user", "username": name, "password": PASSWORD, "role": "teacher"});
        assert_reply(&root.ask(add));
        let mut teacher = server.login(&name);
        let mut next = |k: usize| make(&mut teacher, &format!("room{n}-{k}"), true);
        assert_eq!((0..30).map(&mut next).take_while(|made| made["type"] == "reply").count(), makes, "{name}");
        let refused = next(99);
        assert_error(&refused, "not_allowed");
        let why = if n < 4 { "is in 24 rooms" } else { "there are 100 rooms" };
        assert!(refused["message"].as_str().unwrap().contains(why), "{refused}");
    }
    assert_eq!(names(&root.ask(json!({"type": "rooms"})), "rooms").len(), 101, "the general one too");
}

/// With `--rooms-by everyone` a class has made all the rooms that it may; its teacher still splits it.
#[test]
fn pupils_leave_rooms_for_staff() {
    let pupils: Vec<String> = (0..9).map(|n| format!("p{n}")).collect();
    let pupils: Vec<&str> = pupils.iter().map(String::as_str).collect();
    let data = DataDir::with_users(&pupils);
    let server = data.server().args(&["--rooms-by", "everyone", "--message-rate", "off"]).start();
    let mut peers: Vec<_> = pupils.iter().map(|name| server.login(name)).collect();
    let made = peers
        .iter_mut()
        .enumerate()
        .flat_map(|(n, peer)| (0..5).map(move |k| make(peer, &format!("room{n}-{k}"), true)).collect::<Vec<_>>());
    let refused: Vec<_> = made.filter(|made| made["type"] != "reply").collect();
    assert_eq!(refused.len(), 5, "of 45");
    assert!(refused.iter().all(|refused| refused["message"].as_str().unwrap().contains("there are 40 rooms")));
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "split", "groups": 9})));
    assert_reply(&make(&mut root, "ours", true));
}
