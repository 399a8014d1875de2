//! Nobody keeps an owner out: whatever is tried from the class's own address, the class gets in, and whoever guesses gets
//! no more guesses for it.

use crate::guard::admins::audit;
use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_error, assert_reply, dial_from, loopback};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CLASS: usize = 30;
const WRONG: &str = "six green bottles";
/// Failures of an address after which it must wait.
const ADDRESS_FAILURES: usize = 60;
/// Failures of an account after which only those at home may try at once.
const ACCOUNT_FAILURES: usize = 100;
/// And after how long there is one more.
const ACCOUNT_WAIT: Duration = Duration::from_secs(6);
/// How long an address waits, for each further one.
const ADDRESS_WAIT: Duration = Duration::from_secs(5);
/// Within so long the whole class is in.
const WAIT: Duration = Duration::from_secs(10);
/// What a busy machine takes for thirty handshakes.
const SLACK: Duration = Duration::from_secs(5);

fn class() -> Vec<String> {
    (0..CLASS).map(|i| format!("s{i:02}")).collect()
}

fn request(name: &str, secret: (&str, &Value)) -> Value {
    json!({"type": "login", "protocol": 1, "username": name, secret.0: secret.1})
}

/// A server on whose address the class has never been.
fn first_lesson() -> Server {
    let names = class();
    DataDir::with_users(&names.iter().map(String::as_str).collect::<Vec<_>>()).start()
}

/// A server on whose address the class is at home, and the tokens it has.
fn at_home() -> (Server, Vec<Value>) {
    let server = first_lesson();
    let tokens = class().iter().map(|name| server.login(name).welcome["token"].clone()).collect();
    (server, tokens)
}

#[track_caller]
fn try_login(server: &Server, name: &str, password: &str) -> Value {
    let mut peer = server.connect();
    peer.ask_plainly(&request(name, ("password", &json!(password))))
}

/// The whole class logs in at once, each with one try.
#[track_caller]
fn assert_the_class_gets_in(server: &Server, attack: &str) {
    let start = Instant::now();
    thread::scope(|scope| {
        for name in class() {
            scope.spawn(move || {
                let mut peer = Peer::connect(server.address());
                peer.send(&request(&name, ("password", &json!(PASSWORD))));
                let answer = peer.next_within(WAIT + SLACK);
                assert_eq!(answer["type"], "welcome", "{attack}: {name} after {:?}: {answer}", start.elapsed());
            });
        }
    });
    let took = start.elapsed();
    println!("{attack}: the class was in after {took:?}");
    assert!(took < WAIT + SLACK, "{attack}: {took:?}");
}

/// Fails in these names, one after the other, until the address has failed often enough or nothing is let pass.
fn guess(server: &Server, names: &[String]) -> usize {
    let answers = names.iter().map(|name| try_login(server, name, WRONG));
    answers.filter(|answer| answer["code"] == "bad_credentials").count()
}

fn invented() -> Vec<String> {
    (0..ADDRESS_FAILURES).map(|i| format!("guess{i}")).collect()
}

#[test]
fn a_class_gets_in_after_wrong_logins_in_invented_names() {
    for (server, whose) in [(at_home().0, "at home"), (first_lesson(), "in their first lesson")] {
        assert_eq!(guess(&server, &invented()), ADDRESS_FAILURES);
        assert_the_class_gets_in(&server, &format!("invented names, {whose}"));
    }
}

#[test]
fn a_class_gets_in_after_wrong_logins_in_its_own_names() {
    for (each, server) in [(2, at_home().0), (9, at_home().0), (9, first_lesson())] {
        let names: Vec<String> = class().into_iter().flat_map(|name| vec![name; each]).collect();
        // What must wait is held; so many connections don't wait for each other.
        let (wrong, start) = (AtomicUsize::new(0), Instant::now());
        thread::scope(|scope| {
            for names in names.chunks(9) {
                let mut names = names.iter();
                let (server, wrong) = (&server, &wrong);
                scope.spawn(move || {
                    while let Some(name) = names.next().filter(|_| start.elapsed() < WAIT / 2) {
                        wrong.fetch_add(guess(server, std::slice::from_ref(name)), Ordering::Relaxed);
                    }
                });
            }
        });
        println!("{each} each: {} guesses", wrong.load(Ordering::Relaxed));
        assert_the_class_gets_in(&server, &format!("{each} wrong logins in each name"));
    }
}

/// Logins that an attacker has sent, and then nothing more: they are held, and answered one after the other.
#[test]
fn a_class_gets_in_before_what_an_attacker_has_left_waiting() {
    for (server, names, whose) in
        [(at_home().0, [class(), class()].concat(), "its own names"), (first_lesson(), invented(), "invented names")]
    {
        assert_eq!(guess(&server, &invented()), ADDRESS_FAILURES);
        let held: Vec<Peer> = names
            .iter()
            .map(|name| {
                let mut peer = server.connect();
                peer.send(&request(name, ("password", &json!(WRONG))));
                peer
            })
            .collect();
        assert_the_class_gets_in(&server, &format!("logins left waiting in {whose}"));
        drop(held);
    }
}

/// The token isn't kept waiting either, as the password is.
#[test]
fn wrong_logins_in_somebodys_name_refuse_no_token_and_no_one_else() {
    let (server, tokens) = at_home();
    let stranger = loopback(9);
    let try_there =
        |secret: (&str, &Value)| Peer::over(dial_from(stranger, server.address())).ask_plainly(&request("s00", secret));
    (0..5).for_each(|_| assert_error(&try_there(("password", &json!(WRONG))), "bad_credentials"));
    assert_eq!(try_there(("token", &tokens[0]))["type"], "welcome", "an owner's token");
    guess(&server, &invented());
    for (name, token) in class().iter().zip(&tokens) {
        assert_eq!(server.connect().ask_plainly(&request(name, ("token", token)))["type"], "welcome", "{name}");
    }
    assert_the_class_gets_in(&server, "one name");
}

/// A comeback with a token that has ended is no attack.
#[test]
fn wrong_tokens_are_nobodys_failure_and_nothing_for_fail2ban() {
    let (server, _) = at_home();
    let wrong = json!("ab".repeat(32));
    for _ in 0..9 {
        for name in class() {
            assert_error(&server.connect().ask_plainly(&request(&name, ("token", &wrong))), "bad_credentials");
        }
    }
    let start = Instant::now();
    assert_eq!(try_login(&server, "s00", PASSWORD)["type"], "welcome", "at once");
    assert_error(&try_login(&server, "nobody", WRONG), "bad_credentials");
    println!("{:?}", start.elapsed());
    assert_the_class_gets_in(&server, "wrong tokens");
    let entries = audit(&server.data());
    let of = |event: &str| entries.iter().filter(|entry| entry["event"] == event).count();
    assert_eq!((of("token_refused"), of("login_failed")), (9 * CLASS, 1));
}

/// While it goes on, at full speed, over several connections; and it brings no more guesses than before.
#[test]
fn a_class_gets_in_while_invented_names_are_tried() {
    let (server, _) = at_home();
    let (over, wrong) = (AtomicBool::new(false), AtomicUsize::new(0));
    let start = Instant::now();
    thread::scope(|scope| {
        for attacker in 0..4 {
            let (server, over, wrong) = (&server, &over, &wrong);
            scope.spawn(move || {
                for i in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    wrong.fetch_add(guess(server, &[format!("g{attacker}-{i}")]), Ordering::Relaxed);
                }
            });
        }
        while wrong.load(Ordering::Relaxed) < ADDRESS_FAILURES && start.elapsed() < WAIT {
            thread::sleep(Duration::from_millis(10));
        }
        let entered = std::panic::catch_unwind(|| assert_the_class_gets_in(&server, "invented names, going on"));
        over.store(true, Ordering::Relaxed);
        entered.unwrap();
    });
    // One more for each wait that has passed.
    let most = ADDRESS_FAILURES + start.elapsed().as_secs() as usize / ADDRESS_WAIT.as_secs() as usize;
    let wrong = wrong.load(Ordering::Relaxed);
    assert!(wrong <= most, "{wrong} of {most}");
}

/// The address that attacks is the class's home still after a restart, and a new account of a name has none.
#[test]
fn home_outlives_a_restart_and_not_its_account() {
    let (mut server, _) = at_home();
    let data = server.data();
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "s00"})));
    assert_reply(&root.ask(json!({"type": "add_user", "username": "s00", "password": PASSWORD})));
    server.kill();
    let server = data.start();
    // Elsewhere their passwords are guessed at, until nobody may try at once who isn't at home.
    // On a busy machine the first guesses are forgiven meanwhile: so until one is held.
    let [s01, s00] = [("s01", 0), ("s00", 2 * ACCOUNT_FAILURES)].map(|(name, first)| {
        let held = (0..2 * ACCOUNT_FAILURES).any(|i| {
            let mut stranger = Peer::over(dial_from(loopback(100 + (first + i) as u16 / 5), server.address()));
            let start = Instant::now();
            assert_error(&stranger.ask_plainly(&request(name, ("password", &json!(WRONG)))), "bad_credentials");
            start.elapsed() > ACCOUNT_WAIT / 2
        });
        assert!(held, "{name} can be guessed at for ever");
        let start = Instant::now();
        assert_eq!(try_login(&server, name, PASSWORD)["type"], "welcome");
        start.elapsed()
    });
    assert!(s00 > s01 * 2, "s01 is at home and waits {s01:?}; s00 is another account now and waits {s00:?}");
    assert!(data.read("tokens.jsonl").contains(r#""homes":["127.0.0.1"]"#));
}

/// The old password is guessed at like any other, in the same counts, and it's written down.
#[test]
fn wrong_old_passwords_wait_as_logins_do() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    let mut change = |old: &str| ada.ask(json!({"type": "passwd", "old": old, "new": "a long enough one"}));
    (0..5).for_each(|_| assert_error(&change(WRONG), "bad_credentials"));
    let refused = change(PASSWORD);
    assert_error(&refused, "try_later");
    assert!(refused["message"].as_str().unwrap().contains("in 8 s"), "{refused}");
    let start = Instant::now();
    while change(PASSWORD)["type"] != "reply" {
        assert!(start.elapsed() < WAIT, "it is never let pass");
        thread::sleep(Duration::from_millis(50));
    }
    let entries = audit(&server.data());
    let of = |detail: &str| entries.iter().filter(|e| e["event"] == "passwd_failed" && e["detail"] == detail).count();
    assert_eq!(of("wrong old password"), 5);
    assert!(of("throttled") >= 1 && entries.iter().all(|entry| entry["username"] == "ada"), "{entries:?}");
}

/// 240 logins that are sent and broken off delay nobody: nothing is hashed for them.
#[test]
fn logins_that_are_sent_and_reset_delay_nobody() {
    let data = DataDir::with_users(&["ada", "eve"]);
    // One account's hash is so dear, and with it every wrong login, that many of them would be told apart from a few.
    let mut users = data.users_json();
    let hash = users["users"]["eve"]["password"].as_str().unwrap().replace("i=1000,", "i=400000,");
    users["users"]["eve"]["password"] = json!(hash);
    std::fs::write(data.file("users.json"), users.to_string()).unwrap();
    let server = data.start();
    let flood = |n: usize| {
        let peers: Vec<Peer> = (0..n)
            .map(|i| {
                let mut peer = Peer::over(dial_from(loopback(50 + i as u16), server.address()));
                let line = format!("{}\n", request(&format!("n{i}"), ("password", &json!(WRONG))));
                peer.send_bytes(line.as_bytes());
                peer
            })
            .collect();
        peers.into_iter().for_each(Peer::reset);
    };
    let alone = Instant::now();
    assert_error(&try_login(&server, "nobody", WRONG), "bad_credentials");
    let alone = alone.elapsed();
    flood(120);
    let start = Instant::now();
    assert_eq!(try_login(&server, "ada", PASSWORD)["type"], "welcome");
    let took = start.elapsed();
    println!("alone {alone:?}, behind the flood {took:?}");
    assert!(took < alone * 12, "{took:?} where one alone takes {alone:?}");
}
