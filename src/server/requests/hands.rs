//! The requests about hands: raising one, whose are up, whose turn it is.

use super::answer::{Answer, Refusal, refuse};
use super::fit::{fit, json_bytes};
use super::lesson::told;
use super::membership::Asking;
use super::people::check_note;
use super::speech;
use crate::protocol::{ErrorCode, HandInfo, Reply, RoomName, ServerMessage, Username, format_time};
use crate::server::accounts::LessonRate;
use crate::server::state::Hand;
use crate::server::timeline::Appending;
use crate::sync::lock;

impl Asking<'_> {
    /// One's own hand goes up, or down.
    pub(super) fn hand(&self, room: Option<&str>, up: bool, text: Option<&str>) -> Result<Answer, Refusal> {
        let (server, room) = (self.server, self.own_room(room)?);
        let text = text.filter(|text| up && !text.is_empty());
        if let Some(text) = text {
            check_note(text)?;
            // Others read it.
            speech::permit(server, self.session)?;
        }
        speech::take_pace(server, self.session, LessonRate::hand)?;
        let mut change = self.begin_in(&room)?;
        let hands = &mut change.draft.room_mut(&room).hands;
        let name = self.session.name.clone();
        let changed = if up {
            let hand = Hand { username: name.clone(), text: text.map(str::to_owned), since: server.clock.shown() };
            hands
                .raise(hand)
                .map_err(|_| refuse(ErrorCode::NotAllowed, "as many hands are up as may be: wait a little"))?
        } else {
            hands.lower(&name)
        };
        if !changed {
            // It is as it was, as when this was asked before.
            return Ok(Answer::Reply(Box::default()));
        }
        self.carry_out(&room, change, |_| vec![event(&room, &name, Some(&name), up, text, self.own_id())])
    }

    /// Whose hands are up.
    pub(super) fn hands(&self, room: Option<&str>) -> Result<Answer, Refusal> {
        let room = self.own_room(room)?;
        let all: Vec<Hand> = self
            .server
            .lesson
            .now(|now| now.room(&room).map(|room| room.hands.iter().cloned().collect()).unwrap_or_default());
        let total = all.len();
        let listed = fit(all, |hand| {
            const ENTRY_BYTES: usize = r#"{"username":"","text":,"since":"2026-11-29T08:00:00.000Z"},"#.len();
            ENTRY_BYTES + hand.username.as_str().len() + hand.text.as_ref().map_or(0, |text| json_bytes(text))
        });
        let more = total - listed.len();
        let info = |hand: Hand| HandInfo {
            username: hand.username.to_string().into(),
            text: hand.text.map(Into::into),
            since: format_time(hand.since).into(),
        };
        let hands = Some(listed.into_iter().map(info).collect());
        Ok(Answer::Reply(Box::new(Reply { hands, more, ..Reply::default() })))
    }

    /// Calls whoever raised the hand first and is there, or nobody.
    pub(super) fn next(&self, room: Option<&str>, nobody: bool) -> Result<Answer, Refusal> {
        let (server, room) = (self.server, self.own_room(room)?);
        if !speech::take_rate(server, self.session)? {
            return Ok(Answer::Abuse);
        }
        let mut change = self.begin_in(&room)?;
        let in_room = change.draft.room_mut(&room);
        let called = if nobody {
            None
        } else {
            let is_online = |name: &Username| lock(server.chat.registry()).is_online(name.as_str());
            let called = in_room.hands.call(is_online);
            Some(called.ok_or_else(|| refuse(ErrorCode::BadRequest, "nobody's hand is up: nobody was called"))?)
        };
        in_room.floor.called.clone_from(&called);
        self.carry_out(&room, change, |_| vec![turn(&room, called, &self.session.name, self.own_id())])
    }
}

/// The event of whose turn it is: nobody's without a name.
pub(super) fn turn(
    room: &RoomName,
    called: Option<Username>,
    from: &Username,
    id: Option<String>,
) -> Appending<'static> {
    let (name, by) = (room.to_string(), from.to_string());
    told(room, Some(from), false, move |seq, time| ServerMessage::Called {
        seq,
        time: time.into(),
        room: name.into(),
        username: called.map(|called| called.to_string().into()),
        from: by.into(),
        id: id.map(Into::into),
    })
}

/// The event of a hand that goes up or down: `by` itself, or since its owner is gone.
pub(super) fn event(
    room: &RoomName,
    name: &Username,
    by: Option<&Username>,
    up: bool,
    text: Option<&str>,
    id: Option<String>,
) -> Appending<'static> {
    let (room_name, name, text) = (room.to_string(), name.to_string(), text.map(str::to_owned));
    told(room, by, false, move |seq, time| ServerMessage::Hand {
        seq,
        time: time.into(),
        room: room_name.into(),
        username: name.into(),
        up,
        text: text.map(Into::into),
        id: id.map(Into::into),
    })
}
