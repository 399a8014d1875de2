//! When something was: the time of day here, and whether another day has begun.

use super::layout::Page;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Write;

/// Tells the time in one place.
#[derive(Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    /// The day of what was shown last; None: whatever day comes first.
    day: Cell<Option<Date>>,
}

impl Clock {
    /// In `zone`, where it is today.
    pub(super) fn new(zone: TimeZone) -> Self {
        let day = Cell::new(Some(zone.to_datetime(Timestamp::now()).date()));
        Self { zone, day }
    }

    /// Where it tells the time.
    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The next event begins no new day.
    pub(super) fn forget_day(&self) {
        self.day.set(None);
    }

    /// Appends a line with the day, if it isn't that of what was shown last.
    pub(super) fn new_day(&self, time: &str, out: &mut Page) {
        let Ok(timestamp) = time.parse::<Timestamp>() else { return };
        let day = self.zone.to_datetime(timestamp).date();
        if self.day.replace(Some(day)).is_some_and(|before| before != day) {
            let _ = writeln!(out, "* it is {}", day.strftime("%A, %Y-%m-%d"));
        }
    }

    /// The time of day here.
    pub(super) fn time(&self, time: &str) -> Cow<'static, str> {
        match time.parse::<Timestamp>() {
            Ok(timestamp) => {
                let here = self.zone.to_datetime(timestamp);
                format!("{:02}:{:02}", here.hour(), here.minute()).into()
            }
            Err(_) => "--:--".into(),
        }
    }

    /// Day and time of day here.
    pub(super) fn moment(&self, time: &str) -> String {
        let here = time.parse::<Timestamp>().map(|timestamp| self.zone.to_datetime(timestamp));
        here.map_or_else(|_| "an unknown time".into(), |here| here.strftime("%Y-%m-%d %H:%M").to_string())
    }
}
