//! What was typed in earlier sessions: a file that its owner alone may read.
//!
//! Lines that hold a password are never remembered at all. Whispers are until the program ends, and never written
//! down: what was meant for one person should not lie on a disk that others may sit at.

use super::doubts::{doubt, password_command};
use super::known;
use super::shape::Shape;
use crate::client::settings::folder;
use crate::files::{self, Access};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// How many lines are remembered; the file may have as many again.
pub(super) const HISTORY_LINES_MAX: usize = 1000;
/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The file of typed lines; one a line, with `\n` for a line feed and `\\` for a backslash.
#[derive(Debug)]
pub(super) struct HistoryFile {
    /// None: nothing is written.
    path: Option<PathBuf>,
}

/// Whether a line may be had back with the arrow keys. One that holds a password may not, nor one that no command
/// explains: it may be `/pasword` with all that belongs to it.
pub(super) fn may_be_recalled(line: &str) -> bool {
    match Shape::of(line) {
        Shape::Nothing => false,
        Shape::Command(rest) => {
            known::is_known(&known::command_name(rest)) && !line.lines().any(|line| password_command(line).is_some())
        }
        Shape::Text(_) => doubt(line).is_none(),
    }
}

/// Whether a line may be written down.
fn may_be_kept(line: &str) -> bool {
    let is_whisper = |rest| ["msg", "whisper", "w", "reply", "r"].contains(&&*known::command_name(rest));
    may_be_recalled(line) && !matches!(Shape::of(line), Shape::Command(rest) if is_whisper(rest))
}

impl HistoryFile {
    /// The file at `path`, if there is to be one.
    pub(super) fn open(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// The lines of earlier sessions, the oldest first. A file that can't be read is as good as none.
    pub(super) fn read(&mut self) -> Vec<String> {
        let Some(path) = &self.path else { return Vec::new() };
        let mut text = String::new();
        let read = files::open(path, Access::Read).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
        if read.is_err() {
            return Vec::new();
        }
        let lines: Vec<&str> = text.lines().collect();
        let newest = &lines[lines.len().saturating_sub(HISTORY_LINES_MAX)..];
        if lines.len() > 2 * HISTORY_LINES_MAX {
            let _ = folder::replace(path, (newest.join("\n") + "\n").as_bytes());
        }
        newest.iter().map(|line| unescape(line)).collect()
    }

    /// Writes a line down, if it may be. After an error nothing more is written: the chat goes on without.
    pub(super) fn add(&mut self, line: &str) {
        if may_be_kept(line) && self.path.as_deref().is_some_and(|path| append(path, line).is_err()) {
            self.path = None;
        }
    }
}

fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = files::append_private(path)?;
    // In one write, so that two clients' lines don't mix.
    file.write_all(format!("{}\n", line.replace('\\', "\\\\").replace('\n', "\\n")).as_bytes())
}

fn unescape(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(if chars.next() == Some('n') { '\n' } else { '\\' }),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_remembered() {
        for secret in [
            "/passwd old new",
            "/PASSWD old new",
            "/pasword old new",
            "/adduser eve secret",
            "/aduser eve secret",
            " /passwd old new",
            "\u{feff}/passwd old new",
            "passwd old new",
            "／passwd old new",
            "/me waves\n/passwd old new",
            "/resetpassword eve secret",
            " ",
        ] {
            assert!(!may_be_recalled(secret), "{secret:?}");
        }
        for harmless in ["hello", " indented", "//shrug", "/who", "/passwd", "/adduser eve", "/msg bob psst", "a\nb"] {
            assert!(may_be_recalled(harmless), "{harmless:?}");
        }
    }

    #[test]
    fn whispers_are_not_written_down() {
        for whisper in ["/msg bob psst", "/w bob psst", "/Whisper bob psst", "\u{200b}/msg bob psst"] {
            assert!(may_be_recalled(whisper) && !may_be_kept(whisper), "{whisper:?}");
        }
        assert!(may_be_kept("/who") && may_be_kept("hello"));
    }

    #[test]
    fn written_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let mut file = HistoryFile::open(Some(path.clone()));
        assert_eq!(file.read(), [""; 0]);
        let lines = ["hello", "two\nlines", r"C:\new", "//x"];
        for line in lines.iter().chain(&["/passwd a b", "/msg bob psst"]) {
            file.add(line);
        }
        assert_eq!(HistoryFile::open(Some(path.clone())).read(), lines);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap()) & 0o777, 0o600);
    }

    #[test]
    fn the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        std::fs::write(&path, (0..2 * HISTORY_LINES_MAX + 1).map(|i| format!("{i}\n")).collect::<String>()).unwrap();
        let lines = HistoryFile::open(Some(path.clone())).read();
        assert_eq!((lines.len(), lines[0].as_str()), (HISTORY_LINES_MAX, "1001"));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), HISTORY_LINES_MAX);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = HistoryFile::open(Some(folder.path().to_owned()));
        assert_eq!(file.read(), [""; 0]);
        file.add("hello");
        assert!(file.path.is_none());
    }
}
