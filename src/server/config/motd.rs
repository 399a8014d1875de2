//! The message of the day: what everyone is told when they log in. What one may be is judged here for whoever asks: the
//! command line's parser, a start, a reload, and the commands that look for mistakes.

use crate::files::{self, Access};
use crate::{lines, reason};
use std::io::{self, Read};
use std::path::Path;

/// The longest one. Without control characters that is at most 4,000 bytes of a `welcome`.
const CHARS_MAX: usize = 1_000;
/// What a file may hold; the longest message in UTF-8 takes less.
const FILE_BYTES_MAX: u64 = 4 * CHARS_MAX as u64 + 1024;
/// What Windows puts before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What the option says, which [`judge`] has passed, otherwise the file `motd.txt`; None where neither says anything.
///
/// # Errors
/// What is wrong with the file, and where, and that there is none until then: a mistake in it stops no start and no reload.
pub(crate) fn read(option: Option<&str>, file: &Path) -> Result<Option<String>, String> {
    let text = match option {
        Some(text) => text.to_owned(),
        None => read_file(file).map_err(|why| format!("{why}; until that is mended there is no message of the day"))?,
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Takes line ends and blanks away from around a text that is to be one.
///
/// # Errors
/// Why it can be none.
pub(super) fn judge(text: &str) -> Result<String, String> {
    judge_lines(text).map_err(|(line, what)| match line {
        Some(line) => format!("its line {line} {what}"),
        None => what,
    })
}

fn read_file(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    match files::open(path, Access::Read).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(e) => return Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        Ok(_) => {}
    }
    judge_bytes(&bytes).map_err(|(line, what)| match line {
        Some(line) => format!("{} line {line} {what}", path.display()),
        None => format!("{}: {what}", path.display()),
    })
}

/// What is wrong, and in which line, from 1, where it isn't the whole.
type Fault = (Option<usize>, String);

fn judge_bytes(bytes: &[u8]) -> Result<String, Fault> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err((None, "it is UTF-16: save it as UTF-8".into()));
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err((None, format!("it is too long: a message of the day has at most {CHARS_MAX} characters")));
    }
    let text = lines::as_text(bytes)
        .map_err(|line| (Some(line), "isn't UTF-8: save the file as UTF-8, not as Latin-1 or ANSI".to_owned()))?;
    judge_lines(text.trim_start_matches(BYTE_ORDER_MARK))
}

fn judge_lines(text: &str) -> Result<String, Fault> {
    for (number, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(bad) = line.trim().chars().find(|c| c.is_control()) {
            let bad =
                if bad == '\t' { "a tab".into() } else { format!("the control character {}", bad.escape_unicode()) };
            return Err((Some(number + 1), format!("has {bad}: a message of the day has none but line breaks")));
        }
    }
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    match text.chars().count() {
        ..=CHARS_MAX => Ok(text.to_owned()),
        count => Err((None, format!("it has {count} characters: a message of the day has at most {CHARS_MAX}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_before_the_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("motd.txt");
        assert_eq!(read(None, &path), Ok(None));
        std::fs::write(&path, "\u{feff}\nhello\r\nclass\n\n").unwrap();
        assert_eq!(read(None, &path), Ok(Some("hello\nclass".into())));
        assert_eq!(read(Some("hi"), &path), Ok(Some("hi".into())));
        assert_eq!(read(Some(""), &path), Ok(None), "an empty option silences the file");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (bytes, told) in [
            (&b"Guten Tag\nsch\xf6n\n"[..], "motd.txt line 2 isn't UTF-8"),
            (b"\xff\xfeh\0i\0", "motd.txt: it is UTF-16"),
            (b"one\r\n2\t3\r\n", "motd.txt line 2 has a tab"),
            (b"\x1b[2J", "motd.txt line 1 has the control character \\u{1b}"),
            (&[b'x'; CHARS_MAX + 1], "motd.txt: it has 1001 characters"),
            (&[b'x'; 10_000], "motd.txt: it is too long"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("motd.txt");
            std::fs::write(&path, bytes).unwrap();
            let error = read(None, &path).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        assert_eq!(judge(" é\r\nb\t "), Ok("é\nb".into()), "what stands around it doesn't count");
        assert!(judge("a\nb\u{7}").unwrap_err().contains("line 2"));
        assert!(judge(&"é".repeat(CHARS_MAX)).is_ok());
    }
}
