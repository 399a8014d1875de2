//! Who is in which room, and may be: what the requests about rooms, and those that name one, ask.

use super::answer::{Refusal, ended, refuse};
use crate::protocol::{ErrorCode, RequestId, Role, RoomName, Username, is_group};
use crate::server::chat::Session;
use crate::server::state::{Change, Room, Server};
use crate::server::timeline::Where;
use std::sync::MutexGuard;

/// A request about a room: who asks, and how it is answered.
pub(super) struct Asking<'a> {
    pub(super) server: &'a Server,
    pub(super) session: &'a Session,
    pub(super) id: Option<&'a RequestId>,
}

impl<'a> Asking<'a> {
    /// Whether who asks is in a room.
    pub(super) fn is_in(&self, room: &RoomName) -> bool {
        is_in(self.server, room, &self.session.name)
    }

    /// The room that a request names, if who asks is in it.
    ///
    /// # Errors
    /// They aren't.
    pub(super) fn own_room(&self, room: Option<&str>) -> Result<RoomName, Refusal> {
        let room = named(room)?;
        if self.is_in(&room) { Ok(room) } else { Err(refuse_outsider(self.server, self.session, &room)) }
    }

    /// Begins a change of who is in which room. Whoever is deleted is taken out of the rooms after that, by a change of its own:
    /// so nobody is in one, whatever was under way.
    ///
    /// # Errors
    /// Who asks was ended meanwhile.
    pub(super) fn begin_rooms(&self) -> Result<MutexGuard<'a, ()>, Refusal> {
        let changing = self.server.rooms.begin();
        if self.session.mandate.holds() { Ok(changing) } else { Err(ended()) }
    }

    /// Begins a change of what holds in a room. Whoever goes out of it, or is deleted, is taken out of what holds by a change of
    /// its own; and with the room all of it goes.
    ///
    /// # Errors
    /// Who asks was ended meanwhile, or went out of the room.
    pub(super) fn begin_in(&self, room: &RoomName) -> Result<Change<'a>, Refusal> {
        let change = self.server.lesson.begin();
        if !self.session.mandate.holds() {
            return Err(ended());
        }
        if self.is_in(room) { Ok(change) } else { Err(refuse_outsider(self.server, self.session, room)) }
    }
}

/// The room that a request names, or the general one.
///
/// # Errors
/// That is no room's name.
pub(super) fn named(room: Option<&str>) -> Result<RoomName, Refusal> {
    room.map_or_else(|| Ok(RoomName::general()), |text| RoomName::parse(text).ok_or_else(|| unknown(text)))
}

/// Why somebody who isn't in a room is refused: whether there is one is nobody's business who may not enter.
pub(super) fn refuse_outsider(server: &Server, session: &Session, room: &RoomName) -> Refusal {
    match server.rooms.get(room) {
        Some(known) if known.open || looks_after(session, &known) => {
            refuse(ErrorCode::NotInRoom, format!("you are not in {room}: /join {room} goes there"))
        }
        _ => unknown(room.as_str()),
    }
}

/// Where `history` looks, for somebody who may.
///
/// # Errors
/// They are not in that room.
pub(super) fn history_of(server: &Server, session: &Session, room: Option<&str>) -> Result<Where, Refusal> {
    let Some(text) = room else { return Ok(Where::Everywhere) };
    let room = named(Some(text))?;
    if room.is_general() {
        return Ok(Where::General);
    }
    let since = session.mandate.standing().state().since;
    let was_in = || server.chat.timeline().recall(|recall| recall.members.stays_of(&session.name)).has(&room, since);
    match server.rooms.get(&room).filter(|_| is_in(server, &room, &session.name)) {
        Some(known) if known.open => Ok(Where::Room(room, known.made + 1)),
        Some(_) => Ok(Where::Room(room, u64::MAX)),
        None if was_in() => Ok(Where::Room(room, u64::MAX)),
        None => Err(refuse_outsider(server, session, &room)),
    }
}

/// Whether an account is in a room.
pub(super) fn is_in(server: &Server, room: &RoomName, name: &Username) -> bool {
    server.chat.timeline().recall(|recall| recall.members.is_in(room, name))
}

/// Whether a session may let people into a room, and close it.
pub(super) fn looks_after(session: &Session, room: &Room) -> bool {
    let state = session.mandate.standing().state();
    state.role.is_staff() || room.was_made_by(&session.name, state.since)
}

pub(super) fn unknown(room: &str) -> Refusal {
    let Some(room) = RoomName::parse(room) else {
        return refuse(ErrorCode::UnknownRoom, "there is no room of that name: /rooms lists those there are");
    };
    // Whether there is such a group or not: that is nobody's business who isn't in it.
    let remedy =
        if is_group(room.as_str()) { "/hand asks a teacher to let you in" } else { "/rooms lists those there are" };
    refuse(ErrorCode::UnknownRoom, format!("there is no room {room} that you may enter: {remedy}"))
}

/// An account's role; None where there is no such account.
pub(super) fn role_of(server: &Server, name: &Username) -> Option<Role> {
    server.accounts.standing(name.as_str()).map(|standing| standing.state().role)
}

/// Whether an account is one that a lesson is for: no staff's, no display, and shown what happens.
pub(super) fn takes_part(server: &Server, name: &Username) -> bool {
    let state = server.accounts.standing(name.as_str()).map(|standing| standing.state());
    state.is_some_and(|state| state.role == Role::User && !state.must_change_password)
}

/// Whether somebody is shown nothing yet, since they are still to choose a password.
pub(super) fn must_choose_password(server: &Server, name: &Username) -> bool {
    server.accounts.standing(name.as_str()).is_some_and(|standing| standing.state().must_change_password)
}
