//! A bare client: TLS, lines of JSON, and the protocol's description.

use super::{DEADLINE, assert_for_people};
use native_tls::{TlsConnector, TlsStream};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The longest line there may be, its end included.
const LINE_BYTES_MAX: usize = 16_384;

/// Takes whatever certificate there is. One for all: each reads the system's roots when it is made.
static CONNECTOR: LazyLock<TlsConnector> = LazyLock::new(|| {
    let mut builder = TlsConnector::builder();
    builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true).build().unwrap()
});

/// What all of them connect with.
#[allow(dead_code, reason = "for clients whose connections may fail")]
pub(crate) fn connector() -> &'static TlsConnector {
    &CONNECTOR
}

/// How many requests were sent with an id. Events tell everyone the ids of their senders, so no two peers have the same.
static REQUESTS: AtomicU32 = AtomicU32::new(1);

/// A connection to a server. Whatever it receives is held to what holds for every line: its length, its form, the
/// order of events and their times.
pub(crate) struct Peer {
    tls: TlsStream<TcpStream>,
    /// The beginning of a line.
    partial: Vec<u8>,
    /// Lines that no test has asked for yet.
    inbox: VecDeque<Value>,
    closed: bool,
    seq: u64,
    /// It sends again what it has said, and is answered with events that it may have seen.
    pub(crate) hears_again: bool,
    /// What the server answered to the login.
    pub(crate) welcome: Value,
}

/// What to do with a line while sending.
pub(crate) enum Share {
    /// It stays in the inbox.
    Keep,
    /// The test has taken what it wants.
    Drop,
}

impl Peer {
    /// Connects, whatever the certificate.
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&address, DEADLINE).unwrap())
    }

    /// TLS over a socket that is connected already.
    #[track_caller]
    pub(crate) fn over(socket: TcpStream) -> Self {
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket.set_write_timeout(Some(DEADLINE)).unwrap();
        let tls = CONNECTOR.connect("localhost", socket).unwrap();
        let (partial, inbox) = (Vec::new(), VecDeque::new());
        Self { tls, partial, inbox, closed: false, seq: 0, hears_again: false, welcome: Value::Null }
    }

    /// The server's certificate in DER.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.tls.peer_certificate().unwrap().unwrap().to_der().unwrap()
    }

    /// Logs in, which must succeed.
    #[track_caller]
    pub(crate) fn login(&mut self, username: &str, password: &str) {
        self.send(&json!({"type": "login", "protocol": 1, "username": username, "password": password}));
        self.welcomed();
    }

    /// Logs in as before, which must succeed, and asks for what came after `after`.
    #[track_caller]
    pub(crate) fn resume(&mut self, username: &str, token: &Value, after: u64) {
        self.send(&json!({"type": "login", "protocol": 1, "username": username, "token": token, "after": after}));
        self.welcomed();
    }

    #[track_caller]
    fn welcomed(&mut self) {
        self.welcome = self.next();
        assert_eq!(self.welcome["type"], "welcome", "{}", self.welcome);
    }

    /// Sends one request.
    #[track_caller]
    pub(crate) fn send(&mut self, request: &Value) {
        self.send_bytes(format!("{request}\n").as_bytes());
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.try_send_bytes(bytes).unwrap();
    }

    /// Sends bytes as they are; an error when the server is gone.
    pub(crate) fn try_send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tls.write_all(bytes)
    }

    /// Sends bytes beside TLS, which break it.
    pub(crate) fn send_under_tls(&self, bytes: &[u8]) {
        // The server may have closed already.
        let _ = self.tls.get_ref().write_all(bytes);
    }

    /// Sends and receives at the same time, so that neither side waits for the other. `each` decides about every
    /// line that comes meanwhile. Ends early when the server closes.
    #[track_caller]
    pub(crate) fn pour(&mut self, mut bytes: &[u8], mut each: impl FnMut(&Value) -> Share) {
        let mut end = Instant::now() + DEADLINE;
        self.tls.get_ref().set_nonblocking(true).unwrap();
        while !bytes.is_empty() && !self.closed {
            let sent = match self.tls.write(bytes) {
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => 0,
                Err(_) => break,
            };
            bytes = &bytes[sent..];
            let before = self.inbox.len();
            let received = self.receive_now();
            let new = self.inbox.split_off(before);
            self.inbox.extend(new.into_iter().filter(|line| matches!(each(line), Share::Keep)));
            if sent > 0 || received {
                end = Instant::now() + DEADLINE;
            } else {
                assert!(Instant::now() < end, "the server neither reads nor writes");
                thread::sleep(Duration::from_millis(1));
            }
        }
        self.tls.get_ref().set_nonblocking(false).unwrap();
    }

    /// Sends a request under a fresh id and gives its answer. Other lines stay in the inbox.
    #[track_caller]
    pub(crate) fn ask(&mut self, mut request: Value) -> Value {
        let id = format!("r{}", REQUESTS.fetch_add(1, Ordering::Relaxed));
        request["id"] = json!(id);
        self.send(&request);
        self.answer(&id)
    }

    /// The line that carries this id.
    #[track_caller]
    pub(crate) fn answer(&mut self, id: &str) -> Value {
        self.find(&format!("the answer to {id}"), |line| line["id"] == id)
    }

    /// Says something to the room, and waits for the event.
    #[track_caller]
    pub(crate) fn say(&mut self, text: &str) -> Value {
        let event = self.ask(json!({"type": "say", "text": text}));
        assert_eq!(event["type"], "message", "{event}");
        event
    }

    /// The next line.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        self.find("any line", |_| true)
    }

    /// The next line, for which it may wait longer than for others.
    #[allow(dead_code, reason = "only logins are held for so long")]
    #[track_caller]
    pub(crate) fn next_within(&mut self, wait: Duration) -> Value {
        let end = Instant::now() + wait;
        while self.inbox.is_empty() {
            assert!(!self.closed && self.receive(end), "no answer within {wait:?}, closed: {}", self.closed);
        }
        self.next()
    }

    /// Sends a request and gives the next line, which a login that is held waits for.
    #[allow(dead_code, reason = "only logins are held for so long")]
    #[track_caller]
    pub(crate) fn ask_plainly(&mut self, request: &Value) -> Value {
        self.send(request);
        self.next_within(3 * DEADLINE)
    }

    /// Breaks the connection off: what the other side has sent and still sends is thrown away.
    #[allow(dead_code, reason = "only some break off")]
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(self.tls.get_ref());
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// The next event of this kind about this account (its sender or its subject).
    #[track_caller]
    pub(crate) fn event(&mut self, kind: &str, account: &str) -> Value {
        self.find(&format!("{kind} of {account}"), |line| {
            line["type"] == kind && (line["username"] == account || line["from"] == account)
        })
    }

    /// The first line, oldest first, that is `wanted`. Others stay in the inbox.
    #[track_caller]
    pub(crate) fn find(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + DEADLINE;
        let mut looked_at = 0;
        loop {
            if let Some(i) = self.inbox.iter().skip(looked_at).position(&wanted) {
                return self.inbox.remove(looked_at + i).unwrap();
            }
            looked_at = self.inbox.len();
            if self.closed || !self.receive(end) {
                let how = if self.closed { "the server closed" } else { "time is up" };
                panic!("waiting for {name}: {how}; meanwhile came {:?}", self.inbox);
            }
        }
    }

    /// Every line up to the one that is `last`, in order, that one included.
    #[track_caller]
    pub(crate) fn until(&mut self, name: &str, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let end = Instant::now() + DEADLINE;
        let mut looked_at = 0;
        loop {
            if let Some(i) = self.inbox.iter().skip(looked_at).position(&last) {
                return self.inbox.drain(..=looked_at + i).collect();
            }
            looked_at = self.inbox.len();
            assert!(!self.closed && self.receive(end), "waiting for {name}; meanwhile came {:?}", self.inbox);
        }
    }

    /// Everything up to a message with this text.
    #[track_caller]
    pub(crate) fn until_text(&mut self, text: &str) -> Vec<Value> {
        self.until(text, |line| line["text"] == text)
    }

    /// Everything until the server closes, which it must.
    #[track_caller]
    pub(crate) fn until_closed(&mut self) -> Vec<Value> {
        let end = Instant::now() + DEADLINE;
        while !self.closed {
            assert!(self.receive(end), "the server keeps the connection; {:?}", self.inbox);
        }
        self.inbox.drain(..).collect()
    }

    /// Whether the server has closed, or does within this time.
    #[track_caller]
    pub(crate) fn closes_within(&mut self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        while !self.closed && self.receive(end) {}
        self.closed
    }

    /// Fails unless the server still answers here.
    #[track_caller]
    pub(crate) fn assert_alive(&mut self) {
        let pong = self.ask(json!({"type": "ping"}));
        assert_eq!(pong["type"], "pong", "{pong}");
    }

    /// What came and wasn't asked for.
    pub(crate) fn inbox(&self) -> &VecDeque<Value> {
        &self.inbox
    }

    /// The newest event's seq that came here.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Reads some and throws it away, which is the cheapest way to read; true when the server has closed.
    #[cfg(target_os = "linux")]
    pub(crate) fn drain_once(&mut self) -> bool {
        self.tls.get_ref().set_read_timeout(None).unwrap();
        !matches!(self.tls.read(&mut [0; 16_384]), Ok(n) if n > 0)
    }

    /// Leaves as TLS wants it, without a `logout`.
    pub(crate) fn close(mut self) {
        // The server may be gone.
        let _ = self.tls.shutdown();
    }

    /// Waits for more; false when there's none until `end`.
    #[track_caller]
    fn receive(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        self.tls.get_ref().set_read_timeout(Some(left)).unwrap();
        self.receive_now() || self.closed
    }

    /// One read; whether anything came.
    #[track_caller]
    fn receive_now(&mut self) -> bool {
        let mut chunk = [0; 16_384];
        match self.tls.read(&mut chunk) {
            Ok(0) => self.closed = true,
            Ok(n) => {
                self.take(&chunk[..n]);
                return true;
            }
            // A signal may come to any thread of the tests.
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(e) => {
                assert!(is_end(&e), "not an end but {e}");
                self.closed = true;
            }
        }
        false
    }

    #[track_caller]
    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&b| b == b'\n') {
            self.partial.extend_from_slice(piece);
            assert!(self.partial.len() <= LINE_BYTES_MAX, "a line of {} bytes", self.partial.len());
            if piece.ends_with(b"\n") {
                let line: Value = serde_json::from_slice(&self.partial).unwrap();
                self.partial.clear();
                self.check(&line);
                self.inbox.push_back(line);
            }
        }
    }

    /// What holds for every event.
    #[track_caller]
    fn check(&mut self, line: &Value) {
        assert!(line["type"].is_string(), "a line without a type: {line}");
        if line["type"] == "error" || line["type"] == "notice" {
            assert_for_people(&line.to_string());
        }
        let no_event = ["welcome", "reply", "error", "notice", "role", "bye", "ping", "pong", "away", "removed"];
        if no_event.iter().any(|kind| line["type"] == *kind) {
            return;
        }
        let seq = line["seq"].as_u64().unwrap_or_else(|| panic!("no seq: {line}"));
        assert!(seq > self.seq || self.hears_again, "seq {seq} after {}", self.seq);
        self.seq = self.seq.max(seq);
        assert!(line["time"].as_str().is_some_and(is_utc_with_milliseconds), "not a time: {line}");
    }
}

/// Whether a failed read means that the server is gone.
fn is_end(error: &io::Error) -> bool {
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::UnexpectedEof];
    kinds.contains(&error.kind()) || error.to_string().contains("unexpected EOF")
}

/// `2026-11-23T12:00:00.123Z`
fn is_utc_with_milliseconds(time: &str) -> bool {
    let form = "0000-00-00T00:00:00.000Z";
    let same = |(b, f): (u8, u8)| if f == b'0' { b.is_ascii_digit() } else { b == f };
    time.len() == form.len() && time.bytes().zip(form.bytes()).all(same)
}
