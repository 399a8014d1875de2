//! What a server sends: events, replies, and what stands between them.

use super::answers::{AwayInfo, Status, TopicInfo, UserList, Whois};
use super::codes::{ErrorCode, Reason};
use super::commands::CommandHelp;
use super::framing::{append_line, encode_line, is_zero, is_zero_u64};
use super::roles::Role;
use super::secret::Secret;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

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
        /// What was said.
        text: Cow<'a, str>,
        /// It is what the sender does rather than says.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
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
        /// What was said.
        text: Cow<'a, str>,
        /// The id of the sender's request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Cow<'a, str>>,
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
    /// Event: the room's topic changed.
    Topic {
        /// The event's place in the one order.
        seq: u64,
        /// RFC 3339, UTC, milliseconds.
        time: Cow<'a, str>,
        /// The administrator who changed it.
        from: Cow<'a, str>,
        /// The new topic; empty: there is none any more.
        text: Cow<'a, str>,
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

/// The answer to a login that succeeded.
#[derive(Debug, Deserialize, Serialize)]
pub struct Welcome<'a> {
    /// [`VERSION`](super::VERSION).
    pub protocol: u32,
    /// `homeroom/` and the program's version.
    pub server: Cow<'a, str>,
    /// The account's name, folded to lower case.
    pub username: Cow<'a, str>,
    /// The account's role.
    pub role: Role,
    /// What the account's owner is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    /// Their group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// With it the client can log in again without the password.
    pub token: Secret,
    /// The newest event the server has.
    pub seq: u64,
    /// Who is online, sorted, the new one among them; cut where the line would grow too long.
    pub users: Vec<Cow<'a, str>>,
    /// What those of `users` are called whose accounts have a name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// How many names were cut from the end of `users`; `who` with `after` gives the rest.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// Nothing but `passwd`, `ping`, `help` and `logout` until the password is changed.
    pub must_change_password: bool,
    /// What the room talks about, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicInfo<'a>>,
    /// Events between `after` and `first` are gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap: bool,
    /// With `gap`: the first seq that the replay starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// The message of the day, if there is one. It may have several lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motd: Option<Cow<'a, str>>,
    /// The seq of the event with which this account last went offline, if it ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<u64>,
    /// How much was said since then that this account may see and that is still kept, its whispers counted up to 1,000.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub missed: u64,
    /// The login's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
}

/// The answer to a request that succeeded. Which fields it has depends on the request.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Reply<'a> {
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// Always true: what failed is an `error`.
    pub ok: bool,
    /// To `who` and `list_users`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UserList<'a>>,
    /// How many entries were cut from the end of `users`, or of the asked for from the beginning of `events`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
    /// To `history`: the server has looked at as much as it does for one request; what came before this seq is still to
    /// be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// To `who`: those of `users` who are away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub away: Vec<Cow<'a, str>>,
    /// To `who`: what those of `users` are called whose accounts have a name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// To `whois`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whois: Option<Box<Whois<'a>>>,
    /// To `topic` without a text; absent where there is no topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicInfo<'a>>,
    /// To `history`: what was said, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<ServerMessage<'a>>>,
    /// To `code`: the join code. To `door`: its code, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// To `code`: the addresses of the page, the one to be told first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Cow<'a, str>>,
    /// To `code`: the first of them as a QR code, rows of `0` and `1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qr: Vec<Cow<'a, str>>,
    /// To `help`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<CommandHelp<'a>>>,
    /// To `add_user` without a password, and to `reset_password`: the one-time password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// To `door`: until when it is open (RFC 3339, UTC, milliseconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Cow<'a, str>>,
    /// To `door`: the group of those who come in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Cow<'a, str>>,
    /// To `door`: it lets guests in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guests: bool,
    /// To `reload`: what an administrator should know about it, one sentence each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Vec<Cow<'a, str>>>,
    /// To `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<Status>>,
}

impl ServerMessage<'_> {
    /// An event's place in the one order; None for what is no event.
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Message { seq, .. }
            | Self::Whisper { seq, .. }
            | Self::Topic { seq, .. }
            | Self::Joined { seq, .. }
            | Self::Left { seq, .. } => Some(*seq),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{EVENT_BYTES_MAX, GENERAL, ID_BYTES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, TEXT_CHARS_MAX};

    #[test]
    fn the_longest_text_fits_a_line_and_the_reply_to_a_history() {
        let (text, name, id) =
            ("\u{1F600}".repeat(TEXT_CHARS_MAX), "z".repeat(NAME_BYTES_MAX), "~".repeat(ID_BYTES_MAX));
        let seq = (1 << 53) - 1;
        let time = || "2026-11-23T12:00:00.123Z".into();
        let (from, text, id) = (|| Cow::Borrowed(&*name), || Cow::Borrowed(&*text), || Some(Cow::Borrowed(&*id)));
        let message = ServerMessage::Message {
            seq,
            time: time(),
            from: from(),
            room: GENERAL.into(),
            text: text(),
            action: true,
            id: id(),
        };
        let whisper =
            ServerMessage::Whisper { seq, time: time(), from: from(), to: from(), text: text(), id: id(), away: true };
        for event in [message, whisper] {
            assert!(event.encode().len() <= EVENT_BYTES_MAX, "{}", event.encode().len());
            let reply = Reply { id: id(), ok: true, more: 199, events: Some(vec![event]), ..Reply::default() };
            assert!(ServerMessage::Reply(reply).encode().len() <= LINE_BYTES_MAX);
        }
        let longest = Reply { id: id(), ok: true, more: 199, events: Some(Vec::new()), ..Reply::default() };
        let frame = ServerMessage::Reply(longest).encode().len();
        assert_eq!(frame + EVENT_BYTES_MAX - 1, LINE_BYTES_MAX, "an event's end is not in the reply, the reply's is");
    }
}
