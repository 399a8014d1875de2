//! What a typed line is, a command or something to be said: decided here, by what a person sees of it.

use crate::sanitize::is_invisible;

/// What a line is.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Shape<'a> {
    /// Nothing that could be seen.
    Nothing,
    /// A command: what stands behind its slash.
    Command(&'a str),
    /// Something to be said, as it stands here.
    Text(&'a str),
}

impl<'a> Shape<'a> {
    /// Of a line without its end.
    pub(crate) fn of(line: &'a str) -> Self {
        match seen(line).strip_prefix('/') {
            Some(rest) if rest.starts_with('/') => Self::Text(rest),
            Some(rest) => Self::Command(rest),
            None if behind_blanks(line).is_empty() => Self::Nothing,
            None => Self::Text(line),
        }
    }
}

/// What a person sees of a line: without what has no ink and no room at its beginning, and what a terminal would obey.
pub(super) fn seen(line: &str) -> &str {
    let mut rest = line;
    while let Some(c) = rest.chars().next().filter(|&c| is_invisible(c)) {
        let behind = &rest[c.len_utf8()..];
        rest = match c {
            '\x1b' => behind_escape(behind),
            '\u{9b}' => behind_final(behind).unwrap_or(behind),
            _ => behind,
        };
    }
    rest
}

/// The same, without the blanks at its beginning either.
pub(super) fn behind_blanks(line: &str) -> &str {
    let mut rest = line;
    loop {
        let next = seen(rest).trim_start();
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

/// What stands behind an escape sequence, whose first character is gone already (ECMA-48). One that never ends is none:
/// then only that character can't be seen.
fn behind_escape(rest: &str) -> &str {
    let Some(kind) = rest.chars().next() else { return rest };
    let inner = &rest[kind.len_utf8()..];
    let behind = match kind {
        '[' => behind_final(inner),
        // Strings: the title, the clipboard.
        ']' | 'P' | 'X' | '^' | '_' => ["\x1b\\", "\x07", "\u{9c}"]
            .iter()
            .filter_map(|end| inner.find(end).map(|at| (at, end.len())))
            .min()
            .map(|(at, end)| &inner[at + end..]),
        // A function key, a set of characters: one more. A slash would be of the kind, and is what is looked for.
        'N' | 'O' | ' '..='.' => inner.chars().next().filter(char::is_ascii).map(|_| &inner[1..]),
        '0'..='?' => Some(inner),
        _ => None,
    };
    behind.unwrap_or(rest)
}

/// What stands behind a control sequence, whose beginning is gone already. None has a slash in it.
fn behind_final(rest: &str) -> Option<&str> {
    let end = rest.find(|c| !matches!(c, ' '..='.' | '0'..='?'))?;
    rest[end..].starts_with(|c| matches!(c, '@'..='~')).then(|| &rest[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_is() {
        for (line, shape) in [
            ("", Shape::Nothing),
            (" \t\u{a0}\u{2003}", Shape::Nothing),
            ("\u{feff}\u{200b} \u{ad}", Shape::Nothing),
            ("\x1b[A", Shape::Nothing),
            ("hi", Shape::Text("hi")),
            (" hi", Shape::Text(" hi")),
            ("//who", Shape::Text("/who")),
            ("/who", Shape::Command("who")),
            (" /who", Shape::Text(" /who")),
            // What stands in front of a text may belong to it.
            ("\u{200f}שלום", Shape::Text("\u{200f}שלום")),
        ] {
            assert_eq!(Shape::of(line), shape, "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_makes_no_message_of_a_command() {
        for front in [
            "\u{feff}",
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{200e}",
            "\u{200f}",
            "\u{ad}",
            "\u{34f}",
            "\u{61c}",
            "\u{115f}",
            "\u{17b4}",
            "\u{180e}",
            "\u{202e}",
            "\u{2060}",
            "\u{2066}",
            "\u{206f}",
            "\u{2800}",
            "\u{3164}",
            "\u{fe0f}",
            "\u{ffa0}",
            "\u{fff9}",
            "\u{1bca0}",
            "\u{1d173}",
            "\u{e0001}",
            "\u{e0020}",
            "\u{e0100}",
            "\0",
            "\x01",
            "\x07",
            "\x08",
            "\x7f",
            "\u{80}",
            "\u{9b}",
            "\u{9b}0m",
            "\x1b",
            "\x1b\x1b",
            "\x1b[0m",
            "\x1b[200~",
            "\x1b[1;31m\x1b[K",
            "\x1bOP",
            "\x1b(B",
            "\x1b7",
            "\x1b]0;title\x07",
            "\x1b]52;c;eA==\x1b\\",
            "\u{feff}\u{200b}\0",
        ] {
            assert_eq!(Shape::of(&format!("{front}/passwd a b")), Shape::Command("passwd a b"), "{front:?}");
            assert_eq!(Shape::of(&format!("{front}//x")), Shape::Text("/x"), "{front:?}");
        }
    }
}
