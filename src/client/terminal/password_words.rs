//! Whether a text is a command with a password that is none: `passwd old new` in whatever dress.
//!
//! One rule: a word that passwords stand behind, and behind it what could be one. A command's name, and a slip of the finger
//! in it, counts wherever it stands; a word of speech such as `password` only where the text begins with it, since people
//! talk about passwords. What goes on as speech does (`passwd is …`, `/passwd to change it`) is none.

use super::known;
use super::shape::seen;
use crate::nearest::nearest;
use crate::password_names::{self, Meaning, NAME_WORDS_MAX, folded};
use crate::sanitize::is_invisible;

/// The shortest word that looks like a password by itself.
const PASSWORD_CHARS_MIN: usize = 6;
/// From how many words on behind a command's name it is no talk about it: an old password and a new one.
const WORDS_MIN: usize = 2;

/// From so many characters on a name with a slip of the finger in it is no other word.
const SLIP_CHARS_MIN: usize = 8;
/// Where other chats have a password behind it, and in so few words.
const LOGINS: [&str; 6] = ["identify", "auth", "login", "logon", "register", "signin"];
const LOGIN_WORDS_MAX: usize = 3;

/// What may stand before such a word where something is to be done with it, and what behind it.
const WISHES: [&str; 19] = [
    "change", "set", "reset", "new", "old", "my", "please", "ändere", "setze", "neues", "mein", "changer", "mon",
    "nouveau", "cambiar", "mi", "mijn", "nieuw", "moje",
];
const WISHES_BEHIND: [&str; 3] = ["change", "reset", "ändern"];
/// Words that are nearly a name, and mean something else.
const OTHER_WORDS: [&str; 2] = ["passed", "passwords"];
/// One of these among the next two words: somebody talks about it.
const SPEECH: &str = "a again an and are at be can command does doesn't file for forgotten from good has if in is isn't it \
                      must not of on only or should so that the to was will with works you ist und für nicht vergessen \
                      est le la les pour oublié es el está para olvidada il è dimenticata het een niet vergeten";

/// The command that a line looks like, whatever stands around it, if a password stands behind it.
pub(super) fn password_command(line: &str) -> Option<&'static str> {
    // What can't be seen may stand within a word, or between two.
    let within: String = seen(line).chars().filter(|&c| !is_invisible(c)).map(narrow).collect();
    let between: String = line.chars().map(|c| if is_invisible(c) { ' ' } else { narrow(c) }).collect();
    [within, between].iter().find_map(|text| command_in(text))
}

/// A character as wide as those of ASCII, where it is one of them.
pub(super) fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).unwrap_or(c),
        _ => c,
    }
}

/// One word of several kinds of characters, or of groups as one-time passwords have.
pub(super) fn looks_like_one(word: &str) -> bool {
    let kinds: [fn(char) -> bool; 4] =
        [char::is_lowercase, char::is_uppercase, char::is_numeric, |c| !c.is_alphanumeric() && !"'’".contains(c)];
    // A sentence of one word ends in a mark, and may begin with a capital: neither says anything.
    let inner = word.trim_end_matches(['.', '!', '?', ',', ':', ')', ';']);
    let rest = inner.chars().skip(1).collect::<String>();
    let several = kinds.iter().filter(|kind| rest.chars().any(kind)).count() > 1;
    let is_link = word.starts_with("https://") || word.starts_with("http://");
    !is_link && !word.contains(char::is_whitespace) && inner.chars().count() >= PASSWORD_CHARS_MIN && several
}

/// One word that is long enough: from a pipe, what would answer a prompt.
pub(super) fn could_be_one(word: &str) -> bool {
    !word.contains(char::is_whitespace) && word.chars().count() >= PASSWORD_CHARS_MIN
}

fn command_in(text: &str) -> Option<&'static str> {
    let is_gap = |c: char| c.is_whitespace() || ";,:=|".contains(c);
    let mut at = 0;
    let places = text.split_inclusive(is_gap).map(|piece| {
        at += piece.len();
        (at - piece.len(), piece.trim_end_matches(is_gap))
    });
    let places: Vec<(usize, &str)> = places.filter(|(_, word)| !bare(word).is_empty()).collect();
    let words: Vec<&str> = places.iter().map(|place| place.1).collect();
    (0..words.len()).find_map(|i| {
        let begins = begins(&text[..places[i].0], &words[..i]);
        meant(words[i], begins, &words[i + 1..]).or_else(|| begins.then(|| meant_in_words(&words[i..]))?)
    })
}

/// Which command a word is meant for, with these words behind it.
fn meant(word: &str, begins: bool, behind: &[&str]) -> Option<&'static str> {
    let name = bare(word).to_lowercase();
    // Also behind what a finger left there: `x/passwd`. A path is none.
    let name = name.split_once('/').filter(|_| !word.starts_with('/')).map_or(&*name, |(_, name)| name);
    let given = behind.iter().any(|word| looks_like_one(word));
    // A sentence that ends with the word has nothing behind it.
    let is_told = behind.len() >= WORDS_MIN && !is_speech(behind) && (begins || !word.ends_with(['.', '?', '!']));
    let commands = known::WITH_PASSWORD.iter().filter(|command| behind.len() >= command.1).map(|command| command.0);
    for command in commands.clone() {
        let is_slip = strsim::damerau_levenshtein(name, command) == 1 && !OTHER_WORDS.contains(&name);
        if name == command && (begins || given || is_told) || is_slip && (given || is_told) {
            return Some(command);
        }
    }
    // Of a name that is badly mistyped only what stands behind it can tell.
    nearest(name, commands).filter(|_| begins && given)
}

/// Which command a text is meant for that begins with these words: with a name for a password, a login of other chats, or a
/// command's name in two words.
fn meant_in_words(words: &[&str]) -> Option<&'static str> {
    let gives = |behind: &[&str]| behind.iter().any(|word| looks_like_one(word));
    if LOGINS.contains(&&*folded(words[0])) && words.len() <= LOGIN_WORDS_MAX && gives(&words[1..]) {
        return Some("passwd");
    }
    (1..=NAME_WORDS_MAX.min(words.len())).find_map(|count| {
        let (name, behind) = (folded(&words[..count].concat()), &words[count..]);
        let command = known::WITH_PASSWORD.iter().find(|command| command.0 == name && behind.len() >= command.1);
        if let Some((command, _)) = command.filter(|_| gives(behind)) {
            return Some(*command);
        }
        let wishes = behind.iter().take_while(|word| WISHES_BEHIND.contains(&&*bare(word).to_lowercase())).count();
        let behind = &behind[wishes..];
        let is_told = match meaning(&name)? {
            Meaning::Password => behind.len() >= WORDS_MIN && !is_speech(behind),
            Meaning::Perhaps => false,
        };
        (is_told || gives(behind)).then_some("passwd")
    })
}

/// What a word means that is a name for a password, also one with a slip of the finger in it.
fn meaning(word: &str) -> Option<Meaning> {
    let is_it = |name: &str| {
        word == name || name.chars().count() >= SLIP_CHARS_MIN && strsim::damerau_levenshtein(word, name) == 1
    };
    password_names::all().filter(|_| !OTHER_WORDS.contains(&word)).find(|(name, _)| is_it(name)).map(|found| found.1)
}

/// Whether a command's name was meant to be `/passwd`.
pub(super) fn is_change(name: &str) -> bool {
    let name = folded(name);
    strsim::damerau_levenshtein(&name, "passwd") <= 1 || name == "setpass" || meaning(&name).is_some()
}

/// Whether a text begins behind this: behind marks, a speaker's name, a wish.
fn begins(before: &str, words: &[&str]) -> bool {
    let is_around = |word: &&str| bare(word).chars().count() == 1 || WISHES.contains(&&*bare(word).to_lowercase());
    before.trim_end().ends_with([':', '>', ')', ']', '.', '|']) || words.iter().all(is_around)
}

fn is_speech(behind: &[&str]) -> bool {
    behind.iter().take(2).any(|word| SPEECH.split(' ').any(|small| small == bare(word).to_lowercase()))
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_password() {
        for line in ["tcxn-9su3-86ph", "hunter2hunter2", "Correct.Horse", "aB3$xy"] {
            assert!(looks_like_one(line), "{line}");
        }
        for line in ["hello", "Hello!", "yes", "that is hunter2", "ok...", "Wednesday", "a1"] {
            assert!(!looks_like_one(line), "{line}");
        }
    }

    #[test]
    fn a_command_with_a_password_that_is_none() {
        for (line, command) in [
            ("passwd old new", "passwd"),
            ("Passwd: old new", "passwd"),
            ("passwd secret", "passwd"),
            (".passwd old new", "passwd"),
            ("> /passwd old new", "passwd"),
            ("\u{200b}pass\u{ad}wd old new", "passwd"),
            ("passwd\u{200b}old new", "passwd"),
            ("passwd\u{200b}old\u{200b}new", "passwd"),
            ("／passwd old new", "passwd"),
            ("／ｐａｓｓｗｄ　old　new", "passwd"),
            ("ノpasswd old new", "passwd"),
            ("\\passwd old new", "passwd"),
            (" /passwd old new", "passwd"),
            ("x\u{8}/passwd old new", "passwd"),
            ("x/passwd old new", "passwd"),
            ("x\x1b[0m/passwd old new", "passwd"),
            ("1. /passwd old new", "passwd"),
            ("[21:10] /passwd old new", "passwd"),
            ("[21:10] passwd secret", "passwd"),
            ("ada: /passwd old new", "passwd"),
            ("<ada> pwd old new", "passwd"),
            ("hello /passwd old new", "passwd"),
            ("hello passwd old new", "passwd"),
            ("$ passwd;old;new", "passwd"),
            ("passwd;old new", "passwd"),
            ("/passwd=old=new", "passwd"),
            ("paswd old new", "passwd"),
            ("passwrd old new", "passwd"),
            ("hello /psswd old new", "passwd"),
            ("pasword tcxn-9su3-86ph 7Green", "passwd"),
            ("pasword old new", "passwd"),
            ("pwd old new", "passwd"),
            ("change password old new", "passwd"),
            ("Please change my password: old new", "passwd"),
            ("passwort ändern alt neu", "passwd"),
            ("Neues Kennwort alt neu", "passwd"),
            ("contraseña old-pass-7 new-pass-9", "passwd"),
            ("Contraseña: vieja nueva", "passwd"),
            ("mot de passe old-pass-7 new-pass-9", "passwd"),
            ("mon mot de passe: ancien nouveau", "passwd"),
            ("palavra-passe velha nova", "passwd"),
            ("wachtwoord old-pass-7 new-pass-9", "passwd"),
            ("wachtwoord oud nieuw", "passwd"),
            ("hasło old-pass-7 new-pass-9", "passwd"),
            ("пароль old-pass-7 new-pass-9", "passwd"),
            ("pass old-pass-7 new-pass-9", "passwd"),
            ("identify old-pass-7", "passwd"),
            ("login ada old-pass-7", "passwd"),
            ("add user zed new-pass-9", "adduser"),
            ("reset password zed new-pass-9", "resetpassword"),
            ("adduser eve hunter2", "adduser"),
            ("⁄adduser eve hunter2", "adduser"),
            ("hello /adduser eve secret", "adduser"),
            ("ada: aduser eve secret", "adduser"),
            ("resetpassword eve hunter2", "resetpassword"),
            ("hello resetpassword;eve;secret", "resetpassword"),
        ] {
            assert_eq!(password_command(line), Some(command), "{line:?}");
        }
    }

    #[test]
    fn what_people_say() {
        for line in [
            "passwd",
            "passwd?",
            "adduser eve",
            "passed the test",
            "password is needed here",
            "what is passwd good for",
            "how do I change my password?",
            "the passwd command is /passwd",
            "use /passwd to change it",
            "I read /etc/passwd line by line",
            "I forgot my password again, sorry",
            "please all change your password now",
            "my password doesn't work",
            "passwords are hard to remember",
            "does passwd work on Windows?",
            "do you know passwd? Bob does",
            "she passed her old exam",
            "the password for the wifi is on the board",
            "Passwort vergessen, was tun?",
            "a PWD is a folder",
            "we use adduser for new people",
            "hello my friends",
            "mot de passe oublié, que faire ?",
            "la contraseña es para todos",
            "pass me the salt please",
            "Pass auf dich auf",
            "parole parole parole",
            "login is broken",
            "login: see https://example.org/page-2",
            "add user stories to the board",
            "identify the verb in each sentence",
        ] {
            assert_eq!(password_command(line), None, "{line:?}");
        }
    }
}
