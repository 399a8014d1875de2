//! One deadline for TCP, TLS and login together.

use crate::harness::{DataDir, Peer, Server};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

const GRACE: Duration = Duration::from_secs(2);
/// How much later than its deadline somebody may be gone on a busy machine.
const SLACK: Duration = Duration::from_secs(3);
const DRIP: Duration = Duration::from_secs(1);

/// The beginning of a ClientHello that says it is 512 bytes long.
const HELLO: [u8; 11] = *b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

fn server() -> Server {
    DataDir::with_users(&["ada"]).server().args(&["--login-grace", &GRACE.as_secs().to_string()]).start()
}

/// Whether the other side has closed, or does within this time.
fn closes_within(mut socket: &TcpStream, wait: Duration) -> bool {
    socket.set_read_timeout(Some(wait)).unwrap();
    match socket.read(&mut [0; 64]) {
        Ok(n) => n == 0,
        Err(e) => !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

fn says_nothing(server: &Server, first: &[u8]) {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    socket.write_all(first).unwrap();
    assert!(closes_within(&socket, GRACE + SLACK), "it may stay");
}

fn drips_before_tls(server: &Server) {
    let mut socket = TcpStream::connect(server.address()).unwrap();
    for byte in HELLO {
        // The server may have closed a moment ago.
        let _ = socket.write_all(&[byte]);
        if closes_within(&socket, DRIP) {
            return;
        }
    }
    panic!("eleven seconds of dripping");
}

fn drips_a_login(server: &Server, line: &str) {
    let mut peer = Peer::connect(server.address());
    for byte in line.bytes() {
        // The server may have closed a moment ago.
        let _ = peer.try_send_bytes(&[byte]);
        if peer.closes_within(DRIP) {
            return;
        }
    }
    panic!("it took the whole line");
}

/// Runs it beside others; gives how long it took.
fn timed<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    what: impl FnOnce() + Send + 'scope,
) -> ScopedJoinHandle<'scope, Duration> {
    scope.spawn(|| {
        let start = Instant::now();
        what();
        start.elapsed()
    })
}

#[test]
fn whoever_is_silent_or_drips_is_gone_by_the_deadline() {
    let server = &server();
    thread::scope(|scope| {
        let strangers = [
            ("silent", timed(scope, || says_nothing(server, b""))),
            ("half a ClientHello", timed(scope, || says_nothing(server, &HELLO))),
            ("a byte a second before TLS", timed(scope, || drips_before_tls(server))),
            ("a byte a second of a login", timed(scope, || drips_a_login(server, "{\"type\":\"login\",\"username\":"))),
            ("silent behind TLS", timed(scope, || assert!(server.connect().closes_within(GRACE + SLACK)))),
        ];
        let start = Instant::now();
        server.login("ada").say("got in meanwhile");
        println!("login and a message meanwhile: {:?}", start.elapsed());
        for (who, thread) in strangers {
            let took = thread.join().unwrap();
            println!("{who}: gone after {took:?}");
            assert!(took < GRACE + SLACK, "{who}: {took:?}");
        }
    });
}

/// Pings keep nobody in the lobby.
#[test]
fn whoever_only_pings_is_gone_by_the_deadline() {
    let server = server();
    let mut peer = server.connect();
    let end = Instant::now() + GRACE + SLACK;
    while !peer.closes_within(Duration::from_millis(200)) {
        assert!(Instant::now() < end, "pings keep it in the lobby");
        let _ = peer.try_send_bytes(b"{\"type\":\"ping\"}\n");
    }
}

/// The deadline is for strangers alone.
#[test]
fn whoever_is_logged_in_may_be_silent() {
    let server = server();
    let mut ada = server.login("ada");
    says_nothing(&server, b"");
    ada.say("still here");
}
