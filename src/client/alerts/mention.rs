//! One's own name in what others say.

use std::ops::Range;

/// Where `text` has the name `me` as a word of its own, in upper or lower case.
pub(crate) fn find<'a>(text: &'a str, me: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii();
    let bytes = text.as_bytes();
    let last = if me.is_empty() { 0 } else { (bytes.len() + 1).saturating_sub(me.len()) };
    (0..last).map(move |start| start..start + me.len()).filter(move |found| {
        bytes[found.clone()].eq_ignore_ascii_case(me.as_bytes())
            && !found.start.checked_sub(1).is_some_and(|before| is_part(bytes[before]))
            && !bytes.get(found.end).is_some_and(|&after| is_part(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_their_own() {
        let found = |text| find(text, "ada").collect::<Vec<_>>();
        assert_eq!(found("ada ada"), [0..3, 4..7]);
        assert_eq!(found("Hi ADA, are you Ada?"), [3..6, 16..19]);
        assert_eq!(found("@ada. (ada)"), [1..4, 7..10]);
        for none in ["", "ad", "adam", "nada", "ada_1", "x-ada", "adaé", "éada"] {
            assert_eq!(found(none), [], "{none:?}");
        }
        assert_eq!(find("a", "").count(), 0);
    }
}
