//! Who is in which room, and who was: what an account may see of what happens in a room.
//!
//! It follows the order: an account is in a room from the event with which it entered to the one with which it went out,
//! or with which the room was closed, these two included. Both come through the journal, and [`Members`] is made anew
//! from it at a start, where the rooms' file doesn't know better: an account may have entered before the oldest event
//! that is kept.

use super::gone::Gone;
use super::what::{Audience, What};
use crate::protocol::{RoomName, Username};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// How many rooms an account may be remembered to have been in that it is no longer in; then the oldest is forgotten, and
/// what was said in it meanwhile can't be read again.
const ENDED_STAYS_MAX: usize = 500;

/// A stretch of the order in which an account was in a room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stay {
    pub(crate) room: RoomName,
    /// The seq with which it began.
    pub(crate) from: u64,
    /// And with which it ended; None while it goes on.
    pub(crate) to: Option<u64>,
    /// How much had been said in the room when it began, and when it ended.
    said: (u64, Option<u64>),
}

/// The rooms one account was in, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stays {
    stays: Vec<Stay>,
    /// The seq of the last change.
    pub(super) changed: u64,
}

/// Whose eyes events are looked at with.
#[derive(Debug)]
pub(crate) struct Eyes<'a> {
    name: Option<&'a Username>,
    staff: bool,
    stays: Arc<Stays>,
}

/// Everyone's stays as they are at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Roster {
    /// Another one with each change.
    pub(super) version: u64,
    stays: Arc<HashMap<Username, Arc<Stays>>>,
}

impl Roster {
    /// An account's.
    pub(super) fn of(&self, name: &Username) -> Option<&Arc<Stays>> {
        self.stays.get(name)
    }

    fn change(&mut self) -> &mut HashMap<Username, Arc<Stays>> {
        self.version += 1;
        Arc::make_mut(&mut self.stays)
    }
}

/// Who is in which room.
#[derive(Debug, Default)]
pub(crate) struct Members {
    roster: Roster,
    rooms: HashMap<RoomName, Room>,
    /// The rooms' file knew of all changes up to this seq.
    known: u64,
    /// Rooms that were closed since then, and not entered again.
    closed: BTreeSet<RoomName>,
}

#[derive(Debug, Default)]
struct Room {
    members: BTreeSet<Username>,
    /// How much was said in it so far.
    said: u64,
}

impl Stay {
    /// One that the rooms' file knows of.
    pub(crate) fn known(room: RoomName, from: u64, to: Option<u64>) -> Self {
        Self { room, from, to, said: (0, to.map(|_| 0)) }
    }
}

impl Stays {
    /// Those that go on.
    pub(crate) fn now(&self) -> impl Iterator<Item = &Stay> {
        self.stays.iter().filter(|stay| stay.to.is_none())
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stay> {
        self.stays.iter()
    }

    /// Whether one of them is in this room, and began after the event `since`.
    pub(crate) fn has(&self, room: &RoomName, since: u64) -> bool {
        self.stays.iter().any(|stay| stay.room == *room && stay.from > since)
    }

    fn was_in(&self, room: &RoomName, seq: u64) -> bool {
        let covers = |stay: &&Stay| stay.from <= seq && stay.to.is_none_or(|to| seq <= to);
        self.stays.iter().rev().filter(covers).any(|stay| stay.room == *room)
    }
}

impl<'a> Eyes<'a> {
    pub(super) fn new(name: Option<&'a Username>, staff: bool, members: &Members) -> Self {
        let stays = name.and_then(|name| members.roster.of(name)).cloned().unwrap_or_default();
        Self { name, staff, stays }
    }

    /// Whether they may see the event with this seq. This is the one place where that is decided; `shared.rs` decides alike
    /// for many at once.
    pub(super) fn may_see(&self, audience: &Audience, seq: u64) -> bool {
        match audience {
            Audience::Everyone => true,
            Audience::Pair(pair) => self.are(&pair.0) || self.are(&pair.1),
            Audience::Room(room) => self.stays.was_in(room, seq),
            Audience::Staff(other) => self.staff || self.are(other),
        }
    }

    /// Whether they are this account's.
    fn are(&self, name: &Username) -> bool {
        self.name == Some(name)
    }
}

impl Members {
    /// What the rooms' file knows, of all changes up to the event `known`.
    pub(crate) fn known(stays: impl IntoIterator<Item = (Username, Stay)>, known: u64) -> Self {
        let mut members = Self { known, ..Self::default() };
        for (name, stay) in stays {
            if stay.to.is_none() {
                members.rooms.entry(stay.room.clone()).or_default().members.insert(name.clone());
            }
            members.change(&name, 0, |stays| stays.push(stay));
        }
        members
    }

    /// Takes note of an event.
    pub(super) fn note(&mut self, seq: u64, what: &What) {
        match what {
            What::Entered(room, name) if seq <= self.known => self.count_from(seq, room, name),
            What::Exited(..) | What::Closed(_) if seq <= self.known => {}
            What::Entered(room, name) => self.enter(seq, room, name),
            What::Exited(room, name) => self.exit(seq, room, name),
            What::Closed(room) => {
                self.closed.insert(room.clone());
                let members = self.rooms.remove(room).map(|room| room.members).unwrap_or_default();
                members.iter().for_each(|name| self.end_stay(seq, room, name, 0));
            }
            _ => {}
        }
    }

    /// Something was said in a room.
    pub(super) fn count(&mut self, room: &RoomName) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.said += 1;
        }
    }

    /// Whether an account is in a room. Everyone is in the general one.
    pub(crate) fn is_in(&self, room: &RoomName, name: &Username) -> bool {
        room.is_general() || self.rooms.get(room).is_some_and(|room| room.members.contains(name))
    }

    /// Who is in a room, sorted. For the general one: nobody, since all are.
    pub(crate) fn of(&self, room: &RoomName) -> impl Iterator<Item = &Username> {
        self.rooms.get(room).into_iter().flat_map(|room| &room.members)
    }

    /// The rooms that somebody is in.
    pub(crate) fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.iter().filter(|(_, room)| !room.members.is_empty()).map(|(name, _)| name)
    }

    /// Whether a room was closed since the rooms' file was written, and not entered again.
    pub(crate) fn was_closed(&self, room: &RoomName) -> bool {
        self.closed.contains(room)
    }

    /// Whether somebody entered a room after the event `since`, as far as that is remembered.
    pub(crate) fn was_entered(&self, room: &RoomName, since: u64) -> bool {
        self.roster.stays.values().any(|stays| stays.has(room, since))
    }

    /// The first event with which somebody who is in a room entered it.
    pub(crate) fn first_stay(&self, room: &RoomName) -> Option<u64> {
        self.stays().filter(|(_, stay)| stay.room == *room && stay.to.is_none()).map(|(_, stay)| stay.from).min()
    }

    /// Everybody's stays.
    pub(crate) fn stays(&self) -> impl Iterator<Item = (&Username, &Stay)> {
        self.roster.stays.iter().flat_map(|(name, stays)| stays.iter().map(move |stay| (name, stay)))
    }

    /// An account's.
    pub(crate) fn stays_of(&self, name: &Username) -> Arc<Stays> {
        self.roster.of(name).cloned().unwrap_or_default()
    }

    /// Everyone's as they are now, which no later change touches.
    pub(super) fn roster(&self) -> Roster {
        self.roster.clone()
    }

    /// How much was said so far in each room that an account is in.
    pub(super) fn said(&self, name: &Username) -> Vec<(RoomName, u64)> {
        let Some(stays) = self.roster.of(name) else { return Vec::new() };
        stays.now().map(|stay| (stay.room.clone(), self.said_in(&stay.room))).collect()
    }

    /// How much was said that an account may see in rooms since it left, at `left`, when so much had been said in each.
    pub(super) fn missed(&self, name: &Username, left: u64, before: &[(RoomName, u64)]) -> u64 {
        let Some(stays) = self.roster.of(name) else { return 0 };
        let since = stays.iter().filter(|stay| stay.to.is_none_or(|to| to > left));
        let missed = since.map(|stay| {
            let at_left = || before.iter().find(|(room, _)| *room == stay.room).map(|(_, said)| *said);
            let begin = if stay.from <= left { at_left() } else { Some(stay.said.0) };
            let end = stay.said.1.unwrap_or_else(|| self.said_in(&stay.room));
            begin.map_or(0, |begin| end.saturating_sub(begin))
        });
        missed.sum()
    }

    /// An account is called otherwise, wherever it is and was.
    pub(super) fn rename(&mut self, gone: &Gone<'_>) {
        let roster = self.roster.change();
        if let Some(theirs) = roster.remove(gone.name) {
            let stays = Arc::make_mut(roster.entry(gone.alias.clone()).or_default());
            stays.stays.extend(theirs.iter().cloned());
            stays.stays.sort_by_key(|stay| stay.from);
            stays.changed = stays.changed.max(theirs.changed);
        }
        for room in self.rooms.values_mut() {
            if room.members.remove(gone.name) {
                room.members.insert(gone.alias.clone());
            }
        }
    }

    fn said_in(&self, room: &RoomName) -> u64 {
        self.rooms.get(room).map_or(0, |room| room.said)
    }

    fn enter(&mut self, seq: u64, room: &RoomName, name: &Username) {
        self.closed.remove(room);
        let place = self.rooms.entry(room.clone()).or_default();
        if place.members.insert(name.clone()) {
            let stay = Stay { room: room.clone(), from: seq, to: None, said: (place.said, None) };
            self.change(name, seq, |stays| stays.push(stay));
        }
    }

    fn exit(&mut self, seq: u64, room: &RoomName, name: &Username) {
        let Some(place) = self.rooms.get_mut(room) else { return };
        let said = place.said;
        if place.members.remove(name) {
            self.end_stay(seq, room, name, said);
        }
    }

    fn end_stay(&mut self, seq: u64, room: &RoomName, name: &Username, said: u64) {
        self.change(name, seq, |stays| {
            if let Some(stay) = stays.iter_mut().rev().find(|stay| stay.to.is_none() && stay.room == *room) {
                (stay.to, stay.said.1) = (Some(seq), Some(said));
            }
            let ended = stays.iter().filter(|stay| stay.to.is_some()).count();
            if ended > ENDED_STAYS_MAX {
                forget_one(stays);
            }
        });
    }

    /// A stay that was known begins here.
    fn count_from(&mut self, seq: u64, room: &RoomName, name: &Username) {
        let said = self.said_in(room);
        let begins = |stay: &&mut Stay| stay.from == seq && stay.room == *room;
        let known = self.roster.of(name).is_some_and(|stays| stays.iter().any(|stay| stay.from == seq));
        if known {
            self.change(name, 0, |stays| stays.iter_mut().filter(begins).for_each(|stay| stay.said.0 = said));
        }
    }

    fn change(&mut self, name: &Username, seq: u64, change: impl FnOnce(&mut Vec<Stay>)) {
        let roster = self.roster.change();
        let stays = Arc::make_mut(roster.entry(name.clone()).or_default());
        change(&mut stays.stays);
        stays.changed = stays.changed.max(seq);
    }
}

/// Forgets the oldest stay that has ended, of the room with most of them: whoever leads somebody in and out of a room makes
/// nobody forget another one.
fn forget_one(stays: &mut Vec<Stay>) {
    let mut ended: HashMap<&RoomName, (usize, usize)> = HashMap::new();
    for (index, stay) in stays.iter().enumerate().filter(|(_, stay)| stay.to.is_some()) {
        ended.entry(&stay.room).or_insert((0, index)).0 += 1;
    }
    let most = ended.values().max_by_key(|(count, oldest)| (*count, std::cmp::Reverse(*oldest))).copied();
    most.map(|(_, oldest)| stays.remove(oldest));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn room(text: &str) -> RoomName {
        RoomName::parse(text).unwrap()
    }

    fn entered(text: &str, who: &str) -> What {
        What::Entered(room(text), name(who))
    }

    #[test]
    fn a_stay_has_both_its_ends() {
        let mut members = Members::default();
        members.note(5, &entered("chess", "eve"));
        members.note(6, &entered("chess", "bob"));
        members.note(8, &What::Exited(room("chess"), name("eve")));
        members.note(10, &entered("chess", "eve"));
        members.note(12, &What::Closed(room("chess")));
        let eve = name("eve");
        let eyes = Eyes::new(Some(&eve), false, &members);
        let seen: Vec<u64> = (1..15).filter(|&seq| eyes.may_see(&Audience::room(&room("chess")), seq)).collect();
        assert_eq!(seen, [5, 6, 7, 8, 10, 11, 12]);
        assert!(!members.is_in(&room("chess"), &eve) && members.is_in(&RoomName::general(), &eve));
        assert_eq!(members.roster().of(&eve).unwrap().changed, 12);
        assert!(
            !Eyes::new(Some(&name("dan")), true, &members).may_see(&Audience::room(&room("chess")), 6),
            "not even staff"
        );
    }

    #[test]
    fn what_the_file_knows_is_not_done_twice() {
        let stay = Stay::known(room("chess"), 5, None);
        let mut members = Members::known([(name("eve"), stay)], 7);
        members.note(5, &entered("chess", "eve"));
        members.note(6, &What::Exited(room("chess"), name("eve")));
        assert!(members.is_in(&room("chess"), &name("eve")), "it is known that it came back, or was never out");
        members.note(8, &What::Exited(room("chess"), name("eve")));
        assert!(!members.is_in(&room("chess"), &name("eve")));
    }

    #[test]
    fn what_is_missed_is_counted_from_where_one_left() {
        let mut members = Members::default();
        let (chess, eve) = (room("chess"), name("eve"));
        members.note(1, &entered("chess", "eve"));
        (0..3).for_each(|_| members.count(&chess));
        let before = members.said(&eve);
        (0..2).for_each(|_| members.count(&chess));
        assert_eq!(members.missed(&eve, 4, &before), 2);
        members.note(7, &What::Exited(chess.clone(), eve.clone()));
        members.count(&chess);
        assert_eq!(members.missed(&eve, 4, &before), 2, "what came after it was put out isn't its");
        members.note(9, &entered("chess", "eve"));
        members.count(&chess);
        assert_eq!(members.missed(&eve, 4, &before), 3);
        assert_eq!(members.missed(&name("dan"), 4, &[]), 0);
    }

    #[test]
    fn stays_that_have_ended_are_not_remembered_for_ever() {
        let mut members = Members::default();
        members.note(1, &entered("art", "eve"));
        members.note(2, &What::Exited(room("art"), name("eve")));
        for seq in 1..2 * ENDED_STAYS_MAX as u64 {
            members.note(2 * seq + 1, &entered("chess", "eve"));
            members.note(2 * seq + 2, &What::Exited(room("chess"), name("eve")));
        }
        assert_eq!(members.stays_of(&name("eve")).iter().count(), ENDED_STAYS_MAX);
        let seen = |seq| Eyes::new(Some(&name("eve")), false, &members).may_see(&Audience::room(&room("art")), seq);
        assert!(seen(1) && seen(2), "of the room that it was led into again and again the oldest go");
    }
}
