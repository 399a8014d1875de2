//! What was most likely typed into the wrong place: a password, or a command that isn't one.
//!
//! A process has one keyboard, so the change of password that failed last is one state of the process.

use super::known::{self, is_known};
use super::password_words::{looks_like_one, narrow, password_command};
use super::shape::{Shape, behind_blanks};
use crate::protocol::Secret;
use crate::sanitize::{self, is_invisible};
use crate::sync::lock;
use sha2::{Digest, Sha256};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use unicode_normalization::UnicodeNormalization;

/// How long after a failed change of password a line is looked at: as long as it takes to try again.
const AFTER_FAILURE: Duration = Duration::from_secs(120);
/// As much of a line as tells which one is meant.
const START_CHARS_SHOWN: usize = 20;
/// What other keyboards and fonts have for a slash.
const SLASHES_ALIKE: [char; 7] = ['／', '⁄', '∕', '⧸', '╱', '⟋', '\\'];

/// The commands that tell others what stands behind them, and whether the first word of that is a name.
const TELLING: [(&str, bool); 8] = [
    ("me", false),
    ("reply", false),
    ("r", false),
    ("topic", false),
    ("away", false),
    ("msg", true),
    ("whisper", true),
    ("w", true),
];

static DOUBTS: Mutex<Doubts> = Mutex::new(Doubts { failed: None, own: None });

/// This is one's own password from now on. What is kept of it is a salted hash.
pub(crate) fn own(password: &Secret) {
    lock(&DOUBTS).own = Own::of(password);
}

/// A change of password failed, with these.
pub(crate) fn failed(passwords: [&Secret; 2]) {
    lock(&DOUBTS).failed = Some((Instant::now(), passwords.map(Clone::clone)));
}

/// A change of password succeeded, to this one.
pub(crate) fn settled(new: &Secret) {
    *lock(&DOUBTS) = Doubts { failed: None, own: Own::of(new) };
}

/// Whether a line holds a password, as far as can be told.
pub(super) fn holds_password(line: &str) -> bool {
    line.lines().any(|line| password_command(line).is_some()) || lock(&DOUBTS).is_own_in(line)
}

/// Why a line that others would read was most likely meant for elsewhere, if it was.
pub(crate) fn doubt(line: &str) -> Option<String> {
    let text = told(line)?;
    if lock(&DOUBTS).is_own_in(text) {
        return Some("this has your password in it".into());
    }
    if let Some(command) = text.lines().find_map(password_command) {
        return Some(format!("this looks like `/{command}` with a password, and is no command"));
    }
    if lock(&DOUBTS).doubt(text, Instant::now()) {
        return Some("this looks like a password, and a change of yours has just failed".into());
    }
    let Shape::Text(_) = Shape::of(line) else { return None };
    let first = behind_blanks(line);
    let start = sanitize::line(first).chars().take(START_CHARS_SHOWN).collect::<String>();
    if first.starts_with('/') && !first.starts_with("//") {
        return Some(format!("`{start}` has blanks before it, so it is no command"));
    }
    if begins_alike(first) {
        return Some(format!("`{start}` begins with another sign than `/`, so it is no command"));
    }
    None
}

/// What others would read of a line.
fn told(line: &str) -> Option<&str> {
    match Shape::of(line) {
        Shape::Nothing => None,
        Shape::Text(text) => Some(text),
        Shape::Command(rest) => {
            let name = known::command_name(rest);
            let (_, to_one) = TELLING.iter().find(|telling| telling.0 == name)?;
            let text = rest[name.len()..].trim_start();
            Some(if *to_one { text.split_once(char::is_whitespace).unwrap_or_default().1 } else { text })
        }
    }
}

/// Whether a text begins with what looks like a slash, and a command behind it.
fn begins_alike(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(SLASHES_ALIKE) else { return false };
    let rest: String = rest.chars().map(narrow).collect();
    is_known(&known::command_name(&rest))
}

/// What is known of passwords.
#[derive(Debug)]
struct Doubts {
    /// The last change that failed.
    failed: Option<(Instant, [Secret; 2])>,
    own: Option<Own>,
}

/// One's own password, as far as it takes to know it again. Two hashes with a salt that nobody else has may be compared in
/// any manner.
#[derive(Debug)]
struct Own {
    salt: [u8; 16],
    hash: [u8; 32],
    /// How many words it has.
    words: usize,
}

impl Own {
    /// None where the system gives no random numbers.
    fn of(password: &Secret) -> Option<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let words: Vec<&str> = password.expose().split_whitespace().collect();
        Some(Self { salt, hash: salted(salt, &words), words: words.len() })
    }

    /// Whether it stands in a line, as words of its own. What can't be seen may stand within a word, or between two.
    fn is_in(&self, line: &str) -> bool {
        let within: String = line.chars().filter(|&c| !is_invisible(c)).collect();
        let between: String = line.chars().map(|c| if is_invisible(c) { ' ' } else { c }).collect();
        let apart = line.replace([':', '=', ';', ','], " ");
        [within, between, apart].iter().any(|text| self.is_among(&text.split_whitespace().collect::<Vec<_>>()))
    }

    fn is_among(&self, words: &[&str]) -> bool {
        let is_mark = |c: char| !c.is_alphanumeric();
        let plain: Vec<&str> = words.iter().map(|word| word.trim_matches(is_mark)).collect();
        let is_it = |words: &[&str]| salted(self.salt, words) == self.hash;
        self.words > 0 && (words.windows(self.words).any(is_it) || plain.windows(self.words).any(is_it))
    }
}

fn salted(salt: [u8; 16], words: &[&str]) -> [u8; 32] {
    let text: String = words.join(" ").nfc().collect();
    Sha256::new().chain_update(salt).chain_update(text).finalize().into()
}

impl Doubts {
    fn is_own_in(&self, line: &str) -> bool {
        self.own.as_ref().is_some_and(|own| own.is_in(line))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_a_while_after_a_failure() {
        let (mut doubts, start) = (Doubts { failed: None, own: None }, Instant::now());
        assert!(!doubts.doubt("hunter2hunter2", start), "nothing has failed");
        let secret = |text: &str| Secret::from(text.to_owned());
        doubts.failed = Some((start, [secret("seven green bottles"), secret("x")]));
        assert!(doubts.doubt("hunter2hunter2", start));
        assert!(doubts.doubt("seven green bottles", start), "the very words");
        assert!(!doubts.doubt("I can't change my password", start));
        assert!(!doubts.doubt("hunter2hunter2", start + AFTER_FAILURE + Duration::from_secs(1)));
    }

    #[test]
    fn a_command_with_a_password_wherever_it_is_told() {
        for line in [
            "passwd old new",
            "a text\n/passwd old new",
            "/me passwd old new",
            "/me /passwd old new",
            "/msg ada /passwd old new",
            "/Whisper ada pwd old new",
            "/w ada passwd secret",
            "/r change password old new",
            "/reply hello\n/passwd old new",
            "/topic passwd old new",
            "/away passwd old new",
            "//passwd old new",
        ] {
            let why = doubt(line).unwrap_or_default();
            assert!(why.contains("looks like `/passwd` with a password"), "{line:?}: {why}");
        }
        for line in
            ["/passwd old new", "/adduser eve secret", "/say passwd old new", "/help passwd", "/me waves", "/who"]
        {
            assert_eq!(doubt(line), None, "{line:?}");
        }
    }

    #[test]
    fn ones_own_password_is_known_in_a_line() {
        let own = |password: &str| Own::of(&Secret::from(password.to_owned())).unwrap();
        let (one, several) = (own("hunter2hunter2"), own("seven  green bottles"));
        for line in [
            "hunter2hunter2",
            " hunter2hunter2 ",
            "so: \"hunter2hunter2\", and now?",
            "pass=hunter2hunter2;",
            "\u{200b}hunter2\u{ad}hunter2",
            "ada\u{200b}hunter2hunter2",
        ] {
            assert!(one.is_in(line), "{line:?}");
        }
        assert!(several.is_in("it is seven green bottles, I think") && !several.is_in("seven bottles"));
        assert!(!one.is_in("hunter2") && !one.is_in("Hunter2hunter2") && !one.is_in(""));
        assert!(own("blu\u{308}menwiese").is_in("bl\u{fc}menwiese"), "typed on another keyboard");
        assert!(own("!?!?!?!?").is_in("it is !?!?!?!? now"));
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
