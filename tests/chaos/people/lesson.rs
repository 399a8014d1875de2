//! What people do in a lesson beside speaking: they go into rooms and out of them, take back what they said, ask without a
//! name, and vote.

use super::requests::REFUSED_PAUSE;
use super::{Part, Person};
use crate::harness::Wire;
use crate::history::{Entry, Event, OPTIONS, TEACHER, To, What};
use crate::mark::Mark;
use crate::room::{BESIDE, GENERAL, MADE, Room};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::time::Instant;

/// How much of it they remember, to take it back: so little that none is too old for it.
const OWN_MAX: usize = 32;
/// How much of it they take back at a time.
const REMOVALS_MAX: usize = 2;

/// What somebody knows of the lesson.
#[derive(Default)]
pub(super) struct Lesson {
    /// The rooms that they are in.
    pub(super) rooms: BTreeSet<Room>,
    /// What they take back, and when to ask for that again.
    pub(super) removals: BTreeMap<u64, Option<Instant>>,
    /// What they have said, or may take back like that.
    own: VecDeque<u64>,
    /// The poll that is open.
    poll: Option<u64>,
    votes: u32,
    moves: u32,
}

impl Lesson {
    /// What a `welcome` tells.
    pub(super) fn begin(&mut self, welcome: &Value) {
        let rooms = welcome["rooms"].as_array().unwrap();
        let named = |room: &Value| Room::named(room["room"].as_str().unwrap());
        self.rooms = rooms.iter().map(named).filter(|room| *room != GENERAL).collect();
        self.poll = rooms.iter().find_map(|room| room["poll"]["poll"].as_u64());
    }
}

impl Person<'_> {
    /// What an event tells of the lesson.
    pub(super) fn learn(&mut self, event: &Event, line: &Value) {
        let account = self.part.account;
        match event.what {
            What::Entered { room, who } if who == account => _ = self.lesson.rooms.insert(room),
            What::Exited { room, who } if who == account => _ = self.lesson.rooms.remove(&room),
            What::Closed { room } => _ = self.lesson.rooms.remove(&room),
            What::Said { mark: Some(mark), removed: false, .. } if self.may_take_back(mark) => {
                self.remember(event.seq);
            }
            What::Asked { question, mark: Some(mark), .. } if mark.by == self.part.number => self.remember(question),
            // With the request's id it is the answer.
            What::Removed { event, from, .. } if from == Some(account) && line["id"].is_string() => self.took(event),
            What::Poll { .. } => self.lesson.poll = Some(event.seq),
            What::PollClosed { .. } => self.lesson.poll = None,
            _ => {}
        }
    }

    fn remember(&mut self, seq: u64) {
        self.lesson.own.push_back(seq);
        self.lesson.own.drain(..self.lesson.own.len().saturating_sub(OWN_MAX));
    }

    /// Whether they take something back: their own, and the teacher also what the people said, whose numbers are lower. Of what the
    /// real clients said nothing would tell afterwards what it was.
    fn may_take_back(&self, mark: Mark) -> bool {
        let Part { number, account, .. } = self.part;
        mark.by == number || account == TEACHER && mark.by < number
    }

    /// A `reply`.
    pub(super) fn replied(&mut self, line: &Value) {
        match of_id(line) {
            Some(("remove", seq)) => self.took(seq),
            Some(("vote", number)) => {
                self.entries.push(Entry::VoteAnswered { number: number as u32, counts: true });
                self.stage.tally.count("votes answered");
            }
            _ => {}
        }
    }

    /// Whether the refusal is of something that isn't said.
    pub(super) fn refused_otherwise(&mut self, line: &Value, passing: bool) -> bool {
        let code = line["code"].as_str().unwrap_or_default();
        let expected: &[&str] = match of_id(line) {
            Some(("remove", seq)) => {
                if let Some(again_at) = self.lesson.removals.get_mut(&seq) {
                    *again_at = Some(Instant::now() + REFUSED_PAUSE);
                }
                &[]
            }
            // Of one that may not be written down it isn't known.
            Some(("vote", number)) if !passing => {
                self.entries.push(Entry::VoteAnswered { number: number as u32, counts: false });
                &["poll_closed", "unknown_poll", "not_allowed", "rate_limited"]
            }
            Some(("vote", _)) => &[],
            Some(("move", _)) => &["unknown_room", "not_in_room"],
            _ => return false,
        };
        assert!(passing || expected.contains(&code), "refused: {line}");
        true
    }

    /// Goes into a room, or out of one.
    pub(super) fn move_about(&mut self, wire: &mut Wire) -> io::Result<()> {
        wire.send(&self.moved())
    }

    /// The request for that.
    pub(super) fn moved(&mut self) -> Value {
        self.lesson.moves += 1;
        let rooms = if self.random.below(4) == 0 { &BESIDE[..] } else { &MADE };
        let room = *self.random.choose(rooms);
        let is_in = self.lesson.rooms.contains(&room);
        let way = if is_in && self.random.below(2) == 0 { "leave" } else { "enter" };
        json!({"type": way, "id": format!("move-{}", self.lesson.moves), "room": room.name()})
    }

    /// Takes back something of their own.
    pub(super) fn take_back(&mut self, wire: &mut Wire) -> io::Result<()> {
        self.taken_back().map_or(Ok(()), |request| wire.send(&request))
    }

    /// The request for that.
    pub(super) fn taken_back(&mut self) -> Option<Value> {
        if self.lesson.own.is_empty() || self.lesson.removals.len() >= REMOVALS_MAX {
            return None;
        }
        let seq = self.lesson.own.remove(self.random.below(self.lesson.own.len()))?;
        self.entries.push(Entry::Removing(seq));
        self.lesson.removals.insert(seq, None);
        self.tell_unanswered();
        Some(removal(seq))
    }

    /// Asks again for what was refused to be taken back; for `all` of it over a new connection.
    pub(super) fn take_back_again(&mut self, wire: &mut Wire, all: bool) -> io::Result<()> {
        let is_due = |again_at: &Option<Instant>| all || again_at.is_some_and(|at| Instant::now() >= at);
        for (&seq, again_at) in self.lesson.removals.iter_mut().filter(|(_, again_at)| is_due(again_at)) {
            *again_at = None;
            wire.send(&removal(seq))?;
        }
        Ok(())
    }

    /// Asks a question.
    pub(super) fn wonder(&mut self, wire: &mut Wire) -> io::Result<()> {
        let mine = self.lesson.rooms.iter().next().copied().filter(|_| self.random.below(2) == 0);
        let mark = self.invent_for(To::Question(mine.unwrap_or(GENERAL)));
        self.ask(wire, mark)
    }

    /// Votes, if there is something to vote for.
    pub(super) fn vote(&mut self, wire: &mut Wire) -> io::Result<()> {
        let Some(poll) = self.lesson.poll.filter(|_| self.part.votes) else { return Ok(()) };
        self.lesson.votes += 1;
        let (number, option) = (self.lesson.votes, self.random.below(OPTIONS));
        self.entries.push(Entry::Voted { number, poll, option });
        wire.send(&json!({"type": "vote", "id": format!("vote-{number}"), "poll": poll, "option": option}))
    }

    /// Something is taken back.
    fn took(&mut self, seq: u64) {
        if self.lesson.removals.remove(&seq).is_some() {
            self.entries.push(Entry::Took(seq));
        }
    }
}

fn removal(seq: u64) -> Value {
    json!({"type": "remove", "id": format!("remove-{seq}"), "event": seq})
}

/// What a request was for, and its number.
fn of_id(line: &Value) -> Option<(&str, u64)> {
    let (what, number) = line["id"].as_str()?.split_once('-')?;
    Some((what, number.parse().ok()?))
}
