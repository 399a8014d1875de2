//! What was most likely typed into the wrong place: a password, after a change of it has failed.
//!
//! A process has one keyboard, so this is one state of the process.

use crate::protocol::Secret;
use crate::sync::lock;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long after a failed change of password a line is looked at: as long as it takes to try again.
const AFTER_FAILURE: Duration = Duration::from_secs(120);
/// The shortest word that looks like a password by itself.
const PASSWORD_CHARS_MIN: usize = 6;

static DOUBTS: Mutex<Doubts> = Mutex::new(Doubts { failed: None });

/// A change of password failed, with these.
pub(crate) fn failed(passwords: [&Secret; 2]) {
    *lock(&DOUBTS) = Doubts { failed: Some((Instant::now(), passwords.map(Clone::clone))) };
}

/// A change of password succeeded.
pub(crate) fn settled() {
    lock(&DOUBTS).failed = None;
}

/// Whether a line may be a password that was meant for elsewhere.
pub(crate) fn doubt(line: &str) -> bool {
    lock(&DOUBTS).doubt(line, Instant::now())
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
        !line.starts_with('/') && (looks_like_one(line) || passwords.iter().any(said))
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
}
