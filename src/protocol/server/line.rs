//! What a server sends, as a line, and an event's place in the one order.

use super::ServerMessage;
use crate::protocol::framing::{append_line, encode_line};

impl ServerMessage<'_> {
    /// An event's place in the one order; None for what is no event.
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Message { seq, .. }
            | Self::Whisper { seq, .. }
            | Self::Topic { seq, .. }
            | Self::Joined { seq, .. }
            | Self::Left { seq, .. }
            | Self::Entered { seq, .. }
            | Self::Exited { seq, .. }
            | Self::RoomClosed { seq, .. }
            | Self::Split { seq, .. }
            | Self::Gathered { seq, .. }
            | Self::Announcement { seq, .. }
            | Self::Floor { seq, .. }
            | Self::Hand { seq, .. }
            | Self::Called { seq, .. }
            | Self::Question { seq, .. }
            | Self::Asked { seq, .. }
            | Self::Poll { seq, .. }
            | Self::PollClosed { seq, .. }
            | Self::Removed { seq, .. } => Some(*seq),
            _ => None,
        }
    }

    /// One line with its end.
    pub fn encode(&self) -> Vec<u8> {
        encode_line(self)
    }

    /// Appends one line with its end.
    pub fn encode_into(&self, lines: &mut Vec<u8>) {
        append_line(self, lines);
    }
}
