//! The commands that can be typed here: what Tab completes, what a mistyped one was meant to be, how each is used.

use super::foreign;
use super::shape::Shape;
use crate::nearest::nearest;
use crate::protocol::{COMMANDS, CommandHelp, NOT_ONESELF, Role};
use crate::sanitize;
use std::borrow::Cow;

/// Those that the client carries out by itself: `/help` lists them behind the server's.
pub(crate) const LOCAL: &[CommandHelp<'static>] = &[
    command("/say <text>", "say something that looks like a slip, such as `passwd a b`"),
    command(
        "/save <number> <file>",
        "write code, or any message, to a file, as it was sent; the number stands beside it",
    ),
    command("/ignore [user]", "show and hear nothing of somebody any more; alone: whom you ignore"),
    command("/unignore <user>", "show and hear them again"),
    command("/sound [event] [on|off|test]", "which events make a sound: show, change, try"),
    command("/dnd [minutes|off]", "make no sound and no notice, for so long or until /dnd off"),
    command("/set [name] [value]", "show or change a setting; `-` takes it back"),
    command("/quit", "leave; a login that --remember keeps stays"),
    command("/clear", "clear the screen"),
    CommandHelp {
        usage: Cow::Borrowed("/import <file> [dry-run] [slips [file]]"),
        about: Cow::Borrowed(
            "take a class from a list, as schools' programs save it; `dry-run`: what would that do; `slips`: a page to \
             print and cut (class.slips.html, or FILE), in place of showing the passwords",
        ),
        admin: true,
        role: Role::Teacher,
    },
];

/// The key that nobody finds by trying: `/help` has it behind the commands where lines are edited.
pub(crate) const LINE_BREAK: (&str, &str) = ("Alt-Enter", "type a line break");

const fn command(usage: &'static str, about: &'static str) -> CommandHelp<'static> {
    CommandHelp { usage: Cow::Borrowed(usage), about: Cow::Borrowed(about), admin: false, role: Role::Display }
}

/// Every command that can be typed here: the server's, and those that this program carries out by itself.
pub(crate) fn all() -> impl Iterator<Item = &'static CommandHelp<'static>> + Clone {
    COMMANDS.iter().chain(LOCAL)
}

/// The first word, folded: phones begin every line with a capital.
pub(crate) fn command_name(rest: &str) -> String {
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    rest[..end].to_ascii_lowercase()
}

/// Other names of commands, each with the one under which it's listed.
const ALIASES: [(&str, &str); 4] = [("whisper", "msg"), ("w", "msg"), ("r", "reply"), ("j", "join")];

/// The commands that a password may stand behind, or is tried to stand behind, and from how many words on.
pub(super) const WITH_PASSWORD: [(&str, usize); 3] = [("passwd", 1), ("adduser", 2), ("resetpassword", 2)];

/// The name under which a command is listed.
pub(crate) fn listed(name: &str) -> &str {
    ALIASES.iter().find(|alias| alias.0 == name).map_or(name, |alias| alias.1)
}

/// What is listed of a command, under any of its names.
pub(crate) fn find(name: &str) -> Option<&'static CommandHelp<'static>> {
    let name = listed(name);
    all().find(|command| command_name(&command.usage[1..]) == name)
}

/// What whoever asks without a name should know.
pub(crate) const WHO_SEES: &str = "your question is shown without your name, but teachers see who asks";

/// Whether a line asks a question without a name.
pub(crate) fn asks(line: &str) -> bool {
    matches!(Shape::of(line), Shape::Command(rest) if command_name(rest) == "ask" && rest.contains(char::is_whitespace))
}

/// What is asked before somebody is erased.
pub(crate) fn erase_question(user: &str) -> String {
    let user = sanitize::line(user);
    format!(
        "all accounts that were ever called {user}, and all that they said, go for good, and nobody can bring them back: erase?"
    )
}

/// Who is to be erased with a line, if somebody is.
pub(crate) fn erases(line: &str) -> Option<&str> {
    let Shape::Command(rest) = Shape::of(line) else { return None };
    let user = rest[command_name(rest).len()..].trim();
    (command_name(rest) == "erase" && !user.is_empty()).then_some(user)
}

/// Why the server would refuse a line of somebody of this name and role, if it would in any case: then nothing is asked about
/// it before.
pub(crate) fn refused(line: &str, me: &str, role: Role) -> Option<&'static str> {
    let Shape::Command(rest) = Shape::of(line) else { return None };
    let least = find(&command_name(rest))?.role;
    let is_of_oneself = || erases(line).is_some_and(|user| user.trim_start_matches('@').eq_ignore_ascii_case(me));
    if role < least { Some(least.refusal()) } else { is_of_oneself().then_some(NOT_ONESELF) }
}

/// Whether a text is a command that there is.
pub(crate) fn is_command(text: &str) -> bool {
    matches!(Shape::of(text), Shape::Command(rest) if is_known(&command_name(rest)))
}

/// Whether there is a command of this name, `/` left out.
pub(super) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

/// What is said of a command that there isn't.
pub(crate) fn unknown(name: &str) -> String {
    let names = all().map(|command| command.usage[1..].split(' ').next().unwrap_or_default());
    let meant = nearest(name, names.chain(ALIASES.map(|alias| alias.0)));
    let hint = meant.map(|meant| format!(" (did you mean `/{meant}`?)")).unwrap_or_default();
    if let Some(answer) = foreign::answer(name) {
        return format!("there is no command `/{name}`: {answer}");
    }
    let name = sanitize::line(name);
    format!("there is no command `/{name}`{hint}: /help lists them, and `//{name}` would say `/{name}` to the room")
}

/// The usage of the command that begins like `command`.
pub(crate) fn usage(command: &str) -> String {
    format!("usage: {}", find(&command[1..]).map_or(command, |known| &*known.usage))
}
