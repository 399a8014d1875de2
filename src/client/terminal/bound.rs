//! Keys that do something beside the line: they stop the program, speak in another room, tell that somebody looks.

#[cfg(unix)]
use super::look::Style;
use super::switching::speak_in_numbered;
use super::{attention, screen};
use crate::client::rooms::Rooms;
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};
use std::sync::Arc;

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
        if self.rooms.names().len() == 1 {
            return None;
        }
        speak_in_numbered(&self.rooms, self.place);
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
