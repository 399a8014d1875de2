//! The wire: every message type and every limit, for the server and the client alike.
//!
//! Each message is one JSON object on one line, ended by `\n`. `PROTOCOL.md` describes it in words; the types
//! here are what both programs read and write. Fields may be added; what is here keeps its name and meaning.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroize;

/// The version that `login` and `welcome` carry.
pub const VERSION: u32 = 1;
/// The TCP port where a server listens and a client connects unless told otherwise.
pub const DEFAULT_PORT: u16 = 7667;
/// The one room there is, and the default of `say`.
pub const GENERAL: &str = "general";
/// No line is longer than this, its `\n` included.
pub const LINE_BYTES_MAX: usize = 16_384;
/// No event's line is longer than this, its `\n` included: so each fits into the [`Reply`] to a `history`, whose `id`
/// takes at most [`ID_BYTES_MAX`] bytes.
pub const EVENT_BYTES_MAX: usize = LINE_BYTES_MAX - HISTORY_FRAME_BYTES;
/// The longest reply to a `history`, without the event in it, its `id` or a line's end.
const HISTORY_FRAME_BYTES: usize = r#"{"type":"reply","id":"","ok":true,"more":199,"events":[]}"#.len() + ID_BYTES_MAX;
/// How many events one `history` may ask for.
pub const HISTORY_EVENTS_MAX: usize = 200;
/// And how many it gets if it doesn't say.
pub const HISTORY_EVENTS_DEFAULT: usize = 50;
/// The longest message text. In UTF-8 that is at most 16,000 bytes, which leaves room for the rest of the line.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// The longest topic and the longest word on why one is away: one line, read at a glance.
pub const NOTE_CHARS_MAX: usize = 200;
/// The longest `id`.
pub const ID_BYTES_MAX: usize = 64;
/// How deep a request may be nested. None needs more than one level; the rest is for fields to come. JSON is read
/// recursively, and a session's thread has a small stack.
pub const NESTING_MAX: usize = 16;
/// The longest text of a `notice`.
pub const NOTICE_CHARS_MAX: usize = 1_000;
/// The longest user name.
pub const NAME_BYTES_MAX: usize = 32;

/// What a client sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Who the client is: with a password, or with the token of an earlier `welcome`.
    Login(Login),
    /// A message to everyone in the room.
    Say {
        /// The room, [`GENERAL`] if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// 1 to [`TEXT_CHARS_MAX`] characters.
        text: String,
        /// What the sender does rather than says: shown as `* ada waves`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
    },
    /// A message to every session of one account and of the sender's own, and nobody else.
    Whisper {
        /// The account's name.
        to: String,
        /// 1 to [`TEXT_CHARS_MAX`] characters.
        text: String,
    },
    /// Who is online.
    Who {
        /// List only the names that sort after this one: how a list that was cut (`more`) is continued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Who an account is, and whether its owner is there.
    Whois {
        /// The account's name.
        username: String,
    },
    /// The person is away, or back.
    Away {
        /// Why, for whoever whispers meanwhile: 0 to [`NOTE_CHARS_MAX`] characters. Absent: back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What the room talks about.
    Topic {
        /// Admin: from now on this, 1 to [`NOTE_CHARS_MAX`] characters; nothing in particular if empty. Absent: asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What was said before, oldest first.
    History {
        /// Before this seq; what was said last if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// At most so many events, 1 to [`HISTORY_EVENTS_MAX`]; [`HISTORY_EVENTS_DEFAULT`] if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    },
    /// Which commands this role may use.
    Help,
    /// Changes one's own password.
    Passwd {
        /// The password until now.
        old: Secret,
        /// The password from now on.
        new: Secret,
    },
    /// Ends this session.
    Logout,
    /// Asks for a `pong` with the same id.
    Ping,
    /// The answer to the server's `ping`.
    Pong,
    /// Admin: a new account.
    AddUser {
        /// The account's name.
        username: String,
        /// Its password; without one the server makes a one-time password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<Secret>,
        /// Its role.
        #[serde(default)]
        role: Role,
    },
    /// Admin: every account.
    ListUsers {
        /// List only the names that sort after this one: how a list that was cut (`more`) is continued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Admin: ends every session of an account.
    LogoutUser {
        /// The account's name.
        username: String,
    },
    /// Admin: ends the server.
    Shutdown,
    /// Admin: how the server is.
    Status,
    /// Admin: takes the server's configuration, certificate and message of the day anew.
    Reload,
    /// Admin: ends every session of an account and keeps it out.
    Ban {
        /// The account's name.
        username: String,
    },
    /// Admin: lets it in again.
    Unban {
        /// The account's name.
        username: String,
    },
    /// Admin: an account may say nothing.
    Mute {
        /// The account's name.
        username: String,
        /// For so long; until `unmute` if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
    },
    /// Admin: it may speak again.
    Unmute {
        /// The account's name.
        username: String,
    },
    /// Admin: gives an account a one-time password and ends its sessions.
    ResetPassword {
        /// The account's name.
        username: String,
    },
    /// Admin: deletes an account and ends its sessions.
    DeleteUser {
        /// The account's name.
        username: String,
    },
    /// Admin: makes an account an administrator's.
    Promote {
        /// The account's name.
        username: String,
    },
    /// Admin: makes an administrator's account a user's.
    Demote {
        /// The account's name.
        username: String,
    },
    /// A type that this version doesn't know.
    #[serde(other)]
    Unknown,
}

/// The first request of a connection.
#[derive(Debug, Deserialize, Serialize)]
pub struct Login {
    /// [`VERSION`].
    pub protocol: u32,
    /// The account's name.
    pub username: String,
    /// Its password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Or the token of an earlier `welcome`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// Replay what came after this seq.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

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
        /// 1 to [`NOTICE_CHARS_MAX`] characters.
        text: Cow<'a, str>,
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
    /// [`VERSION`].
    pub protocol: u32,
    /// `homeroom/` and the program's version.
    pub server: Cow<'a, str>,
    /// The account's name, folded to lower case.
    pub username: Cow<'a, str>,
    /// The account's role.
    pub role: Role,
    /// With it the client can log in again without the password.
    pub token: Secret,
    /// The newest event the server has.
    pub seq: u64,
    /// Who is online, sorted, the new one among them; cut where the line would grow too long.
    pub users: Vec<Cow<'a, str>>,
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
    /// To `whois`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whois: Option<Whois<'a>>,
    /// To `topic` without a text; absent where there is no topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicInfo<'a>>,
    /// To `history`: what was said, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<ServerMessage<'a>>>,
    /// To `help`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<CommandHelp<'a>>>,
    /// To `add_user` without a password, and to `reset_password`: the one-time password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// To `reload`: what an administrator should know about it, one sentence each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Vec<Cow<'a, str>>>,
    /// To `status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<Status>>,
}

/// How the server is. Counts are since its start.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Status {
    /// Since its start.
    pub uptime_seconds: u64,
    /// Clients that are logged in.
    pub sessions: u64,
    /// Accounts with a session.
    pub accounts_online: u64,
    /// Connections that are logging in.
    pub strangers: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// And those that failed.
    pub logins_failed: u64,
    /// Events.
    pub events: u64,
    /// Events times the sessions that they were brought to.
    pub deliveries: u64,
    /// Half of what was said was with everyone within so many milliseconds; absent while nothing was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms_median: Option<f64>,
    /// And 99 of 100 within so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms_p99: Option<f64>,
    /// How often a session was behind and needed a thread of its own.
    pub slow: u64,
    /// Sessions that were dropped because they didn't read or didn't answer.
    pub dropped: u64,
    /// Lines in memory.
    pub timeline_bytes: u64,
    /// Lines on disk.
    pub journal_bytes: u64,
    /// The process's memory, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Its threads, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
}

/// The `users` of a reply.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum UserList<'a> {
    /// To `who`: the names online, sorted.
    Names(Vec<Cow<'a, str>>),
    /// To `list_users`: every account, sorted by name.
    Accounts(Vec<AccountInfo<'a>>),
}

/// One account in the answer to `list_users`.
#[derive(Debug, Deserialize, Serialize)]
pub struct AccountInfo<'a> {
    /// The account's name.
    pub username: Cow<'a, str>,
    /// Its role.
    pub role: Role,
    /// Whether it has a session.
    pub online: bool,
    /// Whether it may not log in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub banned: bool,
    /// Whether it may say nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub muted: bool,
}

/// An account in the answer to `whois`. Nobody is told from where somebody comes.
#[derive(Debug, Deserialize, Serialize)]
pub struct Whois<'a> {
    /// The account's name.
    pub username: Cow<'a, str>,
    /// Its role.
    pub role: Role,
    /// How many sessions it has; 0: it is not online.
    pub sessions: usize,
    /// Online since then (RFC 3339, UTC, milliseconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Cow<'a, str>>,
    /// Seconds since its owner last asked the server for anything; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_seconds: Option<u64>,
    /// Its owner is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<AwayInfo<'a>>,
}

/// Somebody who is away.
#[derive(Debug, Deserialize, Serialize)]
pub struct AwayInfo<'a> {
    /// Who.
    pub username: Cow<'a, str>,
    /// Why; empty where that was not said.
    pub text: Cow<'a, str>,
    /// Since when (RFC 3339, UTC, milliseconds).
    pub since: Cow<'a, str>,
}

/// What the room talks about.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TopicInfo<'a> {
    /// What.
    pub text: Cow<'a, str>,
    /// The administrator who said so.
    pub by: Cow<'a, str>,
    /// When (RFC 3339, UTC, milliseconds).
    pub time: Cow<'a, str>,
}

/// One command in the answer to `help`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CommandHelp<'a> {
    /// As it is typed: `/msg <user> <text>`.
    pub usage: Cow<'a, str>,
    /// What it does.
    pub about: Cow<'a, str>,
    /// Whether only administrators may use it.
    pub admin: bool,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chats.
    #[default]
    User,
    /// Looks after accounts and the server too.
    Admin,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user logged out, or an older session made way for a newer one of the same account.
    Logout,
    /// The connection broke.
    Disconnected,
    /// The client didn't answer.
    Timeout,
    /// An administrator ended it.
    Removed,
    /// The client didn't read fast enough.
    TooSlow,
    /// The server ended.
    Shutdown,
    /// A reason that this version doesn't know.
    #[serde(other)]
    Other,
}

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, not UTF-8, an unknown type, a missing field or one of the wrong type.
    BadRequest,
    /// A line, a text or an id over its limit.
    TooLong,
    /// A request before `login`.
    NotLoggedIn,
    /// Wrong user name, password or token.
    BadCredentials,
    /// Too many failed attempts or connections.
    TryLater,
    /// A protocol version that this server doesn't speak.
    UnsupportedProtocol,
    /// A request for administrators.
    NotAdmin,
    /// No such account, or nobody there to whisper to.
    UnknownUser,
    /// The name is taken.
    UserExists,
    /// Not a user name.
    BadUsername,
    /// A password that's too easy to guess.
    WeakPassword,
    /// Too many messages.
    RateLimited,
    /// The one-time password must be changed first.
    PasswordChangeRequired,
    /// The server is ending.
    ShuttingDown,
    /// The password is right, but the account may not log in.
    Banned,
    /// The account may say nothing for now.
    Muted,
    /// Nobody would be left to administrate.
    LastAdmin,
    /// The server's own fault.
    Internal,
    /// A code that this version doesn't know.
    #[serde(other)]
    Other,
}

/// A client's name for its request: 1 to [`ID_BYTES_MAX`] printable ASCII characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId(Box<str>);

/// A request that can't be carried out as it stands.
#[derive(Debug, Eq, PartialEq)]
pub struct BadRequest {
    /// The request's id where it could be read.
    pub id: Option<RequestId>,
    /// What is wrong with it.
    pub message: String,
}

impl Request {
    /// Reads one line, without its end.
    ///
    /// # Errors
    /// [`BadRequest`] when it isn't UTF-8 JSON, its id isn't one, or a field is missing or of the wrong type.
    pub fn parse(line: &[u8]) -> Result<(Option<RequestId>, Self), BadRequest> {
        let no_id = |message: String| BadRequest { id: None, message };
        let line = std::str::from_utf8(line).map_err(|e| no_id(format!("not UTF-8: {e}")))?;
        // Deriving would take an array of the fields' values as well.
        if !line.trim_start().starts_with('{') {
            return Err(no_id("a request is a JSON object, such as {\"type\":\"ping\"}".into()));
        }
        if nesting(line) > NESTING_MAX {
            return Err(no_id(format!("nested deeper than {NESTING_MAX} levels")));
        }
        // The id first, so that whatever else is wrong is answered under it.
        let head: Head = serde_json::from_str(line).map_err(|e| no_id(format!("not a request: {e}")))?;
        let id = match head.id {
            None => None,
            Some(text) => Some(
                RequestId::parse(&text)
                    .ok_or_else(|| no_id(format!("`id` must be 1 to {ID_BYTES_MAX} printable ASCII characters")))?,
            ),
        };
        match serde_json::from_str(line) {
            Ok(Self::Unknown) => Err(BadRequest { id, message: "unknown request type".into() }),
            Ok(request) => Ok((id, request)),
            Err(e) => Err(BadRequest { id, message: format!("not a request: {e}") }),
        }
    }

    /// Whether only administrators may ask for it.
    pub fn is_for_admins(&self) -> bool {
        match self {
            Self::Login(_) | Self::Say { .. } | Self::Whisper { .. } | Self::Who { .. } | Self::Help => false,
            Self::Whois { .. } | Self::Away { .. } | Self::Topic { text: None } | Self::History { .. } => false,
            Self::Topic { text: Some(_) } => true,
            Self::Passwd { .. } | Self::Logout | Self::Ping | Self::Pong | Self::Unknown => false,
            Self::AddUser { .. } | Self::ListUsers { .. } | Self::LogoutUser { .. } | Self::Shutdown => true,
            Self::Reload | Self::Status => true,
            Self::Ban { .. } | Self::Unban { .. } | Self::Mute { .. } | Self::Unmute { .. } => true,
            Self::ResetPassword { .. } | Self::DeleteUser { .. } | Self::Promote { .. } | Self::Demote { .. } => true,
        }
    }

    /// One line with its end, as a client sends it.
    pub fn encode(&self, id: Option<&str>) -> Vec<u8> {
        #[derive(Serialize)]
        struct Framed<'a> {
            #[serde(flatten)]
            request: &'a Request,
            #[serde(skip_serializing_if = "Option::is_none")]
            id: Option<&'a str>,
        }
        encode_line(&Framed { request: self, id })
    }
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

/// How many arrays and objects stand inside each other at the deepest place of a JSON text.
fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// This moment as the wire writes times: RFC 3339, UTC, milliseconds.
pub fn timestamp() -> String {
    format_time(jiff::Timestamp::now())
}

/// A moment as the wire writes times.
pub fn format_time(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

/// Part of every request; read before the rest.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
}

fn encode_line(message: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::with_capacity(256);
    append_line(message, &mut line);
    line
}

fn append_line(message: &impl Serialize, lines: &mut Vec<u8>) {
    // Writing these types to memory has no way to fail: no I/O, no map whose keys aren't strings.
    if serde_json::to_writer(&mut *lines, message).is_err() {
        debug_assert!(false, "a wire type that JSON can't hold");
    }
    lines.push(b'\n');
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

fn is_zero_u64(n: &u64) -> bool {
    *n == 0
}

impl RequestId {
    /// None when `text` is no id.
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|b| matches!(b, b' '..=b'~'));
        ((1..=ID_BYTES_MAX).contains(&text.len()) && printable).then(|| Self(text.into()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account's name: 1 to [`NAME_BYTES_MAX`] of `a-z 0-9 _ . -`, beginning with a letter or a digit.
///
/// ASCII alone and lower case alone, so nobody can look like somebody else.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Username(Arc<str>);

impl Username {
    /// Folds upper case to lower case, then checks; None when `text` is no name.
    pub fn parse(text: &str) -> Option<Self> {
        let folded = text.to_ascii_lowercase();
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
        let first = folded.bytes().next()?;
        let valid = first.is_ascii_alphanumeric() && folded.len() <= NAME_BYTES_MAX && folded.bytes().all(allowed);
        valid.then(|| Self(folded.into()))
    }

    /// A name that no account can have.
    pub fn nobody() -> Self {
        Self("".into())
    }

    /// The rule in words, for errors.
    pub const RULE: &'static str =
        "a user name has 1 to 32 characters of a-z 0-9 _ . - and begins with a letter or a digit";

    /// As it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Username {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A password or a token: wiped from memory when dropped, never shown by `Debug`.
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own words would repeat what stands there, and that may be a password without its quotes.
        let wrong = |_| serde::de::Error::custom("a password or a token must be a string");
        String::deserialize(deserializer).map(Self).map_err(wrong)
    }
}

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Every command that can be typed, in the order in which `/help` lists them.
///
/// The server answers `help` from it, and the client takes its usage errors from it.
pub const COMMANDS: &[CommandHelp<'static>] = &[
    command("/msg <user> <text>", "say something to one person (also /whisper, /w)", false),
    command("/reply <text>", "answer the last whisper (also /r)", false),
    command("/me <text>", "say what you do: /me waves", false),
    command("/who", "who is online, and who of them is away", false),
    command("/whois <user>", "somebody's role, since when online, how long idle", false),
    command("/away [text]", "be away: whoever whispers to you is told; speaking or /back ends it", false),
    command("/back", "be back", false),
    command("/topic [text]", "what the room talks about; administrators set it, `/topic -` removes it", false),
    command("/history [number]", "what was said last, up to 1000 messages", false),
    command("/passwd", "change your password", false),
    command("/help [command]", "this list, or one command of it", false),
    command("/logout", "leave (also /quit)", false),
    command(
        "/adduser <user> [password]",
        "make an account; without a password, a one-time one is made and shown",
        true,
    ),
    command("/listusers", "every account, its role, and whether it's online", true),
    command("/logoutuser <user>", "end every session of an account", true),
    command("/ban <user>", "log an account out and keep it out", true),
    command("/unban <user>", "let it in again", true),
    command("/mute <user> [minutes]", "an account may say nothing, for so long or until /unmute", true),
    command("/unmute <user>", "it may speak again", true),
    command("/resetpassword <user>", "give an account a one-time password, which is shown", true),
    command("/deluser <user>", "delete an account", true),
    command("/promote <user>", "make a user an administrator", true),
    command("/demote <user>", "make an administrator a user", true),
    command("/status", "how the server is", true),
    command("/reload", "take configuration, certificate and message of the day anew", true),
    command("/shutdown", "end the server", true),
];

const fn command(usage: &'static str, about: &'static str, admin: bool) -> CommandHelp<'static> {
    CommandHelp { usage: Cow::Borrowed(usage), about: Cow::Borrowed(about), admin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames() {
        for (given, folded) in [("Ada", "ada"), ("a", "a"), ("0.x_-", "0.x_-"), (&"z".repeat(32), &"z".repeat(32))] {
            assert_eq!(Username::parse(given).as_ref().map(Username::as_str), Some(folded));
        }
        for bad in ["", "_a", ".a", "-a", "a b", "ä", "a\n", "\u{430}da", &"z".repeat(33)] {
            assert_eq!(Username::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn ids() {
        for good in ["c", "c 1", &"~".repeat(64)] {
            assert!(RequestId::parse(good).is_some(), "{good:?}");
        }
        for bad in ["", "\t", "é", "\x7f", &"x".repeat(65)] {
            assert!(RequestId::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn requests_with_what_is_wrong_under_their_id() {
        let (id, request) = Request::parse(br#"{"type":"say","id":"c1","text":"hi","extra":[1]}"#).unwrap();
        assert_eq!(id.unwrap().as_str(), "c1");
        assert!(matches!(request, Request::Say { room: None, text, .. } if text == "hi"));
        for (line, id) in [
            (&br#"{"type":"say","id":"c2"}"#[..], Some("c2")),
            (br#"{"type":"say","id":"c2","text":5}"#, Some("c2")),
            (br#"{"type":"frobnicate","id":"c2"}"#, Some("c2")),
            (br#"{"id":"c2"}"#, Some("c2")),
            (br#"{"type":"who","id":""}"#, None),
            (br#"{"type":"who","id":7}"#, None),
            (b"[]", None),
            (br#"["ping"]"#, None),
            (b"", None),
            (b"\xff", None),
            (&[b'['; 10_000], None),
            (format!(r#"{{"id":"c2","a":{}1{}}}"#, "[".repeat(16), "]".repeat(16)).as_bytes(), None),
        ] {
            let error = Request::parse(line).unwrap_err();
            assert_eq!(error.id.as_ref().map(RequestId::as_str), id, "{error:?}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(nesting(r#"{"text":"[[[[\"[[[","a":[[1],[2]]}"#), 3);
        let text = "[".repeat(100);
        assert!(Request::parse(format!(r#"{{"type":"say","text":"{text}"}}"#).as_bytes()).is_ok());
    }

    #[test]
    fn encoded_requests_read_back() {
        let line = Request::Say { room: None, text: "a\nb".into(), action: false }.encode(Some("x"));
        assert_eq!(line, b"{\"type\":\"say\",\"text\":\"a\\nb\",\"id\":\"x\"}\n");
        let (id, request) = Request::parse(&line[..line.len() - 1]).unwrap();
        assert_eq!(id.unwrap().as_str(), "x");
        assert!(matches!(request, Request::Say { .. }));
    }

    #[test]
    fn secrets_are_not_shown() {
        for line in [
            r#"{"type":"login","protocol":1,"username":"a","password":"hunter2hunter2"}"#,
            r#"{"type":"login","protocol":1,"username":"a","token":"hunter2hunter2"}"#,
            r#"{"type":"passwd","old":"hunter2hunter2","new":"hunter2hunter2"}"#,
            r#"{"type":"add_user","username":"a","password":"hunter2hunter2"}"#,
        ] {
            let shown = format!("{:?}", Request::parse(line.as_bytes()).unwrap());
            assert!(shown.contains("(secret)") && !shown.contains("hunter2"), "{shown}");
        }
        for line in [
            r#"{"type":"reply","ok":true,"password":"hunter2hunter2"}"#,
            r#"{"type":"welcome","protocol":1,"server":"s","username":"a","role":"user","token":"hunter2hunter2","seq":1,"users":[],"must_change_password":false}"#,
        ] {
            let shown = format!("{:?}", serde_json::from_str::<ServerMessage<'_>>(line).unwrap());
            assert!(shown.contains("(secret)") && !shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_password_that_is_no_string_is_not_repeated() {
        for password in ["12345678901", "{\"hunter2hunter2\":1}", "true"] {
            let line = format!(r#"{{"type":"login","protocol":1,"username":"a","password":{password}}}"#);
            let error = Request::parse(line.as_bytes()).unwrap_err().message;
            assert!(error.contains("must be a string") && !error.contains(password), "{error}");
        }
    }

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
