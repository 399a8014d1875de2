//! Which comings and goings are told at once, and which only when they have settled.
//!
//! An account that comes and goes all the time would else be told, and written to the journal, hundreds of times a
//! second. Here is no clock and no lock: it takes changes and moments, and gives back what is to be told.

use crate::protocol::{Reason, Username};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How many changes of an account are told at once after a pause: four comings and four goings, as when a laptop is
/// opened and closed again, or the Wi-Fi is bad.
const TOLD_AT_ONCE: u32 = 8;
/// And after how long there is one more: ten lines a minute, of whoever does nothing else.
const TOLD_EVERY: Duration = Duration::from_secs(6);
/// An account has settled when nothing has changed for so long.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// What an account did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Move {
    /// Its first session began.
    Came,
    /// Its last session ended.
    Went(Reason),
}

/// Who was told to be there, and what is still to be told.
#[derive(Debug, Default)]
pub(super) struct Presence {
    told: HashSet<Username>,
    /// Until when what was told of an account is paid for, where anything ever was: [`TOLD_EVERY`] each.
    paid_until: HashMap<Username, Instant>,
    unsettled: HashMap<Username, Unsettled>,
}

/// What an account did last, and when, since it came and went too often.
#[derive(Clone, Copy, Debug)]
struct Unsettled {
    last: Move,
    at: Instant,
}

impl Presence {
    /// An account came or went. True if that is to be told now.
    pub(crate) fn change(&mut self, name: &Username, what: Move, now: Instant) -> bool {
        let news = self.told.contains(name) != (what == Move::Came);
        if news && !self.unsettled.contains_key(name) && self.free_at(name, now) <= now {
            self.tell(name, what, now);
            return true;
        }
        self.unsettled.insert(name.clone(), Unsettled { last: what, at: now });
        false
    }

    /// What an account did last is to be told now, if it isn't yet.
    pub(super) fn insist(&mut self, name: &Username, now: Instant) -> Option<Move> {
        let Unsettled { last, .. } = *self.unsettled.get(name)?;
        let news = self.told.contains(name) != (last == Move::Came);
        news.then(|| self.tell(name, last, now))
    }

    /// What was told of an account so far costs it nothing: another one has its name now.
    pub(super) fn forgive(&mut self, name: &Username) {
        self.paid_until.remove(name);
    }

    /// What has settled and is to be told now.
    pub(super) fn settled(&mut self, now: Instant) -> Vec<(Username, Move)> {
        let due = |name: &&Username| self.due(name, now) <= now;
        let names: Vec<_> = self.unsettled.keys().filter(due).cloned().collect();
        let mut news = Vec::new();
        for name in names {
            news.extend(self.insist(&name, now).map(|what| (name.clone(), what)));
            self.unsettled.remove(&name);
        }
        news
    }

    /// When [`settled`](Self::settled) is to be asked, if nothing changes until then.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.unsettled.keys().map(|name| self.due(name, now)).min()
    }

    /// How many accounts have not settled.
    pub(super) fn unsettled(&self) -> usize {
        self.unsettled.len()
    }

    fn tell(&mut self, name: &Username, what: Move, now: Instant) -> Move {
        match what {
            Move::Came => self.told.insert(name.clone()),
            Move::Went(_) => self.told.remove(name),
        };
        let paid_until = self.paid_until.entry(name.clone()).or_insert(now);
        *paid_until = (*paid_until).max(now) + TOLD_EVERY;
        what
    }

    /// When something may be told of an account: now, or later.
    fn free_at(&self, name: &Username, now: Instant) -> Instant {
        let Some(&paid_until) = self.paid_until.get(name) else { return now };
        now + paid_until.saturating_duration_since(now + TOLD_EVERY * (TOLD_AT_ONCE - 1))
    }

    fn due(&self, name: &Username, now: Instant) -> Instant {
        let Some(Unsettled { last, at }) = self.unsettled.get(name) else { return now };
        let news = self.told.contains(name) != (*last == Move::Came);
        let quiet = *at + SETTLED_AFTER;
        if news { quiet.max(self.free_at(name, now)) } else { quiet }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAME: Move = Move::Came;
    const WENT: Move = Move::Went(Reason::Disconnected);

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    /// Ada comes and goes so often within a moment. How much of it is told.
    fn flap(presence: &mut Presence, times: usize, now: Instant) -> usize {
        (0..times).flat_map(|_| [CAME, WENT]).filter(|&what| presence.change(&name("ada"), what, now)).count()
    }

    #[test]
    fn a_few_changes_are_told_at_once_and_the_rest_when_all_is_quiet() {
        let (mut presence, now, ada) = (Presence::default(), Instant::now(), name("ada"));
        assert_eq!(flap(&mut presence, 500, now), 8);
        assert!(presence.change(&name("bob"), CAME, now), "others are told as ever");
        assert!(!presence.change(&ada, CAME, now));
        let due = presence.next_due(now).unwrap();
        assert_eq!(due, now + TOLD_EVERY, "quiet, and paid for");
        assert_eq!(presence.settled(due - Duration::from_millis(1)), []);
        assert_eq!(presence.settled(due), [(ada, CAME)]);
        assert_eq!(presence.next_due(due), None);
    }

    #[test]
    fn whoever_never_settles_is_never_told_of() {
        let (mut presence, start) = (Presence::default(), Instant::now());
        let second = |second| start + Duration::from_secs(second);
        let told: usize =
            (0..3600).map(|i| flap(&mut presence, 1, second(i)) + presence.settled(second(i)).len()).sum();
        assert_eq!(told, 8);
        // And whoever waits just long enough is told of ten times a minute.
        let told: usize = (3600..7200)
            .step_by(4)
            .enumerate()
            .map(|(i, at)| {
                let settled = presence.settled(second(at)).len();
                settled + usize::from(presence.change(&name("ada"), if i % 2 == 0 { CAME } else { WENT }, second(at)))
            })
            .sum();
        assert!((100..=610).contains(&told), "{told}");
    }

    #[test]
    fn who_is_where_everyone_believes_is_not_told_of() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        flap(&mut presence, 5, now);
        let due = presence.next_due(now).unwrap();
        assert_eq!(due, now + SETTLED_AFTER);
        assert_eq!(presence.settled(due), []);
        assert_eq!(presence.next_due(due), None);
        assert!(presence.change(&name("ada"), CAME, now + Duration::from_secs(60)), "after a pause it is told at once");
    }

    #[test]
    fn what_is_insisted_on_is_told_once() {
        let (mut presence, now, ada) = (Presence::default(), Instant::now(), name("ada"));
        flap(&mut presence, 4, now);
        presence.change(&ada, CAME, now);
        assert_eq!(presence.insist(&ada, now), Some(CAME));
        assert_eq!(presence.insist(&ada, now), None);
        assert!(!presence.change(&ada, WENT, now));
        assert_eq!(presence.insist(&ada, now), Some(WENT));
        assert_eq!(presence.settled(now + Duration::from_secs(60)), []);
        assert_eq!(presence.insist(&name("bob"), now), None);
    }
}
