//! What was taken back: a terminal can't unprint it, so it's told which message that was.

use super::clock::Clock;
use crate::protocol::ServerMessage;
use crate::sanitize;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Of so many messages it's remembered whose they are: what is on the screen, and a long way back from there.
const REMEMBERED_MAX: usize = 1_000;

/// What was shown last, by its seq.
#[derive(Debug, Default)]
pub(super) struct Shown(RefCell<BTreeMap<u64, What>>);

#[derive(Debug)]
struct What {
    /// `bob`; nobody for a question.
    from: String,
    kind: &'static str,
    time: String,
}

impl Shown {
    /// Remembers what was said.
    pub(super) fn note(&self, message: &ServerMessage<'_>) {
        let (Some(what), Some(seq)) = (What::of(message), message.seq()) else { return };
        let mut shown = self.0.borrow_mut();
        shown.insert(seq, what);
        if shown.len() > REMEMBERED_MAX {
            shown.pop_first();
        }
    }

    /// Whether it was shown, and is remembered.
    pub(super) fn has(&self, seq: u64) -> bool {
        self.0.borrow().contains_key(&seq)
    }

    /// That `from` has taken back the event with this seq, at this time.
    pub(super) fn told(&self, clock: &Clock, me: &str, (event, from, time): (u64, &str, &str)) -> String {
        let (by, at) = (if from == me { "you".into() } else { sanitize::line(from) }, clock.time(time));
        match self.0.borrow().get(&event) {
            // Whoever asked a question took it back: they aren't named.
            Some(What { kind, time, .. }) if from.is_empty() => {
                format!("a {kind} of {} (#{event}) was taken back at {at}", clock.time(time))
            }
            None if from.is_empty() => format!("message #{event} was taken back at {at}"),
            None => format!("{by} took back message #{event} at {at}"),
            Some(What { from: whose, kind, time }) => {
                let whose = if whose == from && from != me { "their".into() } else { owner(whose, me) };
                format!("{by} took back {whose} {kind} of {} (#{event}) at {at}", clock.time(time))
            }
        }
    }
}

/// What stands in the place of something that was taken back; None for all else.
pub(super) fn in_its_place(clock: &Clock, me: &str, message: &ServerMessage<'_>) -> Option<String> {
    let What { from, kind, time } = What::of(message).filter(|_| is_taken_back(message))?;
    Some(format!("{} {kind} of {} was taken back", owner(&from, me), clock.time(&time)))
}

/// Whether an event has no words any more.
pub(super) fn is_taken_back(message: &ServerMessage<'_>) -> bool {
    use ServerMessage::{Announcement, Message, Question, Whisper};
    match message {
        Message { removed, .. } | Whisper { removed, .. } => *removed,
        Question { removed, .. } | Announcement { removed, .. } => *removed,
        _ => false,
    }
}

impl What {
    fn of(message: &ServerMessage<'_>) -> Option<Self> {
        let (from, kind, time) = match message {
            ServerMessage::Message { from, time, .. } => (&**from, "message", time),
            ServerMessage::Whisper { from, time, .. } => (&**from, "whisper", time),
            ServerMessage::Announcement { from, time, .. } => (&**from, "announcement", time),
            ServerMessage::Question { time, .. } => ("", "question", time),
            _ => return None,
        };
        Some(Self { from: from.to_owned(), kind, time: time.to_string() })
    }
}

fn owner<'a>(from: &'a str, me: &str) -> Cow<'a, str> {
    match from {
        "" => "a".into(),
        from if from == me => "your".into(),
        from => format!("{}'s", sanitize::line(from)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn it_is_told_whose_and_which() {
        let (shown, clock) = (Shown::default(), Clock::new(TimeZone::UTC));
        let event = |json: &str| serde_json::from_str::<ServerMessage<'static>>(json).unwrap();
        let message = |seq, from| {
            event(&format!(
                r#"{{"type":"message","seq":{seq},"time":"2026-11-23T12:00:00Z","from":"{from}","room":"general","removed":true}}"#
            ))
        };
        for (seq, from) in [(1, "ada"), (2, "bob")] {
            shown.note(&message(seq, from));
        }
        shown.note(&event(r#"{"type":"question","seq":3,"time":"x","room":"general","text":"why?"}"#));
        let told = |seq, by| shown.told(&clock, "ada", (seq, by, "2026-11-23T12:05:00Z"));
        assert_eq!(told(1, "ada"), "you took back your message of 12:00 (#1) at 12:05");
        assert_eq!(told(2, "bob"), "bob took back their message of 12:00 (#2) at 12:05");
        assert_eq!(told(2, "e\u{1b}ve"), "e␛ve took back bob's message of 12:00 (#2) at 12:05");
        assert_eq!(told(1, "eve"), "eve took back your message of 12:00 (#1) at 12:05");
        assert_eq!(told(3, "eve"), "eve took back a question of --:-- (#3) at 12:05");
        assert_eq!(told(3, ""), "a question of --:-- (#3) was taken back at 12:05");
        assert_eq!(told(9, "eve"), "eve took back message #9 at 12:05");
        let stands = |message: &ServerMessage<'_>| in_its_place(&clock, "ada", message);
        assert_eq!(stands(&message(1, "ada")).unwrap(), "your message of 12:00 was taken back");
        assert_eq!(stands(&message(2, "bob")).unwrap(), "bob's message of 12:00 was taken back");
        assert_eq!(stands(&event(r#"{"type":"question","seq":3,"time":"x","room":"general","text":"why?"}"#)), None);
    }

    #[test]
    fn so_many_are_remembered() {
        let shown = Shown::default();
        for seq in 1..2000 {
            let json = format!(r#"{{"type":"message","seq":{seq},"time":"x","from":"a","room":"general","text":"t"}}"#);
            shown.note(&serde_json::from_str(&json).unwrap());
        }
        assert_eq!(shown.0.borrow().len(), REMEMBERED_MAX);
        assert!(shown.0.borrow().contains_key(&1999));
    }
}
