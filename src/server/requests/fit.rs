//! What fits into one line, of a list that may be longer.

use crate::protocol::{LINE_BYTES_MAX, Username};

/// What of a line is left for a list: any such line without its list, a topic of four-byte characters in it, is
/// shorter than the rest.
const LIST_BYTES_MAX: usize = LINE_BYTES_MAX - 2048;

/// Who may be listed in one line.
pub(crate) fn fit<T>(items: impl IntoIterator<Item = T>, bytes: impl Fn(&T) -> usize) -> Vec<T> {
    fit_beside(0, items, bytes)
}

/// Who may be listed in one line that must hold so many bytes of something else too.
pub(crate) fn fit_beside<T>(
    other_bytes: usize,
    items: impl IntoIterator<Item = T>,
    bytes: impl Fn(&T) -> usize,
) -> Vec<T> {
    let mut left = LIST_BYTES_MAX.saturating_sub(other_bytes);
    let fits = |item: &T| match left.checked_sub(bytes(item)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    items.into_iter().take_while(fits).collect()
}

/// How many bytes a name takes in a JSON list: its quotes and a comma too.
pub(crate) fn name_bytes(name: &Username) -> usize {
    name.as_str().len() + 3
}

/// How many bytes it takes in a JSON list, and in an object that has what people call its owner.
pub(crate) fn listed_bytes(name: &Username, called: Option<&str>) -> usize {
    name_bytes(name) + called.map_or(0, |called| name_bytes(name) + 1 + json_bytes(called))
}

/// How many bytes a text takes as JSON.
pub(crate) fn json_bytes(text: &str) -> usize {
    serde_json::to_string(text).map_or(0, |json| json.len())
}
