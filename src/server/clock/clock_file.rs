//! `clock.json`: what is remembered of time over a restart.

use super::now::Pause;
use crate::files;
use crate::reason::{self, Reason};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// How many turns and pauses are remembered: more than a year of a machine that is wrong about the time each morning.
pub(super) const TURNS_MAX: usize = 400;

/// By so little a clock is set while it runs right.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_mins(2);
/// How often it is written when nothing has happened: so much lived time is lost at the most, in a crash whose next start
/// has a wrong clock.
pub(super) const WRITTEN_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What a server knew of time when it was last heard of.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    /// What the system's clock said.
    pub(super) system: Timestamp,
    /// What events bore.
    pub(super) shown: Timestamp,
    /// How far lived time had come.
    pub(super) lived: Timestamp,
    /// Where events began to bear other times than lived ones, oldest first. Before the first they bear these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) turns: Vec<Turn>,
    /// Pauses that were found out late, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) pauses: Vec<Pause>,
}

/// From the event after this one on, events bear times that are so far ahead of lived time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Turn {
    /// The seq of the event before.
    pub(super) after: u64,
    /// When that was, in lived time.
    pub(super) lived: Timestamp,
    /// How far; negative where behind.
    pub(super) ahead_seconds: i64,
}

impl Kept {
    /// All that the newest event tells, where there is no file.
    pub(super) fn of_event(time: Timestamp) -> Self {
        Self { system: time, shown: time, lived: time, turns: Vec::new(), pauses: Vec::new() }
    }

    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// It can't be read, or is none; with what to do.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, String> {
        match files::read(path) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|e| {
                format!(
                    "{} is damaged: {}; put a copy of it in its place, or remove it: then ages go by the times of what \
                     was said",
                    path.display(),
                    Reason(&e)
                )
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        }
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        files::replace(path, &text)
    }

    /// When an event happened, in lived time.
    pub(super) fn lived_of(&self, seq: u64, time: Timestamp) -> Timestamp {
        let index = self.turns.partition_point(|turn| turn.after < seq);
        let ahead = index.checked_sub(1).map_or(0, |index| self.turns[index].ahead_seconds);
        // No event is younger than the turn that came after it.
        let end = self.turns.get(index).map_or(self.lived, |turn| turn.lived);
        later(time, SignedDuration::from_secs(ahead.saturating_neg())).min(end)
    }

    /// Notes that from the event after `after` on, times are so far ahead.
    pub(super) fn turn(&mut self, after: u64, ahead_seconds: i64) {
        self.turns.push(Turn { after, lived: self.lived, ahead_seconds });
        if self.turns.len() > TURNS_MAX {
            // Of two that are made one, whatever makes their events younger: nothing goes too early.
            let oldest = self.turns.remove(0);
            let Turn { ahead_seconds, .. } = self.turns[0];
            self.turns[0] = Turn { ahead_seconds: ahead_seconds.min(oldest.ahead_seconds), ..oldest };
        }
    }

    /// Notes that before the start at `before` there was a pause of so many seconds, in place of what was thought before.
    pub(super) fn pause(&mut self, before: Timestamp, seconds: i64) {
        self.pauses.retain(|pause| pause.before != before);
        self.pauses.push(Pause { before, seconds });
        if self.pauses.len() > TURNS_MAX {
            self.pauses.remove(0);
        }
    }
}

/// A moment so much later, or earlier.
pub(super) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}
