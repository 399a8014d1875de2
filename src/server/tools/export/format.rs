//! How an event is printed: for people, for programs, for spreadsheets.

use crate::client::transcript::Lines;
use crate::protocol::Reason;
use crate::reason::Reason as Why;
use crate::sanitize;
use crate::server::config::{ExportArgs, ExportFormat, Separator};
use crate::server::timeline::Record;
use crate::server::timeline::journal::segment::Line;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// Prints events, each as its format has it.
pub(super) enum Printer<W: Write> {
    Text(Box<Lines>, W),
    Json(W),
    Csv(Box<csv::Writer<W>>),
}

/// A row of the table. Its fields are the header's.
#[derive(Debug, Serialize)]
struct Row<'a> {
    seq: u64,
    time: Cow<'a, str>,
    kind: Cow<'a, str>,
    /// Who spoke, came or left.
    name: Cow<'a, str>,
    to: Cow<'a, str>,
    room: Cow<'a, str>,
    action: bool,
    reason: Option<Reason>,
    text: Cow<'a, str>,
}

/// The table's header.
const HEADER: [&str; 9] = ["seq", "time", "type", "name", "to", "room", "action", "reason", "text"];

/// Excel takes a table without it for one in its system's old encoding.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl<W: Write> Printer<W> {
    /// Prints what stands before all events.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn begin(wanted: &ExportArgs, mut out: W) -> io::Result<Self> {
        Ok(match wanted.format {
            ExportFormat::Text => Self::Text(Box::new(Lines::new("", TimeZone::system())), out),
            ExportFormat::Json => Self::Json(out),
            ExportFormat::Csv => {
                if wanted.bom {
                    out.write_all(BYTE_ORDER_MARK)?;
                }
                let mut options = csv::WriterBuilder::new();
                let mut table = options.has_headers(false).delimiter(delimiter(wanted.separator)).from_writer(out);
                table.write_record(HEADER).map_err(unwrapped)?;
                Self::Csv(Box::new(table))
            }
        })
    }

    /// Prints an event.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn event(&mut self, line: &Line<'_>) -> io::Result<()> {
        match self {
            Self::Text(lines, out) => match serde_json::from_slice(line.bytes) {
                Ok(message) => out.write_all(lines.of(&message).as_bytes()),
                Err(e) => {
                    writeln!(out, "{} * an event that can't be shown: {}", sanitize::line(&line.record.time), Why(&e))
                }
            },
            Self::Json(out) => out.write_all(line.bytes),
            Self::Csv(table) => table.serialize(Row::of(&line.record)).map_err(unwrapped),
        }
    }

    /// Prints what is still to be printed.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Text(_, out) | Self::Json(out) => out.flush(),
            Self::Csv(table) => table.flush(),
        }
    }
}

impl<'a> Row<'a> {
    fn of(record: &'a Record<'a>) -> Self {
        let name = if record.from.is_empty() { &record.username } else { &record.from };
        Self {
            seq: record.seq,
            time: harmless(&record.time),
            kind: harmless(&record.kind),
            name: harmless(name),
            to: harmless(&record.to),
            room: harmless(&record.room),
            action: record.action,
            reason: record.reason,
            text: harmless(&record.text),
        }
    }
}

/// What the system said. The crate's own way into an `io::Error` would hide which kind it is.
fn unwrapped(error: csv::Error) -> io::Error {
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
fn harmless(text: &str) -> Cow<'_, str> {
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

fn delimiter(separator: Separator) -> u8 {
    match separator {
        Separator::Comma => b',',
        Separator::Semicolon => b';',
        Separator::Tab => b'\t',
    }
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

    fn table(bom: bool, separator: Separator) -> String {
        let mut out = Vec::new();
        let wanted = ExportArgs { from: None, to: None, room: false, format: ExportFormat::Csv, bom, separator };
        let mut printer = Printer::begin(&wanted, &mut out).unwrap();
        for bytes in [
            &br#"{"type":"message","seq":1,"time":"t","from":"ada","room":"general","text":"a, \"b\"\nc","action":true}"#
                [..],
            br#"{"type":"left","seq":2,"time":"t","username":"bob","reason":"too_slow"}"#,
        ] {
            printer.event(&Line { number: 1, bytes, record: Record::parse(bytes).unwrap() }).unwrap();
        }
        printer.end().unwrap();
        drop(printer);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_has_its_header_and_quotes() {
        let expected = "seq,time,type,name,to,room,action,reason,text\n\
                        1,t,message,ada,,general,true,,\"a, \"\"b\"\"\nc\"\n\
                        2,t,left,bob,,,false,too_slow,\n";
        assert_eq!(table(false, Separator::Comma), expected);
        let expected = "\u{feff}seq;time;type;name;to;room;action;reason;text\n\
                        1;t;message;ada;;general;true;;\"a, \"\"b\"\"\nc\"\n\
                        2;t;left;bob;;;false;too_slow;\n";
        assert_eq!(table(true, Separator::Semicolon), expected);
    }
}
