//! Who waits to have a password hashed, and whose turn is next.
//!
//! Origins take turns, so that a flood from one delays nobody elsewhere by more than a turn or two. Among those of one
//! origin the throttle's rank comes first, then the names take turns, then whoever came first. No clock and no thread
//! of its own: each call is told the time, and `hasher.rs` does the waiting.

use super::origin::Origin;
use crate::protocol::Username;
use std::collections::HashMap;
use std::time::Instant;

/// One who waits; later ones have greater numbers.
pub(crate) type Ticket = u64;

/// Everyone who waits or has a turn.
#[derive(Debug, Default)]
pub(crate) struct Line {
    present: Vec<Waiter>,
    /// When each had its last turn, by the count of turns; forgotten when nobody of it is in the line any more.
    origins: HashMap<Origin, u64>,
    names: HashMap<(Origin, Username), u64>,
    turns: u64,
    tickets: Ticket,
}

#[derive(Debug)]
struct Waiter {
    ticket: Ticket,
    origin: Origin,
    name: Username,
    rank: u8,
    /// It isn't called before.
    not_before: Instant,
    /// When its origin and its name had the turn before, once it is called.
    called: Option<(u64, u64)>,
}

impl Line {
    /// One more, behind the others.
    pub(crate) fn join(&mut self, origin: Origin, name: &Username, rank: u8, now: Instant) -> Ticket {
        self.tickets += 1;
        let (ticket, name) = (self.tickets, name.clone());
        self.present.push(Waiter { ticket, origin, name, rank, not_before: now, called: None });
        ticket
    }

    /// Who is next, if anybody may go now. It has the turn until it [leaves](Self::leave) or is [put off](Self::put_off).
    pub(crate) fn call(&mut self, now: Instant) -> Option<Ticket> {
        let last = |waiter: &Waiter| {
            let origin = self.origins.get(&waiter.origin).copied().unwrap_or(0);
            let name = self.names.get(&(waiter.origin, waiter.name.clone())).copied().unwrap_or(0);
            (origin, name)
        };
        let mut order = Vec::new();
        for (index, waiter) in self.present.iter().enumerate() {
            if waiter.called.is_none() && waiter.not_before <= now {
                let (origin, name) = last(waiter);
                order.push(((origin, waiter.rank, name, waiter.ticket), index));
            }
        }
        let ((origin, _, name, ticket), index) = order.into_iter().min()?;
        let waiter = &mut self.present[index];
        waiter.called = Some((origin, name));
        self.turns += 1;
        self.origins.insert(waiter.origin, self.turns);
        self.names.insert((waiter.origin, waiter.name.clone()), self.turns);
        Some(ticket)
    }

    /// Whether it has the turn.
    pub(super) fn is_called(&self, ticket: Ticket) -> bool {
        self.find(ticket).is_some_and(|waiter| waiter.called.is_some())
    }

    /// From when on it may be called.
    pub(super) fn not_before(&self, ticket: Ticket) -> Option<Instant> {
        self.find(ticket).map(|waiter| waiter.not_before)
    }

    /// It gives the turn back without having used it, and isn't called before then.
    pub(super) fn put_off(&mut self, ticket: Ticket, not_before: Instant) {
        self.give_back(ticket);
        if let Some(waiter) = self.present.iter_mut().find(|waiter| waiter.ticket == ticket) {
            (waiter.not_before, waiter.called) = (not_before, None);
        }
    }

    /// Whoever was put off there may be called at once.
    pub(crate) fn recall(&mut self, origin: Origin, now: Instant) {
        for waiter in self.present.iter_mut().filter(|waiter| waiter.origin == origin) {
            waiter.not_before = waiter.not_before.min(now);
        }
    }

    /// It is gone, and has used its turn or not.
    pub(crate) fn leave(&mut self, ticket: Ticket, used: bool) {
        if !used {
            self.give_back(ticket);
        }
        let Some(index) = self.present.iter().position(|waiter| waiter.ticket == ticket) else { return };
        let Waiter { origin, name, .. } = self.present.remove(index);
        let mut neighbours = self.present.iter().filter(|waiter| waiter.origin == origin).peekable();
        if neighbours.peek().is_none() {
            self.origins.remove(&origin);
        }
        if neighbours.all(|waiter| waiter.name != name) {
            self.names.remove(&(origin, name));
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.present.len()
    }

    fn find(&self, ticket: Ticket) -> Option<&Waiter> {
        self.present.iter().find(|waiter| waiter.ticket == ticket)
    }

    /// Its origin and its name are where they were before it was called.
    fn give_back(&mut self, ticket: Ticket) {
        let Some(waiter) = self.present.iter().find(|waiter| waiter.ticket == ticket) else { return };
        if let Some((origin, name)) = waiter.called {
            self.origins.insert(waiter.origin, origin);
            self.names.insert((waiter.origin, waiter.name.clone()), name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::time::Duration;

    fn origin(last: u8) -> Origin {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    const LAST: u8 = u8::MAX;

    /// The turns of all who wait, each used.
    fn turns(line: &mut Line, now: Instant) -> Vec<Ticket> {
        let mut called = Vec::new();
        while let Some(ticket) = line.call(now) {
            called.push(ticket);
            line.leave(ticket, true);
        }
        called
    }

    #[test]
    fn origins_take_turns() {
        let (mut line, now) = (Line::default(), Instant::now());
        let mut flood: Vec<_> = (0..200).map(|i| line.join(origin(1), &name(&format!("n{i}")), LAST, now)).collect();
        let first = line.call(now).unwrap();
        assert_eq!(first, flood.remove(0));
        let [ada, bob] = [2, 3].map(|last| line.join(origin(last), &name("ada"), LAST, now));
        line.leave(first, true);
        let order = turns(&mut line, now);
        assert_eq!(order[..2], [ada, bob], "the one who has it, and then those of other origins");
        assert_eq!(order[2..], flood);
        assert_eq!((line.len(), line.origins.len(), line.names.len()), (0, 0, 0), "nothing is left");
    }

    #[test]
    fn of_one_origin_the_rank_decides_and_then_names_take_turns() {
        let (mut line, now) = (Line::default(), Instant::now());
        let eve: Vec<_> = (0..50).map(|_| line.join(origin(1), &name("eve"), LAST, now)).collect();
        let new = line.join(origin(1), &name("new"), LAST, now);
        let failed = line.join(origin(1), &name("bob"), 3, now);
        let clean = line.join(origin(1), &name("ada"), 0, now);
        let order = turns(&mut line, now);
        assert_eq!(order[..4], [clean, failed, eve[0], new]);
        assert_eq!(order[4..], eve[1..]);
    }

    #[test]
    fn who_is_put_off_is_called_in_time_and_not_before() {
        let (mut line, now) = (Line::default(), Instant::now());
        let [early, late] = [2, 0].map(|rank| line.join(origin(1), &name("ada"), rank, now));
        let soon = now + Duration::from_secs(1);
        assert_eq!(line.call(now), Some(late));
        assert!(line.is_called(late) && !line.is_called(early));
        line.put_off(late, soon);
        assert_eq!(line.call(now), Some(early));
        line.put_off(early, soon);
        assert_eq!(line.call(now), None);
        assert_eq!(line.not_before(early), Some(soon));
        assert_eq!(line.call(soon), Some(late), "when both may go it's the rank again");
        line.leave(late, true);
        line.recall(origin(2), now);
        assert_eq!(line.call(now), None);
        line.recall(origin(1), now);
        assert_eq!(line.call(now), Some(early));
    }

    /// What was put off, or whose sender was gone, has taken nothing from the others of its origin.
    #[test]
    fn a_turn_that_is_not_used_costs_its_origin_nothing() {
        let (mut line, now) = (Line::default(), Instant::now());
        let gone = line.join(origin(1), &name("ada"), LAST, now);
        let here = line.join(origin(1), &name("bob"), LAST, now);
        let elsewhere = line.join(origin(2), &name("eve"), LAST, now);
        assert_eq!(line.call(now), Some(gone));
        line.leave(gone, false);
        assert_eq!(turns(&mut line, now), [here, elsewhere]);
    }
}
