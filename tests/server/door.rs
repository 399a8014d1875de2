//! The class's door: accounts that people make for themselves, and guests.

use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, Terminal, assert_error, assert_reply, run, wait_until};
use serde_json::{Value, json};
use std::time::Instant;
use tempfile::TempDir;

const OWN: &str = "a password of my own";

fn door(minutes: u32) -> Value {
    json!({"type": "door", "minutes": minutes})
}

/// A server with a teacher, and the teacher.
fn class() -> (Server, Peer) {
    let server = Server::with_users(&["eve"]);
    let new = json!({"type": "add_user", "username": "teacher", "password": PASSWORD, "role": "teacher"});
    assert_reply(&server.admin().ask(new));
    let teacher = server.login("teacher");
    (server, teacher)
}

/// Opens the door, and gives the code.
#[track_caller]
fn open(staff: &mut Peer, request: Value) -> String {
    let answer = staff.ask(request);
    assert_reply(&answer);
    answer["code"].as_str().unwrap_or_else(|| panic!("no code: {answer}")).to_owned()
}

fn request(code: &str, name: &str, password: Option<&str>) -> Value {
    json!({"type": "register", "protocol": 1, "code": code, "username": name, "password": password})
}

/// A stranger's registration, and its answer.
#[track_caller]
fn register(server: &Server, request: &Value) -> (Peer, Value) {
    let mut peer = server.connect();
    let answer = peer.ask_plainly(request);
    (peer, answer)
}

fn comes_back(server: &Server, name: &str, token: &Value) -> Value {
    let mut peer = server.connect();
    peer.ask_plainly(&json!({"type": "login", "protocol": 1, "username": name, "token": token}))
}

#[test]
fn whoever_has_the_code_makes_an_account() {
    let (server, mut teacher) = class();
    let answer = teacher.ask(json!({"type": "door", "minutes": 10, "group": "7b", "guests": false}));
    let code = answer["code"].as_str().unwrap();
    let alphabet = |b: u8| b"abcdefghijkmnpqrstuvwxyz23456789".contains(&b);
    let form = code.len() == 7 && code.as_bytes()[3] == b'-' && code.replace('-', "").bytes().all(alphabet);
    assert!(form && answer["until"].as_str().unwrap().ends_with('Z'), "{answer}");
    let mut wanted = request(&code.to_uppercase().replace('-', ""), "Ada", Some(OWN));
    wanted["name"] = json!("Ada L");
    wanted["id"] = json!("r1");
    let (mut ada, welcome) = register(&server, &wanted);
    for (field, value) in
        [("type", "welcome"), ("username", "ada"), ("role", "user"), ("name", "Ada L"), ("group", "7b")]
    {
        assert_eq!(welcome[field], value, "{welcome}");
    }
    assert_eq!((&welcome["id"], &welcome["must_change_password"]), (&json!("r1"), &json!(false)));
    let joined = teacher.event("joined", "ada");
    assert_eq!((&joined["name"], &joined["group"]), (&json!("Ada L"), &json!("7b")));
    ada.say("hello");
    teacher.until_text("hello");
    assert_error(&ada.ask(wanted), "bad_request");
    assert_eq!(server.login_with("ada", OWN).welcome["type"], "welcome");
    assert_eq!(teacher.ask(json!({"type": "door"}))["code"], code, "it is asked for as often as one likes");
    assert!(!open(&mut teacher, door(10)).contains(code), "another code each time");
    let (_, answer) = register(&server, &request(code, "zed", Some(OWN)));
    assert_error(&answer, "door_closed");
    let audit = server.data().read("audit.jsonl");
    assert!(audit.contains("door_opened") && audit.contains("register") && !audit.contains(code), "{audit}");
}

#[test]
fn without_the_code_nobody_learns_anything() {
    let (server, mut teacher) = class();
    let mut answers = Vec::new();
    for opened in [false, true] {
        if opened {
            open(&mut teacher, door(10));
        }
        for (name, password) in
            [("zed", Some(OWN)), ("eve", Some(OWN)), ("not a name", Some(OWN)), ("zoe", Some("x")), ("zoe", None)]
        {
            let (mut peer, answer) = register(&server, &request("aaa-aaa", name, password));
            assert_error(&answer, "door_closed");
            peer.until_closed();
            answers.push(answer["message"].clone());
        }
    }
    assert!(answers.iter().all(|message| *message == answers[0]), "one answer for all: {answers:?}");
    let status = &server.admin().ask(json!({"type": "status"}))["status"];
    assert_eq!(status["logins_failed"], 10, "each is a failed login");
    let audit = server.data().read("audit.jsonl");
    assert!(audit.matches("wrong door code").count() >= 5 && !audit.contains("aaa-aaa"), "{audit}");
}

#[test]
fn with_the_code_what_is_wrong_is_said() {
    let (server, mut teacher) = class();
    let code = open(&mut teacher, door(10));
    for (name, password, refusal) in [
        ("eve", Some(OWN), "user_exists"),
        ("EVE", Some(OWN), "user_exists"),
        (ADMIN, Some(OWN), "user_exists"),
        ("no name", Some(OWN), "bad_username"),
        ("", Some(OWN), "bad_username"),
        ("zed", Some("short"), "weak_password"),
        ("zed", Some("password"), "weak_password"),
        ("zed", None, "weak_password"),
        ("zed", Some(""), "weak_password"),
    ] {
        assert_error(&register(&server, &request(&code, name, password)).1, refusal);
    }
    let mut hostile = request(&code, "zed", Some(OWN));
    hostile["name"] = json!("root\u{202e}");
    assert_error(&register(&server, &hostile).1, "bad_request");
    hostile["name"] = json!("zed");
    hostile["role"] = json!("admin");
    hostile["group"] = json!("staff");
    let (_zed, welcome) = register(&server, &hostile);
    assert_eq!((&welcome["role"], &welcome["group"]), (&json!("user"), &Value::Null), "nobody takes what isn't given");
    let mut other = request(&code, "zoe", Some(OWN));
    other["protocol"] = json!(2);
    assert_error(&register(&server, &other).1, "unsupported_protocol");
    assert_eq!(teacher.ask(json!({"type": "status"}))["code"], "not_allowed");
    let failed = &server.admin().ask(json!({"type": "status"}))["status"]["logins_failed"];
    assert_eq!(*failed, 0, "whoever has the code has guessed nothing");
}

#[test]
fn staff_alone_open_it_and_are_told_of_its_end() {
    let (server, mut teacher) = class();
    let (mut root, mut eve) = (server.admin(), server.login("eve"));
    for request in
        [door(10), door(0), json!({"type": "door"}), json!({"type": "door", "minutes": 0, "guests": "remove"})]
    {
        assert_error(&eve.ask(request), "not_allowed");
    }
    for bad in [json!(-1), json!(1441), json!("10"), json!(1.5)] {
        assert_error(&teacher.ask(json!({"type": "door", "minutes": bad})), "bad_request");
    }
    assert_error(&teacher.ask(json!({"type": "door", "minutes": 10, "guests": "remove"})), "bad_request");
    assert_error(&teacher.ask(json!({"type": "door", "minutes": 10, "guests": "yes"})), "bad_request");
    assert_error(&teacher.ask(json!({"type": "door", "minutes": 10, "group": "7 b"})), "bad_request");
    let asked = teacher.ask(json!({"type": "door"}));
    assert_reply(&asked);
    assert!(asked["code"].is_null() && asked["until"].is_null(), "{asked}");
    let code = open(&mut teacher, door(10));
    assert_reply(&root.ask(door(0)));
    for staff in [&mut teacher, &mut root] {
        let notice = staff.find("the end", |line| line["type"] == "notice");
        assert!(notice["text"].as_str().unwrap().contains("closed by root"), "{notice}");
    }
    assert_error(&register(&server, &request(&code, "zed", Some(OWN))).1, "door_closed");
    eve.assert_alive();
    assert!(!eve.inbox().iter().any(|line| line["type"] == "notice"), "{:?}", eve.inbox());
}

#[test]
fn guests_come_with_a_name_alone_and_go_again() {
    let (server, mut teacher) = class();
    let code = open(&mut teacher, json!({"type": "door", "minutes": 10, "group": "7b", "guests": true}));
    let (mut gast, welcome) = register(&server, &request(&code, "gast", None));
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    let (_own, with_password) = register(&server, &request(&code, "zed", Some(OWN)));
    assert_eq!(with_password["type"], "welcome");
    for (name, guest) in [("gast", json!(true)), ("zed", Value::Null)] {
        let whois = teacher.ask(json!({"type": "whois", "username": name}));
        assert_eq!(whois["whois"]["guest"], guest, "{whois}");
        let listed = teacher.ask(json!({"type": "list_users"}));
        let entry = listed["users"].as_array().unwrap().iter().find(|user| user["username"] == name).unwrap();
        assert_eq!(entry["guest"], guest, "{entry}");
    }
    let (_helper, _) = register(&server, &request(&code, "helper", None));
    assert_reply(&server.admin().ask(json!({"type": "promote", "username": "helper", "role": "teacher"})));
    assert_eq!(comes_back(&server, "gast", &welcome["token"])["type"], "welcome");
    for password in ["", "gast", OWN] {
        let mut peer = server.connect();
        let login = json!({"type": "login", "protocol": 1, "username": "gast", "password": password});
        assert_error(&peer.ask_plainly(&login), "bad_credentials");
    }
    assert_reply(&teacher.ask(json!({"type": "door", "minutes": 0})));
    gast.say("still here");
    assert_reply(&teacher.ask(json!({"type": "door", "minutes": 0, "guests": "remove"})));
    assert_eq!(gast.until_closed().last().unwrap()["reason"], "removed");
    assert_error(&comes_back(&server, "gast", &welcome["token"]), "bad_credentials");
    assert_error(&teacher.ask(json!({"type": "whois", "username": "gast"})), "unknown_user");
    assert_reply(&teacher.ask(json!({"type": "whois", "username": "zed"})));
    let helper = teacher.ask(json!({"type": "whois", "username": "helper"}));
    assert_eq!(helper["whois"]["guest"], Value::Null, "staff are no guests: {helper}");
}

#[test]
fn a_start_finds_it_closed_and_guests_still_there() {
    let data = DataDir::with_users(&[]);
    let server = data.start();
    let code = open(&mut server.admin(), json!({"type": "door", "minutes": 10, "guests": true}));
    let (_gast, welcome) = register(&server, &request(&code, "gast", None));
    drop(server);
    let server = data.start();
    assert_error(&register(&server, &request(&code, "zed", Some(OWN))).1, "door_closed");
    assert!(server.admin().ask(json!({"type": "door"}))["code"].is_null());
    assert_eq!(comes_back(&server, "gast", &welcome["token"])["type"], "welcome");
}

/// Guests whose time was over while the server was off, or is while it runs.
#[test]
fn guests_are_deleted_when_their_time_is_over() {
    let data = DataDir::with_users(&[]);
    let server = data.start();
    let mut root = server.admin();
    let code = open(&mut root, json!({"type": "door", "minutes": 10, "guests": true}));
    let (_gast, welcome) = register(&server, &request(&code, "gast", None));
    let (_new, _) = register(&server, &request(&code, "new", None));
    drop((root, server));
    let mut users = data.users_json();
    let until = users["users"]["gast"]["guest_until"].as_str().unwrap().to_owned();
    users["users"]["gast"]["guest_until"] = json!(until.replacen("20", "19", 1));
    std::fs::write(data.file("users.json"), users.to_string()).unwrap();
    let server = data.start();
    let mut root = server.admin();
    let ask = json!({"type": "whois", "username": "gast"});
    wait_until("the guest is deleted", || root.ask(ask.clone())["code"] == "unknown_user");
    assert_error(&comes_back(&server, "gast", &welcome["token"]), "bad_credentials");
    assert_reply(&root.ask(json!({"type": "whois", "username": "new"})));
}

/// A guess at the code costs what a guess at a password does, and the right one must wait as well.
#[test]
fn guesses_at_the_code_are_slowed() {
    let (server, mut teacher) = class();
    let code = open(&mut teacher, door(10));
    let start = Instant::now();
    let (_ada, answer) = register(&server, &request(&code, "ada", Some(OWN)));
    assert_eq!(answer["type"], "welcome");
    let at_once = start.elapsed();
    (0..5).for_each(|_| assert_error(&register(&server, &request("aaa-aaa", "zed", Some(OWN))).1, "door_closed"));
    let start = Instant::now();
    let (_zed, answer) = register(&server, &request(&code, "zed", Some(OWN)));
    assert_eq!(answer["type"], "welcome", "{answer}");
    assert!(start.elapsed() > at_once * 2, "held {:?}, others {at_once:?}", start.elapsed());
}

/// Nor does it help to guess under another name each time: an address has a pace of its own.
#[test]
fn guesses_under_many_names_are_slowed() {
    let (server, mut teacher) = class();
    let code = open(&mut teacher, door(10));
    let start = Instant::now();
    assert_eq!(register(&server, &request(&code, "ada", Some(OWN))).1["type"], "welcome");
    let at_once = start.elapsed();
    for index in 0..60 {
        assert_error(&register(&server, &request("aaa-aaa", &format!("zed{index}"), Some(OWN))).1, "door_closed");
    }
    let start = Instant::now();
    assert_eq!(register(&server, &request(&code, "zed", Some(OWN))).1["type"], "welcome");
    assert!(start.elapsed() > at_once * 2, "held {:?}, others {at_once:?}", start.elapsed());
}

/// The terminal client asks for it.
#[test]
fn the_terminal_client_registers() {
    let (server, mut teacher) = class();
    let code = open(&mut teacher, json!({"type": "door", "minutes": 10, "guests": true}));
    for (name, password, is) in [("zed", OWN, "* zed (Zed Z) is a user,"), ("gast", "", "* gast (Zed Z) is a guest,")] {
        let folder = TempDir::new().unwrap();
        let mut client = Terminal::command(folder.path());
        client.args([&*server.join_link(), "--register"]);
        let typed = format!("{code}\n{name}\nZed Z\n{password}\nhello from {name}\n/whois {name}\n/logout\n");
        let done = run(&mut client, typed.as_bytes());
        let shown = done.succeeded();
        assert!(shown.contains(&format!("* you are {name} (Zed Z)")) && shown.contains(is), "{shown}");
        teacher.until_text(&format!("hello from {name}"));
    }
    let folder = TempDir::new().unwrap();
    let done = run(
        Terminal::command(folder.path()).args([&*server.join_link(), "--register"]),
        format!("aaa-aaa\nzoe\n\n{OWN}\n").as_bytes(),
    );
    assert!(done.failed_with(3).contains("class code"), "{}", done.stderr);
    let shown = Terminal::start(&[&server.join_link(), "--user", "teacher"], Some(PASSWORD))
        .script(&["/door 5 7b guests", "/door 0"]);
    let shown = shown.succeeded();
    assert!(shown.contains("* class code ") && shown.contains("* the door is closed"), "{shown}");
}
