//! What an event tells of itself, of whatever kind it is.

use crate::protocol::ServerMessage;

/// What events have in common.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct About<'a> {
    /// Its place in the one order.
    pub(super) seq: u64,
    /// When it happened, as the server writes it.
    pub(super) time: &'a str,
    /// Who did it, and whose request it answers; nobody where the server did it by itself.
    pub(super) author: &'a str,
    /// The id of that request.
    pub(super) id: Option<&'a str>,
    /// Where it happened; None where that is no room.
    pub(super) room: Option<&'a str>,
}

impl<'a> About<'a> {
    /// Of an event; None for what is none.
    pub(super) fn of(message: &'a ServerMessage<'_>) -> Option<Self> {
        let seq = message.seq()?;
        let about = Self { seq, ..Self::default() };
        Some(match message {
            ServerMessage::Message { time, from, room, id, .. } | ServerMessage::Topic { time, from, room, id, .. } => {
                Self { time, author: from, id: id.as_deref(), room: Some(room), ..about }
            }
            ServerMessage::Whisper { time, from, id, .. } | ServerMessage::Announcement { time, from, id, .. } => {
                Self { time, author: from, id: id.as_deref(), ..about }
            }
            ServerMessage::Joined { time, username, .. } | ServerMessage::Left { time, username, .. } => {
                Self { time, author: username, ..about }
            }
            ServerMessage::Entered { time, room, username, by, id, .. }
            | ServerMessage::Exited { time, room, username, by, id, .. } => {
                let author = by.as_ref().unwrap_or(username);
                Self { time, author, id: id.as_deref(), room: Some(room), ..about }
            }
            ServerMessage::RoomClosed { time, room, by: author, id, .. }
            | ServerMessage::Floor { time, room, from: author, id, .. }
            | ServerMessage::PollClosed { time, room, from: author, id, .. } => {
                let author = author.as_deref().unwrap_or_default();
                Self { time, author, id: id.as_deref(), room: Some(room), ..about }
            }
            ServerMessage::Hand { time, room, username: author, id, .. }
            | ServerMessage::Called { time, room, from: author, id, .. }
            | ServerMessage::Asked { time, room, from: author, id, .. }
            | ServerMessage::Poll { time, room, from: author, id, .. } => {
                Self { time, author, id: id.as_deref(), room: Some(room), ..about }
            }
            ServerMessage::Split { time, from, .. } => Self { time, author: from, ..about },
            ServerMessage::Gathered { time, from, id, .. } => {
                Self { time, author: from.as_deref().unwrap_or_default(), id: id.as_deref(), ..about }
            }
            ServerMessage::Question { time, room, .. } => Self { time, room: Some(room), ..about },
            ServerMessage::Removed { time, from, room, id, .. } => {
                Self { time, author: from, id: id.as_deref(), room: room.as_deref(), ..about }
            }
            _ => return None,
        })
    }
}
