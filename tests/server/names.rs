//! Names and groups: what people are called beside their user names.

use crate::harness::{ADMIN, DataDir, PASSWORD, Server, assert_error, assert_reply};
use serde_json::{Value, json};

fn set(name: &str, field: &str, value: &str) -> Value {
    json!({"type": "set_user", "username": name, field: value})
}

#[test]
fn a_name_and_a_group_are_wherever_people_are() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut root = server.admin();
    let new =
        json!({"type": "add_user", "username": "eve", "password": PASSWORD, "name": "Eve Noether", "group": "7B"});
    assert_reply(&root.ask(new));
    let mut ada = server.login("ada");
    assert!(ada.welcome["names"].is_null() && ada.welcome["name"].is_null(), "{}", ada.welcome);
    let eve = server.login("eve");
    assert_eq!((&eve.welcome["name"], &eve.welcome["group"]), (&json!("Eve Noether"), &json!("7b")));
    assert_eq!(eve.welcome["names"], json!({"eve": "Eve Noether"}));
    let joined = ada.event("joined", "eve");
    assert_eq!((&joined["name"], &joined["group"]), (&json!("Eve Noether"), &json!("7b")));
    assert_reply(&root.ask(set("bob", "name", "Bob")));
    let who = ada.ask(json!({"type": "who"}));
    assert_eq!(who["users"], json!(["ada", "eve", ADMIN]));
    assert_eq!(who["names"], json!({"eve": "Eve Noether"}), "those online");
    assert_eq!(ada.ask(json!({"type": "who", "after": "eve"}))["names"], Value::Null);
    let whois = &ada.ask(json!({"type": "whois", "username": "eve"}))["whois"];
    assert_eq!((&whois["name"], &whois["group"]), (&json!("Eve Noether"), &json!("7b")));
    let listed = root.ask(json!({"type": "list_users", "after": "bob"}));
    assert_eq!((&listed["users"][0]["name"], &listed["users"][0]["group"]), (&json!("Eve Noether"), &json!("7b")));
    // Absent stays, empty goes.
    assert_reply(&root.ask(set("eve", "group", "")));
    let whois = &ada.ask(json!({"type": "whois", "username": "eve"}))["whois"];
    assert_eq!((&whois["name"], &whois["group"]), (&json!("Eve Noether"), &Value::Null));
    assert_reply(&root.ask(set("eve", "name", "")));
    assert_eq!(ada.ask(json!({"type": "who"}))["names"], Value::Null);
    assert_error(&root.ask(set("nobody", "name", "x")), "unknown_user");
}

#[test]
fn names_outlive_the_server() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    assert_reply(&server.admin().ask(set("ada", "name", "Ada \"L\" Ω")));
    assert_reply(&server.admin().ask(set("ada", "group", "7b")));
    drop(server);
    let server = data.start();
    let ada = server.login("ada");
    assert_eq!((&ada.welcome["name"], &ada.welcome["group"]), (&json!("Ada \"L\" Ω"), &json!("7b")));
}

#[test]
fn accounts_made_while_no_server_runs_have_them_too() {
    let data = DataDir::with_users(&[]);
    let made = ["eve", "--role", "teacher", "--name", "Eve Noether", "--group", "7b"];
    data.user_add(&made, Some(PASSWORD)).succeeded();
    for wrong in [["bob", "--role", "boss"], ["bob", "--name", "B\u{202e}"], ["bob", "--group", "7 b"]] {
        assert!(!data.user_add(&wrong, Some(PASSWORD)).stderr.is_empty());
    }
    let server = data.start();
    let welcome = &server.login("eve").welcome;
    for (field, value) in [("role", "teacher"), ("name", "Eve Noether"), ("group", "7b")] {
        assert_eq!(welcome[field], value, "{welcome}");
    }
    assert_error(&server.admin().ask(json!({"type": "whois", "username": "bob"})), "unknown_user");
}

#[test]
fn what_is_no_name_changes_nothing() {
    let server = Server::with_users(&["eve"]);
    let mut root = server.admin();
    assert_reply(&root.ask(set("eve", "name", "Eve")));
    let too_long = "x".repeat(65);
    for bad in [
        " ",
        "\u{a0}\u{2003}",
        "\u{200d}",
        "\u{2800}",
        "E\u{202e}ve",
        "\u{2067}Eve",
        "Eve\u{200f}",
        "E\u{200b}ve",
        "\u{feff}Eve",
        "E\u{ad}ve",
        "Eve\n* root joined",
        "E\tve",
        "Eve\u{1b}[2J",
        "Eve\u{85}",
        "Eve\u{2028}x",
        &too_long,
    ] {
        assert_error(&root.ask(set("eve", "name", bad)), "bad_request");
        let new = json!({"type": "add_user", "username": "zed", "password": PASSWORD, "name": bad});
        assert_error(&root.ask(new), "bad_request");
    }
    for bad in [" ", "7 b", "ä", "7\u{430}", &"x".repeat(33)] {
        assert_error(&root.ask(set("eve", "group", bad)), "bad_request");
    }
    let whois = &root.ask(json!({"type": "whois", "username": "eve"}))["whois"];
    assert_eq!((&whois["name"], &whois["group"]), (&json!("Eve"), &Value::Null));
    assert_error(&root.ask(json!({"type": "whois", "username": "zed"})), "unknown_user");
    for (given, kept) in
        [("u\u{308}ber", "über"), (&"\u{1F600}".repeat(64), &*"\u{1F600}".repeat(64)), ("root", "root")]
    {
        assert_reply(&root.ask(set("eve", "name", given)));
        assert_eq!(root.ask(json!({"type": "whois", "username": "eve"}))["whois"]["name"], kept);
    }
}

/// The longest names there are, of more people than a line can hold.
#[test]
fn lines_hold_as_many_names_as_fit() {
    let server = Server::with_users(&[]);
    let mut root = server.admin();
    let (people, longest) = (70, "\u{1F600}".repeat(64));
    let names: Vec<String> = (0..people).map(|index| format!("{index:02}{}", "x".repeat(30))).collect();
    let mut sessions = Vec::new();
    for name in &names {
        let new = json!({"type": "add_user", "username": name, "password": PASSWORD, "name": longest, "group": "y".repeat(32)});
        assert_reply(&root.ask(new));
        sessions.push(server.login(name));
    }
    assert!(sessions.last().unwrap().welcome["more"].as_u64().unwrap() > 0);
    for kind in ["who", "list_users"] {
        let (mut after, mut seen) = (Value::Null, 0);
        loop {
            let answer = root.ask(json!({"type": kind, "after": after}));
            let users = answer["users"].as_array().unwrap();
            seen += users.len();
            if kind == "who" {
                let named = users.iter().filter(|name| *name != ADMIN).count();
                assert_eq!(answer["names"].as_object().unwrap().len(), named);
            }
            if answer["more"].is_null() {
                break;
            }
            let last = users.last().unwrap();
            after = if kind == "who" { last.clone() } else { last["username"].clone() };
        }
        assert_eq!(seen, people + 1, "{kind}");
    }
}
