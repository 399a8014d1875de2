//! The requests about what the room talks about.

use super::answer::{Answer, Refusal, refuse};
use super::held::Speaker;
use super::membership::Asking;
use super::people::check_note;
use super::{membership, rooms, speech};
use crate::protocol::{ErrorCode, Reply, RoomName, ServerMessage, TopicInfo, format_time};
use crate::reason;
use crate::server::timeline::{Place, What};

/// What it is, for somebody who is in that room.
///
/// # Errors
/// They aren't.
pub(crate) fn ask(asking: &Asking<'_>, room: Option<&str>) -> Result<Answer, Refusal> {
    let room = asking.own_room(room)?;
    let topic = match room.is_general() {
        true => asking.server.topic.now(),
        false => asking.server.rooms.get(&room).and_then(|room| room.topic),
    };
    Ok(Answer::Reply(Box::new(Reply { topic, ..Reply::default() })))
}

/// Makes `text` the topic: on disk first, then in the welcome of whoever comes, then as an event. So nobody misses it.
pub(crate) fn set(asking: &Asking<'_>, room: Option<&str>, text: &str) -> Result<Answer, Refusal> {
    check_note(text)?;
    let room = membership::named(room)?;
    if room.is_general() { set_in_general(asking, &room, text) } else { set_in(asking, &room, text) }
}

fn set_in_general(asking: &Asking<'_>, room: &RoomName, text: &str) -> Result<Answer, Refusal> {
    let Asking { server, session, .. } = *asking;
    let _saving = server.topic.begin();
    let save = |topic| {
        server.topic.save(topic).map_err(|e| {
            log::error!("topic.json can't be written: {}", reason::of_file(&e));
            refuse(ErrorCode::Internal, "the server can't write topic.json: the topic stays, try again later")
        })
    };
    let answer = replace(asking, room, text, server.topic.now(), save)?;
    if matches!(answer, Answer::Event(_)) {
        server.audit.act("topic", &session.name, session.peer.ip(), None, None);
    }
    Ok(answer)
}

/// The same of another room, for staff and for who made it.
fn set_in(asking: &Asking<'_>, room: &RoomName, text: &str) -> Result<Answer, Refusal> {
    let Asking { server, session, .. } = *asking;
    let _changing = server.rooms.begin();
    let known = server.rooms.get(room).filter(|_| asking.is_in(room));
    let known = known.ok_or_else(|| membership::refuse_outsider(server, session, room))?;
    if !membership::looks_after(session, &known) {
        return Err(refuse(ErrorCode::NotAllowed, format!("teachers, and who made {room}, say what it talks about")));
    }
    Speaker::new(server, session, &Place::Room(room.clone())).check()?;
    let save = |topic: Option<TopicInfo<'static>>| {
        rooms::write(server, |rooms| {
            if let Some(room) = rooms.get_mut(room) {
                room.topic = topic;
            }
        })
    };
    replace(asking, room, text, known.topic, save)
}

/// Saves a topic that is set now, none without a text, and has it told; what was `before` is saved again where that fails.
fn replace(
    asking: &Asking<'_>,
    room: &RoomName,
    text: &str,
    before: Option<TopicInfo<'static>>,
    save: impl Fn(Option<TopicInfo<'static>>) -> Result<(), Refusal>,
) -> Result<Answer, Refusal> {
    let Asking { server, session, .. } = *asking;
    let (by, time) = (session.name.to_string().into(), format_time(server.clock.shown()).into());
    save((!text.is_empty()).then(|| TopicInfo { text: text.to_owned().into(), by, time }))?;
    let answer = tell(asking, room, text);
    if !matches!(answer, Ok(Answer::Event(_))) && save(before).is_err() {
        log::error!("the next start will have a topic of {room} that was refused");
    }
    answer
}

fn tell(asking: &Asking<'_>, room: &RoomName, text: &str) -> Result<Answer, Refusal> {
    let Asking { server, session, id } = *asking;
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
