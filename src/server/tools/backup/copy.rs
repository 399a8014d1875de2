//! A data folder's files as they are copied: each one whole, and all of them in the order that makes a whole of them
//! (`config/contents.rs` says why), without a word to the server that may be writing them.

use crate::files::{self, Access};
use crate::reason;
use crate::sanitize;
use crate::server::config::contents::{self, Kind, PARTS, Part};
use crate::server::config::folder::{ERASING, MOTD, SETTINGS};
use crate::server::timeline::journal::segment::{self, End, Place};
use crate::server::tools::archive::bytes_max;
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Takes a file by its name.
type Take<'a> = &'a mut dyn FnMut(&str, &[u8]) -> Result<(), String>;

/// How often a segment is read that turns out to be another one afterwards. It is written anew for whoever takes something
/// back or is erased: not twice while 16 MiB are read.
const TRIES_MAX: usize = 5;
/// How many programs are copied: more than there are kinds of computers.
const PROGRAMS_MAX: usize = 100;
/// How many names are told of what isn't copied.
const NAMED_MAX: usize = 5;

/// Hands out all files. Gives the newest event among them.
///
/// # Errors
/// One can't be read, or not be taken.
pub(super) fn all(data_dir: &Path, take: Take<'_>) -> Result<Option<u64>, String> {
    let (mut newest, mut erasing, mut damaged) = (None, Map::new(), None);
    for part in &PARTS {
        match part.kind {
            Kind::Whole if part.name == ERASING => match being_erased(data_dir)? {
                Ok(names) => erasing.extend(names),
                Err(as_it_is) => damaged = Some(as_it_is),
            },
            Kind::Whole => file(data_dir, part, take)?,
            Kind::Lines => lines(data_dir, part, take)?,
            Kind::Programs => programs(data_dir, part, take)?,
            Kind::Journal => newest = journal(data_dir, part, take)?,
        }
    }
    if let Some(as_it_is) = damaged {
        take(ERASING, &as_it_is)?;
    } else if !erasing.is_empty() {
        let text = serde_json::to_vec(&erasing).unwrap_or_default();
        take(ERASING, &text)?;
    }
    Ok(newest)
}

/// Whoever is being erased at this moment. It's read at the beginning and at the end, and both count. Where it's damaged, what
/// stands there: that is copied as it is, as all else that is damaged.
fn being_erased(data_dir: &Path) -> Result<Result<Map<String, Value>, Vec<u8>>, String> {
    let path = data_dir.join(ERASING);
    let Some(text) = read(&path, ERASING)? else { return Ok(Ok(Map::new())) };
    Ok(serde_json::from_slice(&text).map_err(|e| {
        log::error!(
            "it is copied as it is: {} is damaged: {}; mend it, or remove it",
            path.display(),
            reason::Reason(&e)
        );
        text
    }))
}

fn file(data_dir: &Path, part: &Part, take: Take<'_>) -> Result<(), String> {
    match read(&data_dir.join(part.name), part.name) {
        Ok(Some(contents)) => take(part.name, &contents),
        Ok(None) => Ok(()),
        // What people write there, and a server is the same one without.
        Err(why) if [SETTINGS, MOTD].contains(&part.name) => {
            log::error!("{why}: so it is not in the backup");
            Ok(())
        }
        Err(why) => Err(why),
    }
}

/// What it has of whole lines.
fn lines(data_dir: &Path, part: &Part, take: Take<'_>) -> Result<(), String> {
    match read(&data_dir.join(part.name), part.name)? {
        Some(contents) => take(part.name, whole_lines(&contents)),
        None => Ok(()),
    }
}

fn whole_lines(contents: &[u8]) -> &[u8] {
    &contents[..contents.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1)]
}

fn programs(data_dir: &Path, part: &Part, take: Take<'_>) -> Result<(), String> {
    let folder = data_dir.join(part.name);
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let is_file = |name: &String| fs::symlink_metadata(folder.join(name)).is_ok_and(|found| found.is_file());
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let (mut names, mut left): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| contents::is_program(name) && is_file(name));
    left.extend(names.split_off(names.len().min(PROGRAMS_MAX)));
    tell_left(&folder, &left);
    for name in &names {
        let member = format!("{}/{name}", part.name);
        if let Some(contents) = read(&folder.join(name), &member)? {
            take(&member, &contents)?;
        }
    }
    Ok(())
}

/// Says what isn't copied of what somebody has put there.
fn tell_left(folder: &Path, left: &[String]) {
    if left.is_empty() {
        return;
    }
    let more = if left.len() > NAMED_MAX { " and more" } else { "" };
    log::error!(
        "not copied from {}, since no server gives them out: {}{more}",
        folder.display(),
        sanitize::line(&left[..left.len().min(NAMED_MAX)].join(", "))
    );
}

/// The segments, the newest first: what becomes too old meanwhile, and is deleted, is at the other end, and leaves no gap.
/// Gives the newest event.
fn journal(data_dir: &Path, part: &Part, take: Take<'_>) -> Result<Option<u64>, String> {
    let mut newest = None;
    for place in segment::list(&data_dir.join(part.name)).map_err(|why| why.to_string())?.iter().rev() {
        let Some(name) = place.path.file_name().and_then(|name| name.to_str()) else { continue };
        let member = format!("{}/{name}", part.name);
        let Some((contents, next)) = segment(place, &member, || ())? else { continue };
        if next > place.first {
            newest = newest.or(Some(next - 1));
        }
        take(&member, &contents)?;
    }
    Ok(newest)
}

/// A segment's whole lines, and the seq after its last event's. None where it was deleted meanwhile. One that isn't as it was
/// written stays so also when it's read again: it is copied as it is, and that is told. `meanwhile` is what happens while it's
/// read: in tests.
fn segment(place: &Place, member: &str, meanwhile: impl Fn()) -> Result<Option<(Vec<u8>, u64)>, String> {
    for attempt in 1.. {
        let Some((mut contents, is_same)) = read_same(&place.path, member, &meanwhile)? else { return Ok(None) };
        let mut damage = None;
        let end: Result<End, ()> = place.judge(&contents, |line| {
            damage = damage.take().or(line.err());
            Ok(())
        });
        let Ok(end) = end else { break };
        if attempt < TRIES_MAX && (!is_same || damage.is_some()) {
            continue;
        }
        if !is_same {
            break;
        }
        match damage {
            Some(damage) => log::error!("it is copied as it is: {damage}"),
            // Of the newest one, what breaks off; of others nothing, since a start knows what doesn't count.
            None if place.next.is_none() => contents.truncate(usize::try_from(end.bytes).unwrap_or(usize::MAX)),
            None => {}
        }
        return Ok(Some((contents, end.next)));
    }
    Err(format!("{} was replaced again and again while it was read: try it again", place.path.display()))
}

/// A file's contents, and whether they are of what stands there afterwards.
fn read_same(path: &Path, name: &str, meanwhile: impl Fn()) -> Result<Option<(Vec<u8>, bool)>, String> {
    let unread = |e: io::Error| unreadable(path, &e);
    let mut file = match files::open(path, Access::Read) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unread)?,
    };
    let (bytes_max, mut contents) = (bytes_max(name).unwrap_or(0), Vec::new());
    (&mut file).take(bytes_max + 1).read_to_end(&mut contents).map_err(unread)?;
    if contents.len() as u64 > bytes_max {
        return Err(format!(
            "{} is larger than anything that the server keeps ({} MiB): move it away",
            path.display(),
            bytes_max / (1024 * 1024)
        ));
    }
    meanwhile();
    let is_as_long = file.metadata().map_err(unread)?.len() >= contents.len() as u64;
    let is_same = is_as_long && files::leads_to(path, &file);
    Ok(Some((contents, is_same)))
}

/// A file's contents. None where there is none.
fn read(path: &Path, name: &str) -> Result<Option<Vec<u8>>, String> {
    Ok(read_same(path, name, || ())?.map(|(contents, _)| contents))
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("can't read {}: {}", path.display(), reason::of_file(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(folder: &Path) -> (Vec<(String, Vec<u8>)>, Option<u64>) {
        let mut all_taken = Vec::new();
        let seq = all(folder, &mut |name, contents| {
            all_taken.push((name.to_owned(), contents.to_vec()));
            Ok(())
        });
        (all_taken, seq.unwrap())
    }

    fn line(seq: u64) -> String {
        format!(
            "{{\"type\":\"message\",\"seq\":{seq},\"time\":\"2026-11-25T08:00:00.000Z\",\"room\":\"general\",\"from\":\"ada\",\"text\":\"x\"}}\n"
        )
    }

    #[test]
    fn what_breaks_off_stays_out_and_who_is_erased_counts_from_both_ends() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("journal")).unwrap();
        put("tokens.jsonl", "one\ntw".into());
        put("users.json", "{}".into());
        put("users.json.old", "nobody's".into());
        put("homeroom.lock", String::new());
        put("erasing.json", r#"{"eve":3}"#.into());
        put("journal/00000000000000000001.jsonl", line(1) + &line(2));
        put("journal/00000000000000000003.jsonl", line(3) + &line(4)[..9]);
        put("journal/00000000000000000003.jsonl.new", "x".into());
        let mut names = Vec::new();
        let seq = all(folder.path(), &mut |name, contents| {
            if name == "users.json" {
                put("erasing.json", r#"{"bob":4}"#.into());
            }
            names.push(name.to_owned());
            match name {
                "tokens.jsonl" => assert_eq!(contents, b"one\n"),
                "erasing.json" => assert_eq!(contents, br#"{"bob":4,"eve":3}"#),
                "journal/00000000000000000003.jsonl" => assert_eq!(contents, line(3).as_bytes()),
                _ => {}
            }
            Ok(())
        });
        assert_eq!(seq, Ok(Some(3)));
        let journal = ["journal/00000000000000000003.jsonl", "journal/00000000000000000001.jsonl"];
        assert_eq!(names, ["tokens.jsonl", "users.json", journal[0], journal[1], "erasing.json"]);
    }

    #[test]
    fn no_more_programs_are_copied_than_anybody_gives_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("get")).unwrap();
        let names: Vec<String> = (0..=PROGRAMS_MAX).map(|n| format!("get/program-{n:03}")).collect();
        names.iter().for_each(|name| fs::write(folder.path().join(name), "x").unwrap());
        let (copied, _) = taken(folder.path());
        assert!(copied.iter().map(|(name, _)| name).eq(&names[..PROGRAMS_MAX]), "{}", copied.len());
    }

    #[test]
    fn a_damaged_segment_is_copied_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("journal")).unwrap();
        let text = line(1) + "junk\n" + &line(3);
        fs::write(folder.path().join("journal/00000000000000000001.jsonl"), &text).unwrap();
        let journal = ("journal/00000000000000000001.jsonl".to_owned(), text.into_bytes());
        assert_eq!(taken(folder.path()), (vec![journal], Some(3)));
    }

    #[test]
    fn a_segment_that_is_deleted_meanwhile_leaves_no_gap() {
        let folder = tempfile::tempdir().unwrap();
        let path = |first: u64| segment::path(&folder.path().join("journal"), first);
        fs::create_dir(folder.path().join("journal")).unwrap();
        (1..=4).for_each(|seq| fs::write(path(seq), line(seq)).unwrap());
        let mut copied = Vec::new();
        let seq = all(folder.path(), &mut |name, _| {
            copied.push(name.to_owned());
            // As they become too old: one after the other, the oldest first.
            let oldest = (1..=4).find(|&seq| path(seq).exists()).unwrap();
            fs::remove_file(path(oldest)).unwrap();
            Ok(())
        });
        assert_eq!(seq, Ok(Some(4)));
        let expected = [4, 3].map(|seq| format!("journal/{seq:020}.jsonl"));
        assert_eq!(copied, expected);
    }

    #[test]
    fn a_segment_that_is_written_anew_while_it_is_read_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, successor) = (segment::path(folder.path(), 1), folder.path().join("new"));
        let place = || Place { path: path.clone(), first: 1, next: None };
        let member = "journal/00000000000000000001.jsonl";
        let times = std::cell::Cell::new(0);
        let replaced = |how_often: usize| {
            fs::write(&path, line(1).replace("\"x\"", "\"secret\"")).unwrap();
            times.set(0);
            segment(&place(), member, || {
                times.set(times.get() + 1);
                if times.get() <= how_often {
                    fs::write(&successor, line(1)).unwrap();
                    fs::rename(&successor, &path).unwrap();
                }
            })
        };
        let anew = Some((line(1).into_bytes(), 2));
        assert_eq!(replaced(1), Ok(anew.clone()));
        assert_eq!(replaced(TRIES_MAX - 1), Ok(anew));
        assert!(replaced(usize::MAX).unwrap_err().contains("again and again") && times.get() == TRIES_MAX);
        // Cut, as a write that failed is: what was read of it may be nobody's.
        fs::write(&path, line(1) + &line(2)).unwrap();
        let cut = segment(&place(), member, || fs::write(&path, line(1)).unwrap());
        assert_eq!(cut, Ok(Some((line(1).into_bytes(), 2))));
        fs::remove_file(&path).unwrap();
        assert_eq!(segment(&place(), member, || ()), Ok(None));
    }
}
