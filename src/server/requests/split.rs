//! A class in groups: rooms for each of them, for as long as they work apart.

use super::answer::{Answer, Refusal, existing_user, refuse};
use super::fit::name_bytes;
use super::membership::{Asking, role_of};
use super::rooms;
use super::{polls, speech};
use crate::protocol::{ErrorCode, Groups, Reply, Role, RoomInfo, RoomName, Username};
use crate::server::accounts::random;
use crate::server::state::{GROUP, Moment, ROOMS_MAX, Room, Server, Timer, check_minutes};
use crate::server::timeline::What;
use crate::sync::lock;
use std::collections::BTreeSet;

/// How many rooms one split makes at the most.
const GROUPS_MAX: usize = 50;
/// And how many people it moves: a large school year.
const PEOPLE_MAX: usize = 1_000;
/// The reply lists who is where if that takes no more bytes: a line has room for it beside the rooms.
const LISTED_BYTES_MAX: usize = 8_000;

impl Asking<'_> {
    /// Puts everyone who is online and no staff into one of so many rooms, or those who are named.
    pub(super) fn split(&self, groups: &Groups, minutes: Option<u32>) -> Result<Answer, Refusal> {
        let server = self.server;
        check_minutes(minutes).map_err(|why| refuse(ErrorCode::BadRequest, why))?;
        let timer = minutes.map(|minutes| Timer::new(minutes, Moment::of(&server.clock)));
        let _changing = self.begin_rooms()?;
        let people = match groups {
            Groups::Number(number) => deal(server, *number)?,
            Groups::Lists(lists) => listed(server, lists)?,
        };
        let names = self.names(people.len())?;
        server.lesson.forget_rooms(|room| names.contains(room));
        let made = server.chat.head();
        rooms::write(server, |rooms| {
            let new = Room { split: true, timer, ..Room::new(false, None, Some(&self.session.name), made) };
            rooms.extend(names.iter().map(|name| (name.clone(), new.clone())));
        })?;
        let moves: Vec<(&RoomName, &Username)> =
            names.iter().zip(&people).flat_map(|(room, people)| people.iter().map(move |name| (room, name))).collect();
        let by = Some(&self.session.name);
        let told =
            server.chat.tell_all(moves.iter().map(|&(room, name)| {
                (What::Entered(room.clone(), name.clone()), rooms::entered(room, name, by, None))
            }));
        server.rooms.follow_moves(server.chat.timeline());
        told.map_err(speech::refusal)?;
        server.audit.act("split", &self.session.name, self.session.peer.ip(), None, Some(&names.len().to_string()));
        log::info!("{} splits the class into {} rooms", self.session.name, names.len());
        let fits = people.iter().flatten().map(name_bytes).sum::<usize>() <= LISTED_BYTES_MAX;
        let info = |(name, people): (&RoomName, &Vec<Username>)| {
            let room = server.rooms.get(name)?;
            let users = people.iter().filter(|_| fits).map(|name| name.to_string().into()).collect();
            Some(RoomInfo { users, ..self.info(name, &room) })
        };
        let rooms = Some(names.iter().zip(&people).filter_map(info).collect());
        Ok(Answer::Reply(Box::new(Reply { rooms, ..Reply::default() })))
    }

    /// Ends the rooms of the split.
    pub(super) fn gather(&self) -> Result<Answer, Refusal> {
        let _changing = self.begin_rooms()?;
        let rooms = split_rooms(self.server, |_| true);
        if rooms.is_empty() {
            return Err(refuse(ErrorCode::UnknownRoom, "the class is not split: /split 5 makes five rooms"));
        }
        close(self.server, &rooms, Some(&self.session.name))?;
        self.server.audit.act("gather", &self.session.name, self.session.peer.ip(), None, None);
        // Those who are in none of them see nothing of it.
        Ok(Answer::Reply(Box::default()))
    }

    /// The names of so many new rooms.
    fn names(&self, number: usize) -> Result<Vec<RoomName>, Refusal> {
        if !split_rooms(self.server, |_| true).is_empty() {
            return Err(refuse(ErrorCode::RoomExists, "the class is split already: /gather ends that"));
        }
        if self.server.rooms.list().len() + number > ROOMS_MAX {
            return Err(refuse(ErrorCode::NotAllowed, format!("there can be {ROOMS_MAX} rooms: close some first")));
        }
        // A room of such a name that is left of an older version is passed over.
        let free = |name: &RoomName| self.server.rooms.get(name).is_none();
        Ok((1..).filter_map(|n| RoomName::parse(&format!("{GROUP}{n}"))).filter(free).take(number).collect())
    }
}

/// Ends those rooms of a split whose time is over.
pub(crate) fn look(server: &Server) {
    let now = server.clock.now();
    let is_due = |room: &Room| room.timer.as_ref().is_some_and(|timer| timer.is_over(&now));
    if split_rooms(server, is_due).is_empty() {
        return;
    }
    let _changing = server.rooms.begin();
    if close(server, &split_rooms(server, is_due), None).is_err() {
        log::error!("rooms whose time is over can't be closed yet");
    }
}

fn split_rooms(server: &Server, wanted: impl Fn(&Room) -> bool) -> Vec<RoomName> {
    server.rooms.list().into_iter().filter(|(_, room)| room.split && wanted(room)).map(|(name, _)| name).collect()
}

fn close(server: &Server, names: &[RoomName], by: Option<&Username>) -> Result<(), Refusal> {
    polls::end_in(server, names, names.iter().map(|name| rooms::closed(name, by, None)))?;
    server.rooms.follow(server.chat.timeline(), |rooms| rooms.retain(|name, _| !names.contains(name)));
    Ok(())
}

/// Everyone who is online and no staff, in an order of chance, into groups of about the same size.
fn deal(server: &Server, number: u32) -> Result<Vec<Vec<Username>>, Refusal> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if !(1..=GROUPS_MAX).contains(&number) {
        return Err(refuse(ErrorCode::BadRequest, format!("a class is split into 1 to {GROUPS_MAX} groups")));
    }
    let online: Vec<Username> = lock(server.chat.registry()).names(None).cloned().collect();
    let mut people: Vec<_> = online.into_iter().filter(|name| role_of(server, name) == Some(Role::User)).collect();
    if people.len() > PEOPLE_MAX {
        return Err(too_many());
    }
    shuffle(&mut people);
    let mut groups = vec![Vec::new(); number.min(people.len())];
    for (index, name) in people.into_iter().enumerate() {
        let count = groups.len();
        groups[index % count].push(name);
    }
    if groups.is_empty() {
        return Err(refuse(ErrorCode::UnknownUser, "nobody is online who could be put into a group"));
    }
    groups.iter_mut().for_each(|group| group.sort_unstable());
    Ok(groups)
}

/// The people that a request lists, each once.
fn listed(server: &Server, lists: &[Vec<String>]) -> Result<Vec<Vec<Username>>, Refusal> {
    if !(1..=GROUPS_MAX).contains(&lists.len()) || lists.iter().any(Vec::is_empty) {
        return Err(refuse(
            ErrorCode::BadRequest,
            format!("a class is split into 1 to {GROUPS_MAX} groups, none empty"),
        ));
    }
    if lists.iter().map(Vec::len).sum::<usize>() > PEOPLE_MAX {
        return Err(too_many());
    }
    let mut seen = BTreeSet::new();
    let mut person = |text: &String| {
        let name = existing_user(server, text)?;
        if role_of(server, &name) != Some(Role::User) {
            return Err(refuse(ErrorCode::NotAllowed, format!("{name} is no pupil: nobody was moved")));
        }
        if !seen.insert(name.clone()) {
            return Err(refuse(ErrorCode::BadRequest, format!("{name} stands there twice: nobody was moved")));
        }
        Ok(name)
    };
    lists.iter().map(|list| list.iter().map(&mut person).collect()).collect()
}

fn too_many() -> Refusal {
    refuse(ErrorCode::NotAllowed, format!("{PEOPLE_MAX} people can be put into groups at once: nobody was moved"))
}

/// Puts them into an order that nobody chose (Fisher and Yates; Durstenfeld's form).
fn shuffle(people: &mut [Username]) {
    for last in (1..people.len()).rev() {
        let chance = usize::try_from(u32::from_le_bytes(random())).unwrap_or_default();
        people.swap(last, chance % (last + 1));
    }
}
