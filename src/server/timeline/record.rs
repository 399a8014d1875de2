//! An event as its line tells it: what the journal is read back with.

use super::recall::{Keys, Spoken, What};
use crate::protocol::{Profile, Reason, Username};
use crate::reason::Reason as Why;
use jiff::Timestamp;
use serde::Deserialize;
use std::borrow::Cow;

/// Who may see an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Audience {
    /// Everyone.
    Everyone,
    /// These two accounts. Boxed because nearly every event is for everyone.
    Pair(Box<(Username, Username)>),
}

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

    /// Whether it comes from somebody: a message, a whisper, a topic. Else somebody came or left, or it is of a kind
    /// that this version doesn't know.
    pub(crate) fn is_said(&self) -> bool {
        !self.from.is_empty()
    }

    /// Who may see it: two people if it is `to` somebody, else everyone.
    ///
    /// # Errors
    /// A name that is none.
    pub(super) fn audience(&self) -> Result<Audience, String> {
        if self.to.is_empty() {
            return Ok(Audience::Everyone);
        }
        Ok(Audience::Pair(Box::new((name(&self.from)?, name(&self.to)?))))
    }

    /// What it says about accounts. None for a kind that this version doesn't know.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn what(&self, keys: &Keys) -> Result<Option<What>, String> {
        if self.is_said() {
            let to = if self.to.is_empty() { None } else { Some(name(&self.to)?) };
            let key = self.spoken().map(|spoken| keys.key(&spoken));
            return Ok(Some(What::Said { by: name(&self.from)?, to, key }));
        }
        match &*self.kind {
            "joined" => Ok(Some(What::Joined(name(&self.username)?, Profile::default()))),
            "left" => Ok(Some(What::Left(name(&self.username)?, self.reason.unwrap_or(Reason::Other)))),
            _ => Ok(None),
        }
    }

    /// What was said, for comparison with a request that may be the same one again. None without an `id`.
    pub(crate) fn spoken(&self) -> Option<Spoken<'_>> {
        let (kind, from, id, text) = (&self.kind, &self.from, &self.id, &self.text);
        let place = if self.to.is_empty() { &self.room } else { &self.to };
        (self.is_said() && !id.is_empty()).then_some(Spoken { kind, from, place, id, text, action: self.action })
    }
}

fn name(text: &str) -> Result<Username, String> {
    Username::parse(text).ok_or_else(|| format!("`{text}` is no user name"))
}
