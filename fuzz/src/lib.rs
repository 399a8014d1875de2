//! What must hold for every input of homeroom's parsers, one function for each fuzz target.
//!
//! Two use these functions: libFuzzer (`make fuzz`, the programs in `fuzz_targets`), and on a stable compiler
//! `tests/corpus.rs`, which runs the saved inputs and simple mutations of them in every test run. An invariant
//! that doesn't hold is a panic.

use homeroom::duplex::Peer;
use homeroom::lines::{DISCARDED_BYTES_MAX, Line, LineReader};
use homeroom::link::Link;
use homeroom::protocol::{ID_BYTES_MAX, LINE_BYTES_MAX, Request, RequestId, ServerMessage};
use homeroom::{sanitize, server};

/// A fuzz target: takes any bytes, and panics when an invariant doesn't hold for them.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also its folder's in `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("line_reader", line_reader),
    ("request", request),
    ("users_json", users_json),
    ("user_list", user_list),
    ("sanitizer", sanitizer),
    ("join_link", join_link),
    ("server_message", server_message),
    ("request_head", request_head),
    ("frames", frames),
];

/// How much is fed to a [`LineReader`] at the most: enough for an endless line and what comes after it.
const STREAM_BYTES_MAX: usize = LINE_BYTES_MAX + DISCARDED_BYTES_MAX + 4 * RUN_BYTES;
/// What the byte [`RUN`] stands for in the input of [`line_reader`], and each byte above it for one such run more.
/// 32 make a line's limit, so the fuzzer gets to both sides of it.
const RUN_BYTES: usize = LINE_BYTES_MAX / 32;
/// The first byte that stands for a run.
const RUN: u8 = 0xc0;
/// How a stream is cut: into the smallest pieces, into odd ones, not at all.
const CHUNK_BYTES: [usize; 3] = [1, 61, STREAM_BYTES_MAX];
/// How every stream is cut, also one that is longer than [`CUT_BYTES_MAX`]; the rest would take most of the time.
const CHUNK_BYTES_ALWAYS: usize = 4096;
/// The longest stream that is cut in every way.
const CUT_BYTES_MAX: usize = LINE_BYTES_MAX + 2 * RUN_BYTES;
/// How many lines of one message are shown, as the client has it.
const MESSAGE_LINES_MAX: usize = 50;

/// What is found in the place of a line.
#[derive(Debug, Eq, PartialEq)]
enum Found<'a> {
    Whole(&'a [u8]),
    TooLong,
}

/// The lines are the same however the stream is cut, none is over the limit, and they are what a reader without
/// bounds would find.
///
/// The input describes the stream, so that short inputs make long lines: 0 ends a chunk, a byte from 0xc0 on stands
/// for a run of `x`, every other for itself.
pub fn line_reader(data: &[u8]) {
    let chunks = chunks(data);
    let stream = chunks.concat();
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let expected: Vec<_> = lines.iter().filter_map(|line| without_bounds(line)).collect();
    // What comes in one chunk with a line's end is never counted: at most a byte less than the chunk.
    let longer_than =
        |bytes| lines.iter().filter(|line| line.strip_suffix(b"\n").unwrap_or(line).len() > bytes).count();
    let read = |chunks: &mut dyn Iterator<Item = &[u8]>, uncounted: usize| {
        let endless = check(chunks, &expected, lines.last().is_some_and(|line| !line.ends_with(b"\n")));
        let least = longer_than(DISCARDED_BYTES_MAX.saturating_add(uncounted));
        assert!((least..=longer_than(DISCARDED_BYTES_MAX)).contains(&endless), "{endless} lines are endless");
    };
    read(&mut chunks.iter().map(Vec::as_slice), usize::MAX);
    read(&mut stream.chunks(CHUNK_BYTES_ALWAYS), CHUNK_BYTES_ALWAYS - 1);
    if stream.len() <= CUT_BYTES_MAX {
        CHUNK_BYTES.iter().for_each(|&bytes| read(&mut stream.chunks(bytes), bytes - 1));
    }
}

/// What parses is one JSON object, has an id that is one, and reads back as the same request.
pub fn request(data: &[u8]) {
    let (id, request) = match Request::parse(data) {
        Ok(parsed) => parsed,
        Err(bad) => return assert!(bad.id.is_none_or(|id| is_id(&id)) && !bad.message.is_empty()),
    };
    assert_eq!(data.trim_ascii_start().first(), Some(&b'{'), "a request that is no object");
    assert!(id.as_ref().is_none_or(is_id), "{id:?}");
    let line = request.encode(id.as_ref().map(RequestId::as_str));
    let (same_id, same) = Request::parse(without_end(&line)).expect("what was encoded is a request");
    assert_eq!(same_id, id);
    // Secrets can't be compared; lines can.
    assert_eq!(same.encode(same_id.as_ref().map(RequestId::as_str)), line);
    assert_eq!(same.least_role(), request.least_role());
}

/// What parses is written as a file that parses to the same.
pub fn users_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(written) = server::fuzzing::rewrite_users_json(text) else { return };
    let written = String::from_utf8(written).expect("users.json is written in UTF-8");
    assert_eq!(server::fuzzing::rewrite_users_json(&written).as_deref(), Ok(written.as_bytes()));
}

/// A list asks for somebody, or what is wrong with it is said: in lines that no terminal obeys.
pub fn user_list(data: &[u8]) {
    match server::fuzzing::read_user_list(data) {
        Ok(accounts) => assert_ne!(accounts, 0),
        Err(said) => assert!(!said.is_empty() && !said.replace('\n', "").contains(is_obeyed), "{said:?}"),
    }
}

/// Nothing comes out that a terminal obeys, and what is safe stays as it is.
pub fn sanitizer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let safe = sanitize::line(&text);
    assert!(!safe.contains(is_obeyed), "{safe:?}");
    assert_eq!(sanitize::line(&safe), safe, "made safe twice");
    let lines: Vec<_> = sanitize::lines(&text, MESSAGE_LINES_MAX).collect();
    assert!((1..=MESSAGE_LINES_MAX).contains(&lines.len()));
    assert!(lines.iter().all(|line| !line.contains(is_obeyed)), "{lines:?}");
}

/// What parses is shown as a link that parses to the same.
pub fn join_link(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(link) = text.parse::<Link>() {
        assert!(link.port != 0 && !link.host.is_empty());
        assert_eq!(link.to_string().parse(), Ok(link));
    }
}

/// What a hostile server sends is refused or read, and what is read can be written and read again.
pub fn server_message(data: &[u8]) {
    // As the client's reader has it.
    let Ok(message) = serde_json::from_slice::<ServerMessage<'_>>(data) else { return };
    let line = message.encode();
    let same: ServerMessage<'_> = serde_json::from_slice(&line).expect("what was encoded is a message");
    assert_eq!(same.encode(), line);
}

/// The chunks that the input of [`line_reader`] describes.
fn chunks(data: &[u8]) -> Vec<Vec<u8>> {
    let mut left = STREAM_BYTES_MAX;
    let mut chunks = vec![Vec::new()];
    for &byte in data {
        let (byte, count) = match byte {
            0 => {
                chunks.push(Vec::new());
                continue;
            }
            1..RUN => (byte, 1),
            RUN.. => (b'x', usize::from(byte - RUN + 1) * RUN_BYTES),
        };
        let count = count.min(left);
        left -= count;
        if let Some(chunk) = chunks.last_mut() {
            chunk.extend(std::iter::repeat_n(byte, count));
        }
    }
    chunks
}

/// Fails unless a reader finds the expected lines, and calls a line endless only right after calling it too long.
/// How many it called endless.
fn check(chunks: &mut dyn Iterator<Item = &[u8]>, expected: &[Found<'_>], mid_line: bool) -> usize {
    let mut reader = LineReader::default();
    let (mut found, mut endless) = (0, 0);
    for chunk in chunks {
        reader.feed(chunk, |line| {
            let line = match line {
                Line::Whole(line) => Found::Whole(line),
                Line::TooLong => Found::TooLong,
                Line::Endless => {
                    assert_eq!(expected[found - 1], Found::TooLong);
                    endless += 1;
                    return;
                }
            };
            assert_eq!(line, expected[found]);
            found += 1;
        });
    }
    assert_eq!(found, expected.len());
    assert_eq!(reader.is_mid_line(), mid_line);
    endless
}

/// What a reader without bounds would find in a line, whose end is still there if it has one.
fn without_bounds(line: &[u8]) -> Option<Found<'_>> {
    let text = line.strip_suffix(b"\n");
    // A line that has no end yet is too long when it would be with one.
    if text.map_or(line.len() + 1, |_| line.len()) > LINE_BYTES_MAX {
        return Some(Found::TooLong);
    }
    text.map(|text| Found::Whole(text.strip_suffix(b"\r").unwrap_or(text)))
}

fn is_id(id: &RequestId) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.as_str().len()) && id.as_str().bytes().all(|b| matches!(b, b' '..=b'~'))
}

fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").expect("a line has an end")
}

/// What a terminal or a bidi renderer obeys: C0, DEL and C1 controls, line and paragraph separators, and every
/// character that changes the direction of writing (Unicode's Bidi_Control).
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A head is never longer than it may be, and the same with anything behind it.
pub fn request_head(data: &[u8]) {
    const HEAD_BYTES_MAX: usize = 8 * 1024;
    if let Ok(Some(length)) = server::fuzzing::read_request_head(data) {
        assert!(length <= HEAD_BYTES_MAX.min(data.len()), "{length}");
        let more = [&data[..length], b"GET / HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(server::fuzzing::read_request_head(&more), Ok(Some(length)));
        assert_eq!(server::fuzzing::read_request_head(&data[..length - 1]).ok().flatten(), None);
    }
}

/// However frames are cut, they bring the same lines, whole and within the limit, and the same answers.
pub fn frames(data: &[u8]) {
    let whole = unframe(&mut [data].into_iter());
    assert_eq!(whole, unframe(&mut data.chunks(1)), "byte by byte");
    assert_eq!(whole, unframe(&mut data.chunks(7)), "in pieces of 7");
    let (lines, answer, _) = whole;
    assert!(lines.is_empty() || lines.ends_with(b"\n"), "a line without its end");
    assert!(lines.split_inclusive(|&byte| byte == b'\n').all(|line| line.len() <= LINE_BYTES_MAX), "too long a line");
    assert!(std::str::from_utf8(&lines).is_ok(), "no UTF-8");
    // Pongs, and one close.
    assert!(answer.len() <= data.len() + 4, "more is said than came");
}

/// The lines, the answers, and whether the connection is over.
fn unframe(chunks: &mut dyn Iterator<Item = &[u8]>) -> (Vec<u8>, Vec<u8>, bool) {
    let (mut frames, mut lines, mut answer) = (server::fuzzing::frames(), Vec::new(), Vec::new());
    let mut over = false;
    for chunk in chunks {
        over = frames.unwrap(chunk, &mut lines, &mut answer) == Peer::Closed;
    }
    (lines, answer, over)
}
