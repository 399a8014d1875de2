//! The audit log: every administrative act, every failed login and every failed change of a password, one JSON object
//! a line.
//!
//! `audit.jsonl` in the data folder is made for people with `jq` and for fail2ban (packaging/fail2ban has the
//! filter), so it bears the times of the system's clock, with which fail2ban compares them. Never a password, a token or a message's text. Acts are always written, at once. What anybody can cause
//! has a measure ([`noise`]): told one by one at first, then in sums. So the bound on the file is none on how far back
//! the acts in it go.

mod erase;
mod noise;
#[cfg(test)]
mod tests;

use crate::files::{self, Growing};
use crate::protocol::{Username, timestamp};
use crate::server::config::{Notices, Trouble};
use crate::sync::lock;
pub(crate) use noise::SUM_AFTER;
use noise::{Event, Failure, Noise, Sum, Who};
use serde::Serialize;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

/// When the file has grown to this, it becomes `audit.jsonl.1` in place of the one before: at most twice this
/// much is kept, whatever strangers do.
pub(super) const AUDIT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// No line about a failure is longer: a name has 32 bytes, an address 39, and the rest comes from here.
const LINE_BYTES_MAX: usize = 256;
// The older half alone holds as much, of guesses and of all else.
const _: () = assert!(2 * noise::LINES_MAX * LINE_BYTES_MAX as u64 <= AUDIT_BYTES_MAX);

/// The log of one data folder.
#[derive(Debug)]
pub(crate) struct Audit {
    file: Mutex<Slot>,
    /// What the log for people alone has of strangers has the same measure.
    remarks: Mutex<Noise>,
}

#[derive(Debug)]
struct Slot {
    path: PathBuf,
    /// None when it's to be opened anew.
    file: Option<Growing>,
    /// Guesses. Nothing that costs no guess uses up their lines, which fail2ban reads.
    guesses: Noise,
    /// All other failures.
    others: Noise,
    trouble: Trouble,
}

/// One line.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    time: String,
    event: &'a str,
    /// None where many are summed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(flatten)]
    more: Option<More>,
}

/// What a sum has on top.
#[derive(Debug, Serialize)]
struct More {
    count: u64,
    /// Within so long before `time`.
    seconds: u64,
}

impl Audit {
    /// Opens the log for appending. Administrators are told when it can't be written any more.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn open(path: &Path, notices: Notices, now: Instant) -> io::Result<Self> {
        let (file, trouble) = (Some(Growing::open(path)?), Trouble::with("audit.jsonl", notices));
        let (guesses, others) = (Noise::new(now), Noise::new(now));
        let slot = Slot { path: path.to_owned(), file, guesses, others, trouble };
        Ok(Self { file: Mutex::new(slot), remarks: Mutex::new(Noise::new(now)) })
    }

    /// A login failed. `username` is given only where there is such an account: what people type into the wrong
    /// field is often their password. True when it is to be told by itself in the log for people, too.
    pub(crate) fn failed_login(
        &self,
        peer: IpAddr,
        username: Option<&Username>,
        reason: &'static str,
        now: Instant,
    ) -> bool {
        self.note(&Failure::of_address(Event::LoginFailed, reason, peer, username), now)
    }

    /// A token was refused: somebody came back after it had ended, or was made up. No guess, and nothing for fail2ban.
    /// True when it is to be told by itself in the log for people, too.
    pub(crate) fn refused_token(
        &self,
        peer: IpAddr,
        username: Option<&Username>,
        reason: &'static str,
        now: Instant,
    ) -> bool {
        self.note(&Failure::of_address(Event::TokenRefused, reason, peer, username), now)
    }

    /// Somebody who is logged in didn't know the password they wanted to change. fail2ban would shut out everyone at
    /// their address; the account is what to look at. True when it is to be told by itself in the log for people, too.
    pub(crate) fn failed_change(&self, peer: IpAddr, username: &Username, reason: &'static str, now: Instant) -> bool {
        let (event, who) = (Event::PasswdFailed, Who::Account(username.clone()));
        self.note(&Failure { event, reason, who, peer, username: Some(username) }, now)
    }

    /// A connection came to nothing: no failure, and nothing for this log. True when it is to be told by itself in the
    /// log for people.
    pub(crate) fn remark(&self, peer: IpAddr, reason: &'static str, now: Instant) -> bool {
        lock(&self.remarks).note(&Failure::of_address(Event::Connection, reason, peer, None), now)
    }

    /// An administrator did something, to an account or to the server.
    pub(crate) fn act(
        &self,
        event: &str,
        by: &Username,
        peer: IpAddr,
        username: Option<&Username>,
        detail: Option<&str>,
    ) {
        let (by, username) = (Some(by.as_str()), username.map(Username::as_str));
        let entry = Entry { time: timestamp(), event, peer: Some(peer), by, username, detail, more: None };
        lock(&self.file).write(&entry);
    }

    /// The server did something by itself.
    pub(crate) fn own_act(&self, event: &str, detail: &str) {
        let (time, detail) = (timestamp(), Some(detail));
        lock(&self.file).write(&Entry { time, event, peer: None, by: None, username: None, detail, more: None });
    }

    /// Opens the file anew where another program has taken it away.
    pub(crate) fn renew(&self) {
        let mut slot = lock(&self.file);
        if let Err(e) = slot.file().and_then(Growing::renew) {
            slot.trouble.note(Some(&e), "");
        }
    }

    /// Tells what was summed up for long enough, here and in the log for people.
    pub(crate) fn sum_up(&self, now: Instant) {
        self.tell(now, |noise| noise.due(now));
    }

    /// Tells all that was summed up, at the server's end.
    pub(crate) fn end(&self, now: Instant) {
        self.tell(now, Noise::rest);
    }

    fn tell(&self, now: Instant, sums: impl Fn(&mut Noise) -> Vec<Sum>) {
        sums(&mut lock(&self.remarks)).iter().for_each(|sum| log(sum, now));
        let mut slot = lock(&self.file);
        let of_guesses = sums(&mut slot.guesses);
        for sum in of_guesses.iter().chain(&sums(&mut slot.others)) {
            log(sum, now);
            slot.write(&Entry::of(sum, now));
        }
    }

    fn note(&self, failure: &Failure<'_>, now: Instant) -> bool {
        let mut slot = lock(&self.file);
        let told = match failure.event {
            Event::LoginFailed => slot.guesses.note(failure, now),
            _ => slot.others.note(failure, now),
        };
        if told {
            let &Failure { event, reason, peer, username, .. } = failure;
            let (event, username) = (event.name(), username.map(Username::as_str));
            let (time, peer, detail) = (timestamp(), Some(peer), Some(reason));
            slot.write(&Entry { time, event, peer, by: None, username, detail, more: None });
        }
        told
    }
}

impl<'a> Entry<'a> {
    fn of(sum: &'a Sum, now: Instant) -> Self {
        let &Sum { event, reason, peer, ref username, count, .. } = sum;
        let more = Some(More { count, seconds: sum.seconds(now) });
        let username = username.as_ref().map(Username::as_str);
        Self { time: timestamp(), event: event.name(), peer, by: None, username, detail: Some(reason), more }
    }
}

impl Slot {
    fn write(&mut self, entry: &Entry<'_>) {
        let written = self.try_write(entry);
        self.trouble.note(written.err().as_ref(), "");
    }

    fn try_write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let file = self.file()?;
        // Another one may be shorter. What is wrong with that is told below.
        let _ = file.renew();
        if file.bytes()? + line.len() as u64 > AUDIT_BYTES_MAX {
            // Windows gives no file another name that is open.
            self.file = None;
            files::put_aside(&self.path, ".1")?;
        }
        self.file()?.append(&line)
    }

    fn file(&mut self) -> io::Result<&mut Growing> {
        let file = self.file.take().map_or_else(|| Growing::open(&self.path), Ok)?;
        Ok(self.file.insert(file))
    }
}

/// Tells a sum to people.
fn log(sum: &Sum, now: Instant) {
    let from = sum.peer.map_or_else(|| "several addresses".to_owned(), |peer| peer.to_string());
    let (count, what, seconds) = (sum.count, sum.event.plural(), sum.seconds(now));
    log::warn!("{count} more {what} from {from} within {seconds} s: {}", sum.reason);
}
