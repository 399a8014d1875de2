//! What a password that somebody chooses must be: the server holds to it, and a list of people is held to it before.

use crate::password_forms::one_form;
use crate::protocol::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, Username};
use crate::sanitize;

/// The commonest passwords of at least [`PASSWORD_CHARS_MIN`] characters, from leaked lists, in lower case
/// (NIST SP 800-63B, 5.1.1.2: compare with values known to be common).
const COMMON_PASSWORDS: &str = include_str!("common-passwords.txt");

/// Judges a new password.
///
/// # Errors
/// What is wrong with it, for its owner.
pub(crate) fn judge(password: &str, username: &Username) -> Result<(), String> {
    let password = one_form(password);
    let chars = password.chars().count();
    if chars < PASSWORD_CHARS_MIN {
        return Err(format!("a password has at least {PASSWORD_CHARS_MIN} characters; this one has {chars}"));
    }
    if chars > PASSWORD_CHARS_MAX {
        return Err(format!("a password has at most {PASSWORD_CHARS_MAX} characters; this one has {chars}"));
    }
    if let Some(c) = password.chars().find(|&c| !sanitize::is_harmless(c)) {
        let code = u32::from(c);
        return Err(format!("the password holds a character that can't be seen, U+{code:04X}: type it anew"));
    }
    if password.eq_ignore_ascii_case(username.as_str()) {
        return Err("the password must not be the user name".into());
    }
    let folded = password.to_lowercase();
    if COMMON_PASSWORDS.lines().any(|common| common == folded) {
        return Err("this is one of the commonest passwords, which are guessed first: choose another".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judged() {
        let ada = Username::parse("adalovelace").unwrap();
        for good in ["1x345678", "correct horse", &"é".repeat(PASSWORD_CHARS_MAX)] {
            assert_eq!(judge(good, &ada), Ok(()), "{good}");
        }
        for bad in [
            "",
            "1234567",
            "ééééééé",
            "AdaLovelace",
            "password",
            "Password1",
            "12345678",
            &"x".repeat(PASSWORD_CHARS_MAX + 1),
            "correct\u{200b} horse",
            "correct\thorse",
            "\u{1b}[31mhorse",
            "u\u{308}u\u{308}u\u{308}u\u{308}",
        ] {
            assert!(judge(bad, &ada).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_list_of_common_passwords_is_long_and_folded() {
        assert!(COMMON_PASSWORDS.lines().count() >= 1000);
        for line in COMMON_PASSWORDS.lines() {
            assert!(line.chars().count() >= PASSWORD_CHARS_MIN && line == line.to_lowercase(), "{line}");
        }
    }
}
