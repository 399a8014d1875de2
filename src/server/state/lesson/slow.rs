//! Who has said something in a slow room, and when. In memory alone: after a restart everyone may speak.

use crate::protocol::{RoomName, SLOW_SECONDS_MAX, Username};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Of so many it is remembered; beyond, those go whom no room makes wait any more.
const REMEMBERED: usize = 10_000;

/// When each of those who spoke in a slow room did so last, room by room.
#[derive(Debug, Default)]
pub(crate) struct Paces(HashMap<(RoomName, Username), Instant>);

/// A turn that was taken, to be given back where nothing comes of it.
#[derive(Debug)]
pub(crate) struct Turn {
    key: (RoomName, Username),
    before: Option<Instant>,
}

impl Paces {
    /// Somebody speaks in a room where everyone waits so long between two messages.
    ///
    /// # Errors
    /// How long they wait.
    pub(crate) fn take(
        &mut self,
        room: &RoomName,
        name: &Username,
        seconds: u32,
        now: Instant,
    ) -> Result<Turn, Duration> {
        let key = (room.clone(), name.clone());
        let before = self.0.get(&key).copied();
        let since = before.map(|before| now.saturating_duration_since(before));
        let left = since.and_then(|since| Duration::from_secs(seconds.into()).checked_sub(since));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Err(left);
        }
        if self.0.len() >= REMEMBERED {
            let longest = Duration::from_secs(SLOW_SECONDS_MAX.into());
            self.0.retain(|_, spoke| now.saturating_duration_since(*spoke) < longest);
        }
        self.0.insert(key.clone(), now);
        Ok(Turn { key, before })
    }

    /// An account is no more.
    pub(super) fn forget(&mut self, name: &Username) {
        self.0.retain(|(_, who), _| who != name);
    }

    /// It wasn't said after all.
    pub(crate) fn give_back(&mut self, turn: Turn) {
        match turn.before {
            Some(before) => self.0.insert(turn.key, before),
            None => self.0.remove(&turn.key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waits_in_each_room_for_themselves() {
        let (mut paces, start) = (Paces::default(), Instant::now());
        let [ada, bob] = ["ada", "bob"].map(|text| Username::parse(text).unwrap());
        let (chess, general) = (RoomName::parse("chess").unwrap(), RoomName::general());
        let later = |seconds| start + Duration::from_secs(seconds);
        paces.take(&chess, &ada, 10, start).unwrap();
        assert_eq!(paces.take(&chess, &ada, 10, later(4)).unwrap_err(), Duration::from_secs(6));
        assert!(paces.take(&chess, &ada, 3, later(4)).is_ok(), "a quicker room");
        assert!(paces.take(&chess, &bob, 10, later(4)).is_ok() && paces.take(&general, &ada, 10, later(4)).is_ok());
        let turn = paces.take(&chess, &ada, 10, later(14)).unwrap();
        paces.give_back(turn);
        assert!(paces.take(&chess, &ada, 10, later(15)).is_ok(), "nothing came of it");
        assert!(paces.take(&chess, &ada, 10, later(24)).is_err() && paces.take(&chess, &ada, 10, later(25)).is_ok());
    }
}
