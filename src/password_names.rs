//! What people call a password, in the languages of schools around: a table's heading, and a line that was meant as a
//! command, are known by the same words.
//!
//! All are [`folded`].

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How many words such a name has at the most: `mot de passe`.
pub(crate) const NAME_WORDS_MAX: usize = 3;

/// Names that mean nothing else.
const NAMES: &str = "
    passphrase password passwd pwd pword userpassword
    geheimwort kennwort losungswort passwort
    mdp motdepasse
    contrasena contrasenya palabraclave palabradepaso
    paroladordine parolasegreta
    palavrachave palavrapasse palavradepasse senha
    wachtwoord
    adgangskode kodeord losenord passord salasana
    cyfrinair fjalekalimi geslo haslo hasło heslo jelszo lozinka lykilord pasahitza slaptazodis
    пароль κωδικος";

/// Names that mean something else too, or several passwords.
const NAMES_TOO: &str = "
    chave clave losen parola parole parool pass passcode passworter passwoerter passwords pin pw sifre";

/// What the word before means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Meaning {
    /// A password, and nothing else.
    Password,
    /// A password, or something else.
    Perhaps,
}

/// Every name, and what it means.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, Meaning)> {
    let names = |list: &'static str, meaning| list.split_whitespace().map(move |name| (name, meaning));
    names(NAMES, Meaning::Password).chain(names(NAMES_TOO, Meaning::Perhaps))
}

/// In small letters, without accents, blanks and signs: what one word has in common in all its forms.
pub(crate) fn folded(text: &str) -> String {
    let plain = text.nfkd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase);
    plain.filter(|c| c.is_alphanumeric()).collect::<String>().replace('ß', "ss")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_folded_and_stands_there_once() {
        let mut seen = std::collections::HashSet::new();
        for (name, _) in all() {
            assert_eq!(folded(name), name);
            assert!(seen.insert(name), "{name} stands there twice");
        }
        assert_eq!(folded("Contraseña:"), "contrasena");
    }
}
