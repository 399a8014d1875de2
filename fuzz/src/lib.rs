//! What must hold for every input of homeroom's parsers, one function for each fuzz target.
//!
//! Two use these functions: libFuzzer (`make fuzz`, the programs in `fuzz_targets`), and on a stable compiler
//! `tests/corpus.rs`, which runs the saved inputs and simple mutations of them in every test run. An invariant
//! that doesn't hold is a panic.

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
    ("sanitizer", sanitizer),
    ("join_link", join_link),
    ("server_message", server_message),
];

/// How much is fed to a [`LineReader`] at the most: enough for an endless line and what comes after it.
const STREAM_BYTES_MAX: usize = 2 * (LINE_BYTES_MAX + DISCARDED_BYTES_MAX);
/// What a byte of 0x80 stands for in the input of [`line_reader`], and each byte above it for one such run more.
/// 32 make a line's limit, so the fuzzer gets to both sides of it.
const RUN_BYTES: usize = LINE_BYTES_MAX / 32;
/// How the server and the client cut what they read from a socket, among others.
const CHUNK_BYTES: [usize; 3] = [3, 4096, STREAM_BYTES_MAX];
/// How many lines of one message are shown, as the client has it.
const MESSAGE_LINES_MAX: usize = 50;

/// What is found in the place of a line.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Found {
    Whole(Vec<u8>),
    TooLong,
}

/// The lines are the same however the stream is cut, none is over the limit, and they are what a reader without
/// bounds would find.
///
/// The input describes the stream, so that short inputs make long lines: 0 ends a chunk, a byte from 0x80 on
/// stands for a run of `x`, every other for itself.
pub fn line_reader(data: &[u8]) {
    let chunks = chunks(data);
    let stream = chunks.concat();
    let expected = lines_without_bounds(&stream);
    // Whoever gets a line byte by byte sees that it is endless; whoever gets it with its end in one chunk need not.
    let long = |line: &&[u8]| line.len() > DISCARDED_BYTES_MAX;
    let endless = stream.split(|&byte| byte == b'\n').filter(long).count();
    assert_eq!(check(&mut stream.chunks(1), &stream, &expected), endless);
    assert!(check(&mut chunks.iter().map(Vec::as_slice), &stream, &expected) <= endless);
    for bytes in CHUNK_BYTES {
        assert!(check(&mut stream.chunks(bytes), &stream, &expected) <= endless);
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
    assert_eq!(same.is_for_admins(), request.is_for_admins());
}

/// What parses is written as a file that parses to the same.
pub fn users_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(written) = server::fuzzing::rewrite_users_json(text) else { return };
    let written = String::from_utf8(written).expect("users.json is written in UTF-8");
    assert_eq!(server::fuzzing::rewrite_users_json(&written).as_deref(), Ok(written.as_bytes()));
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
            1..=0x7f => (byte, 1),
            0x80.. => (b'x', usize::from(byte - 0x7f) * RUN_BYTES),
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
/// How many lines it called endless.
fn check(chunks: &mut dyn Iterator<Item = &[u8]>, stream: &[u8], expected: &[Found]) -> usize {
    let mut reader = LineReader::default();
    let mut found = Vec::new();
    let mut endless = 0;
    for chunk in chunks {
        reader.feed(chunk, |line| match line {
            Line::Whole(line) => found.push(Found::Whole(line.to_vec())),
            Line::TooLong => found.push(Found::TooLong),
            Line::Endless => {
                assert_eq!(found.last(), Some(&Found::TooLong));
                endless += 1;
            }
        });
    }
    assert_eq!(found, expected);
    assert_eq!(reader.is_mid_line(), !stream.is_empty() && !stream.ends_with(b"\n"));
    endless
}

/// The same lines, found the easy way.
fn lines_without_bounds(stream: &[u8]) -> Vec<Found> {
    let mut lines = Vec::new();
    for line in stream.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n");
        // A line that has no end yet is too long when it would be with one.
        if text.map_or(line.len() + 1, |_| line.len()) > LINE_BYTES_MAX {
            lines.push(Found::TooLong);
        } else if let Some(text) = text {
            lines.push(Found::Whole(text.strip_suffix(b"\r").unwrap_or(text).to_vec()));
        }
    }
    lines
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
