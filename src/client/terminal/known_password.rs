//! A password, as far as it takes to know it again.

use crate::protocol::Secret;
use crate::sanitize::is_invisible;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// A shorter one is only looked for as a whole line: it stands within words that mean something else.
const WITHIN_CHARS_MIN: usize = 6;

/// Its salted hash. One with a salt that nobody else has may be compared in any manner. It's that of its letters alone:
/// whoever types it with Caps Lock, in wide letters or with blanks between them gives it away all the same.
#[derive(Debug)]
pub(super) struct KnownPassword {
    salt: [u8; 16],
    hash: [u8; 32],
    /// How many characters it has, [`folded`].
    chars: usize,
}

impl KnownPassword {
    /// None where the system gives no random numbers.
    pub(super) fn of(password: &Secret) -> Option<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let text = folded(password.expose());
        Some(Self { salt, hash: salted(salt, &text), chars: text.chars().count() })
    }

    /// Whether it stands in a line.
    pub(super) fn is_in(&self, line: &str) -> bool {
        if self.chars < WITHIN_CHARS_MIN {
            return self.chars > 0 && salted(self.salt, &folded(line)) == self.hash;
        }
        let text = folded(line);
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        starts.windows(self.chars + 1).any(|at| salted(self.salt, &text[at[0]..at[self.chars]]) == self.hash)
    }
}

/// One form of all in which letters are the same to a reader, without blanks and what can't be seen. To upper case first:
/// `ß` is `SS` there.
fn folded(text: &str) -> String {
    let is_blank = |c: &char| c.is_whitespace() || is_invisible(*c);
    let narrow = text.chars().filter(|c| !is_blank(c)).nfkc().filter(|c| !is_blank(c));
    narrow.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

fn salted(salt: [u8; 16], text: &str) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(text).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(password: &str) -> KnownPassword {
        KnownPassword::of(&Secret::from(password.to_owned())).unwrap()
    }

    #[test]
    fn a_password_is_known_in_a_line() {
        let (one, several) = (known("hunter2hunter2"), known("seven  green bottles"));
        for line in [
            "hunter2hunter2",
            " hunter2hunter2 ",
            "so: \"hunter2hunter2\", and now?",
            "pass=hunter2hunter2;",
            "\u{200b}hunter2\u{ad}hunter2",
            "ada\u{200b}hunter2hunter2",
            "hello\nit is hunter2hunter2",
        ] {
            assert!(one.is_in(line), "{line:?}");
        }
        assert!(several.is_in("it is seven green bottles, I think") && !several.is_in("seven bottles"));
        assert!(!one.is_in("hunter2") && !one.is_in(""));
        assert!(known("blu\u{308}menwiese").is_in("bl\u{fc}menwiese"), "typed on another keyboard");
        assert!(known("!?!?!?!?").is_in("it is !?!?!?!? now"));
    }

    #[test]
    fn and_in_other_letters() {
        let one = known("adapass-1234");
        for line in [
            "ADAPASS-1234",
            "it is AdaPass-1234",
            "ａｄａｐａｓｓ－１２３４",
            "a d a p a s s - 1 2 3 4",
            "ada pass-1234",
            "A\u{200b}D\u{200b}A\u{3000}PASS-1234",
            "ᵃdapass-1234",
        ] {
            assert!(one.is_in(line), "{line:?}");
        }
        assert!(!one.is_in("adapass") && !one.is_in("adapass-1235"));
        assert!(known("Straßenbahn").is_in("STRASSENBAHN") && known("ΟΔΟΣ-ΟΔΟΣ").is_in("οδος-οδος"));
    }

    #[test]
    fn a_short_one_is_a_whole_line() {
        let short = known("abc");
        assert!(short.is_in(" ABC ") && !short.is_in("abc is no password") && !known("  ").is_in(""));
    }
}
