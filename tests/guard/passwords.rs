//! Which passwords are taken: the same ones, whichever way they come.

use crate::harness::{DataDir, Finished, PASSWORD, Server};
use serde_json::{Value, json};

/// A user name, a password for it, and whether it is taken.
fn table() -> Vec<(String, String, bool)> {
    let row = |(name, password, taken): (&str, &str, bool)| (name.to_owned(), password.to_owned(), taken);
    let mut table: Vec<_> = [
        ("short", "x7!kQz9", false),
        ("shortest", "x7!kQz9w", true),
        ("short-multi-byte", "\u{e9}\u{e8}\u{ea}\u{eb}\u{e0}\u{e2}\u{e4}", false),
        ("multi-byte", "\u{e9}\u{e8}\u{ea}\u{eb}\u{e0}\u{e2}\u{e4}\u{f6}", true),
        ("common", "password1", false),
        ("common-in-capitals", "PassWord1", false),
        ("common-digits", "123456789", false),
        ("common-keys", "1q2w3e4r5t", false),
        ("common-sentence", "iloveyou", false),
        ("no-digits", "horse battery staple", true),
        ("no-letters", "8315 0772 4496", true),
        ("spaces", "        two words", true),
        ("user.name", "user.name", false),
        ("name-in-capitals", "NAME-IN-CAPITALS", false),
        ("name-and-more", "name-and-more!", true),
    ]
    .map(row)
    .into();
    table.push(row(("longest", &"\u{1f98e}x".repeat(128), true)));
    table.push(row(("too-long", &"\u{1f98e}x".repeat(128).replacen('x', "xy", 1), false)));
    table
}

/// Tries every row; gives the names whose password was taken.
fn taken(mut way: impl FnMut(&str, &str) -> bool) -> Vec<String> {
    table().into_iter().filter(|(name, password, _)| way(name, password)).map(|(name, ..)| name).collect()
}

fn expected() -> Vec<String> {
    table().into_iter().filter(|(.., taken)| *taken).map(|(name, ..)| name).collect()
}

/// Whether the server took it; if not, then for its weakness.
#[track_caller]
fn is_taken(answer: &Value) -> bool {
    assert!(answer["type"] == "reply" || answer["code"] == "weak_password", "{answer}");
    answer["type"] == "reply"
}

/// Whether an account was made; if not, it says why.
#[track_caller]
fn made(finished: &Finished) -> bool {
    if finished.code != Some(0) {
        let reason = finished.failed_with(1);
        assert!(reason.contains("password"), "{reason}");
    }
    finished.code == Some(0)
}

#[test]
fn add_user_takes_the_passwords_of_the_table() {
    let server = Server::with_users(&[]);
    let mut admin = server.admin();
    let way = |name: &str, password: &str| {
        is_taken(&admin.ask(json!({"type": "add_user", "username": name, "password": password})))
    };
    assert_eq!(taken(way), expected());
    for (name, password, _) in table().iter().filter(|(.., taken)| *taken) {
        server.login_with(name, password);
    }
}

#[test]
fn passwd_takes_the_passwords_of_the_table() {
    let names: Vec<String> = table().into_iter().map(|(name, ..)| name).collect();
    let server = Server::with_users(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let way = |name: &str, password: &str| {
        is_taken(&server.login(name).ask(json!({"type": "passwd", "old": PASSWORD, "new": password})))
    };
    assert_eq!(taken(way), expected());
}

#[test]
fn user_add_takes_the_passwords_of_the_table() {
    let data = DataDir::with_users(&[]);
    let way = |name: &str, password: &str| made(&data.user_add(&[name], Some(password)));
    assert_eq!(taken(way), expected());
}

#[test]
fn user_import_takes_the_passwords_of_the_table() {
    let data = DataDir::with_users(&[]);
    let way = |name: &str, password: &str| made(&data.import(format!("{name},\"{password}\",user\n")));
    assert_eq!(taken(way), expected());
}
