//! What was reckoned already of who was there: places in the journal where a reading can begin, and readings that go on with
//! another request. All of it is in memory alone, and can be reckoned anew.

use crate::protocol::{Attendee, Username};
use crate::server::timeline::attendance::{Attendance, Place};
use crate::sync::lock;
use jiff::{Timestamp, tz::TimeZone};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

/// A place is remembered after so many stretches (of 256 KiB): four days of a busy class. As much is read at most that comes
/// before what was asked for.
const STRETCHES_PER_PLACE: usize = 16;
/// How many names all places together may hold, of those who are there: some 20 MB. The oldest places go first.
const NAMES_MAX: usize = 200_000;
/// How many readings are kept; the oldest go first. Staff of a school hardly ask all at once for a whole month.
const READINGS_MAX: usize = 8;

/// What was reckoned already.
#[derive(Debug)]
pub(crate) struct Rollbook {
    /// Where days begin, unless somebody says otherwise. Found once: that takes more stack than a session has.
    pub(crate) zone: TimeZone,
    /// Ascending.
    places: Mutex<Vec<Place>>,
    /// Oldest first.
    readings: Mutex<VecDeque<Reading>>,
    /// Held over each stretch that is read: however many ask, they keep no more than one core busy.
    turn: Mutex<()>,
}

/// What was asked for, as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Query {
    pub(crate) by: Username,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) group: Option<String>,
}

/// A reading of the journal.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) query: Query,
    pub(crate) state: Progress,
}

/// How far it has come.
#[derive(Debug)]
pub(crate) enum Progress {
    /// It ends with the event `upto`; so many stretches were read since a place was remembered.
    UnderWay { attendance: Box<Attendance>, upto: u64, stretches: usize },
    /// All is read.
    Done(Vec<Attendee<'static>>),
}

impl Rollbook {
    /// Nothing was reckoned yet, in this time zone.
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, places: Mutex::default(), readings: Mutex::default(), turn: Mutex::default() }
    }

    /// The latest place that all of what happened from `from` on comes behind, if the journal still has what comes right
    /// behind it: its oldest event is `oldest`.
    pub(crate) fn place_before(&self, from: Timestamp, oldest: u64) -> Place {
        let places = lock(&self.places);
        let usable = |place: &&Place| place.is_before(from) && place.seq() + 1 >= oldest;
        places.iter().rev().find(usable).cloned().unwrap_or_default()
    }

    /// One more stretch was read up to `place`: remembers that where it is time to.
    pub(crate) fn note(&self, place: &Place, stretches: &mut usize) {
        *stretches += 1;
        if *stretches < STRETCHES_PER_PLACE {
            return;
        }
        *stretches = 0;
        let mut places = lock(&self.places);
        if let Err(index) = places.binary_search_by_key(&place.seq(), Place::seq) {
            places.insert(index, place.clone());
        }
        while places.iter().map(|place| 1 + place.present()).sum::<usize>() > NAMES_MAX {
            places.remove(0);
        }
    }

    /// Takes out what was kept of a reading.
    pub(crate) fn take(&self, query: &Query) -> Option<Reading> {
        let mut readings = lock(&self.readings);
        let index = readings.iter().position(|reading| reading.query == *query)?;
        readings.remove(index)
    }

    /// Keeps a reading for the next request.
    pub(crate) fn keep(&self, reading: Reading) {
        let mut readings = lock(&self.readings);
        readings.retain(|other| other.query != reading.query);
        if readings.len() >= READINGS_MAX {
            readings.pop_front();
        }
        readings.push_back(reading);
    }

    /// Forgets all of it: somebody is called otherwise in what it was reckoned from.
    pub(crate) fn forget(&self) {
        lock(&self.places).clear();
        lock(&self.readings).clear();
    }

    /// Waits for the turn to read a stretch.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        lock(&self.turn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::timeline::Record;

    #[test]
    fn places_are_found_again_and_bounded() {
        let at = |minute: u64| Timestamp::from_second(60 * minute as i64).unwrap();
        let book = Rollbook::new(TimeZone::UTC);
        let mut attendance = Attendance::new((at(0), at(1)), Place::default(), Vec::new());
        let mut stretches = 0;
        for seq in 1..=100 {
            let line = serde_json::json!({"type": "joined", "seq": seq, "time": at(seq).to_string(), "username": format!("u{seq}")});
            let line = line.to_string();
            attendance.take(line.as_bytes(), &Record::parse(line.as_bytes()).unwrap()).unwrap();
            book.note(attendance.place(), &mut stretches);
        }
        let found = |minute, oldest| book.place_before(at(minute), oldest).seq();
        assert_eq!([found(0, 1), found(16, 1), found(17, 1), found(99, 1)], [0, 0, 16, 96]);
        assert_eq!([found(40, 33), found(40, 34)], [32, 0], "what comes right behind it is gone");
        let query = |by: &str| Query { by: Username::parse(by).unwrap(), from: None, to: None, group: None };
        let done = |by: &str| Reading { query: query(by), state: Progress::Done(Vec::new()) };
        (0..20).for_each(|by| book.keep(done(&format!("t{by}"))));
        assert_eq!(lock(&book.readings).len(), READINGS_MAX);
        assert!(book.take(&query("t11")).is_none() && book.take(&query("t12")).is_some());
        assert!(book.take(&query("t12")).is_none());
    }
}
