//! The request with which somebody asks without a name.
//!
//! Two events, of which the second, for staff and the asker alone, says whose the first is. They stand right behind each
//! other and are written together. Nothing else that others see of an account may move when it asks: neither how long it
//! is idle nor whether it is away.

use super::answer::{Answer, Refusal};
use super::lesson::told;
use super::membership::{self, Asking};
use super::{history, speech};
use crate::protocol::{RoomName, ServerMessage};
use crate::reason;
use crate::server::accounts::LessonRate;
use crate::server::chat::Said;
use crate::server::timeline::{Appending, Key, Record, Spoken, What};
use std::sync::atomic::Ordering;

/// A question that is to be asked.
struct Question<'a> {
    asking: &'a Asking<'a>,
    room: RoomName,
    text: &'a str,
}

impl Asking<'_> {
    /// Asks a question in a room.
    pub(super) fn ask(&self, room: Option<&str>, text: &str) -> Result<Answer, Refusal> {
        Question { asking: self, room: membership::named(room)?, text }.deliver()
    }
}

impl Question<'_> {
    fn deliver(&self) -> Result<Answer, Refusal> {
        let Asking { server, session, .. } = *self.asking;
        let key = self.spoken().map(|spoken| server.chat.timeline().key(&spoken));
        let find = |key| server.chat.timeline().recall(|recall| recall.find(&session.name, key));
        let known = key.filter(|_| session.continues.load(Ordering::Acquire)).and_then(find);
        // Asked first, as of all that is said.
        if let Some(line) = known.and_then(|seq| self.asked_under(seq)) {
            return Ok(Answer::Again(line));
        }
        speech::permit(server, session)?;
        speech::check_text(self.text)?;
        self.asking.own_room(Some(self.room.as_str()))?;
        speech::take_pace(server, session, LessonRate::question)?;
        match self.append(key)? {
            Said::Now(seq) => Ok(Answer::Event(seq)),
            Said::Before(seq) => match self.asked_under(seq) {
                Some(line) => Ok(Answer::Again(line)),
                // No longer kept: it can only be asked anew.
                None => self.append(None).map(|said| Answer::Event(said.seq())),
            },
        }
    }

    /// What makes it the same question again. Its text is in the other event.
    fn spoken(&self) -> Option<Spoken<'_>> {
        let (from, id) = (self.asking.session.name.as_str(), self.asking.id?.as_str());
        Some(Spoken {
            kind: "asked",
            from,
            place: self.room.as_str(),
            id,
            text: "",
            action: false,
            format: None,
            lang: None,
        })
    }

    /// The line that says who has asked, with this seq, if it is about the same question.
    fn asked_under(&self, seq: u64) -> Option<Vec<u8>> {
        let Asking { server, session, .. } = *self.asking;
        if seq <= session.mandate.standing().state().since {
            return None;
        }
        let line_of = |seq| {
            history::own_event(server.chat.timeline(), session, seq).unwrap_or_else(|e| {
                log::error!("a question can't be read: {}", reason::of_file(&e));
                None
            })
        };
        let (question, asked) = (line_of(seq - 1)?, line_of(seq)?);
        let is_asked = Record::parse(&asked).is_ok_and(|record| record.spoken() == self.spoken());
        let is_same = Record::parse(&question)
            .is_ok_and(|record| record.kind == "question" && (record.removed || record.text == self.text));
        (is_asked && is_same).then_some(asked)
    }

    fn append(&self, key: Option<Key>) -> Result<Said, Refusal> {
        let Asking { server, session, .. } = *self.asking;
        let (room, text, id) = (self.room.as_str(), self.text, self.asking.id);
        let question = told(&self.room, None, true, move |seq, time| ServerMessage::Question {
            seq,
            time: time.into(),
            room: room.into(),
            text: text.into(),
            removed: false,
        });
        let what = What::Asked { by: session.name.clone(), room: self.room.clone(), key };
        let asked: Appending<'_> = (
            what,
            Box::new(move |seq, time| ServerMessage::Asked {
                seq,
                time: time.into(),
                room: room.into(),
                question: seq - 1,
                from: session.name.as_str().into(),
                id: id.map(|id| id.as_str().into()),
            }),
        );
        let maybe_again = || key.is_some() && session.continues.load(Ordering::Acquire);
        server
            .chat
            .say_together((maybe_again, || true), vec![question, asked])
            .map_err(|why| speech::refusal_in(server, session, &self.room, why))
    }
}
