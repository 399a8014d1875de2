//! What may stand behind a command: a name, a password, a text.

use crate::protocol::{Secret, TEXT_CHARS_MAX, Username};
use crate::sanitize;

/// The account that somebody means.
pub(super) fn name(text: &str) -> Result<String, String> {
    let wrong = || format!("`{}` is no user name: {}", sanitize::line(text), Username::RULE);
    Username::parse(text).map(|name| name.to_string()).ok_or_else(wrong)
}

/// A password as it was typed.
pub(super) fn secret(text: &str) -> Secret {
    text.to_owned().into()
}

/// A text, if it is no longer than one may be.
pub(super) fn fitting(text: &str) -> Result<String, String> {
    let chars = text.chars().count();
    if chars > TEXT_CHARS_MAX {
        return Err(format!(
            "a message has at most {TEXT_CHARS_MAX} characters, this one has {chars}: it was not said"
        ));
    }
    Ok(text.to_owned())
}
