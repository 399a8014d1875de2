//! The wire: every message type and every limit, for the server and the client alike.
//!
//! Each message is one JSON object on one line, ended by `\n`. `PROTOCOL.md` describes it in words; the types
//! here are what both programs read and write. Fields may be added; what is here keeps its name and meaning.

mod answers;
mod codes;
mod commands;
mod door;
mod framing;
mod limits;
mod names;
mod profile;
mod requests;
mod roles;
mod secret;
mod server;

pub use answers::{AccountInfo, AwayInfo, Status, TopicInfo, UserList, Whois};
pub use codes::{ErrorCode, Reason};
pub use commands::{COMMANDS, CommandHelp};
pub use door::{Guests, Register, Removal};
pub use framing::{format_time, timestamp};
pub use limits::{
    DEFAULT_PORT, DISPLAY_NAME_CHARS_MAX, DOOR_MINUTES_MAX, EVENT_BYTES_MAX, GENERAL, HISTORY_EVENTS_DEFAULT,
    HISTORY_EVENTS_MAX, ID_BYTES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, NESTING_MAX, NOTE_CHARS_MAX, NOTICE_CHARS_MAX,
    PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, TEXT_CHARS_MAX, VERSION,
};
pub use names::{RequestId, Username};
pub use profile::Profile;
pub use requests::{BadRequest, Login, Request};
pub use roles::Role;
pub use secret::Secret;
pub use server::{Reply, ServerMessage, Welcome};
