//! What a client sends.

use super::door::{Guests, Login, Register, yes};
use super::lesson::{Format, Groups, Mode, Whispers};
use super::roles::Role;
use super::secret::Secret;
use serde::{Deserialize, Serialize};

/// What a client sends.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Who the client is: with a password, or with the token of an earlier `welcome`.
    Login(Login),
    /// Or makes an account first, with the code of the class's door.
    Register(Register),
    /// A message to everyone in the room.
    Say {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// 1 to [`TEXT_CHARS_MAX`](super::TEXT_CHARS_MAX) characters.
        text: String,
        /// What the sender does rather than says: shown as `* ada waves`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
        /// How the text is to be shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<Format>,
        /// Of code: its language, 1 to [`LANG_BYTES_MAX`](super::LANG_BYTES_MAX) characters of user names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<String>,
    },
    /// A message to every session of one account and of the sender's own, and nobody else.
    Whisper {
        /// The account's name.
        to: String,
        /// 1 to [`TEXT_CHARS_MAX`](super::TEXT_CHARS_MAX) characters.
        text: String,
        /// How the text is to be shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<Format>,
        /// Of code: its language, 1 to [`LANG_BYTES_MAX`](super::LANG_BYTES_MAX) characters of user names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<String>,
    },
    /// Who is online.
    Who {
        /// Those who are in this room; everybody if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
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
        /// Why, for whoever whispers meanwhile: 0 to [`NOTE_CHARS_MAX`](super::NOTE_CHARS_MAX) characters.
        /// Absent: back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What a room talks about.
    Topic {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// Admin, and in other rooms than the general one staff: from now on this, 1 to
        /// [`NOTE_CHARS_MAX`](super::NOTE_CHARS_MAX) characters; nothing in particular if
        /// empty. Absent: asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// What was said before, oldest first.
    History {
        /// In this room; everywhere, whispers too, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// Before this seq; what was said last if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        /// At most so many events, 1 to [`HISTORY_EVENTS_MAX`](super::HISTORY_EVENTS_MAX);
        /// [`HISTORY_EVENTS_DEFAULT`](super::HISTORY_EVENTS_DEFAULT) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<usize>,
    },
    /// How others get in: the join code, the page's addresses.
    Code,
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
    /// Staff: a new account.
    AddUser {
        /// The account's name.
        username: String,
        /// Its password; without one the server makes a one-time password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<Secret>,
        /// Its role.
        #[serde(default)]
        role: Role,
        /// What its owner is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// To which group they belong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Staff: what an account's owner is called, to which group they belong.
    SetUser {
        /// The account's name.
        username: String,
        /// What its owner is called; an empty one removes it, an absent one leaves it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Their group, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
    },
    /// Staff: every account.
    ListUsers {
        /// List only the names that sort after this one: how a list that was cut (`more`) is continued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Staff: ends every session of an account.
    LogoutUser {
        /// The account's name.
        username: String,
    },
    /// Staff: opens the class's door, or closes it. Alone: asks.
    Door {
        /// For so long; 0 closes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
        /// The group of those who come in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        /// Whether guests may come in, or are to go.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        guests: Option<Guests>,
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
    /// Staff: an account may say nothing.
    Mute {
        /// The account's name.
        username: String,
        /// For so long; until `unmute` if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
    },
    /// Staff: it may speak again.
    Unmute {
        /// The account's name.
        username: String,
    },
    /// Staff: gives an account a one-time password and ends its sessions.
    ResetPassword {
        /// The account's name.
        username: String,
    },
    /// Admin: deletes an account and ends its sessions.
    DeleteUser {
        /// The account's name.
        username: String,
    },
    /// Admin: gives an account another role.
    Promote {
        /// The account's name.
        username: String,
        /// Which; an administrator's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// Admin: gives an account another role.
    Demote {
        /// The account's name.
        username: String,
        /// Which; a user's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// The rooms that one may enter or is in.
    Rooms,
    /// A new room; who makes it is in it.
    MakeRoom {
        /// What it is called, as accounts are.
        room: String,
        /// Whether anyone may enter.
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        open: bool,
        /// What it is about: 0 to [`NOTE_CHARS_MAX`](super::NOTE_CHARS_MAX) characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
    /// Goes into a room.
    Enter {
        /// Which.
        room: String,
    },
    /// And out of it.
    Leave {
        /// Which.
        room: String,
    },
    /// Staff, and who made the room: somebody is to be in it.
    LetIn {
        /// Which.
        room: String,
        /// Who.
        username: String,
    },
    /// Staff, and who made the room: somebody is to be in it no longer.
    PutOut {
        /// Which.
        room: String,
        /// Who.
        username: String,
    },
    /// Staff, and who made the room: it ends.
    CloseRoom {
        /// Which.
        room: String,
    },
    /// Staff: everyone who is online and no staff is put into one of several closed rooms.
    Split {
        /// How many rooms, or who is in which.
        groups: Groups,
        /// They close by themselves after so long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
    },
    /// Staff: the rooms of the last split end.
    Gather,
    /// Staff: says something in every room.
    Announce {
        /// 1 to [`TEXT_CHARS_MAX`](super::TEXT_CHARS_MAX) characters.
        text: String,
    },
    /// Staff: who may say something in a room. What is absent stays as it is.
    Floor {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// Who may.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<Mode>,
        /// For so long; until it is changed if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
        /// Of a slow room: how long everyone waits between two messages.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u32>,
        /// Of the whole server: who may whisper.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whispers: Option<Whispers>,
    },
    /// One's own hand goes up, or down.
    Hand {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// Which way.
        #[serde(default = "yes")]
        up: bool,
        /// Why: 0 to [`NOTE_CHARS_MAX`](super::NOTE_CHARS_MAX) characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Whose hands are up, in their order.
    Hands {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
    },
    /// Staff: whose turn it is to speak.
    Next {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// Nobody's any more.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        nobody: bool,
    },
    /// A question to a room without a name; staff see whose it is.
    Ask {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// 1 to [`TEXT_CHARS_MAX`](super::TEXT_CHARS_MAX) characters.
        text: String,
    },
    /// Staff: a question with answers to choose from.
    Poll {
        /// The room, [`GENERAL`](super::GENERAL) if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// 1 to [`NOTE_CHARS_MAX`](super::NOTE_CHARS_MAX) characters.
        question: String,
        /// 2 to [`OPTIONS_MAX`](super::OPTIONS_MAX) of 1 to [`OPTION_CHARS_MAX`](super::OPTION_CHARS_MAX) characters.
        options: Vec<String>,
        /// It closes by itself after so long.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minutes: Option<u32>,
    },
    /// One's answer; another one replaces it.
    Vote {
        /// The poll's seq.
        poll: u64,
        /// Which, from 0.
        option: usize,
    },
    /// Staff: how it stands, and who has voted; never what.
    Tally {
        /// The poll's seq.
        poll: u64,
    },
    /// Staff: ends it, and tells how it came out.
    ClosePoll {
        /// The poll's seq.
        poll: u64,
    },
    /// Takes something back that was said.
    Remove {
        /// Its seq.
        event: u64,
    },
    /// Staff: who was there.
    Attendance {
        /// From then (RFC 3339).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Of this group; everybody if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        /// List only those whose names sort after this one: how a list that was cut (`more`) is continued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Admin: all that is kept about one person goes; what they said is nobody's any more.
    EraseUser {
        /// The account's name.
        username: String,
    },
    /// A type that this version doesn't know.
    #[serde(other)]
    Unknown,
}
