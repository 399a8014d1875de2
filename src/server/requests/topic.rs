//! The requests about what the room talks about.

use super::answer::{Answer, Refusal, refuse};
use super::held::Speaker;
use super::people::check_note;
use super::{membership, rooms, speech};
use crate::protocol::{ErrorCode, Reply, RequestId, RoomName, ServerMessage, TopicInfo, format_time};
use crate::reason;
use crate::server::chat::Session;
use crate::server::state::Server;
use crate::server::timeline::{Place, What};
use std::sync::Arc;

/// What it is, for somebody who is in that room.
///
/// # Errors
/// They aren't.
pub(crate) fn ask(server: &Server, session: &Session, room: Option<&str>) -> Result<Answer, Refusal> {
    let room = membership::named(room)?;
    let known = server.rooms.get(&room);
    let topic = match known {
        _ if room.is_general() => server.topic.now(),
        Some(known) if membership::is_in(server, &room, &session.name) => known.topic,
        _ => return Err(membership::refuse_outsider(server, session, &room)),
    };
    Ok(Answer::Reply(Box::new(Reply { topic, ..Reply::default() })))
}

/// Makes `text` the topic: on disk first, then in the welcome of whoever comes, then as an event. So nobody misses it.
pub(crate) fn set(
    server: &Server,
    session: &Arc<Session>,
    id: Option<&RequestId>,
    room: Option<&str>,
    text: &str,
) -> Result<Answer, Refusal> {
    check_note(text)?;
    let room = membership::named(room)?;
    if !room.is_general() {
        return set_in(server, session, id, &room, text);
    }
    let _saving = server.topic.begin();
    let before = server.topic.now();
    server.topic.save(new(server, session, text)).map_err(|e| {
        log::error!("topic.json can't be written: {}", reason::of_file(&e));
        refuse(ErrorCode::Internal, "the server can't write topic.json: the topic stays, try again later")
    })?;
    match tell(server, session, id, &RoomName::general(), text) {
        Ok(answer @ Answer::Event(_)) => {
            server.audit.act("topic", &session.name, session.peer.ip(), None, None);
            Ok(answer)
        }
        other => {
            if let Err(e) = server.topic.save(before) {
                log::error!(
                    "topic.json can't be written: {}; the next start will have a topic that was refused",
                    reason::of_file(&e)
                );
            }
            other
        }
    }
}

/// The same of another room, for staff and for who made it.
fn set_in(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    room: &RoomName,
    text: &str,
) -> Result<Answer, Refusal> {
    let _changing = server.rooms.begin();
    let known = server.rooms.get(room).filter(|_| membership::is_in(server, room, &session.name));
    let known = known.ok_or_else(|| membership::refuse_outsider(server, session, room))?;
    if !membership::looks_after(session, &known) {
        return Err(refuse(ErrorCode::NotAllowed, format!("teachers, and who made {room}, say what it talks about")));
    }
    Speaker::new(server, session, &Place::Room(room.clone())).check()?;
    let set = |topic: Option<TopicInfo<'static>>| {
        rooms::write(server, |rooms| {
            if let Some(room) = rooms.get_mut(room) {
                room.topic = topic;
            }
        })
    };
    set(new(server, session, text))?;
    let answer = tell(server, session, id, room, text);
    if !matches!(answer, Ok(Answer::Event(_))) {
        set(known.topic)?;
    }
    answer
}

/// A topic that is set now; none without a text.
fn new(server: &Server, session: &Session, text: &str) -> Option<TopicInfo<'static>> {
    let (by, time) = (session.name.to_string().into(), format_time(server.clock.shown()).into());
    (!text.is_empty()).then(|| TopicInfo { text: text.to_owned().into(), by, time })
}

fn tell(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    room: &RoomName,
    text: &str,
) -> Result<Answer, Refusal> {
    let event = |seq, time: String| ServerMessage::Topic {
        seq,
        time: time.into(),
        from: session.name.as_str().into(),
        room: room.as_str().into(),
        text: text.into(),
        id: id.map(|id| id.as_str().into()),
    };
    let what = What::Said { by: session.name.clone(), place: Place::Room(room.clone()), key: None };
    speech::speak(server, session, what, event)
}
