//! One person's data goes: out of each file of the data folder, and out of memory.
//!
//! It has many steps, and a server may die between any two. So who is being erased, and what they are called from then on, is
//! written down first, in `erasing.json`, and goes last; a start that finds it there finishes what was begun, and so does
//! whoever asks again. Each step may be done twice. The account itself goes once nothing that it said is left; until then it is
//! banned, and nobody else is given its name. What may still have named it meanwhile is looked through once more after that.

use super::audit::Audit;
use super::lesson::Lesson;
use super::rooms::Rooms;
use super::topic_file::Topic;
use crate::faults;
use crate::files;
use crate::protocol::Username;
use crate::reason::{self, Reason};
use crate::server::accounts::{AccountError, Accounts, Author, Tokens};
use crate::server::config::{Folder, folder};
use crate::server::timeline::{Gone, Timeline, contains};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Who is being erased, and the number that each has from then on.
type Unfinished = BTreeMap<String, u64>;

/// All that there is to be gone through.
#[derive(Clone, Copy)]
pub(crate) struct Erasure<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) accounts: &'a Accounts,
    pub(crate) timeline: &'a Timeline,
    pub(crate) tokens: &'a Tokens,
    pub(crate) lesson: &'a Lesson,
    pub(crate) rooms: &'a Rooms,
    pub(crate) topic: &'a Topic,
    pub(crate) audit: &'a Audit,
}

/// Whoever was begun with and isn't done yet, as the file tells that says so.
///
/// # Errors
/// It can't be read.
pub(crate) fn being_erased(path: &Path) -> Result<Vec<Username>, String> {
    Ok(read(path)?.keys().filter_map(|name| Username::parse(name)).collect())
}

impl Erasure<'_> {
    /// Whoever was begun with and isn't done yet.
    ///
    /// # Errors
    /// The file that says so can't be read.
    pub(crate) fn unfinished(&self) -> Result<Vec<Username>, String> {
        being_erased(&self.folder.erasing())
    }

    /// Whether there is anything to erase of that name, an account or not: whose account was deleted has said something, too.
    ///
    /// # Errors
    /// A file can't be read.
    pub(crate) fn knows(&self, name: &Username) -> Result<bool, String> {
        // Nothing of theirs is left, and they stay.
        if name.is_deleted() {
            return Ok(false);
        }
        let topic = self.topic.now().is_some_and(|topic| topic.by == name.as_str());
        let is_named = self.accounts.standing(name.as_str()).is_some()
            || topic
            || self.lesson.names(name)
            || self.rooms.names(name)
            || self.tokens.names(name)
            || self.unfinished()?.contains(name);
        let in_files = || {
            let quoted = format!("\"{name}\"");
            for aside in self.asides() {
                if read_if_there(&aside)?.is_some_and(|text| contains(&text, quoted.as_bytes())) {
                    return Ok(true);
                }
            }
            Ok(self.audit.names(name)? || self.timeline.names(name)?)
        };
        if is_named { Ok(true) } else { in_files().map_err(unread) }
    }

    /// From now on the account can't be used, whose data is to go; its sessions end.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(crate) fn ban(&self, author: Author<'_>, name: &Username) -> Result<(), AccountError> {
        self.accounts.update(author, name, |state| {
            state.banned = true;
            state.end_sessions();
        })
    }

    /// Erases somebody whose sessions are over, or finishes that. `by` is who asked for it, if it's not whoever has the folder;
    /// `forget` has a running server forget the account, once it's gone, and waits for requests that know it. Gives what they
    /// are called now.
    ///
    /// # Errors
    /// What went wrong. It is to be tried again; the next start does.
    pub(crate) fn carry_out(
        &self,
        name: &Username,
        by: Option<(&Username, IpAddr)>,
        forget: impl FnOnce(),
    ) -> Result<Username, String> {
        let alias = self.begin(name, by)?;
        let gone = Gone { name, alias: &alias };
        let head = self.timeline.head();
        self.go_through(&gone, 0)?;
        step("account")?;
        match self.accounts.delete(Author::Owner, name) {
            // It is gone already.
            Ok(()) | Err(AccountError::Unknown) => {}
            Err(AccountError::LastAdmin) => return Err("this is the last administrator".into()),
            Err(AccountError::Save(e)) => return Err(unwritten(folder::USERS)(e)),
            Err(_) => return Err(format!("the account {name} can't be deleted")),
        }
        forget();
        step("gone")?;
        self.go_through(&gone, head)?;
        files::remove_leftover(&self.folder.users()).map_err(unwritten(folder::USERS))?;
        step("end")?;
        self.end(name)?;
        Ok(alias)
    }

    /// Writes down that it is begun, unless it was. Gives what they are called from now on.
    fn begin(&self, name: &Username, by: Option<(&Username, IpAddr)>) -> Result<Username, String> {
        let mut unfinished = read(&self.folder.erasing())?;
        if let Some(number) = unfinished.get(name.as_str()) {
            self.reserve(&unfinished);
            return Ok(Username::deleted(*number));
        }
        let number = self.last_deleted(&unfinished).map_err(unread)? + 1;
        unfinished.insert(name.to_string(), number);
        write(&self.folder.erasing(), &unfinished)?;
        self.reserve(&unfinished);
        let alias = Username::deleted(number);
        match by {
            Some((by, peer)) => self.audit.act("erase_user", by, peer, Some(&alias), None),
            None => self.audit.own_act("erase_user", alias.as_str()),
        }
        Ok(alias)
    }

    /// The highest number that anybody has who was erased, wherever that may stand.
    fn last_deleted(&self, unfinished: &Unfinished) -> io::Result<u64> {
        let told = self.timeline.last_deleted()?.max(self.audit.last_deleted()?);
        let accounts = self.accounts.list(None).into_iter().map(|(name, ..)| name);
        let makers = self.rooms.list().into_iter().filter_map(|(_, room)| Username::parse(&room.maker?));
        let members =
            self.timeline.recall(|recall| recall.members.stays().map(|(name, _)| name.clone()).collect::<Vec<_>>());
        let named = accounts.chain(makers).chain(members).filter_map(|name| name.deleted_number());
        Ok(named.chain(unfinished.values().copied()).fold(told, u64::max))
    }

    /// Takes them out of everything but the accounts; out of the events after `after`.
    fn go_through(&self, gone: &Gone<'_>, after: u64) -> Result<(), String> {
        step("events")?;
        let polls = self.timeline.erase(gone, after).map_err(unwritten("the journal"))?;
        step("lesson")?;
        self.lesson.erase(gone, &polls).map_err(unwritten(folder::LESSON))?;
        step("rooms")?;
        self.rooms.erase(self.timeline, gone).map_err(unwritten(folder::ROOMS))?;
        step("topic")?;
        self.topic.erase(gone).map_err(unwritten(folder::TOPIC))?;
        step("tokens")?;
        self.tokens.erase(std::slice::from_ref(gone.name)).map_err(unwritten(folder::TOKENS))?;
        for aside in self.asides() {
            remove_aside(&aside, gone).map_err(unwritten("what was put aside"))?;
        }
        step("audit")?;
        self.audit.erase(gone, Instant::now()).map_err(unwritten(folder::AUDIT))
    }

    /// What was put aside, since it was damaged or another program had written it.
    fn asides(&self) -> [PathBuf; 2] {
        [files::beside(&self.folder.tokens(), ".damaged"), files::beside(&self.folder.users(), ".old")]
    }

    /// It is done.
    fn end(&self, name: &Username) -> Result<(), String> {
        let mut unfinished = read(&self.folder.erasing())?;
        unfinished.remove(name.as_str());
        write(&self.folder.erasing(), &unfinished)?;
        self.reserve(&unfinished);
        Ok(())
    }

    fn reserve(&self, unfinished: &Unfinished) {
        self.accounts.reserve(unfinished.keys().filter_map(|name| Username::parse(name)));
    }
}

/// Where the tests have a server die.
fn step(name: &str) -> Result<(), String> {
    faults::strike(&format!("erase.{name}")).map_err(|e| reason::of_file(&e).to_string())
}

fn read(path: &Path) -> Result<Unfinished, String> {
    match files::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|e| {
            format!(
                "{} is damaged: {}; remove it, and erase whoever was to be erased again",
                path.display(),
                Reason(&e)
            )
        }),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Unfinished::new()),
        Err(e) => Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
    }
}

/// Writes down who is being erased; nobody needs no file.
fn write(path: &Path, unfinished: &Unfinished) -> Result<(), String> {
    let written = files::remove_leftover(path).and_then(|_| {
        if !unfinished.is_empty() {
            return files::replace(path, &serde_json::to_vec(unfinished)?);
        }
        match files::remove(path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => files::sync_folder(path),
        }
    });
    written.map_err(unwritten(folder::ERASING))
}

/// What was put aside is of no use to the server: where it has their name in it, it goes.
fn remove_aside(path: &Path, gone: &Gone<'_>) -> io::Result<()> {
    match read_if_there(path)? {
        Some(text) if gone.may_be_in(&text) => files::remove(path),
        _ => Ok(()),
    }
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match files::read(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

fn unread(e: io::Error) -> String {
    format!("can't read: {}", reason::of_file(&e))
}

fn unwritten(what: &str) -> impl FnOnce(io::Error) -> String {
    move |e| format!("{what} can't be written: {}", reason::of_file(&e))
}
