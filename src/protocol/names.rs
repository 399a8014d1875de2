//! What accounts and requests may be called.

use super::limits::{GENERAL, ID_BYTES_MAX, NAME_BYTES_MAX};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// How the names of a split's rooms begin, before their number. Nobody else makes rooms that are called so: clients lead
/// people into them.
pub(crate) const GROUP: &str = "group-";

/// Whether a room is called as those of a split.
pub(crate) fn is_group(room: &str) -> bool {
    room.strip_prefix(GROUP).is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// How the names begin of those who were erased.
const DELETED: &str = "deleted-";

/// An account's name: 1 to [`NAME_BYTES_MAX`] of `a-z 0-9 _ . -`, beginning with a letter or a digit.
///
/// ASCII alone and lower case alone, so nobody can look like somebody else.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Username(Arc<str>);

impl Username {
    /// Folds upper case to lower case, then checks; None when `text` is no name.
    pub fn parse(text: &str) -> Option<Self> {
        fold(text).map(Self)
    }

    /// A name that no account can have.
    pub fn nobody() -> Self {
        Self("".into())
    }

    /// What somebody is called who was erased: nobody's name, whom nobody can log in as.
    pub fn deleted(number: u64) -> Self {
        Self(format!("{DELETED}{number}").into())
    }

    /// Whether it is kept for those who were erased: no account is made under it.
    pub fn is_deleted(&self) -> bool {
        self.0.starts_with(DELETED)
    }

    /// The number of one who was erased.
    pub fn deleted_number(&self) -> Option<u64> {
        self.0.strip_prefix(DELETED)?.parse().ok()
    }

    /// The rule in words, for errors.
    pub const RULE: &'static str =
        "a user name has 1 to 32 characters of a-z 0-9 _ . - and begins with a letter or a digit";

    /// As it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Username {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A room's name: as accounts are called, so that no room looks like another.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Folds upper case to lower case, then checks; None when `text` is no name.
    pub fn parse(text: &str) -> Option<Self> {
        fold(text).map(Self)
    }

    /// The room in which everyone is.
    pub fn general() -> Self {
        Self(GENERAL.into())
    }

    /// Whether it is that one.
    pub fn is_general(&self) -> bool {
        &*self.0 == GENERAL
    }

    /// The rule in words, for errors.
    pub const RULE: &'static str =
        "a room's name has 1 to 32 characters of a-z 0-9 _ . - and begins with a letter or a digit";

    /// As it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

impl Serialize for RoomName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RoomName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

/// Folds upper case to lower case; None where that is no name of an account or a room.
fn fold(text: &str) -> Option<Arc<str>> {
    let folded = text.to_ascii_lowercase();
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    let first = folded.bytes().next()?;
    let valid = first.is_ascii_alphanumeric() && folded.len() <= NAME_BYTES_MAX && folded.bytes().all(allowed);
    valid.then(|| folded.into())
}

/// A client's name for its request: 1 to [`ID_BYTES_MAX`] printable ASCII characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// None when `text` is no id.
    pub fn parse(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|b| matches!(b, b' '..=b'~'));
        ((1..=ID_BYTES_MAX).contains(&text.len()) && printable).then(|| Self(text.into()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames() {
        for (given, folded) in [("Ada", "ada"), ("a", "a"), ("0.x_-", "0.x_-"), (&"z".repeat(32), &"z".repeat(32))] {
            assert_eq!(Username::parse(given).as_ref().map(Username::as_str), Some(folded));
        }
        for bad in ["", "_a", ".a", "-a", "a b", "ä", "a\n", "\u{430}da", &"z".repeat(33)] {
            assert_eq!(Username::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn ids() {
        for good in ["c", "c 1", &"~".repeat(64)] {
            assert!(RequestId::parse(good).is_some(), "{good:?}");
        }
        for bad in ["", "\t", "é", "\x7f", &"x".repeat(65)] {
            assert!(RequestId::parse(bad).is_none(), "{bad:?}");
        }
    }
}
