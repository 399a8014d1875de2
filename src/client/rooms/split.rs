//! The rooms into which a class is split: known by their names.

/// How these begin.
const SPLIT: &str = "group-";

/// Whether a room is one of them. No teacher is there unless they enter it.
pub(crate) fn is_split(room: &str) -> bool {
    room.strip_prefix(SPLIT).is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}
