//! What is to be shown, laid out for where it goes.
//!
//! Whoever fills a page writes plain lines; their first characters say what they are, as docs/plain.md tells. A plain
//! page keeps them as they are, a styled one paints and wraps them, one for programs leaves them out.

mod code;

use crate::client::alerts::mention;
use crate::client::terminal::{Colours, Look, Paint, Style, attention, columns, terminal_columns, wrap};
use crate::sanitize;
use std::fmt;

/// How many lines one message may take by its own line feeds.
const MESSAGE_LINES_MAX: usize = 50;

/// What stands before every further line of a message on a plain page: it is as wide as the time, and no line that
/// begins so can be taken for another message.
pub(super) const CONTINUATION: &str = "      | ";

/// How far the further lines of a message are indented on a styled page: as wide as the time.
const INDENT: usize = 6;

/// How far a line that is painted by itself is indented.
const PAINTED_INDENT: usize = 4;

/// The narrowest terminal that lines are cut for.
const COLUMNS_MIN: usize = 16;

/// Lines to be shown.
#[derive(Debug)]
pub(super) struct Page {
    look: Look,
    /// Whose page it is.
    me: String,
    text: String,
    /// The beginning of a line that isn't whole yet.
    line: String,
    /// The number of what is said next.
    number: Option<u64>,
    /// What stands before each line: the room, with a blank behind it, where it isn't the present one.
    mark: String,
    /// The terminal's width, once it's asked for.
    columns: Option<usize>,
}

/// Who says something, and how. The names are safe to show.
#[derive(Clone, Copy, Debug)]
pub(super) enum Speaker<'a> {
    /// To the room.
    Room(&'a str),
    /// To the room, as something that is done.
    Acts(&'a str),
    /// To every room.
    Everywhere(&'a str),
    /// A question to the room; whose it is, where that is known.
    Asks(Option<&'a str>),
    /// From one to the other; what both are called here.
    Whisper(&'a str, &'a str),
}

impl Page {
    /// An empty page for the account `me`.
    pub(super) fn new(look: Look, me: &str) -> Self {
        let (text, line, mark) = (String::new(), String::new(), String::new());
        Self { look, me: me.to_owned(), text, line, number: None, mark, columns: None }
    }

    /// What is appended from now on happens in this room, and not in the present one; or in the present one.
    pub(super) fn in_room(&mut self, room: Option<&str>) {
        self.mark = room.map(|room| format!("#{room} ")).unwrap_or_default();
    }

    /// Whether it's for a person who edits lines beside it.
    pub(super) fn is_styled(&self) -> bool {
        matches!(self.look, Look::Styled(_))
    }

    /// What is said next has this number, which is shown; or none.
    pub(super) fn number(&mut self, number: Option<u64>) {
        self.number = number;
    }

    /// Appends something that was said at this time of day, to the end of its last line.
    pub(super) fn said(&mut self, time: &str, speaker: Speaker<'_>, text: &str) {
        match self.look {
            Look::Json => {}
            Look::Plain | Look::PlainRows => self.said_plainly(time, speaker, text),
            Look::Styled(style) => self.said_in_style(style, time, speaker, text),
        }
    }

    /// Appends a line that is not wrapped, for those who see it; nothing on a page that isn't styled.
    pub(super) fn painted(&mut self, paint: Paint<'_>, line: &str) {
        if let Look::Styled(style) = self.look {
            self.text.push_str(&format!("{:PAINTED_INDENT$}{}\n", "", style.colours.paint(paint, line)));
        }
    }

    /// How many columns a line has.
    pub(super) fn columns_left(&mut self) -> usize {
        self.columns().saturating_sub(columns(&self.mark))
    }

    /// Of this width.
    #[cfg(test)]
    pub(super) fn for_tests(look: Look, columns: usize) -> Self {
        Self { columns: Some(columns + 1), ..Self::new(look, "ada") }
    }

    /// Whether that line has room in the terminal's width.
    pub(super) fn has_room_for(&mut self, line: &str) -> bool {
        columns(line) + PAINTED_INDENT <= self.columns()
    }

    /// Appends a line of the server as it came, for programs. What a terminal could obey is written as JSON escapes,
    /// which mean the same.
    pub(super) fn wire(&mut self, line: &[u8]) {
        if !matches!(self.look, Look::Json) {
            return;
        }
        for c in String::from_utf8_lossy(line).chars() {
            if sanitize::is_harmless(c) {
                self.text.push(c);
            } else {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    self.text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        self.text.push('\n');
    }

    /// All that was laid out, of which nothing is kept.
    pub(super) fn take(&mut self) -> String {
        self.columns = None;
        std::mem::take(&mut self.text)
    }

    fn said_plainly(&mut self, time: &str, speaker: Speaker<'_>, text: &str) {
        // As docs/plain.md has it of lines of further kinds, it begins with two blanks.
        let number = self.number.take().map(|number| format!("  #{number} ")).unwrap_or_default();
        for (index, line) in sanitize::lines(text, MESSAGE_LINES_MAX).enumerate() {
            let line = if index == 0 {
                format!("{}{number}[{time}] {speaker}{line}", self.mark)
            } else {
                format!("{CONTINUATION}{line}")
            };
            self.finish_plainly(&line);
        }
    }

    fn said_in_style(&mut self, style: Style, time: &str, speaker: Speaker<'_>, text: &str) {
        let mine = speaker.is(&self.me);
        if !mine && style.is_xterm {
            self.text.push_str(&attention::came());
        }
        let colours = style.colours;
        let who = match speaker {
            Speaker::Room(name) => format!("{}: ", colours.paint(Paint::Name(name), name)),
            Speaker::Acts(name) => format!("* {} ", colours.paint(Paint::Name(name), name)),
            Speaker::Everywhere(_) => colours.paint(Paint::Mention, speaker.to_string().trim_end()) + " ",
            Speaker::Asks(_) => colours.paint(Paint::Notice, speaker.to_string().trim_end()) + " ",
            Speaker::Whisper(from, to) => {
                format!("{}: ", colours.paint(Paint::Whisper, &format!("{from} -> {to} (whisper)")))
            }
        };
        let number = self.number.take().map(|number| format!("#{number} ")).unwrap_or_default();
        let (mark, time) = (self.painted_mark(colours), format!("{number}{time}"));
        self.text.push_str(&format!("{mark}{} {who}", colours.paint(Paint::Faint, &time)));
        let (columns_all, used) = (self.columns(), columns(&format!("{}{time} {speaker}", self.mark)));
        let indent = INDENT.min(columns_all / 3);
        let mut first = columns_all.saturating_sub(used);
        for (index, line) in sanitize::lines(text, MESSAGE_LINES_MAX).enumerate() {
            if index > 0 {
                self.text.push_str(&format!("{:indent$}", ""));
            }
            for (index, piece) in wrap(&line, first, columns_all - indent).into_iter().enumerate() {
                if index > 0 {
                    self.text.push_str(&format!("\n{:indent$}", ""));
                }
                self.mark_mentions(colours, mine, piece);
            }
            self.text.push('\n');
            first = columns_all - indent;
        }
    }

    /// Appends a piece of what was said, with one's own name brought out where others say it.
    fn mark_mentions(&mut self, colours: Colours, mine: bool, piece: &str) {
        let mut done = 0;
        for found in mention::find(piece, &self.me).filter(|_| !mine) {
            self.text.push_str(&piece[done..found.start]);
            self.text.push_str(&colours.paint(Paint::Mention, &piece[found.clone()]));
            done = found.end;
        }
        self.text.push_str(&piece[done..]);
    }

    /// The terminal's width, the last column left free: many terminals wrap when it's filled, and show an empty line.
    pub(super) fn columns(&mut self) -> usize {
        self.columns.get_or_insert_with(terminal_columns).saturating_sub(1).max(COLUMNS_MIN)
    }

    /// Lays out a line that is whole.
    fn finish(&mut self) {
        let line = std::mem::take(&mut self.line);
        match self.look {
            Look::Json => {}
            Look::Plain | Look::PlainRows => self.finish_plainly(&format!("{}{line}", self.mark)),
            Look::Styled(style) => self.finish_in_style(style.colours, &line),
        }
    }

    /// A room has its colour as a person has.
    fn painted_mark(&self, colours: Colours) -> String {
        match self.mark.trim_end() {
            "" => String::new(),
            mark => colours.paint(Paint::Name(mark), mark) + " ",
        }
    }

    /// A line as it is, or in rows.
    fn finish_plainly(&mut self, line: &str) {
        let rows = match self.look {
            Look::PlainRows => wrap(line, self.columns(), self.columns() - CONTINUATION.len()),
            _ => vec![line],
        };
        self.text.push_str(&rows.join(&format!("\n{CONTINUATION}")));
        self.text.push('\n');
    }

    fn finish_in_style(&mut self, colours: Colours, line: &str) {
        let mark = self.painted_mark(colours);
        let columns_all = self.columns();
        let first = columns_all.saturating_sub(columns(&self.mark));
        self.text.push_str(&mark);
        let (paint, indent) = match line.get(..2) {
            _ if line.starts_with(CONTINUATION) => (Some(Paint::Faint), INDENT),
            Some("  ") => (None, column(line).filter(|&column| column <= columns_all / 2).unwrap_or(4)),
            _ => (Paint::of(line), 2),
        };
        for (index, piece) in wrap(line, first, columns_all - indent).into_iter().enumerate() {
            if index > 0 {
                self.text.push_str(&format!("{:indent$}", ""));
            }
            self.text.push_str(&colours.paint_if(paint, piece));
            self.text.push('\n');
        }
    }
}

impl fmt::Write for Page {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((head, tail)) = rest.split_once('\n') {
            self.line.push_str(head);
            self.finish();
            rest = tail;
        }
        self.line.push_str(rest);
        Ok(())
    }
}

impl Speaker<'_> {
    /// Whether it's the one whose page it is.
    fn is(self, me: &str) -> bool {
        match self {
            Self::Room(from) | Self::Acts(from) | Self::Everywhere(from) => from == me,
            Self::Asks(from) => from == Some(me),
            Self::Whisper(from, _) => from == YOU,
        }
    }
}

/// What one is called oneself, where it matters who is who.
pub(super) const YOU: &str = "you";

impl fmt::Display for Speaker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(from) => write!(f, "{from}: "),
            Self::Acts(from) => write!(f, "* {from} "),
            // No name has brackets: nobody can be called so.
            Self::Everywhere(from) => write!(f, "{from} (to all rooms): "),
            Self::Asks(Some(from)) => write!(f, "{from} (question): "),
            Self::Asks(None) => write!(f, "(question): "),
            Self::Whisper(from, to) => write!(f, "{from} -> {to} (whisper): "),
        }
    }
}

/// Where the last cell of a table's row begins.
fn column(row: &str) -> Option<usize> {
    let text = row.trim_start();
    let (head, tail) = text.split_once("  ")?;
    Some(columns(row) - columns(text) + columns(head) + 2 + columns(tail) - columns(tail.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn styled(colours: Colours, columns: usize) -> Page {
        let mut page = Page::new(Look::Styled(Style { colours, is_xterm: false }), "ada");
        page.columns = Some(columns + 1);
        page
    }

    #[test]
    fn plain_lines_stay_as_they_are() {
        let mut page = Page::new(Look::Plain, "ada");
        let long = "x".repeat(500);
        writeln!(page, "* {long}\n  /who  who is online").unwrap();
        page.said("12:00", Speaker::Room("bob"), "hi ada\nand all");
        page.said("12:00", Speaker::Whisper("bob", YOU), "psst");
        page.wire(b"{}");
        let expected = format!(
            "* {long}\n  /who  who is online\n[12:00] bob: hi ada\n      | and all\n[12:00] bob -> you (whisper): psst\n"
        );
        assert_eq!(page.take(), expected);
        assert_eq!(page.take(), "");
    }

    #[test]
    fn json_lines_alone() {
        let mut page = Page::new(Look::Json, "ada");
        writeln!(page, "* hello").unwrap();
        page.said("12:00", Speaker::Room("bob"), "hi");
        page.wire("{\"text\":\"\u{9b}2J\u{202e}\u{e0001} ü\\n\"}".as_bytes());
        assert_eq!(page.take(), "{\"text\":\"\\u009b2J\\u202e\\udb40\\udc01 ü\\n\"}\n");
    }

    #[test]
    fn wrapped_with_a_hanging_indent() {
        let mut page = styled(Colours::None, 24);
        page.said("12:00", Speaker::Room("bob"), "one two three four five\nsix [12:01] eve: seven");
        assert_eq!(page.take(), "12:00 bob: one two three\n      four five\n      six [12:01] eve:\n      seven\n");
        page.columns = Some(25);
        writeln!(page, "* 3 online: ada, bob, christine").unwrap();
        writeln!(page, "  /who   who is online now").unwrap();
        assert_eq!(page.take(), "* 3 online: ada, bob,\n  christine\n  /who   who is online\n         now\n");
    }

    #[test]
    fn no_row_of_a_plain_terminal_begins_with_what_others_wrote() {
        let forged = "[12:00] bob: I give up";
        for columns_all in [16, 40, 80, 200] {
            let mut page = Page::new(Look::PlainRows, "ada");
            for padding in [" ", ".", "\u{3000}", "\u{a0}", "x"] {
                for length in 0..2 * columns_all {
                    let text = format!("hi {}{forged} {forged}\n{forged}", padding.repeat(length));
                    page.columns = Some(columns_all + 1);
                    page.said("12:00", Speaker::Room("eve"), &text);
                    page.columns = Some(columns_all + 1);
                    writeln!(page, "* eve is away since noon: {}", sanitize::line(&text)).unwrap();
                    let shown = page.take();
                    for row in shown.lines() {
                        assert!(columns(row) <= columns_all, "{columns_all}: {row:?}");
                        let first = ["[12:00] eve:", "* eve", CONTINUATION.trim_end()];
                        assert!(first.iter().any(|first| row.starts_with(first)), "{columns_all}: {row:?} of {shown}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_link_that_a_terminal_wraps_can_forge_a_line() {
        let forged = "[12:00]\u{a0}bob:\u{a0}I\u{a0}give\u{a0}up";
        for padding in 0..80 {
            let text = format!("https://{}{forged}/x://{forged}", "x".repeat(padding));
            let mut page = Page::new(Look::PlainRows, "ada");
            page.columns = Some(41);
            page.said("12:00", Speaker::Room("eve"), &text);
            for row in page.take().lines().flat_map(|line| {
                let cells: Vec<char> = line.chars().collect();
                cells.chunks(41).map(|row| row.iter().collect::<String>()).collect::<Vec<_>>()
            }) {
                assert!(!row.starts_with("[12:00]\u{a0}") && !row.starts_with("* "), "{padding}: {row:?}");
            }
        }
    }

    #[test]
    fn a_narrow_terminal() {
        let mut page = styled(Colours::None, 16);
        page.said("12:00", Speaker::Whisper("bob", YOU), "a wide 你好你好你好 text");
        for line in page.take().lines().skip(1) {
            assert!(columns(line) <= 16 && line.starts_with("    "), "{line:?}");
        }
    }

    #[test]
    fn painted() {
        let mut page = styled(Colours::Few, 80);
        page.said("12:00", Speaker::Room("bob"), "hi Ada, adam and ada");
        let shown = page.take();
        assert!(shown.starts_with("\x1b[2m12:00\x1b[0m \x1b[1;3"), "{shown:?}");
        assert!(shown.ends_with("hi \x1b[1;30;43mAda\x1b[0m, adam and \x1b[1;30;43mada\x1b[0m\n"), "{shown:?}");
        page.said("12:00", Speaker::Room("ada"), "I am ada");
        assert!(page.take().ends_with(": I am ada\n"));
        page.said("12:00", Speaker::Whisper("bob", YOU), "psst");
        assert!(page.take().contains("\x1b[1;37;45mbob -> you (whisper)\x1b[0m: psst"));
        writeln!(page, "* bob joined\n! no").unwrap();
        assert_eq!(page.take(), "\x1b[2m* bob joined\x1b[0m\n\x1b[1m! no\x1b[0m\n");
    }
}
