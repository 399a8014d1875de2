//! The requests about people: who somebody is, whether they are there.

use super::answer::{Answer, Refusal, existing_user, refuse};
use crate::protocol::{AwayInfo, ErrorCode, NOTE_CHARS_MAX, Reply, ServerMessage, Username, Whois, format_time};
use crate::server::accounts::{Away, Standing};
use crate::server::chat::Session;
use crate::server::state::Server;
use crate::sync::lock;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// Who an account is. Nobody is told from where it comes.
pub(super) fn whois(server: &Server, username: &str) -> Result<Answer, Refusal> {
    let name = existing_user(server, username)?;
    let standing = server.accounts.standing(name.as_str());
    let presence = lock(server.chat.registry()).presence(name.as_str());
    let idle = standing.as_ref().and_then(|standing| standing.attention.idle(Instant::now()));
    let profile = standing.as_ref().map(|standing| standing.profile()).unwrap_or_default();
    let away = standing.as_ref().and_then(|standing| away_info(server, name.as_str(), standing));
    let whois = Whois {
        username: name.to_string().into(),
        role: standing.as_ref().map_or_else(Default::default, |standing| standing.state().role),
        name: profile.name.map(Into::into),
        group: profile.group.map(Into::into),
        guest: standing.as_ref().is_some_and(|standing| standing.state().guest_until.is_some()),
        sessions: presence.map_or(0, |(sessions, _)| sessions),
        since: presence.map(|(_, since)| format_time(since).into()),
        idle_seconds: idle.filter(|_| presence.is_some()).map(|idle| idle.as_secs()),
        away,
    };
    Ok(Answer::Reply(Box::new(Reply { whois: Some(Box::new(whois)), ..Reply::default() })))
}

/// Goes away with these words, or comes back.
pub(crate) fn away(server: &Server, session: &Session, text: Option<&str>) -> Result<Answer, Refusal> {
    match text {
        Some(text) => {
            check_note(text)?;
            session.mandate.standing().attention.leave(text, server.clock.shown());
        }
        None => session.mandate.standing().attention.back(Instant::now()),
    }
    Ok(Answer::Reply(Box::default()))
}

/// What those of `people` are called whose accounts have a name.
pub(crate) fn all_called(people: &[(Username, Arc<Standing>)]) -> BTreeMap<Cow<'static, str>, Cow<'static, str>> {
    let entry = |(name, owner): &(Username, Arc<Standing>)| Some((name.to_string().into(), owner.called()?.into()));
    people.iter().filter_map(entry).collect()
}

/// What a session is told that whispered to somebody who is away. Beside the event: it must fit a line, and the words are
/// for nobody else.
pub(super) fn line_if_away(server: &Server, session: &Session, to: &Username) -> Option<Vec<u8>> {
    let standing = server.accounts.standing(to.as_str()).filter(|_| *to != session.name)?;
    Some(ServerMessage::Away(away_info(server, to.as_str(), &standing)?).encode())
}

/// Whether this may stand as a topic or a word on why one is away.
pub(super) fn check_note(text: &str) -> Result<(), Refusal> {
    if text.chars().count() > NOTE_CHARS_MAX {
        return Err(refuse(
            ErrorCode::TooLong,
            format!("that has at most {NOTE_CHARS_MAX} characters: nothing changed"),
        ));
    }
    if text.contains(char::is_control) {
        return Err(refuse(ErrorCode::BadRequest, "that must be one line, without control characters"));
    }
    Ok(())
}

/// That an account is away. The words of one that is muted or banned are nobody's to read.
fn away_info(server: &Server, name: &str, standing: &Standing) -> Option<AwayInfo<'static>> {
    let Away { text, since } = standing.attention.away()?;
    let text = if standing.state().may_speak(server.clock.lived()) { text.to_string() } else { String::new() };
    Some(AwayInfo { username: name.to_owned().into(), text: text.into(), since: format_time(since).into() })
}
