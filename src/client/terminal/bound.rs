//! Keys that do something beside the line: they stop the program, speak in another room, tell that somebody looks.

#[cfg(unix)]
use super::look::Style;
use super::notice::answer;
use super::switching::arrived;
use super::{attention, screen};
use crate::client::rooms::Rooms;
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};
use std::sync::Arc;
use std::thread;

/// Ctrl-Z: what the terminal reports is nothing to the shell.
#[cfg(unix)]
pub(super) struct Suspend {
    pub(super) style: Style,
}

#[cfg(unix)]
impl ConditionalEventHandler for Suspend {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        if self.style.is_xterm {
            attention::lose_sight();
            screen::write_now(attention::FOCUS_REPORTS_OFF);
        }
        Some(Cmd::Suspend)
    }
}

/// Alt-1 to Alt-9: one speaks in that room, whatever stands in the line.
pub(super) struct ByNumber {
    pub(super) rooms: Arc<Rooms>,
    /// From 0.
    pub(super) place: usize,
}

impl ConditionalEventHandler for ByNumber {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        // Where there is one room alone, a number is an argument.
        let rooms = self.rooms.names();
        if rooms.len() == 1 {
            return None;
        }
        let Some(room) = rooms.into_iter().nth(self.place) else { return Some(Cmd::Noop) };
        if !self.rooms.is_present(&room) {
            let unread = self.rooms.go(&room)?;
            // In a thread of its own: where much is to be shown it waits for this one.
            let _ = thread::Builder::new().name("room".into()).spawn(move || answer(arrived(&room, unread)));
        }
        Some(Cmd::Repaint)
    }
}

/// The terminal's way to the front or to the back.
pub(super) struct Focus(pub(super) bool);

impl ConditionalEventHandler for Focus {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        screen::write_now(&attention::focus(self.0));
        Some(Cmd::Noop)
    }
}
