//! What the checker may find.

use crate::mark::Mark;
use std::fmt;

/// A promise that was broken. `by` is the client to which, as its marks have it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Violation {
    /// The journal's seqs don't increase.
    Unsorted { seq: u64, after: u64 },
    /// A text isn't what anybody said.
    Altered { seq: u64 },
    /// Something was said once, and is there twice.
    SaidTwice { mark: Mark, seqs: [u64; 2] },
    /// Something is there that nobody asked for.
    Unasked { mark: Mark, seq: u64 },
    /// Something has another sender or recipient than was asked for.
    Misdirected { mark: Mark, seq: u64 },
    /// Something was refused, and is there.
    SaidThoughRefused { mark: Mark, seq: u64 },
    /// Something was asked for, and has no answer although all is well.
    Unanswered { mark: Mark },
    /// Two requests of one connection were carried out in the wrong order.
    Swapped { first: Mark, second: Mark },
    /// Two were shown different events as this one, so there is not one order.
    TwoEvents { seq: u64 },
    /// An event was shown, and the journal doesn't have it.
    NotKept { by: u16, seq: u64 },
    /// An event was not shown to one who was to see it.
    NotShown { by: u16, seq: u64 },
    /// An event was shown twice.
    ShownTwice { by: u16, seq: u64 },
    /// An event was shown after one that comes later.
    Backwards { by: u16, seq: u64, after: u64 },
    /// An event was shown to somebody who may not see it: a whisper between others, what happened in a room in which they
    /// weren't, whose question it is.
    Foreign { by: u16, seq: u64 },
    /// The answer to `history` has something else in the place of this event.
    History { seq: u64 },
    /// The server says that something is gone, and nothing was to go.
    Gap { by: u16, after: Option<u64> },
    /// Something was said in a session after the answer that it is ended.
    SaidAfterTheEnd { mark: Mark, seq: u64 },
    /// An event was shown to a session that is newer than the answer that it is ended.
    ShownAfterTheEnd { by: u16, seq: u64 },
    /// A token was refused that nothing had ended.
    TokenRefused { by: u16 },
    /// Somebody entered a room in which they were, left one in which they weren't, or spoke there; or a room was closed that
    /// wasn't there.
    Outside { seq: u64 },
    /// Something was taken back, says the answer, and its words are there.
    NotRemoved { seq: u64 },
    /// Something was taken back, and its words are somewhere in the data folder.
    WordsLeft { mark: Mark, seq: u64 },
    /// The words of something are gone that nobody took back.
    WordsLost { seq: u64 },
    /// That something was taken back was told not at all, or twice.
    RemovalsTold { seq: u64, times: usize },
    /// Something was shown with its words over a connection that began when it was taken back already.
    WordsShown { by: u16, seq: u64 },
    /// Half of what belongs together: a question without who asks behind it, or who asks without a question; a class that is
    /// split without anybody in a group, or gathered while one is still there.
    Halved { seq: u64 },
    /// Votes were lost, or came from nowhere, in the poll with this end: for one of its answers, or in all.
    Votes { seq: u64, option: Option<usize> },
}

impl Violation {
    /// The client that was shown something, or not, and what.
    pub(crate) fn shown(&self) -> Option<(u16, u64)> {
        match *self {
            Self::NotKept { by, seq }
            | Self::NotShown { by, seq }
            | Self::ShownTwice { by, seq }
            | Self::Backwards { by, seq, .. }
            | Self::Foreign { by, seq }
            | Self::WordsShown { by, seq }
            | Self::ShownAfterTheEnd { by, seq } => Some((by, seq)),
            _ => None,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsorted { seq, after } => write!(f, "the journal has seq {seq} behind {after}"),
            Self::Altered { seq } => write!(f, "the text of event {seq} is not as anybody said it"),
            Self::SaidTwice { mark, seqs: [one, two] } => {
                write!(f, "{mark} was said once and is there as {one} and {two}")
            }
            Self::Unasked { mark, seq } => write!(f, "event {seq} has the text {mark}, which nobody said"),
            Self::Misdirected { mark, seq } => write!(f, "event {seq}, {mark}, has a wrong sender or recipient"),
            Self::SaidThoughRefused { mark, seq } => write!(f, "{mark} was refused, and is there as {seq}"),
            Self::Unanswered { mark } => write!(f, "{mark} has no answer"),
            Self::Swapped { first, second } => write!(f, "{first} was asked for before {second} and came after it"),
            Self::TwoEvents { seq } => write!(f, "there are different events {seq}"),
            Self::NotKept { by, seq } => write!(f, "client {by} was shown event {seq}, which is not in the journal"),
            Self::NotShown { by, seq } => write!(f, "client {by} was not shown event {seq}"),
            Self::ShownTwice { by, seq } => write!(f, "client {by} was shown event {seq} twice"),
            Self::Backwards { by, seq, after } => write!(f, "client {by} was shown event {seq} after {after}"),
            Self::Foreign { by, seq } => write!(f, "client {by} was shown event {seq}, which it may not see"),
            Self::History { seq } => write!(f, "the history lacks event {seq}, or has too much before it"),
            Self::Gap { by, after } => write!(f, "client {by} came back to a gap after {after:?}"),
            Self::SaidAfterTheEnd { mark, seq } => write!(f, "{mark} is event {seq}, and its session was ended before"),
            Self::ShownAfterTheEnd { by, seq } => {
                write!(f, "client {by} was shown event {seq}, and its session was ended before")
            }
            Self::TokenRefused { by } => write!(f, "the token of client {by} was refused"),
            Self::Outside { seq } => {
                write!(f, "event {seq} is by somebody who isn't in that room, or is in it already")
            }
            Self::NotRemoved { seq } => write!(f, "event {seq} was taken back and has its words"),
            Self::WordsLeft { mark, seq } => write!(f, "event {seq} was taken back and {mark} is in the data folder"),
            Self::WordsLost { seq } => write!(f, "event {seq} has no words, and nobody took it back"),
            Self::RemovalsTold { seq, times } => write!(f, "that event {seq} was taken back was told {times} times"),
            Self::WordsShown { by, seq } => {
                write!(f, "client {by} was shown event {seq} with its words, which were taken back before it came")
            }
            Self::Halved { seq } => write!(f, "event {seq} is half of what belongs together"),
            Self::Votes { seq, option } => write!(f, "the poll that {seq} ends has a wrong count, of {option:?}"),
        }
    }
}
