//! Lines from standard input, as whichever program wrote them: UTF-8, or UTF-16 that says so, as Windows' shells write it.

use crate::protocol::LINE_BYTES_MAX;
use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest line. Any text that a server takes fits into it, behind its command.
const TYPED_BYTES_MAX: usize = LINE_BYTES_MAX;

/// What UTF-8 begins with where a program marks it; it's no part of any line.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A line without its end.
pub(crate) type Line = Result<String, Unfit>;

/// Why a line can't be read. It was skipped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unfit {
    /// Longer than any text that a server takes.
    TooLong,
    /// Not UTF-8, or not UTF-16 where that was announced.
    Garbled,
    /// There are NULs in it.
    Nul,
}

/// How the input is written: its first bytes tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Encoding {
    /// Nothing was read yet.
    #[default]
    Unknown,
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

impl Encoding {
    /// The next line, without its end and without a mark before it; None at the end of input.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn next_line(&mut self, input: &mut impl BufRead) -> io::Result<Option<Line>> {
        let line = self.next_raw_line(input)?;
        Ok(line.map(|line| line.map(|line| without_mark(without_end(&line)).to_owned())))
    }

    /// The next line as it is, with its end if it has one; None at the end of input.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn next_raw_line(&mut self, input: &mut impl BufRead) -> io::Result<Option<Line>> {
        if let Self::Utf16(unit) = self {
            return utf16_line(*unit, input);
        }
        let mut line = Vec::new();
        let read = input.take(TYPED_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if matches!(self, Self::Unknown) {
            *self = match line[..] {
                [0xff, 0xfe, ..] => Self::Utf16(u16::from_le_bytes),
                [0xfe, 0xff, ..] => Self::Utf16(u16::from_be_bytes),
                _ => Self::Utf8,
            };
            if let Self::Utf16(unit) = self {
                // A byte that is a line feed in UTF-8 is half of a unit here, and need not be the last half.
                return utf16_line(*unit, &mut line[2..].chain(input));
            }
        }
        if line.last() != Some(&b'\n') && read == TYPED_BYTES_MAX {
            input.skip_until(b'\n')?;
            return Ok(Some(Err(Unfit::TooLong)));
        }
        Ok(Some(String::from_utf8(line).map_or(Err(Unfit::Garbled), fit)))
    }
}

fn utf16_line(unit: fn([u8; 2]) -> u16, input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let (mut units, mut count) = (Vec::new(), 0_usize);
    let mut bytes = [0; 2];
    loop {
        // The last byte of an odd number is none of a text.
        match input.read_exact(&mut bytes) {
            Ok(()) => count += 1,
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof && count == 0 => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(e) => return Err(e),
        }
        let unit = unit(bytes);
        if units.len() < TYPED_BYTES_MAX {
            units.push(unit);
        }
        if unit == 0x0a {
            break;
        }
    }
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.map_err(|_| Unfit::Garbled);
    Ok(Some(if count > TYPED_BYTES_MAX { Err(Unfit::TooLong) } else { text.and_then(fit) }))
}

/// A line, if it's no longer than one may be, and text.
fn fit(text: String) -> Line {
    match text {
        text if without_end(&text).len() >= TYPED_BYTES_MAX => Err(Unfit::TooLong),
        text if text.contains('\0') => Err(Unfit::Nul),
        text => Ok(text),
    }
}

fn without_end(line: &str) -> &str {
    line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line))
}

/// A text without the mark that some editors begin a file with, wherever that is: several files make one input.
pub(crate) fn without_mark(text: &str) -> &str {
    text.trim_start_matches(BYTE_ORDER_MARK)
}

/// A text that came in one piece, such as from the environment, without what a file leaves around its only line.
pub(crate) fn only_line(text: &str) -> &str {
    without_mark(text).trim_end_matches(['\r', '\n'])
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a line of more than {LINE_BYTES_MAX} bytes"),
            Self::Garbled => f.write_str("a line that is not UTF-8"),
            Self::Nul => f.write_str(
                "a line with NULs (probably UTF-16 that doesn't say so: write UTF-8, in PowerShell with `$OutputEncoding = \
                 [Text.UTF8Encoding]::new()`)",
            ),
        }
    }
}

impl std::error::Error for Unfit {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut input: &[u8]) -> Vec<Line> {
        let mut encoding = Encoding::default();
        std::iter::from_fn(|| encoding.next_line(&mut input).unwrap()).collect()
    }

    fn text(text: &str) -> Line {
        Ok(text.into())
    }

    #[test]
    fn lines_as_typed() {
        assert_eq!(read(b""), []);
        assert_eq!(read(b"a\n\nb\r\n c "), [text("a"), text(""), text("b"), text(" c ")]);
        assert_eq!(read(b"a\n\xff\nb"), [text("a"), Err(Unfit::Garbled), text("b")]);
    }

    #[test]
    fn long_lines_are_skipped_whole() {
        let mut input = vec![b'x'; 100_000];
        input.extend_from_slice(b"\nnext\n");
        assert_eq!(read(&input), [Err(Unfit::TooLong), text("next")]);
        input.truncate(TYPED_BYTES_MAX);
        assert_eq!(read(&input), [Err(Unfit::TooLong)]);
        input.truncate(TYPED_BYTES_MAX - 1);
        assert!(matches!(&read(&input)[..], [Ok(_)]));
    }

    #[test]
    fn utf_16_that_says_so() {
        // ਊ is 0a0a in UTF-16 and 洊 6d0a: none of their bytes is a line's end.
        let said = "Grüße 😀\r\nਊ洊\n\n/passwd a b";
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes = |text: &str| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
            let lines = ["Grüße 😀", "ਊ洊", "", "/passwd a b"].map(text);
            assert_eq!(read(&bytes(&format!("\u{feff}{said}"))), lines);
            assert_eq!(read(&bytes(&format!("\u{feff}{said}\r\n"))), lines);
            assert_eq!(read(&bytes("\u{feff}")), []);
            let long = "x".repeat(TYPED_BYTES_MAX + 1);
            assert_eq!(read(&bytes(&format!("\u{feff}{long}\nnext"))), [Err(Unfit::TooLong), text("next")]);
        }
        assert_eq!(read(b"\xff\xfe\x00\xd8\n\x00a\x00"), [Err(Unfit::Garbled), text("a")]);
    }

    #[test]
    fn utf_16_that_does_not_say_so_is_refused() {
        let bytes: Vec<u8> = "secret\r\nhello\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&bytes), [const { Err(Unfit::Nul) }; 3]);
        assert_eq!(read(b"\0/passwd old new\nhi"), [Err(Unfit::Nul), text("hi")]);
    }

    #[test]
    fn a_mark_is_no_part_of_a_line() {
        assert_eq!(read("\u{feff}secret\r\n\u{feff}/who\n".as_bytes()), [text("secret"), text("/who")]);
        assert_eq!(only_line("\u{feff}secret\r\n"), "secret");
    }
}
