//! What `homeroom-server doctor` and `check` find, and how they say it.

use std::fmt;
use std::io::{self, Write};

/// What was found.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Finding {
    /// As it should be.
    Good(String),
    /// Worth knowing, or for a person to judge.
    Note(String),
    /// It stops the server, or somebody from joining.
    Bad(String),
}

/// Prints what was found, by sections. True when nothing is bad.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn print(sections: &[(&str, Vec<Finding>)]) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    for (title, findings) in sections {
        writeln!(out, "{title}")?;
        for finding in findings {
            writeln!(out, "{finding}")?;
        }
    }
    let is_bad = |finding: &&Finding| matches!(finding, Finding::Bad(_));
    let bad = sections.iter().flat_map(|(_, findings)| findings).filter(is_bad).count();
    match bad {
        0 => writeln!(out, "\nnothing is wrong here")?,
        1 => writeln!(out, "\none thing is wrong: it is marked with !!")?,
        _ => writeln!(out, "\n{bad} things are wrong: they are marked with !!")?,
    }
    Ok(bad == 0)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, text) = match self {
            Self::Good(text) => ("ok", text),
            Self::Note(text) => ("--", text),
            Self::Bad(text) => ("!!", text),
        };
        write!(f, "  {mark}  {text}")
    }
}
