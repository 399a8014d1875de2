//! A class that is split: everyone is told of it before anybody is in a group, and of its end behind that of the last group.

use crate::history::{Event, What};
use crate::room::Room;
use crate::violation::Violation;
use std::collections::BTreeSet;

/// A split begins while there is no group, and somebody enters one right behind it. A class is gathered right behind the end of a
/// group, when none is left.
pub(crate) fn check_splits(journal: &[Event], violations: &mut Vec<Violation>) {
    let mut groups: BTreeSet<Room> = BTreeSet::new();
    let mut before: Option<&Event> = None;
    for event in journal {
        let right_behind = before.filter(|before| before.seq + 1 == event.seq).map(|before| before.what);
        if let Some(split) = before.filter(|before| before.what == What::Split) {
            let fits = right_behind.is_some() && matches!(event.what, What::Entered { room, .. } if room.is_group());
            violations.extend((!fits).then_some(Violation::Halved { seq: split.seq }));
        }
        let fits = match event.what {
            What::Entered { room, .. } if room.is_group() => {
                groups.insert(room);
                true
            }
            What::Closed { room } => {
                groups.remove(&room);
                true
            }
            What::Split => groups.is_empty(),
            What::Gathered => {
                groups.is_empty() && matches!(right_behind, Some(What::Closed { room }) if room.is_group())
            }
            _ => true,
        };
        violations.extend((!fits).then_some(Violation::Halved { seq: event.seq }));
        before = Some(event);
    }
    violations.extend(before.filter(|last| last.what == What::Split).map(|last| Violation::Halved { seq: last.seq }));
}
