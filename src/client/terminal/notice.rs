//! The client's own word: above the line that is edited, else on standard error.

use super::screen;
use std::io::{self, Write};

/// Says something on standard error, marked as the client's own word.
pub(crate) fn notice(text: impl std::fmt::Display) {
    let line = format!("! {text}");
    if !screen::notice(&line) {
        // Nobody is left to be told that this failed.
        let _ = writeln!(io::stderr(), "{line}");
    }
}
