//! What may stand behind a command: a name, a password, a text.

use crate::client::rooms::room_name;
use crate::protocol::{GENERAL, RoomName, Secret, TEXT_CHARS_MAX, Username};
use crate::sanitize::{self, is_invisible};

/// The account that somebody means, also with the `@` that other chats have before a name.
pub(super) fn name(text: &str) -> Result<String, String> {
    let wrong = || format!("`{}` is no user name: {}", sanitize::line(text), Username::RULE);
    Username::parse(text.strip_prefix('@').unwrap_or(text)).map(|name| name.to_string()).ok_or_else(wrong)
}

/// A room as requests name it: the general one is meant where none is named.
pub(super) fn place(room: &str) -> Option<String> {
    (room != GENERAL).then(|| room.to_owned())
}

/// The room that somebody means, also with the `#` that it is shown with.
pub(super) fn room(text: &str) -> Result<String, String> {
    let wrong = || format!("`{}` is no room's name: {}", sanitize::line(text), RoomName::RULE);
    room_name(text).ok_or_else(wrong)
}

/// A password as it was typed.
pub(super) fn secret(text: &str) -> Secret {
    text.to_owned().into()
}

/// A password that is to be set. What can't be seen in it was pasted along with it, and nobody could type it again.
pub(super) fn new_secret(text: &str) -> Result<Secret, String> {
    let unseen = text.chars().any(char::is_control) || text.starts_with(is_invisible) || text.ends_with(is_invisible);
    if unseen {
        Err("the new password has characters that can't be seen: type it, don't paste it".into())
    } else {
        Ok(secret(text))
    }
}

/// A text without the blank lines around it that a paste brings along, if it is no longer than one may be.
pub(super) fn fitting(text: &str) -> Result<String, String> {
    let text = without_blank_ends(text);
    let chars = text.chars().count();
    if chars > TEXT_CHARS_MAX {
        return Err(format!(
            "a message has at most {TEXT_CHARS_MAX} characters, this one has {chars}: it was not said"
        ));
    }
    Ok(text.to_owned())
}

/// Blanks at the beginning of its first line and at the end of its last stay: they may be meant.
fn without_blank_ends(text: &str) -> &str {
    let is_break = |c| matches!(c, '\n' | '\r');
    let (before, after) = (text.len() - text.trim_start().len(), text.trim_end().len());
    let start = text[..before].rfind(is_break).map_or(0, |end| end + 1);
    let end = text[after..].find(is_break).map_or(text.len(), |at| after + at);
    text.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_says_no_empty_rows() {
        for (pasted, said) in [
            ("hello\n", "hello"),
            ("hello\r\n", "hello"),
            ("\n \n  indented\n\nmore \n \t\n", "  indented\n\nmore "),
            (" as it is ", " as it is "),
            ("a", "a"),
            ("\n \n", ""),
            (" ", " "),
        ] {
            assert_eq!(fitting(pasted).as_deref(), Ok(said), "{pasted:?}");
        }
    }
}
