//! Comings and goings of many at once: one line tells of them, a moment later. Whoever comes or goes alone is shown at
//! once.

use super::presence::reason_name;
use crate::protocol::Reason;
use crate::sanitize;
use std::time::{Duration, Instant};

/// Who comes or goes so long after the last one is alone; and a crowd in which nobody did for so long is whole.
const QUIET: Duration = Duration::from_secs(3);
/// How long somebody may wait for the others of a crowd.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How many may wait. More than anybody has in a room.
const WAITING_MAX: usize = 1_000;
/// How many are named in a line. One more is named too: `and 1 other` would be no shorter.
const NAMED_MAX: usize = 3;

/// Who has come and gone and isn't shown yet.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// When somebody last came or went.
    last: Option<Instant>,
    /// Since when somebody waits.
    since: Option<Instant>,
    /// Who waits, each once, in the order in which they last came or went.
    waiting: Vec<Move>,
    /// The wire's time of the first of them.
    time: String,
}

/// Somebody came, or went for this reason.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Move {
    name: String,
    gone: Option<Reason>,
}

impl Crowd {
    /// Somebody came, or has `gone`. True if they are alone, and to be shown at once.
    pub(super) fn is_alone(&mut self, name: &str, gone: Option<Reason>, time: &str, now: Instant) -> bool {
        let alone = self.last.replace(now).is_none_or(|last| now.saturating_duration_since(last) >= QUIET);
        if alone && self.waiting.is_empty() {
            return true;
        }
        // Of who comes and goes, only the end matters.
        self.waiting.retain(|other| other.name != name);
        self.waiting.push(Move { name: name.to_owned(), gone });
        if self.since.is_none() {
            (self.since, self.time) = (Some(now), time.to_owned());
        }
        false
    }

    /// How long those who wait still do; None if nobody does.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let (last, since) = (self.last?, self.since?);
        if self.waiting.len() >= WAITING_MAX {
            return Some(Duration::ZERO);
        }
        Some((last + QUIET).min(since + WAIT_MAX).saturating_duration_since(now))
    }

    /// The wire's time of the first who waits; None if nobody does.
    pub(super) fn time(&self) -> Option<&str> {
        self.since.map(|_| &*self.time)
    }

    /// Those who wait, in a line for each way; nobody waits any more.
    pub(super) fn lines(&mut self) -> Vec<String> {
        self.since = None;
        let waiting = std::mem::take(&mut self.waiting);
        let (left, joined): (Vec<_>, Vec<_>) = waiting.iter().partition(|moved| moved.gone.is_some());
        let mut lines = Vec::new();
        if !joined.is_empty() {
            lines.push(format!("* {} joined", names(&joined)));
        }
        if let Some(reason) = left.first().and_then(|first| first.gone) {
            let same = left.iter().all(|other| other.gone == Some(reason));
            let why = if same { format!(" ({})", reason_name(reason)) } else { String::new() };
            lines.push(format!("* {} left{why}", names(&left)));
        }
        // What happened first is told first.
        if waiting.first().is_some_and(|first| first.gone.is_some()) {
            lines.reverse();
        }
        lines
    }
}

/// `ada, bob, eve and 20 others`.
fn names(moves: &[&Move]) -> String {
    let named = if moves.len() <= NAMED_MAX + 1 { moves.len() - 1 } else { NAMED_MAX };
    let (first, rest) = moves.split_at(named);
    let first: Vec<_> = first.iter().map(|moved| sanitize::line(&moved.name)).collect();
    let last = match rest {
        [last] => sanitize::line(&last.name).into_owned(),
        others => format!("{} others", others.len()),
    };
    if first.is_empty() { last } else { format!("{} and {last}", first.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn whoever_is_alone_is_shown_at_once() {
        let (mut crowd, start) = (Crowd::default(), Instant::now());
        for visit in 0..5 {
            assert!(crowd.is_alone("bob", None, "x", start + QUIET * visit));
            assert_eq!(crowd.wait(start + QUIET * visit), None);
        }
    }

    #[test]
    fn a_crowd_waits_until_it_is_whole_but_not_for_long() {
        let (mut crowd, start) = (Crowd::default(), Instant::now());
        assert!(crowd.is_alone("user0", None, "x", start));
        for index in 1..25 {
            assert!(!crowd.is_alone(&format!("user{index}"), None, "x", start));
        }
        assert_eq!(crowd.wait(start + SECOND), Some(QUIET - SECOND));
        assert_eq!(crowd.wait(start + QUIET), Some(Duration::ZERO));
        assert_eq!(crowd.lines(), ["* user1, user2, user3 and 21 others joined"]);
        assert_eq!((crowd.wait(start), crowd.lines()), (None, Vec::new()));
        // One a second, without an end.
        let mut later = start + 2 * QUIET;
        assert!(crowd.is_alone("one", None, "x", later));
        let since = later + SECOND;
        while crowd.wait(later) != Some(Duration::ZERO) {
            later += SECOND;
            assert!(!crowd.is_alone("another", None, "x", later));
            assert!(later <= since + WAIT_MAX);
        }
    }

    #[test]
    fn told_in_words() {
        let (start, none) = (Instant::now(), None);
        let (timeout, logout) = (Some(Reason::Timeout), Some(Reason::Logout));
        for (moves, expected) in [
            (vec![("a", none)], vec!["* a joined"]),
            (vec![("a", timeout)], vec!["* a left (timeout)"]),
            (vec![("a", none), ("b", none)], vec!["* a and b joined"]),
            (vec![("a", none), ("b", none), ("c", none), ("d", none)], vec!["* a, b, c and d joined"]),
            (vec![("a", timeout), ("b", timeout), ("c", none)], vec!["* a and b left (timeout)", "* c joined"]),
            (vec![("c", none), ("a", timeout), ("b", logout)], vec!["* c joined", "* a and b left"]),
            (vec![("a", logout), ("b", none), ("a", none)], vec!["* b and a joined"]),
        ] {
            let mut crowd = Crowd::default();
            crowd.is_alone("before", None, "x", start);
            for (name, gone) in moves {
                assert!(!crowd.is_alone(name, gone, "x", start));
            }
            assert_eq!(crowd.lines(), expected);
        }
    }

    #[test]
    fn no_more_wait_than_may() {
        let (mut crowd, start) = (Crowd::default(), Instant::now());
        crowd.is_alone("before", None, "x", start);
        for index in 0..WAITING_MAX {
            assert_ne!(crowd.wait(start), Some(Duration::ZERO));
            crowd.is_alone(&format!("user{index}"), None, "x", start);
        }
        assert_eq!(crowd.wait(start), Some(Duration::ZERO));
    }
}
