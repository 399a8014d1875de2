//! What stands before the line that is edited: also that the server isn't there, or gives no answer.
//!
//! A process has one terminal, so this is one state of the process.

use super::notice::notice;
use super::screen;
use rustyline::Prompt;
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

/// What is said where the server is waited for, and no line is edited.
pub(crate) const WAITING: &str = "waiting for the server...";

/// Which of [`Lack`] there is now: a bit each.
static LACKS: AtomicU8 = AtomicU8::new(0);

/// Why nothing happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lack {
    /// There is no connection.
    Connection = 1,
    /// The server was asked whether it is there.
    Sign = 2,
    /// It was asked for something.
    Answer = 4,
}

/// From now on there is such a lack, or none any more. Where no line is edited, whoever waits for an answer reads that
/// once.
pub(crate) fn lack(what: Lack, is_there: bool) {
    let bit = what as u8;
    let before = if is_there { LACKS.fetch_or(bit, Ordering::SeqCst) } else { LACKS.fetch_and(!bit, Ordering::SeqCst) };
    if (before & bit != 0) != is_there && !screen::redraw() && is_there && matches!(what, Lack::Answer) {
        notice(WAITING);
    }
}

/// The prompt of the line editor.
pub(super) struct Live(Cell<&'static str>);

impl Live {
    /// As it is now; the editor renews it.
    pub(super) fn now() -> Self {
        Self(Cell::new(text(LACKS.load(Ordering::SeqCst))))
    }
}

impl Prompt for Live {
    fn raw(&self) -> &str {
        self.0.get()
    }

    fn renew(&self) -> bool {
        let now = text(LACKS.load(Ordering::SeqCst));
        self.0.replace(now) != now
    }
}

fn text(lacks: u8) -> &'static str {
    match lacks {
        0 => "> ",
        _ if lacks & Lack::Connection as u8 != 0 => "(not connected) > ",
        _ => "(waiting for the server) > ",
    }
}
