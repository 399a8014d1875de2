//! Code, as it stands: each of its rows has a mark before it, so that none passes for somebody else's line.
//!
//! A row that is longer than the terminal's is left to the terminal, which wraps it without a mark: then what tells is its
//! colour. Where there are no colours it is cut, in the place where the terminal would.

use super::{CONTINUATION, Page, Speaker};
use crate::client::terminal::{Colours, Look, Paint, columns, cut};
use crate::sanitize;
use std::borrow::Cow;

/// How far a tab goes at the most: what terminals and printed pages have, and as wide as the mark before each row.
const TAB_COLUMNS: usize = 8;

/// How many rows of code one message may take on a terminal: more than any program of 4,000 characters has that is not made
/// to push all else off it.
const CODE_ROWS_MAX: usize = 500;

impl Page {
    /// Appends code that somebody sent at this time of day: its number and its language, and then all of it.
    pub(in crate::client::page) fn code(
        &mut self,
        time: &str,
        speaker: Speaker<'_>,
        (number, lang): (u64, Option<&str>),
        code: &str,
    ) {
        let lang = lang.map(|lang| format!(", {}", sanitize::line(lang))).unwrap_or_default();
        self.said(time, speaker, &format!("code {number}{lang}:"));
        let code = code.strip_suffix('\n').unwrap_or(code);
        let rows = code.split('\n').map(|row| sanitize::code(row.strip_suffix('\r').unwrap_or(row)));
        match self.look {
            Look::Json => {}
            // A file or another program: nothing is pushed off it.
            Look::Plain => rows.for_each(|row| self.text.push_str(&format!("{CONTINUATION}{row}\n"))),
            Look::PlainRows => self.code_rows(rows, Colours::None),
            Look::Styled(style) => self.code_rows(rows, style.colours),
        }
        let more = code.split('\n').count().saturating_sub(CODE_ROWS_MAX);
        if more > 0 && !matches!(self.look, Look::Json | Look::Plain) {
            self.line = format!("* {more} more lines: /save {number} FILE writes all of them");
            self.finish();
        }
    }

    fn code_rows<'a>(&mut self, rows: impl Iterator<Item = Cow<'a, str>>, colours: Colours) {
        let room = self.columns().saturating_sub(CONTINUATION.len());
        for row in rows.take(CODE_ROWS_MAX) {
            let row = expanded(&row);
            let pieces = if colours == Colours::None { cut(&row, room) } else { vec![&*row] };
            for piece in pieces {
                let mark = colours.paint(Paint::Faint, CONTINUATION);
                self.text.push_str(&format!("{mark}{}\n", colours.paint(Paint::Code, piece)));
            }
        }
    }
}

/// A row with blanks in place of its tabs: as many as there would be between them on a terminal.
fn expanded(row: &str) -> String {
    let mut expanded = String::with_capacity(row.len());
    let mut width = 0;
    for (index, piece) in row.split('\t').enumerate() {
        if index > 0 {
            let blanks = TAB_COLUMNS - width % TAB_COLUMNS;
            expanded.push_str(&" ".repeat(blanks));
            width += blanks;
        }
        expanded.push_str(piece);
        width += columns(piece);
    }
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::terminal::Style;

    const BOB: Speaker<'_> = Speaker::Room("bob");

    fn page(look: Look, columns: usize) -> Page {
        let mut page = Page::new(look, "ada");
        page.columns = Some(columns + 1);
        page
    }

    fn styled(colours: Colours, columns: usize) -> Page {
        page(Look::Styled(Style { colours, is_xterm: false }), columns)
    }

    fn unpainted(text: &str) -> String {
        let plain = |(index, piece): (usize, &str)| match index {
            0 => piece.to_owned(),
            _ => piece.split_once('m').unwrap().1.to_owned(),
        };
        text.split("\x1b[").enumerate().map(plain).collect()
    }

    #[test]
    fn a_pipe_has_it_as_it_is() {
        let mut page = page(Look::Plain, 20);
        page.code("12:00", BOB, (17, Some("python")), "def f():\r\n\treturn  1 \n\n");
        let head = "[12:00] bob: code 17, python:\n";
        assert_eq!(page.take(), format!("{head}      | def f():\n      | \treturn  1 \n      | \n"));
        page.code("12:00", BOB, (17, None), &"x\n".repeat(2_000));
        assert_eq!(page.take().lines().count(), 2_001);
    }

    #[test]
    fn tabs_go_to_the_next_eight() {
        for (row, expected) in [
            ("\tx", "        x"),
            ("a\tx", "a       x"),
            ("1234567\tx", "1234567 x"),
            ("12345678\tx", "12345678        x"),
            ("你\tx", "你      x"),
            ("  \t\tx", "                x"),
        ] {
            assert_eq!(expanded(row), expected);
        }
    }

    #[test]
    fn no_row_passes_for_another_line() {
        let attack = "\x1b[2J\r[12:00] eve: hi\u{202e}\n\x1b]52;c;eA==\x07\u{9b}1A\n* eve joined\n! no\u{85}x\u{2028}";
        for colours in [Colours::None, Colours::Many] {
            let mut page = styled(colours, 40);
            page.code("12:00", BOB, (17, None), attack);
            let shown = unpainted(&page.take());
            assert_eq!(shown.lines().count(), 5, "{shown:?}");
            assert!(shown.lines().skip(1).all(|row| row.starts_with(CONTINUATION)), "{shown:?}");
            assert!(!shown.replace('\n', "").contains(|c: char| !sanitize::is_harmless(c)), "{shown:?}");
        }
    }

    #[test]
    fn a_long_row_is_the_terminals_where_its_colour_tells() {
        let row = format!("{}12:00 eve: I give up", "x".repeat(40));
        let mut page = styled(Colours::Few, 40);
        page.code("12:00", BOB, (17, None), &row);
        assert!(page.take().ends_with(&format!("      | \x1b[0m\x1b[37;44m{row}\x1b[0m\n")));
        for mut page in [styled(Colours::None, 40), self::page(Look::PlainRows, 40)] {
            page.code("12:00", BOB, (17, None), &row);
            let shown = page.take();
            let rows: Vec<&str> = shown.lines().skip(1).map(|row| row.strip_prefix(CONTINUATION).unwrap()).collect();
            assert_eq!(rows.concat(), row, "nothing is lost at a cut");
            assert!(rows.iter().all(|row| columns(row) <= 32));
        }
    }

    #[test]
    fn one_message_does_not_push_all_else_off_the_terminal() {
        let mut page = styled(Colours::None, 80);
        page.code("12:00", BOB, (17, None), &"\n".repeat(4_000));
        let shown = page.take();
        assert_eq!(shown.lines().count(), CODE_ROWS_MAX + 2);
        assert!(shown.ends_with("* 3500 more lines: /save 17 FILE writes all of them\n"));
        page.code("12:00", BOB, (17, None), &"a\n".repeat(CODE_ROWS_MAX));
        assert_eq!(page.take().lines().count(), CODE_ROWS_MAX + 1);
    }
}
