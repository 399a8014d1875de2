//! Who was in which room, and so who may see what: as the journal's lines tell it, and nothing else.

use crate::history::{Account, Event, TEACHER, To, What};
use crate::room::{GENERAL, Room};
use crate::violation::Violation;
use std::collections::HashMap;

/// How many stays that have ended the server remembers of an account (`ENDED_STAYS_MAX`).
const STAYS_REMEMBERED: usize = 500;

/// What all accounts may see.
#[derive(Debug, Default)]
pub(crate) struct Eyes {
    /// From which event to which one an account was in a room, these two included.
    stays: HashMap<(Account, Room), Vec<(u64, u64)>>,
    /// With which event a room began that isn't closed.
    begun: HashMap<Room, u64>,
}

impl Eyes {
    /// Reads the journal. Nobody enters a room twice, leaves one that they aren't in, or speaks there.
    pub(crate) fn of(journal: &[Event], violations: &mut Vec<Violation>) -> Self {
        let mut eyes = Self::default();
        for event in journal {
            let seq = event.seq;
            let fits = match event.what {
                What::Entered { room, who } => eyes.enter(seq, room, who),
                What::Exited { room, who } => eyes.end(seq, room, Some(who)),
                What::Closed { room } => {
                    eyes.end(seq, room, None);
                    eyes.begun.remove(&room).is_some()
                }
                What::Said { from, to: To::Room(room), .. } | What::Asked { from, room, .. } => {
                    eyes.was_in(from, room, seq)
                }
                _ => true,
            };
            violations.extend((!fits).then_some(Violation::Outside { seq }));
        }
        eyes
    }

    /// Whether an account may be shown an event.
    pub(crate) fn may_see(&self, event: &Event, account: Account) -> bool {
        let room = match event.what {
            What::Presence | What::Split | What::Gathered => return true,
            What::Asked { from, .. } => return account == from || account == TEACHER,
            What::Said { from, to: To::Person(to), .. } => return account == from || account == to,
            What::Removed { from, to: To::Person(to), .. } => return from == Some(account) || account == to,
            What::Said { to: To::Room(room) | To::Question(room), .. }
            | What::Removed { to: To::Room(room) | To::Question(room), .. }
            | What::Entered { room, .. }
            | What::Exited { room, .. }
            | What::Closed { room }
            | What::Question { room, .. }
            | What::Poll { room }
            | What::PollClosed { room, .. } => room,
        };
        self.was_in(account, room, event.seq)
    }

    /// Whether the history of a room, or of everything, shows an event to an account: of an open room all there is.
    pub(crate) fn may_read(&self, event: &Event, account: Account, place: Option<Room>) -> bool {
        let Some(room) = place.filter(|_| event.is_told_again()) else {
            return event.is_told_again() && self.may_see(event, account);
        };
        let is_there = event.room() == Some(room);
        let since = self.begun.get(&room).copied().filter(|_| room.is_open() && self.was_in(account, room, u64::MAX));
        is_there && (self.may_see(event, account) || since.is_some_and(|since| event.seq >= since))
    }

    /// What an account read in rooms up to this seq it may be unable to read again.
    pub(crate) fn forgotten(&self, account: Account) -> u64 {
        let own = self.stays.iter().filter(|((of, _), _)| *of == account).flat_map(|(_, stays)| stays);
        let mut ended: Vec<(u64, u64)> = own.copied().filter(|stay| stay.1 != u64::MAX).collect();
        ended.sort_unstable();
        let most = ended.len().saturating_sub(STAYS_REMEMBERED);
        ended[..most].iter().map(|stay| stay.1).max().unwrap_or(0)
    }

    fn was_in(&self, account: Account, room: Room, seq: u64) -> bool {
        let covers = |stays: &Vec<(u64, u64)>| stays.iter().any(|&(from, to)| from <= seq && seq <= to);
        room == GENERAL || self.stays.get(&(account, room)).is_some_and(covers)
    }

    /// False if they are in it.
    fn enter(&mut self, seq: u64, room: Room, who: Account) -> bool {
        self.begun.entry(room).or_insert(seq);
        let stays = self.stays.entry((who, room)).or_default();
        let is_out = stays.last().is_none_or(|stay| stay.1 != u64::MAX);
        if is_out {
            stays.push((seq, u64::MAX));
        }
        is_out
    }

    /// One is out, or all are; false if nobody was in.
    fn end(&mut self, seq: u64, room: Room, who: Option<Account>) -> bool {
        let mut ended = false;
        for ((account, of), stays) in &mut self.stays {
            if *of == room && who.is_none_or(|who| who == *account) {
                let last = stays.last_mut().filter(|stay| stay.1 == u64::MAX);
                ended |= last.map(|stay| stay.1 = seq).is_some();
            }
        }
        ended
    }
}
