//! What a table must be to be opened in a spreadsheet: read as it was written, and without a formula in it.

use crate::sanitize;
use std::borrow::Cow;
use std::io;

/// Excel takes a table without it for one in its system's old encoding.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What the system said. The crate's own way into an `io::Error` would hide which kind it is.
pub(crate) fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A cell that begins like a formula would be one for a spreadsheet, and could fetch, send or start something: it gets
/// an apostrophe before it (OWASP, CSV injection). What can't be seen before that is no protection.
///
/// A spreadsheet may also take another character for the separator than it is, as a German one does that is given a table
/// with commas: then a cell begins wherever one of them or a line break stands, also inside of quotes. There only what
/// can do something gets its apostrophe: it calls, starts or names something outside. A `;-)` stays as it is.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let first = text.chars().find(|&c| !is_nothing(c));
    let whole = first.is_some_and(|c| BEGINS_FORMULA.contains(&c)) || text.starts_with(['\t', '\r', '\n', '\0']);
    let mut safe = String::from(if whole { "'" } else { "" });
    let (mut begin, mut copied) = (None, 0);
    let last_act = text.rfind(ACTS).unwrap_or(0);
    for (at, c) in text.char_indices().take_while(|&(at, _)| at < last_act) {
        match begin {
            Some(begin) if BEGINS_FORMULA.contains(&c) => {
                safe.push_str(&text[copied..begin]);
                safe.push('\'');
                copied = begin;
            }
            _ => {}
        }
        if BEGINS_CELL.contains(&c) {
            begin = Some(at + c.len_utf8());
        } else if !is_nothing(c) {
            begin = None;
        }
    }
    if safe.is_empty() { text.into() } else { (safe + &text[copied..]).into() }
}

/// How a formula begins.
const BEGINS_FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Where a spreadsheet may have a cell begin: after what separates cells or lines, and after a quote.
const BEGINS_CELL: [char; 12] =
    [',', ';', '\t', '|', '"', '\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
/// One of them is in every formula that calls a function (`HYPERLINK(`), starts a program (`cmd|'/c calc'!A1`) or names
/// another file (`'http://x/[a.xls]b'!A1`).
const ACTS: [char; 5] = ['(', '|', '!', '（', '！'];

/// What may stand before a formula.
fn is_nothing(c: char) -> bool {
    c.is_whitespace() || c == '"' || sanitize::is_invisible(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        for (text, cell) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            (" \u{200b}\u{feff}=1", "' \u{200b}\u{feff}=1"),
            ("\0", "'\0"),
            (" a=b", " a=b"),
            ("\"=1+1", "'\"=1+1"),
            ("\u{200d}=1", "'\u{200d}=1"),
            ("so;=HYPERLINK(\"http://x\");", "so;'=HYPERLINK(\"http://x\");"),
            ("so\n =cmd|'/c calc'!A1", "so\n' =cmd|'/c calc'!A1"),
            ("a\t@SUM(A1),+SUM(A2)", "a\t'@SUM(A1),'+SUM(A2)"),
            ("=1;='http://x/[a.xls]b'!A1", "'=1;'='http://x/[a.xls]b'!A1"),
            ("well ;-) ;=D", "well ;-) ;=D"),
            ("- one\n- two", "'- one\n- two"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell);
        }
    }
}
