//! Where one speaks, changed by a line or a key: at once, since what is typed next is meant for the new room already.

use super::known;
use super::notice::{answer, notice};
use super::shape::Shape;
use crate::client::rooms::{Rooms, room_name};
use std::thread;

/// What a line changes about where one speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Switch {
    /// One is in this room, and speaks there.
    Speak(String),
    /// One goes into it, and speaks there.
    Enter(String),
    /// One goes out of it.
    Leave(String),
}

impl Switch {
    /// Of a line that was typed while one spoke `here`.
    pub(crate) fn of(line: &str, here: &str) -> Option<Self> {
        let Shape::Command(rest) = Shape::of(line) else { return None };
        let typed = known::command_name(rest);
        let mut words = rest[typed.len()..].split_whitespace();
        let (room, more) = (words.next(), words.next());
        if more.is_some() {
            return None;
        }
        match (known::listed(&typed), room) {
            ("room", Some(room)) => room_name(room).map(Self::Speak),
            ("join", Some(room)) => room_name(room).map(Self::Enter),
            ("leave", None) => Some(Self::Leave(here.to_owned())),
            ("leave", Some(room)) => room_name(room).map(Self::Leave),
            _ => None,
        }
    }

    /// Changes it.
    pub(crate) fn make(&self, rooms: &Rooms) {
        match self {
            Self::Speak(room) => speak_in(rooms, room),
            Self::Enter(room) => rooms.head_for(room),
            Self::Leave(room) => rooms.head_out_of(room),
        }
    }
}

/// Speaks in a room that one is in from now on, and says so; or why not.
fn speak_in(rooms: &Rooms, room: &str) {
    tell(go(rooms, room));
}

/// Speaks in the room with this number, counted from 0, as [`speak_in`] does. Says so in a thread of its own: where much is to
/// be shown, that waits for the keys.
pub(super) fn speak_in_numbered(rooms: &Rooms, place: usize) {
    let said = match rooms.names().get(place) {
        Some(room) => go(rooms, room),
        None => Err(format!("you are in no room with the number {}: /rooms lists what there is", place + 1)),
    };
    let _ = thread::Builder::new().name("room".into()).spawn(move || tell(said));
}

/// Speaks there. What is to be said of it; an error: one isn't in it.
fn go(rooms: &Rooms, room: &str) -> Result<String, String> {
    match (rooms.is_present(room), rooms.go(room)) {
        (true, Some(_)) => Ok(format!("you speak in #{room} already")),
        (false, Some(unread)) => Ok(arrived(room, unread)),
        (_, None) => Err(format!("you are not in #{room}: /join {room} goes in, /rooms lists what there is")),
    }
}

fn tell(said: Result<String, String>) {
    match said {
        Ok(text) => answer(text),
        Err(why) => notice(why),
    }
}

/// That one speaks in a room now, and how much came there meanwhile.
fn arrived(room: &str, unread: usize) -> String {
    match unread {
        0 => format!("you speak in #{room} now"),
        1 => format!("you speak in #{room} now; 1 message came there meanwhile"),
        _ => format!("you speak in #{room} now; {unread} messages came there meanwhile"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_changes() {
        for (line, switch) in [
            ("/room chess", Some(Switch::Speak("chess".into()))),
            ("/join #Chess ", Some(Switch::Enter("chess".into()))),
            ("/J chess", Some(Switch::Enter("chess".into()))),
            ("/leave", Some(Switch::Leave("latin".into()))),
            ("/leave chess", Some(Switch::Leave("chess".into()))),
            ("/join", None),
            ("/join a b", None),
            ("/join b*b", None),
            ("//join chess", None),
            ("join chess", None),
            ("/rooms", None),
        ] {
            assert_eq!(Switch::of(line, "latin"), switch, "{line}");
        }
    }
}
