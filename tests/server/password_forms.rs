//! A password is the same on every keyboard: a PC writes `ü` as one character, a Mac may write it as two.

use crate::harness::{ADMIN, DataDir, PASSWORD, assert_error, assert_reply, run, sha256};
use pbkdf2::password_hash::CustomizedPasswordHasher;
use pbkdf2::password_hash::phc::PasswordHash;
use pbkdf2::{Params, Pbkdf2};
use serde_json::json;
use std::fs;
use std::sync::Arc;

/// The same password as typed on a PC, on a Mac, and with the blank that Option and the space bar make there.
const TYPED: [&str; 3] = ["bl\u{fc}men wiese-7", "blu\u{308}men wiese-7", "blu\u{308}men\u{a0}wiese-7"];

/// A folder whose `ada` has this in place of a hash that this version makes.
fn with_stored(password: &str) -> Arc<DataDir> {
    let data = DataDir::with_users(&[]);
    let mut users = data.users_json();
    users["users"]["ada"] = json!({ "password": password });
    fs::write(data.file("users.json"), users.to_string()).unwrap();
    data
}

/// A hash as versions made it that compared passwords byte by byte.
fn pbkdf2_of_bytes(password: &str) -> String {
    let params = Params::new(1000).unwrap();
    let hash = Pbkdf2::SHA256.hash_password_customized(password.as_bytes(), &[7; 16], None, None, params);
    let hash: PasswordHash = hash.unwrap();
    hash.to_string()
}

#[test]
fn a_password_is_the_same_on_every_keyboard_whichever_way_it_was_set() {
    for set in TYPED {
        let data = DataDir::with_users(&["bob"]);
        data.user_add(&["cleo"], Some(set)).succeeded();
        data.import(format!("dan,{set}\n")).succeeded();
        let server = data.start();
        assert_reply(&server.admin().ask(json!({"type": "add_user", "username": "eve", "password": set})));
        assert_reply(&server.login("bob").ask(json!({"type": "passwd", "old": PASSWORD, "new": set})));
        for name in ["bob", "cleo", "dan", "eve"] {
            for typed in TYPED {
                server.login_with(name, typed);
            }
        }
        let mut bob = server.login_with("bob", TYPED[0]);
        for typed in TYPED {
            assert_error(&bob.ask(json!({"type": "passwd", "old": set, "new": typed})), "weak_password");
        }
        assert_reply(&bob.ask(json!({"type": "passwd", "old": TYPED[1], "new": "another good one"})));
    }
}

#[test]
fn hashes_of_before_still_work_and_become_new_ones_at_a_login() {
    for hashed in TYPED {
        for stored in [pbkdf2_of_bytes(hashed), sha256(hashed.as_bytes())] {
            let typed = if hashed == TYPED[2] { TYPED[2] } else { TYPED[0] };
            for typed in [hashed, typed] {
                let data = with_stored(&stored);
                let server = data.start();
                server.login_with("ada", typed);
                let ada = data.users_json()["users"]["ada"].clone();
                assert!(ada["password"] != stored.as_str() && ada["one_form"] == true, "{typed:?}: {ada}");
                TYPED.iter().for_each(|typed| drop(server.login_with("ada", typed)));
            }
        }
    }
}

#[test]
fn whoever_has_a_hash_of_before_changes_it_from_any_keyboard() {
    let data = with_stored(&pbkdf2_of_bytes(TYPED[1]));
    let server = data.start();
    let mut ada = server.login_with("ada", TYPED[1]);
    assert_error(
        &ada.ask(json!({"type": "passwd", "old": "wr\u{f6}ng", "new": "another good one"})),
        "bad_credentials",
    );
    assert_reply(&ada.ask(json!({"type": "passwd", "old": TYPED[0], "new": "another good one"})));
    server.login_with("ada", "another good one");
}

#[test]
fn what_cannot_be_seen_is_no_part_of_a_new_password() {
    let data = DataDir::with_users(&["ada"]);
    let hidden =
        ["seven\u{200b}bottles", "seven\tbottles", "\u{feff}seven bottles", "seven\0bottles", "\u{1b}[31mseven"];
    // A pipe's mark is taken away, and what has a NUL is no text.
    for password in hidden.iter().filter(|password| !password.contains(['\u{feff}', '\0'])) {
        assert!(data.user_add(&["eve"], Some(password)).failed_with(1).contains("can't be seen"), "{password:?}");
    }
    let server = data.start();
    let (mut root, mut ada) = (server.admin(), server.login("ada"));
    for password in hidden {
        assert_error(&root.ask(json!({"type": "add_user", "username": "eve", "password": password})), "weak_password");
        assert_error(&ada.ask(json!({"type": "passwd", "old": PASSWORD, "new": password})), "weak_password");
    }
}

#[test]
fn check_counts_the_hashes_of_before() {
    let data = with_stored(&pbkdf2_of_bytes(TYPED[0]));
    let checked = || run(data.command().arg("check"), b"").stdout;
    assert!(checked().contains("1 account with a hash of an old form"), "{}", checked());
    let server = data.start();
    server.login_with("ada", TYPED[0]);
    server.login(ADMIN);
    assert!(!checked().contains("old form"), "{}", checked());
}
