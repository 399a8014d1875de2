//! What is shown of the server's answers to requests.

use super::clock::Clock;
use super::layout::Page;
use super::{lesson_replies, presence, status};
use crate::attendance;
use crate::client::rooms::Rooms;
use crate::client::terminal::{Paint, known};
use crate::protocol::{AccountInfo, Attendee, CommandHelp, Guests, Reply, Request, Role, TopicInfo, UserList};
use crate::sanitize;
use crate::{dots, durations};
use jiff::Timestamp;
use std::borrow::Cow;
use std::fmt::Write;

/// Appends what is shown of the reply to `request`.
pub(super) fn reply(
    clock: &Clock,
    (role, rooms): (Role, &Rooms),
    request: &Request,
    reply: &Reply<'_>,
    out: &mut Page,
) {
    match (request, &reply.users) {
        (Request::Who { after, room }, Some(UserList::Names(names))) => {
            let whole = presence::List::Whole(room.as_deref());
            let list = after.as_ref().map_or(whole, |_| presence::List::Continued);
            presence::online((names, &reply.names), &reply.away, reply.more, list, out);
        }
        (Request::ListUsers { .. }, Some(UserList::Accounts(accounts))) => table(accounts, out),
        _ => {}
    }
    if let Request::Topic { room, .. } = request {
        topic(clock, room.as_deref(), reply.topic.as_ref(), out);
    }
    if let Some(whois) = &reply.whois {
        presence::whois(clock, whois, out);
    }
    if let (Request::Code, Some(code)) = (request, &reply.code) {
        invitation(code, reply, out);
    }
    if let Some(commands) = &reply.commands {
        help(commands, role, out);
    }
    if matches!(request, Request::Door { .. }) {
        door(clock, request, reply, out);
    }
    if let Some(status) = &reply.status {
        for line in status::words(status) {
            let _ = writeln!(out, "* {line}");
        }
    }
    for sentence in reply.report.iter().flatten() {
        let _ = writeln!(out, "* {}", sanitize::line(sentence));
    }
    lesson_replies::reply(clock, rooms, request, reply, out);
    if let Some(done) = done(request) {
        let _ = write!(out, "* {done}");
        if let Some(password) = &reply.password {
            let _ = write!(out, ", with the one-time password {}", sanitize::line(password.expose()));
        }
        let _ = writeln!(out);
    }
}

/// Appends who was there, and who wasn't.
pub(super) fn attendance(clock: &Clock, request: &Request, people: &[Attendee<'_>], out: &mut Page) {
    let Request::Attendance { from, to, group, .. } = request else { return };
    let now = Timestamp::now();
    let moment = |time: &Option<String>| time.as_ref().and_then(|time| time.parse().ok()).unwrap_or(now);
    let stretch = (moment(from), moment(to));
    for line in attendance::lines(people, group.as_deref(), stretch, (now, clock.zone())) {
        let _ = writeln!(out, "{line}");
    }
}

fn topic(clock: &Clock, room: Option<&str>, topic: Option<&TopicInfo<'_>>, out: &mut Page) {
    let of = room.map(|room| format!(" of #{}", sanitize::line(room))).unwrap_or_default();
    let _ = match topic {
        None => writeln!(out, "* there is no topic{of}"),
        Some(TopicInfo { text, by, time }) => {
            let (text, by) = (sanitize::line(text), sanitize::line(by));
            writeln!(out, "* topic{of}: {text} (set by {by}, {})", clock.moment(time))
        }
    };
}

/// How others get in. On a styled page it is for a projector: brought out and by itself, with the QR code where there is room.
fn invitation(code: &str, reply: &Reply<'_>, out: &mut Page) {
    if !out.is_styled() {
        let _ = writeln!(out, "* join code {}", sanitize::line(code));
        for page in &reply.pages {
            let _ = writeln!(out, "* page for browsers: {}", sanitize::line(page));
        }
        return;
    }
    out.painted(Paint::Notice, "");
    out.painted(Paint::Notice, &format!("join code  {}", sanitize::line(code)));
    for (index, page) in reply.pages.iter().enumerate() {
        let what = if index == 0 { "page" } else { "" };
        out.painted(Paint::Notice, &format!("{what:9}  {}", sanitize::line(page)));
    }
    out.painted(Paint::Notice, "");
    let lines = dots::half_blocks(&reply.qr).unwrap_or_default();
    if lines.iter().all(|line| out.has_room_for(line)) {
        lines.iter().for_each(|line| out.painted(Paint::Dots, line));
        out.painted(Paint::Notice, "");
    }
}

/// How the class's door is: the code alone, for whoever reads it out.
fn door(clock: &Clock, request: &Request, reply: &Reply<'_>, out: &mut Page) {
    let Some((code, until)) = reply.code.as_ref().zip(reply.until.as_ref()) else {
        let removed = matches!(request, Request::Door { guests: Some(Guests::Removal(_)), .. });
        let _ = writeln!(out, "* the door is closed{}", if removed { ", and guests are removed" } else { "" });
        return;
    };
    let group = reply.group.as_ref().map(|group| format!(" for {}", sanitize::line(group))).unwrap_or_default();
    let with = if reply.guests { ", guests need no password" } else { "" };
    let _ = writeln!(out, "* the door is open{group} until {}{with}", clock.moment(until));
    let _ = writeln!(out, "* class code {}: homeroom-client --register asks for it", sanitize::line(code));
}

/// What a request has done, where the answer itself doesn't show it.
fn done(request: &Request) -> Option<String> {
    let (username, what) = match request {
        Request::AddUser { username, .. } => (username, "is added"),
        Request::LogoutUser { username } => (username, "is logged out"),
        Request::Ban { username } => (username, "is banned"),
        Request::Unban { username } => (username, "is no longer banned"),
        Request::Mute { username, minutes: None } => (username, "is muted"),
        Request::Mute { username, minutes: Some(minutes) } => {
            return Some(format!("{} is muted for {}", sanitize::line(username), durations::minutes(*minutes)));
        }
        Request::Unmute { username } => (username, "is no longer muted"),
        Request::ResetPassword { username } => (username, "begins again"),
        Request::DeleteUser { username } => (username, "is deleted"),
        Request::EraseUser { username } => (username, "is erased"),
        Request::SetUser { username, name: Some(called), .. } if called.is_empty() => {
            (username, "has no name any more")
        }
        Request::SetUser { username, name: Some(called), .. } => {
            return Some(format!("{} has a name now", presence::person(username, Some(called))));
        }
        Request::SetUser { username, group: Some(group), .. } if group.is_empty() => {
            (username, "is in no group any more")
        }
        Request::SetUser { username, group: Some(group), .. } => {
            return Some(format!("{} is in {} now", sanitize::line(username), sanitize::line(group)));
        }
        Request::Promote { username, role: None } => (username, "is an administrator now"),
        Request::Demote { username, role: None } => (username, "is no longer an administrator"),
        Request::Promote { username, role: Some(role) } | Request::Demote { username, role: Some(role) } => {
            return Some(format!("{} is {} now", sanitize::line(username), role.title()));
        }
        Request::Away { text: Some(_) } => {
            return Some("you are away; whoever whispers to you is told, and speaking ends it".into());
        }
        Request::Away { text: None } => return Some("you are back".into()),
        Request::Remove { event } => return Some(format!("message #{event} is taken back")),
        Request::Passwd { .. } => return Some("your password is changed".into()),
        Request::Shutdown => return Some("the server shuts down".into()),
        _ => return None,
    };
    Some(format!("{} {what}", sanitize::line(username)))
}

fn table(accounts: &[AccountInfo<'_>], out: &mut Page) {
    let names: Vec<_> = accounts.iter().map(|account| sanitize::line(&account.username)).collect();
    let width = widest(&names);
    let roles = accounts.iter().map(|account| account.role.name().len()).max().unwrap_or(0);
    for (name, account) in names.iter().zip(accounts) {
        let (role, is) = (account.role.name(), if account.online { "online" } else { "-" });
        let _ = write!(out, "  {name:width$}  {role:roles$}  {is}");
        for (_, mark) in [
            (account.one_time, ", one-time password"),
            (account.guest, ", guest"),
            (account.banned, ", banned"),
            (account.muted, ", muted"),
        ]
        .iter()
        .filter(|(is, _)| *is)
        {
            let _ = out.write_str(mark);
        }
        if let Some(group) = &account.group {
            let _ = write!(out, "  {}", sanitize::line(group));
        }
        if let Some(called) = &account.name {
            let _ = write!(out, "  ({})", presence::in_brackets(called));
        }
        let _ = writeln!(out);
    }
}

/// What the server knows, and what this program does by itself, for whoever has this role.
fn help(commands: &[CommandHelp<'_>], role: Role, out: &mut Page) {
    let commands = commands.iter().chain(known::LOCAL.iter().filter(|command| role >= command.role));
    let usages: Vec<_> = commands.clone().map(|command| sanitize::line(&command.usage)).collect();
    let width = widest(&usages);
    for (usage, command) in usages.iter().zip(commands) {
        let _ = writeln!(out, "  {usage:width$}  {}", sanitize::line(&command.about));
    }
    if out.is_styled() {
        let (key, about) = known::LINE_BREAK;
        let _ = writeln!(out, "  {key:width$}  {about}");
    }
}

/// The width of a column. A cell that is wider than any should be doesn't push the others out of sight.
fn widest(cells: &[Cow<'_, str>]) -> usize {
    const COLUMN_CHARS_MAX: usize = 40;
    cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).min(COLUMN_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::terminal::Look;
    use jiff::tz::TimeZone;

    fn answered(request: &Request, json: &str) -> String {
        let mut out = Page::new(Look::Plain, "ada");
        let (clock, rooms) = (Clock::new(TimeZone::UTC), Rooms::new("ada", true));
        super::reply(&clock, (Role::User, &rooms), request, &serde_json::from_str(json).unwrap(), &mut out);
        out.take()
    }

    #[test]
    fn replies() {
        let name = || "eve".to_owned();
        let add =
            Request::AddUser { username: name(), password: None, role: Default::default(), name: None, group: None };
        assert_eq!(
            answered(&Request::Who { room: None, after: None }, r#"{"ok":true,"users":["a","b\r"]}"#),
            "* 2 online: a, b␍\n"
        );
        assert_eq!(
            answered(&Request::Who { room: None, after: Some("a".into()) }, r#"{"ok":true,"users":["b"]}"#),
            "* also online: b\n"
        );
        assert_eq!(answered(&add, r#"{"ok":true}"#), "* eve is added\n");
        assert_eq!(
            answered(&add, r#"{"ok":true,"password":"xyz"}"#),
            "* eve is added, with the one-time password xyz\n"
        );
        assert_eq!(answered(&Request::LogoutUser { username: name() }, r#"{"ok":true}"#), "* eve is logged out\n");
        let mute = Request::Mute { username: name(), minutes: Some(5) };
        assert_eq!(answered(&mute, r#"{"ok":true}"#), "* eve is muted for 5 min\n");
        assert_eq!(
            answered(&Request::ResetPassword { username: name() }, r#"{"ok":true,"password":"xyz"}"#),
            "* eve begins again, with the one-time password xyz\n"
        );
        assert_eq!(
            answered(
                &Request::ListUsers { after: None },
                r#"{"ok":true,"users":[{"username":"admin","role":"admin","online":true},{"username":"eve","role":"user","online":false,"banned":true,"muted":true}]}"#
            ),
            "  admin  admin  online\n  eve    user   -, banned, muted\n"
        );
        let whois = |rest| format!(r#"{{"ok":true,"whois":{{"username":"eve","role":"user",{rest}}}}}"#);
        let ask = Request::Whois { username: name() };
        assert_eq!(answered(&ask, &whois(r#""sessions":0"#)), "* eve is a user, not online\n");
        assert_eq!(
            answered(&ask, &whois(r#""sessions":0,"name":"root), bob (R\u202e","group":"7b""#)),
            "* eve (root], bob [R␦) is a user of 7b, not online\n"
        );
        assert_eq!(
            answered(
                &Request::Who { room: None, after: None },
                r#"{"ok":true,"users":["a","b"],"names":{"b":"B C"},"away":["b"]}"#
            ),
            "* 2 online: a, b (B C) (away)\n"
        );
        assert_eq!(
            answered(
                &ask,
                &whois(
                    r#""sessions":2,"since":"2026-11-23T12:00:00.123Z","idle_seconds":7500,"away":{"username":"eve","text":"\u001b]lunch","since":"x"}"#
                )
            ),
            "* eve is a user, online since 2026-11-23 12:00 with 2 sessions, idle for 2 h 5 min\n\
             * eve is away since an unknown time: ␛]lunch\n"
        );
        let topic = r#"{"ok":true,"topic":{"text":"fractions","by":"bob","time":"2026-11-23T12:00:00.123Z"}}"#;
        let ask = Request::Topic { room: None, text: None };
        assert_eq!(answered(&ask, topic), "* topic: fractions (set by bob, 2026-11-23 12:00)\n");
        assert_eq!(answered(&ask, r#"{"ok":true}"#), "* there is no topic\n");
        assert_eq!(
            answered(&Request::Who { room: None, after: None }, r#"{"ok":true,"users":["a","b"],"away":["b"]}"#),
            "* 2 online: a, b (away)\n"
        );
        let help = answered(
            &Request::Help,
            r#"{"ok":true,"commands":[{"usage":"/who","about":"who is online","admin":false}]}"#,
        );
        let (who, clear) =
            ("  /who                          who is online\n", "  /clear                        clear the screen\n");
        assert!(help.starts_with(who) && help.ends_with(clear), "the server's, then this program's: {help}");
    }
}
