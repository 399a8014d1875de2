//! A request whose answer never came, told to who typed it: what it was, and how to find out what became of it.

use crate::protocol::{Format, GENERAL, Mode, Request};
use crate::sanitize;

/// A request as it was typed, safe to print, without its passwords.
pub(super) fn typed(request: &Request) -> String {
    let (command, user) = match request {
        Request::Say { text, format: Some(Format::Code), lang, .. } => return code(text, lang.as_deref(), None),
        Request::Whisper { to, text, format: Some(Format::Code), lang } => {
            return code(text, lang.as_deref(), Some(to));
        }
        Request::Say { room, text, action, .. } => {
            let place = room.as_ref().map(|room| format!("#{room} ")).unwrap_or_default();
            let me = if *action { "/me " } else { "" };
            return format!("{place}{me}{}", sanitize::line(text));
        }
        Request::Whisper { to, text, .. } => return format!("/msg {} {}", sanitize::line(to), sanitize::line(text)),
        Request::Whois { username } => ("/whois", username),
        Request::AddUser { username, .. } => ("/adduser", username),
        Request::SetUser { username, name: Some(_), .. } => ("/setname", username),
        Request::SetUser { username, .. } => ("/setgroup", username),
        Request::LogoutUser { username } => ("/logoutuser", username),
        Request::Ban { username } => ("/ban", username),
        Request::Unban { username } => ("/unban", username),
        Request::Mute { username, .. } => ("/mute", username),
        Request::Unmute { username } => ("/unmute", username),
        Request::ResetPassword { username } => ("/resetpassword", username),
        Request::DeleteUser { username } => ("/deluser", username),
        Request::Promote { username, .. } => ("/promote", username),
        Request::Demote { username, .. } => ("/demote", username),
        Request::Who { .. } => return "/who".into(),
        Request::Away { .. } => return "/away".into(),
        Request::Code => return "/code".into(),
        Request::Help => return "/help".into(),
        Request::History { .. } => return "/history".into(),
        Request::ListUsers { .. } => return "/listusers".into(),
        Request::Status => return "/status".into(),
        Request::Passwd { .. } => return "/passwd".into(),
        Request::Topic { .. } => return "/topic".into(),
        Request::Reload => return "/reload".into(),
        Request::Door { .. } => return "/door".into(),
        Request::Shutdown => return "/shutdown".into(),
        // Of a lesson.
        Request::LetIn { username, .. } => ("/letin", username),
        Request::PutOut { username, .. } => ("/putout", username),
        Request::EraseUser { username } => ("/erase", username),
        Request::MakeRoom { room, .. } => ("/makeroom", room),
        Request::Enter { room } => ("/join", room),
        Request::Leave { room } => ("/leave", room),
        Request::CloseRoom { room } => ("/closeroom", room),
        Request::Announce { text } => ("/all", text),
        Request::Ask { text, .. } => ("/ask", text),
        Request::Vote { option, .. } => return format!("/vote {}", option + 1),
        Request::Remove { event } => return format!("/remove {event}"),
        Request::Rooms => return "/rooms".into(),
        Request::Split { .. } => return "/split".into(),
        Request::Gather => return "/gather".into(),
        Request::Floor { whispers: Some(_), .. } => return "/whispers".into(),
        Request::Floor { mode: Some(Mode::Quiet), .. } => return "/quiet".into(),
        Request::Floor { mode: Some(Mode::Slow), .. } => return "/slow".into(),
        Request::Floor { .. } => return "/open".into(),
        Request::Hand { .. } => return "/hand".into(),
        Request::Hands { .. } => return "/hands".into(),
        Request::Next { .. } => return "/next".into(),
        Request::Poll { .. } => return "/poll".into(),
        Request::Tally { .. } => return "/tally".into(),
        Request::ClosePoll { .. } => return "/endpoll".into(),
        Request::Attendance { .. } => return "/attendance".into(),
        Request::Login(_)
        | Request::Register(_)
        | Request::Logout
        | Request::Ping
        | Request::Pong
        | Request::Unknown => {
            return "what was typed".into();
        }
    };
    format!("{command} {}", sanitize::line(user))
}

fn code(text: &str, lang: Option<&str>, to: Option<&str>) -> String {
    let lang = lang.map(|lang| format!(" {}", sanitize::line(lang))).unwrap_or_default();
    let to = to.map(|to| format!(" @{}", sanitize::line(to))).unwrap_or_default();
    format!("/code{lang}{to} ({} lines)", text.lines().count())
}

/// What was to be said, as it can be typed again, and the room for which; None for what isn't said. A whisper is for
/// whichever room one is in.
pub(super) fn said(request: &Request) -> Option<(String, Option<&str>)> {
    Some(match request {
        Request::Say { room, text, format: Some(Format::Code), lang, .. } => {
            (format!("/code {}\n{text}", lang.as_deref().unwrap_or("text")), here(room))
        }
        Request::Whisper { to, text, format: Some(Format::Code), lang } => {
            (format!("/code {} @{to}\n{text}", lang.as_deref().unwrap_or("text")), None)
        }
        Request::Say { room, text, action: true, .. } => (format!("/me {text}"), here(room)),
        Request::Say { room, text, .. } if text.starts_with('/') => (format!("/{text}"), here(room)),
        Request::Say { room, text, .. } => (text.clone(), here(room)),
        Request::Whisper { to, text, .. } => (format!("/msg {to} {text}"), None),
        Request::Ask { room, text } => (format!("/ask {text}"), here(room)),
        _ => return None,
    })
}

/// The room of a request.
fn here(room: &Option<String>) -> Option<&str> {
    Some(room.as_deref().unwrap_or(GENERAL))
}

/// How to see whether a request was carried out that may not be sent again blindly.
pub(super) fn how_to_find_out(request: &Request) -> &'static str {
    match request {
        Request::AddUser { password: None, .. } => {
            "/listusers shows whether the account is there, and /resetpassword makes it a new password"
        }
        Request::ResetPassword { .. } => "another /resetpassword makes a new password in any case",
        Request::Passwd { .. } => "the next login shows which password holds",
        Request::Topic { .. } => "/topic shows it",
        Request::Door { .. } => "/door shows it",
        Request::Say { .. } | Request::Whisper { .. } | Request::Announce { .. } | Request::Ask { .. } => {
            "/history shows it"
        }
        Request::MakeRoom { .. } | Request::CloseRoom { .. } | Request::Split { .. } | Request::Gather => {
            "/rooms shows it"
        }
        Request::Enter { .. } | Request::Leave { .. } | Request::Rooms => "/rooms shows it",
        Request::LetIn { .. } | Request::PutOut { .. } | Request::Floor { .. } => "doing it again does no harm",
        Request::Hand { .. } | Request::Hands { .. } | Request::Next { .. } => "/hands shows it",
        Request::Vote { .. } | Request::Remove { .. } | Request::Attendance { .. } => "doing it again does no harm",
        Request::Poll { .. } | Request::Tally { .. } | Request::ClosePoll { .. } => "/tally shows it",
        Request::Reload | Request::LogoutUser { .. } | Request::Away { .. } => "doing it again does no harm",
        Request::Who { .. } | Request::Whois { .. } | Request::ListUsers { .. } => "doing it again does no harm",
        Request::History { .. } | Request::Help | Request::Status | Request::Code => "doing it again does no harm",
        Request::Shutdown => "if the server comes back it can be said again",
        _ => "/listusers shows it",
    }
}
