//! The cases of Autobahn|Testsuite's fuzzing client, version 0.8.2, by its own numbers: section 1 to 7, 9 and 10.
//!
//! The suite wants an echo. Here a text is a line, so in place of the echo comes one answer: that it is no request. Some
//! outcomes differ by what our protocol says: a binary message closes with 1003 (1.2, 9.2, 9.4, 9.6, 9.8), one that is
//! longer than a line with 1009 (1.1.6 to 1.1.8, 7.1.6, 9.1, 9.3, 9.5, 10.1.1). Sections 12 and 13 are about compression,
//! which is not offered.

use crate::harness::browser::{frame, opcode};
use crate::harness::{Browser, Server};
use opcode::{BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT};
use serde_json::json;
use std::net::SocketAddr;

/// The bit that says: the last piece.
const LAST: u8 = 0x80;
/// Longer ones are not sent byte by byte.
const BYTE_BY_BYTE_MAX: usize = 1_000;
/// An invalid character, in the middle of words that are none.
const WRONG: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";

/// What is sent, and what then comes.
struct Case {
    number: &'static str,
    bytes: Vec<u8>,
    /// How many lines are answered. Those before a close may be, and need not.
    lines: usize,
    pongs: Vec<Vec<u8>>,
    /// With what the server closes. Otherwise it still answers a close of ours.
    closed: Option<u16>,
}

fn case(number: &'static str, frames: &[Vec<u8>], lines: usize, pongs: &[&[u8]], closed: Option<u16>) -> Case {
    Case { number, bytes: frames.concat(), lines, pongs: pongs.iter().map(|p| p.to_vec()).collect(), closed }
}

/// Is answered with so many lines.
fn lines(number: &'static str, frames: &[Vec<u8>], count: usize) -> Case {
    case(number, frames, count, &[], None)
}

/// Is closed with a code.
fn closed(number: &'static str, frames: &[Vec<u8>], code: u16) -> Case {
    case(number, frames, 0, &[], Some(code))
}

fn text(payload: &[u8]) -> Vec<u8> {
    frame(LAST | TEXT, payload)
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(LAST | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A message in pieces of so many bytes.
fn pieces(payload: &[u8], bytes: usize) -> Vec<u8> {
    let count = payload.len().div_ceil(bytes);
    let piece = |(at, piece): (usize, &[u8])| {
        let first = if at == 0 { TEXT } else { CONTINUATION };
        frame(if at + 1 == count { LAST | first } else { first }, piece)
    };
    payload.chunks(bytes).enumerate().flat_map(piece).collect()
}

impl Case {
    #[track_caller]
    fn hold(&self, address: SocketAddr) {
        self.hold_in_chops(address, self.bytes.len().max(1));
        if self.bytes.len() <= BYTE_BY_BYTE_MAX {
            self.hold_in_chops(address, 1);
        }
    }

    #[track_caller]
    fn hold_in_chops(&self, address: SocketAddr, chop: usize) {
        let Self { number, lines, ref pongs, closed, .. } = *self;
        let mut browser = Browser::login(address, "ada");
        // Whoever is sent away early doesn't take the rest.
        let _ = self.bytes.chunks(chop).try_for_each(|bytes| browser.try_send_bytes(bytes));
        let (mut answered, mut ponged) = (0, Vec::new());
        if closed.is_none() {
            while answered < lines || ponged.len() < pongs.len() {
                take(&mut browser, number, &mut answered, &mut ponged);
            }
            browser.send_bytes(&close(1000, b""));
        }
        let code = loop {
            if let Some(code) = take(&mut browser, number, &mut answered, &mut ponged) {
                break code;
            }
        };
        browser.assert_closed();
        assert_eq!(code, closed.unwrap_or(1000), "{number}, {chop} bytes at a time");
        assert!(answered <= lines, "{number}: {answered} lines");
        assert_eq!(&ponged, pongs, "{number}, {chop} bytes at a time");
    }
}

/// Takes a frame; gives the code of a close.
#[track_caller]
fn take(browser: &mut Browser, number: &str, answered: &mut usize, ponged: &mut Vec<Vec<u8>>) -> Option<u16> {
    let frame = browser.frame();
    match frame.opcode {
        TEXT => {
            let text = String::from_utf8(frame.payload).unwrap();
            *answered += text.lines().filter(|line| line.contains("bad_request")).count();
        }
        PONG => ponged.push(frame.payload),
        CLOSE => return Some(u16::from_be_bytes([frame.payload[0], frame.payload[1]])),
        other => panic!("{number}: a frame of the kind {other}"),
    }
    None
}

#[track_caller]
fn hold_all(cases: &[Case]) {
    let server = Server::unlimited(&["ada"]);
    cases.iter().for_each(|case| case.hold(server.address()));
}

#[test]
fn sections_1_9_and_10_messages_of_every_length() {
    let long = vec![b'*'; 65_536];
    let mut cases = vec![
        lines("1.1.1", &[text(b"")], 1),
        lines("1.1.2", &[text(&long[..125])], 1),
        lines("1.1.3", &[text(&long[..126])], 1),
        lines("1.1.4", &[text(&long[..127])], 1),
        lines("1.1.5", &[text(&long[..128])], 1),
        lines("1.1.6, of the longest line", &[text(&long[..16_383])], 1),
        closed("1.1.6", &[text(&long[..65_535])], 1009),
        closed("1.1.7", &[text(&long)], 1009),
        closed("9.3.1 to 9.3.9", &[pieces(&long, 64)], 1009),
        // One empty message is a line, a thousand are a thousand.
        lines("9.7.1", &vec![text(b""); 1_000], 1_000),
        lines("9.7.2", &vec![text(&long[..16]); 1_000], 1_000),
        lines("9.7.4", &vec![text(&long[..256]); 100], 100),
        lines("9.7.6", &vec![text(&long[..4_096]); 20], 20),
        lines("10.1.1, of the longest line", &[pieces(&long[..16_383], 1_300)], 1),
        closed("10.1.1", &[pieces(&long, 1_300)], 1009),
    ];
    for (number, length) in [("1.2.1", 0), ("1.2.2", 125), ("1.2.3", 126), ("1.2.7, 9.2, 9.4, 9.6, 9.8", 65_536)] {
        cases.push(closed(number, &[frame(LAST | BINARY, &vec![0xfe; length])], 1003));
    }
    hold_all(&cases);
    // In chops of 997 bytes.
    let server = Server::unlimited(&["ada"]);
    closed("1.1.8, 9.5", &[text(&long)], 1009).hold_in_chops(server.address(), 997);
    lines("1.1.8, of the longest line", &[text(&long[..16_383])], 1).hold_in_chops(server.address(), 997);
}

#[test]
fn section_2_pings_and_pongs() {
    let ping = |payload: &[u8]| frame(LAST | PING, payload);
    let pong = |payload: &[u8]| frame(LAST | PONG, payload);
    let binary = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
    let numbered: Vec<String> = (0..10).map(|i| format!("payload-{i}")).collect();
    let ten: Vec<&[u8]> = numbered.iter().map(String::as_bytes).collect();
    let long = [0xfe; 126];
    hold_all(&[
        case("2.1", &[ping(b"")], 0, &[b""], None),
        case("2.2", &[ping(b"Hello, world!")], 0, &[b"Hello, world!"], None),
        case("2.3", &[ping(binary)], 0, &[binary], None),
        case("2.4, 2.6", &[ping(&long[..125])], 0, &[&long[..125]], None),
        closed("2.5", &[ping(&long)], 1002),
        lines("2.7", &[pong(b"")], 0),
        lines("2.8", &[pong(b"unsolicited pong payload")], 0),
        case("2.9", &[pong(b"unsolicited pong payload"), ping(b"ping payload")], 0, &[b"ping payload"], None),
        case("2.10, 2.11", &ten.iter().map(|payload| ping(payload)).collect::<Vec<_>>(), 0, &ten, None),
    ]);
}

#[test]
fn sections_3_and_4_reserved_bits_and_kinds() {
    let hello = b"Hello, world!";
    let with = |bits: u8, kind: u8| frame(LAST | bits | kind, hello);
    let ping = frame(LAST | PING, b"");
    hold_all(&[
        closed("3.1", &[with(0x40, TEXT)], 1002),
        case("3.2", &[text(hello), with(0x20, TEXT), ping.clone()], 1, &[], Some(1002)),
        case("3.3, 3.4", &[text(hello), with(0x30, TEXT), ping.clone()], 1, &[], Some(1002)),
        closed("3.5", &[with(0x50, BINARY)], 1002),
        closed("3.6", &[with(0x60, PING)], 1002),
        closed("3.7", &[with(0x70, CLOSE)], 1002),
        closed("4.1.1", &[frame(LAST | 3, b"")], 1002),
        closed("4.1.2", &[frame(LAST | 4, b"reserved opcode payload")], 1002),
        case("4.1.3", &[text(hello), frame(LAST | 5, b""), ping.clone()], 1, &[], Some(1002)),
        case("4.1.4", &[text(hello), frame(LAST | 6, hello), ping.clone()], 1, &[], Some(1002)),
        case("4.1.5", &[text(hello), frame(LAST | 7, hello), ping.clone()], 1, &[], Some(1002)),
        closed("4.2.1", &[frame(LAST | 11, b"")], 1002),
        closed("4.2.2", &[frame(LAST | 12, b"reserved opcode payload")], 1002),
        case("4.2.3", &[text(hello), frame(LAST | 13, b""), ping.clone()], 1, &[], Some(1002)),
        case("4.2.4", &[text(hello), frame(LAST | 14, hello), ping.clone()], 1, &[], Some(1002)),
        case("4.2.5", &[text(hello), frame(LAST | 15, hello), ping], 1, &[], Some(1002)),
    ]);
}

#[test]
fn section_5_messages_in_pieces() {
    let first = |kind: u8| frame(kind, b"fragment1");
    let more = |payload: &[u8]| frame(CONTINUATION, payload);
    let last = |payload: &[u8]| frame(LAST | CONTINUATION, payload);
    let ping = |payload: &[u8]| frame(LAST | PING, payload);
    let whole = || text(b"fragment2");
    let nothing_to_continue = [more(b"fragment1"), whole()].concat();
    hold_all(&[
        closed("5.1", &[first(PING), last(b"fragment2")], 1002),
        closed("5.2", &[first(PONG), last(b"fragment2")], 1002),
        lines("5.3 to 5.5", &[first(TEXT), last(b"fragment2")], 1),
        case("5.6 to 5.8", &[first(TEXT), ping(b"ping payload"), last(b"fragment2")], 1, &[b"ping payload"], None),
        closed("5.9 to 5.11", &[last(b"non-continuation payload"), whole()], 1002),
        closed("5.12 to 5.14", &[more(b"non-continuation payload"), whole()], 1002),
        case("5.15", &[first(TEXT), last(b"fragment2"), more(b"fragment3"), whole()], 1, &[], Some(1002)),
        closed("5.16", &[nothing_to_continue.clone(), nothing_to_continue], 1002),
        closed("5.17", &[last(b"fragment1"), whole(), last(b"fragment1"), whole()], 1002),
        closed("5.18", &[first(TEXT), whole()], 1002),
        case(
            "5.19, 5.20",
            &[
                first(TEXT),
                more(b"fragment2"),
                ping(b"pongme 1!"),
                more(b"fragment3"),
                more(b"fragment4"),
                ping(b"pongme 2!"),
                last(b"fragment5"),
            ],
            1,
            &[b"pongme 1!", b"pongme 2!"],
            None,
        ),
    ]);
}

#[test]
fn section_6_text_is_utf_8() {
    let empty = |first: u8| frame(first, b"");
    hold_all(&[
        lines("6.1.1", &[text(b"")], 1),
        lines("6.1.2", &[empty(TEXT), empty(CONTINUATION), empty(LAST | CONTINUATION)], 1),
        lines("6.1.3", &[empty(TEXT), frame(CONTINUATION, b"middle frame payload"), empty(LAST | CONTINUATION)], 1),
        closed("6.3.1", &[text(WRONG)], 1007),
        closed("6.3.2", &[pieces(WRONG, 1)], 1007),
        // At once, although the message isn't over, and its frame isn't either where it's in the next.
        closed("6.4.1", &[frame(TEXT, &WRONG[..11]), frame(CONTINUATION, b"\xf4\x90\x80\x80")], 1007),
        closed("6.4.2", &[frame(TEXT, &[&WRONG[..11], b"\xf4"].concat()), frame(CONTINUATION, b"\x90")], 1007),
        closed("6.4.3, 6.4.4", &[text(&[&WRONG[..11], b"\xf4\x90\x80\x80edited"].concat())], 1007),
    ]);
    let server = Server::unlimited(&["ada"]);
    for (number, payload, is_text) in utf_8() {
        let frames = [text(&payload)];
        let case = if is_text { lines(number, &frames, 1) } else { closed(number, &frames, 1007) };
        case.hold_in_chops(server.address(), usize::MAX);
    }
}

#[test]
fn section_6_2_what_is_cut_within_a_character_is_whole_again() {
    let server = Server::unlimited(&["ada"]);
    let mut browser = Browser::login(server.address(), "ada");
    for said in ["Hello-\u{b5}@\u{df}\u{f6}\u{e4}\u{fc}\u{e0}\u{e1}-UTF-8!!", "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}"] {
        let request = json!({"type": "say", "text": said}).to_string();
        for bytes in [request.len(), 1, 2, 29] {
            browser.send_bytes(&pieces(request.as_bytes(), bytes));
            assert_eq!(browser.find(|line| line["type"] == "message")["text"], said, "{bytes}");
        }
    }
}

#[test]
fn section_7_how_it_ends() {
    let long = vec![b'*'; 256 * 1024];
    let empty = || frame(LAST | CLOSE, b"");
    let ping = || frame(LAST | PING, b"");
    let mut cases = vec![
        lines("7.1.1", &[text(b"Hello World!")], 1),
        closed("7.1.2", &[close(1000, b""), close(1000, b"")], 1000),
        closed("7.1.3", &[close(1000, b""), ping()], 1000),
        closed("7.1.4", &[close(1000, b""), text(b"Hello World!")], 1000),
        closed("7.1.5", &[frame(TEXT, b"1"), close(1000, b""), frame(LAST | CONTINUATION, b"2")], 1000),
        closed("7.1.6", &[text(&long), close(1000, b""), ping()], 1009),
        closed("7.3.2", &[frame(LAST | CLOSE, b"a")], 1002),
        closed("7.3.3", &[close(1000, b"")], 1000),
        closed("7.3.4", &[close(1000, b"Hello World!")], 1000),
        closed("7.3.5", &[close(1000, &long[..123])], 1000),
        closed("7.3.6", &[close(1000, &long[..124])], 1002),
        closed("7.5.1", &[close(1000, WRONG)], 1007),
        closed("7.13.1", &[close(5000, b"")], 1002),
    ];
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        cases.push(closed("7.7", &[close(code, b"")], code));
    }
    for code in [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999] {
        cases.push(closed("7.9", &[close(code, b"")], 1002));
    }
    hold_all(&cases);
    let server = Server::unlimited(&["ada"]);
    let mut browser = Browser::login(server.address(), "ada");
    browser.send_bytes(&empty());
    assert_eq!(browser.close_code(), None, "7.3.1");
}

/// Sections 6.5 to 6.23, from Markus Kuhn's test of decoders: what is text, and what isn't.
fn utf_8() -> Vec<(&'static str, Vec<u8>, bool)> {
    let text: [(&str, &[&[u8]]); 8] = [
        ("6.5", &[b"hello\x24world", b"hello\xC2\xA2world", b"hello\xE2\x82\xACworld", b"hello\xF0\xA4\xAD\xA2world"]),
        ("6.6, whole characters", &[&WRONG[..2], &WRONG[..5], &WRONG[..7], &WRONG[..9], &WRONG[..11]]),
        ("6.7", &[b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
        ("6.9", &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
        ("6.11.1 to 6.11.4", &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"]),
        ("6.22.1, 6.22.2", &[b"\xef\xbf\xbe", b"\xef\xbf\xbf"]),
        ("6.22", &[b"\xf0\x9f\xbf\xbe", b"\xf1\x8f\xbf\xbf", b"\xf3\xbf\xbf\xbe", b"\xf4\x8f\xbf\xbe"]),
        ("6.23", &[b"\xef\xbf\xb9", b"\xef\xbf\xba", b"\xef\xbf\xbb", b"\xef\xbf\xbc", b"\xef\xbf\xbd"]),
    ];
    let lonely = |range: std::ops::Range<u8>| range.flat_map(|start| [start, b' ']).collect::<Vec<u8>>();
    let halves: [&[u8]; 10] = [
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xfb\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf",
    ];
    let none: [(&str, &[&[u8]]); 11] = [
        ("6.6, cut", &[&WRONG[..1], &WRONG[..3], &WRONG[..4], &WRONG[..6], &WRONG[..8], &WRONG[..10]]),
        ("6.8", &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        ("6.10", &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
        ("6.11.5", &[b"\xf4\x90\x80\x80"]),
        ("6.12", &[b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80", b"\x80\xbf\x80\xbf", b"\x80\xbf\x80\xbf\x80\xbf"]),
        ("6.16", &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        ("6.17", &[b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf"]),
        ("6.18", &[b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf"]),
        ("6.19", &[b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80"]),
        ("6.20", &[b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xb0\x80", b"\xed\xbf\xbf"]),
        ("6.21", &[b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xad\xbf\xed\xbf\xbf", b"\xed\xaf\xbf\xed\xb0\x80"]),
    ];
    let mut cases: Vec<(&str, Vec<u8>, bool)> = Vec::new();
    cases.extend(text.iter().flat_map(|(number, all)| all.iter().map(|one| (*number, one.to_vec(), true))));
    cases.extend(none.iter().flat_map(|(number, all)| all.iter().map(|one| (*number, one.to_vec(), false))));
    cases.push(("6.12.8", (0x80..0xbf).collect(), false));
    for range in [0xc0..0xdf, 0xe0..0xef, 0xf0..0xf7, 0xf8..0xfb, 0xfc..0xfd] {
        cases.push(("6.13", lonely(range), false));
    }
    cases.extend(halves.iter().map(|half| ("6.14", half.to_vec(), false)));
    cases.push(("6.15.1", halves.concat(), false));
    cases
}
