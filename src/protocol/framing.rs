//! How a message becomes a line, and a moment a text.

use serde::Serialize;

pub(super) fn encode_line(message: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::with_capacity(256);
    append_line(message, &mut line);
    line
}

pub(super) fn append_line(message: &impl Serialize, lines: &mut Vec<u8>) {
    // Writing these types to memory has no way to fail: no I/O, no map whose keys aren't strings.
    if serde_json::to_writer(&mut *lines, message).is_err() {
        debug_assert!(false, "a wire type that JSON can't hold");
    }
    lines.push(b'\n');
}

pub(super) fn is_zero(n: &usize) -> bool {
    *n == 0
}

pub(super) fn is_zero_u64(n: &u64) -> bool {
    *n == 0
}

/// A text that was taken back isn't on the wire; none is empty otherwise.
pub(super) fn is_gone(text: &str) -> bool {
    text.is_empty()
}

/// This moment as the wire writes times: RFC 3339, UTC, milliseconds.
pub fn timestamp() -> String {
    format_time(jiff::Timestamp::now())
}

/// A moment as the wire writes times.
pub fn format_time(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}
