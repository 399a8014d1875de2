//! What an event is about, and who may see it.

use crate::protocol::{Format, Profile, Reason, RoomName, Username};
use std::hash::{BuildHasher, RandomState};

/// Who may see an event. Boxed where it is not everyone, because nearly every event is for everyone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Audience {
    /// Everyone.
    Everyone,
    /// These two accounts.
    Pair(Box<(Username, Username)>),
    /// Those who were in this room when it happened.
    Room(Box<RoomName>),
    /// Staff, and this account.
    Staff(Box<Username>),
}

impl Audience {
    /// Of what is said in a room.
    pub(crate) fn room(room: &RoomName) -> Self {
        if room.is_general() { Self::Everyone } else { Self::Room(Box::new(room.clone())) }
    }

    /// Of what one account says to another.
    pub(crate) fn pair(one: &Username, other: &Username) -> Self {
        Self::Pair(Box::new((one.clone(), other.clone())))
    }
}

/// Where something is said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// To a room.
    Room(RoomName),
    /// To one account.
    Person(Username),
}

/// What an event is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// Somebody said something. `key` is that of its [`Spoken`], if it had an id.
    Said { by: Username, place: Place, key: Option<Key> },
    /// Somebody took back what was said under this seq: in a room, or to the other one of two. Nobody tells who took back a
    /// question that they asked themselves.
    Removed { event: u64, by: Option<Username>, room: Option<RoomName>, to: Option<Username> },
    /// Somebody has asked a question, whose event comes right before this one. `key` is as that of what is said.
    Asked { by: Username, room: RoomName, key: Option<Key> },
    /// Something else that these may see. `by`: whoever does it, who must be in that room. `said`: it is read again in the
    /// history.
    Told { by: Option<Username>, audience: Audience, said: bool },
    /// An account is in a room.
    Entered(RoomName, Username),
    /// It no longer is.
    Exited(RoomName, Username),
    /// A room is no more.
    Closed(RoomName),
    /// An account came online, whose owner is this.
    Joined(Username, Profile),
    /// It went.
    Left(Username, Reason),
    /// It came online, and nobody is told. No event, but it has its place in the order.
    Came(Username),
    /// It went, and nobody is told, or not yet.
    Went(Username),
}

impl What {
    /// Whether it is a coming or a going, for which nobody waits.
    pub(super) fn is_presence(&self) -> bool {
        matches!(self, Self::Joined(..) | Self::Left(..) | Self::Came(_) | Self::Went(_))
    }

    /// The room in which it is done, and by whom, who must be in it then.
    pub(super) fn within(&self) -> Option<(&RoomName, &Username)> {
        match self {
            Self::Said { by, place: Place::Room(room), .. } | Self::Asked { by, room, .. } => Some((room, by)),
            Self::Told { by: Some(by), audience: Audience::Room(room), .. } => Some((room, by)),
            _ => None,
        }
    }

    /// Whose words it is, and their key, if it may be said again.
    pub(super) fn said(&self) -> Option<(&Username, Key)> {
        match self {
            Self::Said { by, key, .. } | Self::Asked { by, key, .. } => key.map(|key| (by, key)),
            _ => None,
        }
    }
}

/// What makes a request the same one again: all of it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Spoken<'a> {
    /// The event's kind.
    pub(crate) kind: &'a str,
    pub(crate) from: &'a str,
    /// The recipient, or the room.
    pub(crate) place: &'a str,
    pub(crate) id: &'a str,
    pub(crate) text: &'a str,
    pub(crate) action: bool,
    pub(crate) format: Option<Format>,
    pub(crate) lang: Option<&'a str>,
}

/// Under what something that was said is remembered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Key {
    /// All of it.
    pub(super) whole: u64,
    /// All but its words: what is left of it once they were taken back.
    pub(super) wordless: u64,
}

/// Makes keys of what was said. They mean nothing to another process.
#[derive(Debug, Default)]
pub(crate) struct Keys(RandomState);

impl Keys {
    /// Two different requests have the same key as often as a guess of 64 bits is right; whoever finds one
    /// remembered compares what was said.
    pub(crate) fn key(&self, spoken: &Spoken<'_>) -> Key {
        Key { whole: self.0.hash_one(spoken), wordless: self.0.hash_one(spoken.wordless()) }
    }
}

impl Spoken<'_> {
    /// What is left of it once its words were taken back. Nothing else that was said has none.
    pub(crate) fn wordless(self) -> Self {
        Self { text: "", action: false, format: None, lang: None, ..self }
    }
}
