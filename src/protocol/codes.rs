//! Why a session ended, and what went wrong with a request: words for programs.

use serde::{Deserialize, Serialize};

/// Why a session ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user logged out, or an older session made way: its account has a newer one, and has too many or the server is full.
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
    /// The login is right, and there is no room for another client.
    ServerFull,
    /// A protocol version that this server doesn't speak.
    UnsupportedProtocol,
    /// A request for administrators.
    NotAdmin,
    /// Not for this role, not upon this account, or not from where it came.
    NotAllowed,
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
    /// The class's door is closed, or has another code.
    DoorClosed,
    /// No room of that name that one may see.
    UnknownRoom,
    /// One is not in that room.
    NotInRoom,
    /// There is a room of that name.
    RoomExists,
    /// The room is quiet: staff and who was called alone may say something.
    Quiet,
    /// The room is slow: it is too soon for another message.
    Slow,
    /// Nobody may whisper, or only to staff.
    WhispersOff,
    /// No such poll.
    UnknownPoll,
    /// The poll is over.
    PollClosed,
    /// No such event that one may see, or none that can be taken back.
    UnknownEvent,
    /// Nobody would be left to administrate.
    LastAdmin,
    /// The server's own fault.
    Internal,
    /// A code that this version doesn't know.
    #[serde(other)]
    Other,
}
