//! An event as its line tells it: what the journal is read back with.

use super::what::{Audience, Keys, Place, Spoken, What};
use crate::protocol::{Format, Profile, Reason, RoomName, Username};
use crate::reason::Reason as Why;
use jiff::Timestamp;
use serde::Deserialize;
use std::borrow::Cow;

/// The fields of an event's line that the server needs. Those that an event doesn't have are empty.
#[derive(Debug, Deserialize)]
pub(crate) struct Record<'a> {
    /// Its kind: `message`, `joined`, ...
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Cow<'a, str>,
    /// Its place in the one order.
    pub(crate) seq: u64,
    /// RFC 3339, UTC, milliseconds.
    #[serde(borrow)]
    pub(crate) time: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) from: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) to: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) room: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) text: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default)]
    pub(crate) action: bool,
    pub(crate) format: Option<Format>,
    #[serde(borrow, default)]
    pub(crate) lang: Option<Cow<'a, str>>,
    /// Its words were taken back,
    #[serde(default)]
    pub(crate) removed: bool,
    /// by them.
    #[serde(borrow, default)]
    pub(crate) by: Cow<'a, str>,
    /// What was taken back with it.
    #[serde(default)]
    pub(crate) event: u64,
    #[serde(borrow, default)]
    pub(crate) username: Cow<'a, str>,
    pub(crate) reason: Option<Reason>,
}

impl<'a> Record<'a> {
    /// Reads one line, with or without its end.
    ///
    /// # Errors
    /// Why it is no event.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, String> {
        if line.first() != Some(&b'{') {
            return Err("not an event: a JSON object was expected".into());
        }
        serde_json::from_slice(line).map_err(|e| format!("not an event: {}", Why(&e)))
    }

    /// When it happened.
    ///
    /// # Errors
    /// Its time is none.
    pub(crate) fn moment(&self) -> Result<Timestamp, String> {
        self.time.parse().map_err(|_| format!("its `time` is `{}`, which is none", self.time))
    }

    /// Whether it is something to be read again: said, asked, or how a poll came out. Else it is only that something
    /// changed. What comes from somebody in a kind that this version doesn't know was said.
    pub(crate) fn is_said(&self) -> bool {
        match &*self.kind {
            "floor" | "called" | "removed" | "split" | "gathered" => false,
            "question" | "poll_closed" => true,
            _ => !self.from.is_empty(),
        }
    }

    /// Whether it is written together with the event after it, and is nothing without.
    pub(crate) fn is_a_part(&self) -> bool {
        matches!(&*self.kind, "question" | "split")
    }

    /// Who may see it: two people if it is `to` somebody, else those in its room, or everyone.
    ///
    /// # Errors
    /// A name that is none.
    pub(super) fn audience(&self) -> Result<Audience, String> {
        if self.kind == "asked" {
            return Ok(Audience::Staff(Box::new(name(&self.from)?)));
        }
        if !self.to.is_empty() {
            return Ok(Audience::pair(&name(&self.from)?, &name(&self.to)?));
        }
        Ok(if self.room.is_empty() { Audience::Everyone } else { Audience::room(&self.room()?) })
    }

    /// Whether it was shown to everyone.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn is_for_everyone(&self) -> Result<bool, String> {
        Ok(self.audience()? == Audience::Everyone)
    }

    /// Whether its line says the same of who may see it as whoever wrote it.
    pub(super) fn agrees_with(&self, said: bool, audience: &Audience) -> bool {
        self.is_said() == said && self.audience().as_ref() == Ok(audience)
    }

    /// What it is about.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn what(&self, keys: &Keys) -> Result<What, String> {
        match &*self.kind {
            "message" | "whisper" | "topic" | "announcement" => {
                let place = if self.to.is_empty() { Place::Room(self.room()?) } else { Place::Person(name(&self.to)?) };
                let key = self.spoken().map(|spoken| keys.key(&spoken));
                Ok(What::Said { by: name(&self.from)?, place, key })
            }
            "asked" => {
                let key = self.spoken().map(|spoken| keys.key(&spoken));
                Ok(What::Asked { by: name(&self.from)?, room: self.room()?, key })
            }
            "entered" => Ok(What::Entered(self.room()?, name(&self.username)?)),
            "exited" => Ok(What::Exited(self.room()?, name(&self.username)?)),
            "room_closed" => Ok(What::Closed(self.room()?)),
            "joined" => Ok(What::Joined(name(&self.username)?, Profile::default())),
            "left" => Ok(What::Left(name(&self.username)?, self.reason.unwrap_or(Reason::Other))),
            "removed" => self.removal(self.event, &self.from),
            _ => Ok(What::Told { by: None, audience: self.audience()?, said: self.is_said() }),
        }
    }

    /// That somebody took back the event with this seq, which was said where this one was: to the same two, or in the same
    /// room.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn removal(&self, event: u64, by: &str) -> Result<What, String> {
        let other = if by == self.from { &self.to } else { &self.from };
        let to = if self.to.is_empty() { None } else { Some(name(other)?) };
        let room = if self.room.is_empty() { None } else { Some(self.room()?) };
        let by = if by.is_empty() { None } else { Some(name(by)?) };
        Ok(What::Removed { event, by, room, to })
    }

    /// Where it happened: in the general room unless it says otherwise.
    fn room(&self) -> Result<RoomName, String> {
        if self.room.is_empty() {
            return Ok(RoomName::general());
        }
        RoomName::parse(&self.room).ok_or_else(|| format!("`{}` is no room's name", self.room))
    }

    /// What was said, for comparison with a request that may be the same one again. None without an `id`.
    pub(crate) fn spoken(&self) -> Option<Spoken<'_>> {
        let (kind, from, id, text) = (&self.kind, &self.from, &self.id, &self.text);
        let place = if self.to.is_empty() { &self.room } else { &self.to };
        let (action, format, lang) = (self.action, self.format, self.lang.as_deref());
        let spoken = Spoken { kind, from, place, id, text, action, format, lang };
        let spoken = if self.removed { spoken.wordless() } else { spoken };
        (self.is_said() && !id.is_empty()).then_some(spoken)
    }
}

fn name(text: &str) -> Result<Username, String> {
    Username::parse(text).ok_or_else(|| format!("`{text}` is no user name"))
}
