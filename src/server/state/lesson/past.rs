//! What the journal knows of polls that `lesson.json` doesn't: a kill may come between an event and the file, and somebody
//! may have removed the file. A poll that began goes on; one that was closed is over.

use super::kept::Kept;
use super::polls::{Ask, Poll};
use super::timer::{Moment, Timer};
use crate::protocol::{RoomName, ServerMessage};
use std::collections::{BTreeMap, BTreeSet};

/// The polls of a journal, as far as a start needs them.
#[derive(Debug)]
pub(crate) struct PastPolls {
    /// Those that the file has.
    kept: BTreeSet<u64>,
    /// Those of them that were closed.
    closed: BTreeSet<u64>,
    /// Those that the file doesn't have, as they began, and weren't closed: one a room.
    unknown: BTreeMap<RoomName, ServerMessage<'static>>,
}

impl PastPolls {
    /// None yet, beside what is kept.
    pub(crate) fn beside(kept: &Kept) -> Self {
        let kept = kept.polls.iter().map(|poll| poll.poll).collect();
        Self { kept, closed: BTreeSet::new(), unknown: BTreeMap::new() }
    }

    /// Takes an event's line, oldest first.
    pub(crate) fn add(&mut self, kind: &str, line: &[u8]) {
        if !matches!(kind, "poll" | "poll_closed" | "room_closed") {
            return;
        }
        let named = |room: &str| RoomName::parse(room);
        match serde_json::from_slice::<ServerMessage<'static>>(line) {
            Ok(event @ ServerMessage::Poll { .. }) => {
                let ServerMessage::Poll { seq, room, .. } = &event else { return };
                if let Some(room) = named(room).filter(|_| !self.kept.contains(seq)) {
                    self.unknown.insert(room, event);
                }
            }
            Ok(ServerMessage::PollClosed { poll, room, .. }) => {
                if self.kept.contains(&poll) {
                    self.closed.insert(poll);
                }
                named(&room).and_then(|room| self.unknown.remove(&room));
            }
            Ok(ServerMessage::RoomClosed { room, .. }) => {
                drop(named(&room).and_then(|room| self.unknown.remove(&room)))
            }
            _ => {}
        }
    }

    /// Makes what is kept agree with it. Whether anything changed.
    pub(super) fn apply(self, kept: &mut Kept, now: Moment) -> bool {
        let before = kept.polls.len();
        kept.polls.retain(|poll| !self.closed.contains(&poll.poll));
        let mut changed = kept.polls.len() < before;
        for (room, event) in self.unknown {
            let ServerMessage::Poll { seq, question, options, until, .. } = event else { continue };
            if kept.poll_in(&room).is_some() {
                continue;
            }
            let options = options.into_iter().map(|option| option.into_owned()).collect();
            let timer = until.and_then(|until| Some(Timer::until_shown(until.parse().ok()?, now)));
            kept.polls.push(Poll::new(seq, room, Ask { question: question.into_owned(), options }, timer));
            changed = true;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    const NOW: Moment = Moment { lived: Timestamp::UNIX_EPOCH, shown: Timestamp::UNIX_EPOCH };

    fn poll(seq: u64, room: &str) -> String {
        format!(
            r#"{{"type":"poll","seq":{seq},"time":"t","room":"{room}","from":"ada","poll":{seq},"question":"?","options":["a","b"],"until":"1970-01-01T00:01:30Z"}}"#
        )
    }

    /// The polls that are open with these lines behind a file that has `kept`.
    fn open(kept: &[u64], lines: &[String]) -> Vec<u64> {
        let mut file = Kept::default();
        let ask = Ask { question: "?".into(), options: vec!["a".into(), "b".into()] };
        file.polls.extend(kept.iter().map(|&seq| Poll::new(seq, RoomName::general(), ask.clone(), None)));
        let mut past = PastPolls::beside(&file);
        for line in lines {
            let kind = line.split('"').nth(3).unwrap();
            past.add(kind, line.as_bytes());
        }
        past.apply(&mut file, NOW);
        file.polls.iter().map(|poll| poll.poll).collect()
    }

    #[test]
    fn what_began_goes_on_and_what_was_closed_is_over() {
        let closed = |poll: u64, room: &str| {
            format!(
                r#"{{"type":"poll_closed","seq":9,"time":"t","room":"{room}","poll":{poll},"counts":[0,0],"voted":0,"entitled":0}}"#
            )
        };
        let room_closed = r#"{"type":"room_closed","seq":9,"time":"t","room":"chess"}"#.to_owned();
        assert_eq!(open(&[], &[poll(3, "general"), poll(4, "chess")]), [4, 3]);
        assert_eq!(open(&[3], &[poll(3, "general")]), [3]);
        assert_eq!(open(&[3], &[poll(3, "general"), closed(3, "general")]), [0; 0]);
        assert_eq!(open(&[], &[poll(3, "general"), closed(3, "general"), poll(4, "general")]), [4]);
        assert_eq!(open(&[], &[poll(4, "chess"), room_closed]), [0; 0]);
        assert_eq!(open(&[3], &[poll(3, "general"), closed(3, "general"), poll(5, "general")]), [5]);
    }
}
