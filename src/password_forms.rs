//! The one form that a password is judged, hashed and compared in, whatever it was typed on.
//!
//! `ü` is one character of a PC's keyboard and may be two of a Mac's, and a blank may be one of seventeen. That form is the
//! one of RFC 8265 (4.2, OpaqueString): each blank is a plain one, and all is in Unicode's normal form C. What the profile
//! forbids besides is asked of new passwords alone (`new_passwords.rs`: `judge`), and not of characters that Unicode has
//! only had since then: whoever has a password may log in with it.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password in its one form.
pub(crate) fn one_form(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.chars().map(|c| if is_blank(c) { ' ' } else { c }).nfc().collect())
}

/// What else may have been hashed of it, before passwords had one form: it as it was typed, or as a Mac does. Most have
/// none, since ASCII has but one.
pub(crate) fn other_forms(password: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![one_form(password)];
    for other in [Zeroizing::new(password.to_owned()), Zeroizing::new(password.nfd().collect())] {
        if !forms.contains(&other) {
            forms.push(other);
        }
    }
    forms.split_off(1)
}

/// Unicode's general category Zs.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_was_typed_on() {
        let (composed, decomposed) = ("bl\u{fc}men wiese", "blu\u{308}men wiese");
        for typed in [composed, decomposed, "bl\u{fc}men\u{a0}wiese", "blu\u{308}men\u{3000}wiese"] {
            assert_eq!(*one_form(typed), composed, "{typed:?}");
            assert_eq!(*one_form(&one_form(typed)), composed, "done twice");
        }
        // Letters that only look alike, and capitals, are others: OpaqueString has no compatibility mapping.
        for (one, other) in [("\u{fb01}sh", "fish"), ("\u{ff41}", "a"), ("Caf\u{e9}", "caf\u{e9}"), ("\u{ba}", "o")] {
            assert_ne!(one_form(one), one_form(other));
        }
    }

    #[test]
    fn the_forms_of_before() {
        let forms = |typed| other_forms(typed).into_iter().map(|form| form.to_string()).collect::<Vec<_>>();
        let none: [&str; 0] = [];
        assert_eq!(forms("seven green bottles"), none);
        assert_eq!(forms("bl\u{fc}te"), ["blu\u{308}te"]);
        assert_eq!(forms("blu\u{308}te"), ["blu\u{308}te"]);
        assert_eq!(forms("\u{fc}\u{a0}x"), ["\u{fc}\u{a0}x", "u\u{308}\u{a0}x"]);
    }
}
