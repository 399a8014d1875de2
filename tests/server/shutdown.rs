//! The end: everyone is told, nothing is lost, the exit status is 0.

use crate::harness::{DataDir, PASSWORD, Peer, Server, Share, assert_error, assert_reply};
#[cfg(target_os = "linux")]
use crate::harness::{Output, Terminal};
use serde_json::{Value, json};
use std::net::TcpStream;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[track_caller]
fn assert_told(lines: &[Value]) {
    let last = lines.last().expect("closed without a word");
    assert_eq!((&last["type"], &last["reason"]), (&json!("bye"), &json!("shutdown")), "{lines:?}");
}

#[test]
fn an_administrators_shutdown_tells_everyone() {
    let mut server = Server::with_users(&["ada", "bob"]);
    let mut peers = [server.login("ada"), server.login("ada"), server.login("bob")];
    let mut admin = server.admin();
    admin.send(&json!({"type": "shutdown", "id": "end"}));
    let lines = admin.until_closed();
    assert_reply(lines.iter().find(|line| line["id"] == "end").unwrap_or_else(|| panic!("no answer: {lines:?}")));
    assert_told(&lines);
    peers.iter_mut().for_each(|peer| assert_told(&peer.until_closed()));
    assert_eq!(server.wait(), Some(0));
    assert!(TcpStream::connect(server.address()).is_err(), "it still listens");
}

#[test]
#[cfg(unix)]
fn a_signal_does_the_same() {
    let mut server = Server::with_users(&["ada", "bob"]);
    let mut peers = [server.login("ada"), server.login("bob")];
    server.terminate();
    peers.iter_mut().for_each(|peer| assert_told(&peer.until_closed()));
    assert_eq!(server.wait(), Some(0));
    assert!(!server.stderr.text().contains("panicked"), "{}", server.stderr.text());
}

#[test]
#[cfg(unix)]
fn an_empty_server_ends_at_once() {
    let mut server = DataDir::new().start();
    let start = Instant::now();
    server.terminate();
    assert_eq!(server.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(2), "it took {:?}", start.elapsed());
}

#[test]
fn what_is_queued_is_delivered_before_the_bye() {
    let mut server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    let mut admin = server.admin();
    let text = "x".repeat(1_000);
    let lines = (0..300).map(|i| format!("{}\n", json!({"type": "say", "id": format!("{i}"), "text": text})));
    ada.send_bytes(lines.collect::<String>().as_bytes());
    ada.answer("200");
    admin.send(&json!({"type": "shutdown"}));
    let acknowledged = ada.until_closed();
    let got = bob.until_closed();
    assert_told(&acknowledged);
    assert_told(&got);
    let newest = acknowledged.iter().rev().find_map(|line| line["seq"].as_u64()).unwrap();
    let messages = |lines: &[Value]| lines.iter().filter(|line| line["type"] == "message").count();
    assert!(got.iter().any(|line| line["seq"] == newest), "ada saw {newest}, bob did not");
    // The answer that was waited for is no longer among ada's.
    assert_eq!(messages(&got), messages(&acknowledged) + 1);
    assert_eq!(server.wait(), Some(0));
}

#[test]
#[cfg(unix)]
fn strangers_and_the_deaf_do_not_hold_it_up() {
    let (mut server, _ada, _deaf) = with_one_who_is_deaf();
    let _silent = TcpStream::connect(server.address()).unwrap();
    let _stranger = server.connect();
    let start = Instant::now();
    server.terminate();
    assert_eq!(server.wait(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(9), "it took {:?}", start.elapsed());
}

/// While one who doesn't read holds up the end, whoever comes in is turned away in words.
#[test]
#[cfg(unix)]
fn nobody_new_gets_in_meanwhile() {
    let (server, mut ada, _deaf) = with_one_who_is_deaf();
    let mut stranger = server.connect();
    stranger.assert_alive();
    server.terminate();
    assert_told(&ada.until_closed());
    let request = json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD});
    assert_error(&stranger.ask(request), "shutting_down");
    stranger.until_closed();
}

#[test]
#[cfg(unix)]
fn a_second_signal_ends_it_at_once() {
    let (mut server, mut ada, _deaf) = with_one_who_is_deaf();
    let start = Instant::now();
    server.terminate();
    // The first signal is being obeyed.
    assert_told(&ada.until_closed());
    server.terminate();
    server.wait();
    assert!(start.elapsed() < Duration::from_secs(3), "it took {:?}", start.elapsed());
}

/// A server with one who talks and one who never reads, with more waiting than any buffer holds.
#[cfg(unix)]
fn with_one_who_is_deaf() -> (Server, Peer, Peer) {
    let server = Server::unlimited(&["ada", "deaf"]);
    let deaf = server.login("deaf");
    let mut ada = server.login("ada");
    let text = "x".repeat(4_000);
    let lines = (0..2_500).map(|_| format!("{}\n", json!({"type": "say", "text": text})));
    ada.pour(lines.collect::<String>().as_bytes(), |_| Share::Drop);
    ada.say("that was a lot");
    (server, ada, deaf)
}

/// SIGHUP is a wish to reload, but not when it is the terminal itself that hangs up.
#[test]
#[cfg(target_os = "linux")]
fn a_server_ends_with_the_terminal_that_it_was_started_from() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().command();
    let words = std::iter::once(server.get_program()).chain(server.get_args()).map(|word| word.to_str().unwrap());
    let line: Vec<String> = words.map(|word| format!("'{word}'")).collect();
    let mut script = Command::new("script");
    script
        .args(["-qec", &format!("exec {}", line.join(" ")), "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut terminal = script.spawn().unwrap();
    let shown = Output::of(terminal.stdout.take().unwrap());
    let text = shown.wait_for("ready");
    let address = text.split("listening on ").nth(1).unwrap().split_whitespace().next().unwrap();
    let mut ada = Peer::connect(address.parse().unwrap());
    ada.login("ada", PASSWORD);
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    assert_told(&ada.until_closed());
}
