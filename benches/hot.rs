//! The pieces that every message passes through, one by one: `cargo bench --bench hot`.
//!
//! divan, because its newest version builds with the Rust version that this crate promises.

#![allow(clippy::unwrap_used)]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use homeroom::duplex::Duplex;
use homeroom::lines::{Line, LineReader};
use homeroom::protocol::{Request, ServerMessage};
use homeroom::{hex, identity};
use native_tls::{TlsAcceptor, TlsConnector};
use std::cell::RefCell;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long one handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// The recipients of a fan-out.
const RECIPIENTS: &[usize] = &[1, 10, 100];
/// How many messages go out together: a quiet room, a busy one, a busier one.
const BATCHES: &[usize] = &[1, 8, 64];

fn main() {
    divan::main();
}

fn message(seq: u64) -> ServerMessage<'static> {
    ServerMessage::Message {
        seq,
        time: "2026-11-23T12:00:00.123Z".into(),
        from: "ada".into(),
        room: "general".into(),
        text: "x".repeat(64).into(),
        action: false,
        format: None,
        lang: None,
        removed: false,
        id: Some("c17".into()),
    }
}

/// Lines as one write brings them.
fn batch(messages: usize) -> Vec<u8> {
    (0..messages as u64).flat_map(|seq| message(seq).encode()).collect()
}

#[divan::bench]
fn encode_event(bencher: Bencher<'_, '_>) {
    let message = message(1_000_000);
    bencher.counter(ItemsCount::new(1_usize)).bench(|| black_box(&message).encode());
}

#[divan::bench]
fn parse_say(bencher: Bencher<'_, '_>) {
    let line =
        Request::Say { room: None, text: "x".repeat(64), action: false, format: None, lang: None }.encode(Some("c17"));
    let line = &line[..line.len() - 1];
    bencher.counter(ItemsCount::new(1_usize)).bench(|| Request::parse(black_box(line)).unwrap());
}

#[divan::bench]
fn parse_login(bencher: Bencher<'_, '_>) {
    let line = br#"{"type":"login","protocol":1,"username":"ada","password":"correct horse","id":"c1"}"#;
    bencher.counter(ItemsCount::new(1_usize)).bench(|| Request::parse(black_box(line)).unwrap());
}

#[divan::bench]
fn parse_what_is_no_request(bencher: Bencher<'_, '_>) {
    let line = br#"{"type":"say","id":"c1","text":17}"#;
    bencher.counter(ItemsCount::new(1_usize)).bench(|| Request::parse(black_box(line)).unwrap_err());
}

#[divan::bench(args = BATCHES)]
fn read_lines(bencher: Bencher<'_, '_>, messages: usize) {
    let bytes = batch(messages);
    let mut reader = LineReader::default();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let mut sum = 0;
        reader.feed(black_box(&bytes), |line| {
            if let Line::Whole(line) = line {
                sum += line.len();
            }
        });
        sum
    });
}

/// A line that comes in two pieces, which the reader must keep in between.
#[divan::bench]
fn read_a_line_in_two_pieces(bencher: Bencher<'_, '_>) {
    let bytes = batch(1);
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    let mut reader = LineReader::default();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        reader.feed(black_box(head), |_| unreachable!("half a line is no line"));
        reader.feed(black_box(tail), |line| {
            black_box(line);
        });
    });
}

#[divan::bench]
fn read_a_fingerprint(bencher: Bencher<'_, '_>) {
    let text = hex::Hex(&[0xa5; 32]).to_string();
    bencher.bench(|| hex::parse(black_box(&text)).unwrap());
}

/// What a postman does for each of its sessions but the `send`: the same lines encrypted for each recipient.
#[divan::bench(args = RECIPIENTS, consts = [1, 8, 64])]
fn fan_out<const MESSAGES: usize>(bencher: Bencher<'_, '_>, recipients: usize) {
    let lines = batch(MESSAGES);
    let mut sessions: Vec<Duplex> = (0..recipients).map(|_| connected().0).collect();
    let mut ciphertext = Vec::new();
    bencher.counter(ItemsCount::new(recipients * MESSAGES)).bench_local(|| {
        for tls in &mut sessions {
            std::mem::swap(tls.outgoing(), &mut ciphertext);
            tls.encrypt(black_box(&lines)).unwrap();
            ciphertext = std::mem::take(tls.outgoing());
            black_box(&ciphertext);
            ciphertext.clear();
        }
    });
}

/// The whole way of some lines: encrypted on one side, decrypted on the other.
#[divan::bench(args = BATCHES)]
fn decrypt(bencher: Bencher<'_, '_>, messages: usize) {
    let lines = batch(messages);
    let (server, mut client) = connected();
    let server = RefCell::new(server);
    let mut plain = Vec::new();
    // Records must be decrypted in the order of their encryption, as divan makes and uses its inputs.
    let encrypted = || {
        let mut server = server.borrow_mut();
        server.encrypt(&lines).unwrap();
        std::mem::take(server.outgoing())
    };
    bencher.counter(BytesCount::new(lines.len())).with_inputs(encrypted).bench_local_values(|ciphertext| {
        plain.clear();
        client.decrypt(&ciphertext, &mut plain).unwrap();
        assert_eq!(plain.len(), lines.len());
    });
}

/// A handshake with a session made for each: what a login costs beside the hash.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn handshake_of_both_sides() -> (Duplex, Duplex) {
    connected()
}

/// Both ends of one TLS session over a loopback connection, whose sockets are closed by now: what is encrypted on
/// one end is decrypted on the other by hand.
fn connected() -> (Duplex, Duplex) {
    let (listener, deadline) = (TcpListener::bind("127.0.0.1:0").unwrap(), Instant::now() + HANDSHAKE_DEADLINE);
    let near = Arc::new(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let far = Arc::new(listener.accept().unwrap().0);
    let (acceptor, connector) = ends();
    let server = thread::spawn(move || {
        let mut tls = Duplex::accept(acceptor, &far, deadline).unwrap();
        tls.send(&far, b"!").unwrap();
        tls
    });
    let mut client = Duplex::connect(connector, "homeroom", &near, deadline).unwrap();
    // What TLS 1.3 sends after a handshake, its session tickets, comes before the server's `!`, which may have
    // come together with the end of the handshake.
    let mut plain = Vec::new();
    client.decrypt(&[], &mut plain).unwrap();
    while plain.is_empty() {
        client.receive(&near, deadline, &mut plain).unwrap();
    }
    (server.join().unwrap(), client)
}

fn ends() -> &'static (TlsAcceptor, TlsConnector) {
    static ENDS: std::sync::OnceLock<(TlsAcceptor, TlsConnector)> = std::sync::OnceLock::new();
    ENDS.get_or_init(|| {
        let bytes = identity::make(&[], &[], jiff::Timestamp::now(), None).unwrap();
        let acceptor = TlsAcceptor::new(identity::read(&bytes).unwrap().tls).unwrap();
        let connector =
            TlsConnector::builder().danger_accept_invalid_certs(true).disable_built_in_roots(true).build().unwrap();
        (acceptor, connector)
    })
}
