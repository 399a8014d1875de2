//! Which events bear times that are too late, since the system's clock was ahead when they were made: for people who read
//! them. No age goes by that.

use super::clock_file::{Kept, SLACK, later};
use crate::durations;
use crate::protocol::format_time;
use jiff::{SignedDuration, Timestamp};

impl Kept {
    /// What to tell where times go back to so far ahead of lived ones.
    pub(super) fn going_back(&self, ahead: SignedDuration) -> String {
        self.tell(self.turns.len(), self.shown, ahead.as_secs())
    }

    /// What is to be known of the last time that times went back.
    pub(crate) fn went_back(&self) -> Option<String> {
        let index = (0..self.turns.len()).rev().find(|&index| {
            let now = self.turns[index].ahead_seconds;
            self.ahead_before(index).saturating_sub(now) > SLACK.as_secs()
        })?;
        let turn = self.turns[index];
        let until = later(turn.lived, SignedDuration::from_secs(self.ahead_before(index)));
        Some(self.tell(index, until, turn.ahead_seconds))
    }

    /// How far ahead events were before this turn.
    fn ahead_before(&self, turn: usize) -> i64 {
        turn.checked_sub(1).map_or(0, |before| self.turns[before].ahead_seconds)
    }

    /// What was said further ahead than `ahead`, before this turn and until `until`.
    fn tell(&self, turn: usize, until: Timestamp, ahead: i64) -> String {
        let right = ahead.saturating_add(SLACK.as_secs());
        let last_right = self.turns[..turn].iter().rposition(|turn| turn.ahead_seconds <= right);
        let first_wrong = match last_right {
            None if right < 0 => None,
            None => self.turns[..turn].first(),
            Some(index) => self.turns[..turn].get(index + 1),
        };
        let since = first_wrong.map_or_else(
            || "up to".into(),
            |turn| {
                let from = later(turn.lived, SignedDuration::from_secs(turn.ahead_seconds));
                format!("from {} to", format_time(from))
            },
        );
        let too_late = SignedDuration::from_secs(self.ahead_before(turn).saturating_sub(ahead));
        if too_late <= SLACK {
            return "nothing was said meanwhile".into();
        }
        format!(
            "what was said {since} {} bears times that are {} too late, since the clock was ahead; it stays so, and the \
             order is right all the same",
            format_time(until),
            durations::rounded(too_late.unsigned_abs())
        )
    }
}
