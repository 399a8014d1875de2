//! What an account's owner is called beside the user name, and to which group they belong.

use super::limits::{DISPLAY_NAME_CHARS_MAX, NAME_BYTES_MAX};
use crate::sanitize::{is_harmless, is_invisible};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Who an account's owner is. Nobody's identity rests on it: the user name alone tells people apart.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Profile {
    /// What people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their class, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

impl Profile {
    /// What a name must be, in words.
    pub const NAME_RULE: &'static str = "a name has 1 to 64 characters, and none that is a control character or turns the \
                                         reading direction or can't be seen";
    /// What a group must be, in words.
    pub const GROUP_RULE: &'static str = "a group has 1 to 32 characters of a-z 0-9 _ . -";

    /// What a request or a file says: an empty text is none.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn parse(name: Option<&str>, group: Option<&str>) -> Result<Self, &'static str> {
        let mut profile = Self::default();
        profile.change(name, group)?;
        Ok(profile)
    }

    /// Takes what is given: an empty text removes, what is absent stays.
    ///
    /// # Errors
    /// The rule that is broken; then nothing has changed.
    pub fn change(&mut self, name: Option<&str>, group: Option<&str>) -> Result<(), &'static str> {
        let some = |text: &str, parsed: Option<String>, rule| match parsed {
            None if !text.is_empty() => Err(rule),
            parsed => Ok(parsed),
        };
        let name = name.map(|text| some(text, display_name(text), Self::NAME_RULE)).transpose()?;
        let group = group.map(|text| some(text, self::group(text), Self::GROUP_RULE)).transpose()?;
        name.into_iter().for_each(|name| self.name = name);
        group.into_iter().for_each(|group| self.group = group);
        Ok(())
    }
}

/// A name in Unicode's normal form C, so that the same letters are the same bytes. None if it is no name.
fn display_name(text: &str) -> Option<String> {
    // Nothing is normalized that is too long in any form: no character has more than four parts in it (UAX 15, table 7).
    if text.chars().count() > 4 * DISPLAY_NAME_CHARS_MAX {
        return None;
    }
    let name: String = text.nfc().collect();
    let shows = |c: char| !c.is_whitespace() && !is_invisible(c);
    let fits = name.chars().count() <= DISPLAY_NAME_CHARS_MAX;
    let is_seen =
        |(at, c): (usize, char)| is_harmless(c) && (!is_invisible(c) || joins(name[..at].chars().next_back(), c));
    (fits && name.char_indices().all(is_seen) && name.chars().any(shows)).then_some(name)
}

/// Whether what can't be seen has something to join or to change there: letters of scripts that need it, an emoji.
fn joins(before: Option<char>, c: char) -> bool {
    let Some(before) = before.filter(|before| !before.is_ascii()) else { return false };
    match c {
        '\u{200c}' | '\u{200d}' => !is_invisible(before) || before == '\u{fe0f}',
        '\u{fe0e}' | '\u{fe0f}' => !is_invisible(before) && !before.is_alphanumeric(),
        _ => false,
    }
}

/// The characters of user names, upper case folded. None if it is no group.
fn group(text: &str) -> Option<String> {
    let folded = text.to_ascii_lowercase();
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    ((1..=NAME_BYTES_MAX).contains(&folded.len()) && folded.bytes().all(allowed)).then_some(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let longest = "\u{1F600}".repeat(64);
        for (given, kept) in [
            ("Eve Noether", "Eve Noether"),
            ("u\u{308}ber", "über"),
            ("נועה", "נועה"),
            ("\u{915}\u{94d}\u{200d}\u{937}", "\u{915}\u{94d}\u{200d}\u{937}"),
            ("\u{2764}\u{fe0f}\u{200d}\u{1f525} Mia", "\u{2764}\u{fe0f}\u{200d}\u{1f525} Mia"),
            (&longest, &longest),
            (&"u\u{308}".repeat(64), &"ü".repeat(64)),
        ] {
            assert_eq!(display_name(given).as_deref(), Some(kept));
        }
        for bad in [
            "",
            " ",
            "\u{a0}\u{3000}",
            "\u{200d}",
            "\u{2800}",
            "a\nb",
            "a\tb",
            "\0",
            "\x7f",
            "a\u{9b}b",
            "\u{202e}eve",
            "e\u{200f}",
            "e\u{2066}ve",
            "e\u{200b}ve",
            "e\u{ad}ve",
            "e\u{feff}",
            "\u{3164}",
            "ada\u{34f}",
            "ada\u{fe0f}",
            "ä\u{fe0f}",
            "ada\u{200d}",
            "ä\u{200d}\u{200d}",
            "ada\u{180b}",
            "ada\u{1d173}",
            "ada\u{e0061}",
            "a\u{2028}b",
            &"x".repeat(65),
            &"x".repeat(9_000),
        ] {
            assert_eq!(display_name(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn groups() {
        assert_eq!(group("7B").as_deref(), Some("7b"));
        assert_eq!(group("_x.").as_deref(), Some("_x."));
        for bad in ["", "7 b", "ä", &"x".repeat(33), "7\u{430}"] {
            assert_eq!(group(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_is_absent_stays_and_what_is_empty_goes() {
        let mut profile = Profile::parse(Some("Eve"), Some("7b")).unwrap();
        profile.change(None, Some("")).unwrap();
        assert_eq!(profile, Profile { name: Some("Eve".into()), group: None });
        assert_eq!(profile.change(Some(""), Some("7 b")), Err(Profile::GROUP_RULE));
        assert_eq!(profile.name.as_deref(), Some("Eve"), "all or nothing");
        assert_eq!(Profile::parse(Some(""), None), Ok(Profile::default()));
    }
}
