//! `/attendance`: which group and which time are meant, and the file that the table goes to.

use crate::attendance::write_csv;
use crate::client::terminal::known::usage;
use crate::client::terminal::{answer, notice};
use crate::files;
use crate::moments;
use crate::options::at_home;
use crate::protocol::{Attendee, Profile, Request, format_time};
use crate::reason;
use crate::sanitize;
use jiff::{Timestamp, tz::TimeZone};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Reads what stands behind `/attendance`: what is to be asked, and the file to save it in, if one is named.
///
/// # Errors
/// What is wrong, and what is understood.
pub(super) fn parse(arguments: &str) -> Result<(Request, Option<PathBuf>), String> {
    let (file, rest) = match arguments.split_once(char::is_whitespace).unwrap_or((arguments, "")) {
        (save, rest) if save.eq_ignore_ascii_case("save") => {
            let (file, rest) = file(rest.trim_start()).ok_or_else(|| usage("/attendance"))?;
            (Some(at_home(file.into())), rest)
        }
        _ => (None, arguments),
    };
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let has_group = words.first().is_some_and(|word| !moments::is_meant(word));
    let group = has_group.then(|| words.remove(0));
    let group = Profile::parse(None, group).map_err(|rule| format!("{}; {rule}", usage("/attendance")))?.group;
    if words.len() > 2 {
        return Err(usage("/attendance"));
    }
    let (from, to) = (words.first().copied(), words.get(1).copied());
    let (from, to) = moments::stretch(from, to, (Timestamp::now(), &TimeZone::system()))?;
    let (from, to) = (Some(format_time(from)), Some(format_time(to)));
    Ok((Request::Attendance { from, to, group, after: None }, file))
}

/// A file's name at the beginning of a text, in quotes if it has blanks, and what comes behind it.
fn file(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    (!name.is_empty()).then_some((name, rest))
}

/// Writes the table into a file that isn't there yet, for its owner alone: it is about others. Says what came of it; false
/// where that is nothing.
pub(super) fn save(people: &[Attendee<'_>], path: &Path) -> bool {
    let shown = path.to_string_lossy();
    let shown = sanitize::line(&shown);
    let written = write(people, path);
    match &written {
        Ok(()) => {
            let there = people.iter().filter(|person| person.first.is_some()).count();
            answer(format_args!("{there} of {} were there: saved as {shown}", people.len()));
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            notice(files::is_taken(path, "nothing was saved"));
        }
        Err(e) => notice(format_args!("{shown} can't be written: {}", reason::of_file(e))),
    }
    written.is_ok()
}

fn write(people: &[Attendee<'_>], path: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(files::create_private(path)?);
    let written = write_csv(people, &TimeZone::system(), (b',', false), &mut out).and_then(|()| out.flush());
    // Half a table would pass for a whole one.
    written.inspect_err(|_| drop(files::remove(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_time_and_file() {
        let day = "2026-11-28T00:00:00Z";
        for (typed, group, file) in [
            ("2026-11-28T00:00:00Z 2026-11-28T08:00:00Z", None, None),
            ("7B 2026-11-28T00:00:00Z 2026-11-28T08:00:00Z", Some("7b"), None),
            ("save a.csv 2026-11-28T00:00:00Z 2026-11-28T08:00:00Z", None, Some("a.csv")),
            ("Save \"a b.csv\" 7b 2026-11-28T00:00:00Z 2026-11-28T08:00:00Z", Some("7b"), Some("a b.csv")),
        ] {
            let (request, saved) = parse(typed).unwrap();
            let Request::Attendance { from, to, group: asked, after: None } = request else { panic!("{typed}") };
            assert_eq!((asked.as_deref(), saved), (group, file.map(PathBuf::from)), "{typed}");
            assert_eq!(from.map(|from| from.replace(".000Z", "Z")).as_deref(), Some(day));
            assert_eq!(to.as_deref(), Some("2026-11-28T08:00:00.000Z"));
        }
        assert!(matches!(parse("yesterday today"), Ok((Request::Attendance { group: None, .. }, None))));
        for typed in ["", "7b", "today", "7b yesterday", "save a.csv", "7b yesterday 09:30", "yesterday today"] {
            assert!(parse(typed).is_ok(), "{typed}: {:?}", parse(typed));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for typed in ["save", "save ", "save \"a", "7b today today today", "7b 8a", "7b today 8a", "ä"] {
            let told = parse(typed).unwrap_err();
            assert!(told.starts_with("usage: /attendance") || told.contains("is no moment"), "{typed}: {told}");
        }
        assert!(parse("28.11.2026").unwrap_err().contains("2026-11-28"));
    }

    #[test]
    fn nothing_that_is_there_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.csv");
        write(&[], &path).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("username,name,group,"));
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(write(&[], &path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        #[cfg(unix)]
        {
            let link = folder.path().join("link.csv");
            std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
            assert!(write(&[], &link).is_err());
            assert!(!folder.path().join("elsewhere").exists());
        }
    }
}
