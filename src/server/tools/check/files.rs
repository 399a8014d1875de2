//! The files beside the journal.

use super::count;
use crate::files::{self, Access};
use crate::identity::CertificateInfo;
use crate::reason;
use crate::server::accounts::{token_file, users_file};
use crate::server::clock::Kept;
use crate::server::config::hollow::hollow;
use crate::server::config::{Config, folder, lost, motd};
use crate::server::state::{InUse, Lesson, Rooms, Topic, being_erased};
use crate::server::timeline::Sequence;
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use std::io;
use std::path::Path;

/// `users.json`.
pub(crate) fn accounts(data_dir: &Path) -> Vec<Finding> {
    if let Some(empty) = empty(data_dir, folder::USERS) {
        return vec![empty];
    }
    let path = data_dir.join(folder::USERS);
    let shown = path.display();
    let file = match files::read(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return vec![missing(
                data_dir,
                folder::USERS,
                "there are no accounts yet: the first start makes one, `admin`",
            )];
        }
        Err(e) => return vec![Bad(format!("{shown} can't be read: {}", reason::of_file(&e)))],
    };
    let census = match users_file::census(&file) {
        Ok(census) => census,
        Err(why) => return vec![Bad(format!("{shown} is damaged: {why}; mend it, or put a copy of it in its place"))],
    };
    let (all, admins) = (count(census.all, "account"), count(census.admins, "administrator"));
    let mut findings = vec![Good(format!("users.json: {all}, {admins}"))];
    if census.admins == 0 {
        findings.push(Bad(format!(
            "{shown} has no administrator who may log in: make one while the server doesn't run, \
             `homeroom-server user add NAME --admin`"
        )));
    }
    if census.legacy > 0 {
        findings.push(Note(format!(
            "{} with a hash of an old form: it becomes a new one when its owner logs in",
            count(census.legacy, "account")
        )));
    }
    findings
}

/// The certificate, if there is one.
///
/// # Errors
/// `identity.p12` is there and can't be read; with what to do.
pub(crate) fn identity(data_dir: &Path) -> Result<Option<CertificateInfo>, String> {
    if let Some(empty) = hollow(data_dir).into_iter().find(|file| file.name() == folder::IDENTITY) {
        return Err(empty.to_string());
    }
    let path = data_dir.join(folder::IDENTITY);
    match files::read(&path) {
        Ok(file) => {
            let read = InUse::of(&file).map(|identity| Some(identity.certificate));
            read.map_err(|why| format!("{why}: put a copy in its place, or make a new one with `identity new`"))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("{} can't be read: {}", path.display(), reason::of_file(&e))),
    }
}

/// Where there is no certificate.
pub(crate) fn no_certificate(data_dir: &Path) -> Finding {
    missing(data_dir, folder::IDENTITY, "there is none yet: the first start makes one")
}

/// A file that isn't there: it was lost, or it is not there `yet`.
fn missing(data_dir: &Path, name: &str, yet: &str) -> Finding {
    match lost(data_dir).into_iter().find(|lost| lost.name() == name) {
        Some(lost) => Bad(format!("{lost}: the next start makes another one; {}; {}", lost.ends(), lost.remedy())),
        None => Note(yet.into()),
    }
}

/// A file that holds nothing, as a start judges it.
fn empty(data_dir: &Path, name: &str) -> Option<Finding> {
    let file = hollow(data_dir).into_iter().find(|file| file.name() == name)?;
    Some(if file.stops() { Bad(file.to_string()) } else { Note(file.to_string()) })
}

/// `identity.p12`.
pub(super) fn certificate(data_dir: &Path) -> Finding {
    match identity(data_dir) {
        Ok(Some(certificate)) => Good(format!("identity.p12: {}", certificate.fingerprint)),
        Ok(None) => no_certificate(data_dir),
        Err(e) => Bad(e),
    }
}

/// `tokens.jsonl`.
pub(super) fn tokens(data_dir: &Path) -> Vec<Finding> {
    let path = data_dir.join(folder::TOKENS);
    let shown = path.display();
    let text = match files::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(e) => return vec![Bad(format!("{shown} can't be read: {}", reason::of_file(&e)))],
    };
    match token_file::parse(&text) {
        Ok((entries, whole)) => {
            let mut findings = vec![Good(format!("tokens.jsonl: {}", count(entries.len(), "line")))];
            if whole < text.len() {
                findings.push(Note(format!(
                    "{shown} ends with the beginning of a line, as after a crash: the next start drops it"
                )));
            }
            findings.extend(closed(&path));
            findings
        }
        Err(why) => vec![Bad(format!(
            "{shown} is damaged: {why}; put a copy in its place, or remove it: then everyone logs in with the password once"
        ))],
    }
}

/// `sequence`, where the journal's newest event is `last`.
pub(super) fn sequence(data_dir: &Path, last: Option<u64>) -> Finding {
    if let Some(empty) = empty(data_dir, folder::SEQUENCE) {
        return empty;
    }
    match (Sequence::peek(&data_dir.join(folder::SEQUENCE)), last) {
        (Err(e), _) => Bad(e),
        (Ok(written), Some(last)) if last > written => {
            Note(format!("sequence: {written}, and there is an event {last}; the next start goes on after that"))
        }
        (Ok(written), _) => Good(format!("sequence: no event has passed {written}")),
    }
}

/// `clock.json`.
pub(super) fn clock(data_dir: &Path) -> Option<Finding> {
    if let Some(empty) = empty(data_dir, folder::CLOCK) {
        return Some(empty);
    }
    match Kept::read(&data_dir.join(folder::CLOCK)) {
        Ok(kept) => kept.map(|_| Good("clock.json: what is known of time".into())),
        Err(e) => Some(Bad(e)),
    }
}

/// `topic.json`.
pub(super) fn topic(data_dir: &Path) -> Finding {
    if let Some(empty) = empty(data_dir, folder::TOPIC) {
        return empty;
    }
    match Topic::open(&data_dir.join(folder::TOPIC)) {
        Ok(topic) => Good(format!("topic.json: {}", if topic.now().is_some() { "a topic" } else { "no topic" })),
        Err(e) => Bad(e),
    }
}

/// `rooms.json`, if it is there.
pub(super) fn rooms(data_dir: &Path) -> Option<Finding> {
    if let Some(empty) = empty(data_dir, folder::ROOMS) {
        return Some(empty);
    }
    let path = data_dir.join(folder::ROOMS);
    match Rooms::open(&path, true) {
        Ok((rooms, _)) => path.exists().then(|| Good(format!("rooms.json: {}", count(rooms.list().len(), "room")))),
        Err(e) => Some(Bad(e)),
    }
}

/// `lesson.json`, if it is there.
pub(super) fn lesson(data_dir: &Path) -> Option<Finding> {
    if let Some(empty) = empty(data_dir, folder::LESSON) {
        return Some(empty);
    }
    let path = data_dir.join(folder::LESSON);
    match Lesson::open(&path) {
        Ok(lesson) => {
            let polls = lesson.now(|now| now.polls.len());
            path.exists().then(|| Good(format!("lesson.json: {}", count(polls, "open poll"))))
        }
        Err(e) => Some(Bad(e)),
    }
}

/// `erasing.json`, if it is there.
pub(super) fn erasing(data_dir: &Path) -> Option<Finding> {
    match being_erased(&data_dir.join(folder::ERASING)) {
        Ok(names) if names.is_empty() => None,
        Ok(names) => {
            let people = count(names.len(), "account");
            Some(Note(format!("erasing.json: {people} still to be erased: the next start goes on with that")))
        }
        Err(e) => Some(Bad(e)),
    }
}

/// `motd.txt`, unless the configuration has another message of the day.
pub(super) fn motd(config: &Config) -> Option<Finding> {
    let file = config.args.data_dir.join(folder::MOTD);
    match motd::read(config.args.live.motd.as_deref(), &file) {
        Ok(None) => None,
        Ok(Some(text)) => Some(Good(format!("the message of the day: {}", count(text.chars().count(), "character")))),
        Err(why) => Some(Bad(why)),
    }
}

/// What a start opens, and doesn't read.
pub(super) fn opened(data_dir: &Path) -> Vec<Finding> {
    [folder::LOCK, folder::AUDIT].iter().filter_map(|name| closed(&data_dir.join(name))).collect()
}

/// A file that is there and that a start, which opens it as this does, can't write to.
pub(super) fn closed(path: &Path) -> Option<Finding> {
    match files::open(path, Access::Append) {
        // A copy on a read-only disk is as good as any.
        Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem) => {
            Some(Bad(format!("{} can't be written to: {}", path.display(), reason::of_file(&e))))
        }
        _ => None,
    }
}
