//! Somebody who is taken out of what happened.

use crate::protocol::Username;

/// Whoever is erased, and what they are called from then on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone<'a> {
    /// What they were called.
    pub(crate) name: &'a Username,
    /// And are from then on: nobody's name.
    pub(crate) alias: &'a Username,
}

impl Gone<'_> {
    /// Whether it is they who are named, in either way: what was begun may be finished later.
    pub(crate) fn is(&self, named: Option<&str>) -> bool {
        named.is_some_and(|named| named == self.name.as_str() || named == self.alias.as_str())
    }

    /// Whether a line may name them, without reading all of it.
    pub(crate) fn may_be_in(&self, line: &[u8]) -> bool {
        [self.name, self.alias].iter().any(|name| contains(line, format!("\"{name}\"").as_bytes()))
    }
}

/// Whether these bytes are somewhere in those.
pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return true };
    let starts = bytes.iter().enumerate().filter(|(_, byte)| *byte == first);
    starts.into_iter().any(|(at, _)| bytes[at..].starts_with(wanted))
}
