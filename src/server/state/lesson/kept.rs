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
    /// The newest event when it was written: names are of accounts that were made before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seq: Option<u64>,
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

    /// Forgets accounts that were deleted while no server ran. `since` tells of an account that has a name now what the newest
    /// event was when it was made. Whether anything was known of one.
    pub(super) fn forget_the_deleted(&mut self, since: impl Fn(&Username) -> Option<u64>) -> bool {
        let written = self.seq;
        let is_newer = |since| written.is_some_and(|written| since >= written);
        let gone = self.names().into_iter().filter(|name| since(name).is_none_or(is_newer));
        gone.filter(|name| self.forget(name)).count() > 0
    }

    /// Everybody who is named. Who was erased is called so for good.
    pub(super) fn names(&self) -> BTreeSet<Username> {
        let hands = self.rooms.values().flat_map(|room| room.hands.iter().map(|hand| &hand.username));
        let called = self.rooms.values().filter_map(|room| room.floor.called.as_ref());
        let names = hands.chain(called).chain(self.polls.iter().flat_map(Poll::names));
        names.filter(|name| name.deleted_number().is_none()).cloned().collect()
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

#[cfg(test)]
mod tests {
    use super::super::hands::Hand;
    use super::super::polls::Ask;
    use super::*;
    use jiff::Timestamp;

    #[test]
    fn whoever_was_made_after_it_was_written_is_not_in_it() {
        let name = |text: &str| Username::parse(text).unwrap();
        let mut kept = Kept::default();
        let room = kept.room_mut(&RoomName::general());
        for text in ["ada", "bob", "eve"] {
            room.hands.raise(Hand { username: name(text), text: None, since: Timestamp::UNIX_EPOCH }).unwrap();
        }
        room.floor.called = Some(name("zed"));
        let ask = Ask { question: "?".into(), options: vec!["a".into(), "b".into()] };
        let mut poll = Poll::new(3, RoomName::general(), ask, None);
        poll.entitle([name("zed")]);
        for text in ["ada", "bob", "deleted-1"] {
            poll.vote(&name(text), text.into(), 0).unwrap();
        }
        kept.polls.push(poll);
        // Ada's is of the moment when it was written, and Eve has no account.
        let since = |who: &Username| match who.as_str() {
            "eve" => None,
            "ada" | "zed" => Some(7),
            _ => Some(6),
        };
        assert!(kept.clone().forget_the_deleted(since), "one has no account");
        kept.seq = Some(7);
        assert!(kept.forget_the_deleted(since) && !kept.forget_the_deleted(since));
        let named: Vec<_> = kept.names().iter().map(ToString::to_string).collect();
        assert_eq!(named, ["bob"]);
        let voted: Vec<_> = kept.polls[0].voted().map(ToString::to_string).collect();
        assert_eq!(voted, ["bob", "deleted-1"], "who was erased has voted for good");
        kept.seq = None;
        assert!(!kept.forget_the_deleted(|_| Some(u64::MAX)), "an older version didn't say when it was written");
    }
}
