//! Bytes in, whole lines out, with a bound on what is kept.

use crate::protocol::LINE_BYTES_MAX;

/// How many bytes of one line are awaited in the hope of its end before the peer is given up; those over
/// [`LINE_BYTES_MAX`] are thrown away.
pub const DISCARDED_BYTES_MAX: usize = 4 * LINE_BYTES_MAX;

/// What a [`LineReader`] finds.
#[derive(Debug, Eq, PartialEq)]
pub enum Line<'a> {
    /// A line without its `\n` (or `\r\n`).
    Whole(&'a [u8]),
    /// A line grew over [`LINE_BYTES_MAX`]; the rest of it is skipped. Said once a line.
    TooLong,
    /// A line grew over [`DISCARDED_BYTES_MAX`]: this peer sends no lines.
    Endless,
}

/// Cuts a stream of bytes into lines. Holds at most one line's bytes, and nothing between lines.
#[derive(Debug, Default)]
pub struct LineReader {
    partial: Vec<u8>,
    /// How many bytes of the present line are already thrown away; 0 while it's short enough.
    discarded: usize,
}

impl LineReader {
    /// Takes what came and calls `each` for everything it completes, in order.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let Some(end) = bytes.iter().position(|&b| b == b'\n') {
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if self.discarded > 0 {
                self.discarded = 0;
            } else if self.partial.len() + head.len() >= LINE_BYTES_MAX {
                self.partial = Vec::new();
                each(Line::TooLong);
            } else if self.partial.is_empty() {
                each(Line::Whole(without_cr(head)));
            } else {
                self.partial.extend_from_slice(head);
                each(Line::Whole(without_cr(&self.partial)));
                self.partial = Vec::new();
            }
        }
        self.keep(bytes, each);
    }

    /// Whether part of a line is waiting for its end.
    pub fn is_mid_line(&self) -> bool {
        self.discarded > 0 || !self.partial.is_empty()
    }

    fn keep(&mut self, bytes: &[u8], mut each: impl FnMut(Line<'_>)) {
        if self.discarded > 0 {
            let before = self.discarded;
            self.discarded = before.saturating_add(bytes.len());
            if before <= DISCARDED_BYTES_MAX && self.discarded > DISCARDED_BYTES_MAX {
                each(Line::Endless);
            }
        } else if self.partial.len() + bytes.len() >= LINE_BYTES_MAX {
            // Even if the next byte were the end, the line with it would be too long.
            self.discarded = self.partial.len() + bytes.len();
            self.partial = Vec::new();
            each(Line::TooLong);
            if self.discarded > DISCARDED_BYTES_MAX {
                each(Line::Endless);
            }
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }
}

/// The line in which a byte of a text stands, counted from 1.
pub(crate) fn number_at(text: &[u8], at: usize) -> usize {
    text[..at.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}

/// A whole text.
///
/// # Errors
/// The number of the first line that isn't UTF-8.
pub(crate) fn as_text(bytes: &[u8]) -> Result<&str, usize> {
    std::str::from_utf8(bytes).map_err(|e| number_at(bytes, e.valid_up_to()))
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[&[u8]]) -> Vec<String> {
        let mut reader = LineReader::default();
        let mut found = Vec::new();
        for chunk in chunks {
            reader.feed(chunk, |line| {
                found.push(match line {
                    Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                    other => format!("<{other:?}>"),
                });
            });
        }
        found
    }

    #[test]
    fn lines_whole_and_in_pieces() {
        assert_eq!(cut(&[b"a\nb\r\n\nc"]), ["a", "b", ""]);
        assert_eq!(cut(&[b"a", b"b", b"\n", b"c\nd", b"e\n"]), ["ab", "c", "de"]);
        let one_by_one: Vec<&[u8]> = b"ab\r\ncd\n".chunks(1).collect();
        assert_eq!(cut(&one_by_one), ["ab", "cd"]);
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_counted() {
        assert_eq!(as_text("é\n".as_bytes()), Ok("é\n"));
        for (text, line) in [(&b"\xff"[..], 1), (b"a\n\n\xffb\n", 3), (b"a\nb\xe2\x82", 2)] {
            assert_eq!(as_text(text), Err(line), "{text:?}");
        }
    }

    #[test]
    fn the_limit_counts_the_end() {
        let mut fits = vec![b'x'; LINE_BYTES_MAX - 1];
        fits.push(b'\n');
        assert_eq!(cut(&[&fits])[0].len(), LINE_BYTES_MAX - 1);
        assert_eq!(cut(&[&fits[..100], &fits[100..]])[0].len(), LINE_BYTES_MAX - 1);
        let mut over = vec![b'x'; LINE_BYTES_MAX];
        over.extend_from_slice(b"\nnext\n");
        assert_eq!(cut(&[&over]), ["<TooLong>", "next"]);
        let one_by_one: Vec<&[u8]> = over.chunks(1).collect();
        assert_eq!(cut(&one_by_one), ["<TooLong>", "next"]);
    }

    #[test]
    fn an_endless_line_is_told_once_and_kept_nowhere() {
        let mut reader = LineReader::default();
        let mut found = Vec::new();
        for _ in 0..100 {
            reader.feed(&[b'x'; 4096], |line| found.push(format!("{line:?}")));
            assert!(reader.partial.capacity() <= 2 * LINE_BYTES_MAX);
        }
        assert_eq!(found, ["TooLong", "Endless"]);
        reader.feed(b"\nok\n", |line| found.push(format!("{line:?}")));
        assert_eq!(found.len(), 3);
    }
}
