//! How an event is printed: for people, for programs, for spreadsheets.

use crate::client::transcript::Lines;
use crate::protocol::Reason;
use crate::reason::Reason as Why;
use crate::sanitize;
use crate::server::config::{ExportArgs, ExportFormat};
use crate::server::timeline::Record;
use crate::server::timeline::journal::segment::Line;
use crate::spreadsheet::{BYTE_ORDER_MARK, harmless, unwrapped};
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

impl<W: Write> Printer<W> {
    /// Prints what stands before all events.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn begin(wanted: &ExportArgs, mut out: W) -> io::Result<Self> {
        Ok(match wanted.form.format {
            ExportFormat::Text => Self::Text(Box::new(Lines::new("", TimeZone::system())), out),
            ExportFormat::Json => Self::Json(out),
            ExportFormat::Csv => {
                if wanted.form.bom {
                    out.write_all(BYTE_ORDER_MARK)?;
                }
                let mut options = csv::WriterBuilder::new();
                let mut table = options.has_headers(false).delimiter(wanted.form.separator.byte()).from_writer(out);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::{FormArgs, Separator};

    fn table(bom: bool, separator: Separator) -> String {
        let mut out = Vec::new();
        let form = FormArgs { format: ExportFormat::Csv, bom, separator };
        let wanted = ExportArgs { from: None, to: None, room: false, form };
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
