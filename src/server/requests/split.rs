//! A class in groups: rooms for each of them, for as long as they work apart.

use super::answer::{Answer, Refusal, existing_user, refuse};
use super::closing::{self, Ids};
use super::fit::name_bytes;
use super::lesson::told;
use super::membership::{Asking, role_of, takes_part};
use super::{rooms, speech};
use crate::protocol::{ErrorCode, GROUP, Groups, Reply, Role, RoomInfo, RoomName, ServerMessage, SplitInfo, Username};
use crate::server::accounts::random;
use crate::server::state::{Moment, ROOMS_MAX, Room, Server, Timer, check_minutes};
use crate::server::timeline::{Appending, What};
use crate::sync::lock;
use std::collections::BTreeSet;

/// How many rooms one split makes at the most.
const GROUPS_MAX: usize = 50;
/// And how many people it moves: a large school year.
const PEOPLE_MAX: usize = 1_000;
/// The reply lists who is where if that takes no more bytes: a line has room for it beside the rooms.
const LISTED_BYTES_MAX: usize = 8_000;

impl Asking<'_> {
    /// Puts every pupil who is online into one of so many rooms, or those who are named.
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
            let timer = timer.clone();
            let new = Room { split: true, timer, ..Room::new(false, None, Some(&self.session.name), made) };
            rooms.extend(names.iter().map(|name| (name.clone(), new.clone())));
        })?;
        server.chat.tell_together(self.events(&names, &people, timer.as_ref())).map_err(|why| {
            // Nobody is in them.
            let _ = rooms::write(server, |rooms| rooms.retain(|name, _| !names.contains(name)));
            speech::refusal(why)
        })?;
        server.rooms.follow_moves(server.chat.timeline());
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
        let rooms = groups(self.server, |_| true);
        if rooms.is_empty() {
            return Err(refuse(ErrorCode::UnknownRoom, "the class is not split: /split 5 makes five rooms"));
        }
        let by = Some(&self.session.name);
        let seqs = closing::close(self.server, &rooms, by, Ids { gathered: self.id, closed: None })?;
        self.server.audit.act("gather", &self.session.name, self.session.peer.ip(), None, None);
        Ok(Answer::Event(seqs.gathered.unwrap_or(seqs.closed)))
    }

    /// What tells of a split: to everyone that there is one, and then to each group who is in it.
    fn events<'e>(
        &'e self,
        names: &'e [RoomName],
        people: &'e [Vec<Username>],
        timer: Option<&Timer>,
    ) -> Vec<Appending<'e>> {
        let (by, groups, until) = (&self.session.name, names.len(), timer.map(Timer::until));
        let split = told(&RoomName::general(), None, false, move |seq, time| ServerMessage::Split {
            seq,
            time: time.into(),
            from: by.as_str().into(),
            groups,
            until: until.map(Into::into),
        });
        let moves = names.iter().zip(people).flat_map(|(room, people)| people.iter().map(move |name| (room, name)));
        let entered = moves.map(|(room, name)| -> Appending<'e> {
            (What::Entered(room.clone(), name.clone()), Box::new(rooms::entered(room, name, Some(by), None)))
        });
        std::iter::once(split).chain(entered).collect()
    }

    /// The names of so many new rooms.
    fn names(&self, number: usize) -> Result<Vec<RoomName>, Refusal> {
        if !groups(self.server, |_| true).is_empty() {
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

/// How the class is split, for whoever comes. A room whose end was told is none of it any more, though it may still be
/// known a moment longer.
pub(crate) fn now(server: &Server) -> Option<SplitInfo<'static>> {
    let mut groups = server.rooms.groups();
    if groups.is_empty() {
        return None;
    }
    server.chat.timeline().recall(|recall| groups.retain(|(name, _)| !recall.members.was_closed(name)));
    let (_, first) = groups.first()?;
    let until = first.timer.as_ref().map(|timer| timer.until().into());
    Some(SplitInfo { groups: groups.len(), until })
}

/// Ends those rooms of a split whose time is over.
pub(crate) fn look(server: &Server) {
    let now = server.clock.now();
    let is_due = |room: &Room| room.timer.as_ref().is_some_and(|timer| timer.is_over(&now));
    if groups(server, is_due).is_empty() {
        return;
    }
    let _changing = server.rooms.begin();
    let due = groups(server, is_due);
    if !due.is_empty() && closing::close(server, &due, None, Ids::default()).is_err() {
        log::error!("rooms whose time is over can't be closed yet");
    }
}

/// Those rooms of a split that are wanted.
fn groups(server: &Server, wanted: impl Fn(&Room) -> bool) -> Vec<RoomName> {
    server.rooms.groups().into_iter().filter(|(_, room)| wanted(room)).map(|(name, _)| name).collect()
}

/// Every pupil who is online, in an order of chance, into groups of about the same size.
fn deal(server: &Server, number: u32) -> Result<Vec<Vec<Username>>, Refusal> {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    if !(1..=GROUPS_MAX).contains(&number) {
        return Err(refuse(ErrorCode::BadRequest, format!("a class is split into 1 to {GROUPS_MAX} groups")));
    }
    let online: Vec<Username> = lock(server.chat.registry()).names(None).cloned().collect();
    let mut people: Vec<_> = online.into_iter().filter(|name| takes_part(server, name)).collect();
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
