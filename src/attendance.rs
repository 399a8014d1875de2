//! Who was there, as people read it: on a terminal, in a spreadsheet. The client and the server's command write the same.

use crate::protocol::Attendee;
use crate::sanitize;
use crate::spreadsheet::{BYTE_ORDER_MARK, harmless, unwrapped};
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, Write};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The widest row of the table: a terminal of 80 columns, whose last one stays free.
const COLUMNS_MAX: usize = 79;
/// What a row takes beside names, times and groups: the two numbers, and two blanks before each column.
const FIXED_COLUMNS: usize = 2 + "minutes  messages".len() + 3 * 2;
/// The widest column of groups.
const GROUP_COLUMNS_MAX: usize = 10;

/// A row of the table for spreadsheets. Its fields are the header's.
#[derive(Debug, Serialize)]
struct Row<'a> {
    username: Cow<'a, str>,
    name: Cow<'a, str>,
    group: Cow<'a, str>,
    absent: bool,
    /// A day and a time here: what a spreadsheet takes for one.
    first: String,
    last: String,
    minutes: Option<u64>,
    messages: Option<u64>,
}

/// The table's header.
const HEADER: [&str; 8] = ["username", "name", "group", "absent", "first", "last", "minutes", "messages"];

/// Writes it as CSV, with what stands between its columns, and with a byte order mark if `bom`.
///
/// # Errors
/// What the system says.
pub(crate) fn write_csv<W: Write>(
    people: &[Attendee<'_>],
    zone: &TimeZone,
    (separator, bom): (u8, bool),
    mut out: W,
) -> io::Result<()> {
    if bom {
        out.write_all(BYTE_ORDER_MARK)?;
    }
    let mut table = csv::WriterBuilder::new().has_headers(false).delimiter(separator).from_writer(out);
    table.write_record(HEADER).map_err(unwrapped)?;
    for person in people {
        let time = |time: &Option<Cow<'_, str>>| {
            here(time.as_deref(), zone).map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
        };
        let row = Row {
            username: harmless(&person.username),
            name: harmless(person.name.as_deref().unwrap_or_default()),
            group: harmless(person.group.as_deref().unwrap_or_default()),
            absent: person.first.is_none(),
            first: time(&person.first),
            last: time(&person.last),
            minutes: person.minutes,
            messages: person.messages,
        };
        table.serialize(row).map_err(unwrapped)?;
    }
    table.flush()
}

/// Lines for a terminal: how many were there, a table of them, and who was absent. Times are those of `zone`.
pub(crate) fn lines(
    people: &[Attendee<'_>],
    group: Option<&str>,
    (from, to): (Timestamp, Timestamp),
    (now, zone): (Timestamp, &TimeZone),
) -> Vec<String> {
    let whose = group.map(|group| format!("{}: ", sanitize::line(group))).unwrap_or_default();
    if people.is_empty() {
        return vec![format!("* {whose}nobody has an account that could have been there")];
    }
    let (there, absent): (Vec<_>, Vec<_>) = people.iter().partition(|person| person.first.is_some());
    let mut lines =
        vec![format!("* {whose}{} of {} were there, {}", there.len(), people.len(), stretch(from, to.min(now), zone))];
    if !there.is_empty() {
        lines.extend(table(&there, people, zone));
    }
    if !absent.is_empty() {
        let names: Vec<String> = absent.iter().map(|person| shown(person)).collect();
        lines.push(format!("* absent ({}): {}", names.len(), names.join(", ")));
    }
    lines
}

/// `2026-11-28 08:00 to 09:30`.
fn stretch(from: Timestamp, to: Timestamp, zone: &TimeZone) -> String {
    let (from, to) = (zone.to_datetime(from), zone.to_datetime(to.max(from)));
    let until = if from.date() == to.date() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    format!("{} to {}", from.strftime("%Y-%m-%d %H:%M"), to.strftime(until))
}

fn table(there: &[&Attendee<'_>], all: &[Attendee<'_>], zone: &TimeZone) -> Vec<String> {
    let times: Vec<_> = there.iter().map(|p| (here(p.first.as_deref(), zone), here(p.last.as_deref(), zone))).collect();
    let mut days = times.iter().flat_map(|&(first, last)| [first, last]).flatten().map(DateTime::date);
    let day = days.next();
    let one_day = days.all(|other| Some(other) == day);
    let (form, time_columns) = if one_day { ("%H:%M", 5) } else { ("%m-%d %H:%M", 11) };
    let one_group = all.iter().all(|person| person.group == all[0].group);
    let group = |person: &Attendee<'_>| sanitize::line(person.group.as_deref().unwrap_or_default()).into_owned();
    let group_columns = match one_group {
        true => 0,
        false => there.iter().map(|p| group(p).width()).max().unwrap_or(0).clamp("group".len(), GROUP_COLUMNS_MAX),
    };
    let beside = if one_group { 0 } else { group_columns + 2 };
    let name_columns_max = COLUMNS_MAX - FIXED_COLUMNS - 2 * time_columns - beside;
    let name_columns = there.iter().map(|p| shown(p).width()).max().unwrap_or(0).min(name_columns_max);
    let row = |name: &str, group: &str, first: &str, last: &str, minutes: &str, messages: &str| {
        let group = if one_group { String::new() } else { format!("  {}", cell(group, group_columns)) };
        let name = cell(name, name_columns);
        format!("  {name}{group}  {first:time_columns$}  {last:time_columns$}  {minutes:>7}  {messages:>8}")
    };
    let mut rows = vec![row("", "group", "first", "last", "minutes", "messages")];
    for (person, (first, last)) in there.iter().zip(times) {
        let time = |time: Option<DateTime>| time.map(|time| time.strftime(form).to_string()).unwrap_or_default();
        let number = |number: Option<u64>| number.unwrap_or(0).to_string();
        let (minutes, messages) = (number(person.minutes), number(person.messages));
        rows.push(row(&shown(person), &group(person), &time(first), &time(last), &minutes, &messages));
    }
    rows
}

fn shown(person: &Attendee<'_>) -> String {
    let gone = if person.deleted { ", deleted" } else { "" };
    sanitize::person(&person.username, person.name.as_deref()) + gone
}

/// A text in so many columns: cut, or with blanks behind it.
fn cell(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return format!("{text}{}", " ".repeat(columns - text.width()));
    }
    let (mut cut, mut used) = (String::new(), 0);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        cut.push(c);
        used += wide;
    }
    format!("{cut}…{}", " ".repeat(columns - used - 1))
}

fn here(time: Option<&str>, zone: &TimeZone) -> Option<DateTime> {
    time?.parse::<Timestamp>().ok().map(|time| zone.to_datetime(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::offset;

    fn person(
        username: &'static str,
        name: &'static str,
        group: &'static str,
        times: [&'static str; 2],
    ) -> Attendee<'static> {
        let some = |text: &'static str| (!text.is_empty()).then_some(text.into());
        let was_there = !times[0].is_empty();
        Attendee {
            username: username.into(),
            name: some(name),
            group: some(group),
            first: some(times[0]),
            last: some(times[1]),
            minutes: was_there.then_some(89),
            messages: was_there.then_some(12),
            deleted: false,
        }
    }

    fn shown_lines(people: &[Attendee<'_>], to: &str) -> Vec<String> {
        let at = |time: &str| time.parse::<Timestamp>().unwrap();
        // Two hours before UTC.
        lines(
            people,
            None,
            (at("2026-11-28T06:00:00Z"), at(to)),
            (at("2026-11-28T07:30:00Z"), &TimeZone::fixed(offset(2))),
        )
    }

    #[test]
    fn a_table_for_a_terminal() {
        let times = ["2026-11-28T06:01:12.345Z", "2026-11-28T07:30:00.000Z"];
        let people = [
            person("ada", "Ada (L.)", "7b", times),
            person("ben", "Ben", "7b", ["", ""]),
            Attendee { deleted: true, ..person("zoe", "", "7b", times) },
        ];
        assert_eq!(
            shown_lines(&people, "2026-11-28T22:00:00Z"),
            [
                "* 2 of 3 were there, 2026-11-28 08:00 to 09:30",
                "                  first  last   minutes  messages",
                "  ada (Ada [L.])  08:01  09:30       89        12",
                "  zoe, deleted    08:01  09:30       89        12",
                "* absent (1): ben (Ben)",
            ]
        );
        assert_eq!(
            shown_lines(&people[1..2], "2026-11-28T07:00:00Z")[0],
            "* 0 of 1 were there, 2026-11-28 08:00 to 09:00"
        );
    }

    #[test]
    fn it_fits_80_columns_whatever_they_are_called() {
        let two_days = ["2026-11-26T06:01:12.345Z", "2026-11-28T07:30:00.000Z"];
        let long: &str = "你好".repeat(32).leak();
        let people = [
            person("the-longest-user-name-that-is-ok", long, "the-longest-group-name-that-there", two_days),
            person("a", "\u{1b}[2J\u{202e}x", "8a", two_days),
        ];
        let shown = shown_lines(&people, "2026-11-28T07:30:00Z");
        assert!(shown.iter().all(|line| line.width() <= COLUMNS_MAX), "{shown:#?}");
        assert!(shown[2].contains("…  the-longe…  11-26 08:01  11-28 09:30"), "{shown:#?}");
        assert!(shown[3].starts_with("  a (␛[2J␦x)"), "{shown:#?}");
    }

    #[test]
    fn a_table_for_a_spreadsheet() {
        let times = ["2026-11-28T06:01:12.345Z", "2026-11-28T07:30:00.000Z"];
        let people = [person("ada", "=1+1", "-7b", times), person("ben", "Ben; \"B\"", "", ["", ""])];
        let mut out = Vec::new();
        write_csv(&people, &TimeZone::fixed(offset(2)), (b';', true), &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\u{feff}username;name;group;absent;first;last;minutes;messages\n\
             ada;'=1+1;'-7b;false;2026-11-28 08:01:12;2026-11-28 09:30:00;89;12\n\
             ben;\"Ben; \"\"B\"\"\";;true;;;;\n"
        );
    }
}
