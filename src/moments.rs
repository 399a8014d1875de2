//! A stretch of time as people type it: `08:00 09:30`, `yesterday`, `2026-11-28`.

use crate::sanitize;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// What is understood, for errors and help.
pub(crate) const FORMS: &str = "a moment is 08:00, today, yesterday, 2026-11-28, 2026-11-28T08:00, or with a time zone \
                                2026-11-28T08:00:00Z";

/// A word that somebody meant for a moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    /// A time of day.
    Time(Time),
    /// A day, which begins at its midnight.
    Day(Date),
    /// A moment here.
    Here(DateTime),
    /// A moment anywhere.
    Anywhere(Timestamp),
}

/// From the first moment on until before the second one: without any, today; without the second, until the end of the
/// first one's day. A time of day is of today, or of the first one's day; a day stands for its midnight.
///
/// # Errors
/// What is wrong, and what is understood.
pub(crate) fn stretch(
    from: Option<&str>,
    to: Option<&str>,
    (now, zone): (Timestamp, &TimeZone),
) -> Result<(Timestamp, Timestamp), String> {
    let today = zone.to_datetime(now).date();
    let from = match from {
        Some(from) => moment(word(from, today)?, today, zone)?,
        None => moment(Word::Day(today), today, zone)?,
    };
    let day = zone.to_datetime(from).date();
    let to = match to {
        Some(to) => moment(word(to, today)?, day, zone)?,
        None => moment(Word::Day(day.saturating_add(1.day())), day, zone)?,
    };
    if from >= to {
        let time = |moment| zone.to_datetime(moment).strftime("%Y-%m-%d %H:%M").to_string();
        return Err(format!("nothing is from {} on and before {}: the second moment is the end", time(from), time(to)));
    }
    Ok((from, to))
}

/// Whether somebody most likely means a moment by a word, also where it is none.
pub(crate) fn is_meant(text: &str) -> bool {
    let marks = text.bytes().filter(|b| b"-./".contains(b)).count();
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    word(text, Date::MAX).is_ok() || text.contains(':') || digits && marks >= 2 && !text.contains(char::is_alphabetic)
}

fn word(text: &str, today: Date) -> Result<Word, String> {
    let wrong = || format!("`{}` is no moment: {FORMS}", sanitize::line(text));
    let folded = text.to_ascii_lowercase();
    match folded.as_str() {
        "today" => return Ok(Word::Day(today)),
        "yesterday" => return today.yesterday().map(Word::Day).map_err(|_| wrong()),
        _ => {}
    }
    if let Some(time) = time(text) {
        return Ok(Word::Time(time));
    }
    let first_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if first_digits != 4 || text.as_bytes().get(4) != Some(&b'-') {
        return Err(wrong());
    }
    match (text.parse(), text.parse(), text.parse()) {
        (Ok(moment), ..) => Ok(Word::Anywhere(moment)),
        // A day alone is a moment here too, for the crate.
        (_, Ok(day), _) if text.len() == "2026-11-28".len() => Ok(Word::Day(day)),
        (_, _, Ok(here)) => Ok(Word::Here(here)),
        _ => Err(wrong()),
    }
}

/// `8:00`, `08:00` or `08:00:30`.
fn time(text: &str) -> Option<Time> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |text: &&str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i8>().ok().filter(|_| digits)
    };
    let numbers: Vec<i8> = parts.iter().map(number).collect::<Option<_>>()?;
    match numbers[..] {
        [hour, minute] if parts[1].len() == 2 => Time::new(hour, minute, 0, 0).ok(),
        [hour, minute, second] => Time::new(hour, minute, second, 0).ok(),
        _ => None,
    }
}

fn moment(word: Word, day: Date, zone: &TimeZone) -> Result<Timestamp, String> {
    let here = match word {
        Word::Anywhere(moment) => return Ok(moment),
        Word::Time(time) => day.to_datetime(time),
        Word::Day(day) => day.to_datetime(Time::midnight()),
        Word::Here(here) => here,
    };
    zone.to_timestamp(here).map_err(|_| format!("{here} is no moment that a clock here can show"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &[&str]) -> Result<String, String> {
        // Two hours before UTC.
        let (now, zone) = ("2026-11-28T12:00:00Z".parse().unwrap(), TimeZone::fixed(jiff::tz::offset(2)));
        let stretch = stretch(words.first().copied(), words.get(1).copied(), (now, &zone));
        stretch.map(|(from, to)| format!("{from} {to}"))
    }

    #[test]
    fn what_is_understood() {
        let (today, tomorrow) = ("2026-11-27T22:00:00Z", "2026-11-28T22:00:00Z");
        for (words, expected) in [
            (&[][..], format!("{today} {tomorrow}")),
            (&["today"], format!("{today} {tomorrow}")),
            (&["Yesterday"], format!("2026-11-26T22:00:00Z {today}")),
            (&["yesterday", "today"], format!("2026-11-26T22:00:00Z {today}")),
            (&["8:00"], format!("2026-11-28T06:00:00Z {tomorrow}")),
            (&["08:00", "09:30:15"], "2026-11-28T06:00:00Z 2026-11-28T07:30:15Z".into()),
            (&["yesterday", "09:30"], "2026-11-26T22:00:00Z 2026-11-27T07:30:00Z".into()),
            (&["2026-11-25"], "2026-11-24T22:00:00Z 2026-11-25T22:00:00Z".into()),
            (&["2026-11-25", "2026-11-27"], "2026-11-24T22:00:00Z 2026-11-26T22:00:00Z".into()),
            (&["2026-11-25T08:00", "09:00"], "2026-11-25T06:00:00Z 2026-11-25T07:00:00Z".into()),
            (&["2026-11-25T22:00", "2026-11-26T01:00"], "2026-11-25T20:00:00Z 2026-11-25T23:00:00Z".into()),
            (
                &["2026-11-25T08:00:00Z", "2026-11-25T10:00:00+01:00"],
                "2026-11-25T08:00:00Z 2026-11-25T09:00:00Z".into(),
            ),
        ] {
            assert_eq!(typed(words), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn what_is_not_says_what_is() {
        for bad in [
            "",
            "25:00",
            "8",
            "8:0",
            "24:00:00",
            "28.11.2026",
            "2026-13-01",
            "2026-11-28T",
            "20261128",
            "tomorrow",
            "-1:00",
        ] {
            assert!(typed(&[bad]).unwrap_err().contains("yesterday, 2026-11-28"), "{bad}");
        }
        assert!(typed(&["09:00", "08:00"]).unwrap_err().contains("2026-11-28 09:00"));
        assert!(typed(&["today", "today"]).is_err());
    }

    #[test]
    fn a_group_is_told_from_a_moment() {
        for moment in ["8:00", "25:00", "today", "yesterday", "2026-11-28", "2026-13-01", "28.11.2026", "1/2/2026"] {
            assert!(is_meant(moment), "{moment}");
        }
        for group in ["7b", "8", "2026", "7.2", "class-7-b", "7-b-x", "todays", "a.b.c"] {
            assert!(!is_meant(group), "{group}");
        }
    }
}
