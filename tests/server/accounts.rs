//! `add_user`, `list_users`, `passwd`: accounts while the server runs.

use crate::harness::{ADMIN, DataDir, PASSWORD, Server, assert_error, assert_reply, sha256};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

fn add(username: &str, password: &str) -> Value {
    json!({"type": "add_user", "username": username, "password": password})
}

#[test]
fn an_added_user_can_log_in_at_once() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    let answer = admin.ask(add("eve", "a long enough one"));
    assert_reply(&answer);
    assert!(answer["password"].is_null(), "its password isn't shown: {answer}");
    let eve = server.login_with("eve", "a long enough one");
    assert_eq!(eve.welcome["role"], "user", "the default");
    assert_eq!(eve.welcome["must_change_password"], false);
}

#[test]
fn an_added_user_has_the_role_it_was_given() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    for role in ["user", "admin"] {
        let request = json!({"type": "add_user", "username": role, "password": "a long enough one", "role": role});
        assert_reply(&admin.ask(request));
        assert_eq!(server.login_with(role, "a long enough one").welcome["role"], role);
    }
}

#[test]
fn without_a_password_a_one_time_one_is_made() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    let answers = ["eve", "mallory"].map(|name| admin.ask(json!({"type": "add_user", "username": name})));
    answers.iter().for_each(assert_reply);
    let passwords = answers.each_ref().map(|answer| answer["password"].as_str().unwrap());
    assert!(passwords[0] != passwords[1] && passwords[0].len() >= 8, "{passwords:?}");
    assert_eq!(server.login_with("eve", passwords[0]).welcome["must_change_password"], true);
    assert!(!server.stderr.text().contains(passwords[0]), "it is logged");
}

#[test]
fn a_name_is_taken_once_whatever_its_case() {
    let server = Server::with_users(&["ada"]);
    let mut admin = server.admin();
    for name in ["ada", "ADA", ADMIN] {
        assert_error(&admin.ask(add(name, "a long enough one")), "user_exists");
    }
    assert_reply(&admin.ask(add("Eve", "a long enough one")));
    assert_error(&admin.ask(add("eve", "a long enough one")), "user_exists");
    server.login("ada");
    assert_eq!(server.login_with("eve", "a long enough one").welcome["username"], "eve");
}

#[test]
fn what_is_no_username_is_refused() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    let too_long = "z".repeat(33);
    for name in ["", "_a", ".a", "-a", "a b", "a\n", "a\0", "ädä", "\u{430}da", "a/b", "a,b", "a@b", &too_long] {
        assert_error(&admin.ask(add(name, "a long enough one")), "bad_username");
    }
    for name in ["0", "a_b.c-d", &"z".repeat(32)] {
        assert_reply(&admin.ask(add(name, "a long enough one")));
    }
}

#[test]
fn a_weak_password_is_refused() {
    let server = Server::with_users(&["ada"]);
    let mut admin = server.admin();
    for (name, password) in [("eve", ""), ("eve", "short7c"), ("evelyn.carter", "evelyn.carter"), ("eve", "éééé")] {
        assert_error(&admin.ask(add(name, password)), "weak_password");
    }
    let mut ada = server.login("ada");
    assert_error(&ada.ask(json!({"type": "passwd", "old": PASSWORD, "new": "short7c"})), "weak_password");
    server.login("ada");
}

#[test]
fn the_list_of_users_is_sorted_and_says_who_is_online() {
    let server = Server::with_users(&["bob", "ada"]);
    let mut admin = server.admin();
    let _ada = server.login("ada");
    admin.ask(json!({"type": "add_user", "username": "aaron", "role": "admin"}));
    let answer = admin.ask(json!({"type": "list_users"}));
    assert_reply(&answer);
    let entry = |name: &str, role: &str, online: bool| json!({"username": name, "role": role, "online": online});
    let expected = [
        entry("aaron", "admin", false),
        entry("ada", "user", true),
        entry("bob", "user", false),
        entry(ADMIN, "admin", true),
    ];
    let known = |user: &Value| json!({"username": user["username"], "role": user["role"], "online": user["online"]});
    assert_eq!(answer["users"].as_array().unwrap().iter().map(known).collect::<Vec<_>>(), expected);
}

/// A list that doesn't fit a line comes in parts: `more` says how many are left, `after` asks for them.
#[test]
fn a_long_list_of_users_comes_in_lines_that_fit() {
    let data = DataDir::new();
    let mut users: BTreeMap<String, Value> =
        (0..400).map(|i| (format!("student-{i:0>24}"), json!("00".repeat(32)))).collect();
    users.insert(ADMIN.into(), json!({"password": sha256(PASSWORD.as_bytes()), "role": "admin"}));
    fs::write(data.file("users.json"), json!(users).to_string()).unwrap();
    let server = data.start();
    let mut admin = server.admin();
    let mut found = Vec::new();
    let mut request = json!({"type": "list_users"});
    loop {
        let answer = admin.ask(request.clone());
        assert_reply(&answer);
        let part = answer["users"].as_array().unwrap();
        found.extend(part.iter().map(|user| user["username"].as_str().unwrap().to_owned()));
        if answer["more"].as_u64().unwrap_or(0) == 0 {
            break;
        }
        assert!(!part.is_empty(), "{answer}");
        request["after"] = json!(found.last());
    }
    assert_eq!(found.len(), 401);
    assert!(found.is_sorted());
}

#[test]
fn the_administrators_requests_are_theirs_alone() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    for request in [
        add("eve", "a long enough one"),
        json!({"type": "add_user", "username": "eve"}),
        json!({"type": "list_users"}),
        json!({"type": "logout_user", "username": "bob"}),
        json!({"type": "logout_user", "username": "nobody"}),
        json!({"type": "shutdown"}),
    ] {
        assert_error(&ada.ask(request), "not_admin");
    }
    bob.say("still here");
    assert!(!server.data().read("users.json").contains("eve"));
}

#[test]
fn a_changed_password_is_the_one_that_counts() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    let wrong = ada.ask(json!({"type": "passwd", "old": "six green bottles", "new": "a long enough one"}));
    assert_error(&wrong, "bad_credentials");
    server.login("ada");
    assert_reply(&ada.ask(json!({"type": "passwd", "old": PASSWORD, "new": "a long enough one"})));
    ada.say("still here");
    for _ in 0..2 {
        let mut peer = server.connect();
        let request = json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD});
        assert_error(&peer.ask(request), "bad_credentials");
        server.login_with("ada", "a long enough one");
        server.kill();
        server = data.start();
    }
}

#[test]
fn accounts_are_made_by_several_administrators_at_once() {
    let server = Server::with_users(&[]);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let admins: Vec<_> = (0..4)
            .map(|_| {
                let mut admin = server.admin();
                scope.spawn(move || {
                    let names = (0..5).map(|i| format!("user{i}"));
                    names.map(|name| admin.ask(add(&name, "a long enough one"))).collect::<Vec<_>>()
                })
            })
            .collect();
        admins.into_iter().flat_map(|admin| admin.join().unwrap()).collect()
    });
    let mut counts = BTreeMap::new();
    for answer in &answers {
        *counts.entry(answer["code"].as_str().unwrap_or("made").to_owned()).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([("made".into(), 5), ("user_exists".into(), 15)]), "{answers:?}");
}
