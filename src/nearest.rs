//! What somebody who mistyped a word most likely meant.

/// The word of `known` that is most like `word`, if any is like it: at most one edit for each three letters, a swap
/// of two letters counted as one.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits = |other: &str| strsim::damerau_levenshtein(word, other);
    let edits_max = word.chars().count().div_ceil(3);
    let ranked = known.into_iter().map(|other| (edits(other), other));
    ranked.filter(|&(edits, _)| edits <= edits_max).min_by_key(|&(edits, _)| edits).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        let known = ["listen", "login-grace", "msg", "mute"];
        for (word, meant) in [
            ("lisen", Some("listen")),
            ("mgs", Some("msg")),
            ("login_grace", Some("login-grace")),
            ("frobnicate", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }
}
