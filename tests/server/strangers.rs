//! Those who connect and don't log in get in nobody's way.

use crate::harness::{Peer, Server, assert_error};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Nobody waits for the strangers; twice the time would still not be their deadline.
const AT_ONCE: Duration = Duration::from_secs(5);

#[test]
fn whoever_says_nothing_stops_nobody() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    let mid_handshake: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut socket = TcpStream::connect(server.address()).unwrap();
            // The beginning of a ClientHello.
            socket.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
            socket
        })
        .collect();
    let strangers: Vec<Peer> = (0..20).map(|_| server.connect()).collect();
    let mid_line: Vec<Peer> = (0..5)
        .map(|_| {
            let mut peer = server.connect();
            peer.send_bytes(b"{\"type\":\"login\",");
            peer
        })
        .collect();
    let start = Instant::now();
    let mut bob = server.login("bob");
    bob.say("got in");
    ada.event("message", "bob");
    let took = start.elapsed();
    println!("login and a message beside 65 silent strangers took {took:?}");
    assert!(took < AT_ONCE, "it took {took:?}");
    drop((silent, mid_handshake, strangers, mid_line));
    ada.say("still here");
}

/// Comings and goings wait a little for more while somebody is about to log in, and no longer.
#[test]
fn whoever_says_nothing_keeps_nobody_from_being_announced() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let stranger = server.connect();
    for _ in 0..3 {
        drop(server.login("bob"));
        ada.event("joined", "bob");
        ada.event("left", "bob");
    }
    drop(stranger);
}

/// None of them may take a core by asking what everyone may ask.
#[test]
fn whoever_pings_on_and_on_is_told_to_log_in() {
    let server = Server::with_users(&["ada"]);
    let mut stranger = server.connect();
    let pings: String = (0..200).map(|i| format!("{{\"type\":\"ping\",\"id\":\"p{i}\"}}\n")).collect();
    stranger.send_bytes(pings.as_bytes());
    let answers = stranger.until_closed();
    let (last, pongs) = answers.split_last().unwrap();
    assert!(pongs.iter().all(|answer| answer["type"] == "pong"), "{answers:?}");
    assert!((20..=100).contains(&pongs.len()), "{}", pongs.len());
    assert_error(last, "not_logged_in");
    assert!(last["message"].as_str().unwrap().contains("log in first"), "{last}");
}

#[test]
fn whoever_speaks_no_tls_is_shown_out() {
    let server = Server::with_users(&["ada"]);
    for bytes in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"SSH-2.0-x\r\n", &[0; 64], &[0xff; 64]] {
        let mut socket = TcpStream::connect(server.address()).unwrap();
        socket.write_all(bytes).unwrap();
    }
    server.login("ada").say("still here");
}
