//! User names and groups made of what people and classes are called.

use crate::protocol::{NAME_BYTES_MAX, Username};
use deunicode::deunicode_with_tofu;
use unicode_normalization::UnicodeNormalization;

/// What German writes for its letters where there are only the 26; the rest is the crate's.
const GERMAN: [(char, &str); 4] = [('ä', "ae"), ('ö', "oe"), ('ü', "ue"), ('ß', "ss")];

/// The user name for somebody of that first and last name, either of which may be missing: `zoe.mueller`. None where nothing of
/// them can be written in the letters of user names.
pub(super) fn login(first: &str, last: &str) -> Option<String> {
    let joined = |first: &str, last: &str| {
        let parts = [plain(first), plain(last)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    };
    let whole = joined(first, last);
    let one_first_name = || joined(first.split_whitespace().next().unwrap_or_default(), last);
    let login = if whole.len() > NAME_BYTES_MAX { one_first_name() } else { whole };
    Some(cut(&login, NAME_BYTES_MAX)).filter(|login| !login.is_empty())
}

/// The same of a whole name: the last word is the family's, or what stands before a comma. What is in brackets is no name.
pub(super) fn login_of_whole(name: &str) -> Option<String> {
    let name = name.split('(').next().unwrap_or_default().trim();
    match (name.split_once(','), name.rsplit_once(char::is_whitespace)) {
        (Some((last, first)), _) | (None, Some((first, last))) => login(first, last),
        (None, None) => login(name, ""),
    }
}

/// The user name with a number behind it, for whoever isn't the first.
pub(super) fn numbered(login: &str, number: usize) -> Option<Username> {
    let number = if number < 2 { String::new() } else { number.to_string() };
    Username::parse(&(cut(login, NAME_BYTES_MAX - number.len()) + &number))
}

/// The user name that another program has, which may be an address of mail.
pub(super) fn given(text: &str) -> Option<Username> {
    Username::parse(text.split('@').next().unwrap_or_default())
}

/// The group for a class: `Klasse 7b` is `klasse-7b`, of a path `/Students/2026/7b` it's `7b`. None where that leaves nothing.
pub(super) fn group(text: &str) -> Option<String> {
    let last = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let group: String = last.split('.').map(plain).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
    Some(cut(&group, NAME_BYTES_MAX)).filter(|group| !group.is_empty())
}

/// In the letters of user names: words are joined by `-`.
fn plain(text: &str) -> String {
    let german =
        |c: char| GERMAN.iter().find(|(letter, _)| *letter == c).map_or(c.to_string(), |(_, two)| (*two).into());
    // Lower case first, or `Ü` would be none of the four; composed, or `ü` might be two.
    let text: String = text.nfc().flat_map(char::to_lowercase).map(german).collect();
    let ascii = deunicode_with_tofu(&text, "").to_ascii_lowercase();
    let is_kept = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // O’Neill is one word.
    let words = ascii.replace(['\'', '`'], "");
    let words = words.split(|c| !is_kept(c)).map(|word| word.trim_matches('_')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// No longer than that, and without a sign at its end.
fn cut(ascii: &str, bytes_max: usize) -> String {
    let end = ascii.len().min(bytes_max);
    ascii.get(..end).unwrap_or(ascii).trim_end_matches(['.', '-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_of_many_languages() {
        for (first, last, expected) in [
            ("Zoë", "Müller", "zoe.mueller"),
            ("Jörg", "Groß", "joerg.gross"),
            ("U\u{308}mit", "Öztürk", "uemit.oeztuerk"),
            ("Anna-Lena", "van der Berg", "anna-lena.van-der-berg"),
            ("Seán", "O’Neill", "sean.oneill"),
            ("Łukasz", "Wójcik", "lukasz.wojcik"),
            ("Алексей", "Иванов", "aleksei.ivanov"),
            ("太郎", "田中", "tai-lang.tian-zhong"),
            ("", "Prince", "prince"),
            ("Maximilian Alexander Konstantin", "Freiherr von Stein", "maximilian.freiherr-von-stein"),
            ("X", &"y".repeat(40), &format!("x.{}", "y".repeat(30))),
        ] {
            assert_eq!(login(first, last).as_deref(), Some(expected), "{first} {last}");
            assert!(Username::parse(expected).is_some());
        }
        assert_eq!(login(" ", "…"), None);
        for (name, expected) in [
            ("Zoë Müller", "zoe.mueller"),
            ("Izquierdo Castanedo, Raúl (i02)", "raul.izquierdo-castanedo"),
            ("i01-yaagma", "i01-yaagma"),
        ] {
            assert_eq!(login_of_whole(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_number_fits_behind_any_name() {
        assert_eq!(numbered("zoe.mueller", 1).unwrap().as_str(), "zoe.mueller");
        assert_eq!(numbered("zoe.mueller", 2).unwrap().as_str(), "zoe.mueller2");
        assert_eq!(numbered(&"y".repeat(32), 12).unwrap().as_str(), format!("{}12", "y".repeat(30)));
    }

    #[test]
    fn groups() {
        for (class, expected) in [
            ("7B", Some("7b")),
            ("Klasse 7b", Some("klasse-7b")),
            ("/Students/Grade 7/7b", Some("7b")),
            ("/", None),
            ("10.2", Some("10.2")),
            ("Jahrgangsstufe Fünf, Gruppe der Großen", Some("jahrgangsstufe-fuenf-gruppe-der")),
            ("…", None),
        ] {
            assert_eq!(group(class).as_deref(), expected, "{class}");
        }
    }
}
