//! A text that the server didn't take for now: it is to be edited again, if nothing else is.
//!
//! A process has one terminal, so this is one state of the process.

use super::notice::notice;
use super::screen;
use crate::sync::lock;
use std::sync::Mutex;

static GIVEN_BACK: Mutex<Option<GivenBack>> = Mutex::new(None);

/// What comes back.
#[derive(Debug)]
struct GivenBack {
    /// As it was typed.
    text: String,
    /// The room that it was typed for: it isn't put where it would be said in another. None: it is for no room.
    room: Option<String>,
    /// What is said when it is in the line again.
    if_edited: String,
    /// And when it isn't.
    if_named: String,
}

/// Gives back what was typed for a room, and says why: into the line if that is empty, else by its name.
pub(crate) fn give_back(text: &str, named: &str, room: Option<&str>, why: &str) {
    let if_edited = format!("! {why}; it is in your line again, Ctrl-U clears it");
    let if_named = format!("{why}; not said: {named}");
    let dressed = screen::dressed(&if_edited).zip(screen::dressed(&format!("! {if_named}")));
    let Some((edited, named)) = dressed else { return notice(if_named) };
    let back = GivenBack { text: text.to_owned(), room: room.map(str::to_owned), if_edited: edited, if_named: named };
    let before = lock(&GIVEN_BACK).replace(back);
    // There is room for one.
    if let Some(before) = before {
        screen::print(&before.if_named);
    }
    if !screen::redraw() && lock(&GIVEN_BACK).take().is_some() {
        notice(if_named);
    }
}

/// For the line that is edited in this room: the text for it, if it is empty, and what is to be said.
pub(super) fn take(room: &str, line_is_empty: bool) -> Option<(String, String)> {
    let back = lock(&GIVEN_BACK).take()?;
    Some(match line_is_empty && back.room.as_ref().is_none_or(|typed_for| typed_for == room) {
        true => (back.text, back.if_edited),
        false => (String::new(), back.if_named),
    })
}
