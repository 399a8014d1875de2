//! The message of the day: what everyone is told when they log in.

use crate::files::{self, Access};
use std::io::{self, Read};
use std::path::Path;

/// The longest one. Without control characters that is at most 4,000 bytes of a `welcome`.
pub(super) const MOTD_CHARS_MAX: usize = 1_000;
/// What a file may hold; the longest message in UTF-8 takes less.
const FILE_BYTES_MAX: u64 = 4 * MOTD_CHARS_MAX as u64 + 1024;

/// What the option says, otherwise the file `motd.txt`; None where neither says anything.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(option: Option<&str>, file: &Path) -> Result<Option<String>, String> {
    let (text, source) = match option {
        Some(text) => (text.to_owned(), "--motd".to_owned()),
        None => (read_file(file)?, file.display().to_string()),
    };
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > MOTD_CHARS_MAX {
        return Err(format!("{source} is too long: a message of the day has at most {MOTD_CHARS_MAX} characters"));
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(format!("{source} has control characters: a message of the day has none but line breaks"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn read_file(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    match files::open(path, Access::Read).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text)) {
        Ok(_) => Ok(text),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(e) => Err(format!("can't read {}: {e}", path.display())),
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
        std::fs::write(&path, "\nhello\r\nclass\n\n").unwrap();
        assert_eq!(read(None, &path), Ok(Some("hello\nclass".into())));
        assert_eq!(read(Some("hi"), &path), Ok(Some("hi".into())));
        assert_eq!(read(Some(" "), &path), Ok(None), "an empty option silences the file");
        for bad in ["\u{1b}[2J".into(), "x".repeat(MOTD_CHARS_MAX + 1), "é".repeat(10_000)] {
            std::fs::write(&path, bad).unwrap();
            assert!(read(None, &path).unwrap_err().contains("motd.txt"));
        }
    }
}
