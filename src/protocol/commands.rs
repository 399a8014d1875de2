//! The commands that can be typed: what `/help` lists.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
    command("/code", "how others get in: the join code, and the page for browsers", false),
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
