//! How an event is printed: for people, for programs, for spreadsheets.

use crate::client::transcript::Lines;
use crate::protocol::Reason;
use crate::sanitize;
use crate::server::config::ExportFormat;
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
    time: &'a str,
    kind: &'a str,
    /// Who spoke, came or left.
    name: &'a str,
    to: &'a str,
    room: &'a str,
    action: bool,
    reason: Option<Reason>,
    text: Cow<'a, str>,
}

/// The table's header.
const HEADER: [&str; 9] = ["seq", "time", "type", "name", "to", "room", "action", "reason", "text"];

impl<W: Write> Printer<W> {
    pub(super) fn new(format: ExportFormat, out: W) -> Self {
        match format {
            ExportFormat::Text => Self::Text(Box::new(Lines::new("", TimeZone::system())), out),
            ExportFormat::Json => Self::Json(out),
            ExportFormat::Csv => Self::Csv(Box::new(csv::WriterBuilder::new().has_headers(false).from_writer(out))),
        }
    }

    /// Prints what stands before all events.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(table) => table.write_record(HEADER).map_err(unwrapped),
            Self::Text(..) | Self::Json(_) => Ok(()),
        }
    }

    /// Prints an event.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn event(&mut self, line: &Line<'_>) -> io::Result<()> {
        match self {
            Self::Text(lines, out) => match serde_json::from_slice(line.bytes) {
                Ok(message) => out.write_all(lines.of(&message).as_bytes()),
                Err(e) => writeln!(out, "{} * an event that can't be shown: {e}", sanitize::line(&line.record.time)),
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
            time: &record.time,
            kind: &record.kind,
            name,
            to: &record.to,
            room: &record.room,
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
/// an apostrophe before it (OWASP, CSV injection).
fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        return format!("'{text}").into();
    }
    text.into()
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
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell);
        }
    }

    #[test]
    fn a_table_has_its_header_and_quotes() {
        let mut out = Vec::new();
        let mut printer = Printer::new(ExportFormat::Csv, &mut out);
        printer.begin().unwrap();
        for bytes in [
            &br#"{"type":"message","seq":1,"time":"t","from":"ada","room":"general","text":"a, \"b\"\nc","action":true}"#
                [..],
            br#"{"type":"left","seq":2,"time":"t","username":"bob","reason":"too_slow"}"#,
        ] {
            printer.event(&Line { number: 1, bytes, record: Record::parse(bytes).unwrap() }).unwrap();
        }
        printer.end().unwrap();
        drop(printer);
        let expected = "seq,time,type,name,to,room,action,reason,text\n\
                        1,t,message,ada,,general,true,,\"a, \"\"b\"\"\nc\"\n\
                        2,t,left,bob,,,false,too_slow,\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
