//! The audit log: every administrative act, every failed login and every failed change of a password, one JSON object
//! a line.
//!
//! `audit.jsonl` in the data folder is made for people with `jq` and for fail2ban (packaging/fail2ban has the
//! filter). Never a password, a token or a message's text.

use super::notices::{Notices, Trouble};
use crate::files;
use crate::protocol::{Username, timestamp};
use crate::sync::lock;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// When the file has grown to this, it becomes `audit.jsonl.1` in place of the one before: at most twice this
/// much is kept, whatever strangers do.
pub(super) const AUDIT_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The log of one data folder.
#[derive(Debug)]
pub(super) struct Audit {
    path: PathBuf,
    file: Mutex<Slot>,
}

#[derive(Debug)]
struct Slot {
    open: Option<Open>,
    trouble: Trouble,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

/// One line.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    time: String,
    event: &'a str,
    peer: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Audit {
    /// Opens the log for appending. Administrators are told when it can't be written any more.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn open(path: &Path, notices: Notices) -> io::Result<Self> {
        let slot = Slot { open: Some(open(path)?), trouble: Trouble::with("audit.jsonl", notices) };
        Ok(Self { path: path.to_owned(), file: Mutex::new(slot) })
    }

    /// A login failed. `username` is given only where there is such an account: what people type into the wrong
    /// field is often their password.
    pub(super) fn failed_login(&self, peer: IpAddr, username: Option<&Username>, reason: &str) {
        let username = username.map(Username::as_str);
        self.write(&Entry { time: timestamp(), event: "login_failed", peer, by: None, username, detail: Some(reason) });
    }

    /// A token was refused: somebody came back after it had ended, or was made up. No guess, and nothing for fail2ban.
    pub(super) fn refused_token(&self, peer: IpAddr, username: Option<&Username>, reason: &str) {
        let (time, username) = (timestamp(), username.map(Username::as_str));
        self.write(&Entry { time, event: "token_refused", peer, by: None, username, detail: Some(reason) });
    }

    /// Somebody who is logged in didn't know the password they wanted to change. fail2ban would shut out everyone at
    /// their address; the account is what to look at.
    pub(super) fn failed_change(&self, peer: IpAddr, username: &Username, reason: &str) {
        let (time, username) = (timestamp(), Some(username.as_str()));
        self.write(&Entry { time, event: "passwd_failed", peer, by: None, username, detail: Some(reason) });
    }

    /// An administrator did something, to an account or to the server.
    pub(super) fn act(
        &self,
        event: &str,
        by: &Username,
        peer: IpAddr,
        username: Option<&Username>,
        detail: Option<&str>,
    ) {
        let username = username.map(Username::as_str);
        self.write(&Entry { time: timestamp(), event, peer, by: Some(by.as_str()), username, detail });
    }

    fn write(&self, entry: &Entry<'_>) {
        let mut slot = lock(&self.file);
        let written = self.try_write(&mut slot.open, entry);
        slot.trouble.note(written.err().as_ref(), "");
    }

    fn try_write(&self, slot: &mut Option<Open>, entry: &Entry<'_>) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        if slot.is_none() {
            *slot = Some(open(&self.path)?);
        }
        if slot.as_ref().is_some_and(|open| open.bytes + line.len() as u64 > AUDIT_BYTES_MAX) {
            *slot = None;
            files::rename(&self.path, &self.path.with_extension("jsonl.1"))?;
            *slot = Some(open(&self.path)?);
        }
        if let Some(open) = slot {
            open.file.write_all(&line)?;
            open.bytes += line.len() as u64;
        }
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<Open> {
    let file = files::append_private(path)?;
    let bytes = file.metadata()?.len();
    Ok(Open { file, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::notices;
    use std::fs;

    #[test]
    fn one_object_a_line_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let (root, eve) = (Username::parse("root").unwrap(), Username::parse("eve").unwrap());
        let peer = IpAddr::from([192, 0, 2, 1]);
        Audit::open(&path, notices::channel().0).unwrap().act("ban", &root, peer, Some(&eve), None);
        let audit = Audit::open(&path, notices::channel().0).unwrap();
        audit.failed_login(peer, None, "wrong password");
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            (&lines[0]["event"], &lines[0]["by"], &lines[0]["username"]),
            (&"ban".into(), &"root".into(), &"eve".into())
        );
        assert_eq!((&lines[1]["event"], &lines[1]["peer"]), (&"login_failed".into(), &"192.0.2.1".into()));
        lock(&audit.file).open.as_mut().unwrap().bytes = AUDIT_BYTES_MAX;
        audit.failed_login(peer, Some(&eve), "wrong password");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        assert_eq!(fs::read_to_string(folder.path().join("audit.jsonl.1")).unwrap(), text);
    }

    #[test]
    fn what_an_earlier_server_wrote_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        File::create(&path).unwrap().set_len(AUDIT_BYTES_MAX).unwrap();
        let audit = Audit::open(&path, notices::channel().0).unwrap();
        audit.failed_login(IpAddr::from([192, 0, 2, 1]), None, "wrong password");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
        assert_eq!(fs::metadata(folder.path().join("audit.jsonl.1")).unwrap().len(), AUDIT_BYTES_MAX);
    }
}
