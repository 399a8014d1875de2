//! `users.json`: what was acknowledged is there, whatever happens.

use crate::harness::{DataDir, PASSWORD, assert_error, assert_reply, sha256};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

/// What `users.json` says about an account, wherever it keeps its accounts.
fn account<'a>(users: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = users.as_object()?;
    fields.get(name).or_else(|| fields.values().find_map(|value| account(value, name)))
}

/// A power failure in the middle of making accounts, several times on the same folder.
#[test]
fn every_acknowledged_account_outlives_a_kill() {
    let data = DataDir::with_users(&[]);
    let mut acknowledged = BTreeSet::new();
    for round in 0..6 {
        let mut server = data.start();
        let mut admin = server.admin();
        let requests = (0..40).map(|i| {
            let name = format!("user-{round}-{i}");
            format!("{}\n", json!({"type": "add_user", "id": name, "username": name, "password": "a long enough one"}))
        });
        admin.send_bytes(requests.collect::<String>().as_bytes());
        // The server is at work on the next ones now.
        for i in 0..=round * 2 {
            let name = format!("user-{round}-{i}");
            assert_reply(&admin.answer(&name));
            acknowledged.insert(name);
        }
        server.kill();
        let users = data.users_json();
        let lost: Vec<_> = acknowledged.iter().filter(|name| account(&users, name).is_none()).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} are not in {users}");
    }
    let server = data.start();
    for name in [acknowledged.first().unwrap(), acknowledged.last().unwrap()] {
        server.login_with(name, "a long enough one");
    }
}

#[test]
fn a_changed_password_outlives_a_kill() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    assert_reply(&ada.ask(json!({"type": "passwd", "old": PASSWORD, "new": "a long enough one"})));
    server.kill();
    data.start().login_with("ada", "a long enough one");
}

#[test]
fn passwords_are_kept_as_salted_hashes() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let text = data.read("users.json");
    assert!(!text.contains(PASSWORD), "{text}");
    assert!(!text.contains(&sha256(PASSWORD.as_bytes())), "{text}");
    let hashes: BTreeSet<&str> = text.split('"').filter(|word| word.starts_with("$pbkdf2-sha256$")).collect();
    assert_eq!(hashes.len(), 3, "the same password three times, three salts: {text}");
    assert!(hashes.iter().all(|hash| hash.contains("i=1000")), "{hashes:?}");
    // `$pbkdf2-sha256$i=…,l=…$salt$hash`, in base64 without padding: 22 characters are 16 bytes.
    assert!(hashes.iter().all(|hash| hash.split('$').nth(3).is_some_and(|salt| salt.len() == 22)), "{hashes:?}");
}

#[test]
fn without_the_option_a_hash_has_600000_rounds() {
    let data = DataDir::new();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_homeroom-server"));
    command.arg("--data-dir").arg(data.path()).args(["user", "add", "ada", "--password-stdin"]);
    crate::harness::run(&mut command, b"seven green bottles\n").succeeded();
    let text = data.read("users.json");
    assert!(text.contains("$pbkdf2-sha256$") && text.contains("i=600000"), "{text}");
}

#[test]
fn accounts_of_the_old_form_log_in_and_become_new_ones() {
    let data = DataDir::new();
    let (alices, bobs) = (sha256(b"password of alice"), sha256(b"password of bob"));
    let old =
        json!({"alice": alices, "bob": {"password": bobs.to_uppercase(), "role": "admin"}, "eve": sha256(b"eves")});
    fs::write(data.file("users.json"), old.to_string()).unwrap();
    let mut server = data.start();
    assert_eq!(server.one_time_password(), None, "there is an admin already");

    let mut peer = server.connect();
    let wrong = json!({"type": "login", "protocol": 1, "username": "alice", "password": "not hers"});
    assert_error(&peer.ask(wrong), "bad_credentials");
    assert!(data.read("users.json").contains(&alices));

    let alice = server.login_with("alice", "password of alice");
    assert_eq!((&alice.welcome["role"], &alice.welcome["must_change_password"]), (&json!("user"), &json!(false)));
    assert_eq!(server.login_with("bob", "password of bob").welcome["role"], "admin");
    server.kill();

    let text = data.read("users.json");
    let users = data.users_json();
    for name in ["alice", "bob"] {
        assert!(account(&users, name).unwrap().to_string().contains("$pbkdf2-sha256$"), "{text}");
    }
    assert!(!text.contains(&alices) && !text.to_lowercase().contains(&bobs), "the old hashes are still there: {text}");
    assert!(text.contains(&sha256(b"eves")), "who hasn't logged in keeps the old one: {text}");

    let server = data.start();
    server.login_with("alice", "password of alice");
    assert_eq!(server.login_with("bob", "password of bob").welcome["role"], "admin");
    server.login_with("eve", "eves");
}

#[test]
fn what_a_newer_server_wrote_about_an_account_is_kept_or_refused() {
    let data = DataDir::with_users(&["ada"]);
    let text = data.read("users.json").replace("\"role\"", "\"pronouns\": \"she/her\", \"role\"");
    let users: Value = serde_json::from_str(&text).unwrap();
    fs::write(data.file("users.json"), &text).unwrap();
    let added = data.user_add(&["eve"], Some("a long enough one"));
    // A field that is lost in silence would be the one wrong answer.
    if added.code == Some(0) {
        assert_eq!(account(&data.users_json(), "ada"), account(&users, "ada"));
    } else {
        assert_eq!(data.read("users.json"), text);
    }
}
