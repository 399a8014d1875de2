//! A poll, as whoever votes in it knows it.

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
