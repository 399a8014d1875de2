//! How long, how many, how deep at the most; and what both sides take for granted.

/// The version that `login` and `welcome` carry.
pub const VERSION: u32 = 1;
/// The TCP port where a server listens and a client connects unless told otherwise.
pub const DEFAULT_PORT: u16 = 7667;
/// The room in which everyone is, and the default of `say`.
pub const GENERAL: &str = "general";
/// No line is longer than this, its `\n` included.
pub const LINE_BYTES_MAX: usize = 16_384;
/// No event's line is longer than this, its `\n` included: so each fits into the [`Reply`](super::Reply) to a `history`,
/// whose `id` takes at most [`ID_BYTES_MAX`] bytes.
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
/// The shortest password (NIST SP 800-63B, 5.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password. Long enough for any passphrase, short enough to hash.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// The longest `id`.
pub const ID_BYTES_MAX: usize = 64;
/// How deep a request may be nested. None needs more than one level; the rest is for fields to come. JSON is read
/// recursively, and a session's thread has a small stack.
pub const NESTING_MAX: usize = 16;
/// The longest text of a `notice`.
pub const NOTICE_CHARS_MAX: usize = 1_000;
/// The longest name of an account's owner.
pub const DISPLAY_NAME_CHARS_MAX: usize = 64;
/// How long the class's door can be open: a day.
pub const DOOR_MINUTES_MAX: u32 = 24 * 60;
/// How long a floor, a poll or a split can last: a day.
pub const TIMER_MINUTES_MAX: u32 = 24 * 60;
/// The longest pause of a slow room: an hour.
pub const SLOW_SECONDS_MAX: u32 = 3_600;
/// How many options a poll has at the most: those that one key chooses.
pub const OPTIONS_MAX: usize = 9;
/// The longest of them.
pub const OPTION_CHARS_MAX: usize = 100;
/// How long one may take back what one said oneself.
pub const REMOVE_MINUTES_MAX: u32 = 10;
/// The longest name of a language of code.
pub const LANG_BYTES_MAX: usize = 16;
/// The longest user name, the longest group, and the longest name of a room.
pub const NAME_BYTES_MAX: usize = 32;
