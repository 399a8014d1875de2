//! The requests about rooms: which there are, going in and out, making and closing one. (Splitting a class is in
//! `split.rs`.)

use super::answer::{Answer, Refusal, existing_user, refuse};
use super::closing::{self, Ids};
use super::membership::{Asking, is_in, looks_after, named, refuse_outsider, role_of, unknown};
use super::people::check_note;
use super::{polls, speech};
use crate::protocol::{
    ErrorCode, OwnRoom, Reply, RequestId, Role, RoomInfo, RoomName, ServerMessage, TopicInfo, Username, is_group,
};
use crate::reason;
use crate::server::state::{ROOMS_MAX, ROOMS_PER_ACCOUNT_MAX, Room, Server};
use crate::server::timeline::{Appending, What};
use crate::sync::lock;
use std::collections::BTreeSet;

/// How many bytes of what rooms are about the list of them has room for, beside their names.
const ABOUT_BYTES_MAX: usize = 6_000;
/// How many rooms somebody who is no staff may have made: one pupil doesn't use up all there may be.
const ROOMS_PER_MAKER_MAX: usize = 5;
/// And so many are left for staff: a split of a class, and more.
const ROOMS_FOR_STAFF: usize = 60;

/// The rooms that an account is in, the general one first, for its `welcome`: in at most so many bytes, if it must be without
/// what they talk about.
pub(crate) fn own(server: &Server, name: &Username, bytes_max: usize) -> Vec<OwnRoom<'static>> {
    let stays = server.chat.timeline().recall(|recall| recall.members.stays_of(name));
    let general = (RoomName::general(), true, server.topic.now());
    let others = stays.now().filter_map(|stay| {
        let known = server.rooms.get(&stay.room)?;
        Some((stay.room.clone(), known.open, known.topic))
    });
    let own = |(room, open, topic): (RoomName, bool, Option<TopicInfo<'static>>)| OwnRoom {
        open,
        topic,
        floor: server.lesson.now(|now| now.floor(&room)),
        poll: server.lesson.now(|now| now.poll_in(&room).map(|poll| poll.info(name))),
        room: room.to_string().into(),
    };
    let mut rooms: Vec<_> = std::iter::once(general).chain(others).map(own).collect();
    let too_long = |rooms: &[OwnRoom<'_>]| serde_json::to_vec(rooms).is_ok_and(|json| json.len() > bytes_max);
    for index in (0..rooms.len()).rev() {
        if !too_long(&rooms) {
            break;
        }
        (rooms[index].topic, rooms[index].poll) = (None, None);
    }
    rooms
}

/// An account goes out of all its rooms; its hand is down in the general one too. One that is deleted after that: nobody of its
/// name is let in then.
pub(super) fn leave_all(server: &Server, name: &Username) {
    let _changing = server.rooms.begin();
    let stays = server.chat.timeline().recall(|recall| recall.members.stays_of(name));
    let rooms: Vec<RoomName> = stays.now().map(|stay| stay.room.clone()).chain([RoomName::general()]).collect();
    let mut exits: Vec<Appending<'_>> = Vec::new();
    for room in rooms.iter().filter(|room| !room.is_general()) {
        exits.push((What::Exited(room.clone(), name.clone()), Box::new(exited(room, name, None, None))));
    }
    let is_in_some = !exits.is_empty();
    match go_out(server, name, &rooms, exits) {
        Ok(_) if is_in_some => server.rooms.follow(server.chat.timeline(), |_| {}),
        Ok(_) => {}
        Err(why) => log::error!("{name} can't be taken out of rooms: {}", why.message),
    }
}

/// Has it told that somebody goes out of rooms, whose hand is down there from then on.
fn go_out(server: &Server, name: &Username, rooms: &[RoomName], exits: Vec<Appending<'_>>) -> Result<u64, Refusal> {
    let mut change = server.lesson.begin();
    let changed = rooms.iter().filter(|room| change.draft.exit(room, name)).count() > 0;
    polls::tell_with(server, change, changed, exits)
}

/// For a start: accounts that were deleted, or made displays, while no server ran are in no room any more, and others of their
/// names neither.
pub(crate) fn forget_the_deleted(server: &Server) {
    let stays: Vec<_> = server.chat.timeline().recall(|recall| {
        let now = recall.members.stays().filter(|(_, stay)| stay.to.is_none());
        now.map(|(name, stay)| (name.clone(), stay.from)).collect()
    });
    let may_stay = |name: &Username, from: u64| {
        let is_theirs = server.accounts.state(name).is_some_and(|state| state.since <= from);
        is_theirs && role_of(server, name) != Some(Role::Display)
    };
    let gone: BTreeSet<Username> =
        stays.into_iter().filter(|(name, from)| !may_stay(name, *from)).map(|(name, _)| name).collect();
    gone.iter().for_each(|name| leave_all(server, name));
}

impl<'a> Asking<'a> {
    /// The rooms that one may enter or is in.
    pub(super) fn list(&self) -> Answer {
        let rooms = self.server.rooms.list();
        let seen = rooms.into_iter().filter(|(name, room)| room.open || self.is_in(name) || self.looks_after(room));
        let mut rooms = vec![self.general()];
        rooms.extend(seen.map(|(name, room)| self.info(&name, &room)));
        let mut left = ABOUT_BYTES_MAX;
        for room in &mut rooms {
            let bytes = room.about.as_ref().map_or(0, |about| super::fit::json_bytes(about));
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => room.about = None,
            }
        }
        Answer::Reply(Box::new(Reply { rooms: Some(rooms), ..Reply::default() }))
    }

    /// Makes a room and enters it.
    pub(super) fn make(&self, room: &str, open: bool, about: Option<&str>) -> Result<Answer, Refusal> {
        let (server, name) = (self.server, &self.session.name);
        let staff = self.session.mandate.standing().state().role.is_staff();
        if !staff && !server.limits.rooms_by_everyone() {
            return Err(refuse(ErrorCode::NotAllowed, "only teachers and administrators make rooms here"));
        }
        // What a room is called and about is read by others too.
        speech::permit(server, self.session)?;
        let room = RoomName::parse(room).ok_or_else(|| refuse(ErrorCode::BadRequest, RoomName::RULE))?;
        if is_group(room.as_str()) {
            return Err(refuse(
                ErrorCode::BadRequest,
                format!("{room} is what /split calls its rooms: take another name"),
            ));
        }
        about.map_or(Ok(()), check_note)?;
        let about = about.filter(|about| !about.is_empty()).map(str::to_owned);
        let _changing = self.begin_rooms()?;
        if room.is_general() || server.rooms.get(&room).is_some() {
            return Err(refuse(ErrorCode::RoomExists, format!("there is a room {room} already")));
        }
        self.check_places(name)?;
        let (rooms, since) = (server.rooms.list(), self.session.mandate.standing().state().since);
        let own = rooms.iter().filter(|(_, room)| room.was_made_by(name, since)).count();
        if !staff && own >= ROOMS_PER_MAKER_MAX {
            let message = format!("you have made {own} rooms, as many as may be: close one first (/closeroom)");
            return Err(refuse(ErrorCode::NotAllowed, message));
        }
        let (rooms, max) = (rooms.len(), if staff { ROOMS_MAX } else { ROOMS_MAX - ROOMS_FOR_STAFF });
        if rooms >= max {
            return Err(refuse(
                ErrorCode::NotAllowed,
                format!("there are {rooms} rooms: close one first (/closeroom)"),
            ));
        }
        if !speech::take_rate(server, self.session)? {
            return Ok(Answer::Abuse);
        }
        let new = Room::new(open, about, Some(name), server.chat.head());
        let info = self.info(&room, &new);
        server.lesson.forget_rooms(|other| *other == room);
        write(server, |rooms| drop(rooms.insert(room.clone(), new)))?;
        self.tell(What::Entered(room.clone(), name.clone()), entered(&room, name, None, None)).inspect_err(|_| {
            // Nobody is in it.
            let _ = write(server, |rooms| drop(rooms.remove(&room)));
        })?;
        server.rooms.follow_moves(server.chat.timeline());
        log::info!("{name} makes the room {room}");
        let rooms = Some(vec![RoomInfo { member: true, online: 1, ..info }]);
        Ok(Answer::Reply(Box::new(Reply { rooms, ..Reply::default() })))
    }

    /// Goes into a room.
    pub(super) fn enter(&self, room: &str) -> Result<Answer, Refusal> {
        let (name, room) = (&self.session.name, named(Some(room))?);
        let _changing = self.begin_rooms()?;
        if self.is_in(&room) {
            return Ok(Answer::Reply(Box::default()));
        }
        let known = self.server.rooms.get(&room).ok_or_else(|| unknown(room.as_str()))?;
        if !known.open && !self.looks_after(&known) {
            return Err(unknown(room.as_str()));
        }
        self.check_places(name)?;
        self.change(What::Entered(room.clone(), name.clone()), entered(&room, name, None, self.id))
    }

    /// And out of it.
    pub(super) fn leave(&self, room: &str) -> Result<Answer, Refusal> {
        let (name, room) = (&self.session.name, self.beside_general(room)?);
        let _changing = self.begin_rooms()?;
        if !self.is_in(&room) {
            return Err(refuse_outsider(self.server, self.session, &room));
        }
        self.change(What::Exited(room.clone(), name.clone()), exited(&room, name, None, self.id))
    }

    /// Lets somebody into a room.
    pub(super) fn let_in(&self, room: &str, username: &str) -> Result<Answer, Refusal> {
        let room = self.beside_general(room)?;
        let _changing = self.begin_rooms()?;
        let other = existing_user(self.server, username)?;
        self.check_looks_after(&room)?;
        if role_of(self.server, &other) == Some(Role::Display) {
            return Err(refuse(ErrorCode::NotAllowed, format!("{other} is a display: it shows what everyone may see")));
        }
        if is_in(self.server, &room, &other) {
            return Ok(Answer::Reply(Box::default()));
        }
        self.check_places(&other)?;
        let by = Some(&self.session.name);
        self.change(What::Entered(room.clone(), other.clone()), entered(&room, &other, by, self.id))
    }

    /// Puts somebody out of a room.
    pub(super) fn put_out(&self, room: &str, username: &str) -> Result<Answer, Refusal> {
        let (room, other) = (self.beside_general(room)?, existing_user(self.server, username)?);
        let _changing = self.begin_rooms()?;
        self.check_looks_after(&room)?;
        if !is_in(self.server, &room, &other) {
            return Err(refuse(ErrorCode::NotInRoom, format!("{other} is not in {room}")));
        }
        let by = Some(&self.session.name);
        self.change(What::Exited(room.clone(), other.clone()), exited(&room, &other, by, self.id))
    }

    /// Ends a room.
    pub(super) fn close(&self, room: &str) -> Result<Answer, Refusal> {
        let room = self.beside_general(room)?;
        let _changing = self.begin_rooms()?;
        self.check_looks_after(&room)?;
        let by = Some(&self.session.name);
        let seqs =
            closing::close(self.server, std::slice::from_ref(&room), by, Ids { closed: self.id, gathered: None })?;
        log::info!("{} closes the room {room}", self.session.name);
        Ok(Answer::Event(seqs.closed))
    }

    fn general(&self) -> RoomInfo<'static> {
        let online = lock(self.server.chat.registry()).accounts();
        let room = RoomName::general().to_string().into();
        RoomInfo { room, open: true, about: None, member: true, online, users: Vec::new() }
    }

    /// What one is told of a room.
    pub(super) fn info(&self, name: &RoomName, room: &Room) -> RoomInfo<'static> {
        let members: Vec<Username> =
            self.server.chat.timeline().recall(|recall| recall.members.of(name).cloned().collect());
        let registry = lock(self.server.chat.registry());
        let online = members.iter().filter(|member| registry.is_online(member.as_str())).count();
        RoomInfo {
            room: name.to_string().into(),
            open: room.open,
            about: room.about.clone().map(Into::into),
            member: members.contains(&self.session.name),
            online,
            users: Vec::new(),
        }
    }

    /// Adds an event about a room, as fast as one may speak.
    fn change<'e>(
        &self,
        what: What,
        event: impl FnOnce(u64, String) -> ServerMessage<'e> + 'e,
    ) -> Result<Answer, Refusal> {
        if !speech::take_rate(self.server, self.session)? {
            return Ok(Answer::Abuse);
        }
        let seq = match &what {
            What::Exited(room, name) => {
                let room = room.clone();
                go_out(self.server, &name.clone(), &[room], vec![(what, Box::new(event))])?
            }
            What::Entered(room, name) => {
                // Before anybody sees it.
                polls::came(self.server, name, |other| other == room);
                self.tell(what, event)?
            }
            _ => self.tell(what, event)?,
        };
        self.server.rooms.follow_moves(self.server.chat.timeline());
        Ok(Answer::Event(seq))
    }

    fn tell<'e>(&self, what: What, event: impl FnOnce(u64, String) -> ServerMessage<'e>) -> Result<u64, Refusal> {
        self.server.chat.tell_all([(what, event)]).map_err(speech::refusal)
    }

    fn looks_after(&self, room: &Room) -> bool {
        looks_after(self.session, room)
    }

    fn check_looks_after(&self, room: &RoomName) -> Result<(), Refusal> {
        match self.server.rooms.get(room) {
            Some(known) if self.looks_after(&known) => Ok(()),
            Some(known) if known.open || self.is_in(room) => {
                Err(refuse(ErrorCode::NotAllowed, format!("teachers, and who made {room}, may do that")))
            }
            _ => Err(unknown(room.as_str())),
        }
    }

    /// Whether an account may be in one more room.
    fn check_places(&self, name: &Username) -> Result<(), Refusal> {
        let stays = self.server.chat.timeline().recall(|recall| recall.members.stays_of(name));
        if stays.now().count() >= ROOMS_PER_ACCOUNT_MAX {
            let message = format!("{name} is in {ROOMS_PER_ACCOUNT_MAX} rooms, as many as may be: leave one first");
            return Err(refuse(ErrorCode::NotAllowed, message));
        }
        Ok(())
    }

    fn beside_general(&self, room: &str) -> Result<RoomName, Refusal> {
        let room = named(Some(room))?;
        if room.is_general() {
            return Err(refuse(ErrorCode::NotAllowed, format!("everyone is in {room}, and it stays")));
        }
        Ok(room)
    }
}

/// The event of somebody who is in a room from now on.
pub(super) fn entered<'e>(
    room: &'e RoomName,
    name: &'e Username,
    by: Option<&'e Username>,
    id: Option<&'e RequestId>,
) -> impl FnOnce(u64, String) -> ServerMessage<'e> {
    move |seq, time| ServerMessage::Entered {
        seq,
        time: time.into(),
        room: room.as_str().into(),
        username: name.as_str().into(),
        by: by.map(|by| by.as_str().into()),
        id: id.map(|id| id.as_str().into()),
    }
}

fn exited<'e>(
    room: &'e RoomName,
    name: &'e Username,
    by: Option<&'e Username>,
    id: Option<&'e RequestId>,
) -> impl FnOnce(u64, String) -> ServerMessage<'e> {
    move |seq, time| ServerMessage::Exited {
        seq,
        time: time.into(),
        room: room.as_str().into(),
        username: name.as_str().into(),
        by: by.map(|by| by.as_str().into()),
        id: id.map(|id| id.as_str().into()),
    }
}

/// Changes what the rooms' file alone knows.
///
/// # Errors
/// It can't be written; then nothing has changed.
pub(super) fn write(
    server: &Server,
    change: impl FnOnce(&mut std::collections::BTreeMap<RoomName, Room>),
) -> Result<(), Refusal> {
    server.rooms.change(server.chat.timeline(), change).map_err(|e| {
        log::error!("rooms.json can't be written: {}", reason::of_file(&e));
        refuse(ErrorCode::Internal, "the server can't write rooms.json: nothing was changed, try again later")
    })
}
