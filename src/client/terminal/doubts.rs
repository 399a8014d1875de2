//! What was most likely typed into the wrong place: a password, or a command that isn't one.
//!
//! A process has one keyboard, so the change of password that failed last is one state of the process.

use super::known::{self, is_known};
use super::shape::{Shape, behind_blanks, seen};
use crate::nearest::nearest;
use crate::protocol::Secret;
use crate::sanitize::{self, is_invisible};
use crate::sync::lock;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long after a failed change of password a line is looked at: as long as it takes to try again.
const AFTER_FAILURE: Duration = Duration::from_secs(120);
/// The shortest word that looks like a password by itself.
const PASSWORD_CHARS_MIN: usize = 6;
/// As much of a line as tells which one is meant.
const START_CHARS_SHOWN: usize = 20;
/// What other keyboards and fonts have for a slash.
const SLASHES_ALIKE: [char; 7] = ['／', '⁄', '∕', '⧸', '╱', '⟋', '\\'];

static DOUBTS: Mutex<Doubts> = Mutex::new(Doubts { failed: None });

/// A change of password failed, with these.
pub(crate) fn failed(passwords: [&Secret; 2]) {
    *lock(&DOUBTS) = Doubts { failed: Some((Instant::now(), passwords.map(Clone::clone))) };
}

/// A change of password succeeded.
pub(crate) fn settled() {
    lock(&DOUBTS).failed = None;
}

/// Why a line that would be said was most likely meant for elsewhere, if it was.
pub(crate) fn doubt(line: &str) -> Option<String> {
    if let Some(command) = line.lines().find_map(password_command) {
        return Some(format!("this looks like `/{command}` with a password, and is no command"));
    }
    let Shape::Text(text) = Shape::of(line) else { return None };
    let first = behind_blanks(line);
    let start = sanitize::line(first).chars().take(START_CHARS_SHOWN).collect::<String>();
    if first.starts_with('/') && !first.starts_with("//") {
        return Some(format!("`{start}` has blanks before it, so it is no command"));
    }
    if begins_alike(first) {
        return Some(format!("`{start}` begins with another sign than `/`, so it is no command"));
    }
    let failed = lock(&DOUBTS).doubt(text, Instant::now());
    failed.then(|| "this looks like a password, and a change of yours has just failed".into())
}

/// The command that a line looks like, whatever stands before its name, if a password stands behind it.
pub(super) fn password_command(line: &str) -> Option<&'static str> {
    let line: String = seen(line).chars().filter(|&c| !is_invisible(c)).map(narrow).collect();
    let mut words = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).split_whitespace();
    let name = words.next()?.trim_end_matches([':', '=', ',']).to_ascii_lowercase();
    let arguments: Vec<&str> = words.collect();
    let with_password = known::WITH_PASSWORD.iter().filter(|command| arguments.len() >= command.1);
    let names = with_password.map(|command| command.0);
    // Of a name that is mistyped and has no slash only what stands behind it can tell.
    let is_plain = names.clone().any(|known| known == name) || arguments.iter().any(|word| looks_like_one(word));
    nearest(&name, names).filter(|_| is_plain)
}

/// Whether a text begins with what looks like a slash, and a command behind it.
fn begins_alike(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(SLASHES_ALIKE) else { return false };
    let rest: String = rest.chars().map(narrow).collect();
    is_known(&known::command_name(&rest))
}

/// A character as wide as those of ASCII, where it is one of them.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + u32::from('!')).unwrap_or(c),
        _ => c,
    }
}

/// The last change of password that failed.
#[derive(Debug)]
struct Doubts {
    failed: Option<(Instant, [Secret; 2])>,
}

impl Doubts {
    fn doubt(&mut self, line: &str, now: Instant) -> bool {
        if self.failed.as_ref().is_some_and(|failed| now.saturating_duration_since(failed.0) > AFTER_FAILURE) {
            self.failed = None;
        }
        let Some((_, passwords)) = &self.failed else { return false };
        let line = line.trim();
        // The very words, or a word that could be one.
        let said = |password: &Secret| line == password.expose().trim();
        looks_like_one(line) || passwords.iter().any(said)
    }
}

/// One word of several kinds of characters, or of groups as one-time passwords have.
fn looks_like_one(line: &str) -> bool {
    let kinds: [fn(char) -> bool; 4] =
        [char::is_lowercase, char::is_uppercase, char::is_numeric, |c| !c.is_alphanumeric()];
    // A sentence of one word ends in a mark, and may begin with a capital: neither says anything.
    let inner = line.trim_end_matches(['.', '!', '?', ',', ':', ')', ';']);
    let rest = inner.chars().skip(1).collect::<String>();
    let several = kinds.iter().filter(|kind| rest.chars().any(kind)).count() > 1;
    !line.contains(char::is_whitespace) && inner.chars().count() >= PASSWORD_CHARS_MIN && several
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
    fn for_a_while_after_a_failure() {
        let (mut doubts, start) = (Doubts { failed: None }, Instant::now());
        assert!(!doubts.doubt("hunter2hunter2", start), "nothing has failed");
        let secret = |text: &str| Secret::from(text.to_owned());
        doubts.failed = Some((start, [secret("seven green bottles"), secret("x")]));
        assert!(doubts.doubt("hunter2hunter2", start));
        assert!(doubts.doubt("seven green bottles", start), "the very words");
        assert!(!doubts.doubt("I can't change my password", start));
        assert!(!doubts.doubt("hunter2hunter2", start + AFTER_FAILURE + Duration::from_secs(1)));
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
            ("／passwd old new", "passwd"),
            ("／ｐａｓｓｗｄ　old　new", "passwd"),
            ("ノpasswd old new", "passwd"),
            ("\\passwd old new", "passwd"),
            (" /passwd old new", "passwd"),
            ("a text\n/passwd old new", "passwd"),
            ("pasword tcxn-9su3-86ph 7Green", "passwd"),
            ("adduser eve hunter2", "adduser"),
            ("⁄adduser eve hunter2", "adduser"),
            ("resetpassword eve hunter2", "resetpassword"),
        ] {
            assert!(
                doubt(line).is_some_and(|why| why.contains(&format!("`/{command}`"))),
                "{line:?}: {:?}",
                doubt(line)
            );
        }
        for line in [
            "passwd",
            "passwd?",
            "adduser eve",
            "passed the test",
            "password is needed here",
            "what is passwd good for",
        ] {
            assert_eq!(doubt(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_command_that_is_none() {
        for line in [" /msg bob secret", "\t/w bob a", "\u{feff} /who", "  /etc/hosts is a file"] {
            assert!(doubt(line).is_some_and(|why| why.contains("has blanks before it")), "{line:?}");
        }
        for line in ["／msg bob a", "／ｗｈｏ", "∕Who", " \\who"] {
            assert!(doubt(line).is_some_and(|why| why.contains("another sign")), "{line:?}");
        }
        for line in ["hello", "  // a comment", "//who", "\u{feff}//who", "／人", "\\o/", "1⁄2", "／／▽／／", "/who"]
        {
            assert_eq!(doubt(line), None, "{line:?}");
        }
    }
}
