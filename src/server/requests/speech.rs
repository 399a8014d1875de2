//! What somebody says, to the room or to one person: whether it may be said, and whether it was said before.

use super::answer::{Answer, Refusal, existing_user, refuse};
use super::form::Form;
use super::held::Speaker;
use super::{held, history, membership, people};
use crate::durations;
use crate::protocol::{EVENT_BYTES_MAX, ErrorCode, RequestId, Role, RoomName, ServerMessage, TEXT_CHARS_MAX, Username};
use crate::reason;
use crate::server::accounts::{LessonRate, TooFast};
use crate::server::chat::{Said, Session};
use crate::server::config::MessageRate;
use crate::server::state::Server;
use crate::server::timeline::{AppendError, Key, NEW, Place, Record, Spoken, What};
use jiff::Timestamp;
use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Something that a session wants to say.
struct Speech<'a> {
    server: &'a Server,
    session: &'a Session,
    id: Option<&'a RequestId>,
    /// To whom, or in which room.
    place: Place,
    text: &'a str,
    form: Form<'a>,
    /// In every room.
    everywhere: bool,
}

/// Says or does something in a room.
///
/// # Errors
/// Why it isn't said.
pub(crate) fn say(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    (room, text, form): (Option<&str>, &str, Form<'_>),
) -> Result<Answer, Refusal> {
    let place = Place::Room(membership::named(room)?);
    Speech { server, session, id, place, text, form, everywhere: false }.deliver()
}

/// Says something in every room.
///
/// # Errors
/// Why it isn't said.
pub(super) fn announce(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    text: &str,
) -> Result<Answer, Refusal> {
    let place = Place::Room(RoomName::general());
    Speech { server, session, id, place, text, form: Form::default(), everywhere: true }.deliver()
}

/// Says something to one account. If it has no session, it will see it when it logs in.
///
/// # Errors
/// Why it isn't said.
pub(crate) fn whisper(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    to: &str,
    (text, form): (&str, Form<'_>),
) -> Result<Answer, Refusal> {
    // Perhaps somebody who is no longer there: this may have been said before.
    let Some(name) = Username::parse(to) else { return existing_user(server, to).map(|_| Answer::Nothing) };
    let place = Place::Person(name.clone());
    let answer = Speech { server, session, id, place, text, form, everywhere: false }.deliver()?;
    let beside = matches!(answer, Answer::Event(_)).then(|| people::line_if_away(server, session, &name));
    Ok(beside.flatten().map_or(answer, Answer::EventAnd))
}

/// Adds something of somebody's to the timeline, if that may be as fast. Who speaks is there.
///
/// # Errors
/// Why it isn't said.
pub(crate) fn speak<'a>(
    server: &Server,
    session: &Session,
    what: What,
    event: impl FnOnce(u64, String) -> ServerMessage<'a>,
) -> Result<Answer, Refusal> {
    if !take_rate(server, session)? {
        return Ok(Answer::Abuse);
    }
    append(server, session, what, NEW, event).map(|said| Answer::Event(said.seq())).map_err(refusal)
}

/// Whether a session may say anything now.
///
/// # Errors
/// Why not.
pub(crate) fn permit(server: &Server, session: &Session) -> Result<(), Refusal> {
    if server.shutdown.requested() {
        return Err(refuse(ErrorCode::ShuttingDown, "the server is ending: this was not said"));
    }
    let now = server.clock.lived();
    match session.mandate.standing().state().muted_until.filter(|&until| until > now) {
        Some(until) => Err(refuse(ErrorCode::Muted, muted(until, now))),
        None => Ok(()),
    }
}

impl Speech<'_> {
    fn deliver(self) -> Result<Answer, Refusal> {
        let Self { server, session, .. } = self;
        let key = self.spoken().map(|spoken| server.chat.timeline().key(&spoken));
        let find = |key| server.chat.timeline().recall(|recall| recall.find(&session.name, key));
        let known = key.filter(|_| session.continues.load(Ordering::Acquire)).and_then(find);
        // Asked first: what was said may be answered although nothing more may be said now, and costs nothing.
        if let Some(line) = known.and_then(|seq| self.said_under(seq)) {
            return Ok(Answer::Again(line));
        }
        self.check()?;
        if !take_rate(server, session)? {
            return Ok(Answer::Abuse);
        }
        let turn = held::take_turn(server, session, &self.place)?;
        let said = match self.append(key) {
            Ok(Said::Before(seq)) => match self.said_under(seq) {
                Some(line) => Ok(Answer::Again(line)),
                // No longer kept: it can only be said anew.
                None => self.append(None).map(|said| Answer::Event(said.seq())),
            },
            said => said.map(|said| Answer::Event(said.seq())),
        };
        if !matches!(said, Ok(Answer::Event(_))) {
            held::give_back(server, turn);
        }
        said
    }

    /// What makes it the same thing again. Without an id nothing does.
    fn spoken(&self) -> Option<Spoken<'_>> {
        let (kind, place) = match &self.place {
            Place::Room(_) if self.everywhere => ("announcement", ""),
            Place::Room(room) => ("message", room.as_str()),
            Place::Person(to) => ("whisper", to.as_str()),
        };
        let (from, id) = (self.session.name.as_str(), self.id?.as_str());
        let Form { action, format, lang } = self.form;
        Some(Spoken { kind, from, place, id, text: self.text, action, format, lang })
    }

    /// The line of the event with this seq, if it says the same, and isn't an older account's of this name.
    fn said_under(&self, seq: u64) -> Option<Vec<u8>> {
        if seq <= self.session.mandate.standing().state().since {
            return None;
        }
        let line = history::own_event(self.server.chat.timeline(), self.session, seq).unwrap_or_else(|e| {
            log::error!("what {} said before can't be read: {}", self.session.name, reason::of_file(&e));
            None
        })?;
        let same = |record: Record<'_>| {
            let spoken = if record.removed { self.spoken().map(Spoken::wordless) } else { self.spoken() };
            record.spoken() == spoken
        };
        Record::parse(&line).is_ok_and(same).then_some(line)
    }

    /// Whether this may be said now.
    fn check(&self) -> Result<(), Refusal> {
        permit(self.server, self.session)?;
        if let Place::Person(to) = &self.place {
            existing_user(self.server, to.as_str())?;
            if membership::role_of(self.server, to) == Some(Role::Display) {
                return Err(refuse(ErrorCode::NotAllowed, format!("{to} shows the room, and is sent no whispers")));
            }
        }
        check_text(self.text)?;
        Speaker::new(self.server, self.session, &self.place).check()
    }

    fn append(&self, key: Option<Key>) -> Result<Said, Refusal> {
        let Self { server, session, form: Form { action, format, lang }, .. } = *self;
        let lang = lang.map(Cow::Borrowed);
        let away = matches!(&self.place, Place::Person(to) if server.chat.is_offline(to));
        let event = |seq, time: String| {
            let (time, from, text) = (time.into(), session.name.as_str().into(), self.text.into());
            let id = self.id.map(|id| id.as_str().into());
            match &self.place {
                Place::Room(_) if self.everywhere => {
                    ServerMessage::Announcement { seq, time, from, text, removed: false, id }
                }
                Place::Room(room) => ServerMessage::Message {
                    seq,
                    time,
                    from,
                    room: room.as_str().into(),
                    text,
                    action,
                    format,
                    lang,
                    removed: false,
                    id,
                },
                Place::Person(to) => ServerMessage::Whisper {
                    seq,
                    time,
                    from,
                    to: to.as_str().into(),
                    text,
                    id,
                    format,
                    lang,
                    removed: false,
                    away,
                },
            }
        };
        let what = What::Said { by: session.name.clone(), place: self.place.clone(), key };
        let maybe_again = || key.is_some() && session.continues.load(Ordering::Acquire);
        let speaker = Speaker::new(server, session, &self.place);
        let may = || speaker.check().is_ok();
        append(server, session, what, (maybe_again, may), event).map_err(|why| match &self.place {
            _ if matches!(why, AppendError::Held) => speaker.check().err().unwrap_or_else(|| refusal(why)),
            Place::Room(room) => refusal_in(server, session, room, why),
            Place::Person(_) => refusal(why),
        })
    }
}

fn append<'a>(
    server: &Server,
    session: &Session,
    what: What,
    terms: (impl FnOnce() -> bool, impl FnOnce() -> bool),
    event: impl FnOnce(u64, String) -> ServerMessage<'a>,
) -> Result<Said, AppendError> {
    // Before others hear it, and may ask.
    session.mandate.standing().attention.back(Instant::now());
    server.chat.say(what, terms, event)
}

/// What it says to who asked for something in a room that its event isn't there.
pub(super) fn refusal_in(server: &Server, session: &Session, room: &RoomName, why: AppendError) -> Refusal {
    match why {
        // Since it was asked whether one is.
        AppendError::NotInRoom => membership::refuse_outsider(server, session, room),
        why => refusal(why),
    }
}

/// What it says to the one who asked that an event isn't there.
pub(super) fn refusal(e: AppendError) -> Refusal {
    match e {
        AppendError::TooLong => no_room(),
        AppendError::Sequence(e) => {
            log::error!("an event can't be numbered: {}", reason::of_file(&e));
            unwritten()
        }
        AppendError::Unwritten => unwritten(),
        AppendError::Held => refuse(ErrorCode::Quiet, "it has just become quiet: this was not said"),
        AppendError::NotInRoom => refuse(ErrorCode::NotInRoom, "you are not in that room: this was not said"),
    }
}

/// Counts something that is to be said. False for whoever never stops.
pub(super) fn take_rate(server: &Server, session: &Session) -> Result<bool, Refusal> {
    match session.mandate.standing().rate.take(server.limits.message_rate(), Instant::now()) {
        Ok(()) => Ok(true),
        Err(TooFast::Wait(wait)) => {
            let wait = durations::remaining(wait);
            Err(refuse(ErrorCode::RateLimited, format!("too many messages: say it again in {wait}")))
        }
        Err(TooFast::Abuse) => Ok(false),
    }
}

/// Counts what may be done also while it is quiet, which is less often.
pub(super) fn take_pace(
    server: &Server,
    session: &Session,
    take: impl FnOnce(&LessonRate, Instant) -> Result<(), Duration>,
) -> Result<(), Refusal> {
    if server.limits.message_rate() == MessageRate::Off {
        return Ok(());
    }
    take(&session.mandate.standing().lesson, Instant::now()).map_err(|wait| {
        let wait = durations::remaining(wait);
        refuse(ErrorCode::RateLimited, format!("that often is too often: try again in {wait}"))
    })
}

fn muted(until: Timestamp, now: Timestamp) -> Cow<'static, str> {
    if until == Timestamp::MAX {
        return "you are muted: this was not said".into();
    }
    let left = durations::remaining(until.duration_since(now).unsigned_abs());
    format!("you are muted for another {left}: this was not said").into()
}

/// Whether this is a text that can be said.
pub(super) fn check_text(text: &str) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(refuse(ErrorCode::BadRequest, "a message has at least one character"));
    }
    // Counted only where it could be too long.
    if text.len() > TEXT_CHARS_MAX && text.chars().count() > TEXT_CHARS_MAX {
        return Err(too_long());
    }
    Ok(())
}

fn too_long() -> Refusal {
    refuse(ErrorCode::TooLong, format!("a message has at most {TEXT_CHARS_MAX} characters"))
}

/// Few enough characters, but too many bytes.
fn no_room() -> Refusal {
    let message = format!(
        "a message is at most {EVENT_BYTES_MAX} bytes as a line of JSON, with its names and all; line ends, tabs, quotes and \
         backslashes are two bytes there, other control characters six: say it in two parts"
    );
    refuse(ErrorCode::TooLong, message)
}

fn unwritten() -> Refusal {
    refuse(ErrorCode::Internal, "the server can't write to its disk: this was not said, try again later")
}
