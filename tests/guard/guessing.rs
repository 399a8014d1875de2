//! Guessing is slowed; its victims are not.

use crate::harness::{PASSWORD, Peer, Server, assert_error, dial_from, loopback};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

/// Failures of a pair of address and account that cost nothing.
const PAIR_FREE: usize = 5;
/// Failures of an address that cost nothing: 30 students who mistype twice each.
const ADDRESS_FREE: usize = 60;
/// Failures of an account after which only addresses that it knows may try at once.
const ACCOUNT_FREE: usize = 100;
/// How long a pair waits then; an address and an account wait for less.
const PAIR_WAIT: Duration = Duration::from_secs(8);

const WRONG: &str = "six green bottles";

/// What the server answers to a login, which it may hold for as long as the login's deadline allows.
#[track_caller]
fn try_login(server: &Server, source: Ipv4Addr, name: &str, password: &str) -> Value {
    let mut peer = Peer::over(dial_from(source, server.address()));
    peer.ask_plainly(&json!({"type": "login", "protocol": 1, "username": name, "password": password}))
}

/// Logs in with the right password, and says how long that took.
#[track_caller]
fn log_in(server: &Server, source: Ipv4Addr, name: &str, why: &str) -> Duration {
    let start = Instant::now();
    assert_eq!(try_login(server, source, name, PASSWORD)["type"], "welcome", "{why}");
    start.elapsed()
}

#[track_caller]
fn fail(server: &Server, source: Ipv4Addr, name: &str) {
    assert_error(&try_login(server, source, name, WRONG), "bad_credentials");
}

/// Whether a wait is a pace's, and not what a busy machine takes for a login.
#[track_caller]
fn assert_held(held: Duration, at_once: Duration) {
    assert!(held > at_once * 2 && held < PAIR_WAIT * 2, "{held:?}, where others take {at_once:?}");
}

#[test]
fn a_pair_of_address_and_account_is_slowed_and_nothing_else() {
    let server = Server::with_users(&["ada", "bob"]);
    let (here, there) = (Ipv4Addr::LOCALHOST, loopback(2));
    (0..PAIR_FREE).for_each(|_| fail(&server, here, "ada"));
    let at_once = log_in(&server, here, "bob", "another account").max(log_in(&server, there, "ada", "another address"));
    let held = log_in(&server, here, "ada", "after its wait");
    println!("held {held:?}, others {at_once:?}");
    assert_held(held, at_once);
}

/// What is asked for while somebody waits isn't answered sooner.
#[test]
fn many_connections_get_no_more_guesses() {
    let server = Server::with_users(&["ada"]);
    let start = Instant::now();
    let wrong: usize = thread::scope(|scope| {
        let guessers: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(|| {
                    let answer = try_login(&server, Ipv4Addr::LOCALHOST, "ada", WRONG);
                    usize::from(answer["code"] == "bad_credentials")
                })
            })
            .collect();
        guessers.into_iter().map(|guesser| guesser.join().unwrap()).sum()
    });
    // One more for each wait that has passed.
    let most = PAIR_FREE + start.elapsed().as_secs() as usize / PAIR_WAIT.as_secs() as usize;
    assert!((PAIR_FREE..=most).contains(&wrong), "{wrong} of {most}");
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
fn an_address_that_goes_on_guessing_is_slowed_and_no_other() {
    let server = Server::with_users(&["ada", "bob"]);
    // Mostly names that don't exist: they count as well.
    (0..ADDRESS_FREE - 1).for_each(|i| fail(&server, Ipv4Addr::LOCALHOST, &format!("guess{i}")));
    log_in(&server, Ipv4Addr::LOCALHOST, "ada", "at the threshold");
    fail(&server, Ipv4Addr::LOCALHOST, "one-more");
    let at_once = log_in(&server, loopback(2), "ada", "another address");
    let held = log_in(&server, Ipv4Addr::LOCALHOST, "bob", "whoever knows the password, after a wait");
    println!("held {held:?}, others {at_once:?}");
    assert_held(held, at_once);
}

#[test]
fn an_owner_gets_in_during_an_attack_from_everywhere() {
    let server = Server::with_users(&["ada", "bob"]);
    let home = Ipv4Addr::new(127, 0, 0, 2);
    log_in(&server, home, "ada", "before the attack");
    let attackers = (100..).flat_map(|n| [loopback(n); PAIR_FREE]);
    attackers.take(ACCOUNT_FREE).for_each(|attacker| fail(&server, attacker, "ada"));
    let start = Instant::now();
    fail(&server, loopback(99), "ada");
    let held = start.elapsed();
    let at_home = log_in(&server, home, "ada", "the owner at home");
    let bob = log_in(&server, loopback(99), "bob", "another account");
    println!("a stranger is held {held:?}, the owner {at_home:?}, another account {bob:?}");
    assert_held(held, at_home.max(bob));
}
