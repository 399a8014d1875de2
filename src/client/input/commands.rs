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
        "erase" => for_user("/erase", arguments, |username| Request::EraseUser { username }),
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
mod tests;
