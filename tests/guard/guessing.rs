//! Guessing is slowed; its victims are not.

use crate::harness::{DEADLINE, PASSWORD, Peer, Server, assert_error, dial_from, loopback};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

/// Failures of a pair of address and account that cost nothing.
const PAIR_FREE: usize = 5;
/// Failures of an address that cost nothing: 30 students who mistype twice each.
const ADDRESS_FREE: usize = 60;
/// Failures of an account in a row after which only addresses that it knows may try.
const ACCOUNT_FREE: usize = 100;

const WRONG: &str = "six green bottles";

/// What the server answers to a login.
#[track_caller]
fn try_login(server: &Server, source: Ipv4Addr, name: &str, password: &str) -> Value {
    let mut peer = Peer::over(dial_from(source, server.address()));
    peer.send(&json!({"type": "login", "protocol": 1, "username": name, "password": password}));
    peer.next()
}

/// The first number in a refusal: its seconds.
#[track_caller]
fn seconds(refusal: &Value) -> u64 {
    assert_error(refusal, "try_later");
    let message = refusal["message"].as_str().unwrap();
    let digits = message.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.unwrap_or_else(|| panic!("no seconds in {message:?}")).parse().unwrap()
}

#[track_caller]
fn fail(server: &Server, source: Ipv4Addr, name: &str) {
    assert_error(&try_login(server, source, name, WRONG), "bad_credentials");
}

#[test]
fn a_pair_of_address_and_account_waits_and_is_let_in_again() {
    let server = Server::with_users(&["ada", "bob"]);
    let (here, there) = (Ipv4Addr::LOCALHOST, loopback(2));
    (0..PAIR_FREE).for_each(|_| fail(&server, here, "ada"));
    let refused_at = Instant::now();
    let wait = Duration::from_secs(seconds(&try_login(&server, here, "ada", PASSWORD)));
    assert!(wait <= Duration::from_secs(1), "{wait:?}");
    assert_eq!(try_login(&server, here, "bob", PASSWORD)["type"], "welcome", "another account");
    assert_eq!(try_login(&server, there, "ada", PASSWORD)["type"], "welcome", "another address");
    // To ask too early costs nothing.
    while try_login(&server, here, "ada", PASSWORD)["type"] != "welcome" {
        assert!(refused_at.elapsed() < DEADLINE, "it never gets in again");
        thread::sleep(Duration::from_millis(50));
    }
    println!("told to wait {wait:?}, let in after {:?}", refused_at.elapsed());
}

#[test]
fn each_further_failure_doubles_the_wait() {
    let server = Server::with_users(&["ada"]);
    let here = Ipv4Addr::LOCALHOST;
    (0..PAIR_FREE).for_each(|_| fail(&server, here, "ada"));
    let start = Instant::now();
    // The sixth failure, as soon as it is let in.
    while try_login(&server, here, "ada", WRONG)["code"] != "bad_credentials" {
        assert!(start.elapsed() < DEADLINE);
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(seconds(&try_login(&server, here, "ada", PASSWORD)), 2);
}

#[test]
fn a_class_that_mistypes_twice_each_gets_in() {
    let names: Vec<String> = (0..30).map(|i| format!("s{i:02}")).collect();
    let server = Server::with_users(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names {
        fail(&server, Ipv4Addr::LOCALHOST, name);
        fail(&server, Ipv4Addr::LOCALHOST, name);
    }
    for name in &names {
        assert_eq!(try_login(&server, Ipv4Addr::LOCALHOST, name, PASSWORD)["type"], "welcome", "{name}");
    }
    server.admin().say("good morning");
}

#[test]
fn an_address_that_goes_on_guessing_is_refused_and_no_other() {
    let server = Server::with_users(&["ada", "bob"]);
    // Mostly names that don't exist: they count as well.
    (0..ADDRESS_FREE).for_each(|i| fail(&server, Ipv4Addr::LOCALHOST, &format!("guess{i}")));
    assert_eq!(try_login(&server, Ipv4Addr::LOCALHOST, "ada", PASSWORD)["type"], "welcome", "at the threshold");
    fail(&server, Ipv4Addr::LOCALHOST, "one-more");
    let wait = seconds(&try_login(&server, Ipv4Addr::LOCALHOST, "bob", PASSWORD));
    assert!((590..=600).contains(&wait), "{wait} s");
    assert_eq!(try_login(&server, loopback(2), "ada", PASSWORD)["type"], "welcome", "another address");
}

#[test]
fn an_owner_gets_in_during_an_attack_from_everywhere() {
    let server = Server::with_users(&["ada", "bob"]);
    let home = Ipv4Addr::new(127, 0, 0, 2);
    assert_eq!(try_login(&server, home, "ada", PASSWORD)["type"], "welcome", "before the attack");
    fail(&server, Ipv4Addr::LOCALHOST, "ada");
    let attackers = (100..).flat_map(|n| [loopback(n); PAIR_FREE]);
    attackers.take(ACCOUNT_FREE - 1).for_each(|attacker| fail(&server, attacker, "ada"));
    let stranger = loopback(99);
    assert!(seconds(&try_login(&server, stranger, "ada", PASSWORD)) > 60, "nobody may guess any more");
    assert!(seconds(&try_login(&server, Ipv4Addr::LOCALHOST, "ada", PASSWORD)) > 60, "nor the first attacker");
    assert_eq!(try_login(&server, stranger, "bob", PASSWORD)["type"], "welcome", "other accounts are open");
    assert_eq!(try_login(&server, home, "ada", PASSWORD)["type"], "welcome", "the owner at home");
}
