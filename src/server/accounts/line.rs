//! Who waits to have a password hashed, and whose turn is next.
//!
//! Those at home come before all others. Origins take turns, so that a flood from one delays nobody elsewhere by more
//! than a turn or two, and new ones without end take only their turns. Among those of one origin the
//! throttle's rank comes first, then the names take turns, then whoever came first. Of those who were put off whoever came
//! last is first: what an attacker has sent before they went away is behind the owners who come then. No clock and no
//! thread of its own: each call is told the time, and `hasher.rs` does the waiting.

use super::origin::Origin;
use crate::protocol::Username;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

/// One who waits; later ones have greater numbers.
pub(crate) type Ticket = u64;

/// The rank of those at home who are in already. Ranks below are of those who aren't yet, ranks above of all others.
pub(crate) const RANK_IN: u8 = 127;

/// Everyone who waits or has a turn.
#[derive(Debug, Default)]
pub(crate) struct Line {
    present: Vec<Waiter>,
    /// When each had its last turn; forgotten when nobody of it is in the line any more.
    origins: HashMap<Origin, LastTurn>,
    names: HashMap<(Origin, Username), u64>,
    turns: u64,
    tickets: Ticket,
}

/// When an origin had its last turn, by the count of turns, and whether it had any. One that is new has come as if the
/// last turn had been its own, and goes before the one whose that was.
type LastTurn = (u64, bool);

#[derive(Debug)]
struct Waiter {
    ticket: Ticket,
    origin: Origin,
    name: Username,
    rank: u8,
    /// It isn't called before.
    not_before: Instant,
    was_put_off: bool,
    /// When its origin and its name had the turn before, if they had, once it is called.
    called: Option<(Option<LastTurn>, Option<u64>)>,
}

impl Line {
    /// One more, behind the others.
    pub(crate) fn join(&mut self, origin: Origin, name: &Username, rank: u8, now: Instant) -> Ticket {
        self.tickets += 1;
        let (ticket, name) = (self.tickets, name.clone());
        self.present.push(Waiter { ticket, origin, name, rank, not_before: now, was_put_off: false, called: None });
        self.origins.entry(origin).or_insert((self.turns, false));
        ticket
    }

    /// Who is next, if anybody may go now. It has the turn until it [leaves](Self::leave) or is [put off](Self::put_off).
    pub(crate) fn call(&mut self, now: Instant) -> Option<Ticket> {
        let called: Vec<Origin> = self.present.iter().filter(|w| w.called.is_some()).map(|w| w.origin).collect();
        let mut order = Vec::new();
        for (index, waiter) in self.present.iter().enumerate() {
            // Of those who were put off one at a time: whether there is room for the next depends on what that one is.
            let waits = waiter.was_put_off && called.contains(&waiter.origin);
            if waiter.called.is_none() && waiter.not_before <= now && !waits {
                order.push((self.place(waiter), index));
            }
        }
        let (_, index) = order.into_iter().min()?;
        let waiter = &mut self.present[index];
        self.turns += 1;
        let own = (waiter.origin, waiter.name.clone());
        waiter.called = Some((self.origins.insert(own.0, (self.turns, true)), self.names.insert(own, self.turns)));
        Some(waiter.ticket)
    }

    /// The lowest goes first.
    fn place(&self, waiter: &Waiter) -> impl Ord {
        let Waiter { ticket, origin, rank, was_put_off, .. } = *waiter;
        let last = self.origins.get(&origin).copied();
        let name = self.names.get(&(origin, waiter.name.clone())).copied().unwrap_or(0);
        let order = if was_put_off { u64::MAX - ticket } else { ticket };
        (rank >= RANK_IN, last, rank, name, was_put_off, order)
    }

    /// Whether it has the turn.
    pub(super) fn is_called(&self, ticket: Ticket) -> bool {
        self.find(ticket).is_some_and(|waiter| waiter.called.is_some())
    }

    /// From when on it may be called.
    pub(super) fn not_before(&self, ticket: Ticket) -> Option<Instant> {
        self.find(ticket).map(|waiter| waiter.not_before)
    }

    /// It gives the turn back without having used it, and isn't called before then. This is its rank now.
    pub(super) fn put_off(&mut self, ticket: Ticket, rank: u8, not_before: Instant) {
        self.give_back(ticket);
        if let Some(waiter) = self.present.iter_mut().find(|waiter| waiter.ticket == ticket) {
            (waiter.rank, waiter.not_before, waiter.was_put_off, waiter.called) = (rank, not_before, true, None);
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
        let Some((origin, name)) = waiter.called else { return };
        restore(&mut self.names, (waiter.origin, waiter.name.clone()), name);
        restore(&mut self.origins, waiter.origin, origin);
    }
}

fn restore<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, before: Option<V>) {
    match before {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
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

    /// The turns that one origin gets of forty, while three guessers come from another address each time.
    fn turns_amid_newcomers(rank: u8) -> usize {
        let (mut line, now) = (Line::default(), Instant::now());
        let class: Vec<_> = (0..40).map(|i| line.join(origin(1), &name(&format!("n{i}")), rank, now)).collect();
        let mut last = 100;
        let turns = (0..40).filter(|_| {
            while line.present.iter().filter(|waiter| waiter.origin != origin(1)).count() < 3 {
                last += 1;
                line.join(origin(last), &name("eve"), LAST, now);
            }
            let called = line.call(now).unwrap();
            line.leave(called, true);
            class.contains(&called)
        });
        turns.count()
    }

    #[test]
    fn new_origins_without_end_keep_nobody_out() {
        assert_eq!(turns_amid_newcomers(LAST), 10, "it takes turns with the three");
        assert_eq!(turns_amid_newcomers(0), 40, "those at home come first");
        assert_eq!(turns_amid_newcomers(RANK_IN), 10, "but for those who are in");
    }

    #[test]
    fn of_those_who_were_put_off_the_last_goes_first() {
        let (mut line, now) = (Line::default(), Instant::now());
        let soon = now + Duration::from_secs(1);
        let waiting: Vec<_> = (0..3).map(|i| line.join(origin(1), &name(&format!("n{i}")), 0, now)).collect();
        for ticket in &waiting {
            assert_eq!(line.call(now), Some(*ticket));
            // Somebody has failed in the last one's name meanwhile.
            line.put_off(*ticket, u8::from(*ticket == waiting[2]), soon);
        }
        assert_eq!(turns(&mut line, soon), [waiting[1], waiting[0], waiting[2]]);
    }

    #[test]
    fn of_those_who_were_put_off_one_has_a_turn_at_a_time() {
        let (mut line, now) = (Line::default(), Instant::now());
        let waiting: Vec<_> = (0..2).map(|i| line.join(origin(1), &name(&format!("n{i}")), 0, now)).collect();
        waiting.iter().for_each(|_| {
            let ticket = line.call(now).unwrap();
            line.put_off(ticket, 0, now + Duration::from_secs(1));
        });
        let soon = now + Duration::from_secs(1);
        let elsewhere = line.join(origin(2), &name("eve"), 0, soon);
        let first = line.call(soon).unwrap();
        let others: Vec<_> = std::iter::from_fn(|| line.call(soon)).collect();
        assert_eq!((first, others), (waiting[1], vec![elsewhere]));
        line.leave(first, true);
        assert_eq!(line.call(soon), Some(waiting[0]));
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
        line.put_off(late, 0, soon);
        assert_eq!(line.call(now), Some(early));
        line.put_off(early, 2, soon);
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
