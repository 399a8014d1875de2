//! What people ask for: something new, the same again, or so that it arrives late.

use super::{Leave, Person};
use crate::harness::Wire;
use crate::history::{Account, Entry, To, name};
use crate::mark::Mark;
use crate::room::{BESIDE, GENERAL, Room};
use serde_json::{Value, json};
use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How much may be unanswered.
const UNANSWERED_MAX: usize = 16;
/// How much is said at a time in a rush.
const RUSH_BURST: usize = 4;
/// How long somebody waits before they say again what was refused for now.
pub(super) const REFUSED_PAUSE: Duration = Duration::from_millis(200);
/// How long a network holds back what its client sends again another way, and how much longer it is there.
const HELD_BACK_MS: Range<usize> = 0..500;
const HELD_BACK_LINGER: Duration = Duration::from_secs(1);

/// Something that was said and has no answer yet.
pub(super) struct Unanswered {
    to: To,
    tries: u32,
    /// When to say it again after a refusal.
    again_at: Option<Instant>,
}

/// A connection that was left for another one, and requests that come late over it.
pub(super) struct HeldBack {
    wire: Wire,
    rest: Vec<u8>,
    due: Instant,
}

impl Person<'_> {
    /// Either they let it be, or they say it again later.
    pub(super) fn refused(&mut self, line: &Value) {
        let code = line["code"].as_str().unwrap_or_default();
        let passing = matches!(code, "internal" | "shutting_down");
        self.stage.tally.count(if passing { "refusals" } else { "refusals by the rules" });
        let found = self.unanswered.keys().copied().find(|mark| line["id"] == mark.to_string());
        if self.refused_otherwise(line, passing) {
            return;
        }
        let lasts = matches!(code, "not_in_room" | "unknown_room" | "rate_limited");
        assert!(passing || lasts, "refused: {line}");
        // It may have been shown meanwhile, and refused only when it was sent again.
        let Some(mark) = found else { return };
        let gives_up = lasts || self.random.below(4) == 0;
        let waiting = self.unanswered.get_mut(&mark).unwrap();
        // An earlier try may still be under way.
        if gives_up && waiting.tries == 1 {
            self.unanswered.remove(&mark);
            self.entries.push(Entry::Refused(mark));
        } else if lasts {
            self.unanswered.remove(&mark);
            self.entries.push(Entry::Doubtful(mark));
        } else {
            waiting.again_at = Some(Instant::now() + REFUSED_PAUSE);
        }
    }

    pub(super) fn ask_all_again(&mut self, wire: &mut Wire) -> io::Result<()> {
        let marks: Vec<Mark> = self.unanswered.keys().copied().collect();
        marks.into_iter().try_for_each(|mark| self.ask(wire, mark))?;
        self.take_back_again(wire, true)
    }

    pub(super) fn ask_refused_again(&mut self, wire: &mut Wire) -> io::Result<()> {
        let is_due = |waiting: &Unanswered| waiting.again_at.is_some_and(|at| Instant::now() >= at);
        let due: Vec<Mark> = self.unanswered.iter().filter(|(_, w)| is_due(w)).map(|(mark, _)| *mark).collect();
        due.into_iter().try_for_each(|mark| self.ask(wire, mark))?;
        self.take_back_again(wire, false)
    }

    /// Says something new; sometimes much at once.
    pub(super) fn speak(&mut self, wire: &mut Wire) -> io::Result<()> {
        let most = match self.random.below(10) {
            _ if self.stage.is_rush() => RUSH_BURST,
            0 => UNANSWERED_MAX,
            _ => 1,
        };
        for _ in 0..most.min(UNANSWERED_MAX.saturating_sub(self.unanswered.len())) {
            let mark = self.invent();
            self.ask(wire, mark)?;
        }
        Ok(())
    }

    /// Something new, which is not said yet.
    fn invent(&mut self) -> Mark {
        let to = match self.random.below(3) {
            0 => To::Person(self.random.below(usize::from(self.stage.accounts)) as Account),
            1 => To::Room(GENERAL),
            _ => To::Room(self.room()),
        };
        self.invent_for(to)
    }

    /// A room of theirs, as far as they know; sometimes another one.
    fn room(&mut self) -> Room {
        let own: Vec<Room> = self.lesson.rooms.iter().copied().collect();
        let rooms = if own.is_empty() || self.random.below(8) == 0 { &BESIDE[..] } else { &own };
        *self.random.choose(rooms)
    }

    pub(super) fn invent_for(&mut self, to: To) -> Mark {
        self.said += 1;
        let mark = Mark { by: self.part.number, number: self.said };
        self.unanswered.insert(mark, Unanswered { to, tries: 0, again_at: None });
        self.tell_unanswered();
        mark
    }

    pub(super) fn ask(&mut self, wire: &mut Wire, mark: Mark) -> io::Result<()> {
        self.request(mark).map_or(Ok(()), |request| wire.send(&request))
    }

    /// The request that says something, for the first time or again; nothing if it was answered.
    fn request(&mut self, mark: Mark) -> Option<Value> {
        let waiting = self.unanswered.get_mut(&mark)?;
        let (to, again) = (waiting.to, waiting.tries > 0);
        waiting.tries += 1;
        waiting.again_at = None;
        self.entries.push(Entry::Asked { mark, to, again });
        if again {
            self.asked_again.push(mark);
            self.stage.tally.count("sent again");
        }
        let mut request = json!({"type": "say", "id": mark.to_string(), "text": mark.text()});
        match to {
            To::Room(GENERAL) => {}
            To::Room(room) => request["room"] = json!(room.name()),
            To::Person(to) => (request["type"], request["to"]) = (json!("whisper"), json!(name(to))),
            To::Question(room) => (request["type"], request["room"]) = (json!("ask"), json!(room.name())),
        }
        Some(request)
    }

    /// Asks for much, of which the network holds a part back, and comes back another way meanwhile.
    pub(super) fn leave_for_another(&mut self, mut wire: Wire) -> io::Result<Leave> {
        let marks: Vec<Mark> = (0..UNANSWERED_MAX / 2).map(|_| self.invent()).collect();
        let mut requests: Vec<Value> = marks.into_iter().filter_map(|mark| self.request(mark)).collect();
        // They go out of a room, or into one, in between, and take something back.
        let moved = self.moved();
        requests.insert(self.random.below(requests.len()), moved);
        requests.extend(self.taken_back());
        let mut bytes: Vec<u8> = requests.iter().flat_map(|request| wire.encode(request)).collect();
        let rest = bytes.split_off(self.random.below(bytes.len()));
        let due = Instant::now() + self.between(HELD_BACK_MS);
        wire.send_bytes(&bytes)?;
        self.held_back = Some(HeldBack { wire, rest, due });
        Ok(Leave::Elsewhere)
    }

    /// Lets what is held back go on its way, and the connection it came by break some time later.
    pub(super) fn let_go(&mut self) {
        let Some(held_back) = &mut self.held_back else { return };
        if Instant::now() >= held_back.due {
            // The server may be gone.
            let _ = held_back.wire.send_bytes(&std::mem::take(&mut held_back.rest));
        }
        if Instant::now() >= held_back.due + HELD_BACK_LINGER {
            self.held_back = None;
        }
    }
}
