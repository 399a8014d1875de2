//! What was typed in earlier sessions: a file that its owner alone may read.
//!
//! Several clients may have it at once: each appends its lines, and one that cuts the old ones off has it for itself
//! meanwhile. Whatever else is in it, the newest lines that are lines are had back.
//!
//! Lines that hold a password are never remembered at all. Whispers are until the program ends, and never written
//! down: what was meant for one person should not lie on a disk that others may sit at. Nor are questions without a name
//! and votes.

use super::doubts::{doubt, holds_password};
use super::known;
use super::shape::Shape;
use crate::client::piped;
use crate::files::{self, Access};
use fs4::FileExt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How many lines are remembered; the file may have as many again.
pub(super) const HISTORY_LINES_MAX: usize = 1000;
/// As much of the file is read, from its end.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// How often the file's lock is tried, and how long after one try comes the next. Another client has it for as long as it takes
/// to write the file's newest lines; one that was stopped just then is not waited for.
const LOCK_TRIES_MAX: u32 = 20;
const LOCK_WAIT: Duration = Duration::from_millis(5);

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
            known::is_known(&known::command_name(rest)) && !holds_password(line) && doubt(line).is_none()
        }
        Shape::Text(_) => doubt(line).is_none(),
    }
}

/// What others are not to know: what was whispered, who asked, and what somebody voted for.
const PRIVATE: [&str; 7] = ["msg", "whisper", "w", "reply", "r", "ask", "vote"];

/// Whether a line may be written down.
fn may_be_kept(line: &str) -> bool {
    let is_private = |rest| PRIVATE.contains(&&*known::command_name(rest));
    may_be_recalled(line) && !matches!(Shape::of(line), Shape::Command(rest) if is_private(rest))
}

impl HistoryFile {
    /// The file at `path`, if there is to be one.
    pub(super) fn open(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// The lines of earlier sessions, the oldest first. A file that can't be read is as good as none.
    pub(super) fn read(&mut self) -> Vec<String> {
        let Some(path) = &self.path else { return Vec::new() };
        // One that may not be written may still be read.
        let file = files::open(path, Access::ReadWrite).or_else(|_| files::open(path, Access::Read));
        file.and_then(|mut file| read_and_cut(&mut file)).unwrap_or_default()
    }

    /// Writes a line down, if it may be. After an error nothing more is written: the chat goes on without.
    pub(super) fn add(&mut self, line: &str) {
        if may_be_kept(line) && self.path.as_deref().is_some_and(|path| append(path, line).is_err()) {
            self.path = None;
        }
    }
}

/// The newest lines. The file keeps no others once it has become too long, if nobody else has it just now.
fn read_and_cut(file: &mut File) -> io::Result<Vec<String>> {
    let is_ours = lock(file, FileExt::try_lock);
    let skipped = file.metadata()?.len().saturating_sub(FILE_BYTES_MAX);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // What begins in the middle is no line.
    let whole =
        if skipped == 0 { piped::without_mark(&text) } else { text.split_once('\n').map_or("", |(_, whole)| whole) };
    let all = whole.lines().filter(|line| is_text(line)).collect::<Vec<_>>();
    let newest = &all[all.len().saturating_sub(HISTORY_LINES_MAX)..];
    let is_broken_off = !whole.is_empty() && !whole.ends_with('\n');
    if is_ours && (skipped > 0 || all.len() > 2 * HISTORY_LINES_MAX || is_broken_off) {
        // Where that fails the older lines stay, and the newest behind them.
        let _ = overwrite(file, newest.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes());
    }
    Ok(newest.iter().map(|line| unescape(line)).collect())
}

/// In place, since others append to this file and no other. The newest lines are at its end until all of them are at its
/// beginning.
fn overwrite(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)
}

/// Whether a line was typed: a crash leaves NULs, and no editor gives control characters.
fn is_text(line: &str) -> bool {
    !line.is_empty() && !line.contains(|c: char| c.is_control() && c != '\t')
}

/// Locks the file until it's closed; false where others don't let go of it, or the disk knows no locks.
fn lock<E>(file: &File, try_lock: impl Fn(&File) -> Result<(), E>) -> bool {
    (0..LOCK_TRIES_MAX).any(|tried| {
        if tried > 0 {
            thread::sleep(LOCK_WAIT);
        }
        try_lock(file).is_ok()
    })
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = files::append_private(path)?;
    // Nobody cuts the file meanwhile. Without a lock it's written all the same.
    lock(&file, FileExt::try_lock_shared);
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
            "/me passwd old new",
            "/msg bob pwd old new",
            "/say passwd old new",
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
        for whisper in
            ["/msg bob psst", "/w bob psst", "/Whisper bob psst", "\u{200b}/msg bob psst", "/ask why?", "/Vote 2"]
        {
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

    #[test]
    fn what_is_no_line_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        std::fs::write(&path, b"\xef\xbb\xbfone\r\nGr\xfc\xdfe\n\0\0\0\n\x1b[2J\n\na\tb\nbroken o").unwrap();
        let lines = HistoryFile::open(Some(path.clone())).read();
        assert_eq!(lines, ["one", "Gr\u{fffd}\u{fffd}e", "a\tb", "broken o"]);
        HistoryFile::open(Some(path.clone())).add("next");
        assert_eq!(HistoryFile::open(Some(path)).read()[3..], ["broken o", "next"]);
    }

    #[test]
    fn of_a_large_file_the_newest_lines_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let long = "x".repeat(FILE_BYTES_MAX as usize - 20);
        std::fs::write(&path, format!("oldest\n{long}\n1\n2\nlast but one\nnewest\n")).unwrap();
        let lines = ["1", "2", "last but one", "newest"];
        assert_eq!(HistoryFile::open(Some(path.clone())).read(), lines);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), lines.join("\n") + "\n");
    }

    #[test]
    fn nobody_cuts_what_another_client_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let text = (0..2 * HISTORY_LINES_MAX + 1).map(|i| format!("{i}\n")).collect::<String>();
        std::fs::write(&path, &text).unwrap();
        let other = files::open(&path, Access::ReadWrite).unwrap();
        assert!(lock(&other, FileExt::try_lock_shared));
        assert_eq!(HistoryFile::open(Some(path.clone())).read().len(), HISTORY_LINES_MAX);
        HistoryFile::open(Some(path.clone())).add("mine");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text + "mine\n");
        drop(other);
        let lines = HistoryFile::open(Some(path.clone())).read();
        assert_eq!((lines.len(), lines[lines.len() - 1].as_str()), (HISTORY_LINES_MAX, "mine"));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), HISTORY_LINES_MAX);
    }
}
