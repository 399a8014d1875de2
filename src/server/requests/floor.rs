//! The request about who may say something in a room, and who may whisper.

use super::answer::{Answer, Refusal, refuse};
use super::hands;
use super::lesson::told;
use super::membership::Asking;
use super::speech;
use crate::durations;
use crate::protocol::{ErrorCode, FloorInfo, Mode, RoomName, ServerMessage, Username, Whispers};
use crate::server::state::{LessonKept, Moment, Wanted};
use crate::server::timeline::Appending;

impl Asking<'_> {
    /// Changes a room's floor, and who may whisper in the whole server.
    pub(super) fn floor(&self, room: Option<&str>, wanted: Wanted) -> Result<Answer, Refusal> {
        let (server, room) = (self.server, self.own_room(room)?);
        if !speech::take_rate(server, self.session)? {
            return Ok(Answer::Abuse);
        }
        let mut change = self.begin_in(&room)?;
        let (floor, whispering) = change.draft.floor_mut(&room);
        wanted.apply(floor, whispering, Moment::of(&server.clock)).map_err(|why| refuse(ErrorCode::BadRequest, why))?;
        let detail = detail(&change.draft, &room, wanted.minutes);
        let from = &self.session.name;
        let answer = self.carry_out(&room, change, |change| {
            let mut events = vec![event(&change.draft, &room, Some(from), self.own_id())];
            // Everyone is told what holds for everyone.
            if !room.is_general() && change.before().whispers != change.draft.whispers {
                events.push(event(&change.draft, &RoomName::general(), Some(from), None));
            }
            // It becomes quiet, and somebody was called before. That a room is open says itself that nobody is.
            let called = |kept: &LessonKept| kept.floor(&room).called.is_some();
            if called(change.before()) && !called(&change.draft) && change.draft.floor(&room).mode == Mode::Quiet {
                events.push(hands::turn(&room, None, from, None));
            }
            events
        })?;
        self.record("floor", &detail);
        Ok(answer)
    }
}

/// The event that tells what holds in a room from now on.
pub(super) fn event(
    kept: &LessonKept,
    room: &RoomName,
    from: Option<&Username>,
    id: Option<String>,
) -> Appending<'static> {
    let FloorInfo { mode, until, seconds, whispers, .. } = kept.floor(room);
    let (name, told_by) = (room.to_string(), from.map(Username::to_string));
    told(room, from, false, move |seq, time| ServerMessage::Floor {
        seq,
        time: time.into(),
        room: name.into(),
        from: told_by.map(Into::into),
        mode,
        until,
        seconds,
        whispers,
        id: id.map(Into::into),
    })
}

/// As the audit log has it: `general: quiet, whispers all, for 5 min`.
fn detail(kept: &LessonKept, room: &RoomName, minutes: Option<u32>) -> String {
    let FloorInfo { mode, seconds, whispers, .. } = kept.floor(room);
    let mode = match (mode, seconds) {
        (Mode::Open, _) => "open".to_owned(),
        (Mode::Quiet, _) => "quiet".to_owned(),
        (Mode::Slow, seconds) => format!("slow, {} s", seconds.unwrap_or_default()),
    };
    let whispers = match whispers {
        Whispers::All => "all",
        Whispers::Staff => "staff",
        Whispers::Off => "off",
    };
    let time = minutes.map(|minutes| format!(", for {}", durations::minutes(minutes))).unwrap_or_default();
    format!("{room}: {mode}, whispers {whispers}{time}")
}
