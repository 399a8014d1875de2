//! The wire: every message type and every limit, for the server and the client alike.
//!
//! Each message is one JSON object on one line, ended by `\n`. `PROTOCOL.md` describes it in words; the types
//! here are what both programs read and write. Fields may be added; what is here keeps its name and meaning.

mod answers;
mod codes;
mod commands;
mod door;
mod framing;
mod lesson;
mod limits;
mod names;
mod profile;
mod reading;
mod reply;
mod requests;
mod roles;
mod secret;
mod server;
mod welcome;

pub use answers::{AccountInfo, AwayInfo, Status, TopicInfo, UserList, Whois};
pub use codes::{ErrorCode, Reason};
pub use commands::{COMMANDS, CommandHelp};
pub use door::{Guests, Login, Register, Removal};
pub use framing::{format_time, timestamp};
pub use lesson::{
    Attendee, FloorInfo, Format, Groups, HandInfo, Mode, OwnRoom, PollInfo, RoomInfo, SplitInfo, Whispers,
};
pub use limits::{
    DEFAULT_PORT, DISPLAY_NAME_CHARS_MAX, DOOR_MINUTES_MAX, EVENT_BYTES_MAX, GENERAL, HISTORY_EVENTS_DEFAULT,
    HISTORY_EVENTS_MAX, ID_BYTES_MAX, LANG_BYTES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, NESTING_MAX, NOTE_CHARS_MAX,
    NOTICE_CHARS_MAX, OPTION_CHARS_MAX, OPTIONS_MAX, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, REMOVE_MINUTES_MAX,
    SLOW_SECONDS_MAX, TEXT_CHARS_MAX, TIMER_MINUTES_MAX, VERSION,
};
pub(crate) use names::{GROUP, is_group};
pub use names::{RequestId, RoomName, Username};
pub use profile::Profile;
pub use reading::BadRequest;
pub use reply::Reply;
pub use requests::Request;
pub use roles::Role;
pub(crate) use roles::{NOT_ONESELF, OUT_OF_REACH};
pub use secret::Secret;
pub use server::ServerMessage;
pub use welcome::Welcome;
