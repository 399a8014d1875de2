//! The client's own word: above the line that is edited, else on standard error.

use super::screen;
use std::fmt::Display;
use std::io::{self, Write};

/// Says that something is refused, has failed, or needs attention.
pub(crate) fn notice(text: impl Display) {
    say(&format!("! {text}"));
}

/// Answers what was typed, where the client does that by itself; it looks like an answer of the server.
pub(crate) fn answer(text: impl Display) {
    say(&format!("* {text}"));
}

/// A row of a table in such an answer.
pub(crate) fn row(text: impl Display) {
    say(&format!("  {text}"));
}

fn say(line: &str) {
    if !screen::say(line) {
        // Nobody is left to be told that this failed.
        let _ = writeln!(io::stderr(), "{line}");
    }
}
