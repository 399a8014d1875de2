//! A poll, as whoever votes in it knows it.

use crate::protocol::ServerMessage;

/// The newest poll of a room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Poll {
    /// The seq of the event with which it began.
    pub(crate) number: u64,
    /// What is asked.
    pub(crate) question: String,
    /// The answers to choose from.
    pub(crate) options: Vec<String>,
}

impl Poll {
    /// The one that an event begins, if it does.
    pub(crate) fn of(message: &ServerMessage<'_>) -> Option<Self> {
        let ServerMessage::Poll { poll: number, question, options, .. } = message else { return None };
        let options = options.iter().map(ToString::to_string).collect();
        Some(Self { number: *number, question: question.to_string(), options })
    }
}
