//! What of a lesson ends by itself: floors and polls whose time is over, hands of those who are gone.

use super::{floor, hands, polls};
use crate::protocol::{RoomName, Username};
use crate::server::state::{Change, Server};
use crate::server::timeline::Appending;
use crate::sync::lock;
use std::collections::{BTreeSet, HashMap};
use std::thread;
use std::time::{Duration, Instant};

/// How long somebody may be offline whose hand is up: a connection that breaks off, a server that begins anew.
const HAND_STAYS: Duration = Duration::from_secs(120);
/// How often it is looked, as long as anything is to end: lived time goes on while the machine sleeps, and no wait tells
/// of that.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who is offline whose hand is up, and since when.
#[derive(Debug, Default)]
pub(crate) struct Absences(HashMap<Username, Instant>);

impl Absences {
    /// Those of `up` who have been offline for too long.
    fn too_long(
        &mut self,
        up: &BTreeSet<Username>,
        is_online: impl Fn(&Username) -> bool,
        now: Instant,
    ) -> BTreeSet<Username> {
        self.0.retain(|name, _| up.contains(name) && !is_online(name));
        for name in up.iter().filter(|name| !is_online(name)) {
            self.0.entry(name.clone()).or_insert(now);
        }
        let is_gone = |since: &Instant| now.saturating_duration_since(*since) >= HAND_STAYS;
        self.0.iter().filter(|(_, since)| is_gone(since)).map(|(name, _)| name.clone()).collect()
    }
}

/// Ends what is to end. After how long it is to be looked again; None: when something changes.
pub(crate) fn look(server: &Server, absences: &mut Absences) -> Option<Duration> {
    let now = server.clock.now();
    let (next_end, up) = server.lesson.now(|kept| {
        let up = kept.rooms().flat_map(|(_, room)| room.hands.iter().map(|hand| hand.username.clone()));
        (kept.next_end(&now), up.collect::<BTreeSet<_>>())
    });
    let registry = lock(server.chat.registry());
    let gone = absences.too_long(&up, |name| registry.is_online(name.as_str()), Instant::now());
    drop(registry);
    if next_end.is_some_and(|left| left.is_zero()) || !gone.is_empty() {
        end(server, &gone);
    }
    (next_end.is_some() || !up.is_empty()).then_some(LOOK_EVERY)
}

/// Ends what is due, and takes down the hands of those who are gone. Where that can't be told it holds on, and is tried again
/// with the next look.
fn end(server: &Server, gone: &BTreeSet<Username>) {
    let mut change = server.lesson.begin();
    let mut events = floors(server, &mut change);
    events.extend(hands_of(&mut change, gone));
    let now = server.clock.now();
    let is_over = |timer: &crate::server::state::Timer| timer.is_over(&now);
    let due: Vec<u64> = change
        .draft
        .polls
        .iter()
        .filter(|poll| poll.timer.as_ref().is_some_and(is_over))
        .map(|poll| poll.poll)
        .collect();
    events.extend(due.into_iter().filter_map(|poll| polls::close(server, &mut change, poll, None, None)));
    change.show();
    match server.chat.tell_all(events) {
        Ok(_) => change.keep(),
        Err(_) => {
            change.drop_shown();
            thread::sleep(LOOK_EVERY);
        }
    }
}

fn floors(server: &Server, change: &mut Change<'_>) -> Vec<Appending<'static>> {
    let now = server.clock.now();
    let rooms: Vec<RoomName> = change.draft.rooms().map(|(room, _)| room.clone()).collect();
    let mut ended: BTreeSet<RoomName> = BTreeSet::new();
    ended.extend(rooms.into_iter().filter(|room| change.draft.room_mut(room).floor.end_if_due(&now)));
    if change.draft.whispers.end_if_due(&now) {
        ended.insert(RoomName::general());
    }
    ended.iter().map(|room| floor::event(&change.draft, room, None, None)).collect()
}

fn hands_of(change: &mut Change<'_>, gone: &BTreeSet<Username>) -> Vec<Appending<'static>> {
    let rooms: Vec<RoomName> = change.draft.rooms().map(|(room, _)| room.clone()).collect();
    let mut events = Vec::new();
    for room in rooms {
        let up = &mut change.draft.room_mut(&room).hands;
        let down = gone.iter().filter(|name| up.lower(name));
        events.extend(down.map(|name| hands::event(&room, name, None, false, None, None)));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_absence_is_none() {
        let (mut absences, start) = (Absences::default(), Instant::now());
        let [ada, bob] = ["ada", "bob"].map(|text| Username::parse(text).unwrap());
        let up = BTreeSet::from([ada.clone(), bob.clone()]);
        let mut look = |online: &[&Username], seconds: u64| {
            let gone = absences.too_long(&up, |name| online.contains(&name), start + Duration::from_secs(seconds));
            gone.into_iter().map(|name| name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(look(&[&bob], 0), [""; 0]);
        assert_eq!(look(&[&bob], 119), [""; 0]);
        assert_eq!(look(&[&ada, &bob], 119), [""; 0], "she is back");
        assert_eq!(look(&[&ada], 130), [""; 0]);
        assert_eq!(look(&[], 200), [""; 0]);
        assert_eq!(look(&[], 250), ["bob"]);
        assert_eq!(look(&[], 320), ["ada", "bob"]);
    }
}
