//! The class's door: whether people may make accounts of their own now, and with which code. It is in memory alone: a start
//! finds it closed.

use crate::server::accounts::{Bucket, door_code};
use crate::sync::lock;
use jiff::{SignedDuration, Timestamp};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

/// How many may come in before it closes by itself: some classes. A code that got into the wrong hands fills no disk.
const ENTRIES_MAX: usize = 200;
/// How many may come in at once: a class. Whoever else has the code can't use it up in a moment.
const ENTRIES_BURST: f64 = 40.0;
/// And how many a second after that, so that there's time to close it.
const ENTRIES_PER_SECOND: f64 = 0.5;
/// How long guests stay behind the door's end: until the next day begins.
const GUESTS_STAY: SignedDuration = SignedDuration::from_hours(12);

/// The door.
#[derive(Debug, Default)]
pub(crate) struct ClassDoor(Mutex<Option<Open>>);

/// Why it is closed again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shut {
    /// Its time is over.
    InTime,
    /// So many came in as may.
    Full,
}

/// Why somebody doesn't come in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Barred {
    /// It is closed, or the code isn't its.
    Closed,
    /// Many have just come in: the next one may after so long.
    For(Duration),
}

/// What holds while it is open.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// The code.
    pub(crate) code: String,
    /// Until then, as people read it.
    pub(crate) shown_until: Timestamp,
    /// The group of those who come in.
    pub(crate) group: Option<String>,
    /// When guests who came in are deleted, in lived time. None: it lets none in.
    pub(crate) guests_until: Option<Timestamp>,
}

#[derive(Debug)]
struct Open {
    terms: Terms,
    /// Until then, in lived time.
    until: Timestamp,
    /// How many may still come in.
    left: usize,
    /// How fast they come in.
    pace: Bucket,
}

impl ClassDoor {
    /// Opens it for so long from now (lived, and as people read it), with another code than before.
    pub(crate) fn open(
        &self,
        time: SignedDuration,
        (lived, shown): (Timestamp, Timestamp),
        group: Option<String>,
        guests: bool,
    ) -> Result<Terms, jiff::Error> {
        let until = lived.checked_add(time)?;
        let guests_until = guests.then(|| until.checked_add(GUESTS_STAY)).transpose()?;
        let terms = Terms { code: door_code(), shown_until: shown.checked_add(time)?, group, guests_until };
        *lock(&self.0) = Some(Open {
            terms: terms.clone(),
            until,
            left: ENTRIES_MAX,
            pace: Bucket::new(ENTRIES_BURST, Instant::now()),
        });
        Ok(terms)
    }

    /// Closes it; true if it was open.
    pub(crate) fn close(&self) -> bool {
        lock(&self.0).take().is_some()
    }

    /// What holds at this moment, in lived time; None while it is closed.
    pub(crate) fn terms(&self, lived: Timestamp) -> Option<Terms> {
        lock(&self.0).as_ref().filter(|open| open.holds(lived)).map(|open| open.terms.clone())
    }

    /// What holds if this is its code.
    pub(crate) fn with_code(&self, code: &str, lived: Timestamp) -> Option<Terms> {
        self.terms(lived).filter(|terms| same(&terms.code, code))
    }

    /// One more comes in with this code.
    ///
    /// # Errors
    /// None may any more, or not yet.
    pub(crate) fn enter(&self, code: &str, lived: Timestamp, now: Instant) -> Result<(), Barred> {
        let mut door = lock(&self.0);
        let open = door.as_mut().filter(|open| open.holds(lived) && same(&open.terms.code, code));
        let open = open.ok_or(Barred::Closed)?;
        open.pace.take(ENTRIES_BURST, ENTRIES_PER_SECOND, now).map_err(Barred::For)?;
        open.left -= 1;
        Ok(())
    }

    /// Closes it when it is to be closed, and says why: once.
    pub(crate) fn shut_if_due(&self, lived: Timestamp) -> Option<Shut> {
        let mut door = lock(&self.0);
        let over = door.take_if(|open| !open.holds(lived))?;
        Some(if over.left == 0 { Shut::Full } else { Shut::InTime })
    }
}

impl Open {
    fn holds(&self, lived: Timestamp) -> bool {
        lived < self.until && self.left > 0
    }
}

/// Whether two codes are the same, in any case, with or without the hyphen. Takes as long whatever they have in common.
fn same(code: &str, given: &str) -> bool {
    let form = |text: &str| -> Vec<u8> {
        text.bytes().filter(|b| !b"- ".contains(b)).map(|b| b.to_ascii_lowercase()).collect()
    };
    form(code).ct_eq(&form(given)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    fn open(door: &ClassDoor, now: Timestamp, guests: bool) -> Terms {
        door.open(MINUTE * 10, (now, now), Some("7b".into()), guests).unwrap()
    }

    #[test]
    fn it_is_open_for_its_time_and_told_once() {
        let (door, now) = (ClassDoor::default(), Timestamp::UNIX_EPOCH);
        assert!(door.terms(now).is_none() && !door.close());
        let terms = open(&door, now, false);
        let end = now + MINUTE * 10;
        let just_before = end - SignedDuration::from_millis(1);
        assert!(door.with_code(&terms.code, just_before).is_some() && door.shut_if_due(just_before).is_none());
        assert!(door.with_code(&terms.code, end).is_none() && door.enter(&terms.code, end, Instant::now()).is_err());
        assert_eq!((door.shut_if_due(end), door.shut_if_due(end)), (Some(Shut::InTime), None));
    }

    #[test]
    fn a_code_is_six_characters_and_another_each_time() {
        let (door, now) = (ClassDoor::default(), Timestamp::UNIX_EPOCH);
        let [first, second] = [open(&door, now, false), open(&door, now, true)].map(|terms| terms.code);
        assert!(first != second && first.len() == 7 && first.as_bytes()[3] == b'-', "{first} {second}");
        assert!(door.with_code(&first, now).is_none(), "the older one is worth nothing");
        let typed = second.to_uppercase().replace('-', " ");
        assert!(door.with_code(&typed, now).is_some());
        for wrong in ["", "-", &second[1..], &format!("{second}x")] {
            assert!(door.with_code(wrong, now).is_none(), "{wrong}");
        }
    }

    #[test]
    fn so_many_come_in_and_then_it_closes() {
        let (door, now) = (ClassDoor::default(), Timestamp::UNIX_EPOCH);
        let code = open(&door, now, true).code;
        let start = Instant::now();
        let come_in = |people: usize, at| (0..people).filter(|_| door.enter(&code, now, at).is_ok()).count();
        assert_eq!(come_in(ENTRIES_MAX, start), ENTRIES_BURST as usize, "a class comes in at once");
        assert!(matches!(door.enter(&code, now, start), Err(Barred::For(wait)) if wait <= Duration::from_secs(2)));
        let later = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let others: usize = (1..=10).map(|minutes| come_in(ENTRIES_MAX, later(minutes))).sum();
        assert_eq!(others, ENTRIES_MAX - ENTRIES_BURST as usize);
        assert_eq!(door.enter(&code, now, later(11)), Err(Barred::Closed));
        assert_eq!((door.terms(now).is_none(), door.shut_if_due(now)), (true, Some(Shut::Full)));
    }
}
