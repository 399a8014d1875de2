//! Strangers at the browser's door who stop at any stage: what they cost, and how long they stay.

use crate::harness::browser::{KEY, frame, opcode};
use crate::harness::{Browser, DEADLINE, DataDir, Proc, Server};
use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// How many stop at each stage.
const EACH: u64 = 30;
/// What one of them may cost: a thread's dirty stack, a TLS session, and twice the longest line. Most is the stack: a
/// stranger who says nothing costs it as well.
const KIB_MAX: u64 = 250;
/// What the server may open meanwhile for itself.
const OWN_FILES: usize = 3;
/// Time for a login.
const GRACE: Duration = Duration::from_secs(8);
/// How often a stranger who drips sends a byte.
const DRIP: Duration = Duration::from_millis(200);

/// A stage behind TLS: its name, whether it's behind the upgrade, what has been sent.
fn stages() -> Vec<(&'static str, bool, Vec<u8>)> {
    let piece = |first: u8, length: usize| frame(first, &vec![b'x'; length]);
    let endless: Vec<u8> = (0..16_000).flat_map(|at| piece(if at == 0 { opcode::TEXT } else { 0 }, 1)).collect();
    let long_frame = piece(0x80 | opcode::TEXT, 16_383);
    let long_head = format!("GET / HTTP/1.1\r\nSec-WebSocket-Key: {KEY}\r\nA: {}", "a".repeat(8_000));
    vec![
        ("nothing behind TLS", false, b"".to_vec()),
        ("half a line", false, [b"{", &[b'x'; 16_000][..]].concat()),
        ("half a head", false, long_head.into_bytes()),
        ("nothing behind the head", true, b"".to_vec()),
        ("half a frame's head", true, long_frame[..3].to_vec()),
        ("half a frame", true, long_frame[..16_000].to_vec()),
        ("a message that never ends", true, endless),
        ("half a frame of a message that never ends", true, [piece(1, 8_000), long_frame[..2].to_vec()].concat()),
        (
            "a message of which the last frame is half",
            true,
            [piece(1, 8_000), piece(0x80, 8_300)[..8_200].to_vec()].concat(),
        ),
    ]
}

fn stranger(server: &Server, upgraded: bool, bytes: &[u8]) -> Browser {
    let mut browser =
        if upgraded { Browser::on_the_page(server.address()) } else { Browser::connect(server.address()) };
    browser.send_bytes(bytes);
    browser
}

fn server(grace: Duration) -> Server {
    DataDir::with_users(&["ada"]).server().args(&["--login-grace", &grace.as_secs().to_string()]).start()
}

#[test]
fn those_who_stop_at_any_stage_cost_little_and_are_gone_in_time() {
    let server = server(GRACE);
    let (proc, mut ada) = (Proc::of(server.pid()), server.login("ada"));
    ada.say("who comes?");
    let (threads, files) = proc.load();
    // What those who were there before have left behind counts as well.
    let (kib, mut dearest) = (proc.memory_kib(), 0);
    for (name, upgraded, bytes) in stages() {
        let begun = Instant::now();
        let crowd: Vec<Browser> = (0..EACH).map(|_| stranger(&server, upgraded, &bytes)).collect();
        ada.say("they have come");
        let each = proc.memory_kib().saturating_sub(kib) / EACH;
        println!("{name}: {each} KiB a stranger, who came within {:?}", begun.elapsed());
        dearest = dearest.max(each);
        drop(crowd);
        proc.wait_for_load((threads, files + OWN_FILES));
    }
    assert!(dearest <= KIB_MAX, "{dearest} KiB a stranger");
}

#[test]
fn those_who_stop_or_drip_have_the_time_that_a_login_has() {
    let grace = Duration::from_secs(2);
    let server = server(grace);
    let begun = Instant::now();
    let mut silent: Vec<_> = stages()
        .iter()
        .filter(|(name, ..)| !name.contains("never ends"))
        .map(|(_, upgraded, bytes)| stranger(&server, *upgraded, bytes))
        .collect();
    let mut before_tls = TcpStream::connect(server.address()).unwrap();
    before_tls.set_read_timeout(Some(DEADLINE)).unwrap();
    thread::scope(|scope| {
        for (name, upgraded, bytes) in stages() {
            let server = &server;
            scope.spawn(move || {
                let mut browser = stranger(server, upgraded, &[]);
                let mut pings = frame(0x80 | opcode::PING, b"").into_iter().cycle();
                let mut bytes = bytes.into_iter();
                // A byte at a time of what it is, or of pings.
                let mut drip = || bytes.next().or_else(|| pings.next().filter(|_| upgraded)).unwrap_or(b'{');
                while browser.try_send_bytes(&[drip()]).is_ok() {
                    assert!(begun.elapsed() < DEADLINE, "{name} drips on");
                    thread::sleep(DRIP);
                }
            });
        }
    });
    silent.iter_mut().for_each(Browser::assert_closed);
    // Closed, perhaps with a reset.
    let _ = before_tls.read(&mut [0]);
    assert!(begun.elapsed() >= grace, "{:?}", begun.elapsed());
    server.login("ada").say("still here");
}
