//! The commands that can be typed: what `/help` lists.

use super::roles::Role;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One command in the answer to `help`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CommandHelp<'a> {
    /// As it is typed: `/msg <user> <text>`.
    pub usage: Cow<'a, str>,
    /// What it does.
    pub about: Cow<'a, str>,
    /// Whether users may not use it.
    pub admin: bool,
    /// The least role that may use it.
    #[serde(default)]
    pub role: Role,
}

/// Every command that can be typed, in the order in which `/help` lists them.
///
/// The server answers `help` from it, and the client takes its usage errors from it.
pub const COMMANDS: &[CommandHelp<'static>] = &[
    command("/msg <user> <text>", "say something to one person (also /whisper, /w)", Role::User),
    command("/reply <text>", "answer the last whisper (also /r)", Role::User),
    command("/me <text>", "say what you do: /me waves", Role::User),
    command("/who", "who is online, and who of them is away", Role::Display),
    command("/whois <user>", "somebody's name, group and role, since when online, how long idle", Role::Display),
    command("/away [text]", "be away: whoever whispers to you is told; speaking or /back ends it", Role::User),
    command("/back", "be back", Role::User),
    command("/topic [text]", "what the room talks about; administrators set it, `/topic -` removes it", Role::Display),
    command("/rooms", "the rooms there are, and how many are in them", Role::Display),
    command("/join <room>", "go into a room, and speak there", Role::User),
    command("/room <room>", "speak in another room that you are in (also Alt-1 to Alt-9)", Role::User),
    command("/leave [room]", "go out of a room", Role::User),
    command("/hand [text]", "raise your hand, with a word why; `/hand -` takes it down", Role::User),
    command("/hands", "whose hands are up, in their order", Role::Display),
    command("/ask <text>", "ask a question without your name; teachers see who asks", Role::User),
    command("/vote <number>", "choose an answer of the poll; another vote replaces it", Role::User),
    command("/remove [number]", "take back your last message, or that of this number in /history", Role::User),
    command("/history [number]", "what was said last, up to 1000 messages", Role::Display),
    command("/passwd", "change your password", Role::Display),
    command(
        "/code [language|file] [@user]",
        "alone: how others get in; `/code python`: send code, lines until a lone `.` (a line `..` is a lone dot); \
         `/code x.py`: a file's",
        Role::Display,
    ),
    command("/help [command]", "this list, or one command of it", Role::Display),
    command("/logout", "leave, and end this login also where it is remembered", Role::Display),
    command(
        "/adduser <user> [password]",
        "make an account; without a password, a one-time one is made and shown",
        Role::Teacher,
    ),
    command(
        "/setname <user> [text]",
        "what people call somebody: shown beside the user name; alone removes it",
        Role::Teacher,
    ),
    command("/setgroup <user> [group]", "somebody's class or group; alone removes it", Role::Teacher),
    command(
        "/door [minutes] [group] [guests]",
        "let a class make accounts of their own, with a code; alone: asks; 0 closes it, `0 guests` removes guests too",
        Role::Teacher,
    ),
    command("/makeroom <room> [closed] [about]", "make a room; into a closed one people are let in", Role::User),
    command("/letin <user> [room]", "let somebody into a room", Role::User),
    command("/putout <user> [room]", "put somebody out of a room", Role::User),
    command("/closeroom [room]", "end a room", Role::User),
    command("/split <number> [minutes]", "put everyone into so many rooms, for so long", Role::Teacher),
    command("/gather", "end these rooms", Role::Teacher),
    command("/all <text>", "say something in every room", Role::Teacher),
    command("/quiet [minutes]", "teachers and who is called alone may speak here", Role::Teacher),
    command("/slow <seconds> [minutes]", "everyone may say something once in so long", Role::Teacher),
    command("/open", "everyone may speak again", Role::Teacher),
    command("/whispers <all|staff|off>", "who may whisper to whom", Role::Teacher),
    command("/next [nobody]", "call whoever raised the hand first", Role::Teacher),
    command("/poll <question> | <answer> | <answer> ...", "let everyone choose", Role::Teacher),
    command("/tally", "how the poll stands, and who hasn't voted", Role::Teacher),
    command("/endpoll", "end the poll, and show how it came out", Role::Teacher),
    command(
        "/attendance [save <file>] [group] [from [to]]",
        "who was there and for how long, today or from 08:00, yesterday, 2026-11-28; `save` writes a table for spreadsheets",
        Role::Teacher,
    ),
    command("/listusers", "every account, its role, and whether it's online", Role::Teacher),
    command("/logoutuser <user>", "end every session of an account", Role::Teacher),
    command("/ban <user>", "log an account out and keep it out", Role::Admin),
    command("/unban <user>", "let it in again", Role::Admin),
    command("/mute <user> [minutes]", "an account may say nothing, for so long or until /unmute", Role::Teacher),
    command("/unmute <user>", "it may speak again", Role::Teacher),
    command("/resetpassword <user>", "give an account a one-time password, which is shown", Role::Teacher),
    command("/deluser <user>", "delete an account", Role::Admin),
    command("/erase <user>", "delete an account, and all that is kept about its owner", Role::Admin),
    command("/promote <user> [role]", "make somebody an administrator, or a teacher", Role::Admin),
    command(
        "/demote <user> [role]",
        "make somebody a user, or a display, which shows the room and says nothing",
        Role::Admin,
    ),
    command("/status", "how the server is", Role::Admin),
    command("/reload", "take configuration, certificate and message of the day anew", Role::Admin),
    command("/shutdown", "end the server", Role::Admin),
];

const fn command(usage: &'static str, about: &'static str, role: Role) -> CommandHelp<'static> {
    CommandHelp {
        usage: Cow::Borrowed(usage),
        about: Cow::Borrowed(about),
        admin: !matches!(role, Role::Display | Role::User),
        role,
    }
}
