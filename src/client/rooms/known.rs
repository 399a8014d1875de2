//! What is known of rooms, as the threads of one run share it.

use super::floor::Floor;
use super::lasting::Lasting;
use super::poll::Poll;
use crate::protocol::{GENERAL, OwnRoom, PollInfo, RoomName, SplitInfo, Whispers, is_group};
use crate::sync::lock;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, PoisonError};

/// How many rooms are known at most. A server lets nobody into more than 24; one that tells of no end of them is not believed.
const ROOMS_MAX: usize = 200;
/// How many names of rooms are kept for Tab.
const HEARD_MAX: usize = 1_000;
/// How many polls are remembered that were shown, for their ends.
const POLLS_MAX: usize = 200;
/// How many rooms are remembered in which one spoke before.
const BEFORE_MAX: usize = 16;

/// The rooms that one is in, and the present one: where one speaks.
#[derive(Debug)]
pub(crate) struct Rooms {
    /// Whose they are.
    pub(super) me: String,
    /// Whether others can move one to another room: a person is told of it, a script would speak in the wrong one.
    pub(super) follows: bool,
    pub(super) state: Mutex<State>,
    /// Told when a floor or the present room is another one.
    pub(super) changed: Condvar,
}

#[derive(Debug)]
pub(super) struct State {
    /// In the order of the welcome and of entering; the general one first.
    rooms: Vec<Room>,
    /// Where one speaks. It need not be known: whoever goes into a room speaks there already when they ask for it.
    present: String,
    /// Where one spoke before, the newest last.
    before: Vec<String>,
    /// Rooms whose names came by.
    heard: BTreeSet<String>,
    /// The polls that were shown, by their numbers.
    polls: BTreeMap<u64, Poll>,
    /// When the class is together again, if it is split and that is known.
    pub(super) split_ends: Option<Lasting>,
    /// Who may whisper.
    pub(super) whispers: Whispers,
    /// How often others have moved one.
    pub(super) moves: u64,
}

#[derive(Debug)]
pub(super) struct Room {
    name: String,
    pub(super) floor: Floor,
    pub(super) poll: Option<Poll>,
    /// How much came while one spoke elsewhere.
    unread: usize,
}

impl Room {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), floor: Floor::default(), poll: None, unread: 0 }
    }
}

/// A name of a room as somebody types it, also with the `#` that stands before it where it is shown. None if it is none.
pub(crate) fn room_name(text: &str) -> Option<String> {
    RoomName::parse(text.strip_prefix('#').unwrap_or(text)).map(|name| name.to_string())
}

/// Whether a server's name for a room is one.
fn is_name(name: &str) -> bool {
    RoomName::parse(name).is_some_and(|parsed| parsed.as_str() == name)
}

impl Rooms {
    /// Of the account `me`, in the general room alone.
    pub(crate) fn new(me: &str, follows: bool) -> Self {
        let state = State {
            rooms: vec![Room::new(GENERAL)],
            present: GENERAL.to_owned(),
            before: Vec::new(),
            heard: BTreeSet::new(),
            polls: BTreeMap::new(),
            split_ends: None,
            whispers: Whispers::default(),
            moves: 0,
        };
        Self { me: me.to_owned(), follows, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Whose they are.
    pub(crate) fn me(&self) -> &str {
        &self.me
    }

    /// A session begins, or goes on over another connection: these are the rooms. Whoever spoke in one of them goes on
    /// there, but for somebody who finds themselves in a group of a class that was split meanwhile. True if the present room
    /// is another one now.
    pub(crate) fn begin(&self, own: &[OwnRoom<'_>], split: Option<&SplitInfo<'_>>) -> bool {
        let mut state = lock(&self.state);
        state.split_ends = split.and_then(|split| Lasting::until(split.until.as_deref(), Timestamp::now()));
        let mut rooms = vec![Room::new(GENERAL)];
        for known in own.iter().filter(|known| is_name(&known.room)).take(ROOMS_MAX) {
            let floor = &known.floor;
            let mut room = Room::new(&known.room);
            room.floor = Floor::new(floor.mode, floor.seconds, floor.until.as_deref(), Timestamp::now());
            room.floor.called = floor.called.as_ref().map(ToString::to_string);
            room.poll = known.poll.as_ref().map(of_info);
            room.unread = state.room(&known.room).map_or(0, |room| room.unread);
            state.whispers = floor.whispers;
            match rooms.iter_mut().find(|other| other.name == room.name) {
                Some(other) => *other = room,
                None => rooms.push(room),
            }
        }
        let group = own_group(&rooms).filter(|group| state.room(group).is_none());
        state.rooms = rooms;
        let is_gone = state.room(&state.present).is_none();
        let moved = self.follows
            && match group {
                Some(group) => state.move_to(&group),
                None => is_gone && state.go_back(),
            };
        state.moves += u64::from(moved);
        self.changed.notify_all();
        moved
    }

    /// Where one speaks.
    pub(crate) fn present(&self) -> String {
        lock(&self.state).present.clone()
    }

    /// Whether one speaks in a group of a class that is split, where no teacher sees a hand or a question.
    pub(crate) fn is_in_group(&self) -> bool {
        is_group(&lock(&self.state).present)
    }

    /// Whether one speaks there.
    pub(crate) fn is_present(&self, room: &str) -> bool {
        lock(&self.state).present == room
    }

    /// Those that one is in, in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        lock(&self.state).rooms.iter().map(|room| room.name.clone()).collect()
    }

    /// How much came in each while one spoke elsewhere.
    pub(crate) fn unread(&self, room: &str) -> usize {
        lock(&self.state).room(room).map_or(0, |room| room.unread)
    }

    /// Whether one is in a room.
    pub(crate) fn contains(&self, room: &str) -> bool {
        lock(&self.state).room(room).is_some()
    }

    /// One is in a room.
    pub(crate) fn is_in(&self, room: &str) {
        lock(&self.state).add(room);
    }

    /// Something came in a room.
    pub(crate) fn came(&self, room: &str) {
        let mut state = lock(&self.state);
        if state.present != room {
            state.with(room, |room| room.unread = room.unread.saturating_add(1));
        }
    }

    /// Speaks from now on in a room that one is in. Gives how much came there meanwhile; None where one isn't in it.
    pub(crate) fn go(&self, room: &str) -> Option<usize> {
        let mut state = lock(&self.state);
        let unread = state.room(room)?.unread;
        state.move_to(room);
        self.changed.notify_all();
        Some(unread)
    }

    /// Whoever goes into a room speaks there from now on: what is typed next is meant for it.
    pub(crate) fn head_for(&self, room: &str) {
        lock(&self.state).move_to(room);
        self.changed.notify_all();
    }

    /// Whoever goes out of a room speaks where they spoke before.
    pub(crate) fn head_out_of(&self, room: &str) {
        let mut state = lock(&self.state);
        if state.present == room && room != GENERAL {
            state.go_back();
        }
    }

    /// The server doesn't let one into a room. A person speaks again where they spoke before; what a script goes on to say
    /// was meant for that room, and is refused.
    pub(crate) fn not_entered(&self, room: &str) {
        let mut state = lock(&self.state);
        if self.follows && state.present == room && state.room(room).is_none() {
            state.go_back();
        }
    }

    /// The floor of a room, in few words.
    pub(crate) fn floor_words(&self, room: &str) -> Option<String> {
        lock(&self.state).room(room).and_then(|room| room.floor.words(&self.me))
    }

    /// What holds in a room, in few words: for how long the class is still split, which whoever speaks in none of its
    /// groups looks after, or waits for; and the floor.
    pub(crate) fn holds(&self, room: &str) -> Option<String> {
        let left = lock(&self.state).split_ends.and_then(Lasting::words);
        let left = left.map(|left| if is_group(room) { format!("{left} left") } else { format!("groups {left}") });
        let words: Vec<String> = left.into_iter().chain(self.floor_words(room)).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Waits until the words of what holds in the present room may be others.
    pub(crate) fn wait_for_other_words(&self) {
        let state = lock(&self.state);
        let floor = state.room(&state.present).and_then(|room| room.floor.stays());
        let split = state.split_ends.and_then(Lasting::stays);
        match floor.into_iter().chain(split).min() {
            Some(stays) => drop(self.changed.wait_timeout(state, stays).unwrap_or_else(PoisonError::into_inner)),
            None => drop(self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// How often others have moved one to another room.
    pub(crate) fn moves(&self) -> u64 {
        lock(&self.state).moves
    }

    /// Who may whisper.
    pub(crate) fn whispers(&self) -> Whispers {
        lock(&self.state).whispers
    }

    /// The newest poll of a room.
    pub(crate) fn poll(&self, room: &str) -> Option<Poll> {
        lock(&self.state).room(room).and_then(|room| room.poll.clone())
    }

    /// A poll by its number, if it was shown or is its room's newest.
    pub(crate) fn poll_of(&self, number: u64) -> Option<Poll> {
        let state = lock(&self.state);
        let mut known = state.rooms.iter().filter_map(|room| room.poll.as_ref()).chain(state.polls.values());
        known.find(|poll| poll.number == number).cloned()
    }

    /// A poll is shown, of now or of before.
    pub(crate) fn remember(&self, poll: Poll) {
        let mut state = lock(&self.state);
        state.polls.insert(poll.number, poll);
        if state.polls.len() > POLLS_MAX {
            state.polls.pop_first();
        }
    }

    /// The name of a room came by.
    pub(crate) fn hear_of(&self, room: &str) {
        let mut state = lock(&self.state);
        if state.heard.len() < HEARD_MAX && is_name(room) {
            state.heard.insert(room.to_owned());
        }
    }

    /// The rooms whose names begin so, in order.
    pub(crate) fn beginning_with(&self, start: &str) -> Vec<String> {
        let start = start.to_ascii_lowercase();
        let state = lock(&self.state);
        let known = state.rooms.iter().map(|room| &room.name).chain(&state.heard);
        known.filter(|name| name.starts_with(&start)).cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The group that one is in. Who is in several looks in on them, as teachers do, and is in none of them.
fn own_group(rooms: &[Room]) -> Option<String> {
    let mut groups = rooms.iter().map(|room| &room.name).filter(|name| is_group(name));
    groups.next().filter(|_| groups.next().is_none()).cloned()
}

/// What a welcome says of a poll.
fn of_info(info: &PollInfo<'_>) -> Poll {
    let options = info.options.iter().map(ToString::to_string).collect();
    Poll { number: info.poll, question: info.question.to_string(), options }
}

impl State {
    pub(super) fn room(&self, name: &str) -> Option<&Room> {
        self.rooms.iter().find(|room| room.name == name)
    }

    /// Changes a room that is known.
    pub(super) fn with(&mut self, name: &str, change: impl FnOnce(&mut Room)) {
        self.rooms.iter_mut().find(|room| room.name == name).map(change);
    }

    /// One is in a room from now on.
    pub(super) fn add(&mut self, name: &str) {
        if self.room(name).is_none() && self.rooms.len() < ROOMS_MAX && is_name(name) {
            self.rooms.push(Room::new(name));
        }
    }

    /// And in it no longer.
    pub(super) fn remove(&mut self, name: &str) {
        self.rooms.retain(|room| room.name != name || name == GENERAL);
    }

    pub(super) fn is_present(&self, name: &str) -> bool {
        self.present == name
    }

    /// Speaks there. True if that is another room.
    pub(super) fn move_to(&mut self, name: &str) -> bool {
        self.with(name, |room| room.unread = 0);
        let moves = self.present != name;
        if moves {
            let left = std::mem::replace(&mut self.present, name.to_owned());
            self.before.retain(|other| *other != left && other != name);
            self.before.push(left);
            if self.before.len() > BEFORE_MAX {
                self.before.remove(0);
            }
        }
        moves
    }

    /// Speaks in the last room where one spoke before and still is. True, since that is another one.
    pub(super) fn go_back(&mut self) -> bool {
        let place = loop {
            match self.before.pop() {
                Some(name) if self.room(&name).is_some() && name != self.present => break name,
                Some(_) => {}
                None => break GENERAL.to_owned(),
            }
        };
        self.with(&place, |room| room.unread = 0);
        self.present = place;
        true
    }
}
