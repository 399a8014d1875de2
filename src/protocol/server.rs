//! What a server sends: events, replies, and what stands between them.

use super::answers::AwayInfo;
use super::codes::{ErrorCode, Reason};
use super::framing::is_gone;
use super::lesson::{Format, Mode, Whispers};
use super::limits::GENERAL;
use super::reply::Reply;
use super::roles::Role;
use super::welcome::Welcome;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a server sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage<'a> {
    /// The answer to a login that succeeded.
    Welcome(Welcome<'a>),
    /// Event: somebody said something to the room.
    Message {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The sender.
        from: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// What was said; empty once it was taken back.
        #[serde(default, skip_serializing_if = "is_gone")]
        text: Cow<'a, str>,
        /// It is what the sender does rather than says.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
        /// How the text is to be shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<Format>,
        /// Of code: its language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<Cow<'a, str>>,
        /// It was taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        removed: bool,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: somebody said something to one account.
    Whisper {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The sender.
        from: Cow<'a, str>,
        /// The recipient.
        to: Cow<'a, str>,
        /// What was said; empty once it was taken back.
        #[serde(default, skip_serializing_if = "is_gone")]
        text: Cow<'a, str>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// How the text is to be shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<Format>,
        /// Of code: its language.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<Cow<'a, str>>,
        /// It was taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        removed: bool,
        /// The recipient had no session: it gets the whisper when it logs in.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        away: bool,
    },
    /// Event: an account's first session began.
    Joined {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// Whose.
        username: Cow<'a, str>,
        /// What its owner is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Cow<'a, str>>,
        /// Their group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<Cow<'a, str>>,
    },
    /// Event: an account's last session ended.
    Left {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// Whose.
        username: Cow<'a, str>,
        /// Why.
        reason: Reason,
    },
    /// Event: a room's topic changed.
    Topic {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// Who changed it.
        from: Cow<'a, str>,
        /// The room; the general one where it is absent, in what older versions wrote.
        #[serde(default = "general")]
        room: Cow<'a, str>,
        /// The new topic; empty: there is none any more.
        text: Cow<'a, str>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: somebody is in a room from now on.
    Entered {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Who.
        username: Cow<'a, str>,
        /// Who let them in, if they didn't enter by themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Cow<'a, str>>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: somebody is no longer in a room.
    Exited {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Who.
        username: Cow<'a, str>,
        /// Who put them out, if they didn't leave by themselves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Cow<'a, str>>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: a room is no more.
    RoomClosed {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Who closed it; absent where its time was over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Cow<'a, str>>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event, to everyone: the class is split into groups.
    Split {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// Who splits it.
        from: Cow<'a, str>,
        /// Into how many rooms.
        groups: usize,
        /// They close then; when it is gathered if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Cow<'a, str>>,
    },
    /// Event, to everyone: the last of these rooms is closed.
    Gathered {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// Who gathers the class; absent where its time was over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Cow<'a, str>>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: something that staff say in every room.
    Announcement {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The sender.
        from: Cow<'a, str>,
        /// What was said; empty once it was taken back.
        #[serde(default, skip_serializing_if = "is_gone")]
        text: Cow<'a, str>,
        /// It was taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        removed: bool,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: what holds in a room now.
    Floor {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Who has changed it; absent where its time was over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Cow<'a, str>>,
        /// Who may say something.
        mode: Mode,
        /// Until then; until it is changed if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Cow<'a, str>>,
        /// With `slow`: how long everyone waits between two messages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u32>,
        /// Who may whisper, in the whole server.
        whispers: Whispers,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: a hand goes up, or down.
    Hand {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Whose.
        username: Cow<'a, str>,
        /// Which way.
        up: bool,
        /// Why, where that was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Cow<'a, str>>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: whose turn it is to speak.
    Called {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Whose; nobody's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<Cow<'a, str>>,
        /// Who has called them.
        from: Cow<'a, str>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: a question to a room, without a name.
    Question {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// What was said; empty once it was taken back.
        #[serde(default, skip_serializing_if = "is_gone")]
        text: Cow<'a, str>,
        /// It was taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        removed: bool,
    },
    /// Event, to staff and the asker alone: whose question it is.
    Asked {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room; the general one where it is absent.
        #[serde(default = "general")]
        room: Cow<'a, str>,
        /// The question's seq.
        question: u64,
        /// Who asks.
        from: Cow<'a, str>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: a poll begins.
    Poll {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Who asks.
        from: Cow<'a, str>,
        /// Its own seq.
        poll: u64,
        /// What is asked.
        question: Cow<'a, str>,
        /// The answers to choose from.
        options: Vec<Cow<'a, str>>,
        /// It closes then; when it is closed if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Cow<'a, str>>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: a poll is over.
    PollClosed {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The room.
        room: Cow<'a, str>,
        /// Who closed it; absent where its time was over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Cow<'a, str>>,
        /// The poll's seq.
        poll: u64,
        /// How many chose each option.
        counts: Vec<usize>,
        /// How many voted.
        voted: usize,
        /// How many might.
        entitled: usize,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// Event: something was taken back.
    Removed {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// Its seq.
        event: u64,
        /// Who took it back; absent where it was a question and whoever asked it did.
        #[serde(default, skip_serializing_if = "is_gone")]
        from: Cow<'a, str>,
        /// The room where it was said, if it was said in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<Cow<'a, str>>,
        /// The other one of the two whose whisper it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Cow<'a, str>>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// To whoever whispers to somebody who is away; beside the event, not in its place.
    Away(AwayInfo<'a>),
    /// The answer to a request that isn't answered by an event.
    Reply(Reply<'a>),
    /// A request was refused.
    Error {
        /// The request's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
        /// What went wrong, for programs.
        code: ErrorCode,
        /// What went wrong and what to do, for people.
        message: Cow<'a, str>,
    },
    /// The answer to a client's `ping`.
    Pong {
        /// The ping's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
    },
    /// The server asks whether the client is still there.
    Ping {},
    /// The server's own word to an administrator. No event: it has no seq, and is not repeated after a reconnect.
    Notice {
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// 1 to [`NOTICE_CHARS_MAX`](super::NOTICE_CHARS_MAX) characters.
        text: Cow<'a, str>,
    },
    /// The account's role is another now. No event, like a notice.
    Role {
        /// What it is now.
        role: Role,
    },
    /// The last line of a session that the server ends.
    Bye {
        /// Why.
        reason: Reason,
    },
    /// A type that this version doesn't know.
    #[serde(other)]
    Unknown,
}

fn general() -> Cow<'static, str> {
    GENERAL.into()
}

mod line;
#[cfg(test)]
mod tests;
