//! What stands before the line that is edited: where it goes, who may speak there; also that the server isn't there, or
//! gives no answer.
//!
//! A process has one terminal, so what is lacking is one state of the process.

use super::notice::notice;
use super::question::READ_AFTER;
use super::{given_back, screen};
use crate::client::rooms::Rooms;
use crate::protocol::GENERAL;
use rustyline::Prompt;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

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
pub(super) struct Live {
    rooms: Arc<Rooms>,
    first: String,
    shown: RefCell<Shown>,
    /// When others moved one to another room while something stood in the line.
    moved: Cell<Option<Instant>>,
}

/// What it shows.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Shown {
    /// Where the line goes if it's entered now: what the person sees, whatever happened since.
    room: String,
    text: String,
    moves: u64,
}

impl Live {
    /// As it is now; the editor renews it.
    pub(super) fn now(rooms: &Arc<Rooms>) -> Self {
        let shown = Shown::now(rooms);
        Self { rooms: Arc::clone(rooms), first: shown.text.clone(), shown: RefCell::new(shown), moved: Cell::new(None) }
    }

    /// The room that it names.
    pub(super) fn room(&self) -> String {
        self.shown.borrow().room.clone()
    }

    /// Whether it names another room since so short a time that nobody can have seen it.
    pub(super) fn is_unread(&self) -> bool {
        self.moved.get().is_some_and(|moved| moved.elapsed() < READ_AFTER)
    }
}

impl Prompt for Live {
    fn raw(&self) -> &str {
        &self.first
    }

    fn renew(&self) -> Option<String> {
        let now = Shown::now(&self.rooms);
        let before = self.shown.replace(now.clone());
        if before.moves != now.moves {
            self.moved.set(Some(Instant::now()));
        }
        (before.text != now.text).then_some(now.text)
    }

    fn give_back(&self, line_is_empty: bool) -> Option<(String, String)> {
        if line_is_empty {
            // Whatever is typed now is typed behind the new prompt.
            self.moved.set(None);
        }
        given_back::take(&self.shown.borrow().room, line_is_empty)
    }
}

impl Shown {
    fn now(rooms: &Rooms) -> Self {
        let (room, lacks) = (rooms.present(), LACKS.load(Ordering::SeqCst));
        let lack = match lacks {
            0 => "",
            _ if lacks & Lack::Connection as u8 != 0 => "(not connected) ",
            _ => "(waiting for the server) ",
        };
        // Names of rooms are checked before they are known, or when they are typed.
        let place = if room == GENERAL { String::new() } else { format!("#{room} ") };
        let holds = rooms.holds(&room).map(|words| format!("{words} ")).unwrap_or_default();
        let text = format!("{lack}{place}{holds}> ");
        Self { room, text, moves: rooms.moves() }
    }
}

/// Has the prompt drawn anew each time when its words are no longer true, as long as what holds has an end.
pub(crate) fn keep_true(rooms: &Rooms) {
    loop {
        rooms.wait_for_other_words();
        if screen::is_closed() {
            return;
        }
        screen::redraw();
    }
}
