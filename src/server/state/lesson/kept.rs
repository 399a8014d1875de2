//! What of a lesson outlives a restart: floors, hands, polls.

use super::floor::{Floor, Whispering};
use super::hands::Hands;
use super::polls::Poll;
use crate::protocol::{FloorInfo, Mode, RoomName, Username};
use crate::server::clock::Now;
use crate::server::timeline::Gone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// All of it, as `lesson.json` has it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kept {
    /// Who may whisper.
    pub(crate) whispers: Whispering,
    /// What holds in each room where anything does.
    rooms: BTreeMap<RoomName, Room>,
    /// The polls that are open: one a room.
    pub(crate) polls: Vec<Poll>,
}

/// What holds in a room.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Room {
    /// Who may say something.
    pub(crate) floor: Floor,
    /// Whose hands are up.
    #[serde(skip_serializing_if = "Hands::is_empty")]
    pub(crate) hands: Hands,
}

impl Kept {
    /// What holds in a room.
    pub(crate) fn room(&self, room: &RoomName) -> Option<&Room> {
        self.rooms.get(room)
    }

    /// The same, to change it.
    pub(crate) fn room_mut(&mut self, room: &RoomName) -> &mut Room {
        self.rooms.entry(room.clone()).or_default()
    }

    /// A room's floor, and who may whisper, to change them.
    pub(crate) fn floor_mut(&mut self, room: &RoomName) -> (&mut Floor, &mut Whispering) {
        (&mut self.rooms.entry(room.clone()).or_default().floor, &mut self.whispers)
    }

    /// What holds in a room, as its events and a `welcome` tell it.
    pub(crate) fn floor(&self, room: &RoomName) -> FloorInfo<'static> {
        let floor = self.room(room).map(|room| room.floor.clone()).unwrap_or_default();
        // Who may whisper is told in the general room, and its end where nothing else ends there.
        let whispers_timer = self.whispers.timer.as_ref().filter(|_| room.is_general() && floor.mode == Mode::Open);
        FloorInfo {
            mode: floor.mode,
            until: floor.timer.as_ref().or(whispers_timer).map(|timer| timer.until().into()),
            seconds: floor.seconds,
            whispers: self.whispers.to,
            called: floor.called.map(|name| name.to_string().into()),
        }
    }

    /// Every room where something holds.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = (&RoomName, &Room)> {
        self.rooms.iter()
    }

    /// The poll that is open in a room.
    pub(crate) fn poll_in(&self, room: &RoomName) -> Option<&Poll> {
        self.polls.iter().find(|poll| poll.room == *room)
    }

    /// The poll of that seq.
    pub(crate) fn poll(&self, poll: u64) -> Option<&Poll> {
        self.polls.iter().find(|open| open.poll == poll)
    }

    /// The same, to change it.
    pub(crate) fn poll_mut(&mut self, poll: u64) -> Option<&mut Poll> {
        self.polls.iter_mut().find(|open| open.poll == poll)
    }

    /// Forgets what holds in these rooms. Whether anything did.
    pub(crate) fn forget_rooms(&mut self, is_gone: impl Fn(&RoomName) -> bool) -> bool {
        let before = self.rooms.len() + self.polls.len();
        self.rooms.retain(|room, _| !is_gone(room));
        self.polls.retain(|poll| !is_gone(&poll.room));
        self.rooms.len() + self.polls.len() < before
    }

    /// Somebody is no longer in a room: the hand is down, it's no longer their turn. Whether anything changed.
    pub(crate) fn exit(&mut self, room: &RoomName, name: &Username) -> bool {
        let Some(room) = self.rooms.get_mut(room) else { return false };
        let was_called = room.floor.called.take_if(|called| called == name).is_some();
        room.hands.lower(name) || was_called
    }

    /// Forgets an account. Whether anything was known of it.
    pub(crate) fn forget(&mut self, name: &Username) -> bool {
        let rooms: Vec<_> = self.rooms.keys().cloned().collect();
        let hands = rooms.iter().filter(|room| self.exit(room, name)).count();
        let polls = self.polls.iter_mut().filter_map(|poll| poll.forget(name).then_some(())).count();
        hands + polls > 0
    }

    /// Takes out somebody who is erased, and what they asked in these polls. Whether anything changed.
    pub(super) fn erase(&mut self, gone: &Gone<'_>, theirs: &BTreeSet<u64>) -> bool {
        let rooms: Vec<_> = self.rooms.keys().cloned().collect();
        let hands = rooms.iter().filter(|room| self.exit(room, gone.name)).count();
        let polls = self.polls.iter_mut();
        let polls = polls.filter_map(|poll| poll.erase(gone, theirs.contains(&poll.poll)).then_some(())).count();
        hands + polls > 0
    }

    /// How long it is until something ends by itself; None where nothing does.
    pub(crate) fn next_end(&self, now: &Now) -> Option<Duration> {
        let rooms = self.rooms.values().filter_map(|room| room.floor.timer.as_ref());
        let polls = self.polls.iter().filter_map(|poll| poll.timer.as_ref());
        rooms.chain(polls).chain(&self.whispers.timer).map(|timer| timer.left(now)).min()
    }

    /// Whether nothing is going on.
    pub(super) fn is_nothing(&self) -> bool {
        self.rooms.is_empty() && self.polls.is_empty() && self.whispers == Whispering::default()
    }

    /// Drops the rooms in which nothing holds any more.
    pub(super) fn tidy(&mut self) {
        self.rooms.retain(|_, room| *room != Room::default());
    }

    /// What is wrong with what was read, if something is.
    pub(super) fn fault(&self) -> Option<&'static str> {
        self.rooms.values().find_map(|room| room.floor.fault()).or_else(|| self.polls.iter().find_map(Poll::fault))
    }
}
