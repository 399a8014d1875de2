//! Answers to a question that wants a yes or a no.

/// What an answer says; no answer at all is a no. None for what is neither.
pub(crate) fn yes_or_no(answer: &str) -> Option<bool> {
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" | "" => Some(false),
        _ => None,
    }
}
