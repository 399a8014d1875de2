//! Rooms of those who are no more, or may be in none: deleted accounts, others of their names, displays.

use super::rooms::{about, enter, make, names, school};
use crate::harness::{ADMIN, PASSWORD, assert_error, assert_reply};
use serde_json::json;

#[test]
fn a_room_of_a_deleted_maker_is_not_that_of_another_of_its_name() {
    let mut server = school(&["ada", "bob"]);
    let mut root = server.admin();
    for name in ["mia", "zoe"] {
        let teacher = json!({"type": "add_user", "username": name, "password": PASSWORD, "role": "teacher"});
        assert_reply(&root.ask(teacher));
        let mut maker = server.login(name);
        make(&mut maker, &format!("of-{name}"), false);
        assert_eq!(maker.ask(about("let_in", &format!("of-{name}"), "ada"))["type"], "entered");
    }
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "mia"})));
    // While the server doesn't run nobody is told.
    server.terminate();
    server.wait();
    let mut users = server.data().users_json();
    assert!(users["users"].as_object_mut().unwrap().remove("zoe").is_some());
    std::fs::write(server.data().file("users.json"), users.to_string()).unwrap();
    server = server.data().server().args(&["--message-rate", "off"]).start();
    root = server.login(ADMIN);
    for name in ["mia", "zoe"] {
        assert_reply(&root.ask(json!({"type": "add_user", "username": name, "password": PASSWORD})));
        let (mut other, room) = (server.login(name), format!("of-{name}"));
        assert_eq!(names(&other.ask(json!({"type": "rooms"})), "rooms"), ["general"]);
        assert_error(&enter(&mut other, &room), "unknown_room");
        assert_error(&other.ask(about("let_in", &room, "bob")), "unknown_room");
        assert_error(&other.ask(json!({"type": "close_room", "room": room})), "unknown_room");
    }
}

#[test]
fn nobody_is_in_a_room_whose_account_was_deleted_while_they_entered() {
    const ROUNDS: usize = 40;
    let server = school(&[]);
    let mut root = server.admin();
    let mut teas = [(); 4].map(|()| server.login("tea"));
    let room = |desk: usize, n: usize| format!("r{desk}-{n}");
    for (desk, n) in (0..4).flat_map(|desk| (0..5).map(move |n| (desk, n))) {
        make(&mut teas[desk], &room(desk, n), true);
    }
    let new = json!({"type": "add_user", "username": "eve", "password": PASSWORD});
    for round in 0..ROUNDS {
        assert_reply(&root.ask(new.clone()));
        let mut eves = [(); 4].map(|()| server.login("eve"));
        assert_eq!(names(&eves[0].welcome, "rooms"), ["general"], "in round {round}");
        // All this is under way when the account is deleted, sooner or later.
        for (desk, (tea, eve)) in teas.iter_mut().zip(&mut eves).enumerate() {
            let mut lines = String::new();
            for room in (0..60).map(|turn| room(desk, turn % 5)) {
                let requests = match round % 2 {
                    0 => ["let_in", "put_out", "let_in"].map(|kind| about(kind, &room, "eve")),
                    _ => ["enter", "hand", "leave"].map(|kind| json!({"type": kind, "room": room})),
                };
                requests.iter().for_each(|request| lines.push_str(&format!("{request}\n")));
            }
            let peer = if round % 2 == 0 { tea } else { eve };
            peer.send_bytes(lines.as_bytes());
        }
        for _ in 0..round / 2 % 8 {
            assert_eq!(root.ask(json!({"type": "ping"}))["type"], "pong");
        }
        assert_reply(&root.ask(json!({"type": "delete_user", "username": "eve"})));
        for (desk, tea) in teas.iter_mut().enumerate() {
            assert_eq!(tea.ask(json!({"type": "ping"}))["type"], "pong");
            let reply = tea.ask(json!({"type": "hands", "room": room(desk, round % 5)}));
            assert_eq!(reply["hands"], json!([]), "in round {round}");
        }
    }
}

#[test]
fn a_display_is_in_no_room() {
    let mut server = school(&["ada", "bob"]);
    let (mut tea, mut root) = (server.login("tea"), server.admin());
    let wall = json!({"type": "add_user", "username": "wall", "password": PASSWORD, "role": "display"});
    assert_reply(&root.ask(wall));
    make(&mut tea, "secret", false);
    assert_error(&tea.ask(about("let_in", "secret", "wall")), "not_allowed");
    for name in ["ada", "bob"] {
        assert_eq!(tea.ask(about("let_in", "secret", name))["type"], "entered");
    }
    let mut ada = server.login("ada");
    for room in ["general", "secret"] {
        assert_eq!(ada.ask(json!({"type": "hand", "room": room}))["type"], "hand");
    }
    let promote = |role: &str| json!({"type": "promote", "username": "ada", "role": role});
    assert_reply(&root.ask(promote("display")));
    assert_eq!(tea.event("exited", "ada")["room"], "secret");
    for room in ["general", "secret"] {
        assert_eq!(tea.ask(json!({"type": "hands", "room": room}))["hands"], json!([]));
    }
    let mut ada = server.login("ada");
    assert_eq!(names(&ada.welcome, "rooms"), ["general"]);
    assert_error(&ada.ask(json!({"type": "topic", "room": "secret"})), "unknown_room");
    assert_reply(&root.ask(json!({"type": "demote", "username": "ada", "role": "user"})));
    assert_eq!(names(&server.login("ada").welcome, "rooms"), ["general"], "nor once it is none any more");
    // Nor does one that was made one while the server didn't run.
    server.terminate();
    server.wait();
    let mut users = server.data().users_json();
    users["users"]["bob"]["role"] = json!("display");
    std::fs::write(server.data().file("users.json"), users.to_string()).unwrap();
    server = server.data().server().args(&["--message-rate", "off"]).start();
    assert_eq!(names(&server.login("bob").welcome, "rooms"), ["general"]);
}
