//! What was most likely typed into the wrong place: a password, or a command that isn't one.
//!
//! A process has one keyboard, so the change of password that failed last is one state of the process.

use super::known::{self, is_known};
use super::known_password::KnownPassword;
use super::password_words::{could_be_one, is_change, looks_like_one, narrow, password_command};
use super::shape::{Shape, behind_blanks};
use crate::client::code;
use crate::protocol::Secret;
use crate::sanitize;
use crate::sync::lock;
use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long after a failed change of password a line is looked at: as long as it takes to try again.
const AFTER_FAILURE: Duration = Duration::from_secs(120);
/// As much of a line as tells which one is meant.
const START_CHARS_SHOWN: usize = 20;
/// What other keyboards and fonts have for a slash.
const SLASHES_ALIKE: [char; 7] = ['／', '⁄', '∕', '⧸', '╱', '⟋', '\\'];

/// The commands that tell others what stands behind them, and whether the first word of that is a name.
const TELLING: [(&str, bool); 12] = [
    ("me", false),
    ("reply", false),
    ("r", false),
    ("topic", false),
    ("away", false),
    ("all", false),
    ("ask", false),
    ("hand", false),
    ("poll", false),
    ("msg", true),
    ("whisper", true),
    ("w", true),
];

static DOUBTS: Mutex<Doubts> = Mutex::new(Doubts { own: Own::Nobodys, failed: None });

/// This is one's own password from now on.
pub(crate) fn own(password: &Secret) {
    lock(&DOUBTS).own = Own::of(password);
}

/// One has a password, and was not asked for it.
pub(crate) fn own_is_unknown() {
    lock(&DOUBTS).own = Own::Unknown;
}

/// A change of password failed, with these: until it is tried again, they may be said by mistake.
pub(crate) fn failed(passwords: &[&Secret]) {
    lock(&DOUBTS).failed = Some(Failed::now(passwords));
}

/// A line was refused for its form. If it was to change a password, that failed with whatever stands in it.
pub(crate) fn refused(line: &str) {
    let Shape::Command(rest) = Shape::of(line) else { return };
    let name = known::command_name(rest);
    if is_change(&name) {
        let words: Vec<Secret> = rest[name.len()..].split_whitespace().map(|word| word.to_owned().into()).collect();
        failed(&words.iter().collect::<Vec<_>>());
    }
}

/// A change of password succeeded, to this one.
pub(crate) fn settled(new: &Secret) {
    *lock(&DOUBTS) = Doubts { own: Own::of(new), failed: None };
}

/// Whether a line holds a password, as far as can be told.
pub(super) fn holds_password(line: &str) -> bool {
    line.lines().any(|line| password_command(line).is_some()) || lock(&DOUBTS).is_known_in(line, Instant::now())
}

/// Why a line that others would read was most likely meant for elsewhere, if it was.
pub(crate) fn doubt(line: &str) -> Option<String> {
    if let Shape::Command(rest) = Shape::of(line) {
        // Programs have words for passwords in them: only what is one is looked for.
        if let Some(code) = code::text(rest) {
            return lock(&DOUBTS)
                .is_known_in(code, Instant::now())
                .then(|| "this has a password of yours in it".into());
        }
    }
    let text = told(line)?;
    let command = text.lines().find_map(password_command);
    if let Some(why) = lock(&DOUBTS).doubt(text, command, &Place { now: Instant::now(), is_piped: is_piped() }) {
        return Some(why);
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

/// Whether nobody types.
fn is_piped() -> bool {
    !io::stdin().is_terminal()
}

/// When and where a line is judged.
#[derive(Clone, Copy, Debug)]
struct Place {
    now: Instant,
    is_piped: bool,
}

/// What is known of passwords.
#[derive(Debug)]
struct Doubts {
    own: Own,
    /// The last change that failed.
    failed: Option<Failed>,
}

/// One's own password.
#[derive(Debug)]
enum Own {
    /// Nobody is logged in.
    Nobodys,
    /// It was not typed: the login is one that was remembered.
    Unknown,
    Known(KnownPassword),
}

impl Own {
    fn of(password: &Secret) -> Self {
        KnownPassword::of(password).map_or(Self::Unknown, Self::Known)
    }
}

/// A change of password that failed.
#[derive(Debug)]
struct Failed {
    at: Instant,
    /// What was tried.
    with: Vec<KnownPassword>,
}

impl Failed {
    fn now(passwords: &[&Secret]) -> Self {
        Self { at: Instant::now(), with: passwords.iter().filter_map(|password| KnownPassword::of(password)).collect() }
    }
}

impl Doubts {
    /// Why a text most likely holds a password, if it does; `command` is the one that it looks like.
    fn doubt(&mut self, text: &str, command: Option<&str>, place: &Place) -> Option<String> {
        let word = text.trim();
        if matches!(&self.own, Own::Known(own) if own.is_in(text)) {
            Some("this has your password in it".into())
        } else if let Some(command) = command {
            Some(format!("this looks like `/{command}` with a password, and is no command"))
        } else if self.has_failed(place.now) && (looks_like_one(word) || place.is_piped && could_be_one(word)) {
            Some("this looks like a password, and a change of yours has just failed".into())
        } else if self.is_tried_in(text, place.now) {
            Some("this has a password in it with which a change of yours has just failed".into())
        } else if matches!(self.own, Own::Unknown) && looks_like_one(word) {
            Some("this looks like a password, and yours is not known here, since you were not asked for it".into())
        } else {
            None
        }
    }

    fn is_known_in(&mut self, line: &str, now: Instant) -> bool {
        matches!(&self.own, Own::Known(own) if own.is_in(line)) || self.is_tried_in(line, now)
    }

    /// Whether one of those is in it that were just tried.
    fn is_tried_in(&mut self, line: &str, now: Instant) -> bool {
        self.has_failed(now) && self.failed.iter().flat_map(|failed| &failed.with).any(|tried| tried.is_in(line))
    }

    /// Whether a change has just failed. After a while none has.
    fn has_failed(&mut self, now: Instant) -> bool {
        if self.failed.as_ref().is_some_and(|failed| now.saturating_duration_since(failed.at) > AFTER_FAILURE) {
            self.failed = None;
        }
        self.failed.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    #[test]
    fn for_a_while_after_a_failure() {
        let mut doubts = Doubts { own: Own::of(&secret("my own one")), failed: None };
        let start = Instant::now();
        let here = Place { now: start, is_piped: false };
        let mut doubt = |text: &str, place: &Place| doubts.doubt(text, None, place);
        assert_eq!(doubt("hunter2hunter2", &here), None, "nothing has failed");
        assert!(doubt("my OWN one", &here).is_some());
        doubts.failed = Some(Failed { at: start, ..Failed::now(&[&secret("seven green bottles"), &secret("x")]) });
        let mut doubt = |text: &str, place: &Place| doubts.doubt(text, None, place).is_some();
        assert!(doubt("hunter2hunter2", &here));
        assert!(doubt("my new one: seven green bottles", &here) && doubt("x", &here), "the very words");
        assert!(!doubt("I can't change my password", &here) && !doubt("x is unknown", &here));
        assert!(!doubt("somewhere", &here) && doubt("somewhere", &Place { is_piped: true, ..here }));
        assert!(!doubt("done", &Place { is_piped: true, ..here }));
        let later = Place { now: start + AFTER_FAILURE + Duration::from_secs(1), is_piped: true };
        for text in ["hunter2hunter2", "seven green bottles", "somewhere"] {
            assert!(!doubt(text, &later), "{text}");
        }
    }

    #[test]
    fn as_long_as_ones_own_is_not_known() {
        let here = Place { now: Instant::now(), is_piped: false };
        let mut doubts = Doubts { own: Own::Unknown, failed: None };
        let mut doubt = |text: &str| doubts.doubt(text, None, &here).is_some();
        assert!(doubt("old-pass-7") && doubt(" Tr0ub4dor&3 "));
        assert!(!doubt("hello") && !doubt("see page-12") && !doubt("https://example.org/a1"));
        let mut stranger = Doubts { own: Own::Nobodys, failed: None };
        assert_eq!(stranger.doubt("old-pass-7", None, &here), None);
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
            "/all passwd old new",
            "/ask passwd old new",
            "/hand passwd old new",
            "/poll passwd old new | a | b",
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
