//! Something that was said is taken back: its words go from the journal and from memory, and then everyone who might see it
//! is told.

use super::answer::{Answer, Refusal, not_through_page, refuse};
use super::{history, membership, speech};
use crate::protocol::{ErrorCode, REMOVE_MINUTES_MAX, RequestId, Role, ServerMessage, Username};
use crate::reason;
use crate::server::chat::Session;
use crate::server::state::Server;
use crate::server::timeline::{AppendError, Batch, NEW, Record, Timeline, What, Where};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;
use std::io;
use std::time::Instant;

/// The kinds of events whose words can be taken back.
const KINDS: [&str; 4] = ["message", "whisper", "question", "announcement"];
/// A question's `asked` comes so soon after it: others may say something at the same moment.
const ASKED_WITHIN: u64 = 64;
/// What is written anew is charged to the account as it would be if it were looked at, in stretches of so much.
const STRETCH_BYTES: u64 = 256 * 1024;

/// Takes an event's words back.
///
/// # Errors
/// Why they stay.
pub(super) fn remove(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    event: u64,
) -> Result<Answer, Refusal> {
    let timeline = server.chat.timeline();
    let line = seen(server, session, event).map_err(|e| unreadable(&e))?.ok_or_else(unknown)?;
    let record = Record::parse(&line).ok().filter(|record| KINDS.contains(&&*record.kind)).ok_or_else(unknown)?;
    let is_own = if record.kind == "question" {
        asked_it(timeline, session, event).map_err(|e| unreadable(&e))?
    } else {
        record.from == session.name.as_str()
    };
    permit(server, session, &record, is_own)?;
    if !speech::take_rate(server, session)? {
        return Ok(Answer::Abuse);
    }
    let stretches = timeline.rewritten_with(event).div_ceil(STRETCH_BYTES);
    session.mandate.standing().looks.charge(u32::try_from(stretches).unwrap_or(u32::MAX), Instant::now());
    // Whoever takes their own question back is no more named than they were.
    let by = if record.kind == "question" && is_own { "" } else { session.name.as_str() };
    let mut given = false;
    let rewritten = timeline.rewrite_event(event, |line| {
        let anew = wordless(line, by);
        given |= anew.is_some();
        anew
    });
    // They may be gone although the last step, which makes that last, has failed.
    let gone = *rewritten.as_ref().unwrap_or(&given) && is_removed(server, session, event);
    // With the id it acknowledges that they stay gone.
    let id = id.filter(|_| rewritten.is_ok());
    let told = if gone { tell(server, &record, by, id) } else { None };
    if let Err(e) = rewritten {
        log::error!("event {event} can't be taken back: {}", reason::of_file(&e));
        return Err(refuse(ErrorCode::Internal, "the server can't write to its disk: try again later"));
    }
    if gone && !is_own {
        let whose = Username::parse(&record.from);
        server.audit.act("remove", &session.name, session.peer.ip(), whose.as_ref(), Some(&format!("event {event}")));
    }
    // What can't be told now is told as soon as it can be.
    Ok(told.unwrap_or_else(|| Answer::Reply(Box::default())))
}

/// Whether this session may take that back now.
fn permit(server: &Server, session: &Session, record: &Record<'_>, is_own: bool) -> Result<(), Refusal> {
    let role = session.mandate.standing().state().role;
    if !is_own && role == Role::Admin && session.mandate.came_through_page() && !server.limits.web_admins() {
        return Err(not_through_page());
    }
    if role.is_staff() {
        return Ok(());
    }
    if !is_own {
        return Err(refuse(
            ErrorCode::NotAllowed,
            "that is somebody else's: only teachers and administrators may do that",
        ));
    }
    let stamp = record.moment().ok().map(|time| server.clock.lived_of(record.seq, time));
    let age = stamp.map(|stamp| server.clock.now().age(stamp));
    if age.is_none_or(|age| age > SignedDuration::from_mins(REMOVE_MINUTES_MAX.into())) {
        let message = format!(
            "that was said more than {REMOVE_MINUTES_MAX} minutes ago: ask a teacher or an administrator to take it back"
        );
        return Err(refuse(ErrorCode::NotAllowed, message));
    }
    Ok(())
}

/// The line of an event, where `history` shows it to the session's account, and it's none of an older account of the name.
fn seen(server: &Server, session: &Session, event: u64) -> io::Result<Option<Vec<u8>>> {
    let (timeline, since) = (server.chat.timeline(), session.mandate.standing().state().since);
    if !(since.saturating_add(1)..=timeline.head()).contains(&event) {
        return Ok(None);
    }
    let Some(line) = history::own_event(timeline, session, event)? else { return Ok(None) };
    let Ok(record) = Record::parse(&line) else { return Ok(None) };
    let place = match &*record.room {
        "" => Where::Everywhere,
        room => match membership::history_of(server, session, Some(room)) {
            Ok(place) => place,
            Err(_) => return Ok(None),
        },
    };
    let around = (event - 1, event.saturating_add(1));
    let found = timeline.look_before(around.1, session.viewer(), |chunk, eyes| {
        chunk.said(around, &place, eyes).next().map(|(_, line)| line.to_vec())
    })?;
    Ok(found.flatten())
}

/// Whether the session's account has asked this question, which an event beside it tells it alone.
fn asked_it(timeline: &Timeline, session: &Session, question: u64) -> io::Result<bool> {
    #[derive(Deserialize)]
    struct Asked<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        question: Option<Value>,
        from: Option<&'a str>,
    }
    let mut batch = Batch::default();
    let upto = question.saturating_add(ASKED_WITHIN).min(timeline.head());
    let mut after = question;
    while after < upto {
        timeline.read_back(after, upto, session.viewer(), usize::MAX, &mut batch)?;
        let is_it = |line: &[u8]| {
            let asked: Result<Asked<'_>, _> = serde_json::from_slice(line);
            asked.is_ok_and(|asked| {
                let of = asked.question.and_then(|of| of.as_u64());
                asked.kind == "asked" && of == Some(question) && asked.from == Some(session.name.as_str())
            })
        };
        if batch.lines.split_inclusive(|&b| b == b'\n').any(is_it) {
            return Ok(true);
        }
        after = batch.upto.max(after + 1);
    }
    Ok(false)
}

fn is_removed(server: &Server, session: &Session, event: u64) -> bool {
    let line = seen(server, session, event).ok().flatten();
    line.is_some_and(|line| Record::parse(&line).is_ok_and(|record| record.removed))
}

/// An event's line without what was said, and with who took that back; None if nothing is left to be taken back.
fn wordless(line: &[u8], by: &str) -> Option<Vec<u8>> {
    let mut event: ServerMessage<'_> = serde_json::from_slice(line).ok()?;
    match &mut event {
        ServerMessage::Message { text, removed, format, lang, .. }
        | ServerMessage::Whisper { text, removed, format, lang, .. }
            if !*removed =>
        {
            (*text, *removed, *format, *lang) = ("".into(), true, None, None);
        }
        ServerMessage::Question { text, removed, .. } | ServerMessage::Announcement { text, removed, .. }
            if !*removed =>
        {
            (*text, *removed) = ("".into(), true);
        }
        _ => return None,
    }
    let mut line = event.encode();
    if by.is_empty() {
        return Some(line);
    }
    // A start that finds nobody told of it knows from this whom to name.
    let end = line.iter().rposition(|&b| b == b'}')?;
    line.splice(end..end, format!(",\"by\":\"{by}\"").into_bytes());
    Some(line)
}

/// Tells those who might see it. None where that can't be written now: it's told later then, and holds all the same.
fn tell(server: &Server, record: &Record<'_>, by: &str, id: Option<&RequestId>) -> Option<Answer> {
    let what = record.removal(record.seq, by).ok()?;
    // Its id would tell whose it is, as the name would: then the answer is another.
    let id = id.filter(|_| !by.is_empty());
    let What::Removed { event, room, to, .. } = &what else { return None };
    let (event, room, to) = (*event, room.clone(), to.as_ref().map(ToString::to_string));
    let told = server.chat.say(what.clone(), NEW, |seq, time| ServerMessage::Removed {
        seq,
        time: time.into(),
        event,
        from: by.into(),
        room: room.map(|room| room.to_string().into()),
        to: to.map(Into::into),
        id: id.map(|id| id.as_str().into()),
    });
    match told {
        Ok(_) if by.is_empty() => None,
        Ok(said) => Some(Answer::Event(said.seq())),
        // That is kept in mind.
        Err(AppendError::Unwritten) => None,
        Err(why) => {
            log::error!("that event {event} was taken back can't be told yet: {why}");
            server.chat.timeline().announce(what);
            None
        }
    }
}

fn unknown() -> Refusal {
    refuse(ErrorCode::UnknownEvent, "nothing was said under that number: /history shows the numbers")
}

fn unreadable(error: &io::Error) -> Refusal {
    log::error!("the journal can't be read: {}", reason::of_file(error));
    refuse(ErrorCode::Internal, "the server can't read from its disk: try again later")
}
