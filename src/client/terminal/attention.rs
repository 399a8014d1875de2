//! Whether somebody looks, and how much came while nobody did: shown in the terminal's title.
//!
//! A process has one terminal, so this is one state of the process.

use crate::sync::lock;
use std::sync::Mutex;

/// Turns focus reports on and off.
pub(super) const FOCUS_REPORTS_ON: &str = "\x1b[?1004h";
pub(super) const FOCUS_REPORTS_OFF: &str = "\x1b[?1004l";

/// Saves and restores the title, where a terminal can; the empty one in between is for those that can't.
pub(super) const TITLE_SAVE: &str = "\x1b[22;2t";
pub(super) const TITLE_RESTORE: &str = "\x1b]2;\x07\x1b[23;2t";

static ATTENTION: Mutex<Attention> = Mutex::new(Attention { name: String::new(), in_front: None, unread: 0 });

#[derive(Debug)]
struct Attention {
    /// What the title says besides.
    name: String,
    /// None until the terminal reports it.
    in_front: Option<bool>,
    unread: usize,
}

/// From now on the title begins with `name`. Gives what makes the terminal show it.
pub(super) fn begin(name: &str) -> String {
    let mut attention = lock(&ATTENTION);
    attention.name = name.to_owned();
    attention.title()
}

/// Something came that a person may want to read. Gives what makes the terminal show it in its title.
pub(crate) fn came() -> String {
    let mut attention = lock(&ATTENTION);
    if attention.in_front == Some(true) {
        return String::new();
    }
    attention.unread += 1;
    attention.title()
}

/// The terminal came to the front, or went to the back. Gives what shows it in the title.
pub(super) fn focus(in_front: bool) -> String {
    let mut attention = lock(&ATTENTION);
    attention.in_front = Some(in_front);
    attention.read()
}

/// The terminal tells no longer whether it's in front.
#[cfg(unix)]
pub(super) fn lose_sight() {
    lock(&ATTENTION).in_front = None;
}

/// The person typed a line. Gives what shows it in the title.
pub(super) fn typed() -> String {
    lock(&ATTENTION).read()
}

/// Whether the terminal is in front; None where it doesn't tell.
pub(crate) fn is_in_front() -> Option<bool> {
    lock(&ATTENTION).in_front
}

impl Attention {
    /// All that came is read.
    fn read(&mut self) -> String {
        if std::mem::take(&mut self.unread) == 0 { String::new() } else { self.title() }
    }

    fn title(&self) -> String {
        match self.unread {
            0 => format!("\x1b]2;{}\x07", self.name),
            unread => format!("\x1b]2;({unread}) {}\x07", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, since it is one state.
    #[test]
    fn counted_while_nobody_looks() {
        assert_eq!(begin("homeroom"), "\x1b]2;homeroom\x07");
        assert_eq!((came(), came()), ("\x1b]2;(1) homeroom\x07".into(), "\x1b]2;(2) homeroom\x07".into()));
        assert_eq!((typed(), typed()), ("\x1b]2;homeroom\x07".into(), String::new()));
        assert_eq!((focus(true), is_in_front()), (String::new(), Some(true)));
        assert_eq!(came(), "");
        assert_eq!((focus(false), is_in_front()), (String::new(), Some(false)));
        assert_eq!(came(), "\x1b]2;(1) homeroom\x07");
        assert_eq!(focus(true), "\x1b]2;homeroom\x07");
    }
}
