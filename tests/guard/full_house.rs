//! A house that is full, by `--max-sessions`: who gets in all the same, and how its end is told.

use crate::harness::{
    Browser, DataDir, PASSWORD, Peer, Proxy, Server, Terminal, Trouble, assert_error, assert_reply, run, wait_until,
};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::sync::Barrier;
use std::thread;

/// A server with room for so many.
fn with_room_for(max: usize, names: &[&str]) -> Server {
    DataDir::with_users(names).server().args(&["--max-sessions", &max.to_string()]).start()
}

/// What a login is answered with, and the connection.
#[track_caller]
fn knock(server: &Server, name: &str) -> (Peer, Value) {
    let mut peer = server.connect();
    peer.send(&json!({"type": "login", "protocol": 1, "username": name, "password": PASSWORD}));
    let answer = peer.next();
    (peer, answer)
}

#[test]
fn of_many_who_come_at_once_no_more_get_in_than_there_is_room_for() {
    const MANY: usize = 24;
    let names: Vec<String> = (0..MANY).map(|n| format!("p{n:02}")).collect();
    let server = with_room_for(7, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let start = Barrier::new(MANY);
    let answers: Vec<(Peer, Value)> = thread::scope(|scope| {
        let come = |name| {
            start.wait();
            knock(&server, name)
        };
        let threads: Vec<_> = names.iter().map(|name| scope.spawn(move || come(name))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (welcome, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|(_, answer)| answer["type"] == "welcome");
    refused.iter().for_each(|(_, answer)| assert_error(answer, "server_full"));
    assert_eq!(welcome.len(), 7);
    let message = refused[0].1["message"].as_str().unwrap();
    assert!(message.contains("as many are here as max-sessions allows"), "{message}");
}

#[test]
fn a_stranger_is_not_told_whether_it_is_full() {
    let server = with_room_for(1, &["ada", "bob"]);
    let _ada = server.login("ada");
    let mut guest = server.connect();
    guest.send(&json!({"type": "login", "protocol": 1, "username": "bob", "password": "wrong wrong"}));
    assert_error(&guest.next(), "bad_credentials");
}

#[test]
fn the_last_places_are_for_teachers_and_the_very_last_for_administrators() {
    let server = with_room_for(1, &["ada", "bob"]);
    let (mut root, _ada) = (server.admin(), server.login("ada"));
    // Not root's: whoever is here finds a place anyway.
    assert_reply(&root.ask(json!({"type": "add_user", "username": "amy", "password": PASSWORD, "role": "admin"})));
    let teachers: Vec<String> = (0..20).map(|n| format!("t{n:02}")).collect();
    for name in &teachers {
        let new = json!({"type": "add_user", "username": name, "password": PASSWORD, "role": "teacher"});
        assert_reply(&root.ask(new));
    }
    assert_error(&knock(&server, "bob").1, "server_full");
    let mut inside = Vec::new();
    let refused = teachers.iter().map(|name| knock(&server, name)).find_map(|(peer, answer)| {
        if answer["type"] == "welcome" {
            inside.push(peer);
            return None;
        }
        Some(answer)
    });
    assert_error(&refused.expect("a teacher is refused in the end"), "server_full");
    assert!((1..teachers.len() - 1).contains(&inside.len()), "{}", inside.len());
    assert_eq!(knock(&server, "amy").1["type"], "welcome");
}

#[test]
fn whoever_is_here_comes_in_place_of_their_own_session() {
    let server = with_room_for(2, &["ada", "bob", "eve"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let seq = ada.seq();
    assert_error(&knock(&server, "eve").1, "server_full");
    // As after a network that broke without a word: the older session is still there.
    let mut again = server.connect();
    again.resume("ada", &ada.welcome["token"], seq);
    let bye = ada.until_closed().into_iter().find(|line| line["type"] == "bye").expect("it makes way");
    assert_eq!(bye["reason"], "logout", "{bye}");
    again.say("back");
    let seen = bob.until_text("back");
    assert!(!seen.iter().any(|line| ["left", "joined"].iter().any(|kind| line["type"] == *kind)), "{seen:?}");
    assert_error(&knock(&server, "eve").1, "server_full");
}

#[test]
fn nobody_keeps_a_class_out_with_several_sessions_each() {
    const GREEDY: usize = 6;
    const SESSIONS: usize = 5;
    const PUPILS: usize = 24;
    let [greedy, pupils] = [("g", GREEDY), ("p", PUPILS)]
        .map(|(letter, count)| (0..count).map(|n| format!("{letter}{n:02}")).collect::<Vec<_>>());
    let names: Vec<&str> = greedy.iter().chain(&pupils).map(String::as_str).chain(["eve"]).collect();
    let server = with_room_for(GREEDY * SESSIONS, &names);
    let mut rounds = [(); SESSIONS].map(|()| greedy.iter().map(|name| server.login(name)).collect::<Vec<_>>());
    let start = Barrier::new(PUPILS);
    let come = |name| {
        start.wait();
        knock(&server, name)
    };
    let mut class: Vec<(Peer, Value)> = thread::scope(|scope| {
        let threads: Vec<_> = pupils.iter().map(|name| scope.spawn(move || come(name))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    class.iter().for_each(|(_, answer)| assert_eq!(answer["type"], "welcome", "{answer}"));
    // Each of the six has the newest one left.
    let (newest, older) = rounds.split_last_mut().unwrap();
    for peer in older.iter_mut().flatten() {
        let bye = peer.until_closed().pop().expect("it makes way");
        assert_eq!((&bye["type"], &bye["reason"]), (&json!("bye"), &json!("logout")), "{bye}");
    }
    newest.iter_mut().for_each(Peer::assert_alive);
    assert_error(&knock(&server, "eve").1, "server_full");
    // Whoever made way and comes again has their own place and nobody else's.
    for name in &greedy {
        wait_until("that one is back", || knock(&server, name).1["type"] == "welcome");
    }
    class.iter_mut().for_each(|(peer, _)| peer.assert_alive());
}

#[test]
fn in_a_full_house_the_page_makes_way_and_gets_in_like_any_other() {
    let server = with_room_for(2, &["ada", "bob"]);
    let mut page = Browser::login(server.address(), "ada");
    let mut ada = server.login("ada");
    let mut bob = Browser::login(server.address(), "bob");
    page.find(|line| line["type"] == "bye" && line["reason"] == "logout");
    ada.say("still here");
    bob.find(|line| line["text"] == "still here");
}

#[test]
fn a_display_makes_way_too_but_staff_does_not_for_it_has_places_of_its_own() {
    let server = with_room_for(2, &["ada", "bob", "eve"]);
    let mut root = server.admin();
    for (name, role) in [("wall", "display"), ("tea", "teacher")] {
        let new = json!({"type": "add_user", "username": name, "password": PASSWORD, "role": role});
        assert_reply(&root.ask(new));
    }
    let mut teacher = [(); 2].map(|()| server.login("tea"));
    let [mut older, mut newer] = [(); 2].map(|()| server.login("wall"));
    let _bob = server.login("bob");
    assert_eq!(older.until_closed().pop().expect("it makes way")["reason"], "logout");
    assert_error(&knock(&server, "eve").1, "server_full");
    newer.assert_alive();
    teacher.iter_mut().for_each(Peer::assert_alive);
}

#[test]
fn a_session_that_is_on_its_way_out_is_nobodys_second_one() {
    let server = with_room_for(2, &["ada", "bob"]);
    let [mut stays, mut goes] = [(); 2].map(|()| server.login("ada"));
    // Answered, and not closed: the server waits a moment.
    assert_reply(&goes.ask(json!({"type": "logout"})));
    wait_until("there is room", || knock(&server, "bob").1["type"] == "welcome");
    stays.assert_alive();
}

#[test]
fn no_account_is_made_at_the_door_of_a_full_house() {
    // An administrator takes nobody else's place.
    let server = with_room_for(1, &["ada"]);
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    let door = root.ask(json!({"type": "door", "minutes": 10, "guests": true}));
    let register = |name: &str| {
        let mut guest = server.connect();
        guest.send(&json!({"type": "register", "protocol": 1, "code": door["code"], "username": name}));
        (guest.next(), guest)
    };
    assert_error(&register("gus").0, "server_full");
    assert!(server.data().users_json()["users"]["gus"].is_null());
    ada.ask(json!({"type": "logout"}));
    wait_until("there is room", || register("gus").0["type"] == "welcome");
}

#[test]
fn whoever_joins_by_the_class_code_is_made_way_for() {
    let server = with_room_for(2, &["ada"]);
    let (mut root, _ada) = (server.admin(), [server.login("ada"), server.login("ada")]);
    let door = root.ask(json!({"type": "door", "minutes": 10, "guests": true}));
    let mut guest = server.connect();
    guest.send(&json!({"type": "register", "protocol": 1, "code": door["code"], "username": "gus"}));
    assert_eq!(guest.next()["type"], "welcome");
}

#[test]
fn administrators_are_told_once_and_the_log_does_not_grow_with_those_who_knock() {
    let server = with_room_for(1, &["ada", "bob"]);
    let (mut root, _ada) = (server.admin(), server.login("ada"));
    for _ in 0..8 {
        assert_error(&knock(&server, "bob").1, "server_full");
    }
    let is_notice = |line: &Value| line["type"] == "notice";
    let notice = root.find("a notice", is_notice);
    root.say("anything more?");
    assert!(!root.inbox().iter().any(is_notice), "{:?}", root.inbox());
    assert!(notice["text"].as_str().unwrap().contains("the server is full"), "{notice}");
    let metrics = root.ask(json!({"type": "status"}));
    assert_eq!(
        (&metrics["status"]["sessions_max"], &metrics["status"]["sessions_limit"]),
        (&json!(1), &json!("max-sessions"))
    );
}

#[test]
#[cfg(feature = "fault-injection")]
fn administrators_are_told_that_there_is_room_again() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.server().args(&["--max-sessions", "1"]).env("HOMEROOM_FULL_FOR", 0).start();
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    assert_error(&knock(&server, "bob").1, "server_full");
    let is_notice =
        |text: &'static str| move |line: &Value| line["type"] == "notice" && line["text"].to_string().contains(text);
    root.find("that it is full", is_notice("is full"));
    ada.ask(json!({"type": "logout"}));
    root.find("that it is over", is_notice("has room for newcomers again"));
}

#[test]
fn a_reload_takes_another_limit_and_says_where_it_is_too_much() {
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    fs::write(data.file("homeroom.toml"), "max-sessions = 1\n").unwrap();
    let server = data.start();
    let _ada = server.login("ada");
    assert_error(&knock(&server, "bob").1, "server_full");
    let reload = |max: usize| {
        fs::write(data.file("homeroom.toml"), format!("max-sessions = {max}\n")).unwrap();
        let mut root = server.admin();
        let answer = root.ask(json!({"type": "reload"}));
        assert_reply(&answer);
        assert_reply(&root.ask(json!({"type": "logout"})));
        answer["report"].to_string()
    };
    assert!(reload(4).contains("room for 4 sessions"));
    let _bob = server.login("bob");
    let report = reload(1_000_000);
    assert!(report.contains("max-sessions is 1000000, and this machine has room for"), "{report}");
    // Who is in stays in.
    reload(1);
    assert_error(&knock(&server, "eve").1, "server_full");
}

#[test]
fn config_show_and_doctor_tell_the_room() {
    let data = DataDir::with_users(&[]);
    for what in [&["config", "show"][..], &["doctor"]] {
        let told = run(data.server().args(&["--max-sessions", "40"]).command().args(what), b"");
        assert!(told.succeeded().contains("room for 40 sessions"), "{told:?}");
    }
}

#[test]
fn a_start_says_where_more_is_asked_for_than_there_is_room() {
    let server = with_room_for(1_000_000, &[]);
    server.stderr.wait_for("max-sessions is 1000000, and this machine has room for");
}

/// Why a client waits, as it says it.
const NO_ROOM: &str =
    "trying until there is room, Ctrl-C ends: the server is full, as many are here as max-sessions allows";

/// Waits until somebody was turned away once more.
#[track_caller]
fn turned_away_once_more(root: &mut Peer) {
    let mut failed = || root.ask(json!({"type": "status"}))["status"]["logins_failed"].as_u64().unwrap();
    let before = failed();
    wait_until("another attempt", || failed() > before);
}

#[test]
fn a_client_that_was_there_waits_for_room_and_says_so_once() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.start();
    let proxy = Proxy::to(server.address());
    let link = format!("homeroom://{}#{}", proxy.address(), server.fingerprint());
    let (mut root, bob) = (server.admin(), server.login("bob"));
    let mut ada = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD));
    ada.stdout.wait_for("online");
    fs::write(data.file("homeroom.toml"), "max-sessions = 1\n").unwrap();
    assert_reply(&root.ask(json!({"type": "reload"})));
    proxy.trouble_all(Trouble::Reset);
    ada.stderr.wait_for(NO_ROOM);
    turned_away_once_more(&mut root);
    drop(bob);
    ada.stdout.wait_for("* back after");
    let finished = ada.finish();
    finished.succeeded();
    assert_eq!(finished.stderr.matches(NO_ROOM).count(), 1, "{finished:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_person_who_comes_to_a_full_house_is_in_when_there_is_room() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let server = with_room_for(1, &["ada", "bob"]);
    let (mut root, bob) = (server.admin(), server.login("bob"));
    let config = tempfile::TempDir::new().unwrap();
    let mut ada = Terminal::at_a_terminal(config.path(), &[&server.join_link(), "--user", "ada"], PASSWORD);
    ada.stdout.wait_for(NO_ROOM);
    turned_away_once_more(&mut root);
    drop(bob);
    ada.stdout.wait_for(" online");
    ada.type_line("/logout");
    let finished = ada.finish();
    assert_eq!(finished.succeeded().matches(NO_ROOM).count(), 1, "{finished:?}");
}

/// What whoever runs it is told to do: raise the limit, and start again.
#[test]
#[cfg(target_os = "linux")]
fn a_person_who_waits_for_room_outlives_the_server_that_had_none() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.server().args(&["--max-sessions", "1"]).start();
    let (_bob, address) = (server.login("bob"), server.address());
    let config = tempfile::TempDir::new().unwrap();
    let mut ada = Terminal::at_a_terminal(config.path(), &[&server.join_link(), "--user", "ada"], PASSWORD);
    ada.stdout.wait_for(NO_ROOM);
    server.terminate();
    server.wait();
    let door = TcpListener::bind(address).unwrap();
    // Nothing that speaks TLS is there when she tries again.
    drop(door.accept().unwrap());
    drop(door);
    let _server = data.server().listen(address).start();
    ada.stdout.wait_for(" online");
    ada.type_line("/logout");
    ada.finish().succeeded();
}

#[test]
fn a_script_that_comes_to_a_full_house_is_told_and_ends() {
    let server = with_room_for(1, &["ada", "bob"]);
    let _bob = server.login("bob");
    let finished = Terminal::join(&server, "ada").script(&["hello"]);
    let told = finished.failed_with(3);
    assert!(told.contains("the server is full, as many are here as max-sessions allows"), "{told}");
}
