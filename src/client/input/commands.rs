//! What a typed line means.

use super::arguments::{fitting, name, new_secret, place, secret};
use super::attendance;
use super::import::Import;
use super::lesson;
use super::local::Local;
use super::programs;
use super::typed::Typed;
use crate::client::code::{self, Save};
use crate::client::page::missed::HISTORY_SHOWN_MAX;
use crate::client::terminal::foreign;
use crate::client::terminal::known::{command_name, unknown, usage};
use crate::client::terminal::{Shape, doubts};
use crate::protocol::{Guests, Removal, Request, Role};

/// How many messages `/history` shows when it's given no number.
const HISTORY_SHOWN: usize = 50;

/// How many minutes `/door` opens it for when it's given no number: so long a class takes to type a code.
const DOOR_MINUTES: u32 = 10;

/// Reads one typed line, without its end, that was typed while one spoke `here`.
///
/// # Errors
/// What is wrong with it and what the right form is. Nothing that looks like a command is ever said to the room.
pub(super) fn parse(line: &str, here: &str) -> Result<Typed, String> {
    let typed = match Shape::of(line) {
        Shape::Nothing => Typed::Nothing,
        Shape::Text(text) => say(text, here)?,
        Shape::Command(rest) => command(rest, here)?,
    };
    let overwrites = if let Typed::Save(save) = &typed { save.doubt() } else { None };
    Ok(match doubts::doubt(line).or(overwrites) {
        Some(why) => Typed::Doubtful(Box::new(typed), why),
        None => typed,
    })
}

/// Reads a command, without its slash.
fn command(rest: &str, here: &str) -> Result<Typed, String> {
    let name = command_name(rest);
    let arguments = rest[name.len()..].trim_start();
    match name.as_str() {
        "msg" | "whisper" | "w" => whisper(arguments),
        // Whoever types this means it: no more is asked.
        "say" => say(&words("/say", arguments)?, here),
        "reply" | "r" => Ok(Typed::Reply(words("/reply", arguments)?)),
        "me" => Ok(Typed::Request(Request::Say {
            room: place(here),
            text: words("/me", arguments)?,
            action: true,
            format: None,
            lang: None,
        })),
        "whois" => for_user("/whois", arguments, |username| Request::Whois { username }),
        "away" => Ok(Typed::Request(Request::Away { text: Some(arguments.trim_end().to_owned()) })),
        "back" => alone("/back", arguments, Typed::Request(Request::Away { text: None })),
        "topic" => Ok(Typed::Request(Request::Topic { room: place(here), text: topic(arguments.trim_end()) })),
        "who" => alone("/who", arguments, Typed::Request(Request::Who { room: place(here), after: None })),
        "history" => history(arguments.trim_end(), here),
        "remove" => remove(arguments.trim_end()),
        "code" => match (programs::request(rest, here), code::begun(rest)) {
            (Some(request), _) => request.map(Typed::Request),
            (None, Some(begun)) => Ok(Typed::Code(begun)),
            (None, None) => Ok(Typed::Request(Request::Code)),
        },
        "save" => Save::parse(arguments).map(Typed::Save).ok_or_else(|| usage("/save")),
        "help" if arguments.is_empty() => Ok(Typed::Request(Request::Help)),
        "logout" if arguments.is_empty() => Ok(Typed::LogOut),
        "quit" if arguments.is_empty() => Ok(Typed::Leave),
        "logout" | "quit" => {
            Err(format!("{}; a parting word is said before, like any other", usage(&format!("/{name}"))))
        }
        "passwd" => passwd(arguments),
        "attendance" => Ok(match attendance::parse(arguments)? {
            (request, None) => Typed::Request(request),
            (request, Some(file)) => Typed::SaveAttendance(request, file),
        }),
        "adduser" => add_user(arguments),
        "listusers" => alone("/listusers", arguments, Typed::Request(Request::ListUsers { after: None })),
        "logoutuser" => for_user("/logoutuser", arguments, |username| Request::LogoutUser { username }),
        "ban" => for_user("/ban", arguments, |username| Request::Ban { username }),
        "unban" => for_user("/unban", arguments, |username| Request::Unban { username }),
        "mute" => mute(arguments),
        "unmute" => for_user("/unmute", arguments, |username| Request::Unmute { username }),
        "resetpassword" => for_user("/resetpassword", arguments, |username| Request::ResetPassword { username }),
        "deluser" => for_user("/deluser", arguments, |username| Request::DeleteUser { username }),
        "door" => door(arguments),
        "import" => Import::parse(arguments).map(Typed::Import),
        "setname" => set_name(arguments),
        "setgroup" => set_group(arguments),
        "promote" => set_role("/promote", arguments, |username, role| Request::Promote { username, role }),
        "demote" => set_role("/demote", arguments, |username, role| Request::Demote { username, role }),
        "status" => alone("/status", arguments, Typed::Request(Request::Status)),
        "reload" => alone("/reload", arguments, Typed::Request(Request::Reload)),
        "shutdown" => alone("/shutdown", arguments, Typed::Request(Request::Shutdown)),
        _ => lesson::parse(&name, arguments.trim_end(), here)
            .or_else(|| Local::parse(&name, arguments).map(|local| local.map(Typed::Local)))
            .unwrap_or_else(|| Err(unknown(&name))),
    }
}

fn alone(command: &str, arguments: &str, typed: Typed) -> Result<Typed, String> {
    if arguments.is_empty() { Ok(typed) } else { Err(usage(command)) }
}

fn say(text: &str, here: &str) -> Result<Typed, String> {
    let (room, text) = (place(here), fitting(text)?);
    Ok(Typed::Request(Request::Say { room, text, action: false, format: None, lang: None }))
}

fn whisper(arguments: &str) -> Result<Typed, String> {
    let (to, text) = arguments.split_once(char::is_whitespace).ok_or_else(|| usage("/msg"))?;
    let text = text.trim_start();
    if text.is_empty() {
        return Err(usage("/msg"));
    }
    if let Some(why) = foreign::no_person(to) {
        return Err(why);
    }
    Ok(Typed::Request(Request::Whisper { to: name(to)?, text: fitting(text)?, format: None, lang: None }))
}

fn history(arguments: &str, here: &str) -> Result<Typed, String> {
    let number = if arguments.is_empty() { Ok(HISTORY_SHOWN) } else { arguments.parse() };
    let fits = |number: &usize| (1..=HISTORY_SHOWN_MAX).contains(number);
    number
        .ok()
        .filter(fits)
        .map(|number| Typed::History(number, place(here)))
        .ok_or_else(|| format!("{}, and the number is 1 to {HISTORY_SHOWN_MAX}", usage("/history")))
}

fn remove(arguments: &str) -> Result<Typed, String> {
    if arguments.is_empty() {
        return Ok(Typed::RemoveLast);
    }
    let number = arguments.strip_prefix('#').unwrap_or(arguments).parse();
    number.map(|event| Typed::Request(Request::Remove { event })).map_err(|_| {
        let usage = usage("/remove");
        format!("{usage}, and /history shows the numbers; somebody's sessions are ended with /logoutuser")
    })
}

/// A text that there must be.
fn words(command: &str, arguments: &str) -> Result<String, String> {
    if arguments.trim().is_empty() { Err(usage(command)) } else { fitting(arguments) }
}

/// The new topic, if one is given; `-` is none.
fn topic(arguments: &str) -> Option<String> {
    match arguments {
        "" => None,
        "-" => Some(String::new()),
        text => Some(text.to_owned()),
    }
}

fn passwd(arguments: &str) -> Result<Typed, String> {
    // The new password is the rest of the line: it may have blanks in it. An old one that has must be typed.
    match arguments.split_once(char::is_whitespace) {
        None if arguments.is_empty() => Ok(Typed::ChangePassword),
        Some((old, new)) if !new.trim().is_empty() => {
            Ok(Typed::Request(Request::Passwd { old: secret(old), new: new_secret(new.trim())? }))
        }
        _ => Err("usage: /passwd, which asks for both; or /passwd <old> <new> from a pipe".into()),
    }
}

fn add_user(arguments: &str) -> Result<Typed, String> {
    // A password is the rest of the line: it may have blanks in it.
    let (user, password) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    if user.is_empty() {
        return Err(usage("/adduser"));
    }
    let password = Some(password.trim()).filter(|password| !password.is_empty()).map(new_secret).transpose()?;
    let role = Role::default();
    Ok(Typed::Request(Request::AddUser { username: name(user)?, password, role, name: None, group: None }))
}

/// A command whose one argument is a user.
fn for_user(command: &str, arguments: &str, request: impl Fn(String) -> Request) -> Result<Typed, String> {
    let mut words = arguments.split_whitespace();
    match (words.next(), words.next()) {
        (Some(user), None) => Ok(Typed::Request(request(name(user)?))),
        _ => Err(usage(command)),
    }
}

/// `/door 10 7b guests`: each of them may be left out.
fn door(arguments: &str) -> Result<Typed, String> {
    let mut words: Vec<&str> = arguments.split_whitespace().collect();
    if words.is_empty() {
        return Ok(Typed::Request(Request::Door { minutes: None, group: None, guests: None }));
    }
    let with_guests = words.last().is_some_and(|word| word.eq_ignore_ascii_case("guests"));
    words.truncate(words.len() - usize::from(with_guests));
    let (minutes, group) = match *words {
        [] => (DOOR_MINUTES, None),
        [word] => word.parse().map_or((DOOR_MINUTES, Some(word)), |minutes| (minutes, None)),
        [minutes, group] => (minutes.parse().map_err(|_| usage("/door"))?, Some(group)),
        _ => return Err(usage("/door")),
    };
    let guests = match minutes {
        0 => with_guests.then_some(Guests::Removal(Removal::Remove)),
        _ => Some(Guests::Admit(with_guests)),
    };
    Ok(Typed::Request(Request::Door { minutes: Some(minutes), group: group.map(str::to_owned), guests }))
}

/// What people call somebody: the rest of the line.
fn set_name(arguments: &str) -> Result<Typed, String> {
    let (user, called) = arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
    if user.is_empty() {
        return Err(usage("/setname"));
    }
    let called = Some(called.trim().to_owned());
    Ok(Typed::Request(Request::SetUser { username: name(user)?, name: called, group: None }))
}

fn set_group(arguments: &str) -> Result<Typed, String> {
    let mut words = arguments.split_whitespace();
    let (Some(user), group, None) = (words.next(), words.next(), words.next()) else { return Err(usage("/setgroup")) };
    let group = Some(group.unwrap_or_default().to_owned());
    Ok(Typed::Request(Request::SetUser { username: name(user)?, name: None, group }))
}

fn set_role(
    command: &str,
    arguments: &str,
    request: impl Fn(String, Option<Role>) -> Request,
) -> Result<Typed, String> {
    let mut words = arguments.split_whitespace();
    let (Some(user), role, None) = (words.next(), words.next(), words.next()) else { return Err(usage(command)) };
    let wrong = || format!("{}, and a role is one of {}", usage(command), Role::ALL.map(Role::name).join(", "));
    let role = role.map(|role| Role::parse(&role.to_ascii_lowercase()).ok_or_else(wrong)).transpose()?;
    Ok(Typed::Request(request(name(user)?, role)))
}

fn mute(arguments: &str) -> Result<Typed, String> {
    let mut words = arguments.split_whitespace();
    let (user, minutes) = match (words.next(), words.next(), words.next()) {
        (Some(user), None, None) => (user, None),
        (Some(user), Some(minutes), None) => (user, Some(minutes.parse().map_err(|_| usage("/mute"))?)),
        _ => return Err(usage("/mute")),
    };
    Ok(Typed::Request(Request::Mute { username: name(user)?, minutes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::terminal::known::all;
    use crate::client::terminal::usage::allowed;
    use crate::protocol::{GENERAL, TEXT_CHARS_MAX};

    fn parse(line: &str) -> Result<Typed, String> {
        super::parse(line, GENERAL)
    }

    /// What goes over the wire for a line, without the id.
    fn wire(line: &str) -> String {
        match parse(line) {
            Ok(Typed::Request(request)) => String::from_utf8(request.encode(None)).unwrap().trim_end().to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn lines_and_what_they_ask_for() {
        for (line, expected) in [
            ("hi", r#"{"type":"say","text":"hi"}"#),
            ("  indented ", r#"{"type":"say","text":"  indented "}"#),
            ("  // a comment", r#"{"type":"say","text":"  // a comment"}"#),
            ("//who", r#"{"type":"say","text":"/who"}"#),
            ("/say passwd old new", r#"{"type":"say","text":"passwd old new"}"#),
            ("/msg Bob  psst, you ", r#"{"type":"whisper","to":"bob","text":"psst, you "}"#),
            ("/w bob a", r#"{"type":"whisper","to":"bob","text":"a"}"#),
            ("/Whisper bob a", r#"{"type":"whisper","to":"bob","text":"a"}"#),
            ("/me  waves ", r#"{"type":"say","text":"waves ","action":true}"#),
            ("/whois Bob", r#"{"type":"whois","username":"bob"}"#),
            ("/away", r#"{"type":"away","text":""}"#),
            ("/away at lunch ", r#"{"type":"away","text":"at lunch"}"#),
            ("/back", r#"{"type":"away"}"#),
            ("/topic", r#"{"type":"topic"}"#),
            ("/topic fractions, page 12", r#"{"type":"topic","text":"fractions, page 12"}"#),
            ("/topic -", r#"{"type":"topic","text":""}"#),
            ("/r yes", r#"Ok(Reply("yes"))"#),
            ("/who", r#"{"type":"who"}"#),
            ("/help ", r#"{"type":"help"}"#),
            ("/code", r#"{"type":"code"}"#),
            ("/code\n\tx \r\n\n", r#"{"type":"say","text":"\tx \r\n\n","format":"code"}"#),
            ("/Code Python\n.", r#"{"type":"say","text":".","format":"code","lang":"python"}"#),
            ("/code @Bob c\n/who", r#"{"type":"whisper","to":"bob","text":"/who","format":"code","lang":"c"}"#),
            ("/passwd a b", r#"{"type":"passwd","old":"a","new":"b"}"#),
            ("/passwd a  b c ", r#"{"type":"passwd","old":"a","new":"b c"}"#),
            ("/adduser Eve", r#"{"type":"add_user","username":"eve","role":"user"}"#),
            (
                "/adduser eve correct horse",
                r#"{"type":"add_user","username":"eve","password":"correct horse","role":"user"}"#,
            ),
            ("/listusers", r#"{"type":"list_users"}"#),
            ("/logoutuser eve", r#"{"type":"logout_user","username":"eve"}"#),
            ("/ban Eve", r#"{"type":"ban","username":"eve"}"#),
            ("/unban eve", r#"{"type":"unban","username":"eve"}"#),
            ("/mute eve", r#"{"type":"mute","username":"eve"}"#),
            ("/mute eve 5", r#"{"type":"mute","username":"eve","minutes":5}"#),
            ("/unmute eve", r#"{"type":"unmute","username":"eve"}"#),
            ("/resetpassword eve", r#"{"type":"reset_password","username":"eve"}"#),
            ("/deluser eve", r#"{"type":"delete_user","username":"eve"}"#),
            ("/promote eve", r#"{"type":"promote","username":"eve"}"#),
            ("/demote eve", r#"{"type":"demote","username":"eve"}"#),
            ("/promote eve Teacher", r#"{"type":"promote","username":"eve","role":"teacher"}"#),
            ("/demote eve display", r#"{"type":"demote","username":"eve","role":"display"}"#),
            ("/setname Eve  Eve Noether ", r#"{"type":"set_user","username":"eve","name":"Eve Noether"}"#),
            ("/setname eve", r#"{"type":"set_user","username":"eve","name":""}"#),
            ("/door", r#"{"type":"door"}"#),
            ("/door 5", r#"{"type":"door","minutes":5,"guests":false}"#),
            ("/door 7b", r#"{"type":"door","minutes":10,"group":"7b","guests":false}"#),
            ("/door 5 7b guests", r#"{"type":"door","minutes":5,"group":"7b","guests":true}"#),
            ("/door 0", r#"{"type":"door","minutes":0}"#),
            ("/door 0 guests", r#"{"type":"door","minutes":0,"guests":"remove"}"#),
            ("/setgroup eve 7b", r#"{"type":"set_user","username":"eve","group":"7b"}"#),
            ("/setgroup eve", r#"{"type":"set_user","username":"eve","group":""}"#),
            ("/status", r#"{"type":"status"}"#),
            ("/reload", r#"{"type":"reload"}"#),
            ("/shutdown", r#"{"type":"shutdown"}"#),
            ("", "Ok(Nothing)"),
            (" \t", "Ok(Nothing)"),
            ("/logout", "Ok(LogOut)"),
            ("/quit", "Ok(Leave)"),
            ("/passwd", "Ok(ChangePassword)"),
            ("/history", "Ok(History(50, None))"),
            ("/history 1000 ", "Ok(History(1000, None))"),
        ] {
            assert_eq!(wire(line), expected, "{line:?}");
        }
    }

    #[test]
    fn wrong_forms_show_the_right_one() {
        for (line, expected) in [
            ("/msg", "usage: /msg <user> <text>"),
            ("/w", "usage: /msg <user> <text>"),
            ("/msg bob", "usage: /msg <user> <text>"),
            ("/msg bob  ", "usage: /msg <user> <text>"),
            ("/me ", "usage: /me <text>"),
            ("/r", "usage: /reply <text>"),
            ("/whois", "usage: /whois <user>"),
            ("/back to work", "usage: /back"),
            ("/who is there", "usage: /who"),
            ("/history 0", "usage: /history [number], and"),
            ("/history 1001", "usage: /history [number], and the number is 1 to 1000"),
            ("/history all", "usage: /history [number]"),
            ("/logout now", "usage: /logout"),
            ("/passwd one", "usage: /passwd, which"),
            ("/passwd one ", "usage: /passwd, which"),
            ("/adduser", "usage: /adduser <user> [password]"),
            ("/logoutuser", "usage: /logoutuser <user>"),
            ("/logoutuser a b", "usage: /logoutuser <user>"),
            ("/ban", "usage: /ban <user>"),
            ("/mute eve soon", "usage: /mute <user> [minutes]"),
            ("/mute eve -1", "usage: /mute <user> [minutes]"),
            ("/deluser a b", "usage: /deluser <user>"),
            ("/promote eve boss", "usage: /promote <user> [role], and a role is one of display, user, teacher, admin"),
            ("/demote", "usage: /demote <user> [role]"),
            ("/door 5 7b please", "usage: /door [minutes] [group] [guests]"),
            ("/setname", "usage: /setname <user> [text]"),
            ("/setgroup eve 7 b", "usage: /setgroup <user> [group]"),
            ("/code\n", "there is no code in it"),
            ("/code x.py\nx", "a file is sent by"),
            ("/save", "usage: /save <number> <file>"),
            ("/save x.py 17", "usage: /save <number> <file>"),
            ("/shutdown -h now", "usage: /shutdown"),
            ("/msg b*b hi", "`b*b` is no user name"),
            ("/mgs bob secret", "there is no command `/mgs` (did you mean `/msg`?): /help"),
            ("/whoi", "there is no command `/whoi` (did you mean `/who`?)"),
            ("/frobnicate", "there is no command `/frobnicate`: /help"),
            ("/", "there is no command `/`"),
            ("/Nick ada_", "there is no command `/nick`: your name is that of your account"),
            ("/query bob hi", "there is no command `/query`: /msg <user> <text>"),
            ("/part", "there is no command `/part`: /leave goes out of a room; /quit leaves the chat"),
            ("/names", "there is no command `/names`: /who"),
            ("/kick eve being loud", "there is no command `/kick`: administrators"),
            ("/identify hunter2", "there is no command `/identify`: you are logged in already"),
            ("/msg NickServ identify hunter2", "nothing is whispered to `NickServ`: you are logged in"),
            ("/msg #general hi", "that is a room: /room <room> speaks in one"),
            ("/exit", "there is no command `/exit`: /quit leaves"),
            ("/quit bye", "usage: /quit; a parting word is said before"),
            ("/\x1b[2J", "there is no command `/␛[2j`"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.starts_with(expected), "{line:?}: {error}");
        }
    }

    #[test]
    fn a_slash_behind_blanks_is_asked_about() {
        for line in
            [" /msg bob secret", "\t/w bob secret", "  /etc/passwd is a file", "passwd old new", "hi\n/passwd old new"]
        {
            let Ok(Typed::Doubtful(typed, _)) = parse(line) else { panic!("{line:?}") };
            assert!(matches!(*typed, Typed::Request(Request::Say { text, .. }) if text == line), "{line:?}");
        }
        for line in
            ["/msg bob hi\n/passwd old new", "/r hi\npasswd old new", "/topic x\n/passwd old new", "/me passwd old new"]
        {
            assert!(matches!(parse(line), Ok(Typed::Doubtful(..))), "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_in_front_of_a_command_changes_nothing() {
        let change = r#"{"type":"passwd","old":"old","new":"new"}"#;
        for front in ["\u{feff}", "\u{200b}", "\u{ad}", "\u{200e}", "\0", "\x1b", "\x1b[0m"] {
            assert_eq!(wire(&format!("{front}/passwd old new")), change, "{front:?}");
        }
        for unseen in ["\u{200b}", "\x1b[0m", "\0"] {
            let line = format!("/passwd old new{unseen}");
            assert!(parse(&line).unwrap_err().contains("can't be seen"), "{line:?}");
        }
    }

    #[test]
    fn every_command_that_help_lists_is_one() {
        for command in all() {
            let name = command_name(&command.usage[1..]);
            let result = parse(&format!("/{name} ! ! !"));
            assert!(!matches!(&result, Err(error) if error.starts_with("there is no command")), "{result:?}");
        }
    }

    #[test]
    fn whatever_a_usage_line_allows_is_taken() {
        for line in all().flat_map(allowed) {
            // Some do nothing in the general room.
            let parsed = super::parse(&line, "chess");
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }

    #[test]
    fn long_texts() {
        let longest = "😀".repeat(TEXT_CHARS_MAX);
        assert!(parse(&longest).is_ok());
        assert!(parse(&format!("/msg bob {longest}")).is_ok());
        assert!(parse(&format!("{longest}x")).unwrap_err().contains("this one has 4001"));
        assert!(parse(&format!("//{longest}")).is_err());
    }
}
