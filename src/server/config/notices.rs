//! What administrators must be told while they are online: a certificate that ends, a disk that is full.
//!
//! Whoever has something to tell is given a clone of [`Notices`] when the server is built and calls
//! [`tell_admins`](Notices::tell_admins), from any thread and under any lock: it writes a line to the log, hands the
//! text to the `notices` thread (`notifier.rs`) and never waits. That thread sends it, as `notice`, to every session of an
//! administrator. Where there is none, as while the server starts, it waits for the first that comes. Tell each trouble
//! once, and once that it is over.

use crate::protocol::NOTICE_CHARS_MAX;
use crate::reason::Reason;
use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// How many notices may wait to be sent. Further ones are in the log alone.
const WAITING_NOTICES_MAX: usize = 64;

/// Where notices are posted.
#[derive(Clone, Debug)]
pub(crate) struct Notices(SyncSender<Option<Notice>>);

/// Where they come out.
#[derive(Debug)]
pub(crate) struct Posted(Receiver<Option<Notice>>);

/// One thing to be told.
#[derive(Debug)]
pub(crate) struct Notice(pub(crate) String);

/// A place to post notices before there is a server to send them.
pub(crate) fn channel() -> (Notices, Posted) {
    let (sender, receiver) = sync_channel(WAITING_NOTICES_MAX);
    (Notices(sender), Posted(receiver))
}

impl Posted {
    /// Each notice as it comes; None where there is none, but somebody who may wait for those before.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<Notice>> {
        self.0.iter()
    }
}

impl Notices {
    /// Tells the log and every administrator who is online, or the first who comes. One sentence in lower case, without a full stop, at most
    /// [`NOTICE_CHARS_MAX`] characters; what is longer is cut for the administrators.
    pub(crate) fn tell_admins(&self, text: impl Into<String>) {
        let text = text.into();
        log::warn!("{text}");
        // Full only when the thread is held up by an administrator who doesn't read; the log has it.
        let _ = self.0.try_send(Some(Notice(text.chars().take(NOTICE_CHARS_MAX).collect())));
    }

    /// An administrator is there now, to be told what nobody was there to hear.
    pub(crate) fn admin_came(&self) {
        // Full only while others are under way, and each of them brings along what waits.
        let _ = self.0.try_send(None);
    }
}

/// What is wrong with one thing or another, as it's found by looking now and then: each told once as long as it lasts.
#[derive(Debug, Default)]
pub(crate) struct Lasting(HashMap<&'static str, String>);

impl Lasting {
    /// Takes note of what was found about a thing: what has happened, which is told, or what is wrong. True if nothing is.
    pub(crate) fn note(
        &mut self,
        thing: &'static str,
        found: Result<Option<String>, String>,
        notices: &Notices,
    ) -> bool {
        match found {
            Ok(happened) => {
                self.0.remove(thing);
                happened.into_iter().for_each(|text| notices.tell_admins(text));
                true
            }
            Err(wrong) if self.0.get(thing) == Some(&wrong) => false,
            Err(wrong) => {
                notices.tell_admins(&*wrong);
                self.0.insert(thing, wrong);
                false
            }
        }
    }
}

/// Something that can't be written for a while: administrators are told once, and once that it is over.
#[derive(Debug)]
pub(crate) struct Trouble {
    what: &'static str,
    notices: Notices,
    lasts: bool,
}

impl Trouble {
    /// None yet, with `what`.
    pub(crate) fn with(what: &'static str, notices: Notices) -> Self {
        Self { what, notices, lasts: false }
    }

    /// Takes note of how a write went. `consequence` is what an error leads to and what to do about it.
    pub(crate) fn note(&mut self, error: Option<&io::Error>, consequence: &str) {
        let (what, before) = (self.what, std::mem::replace(&mut self.lasts, error.is_some()));
        match error {
            Some(e) if before => log::debug!("{what} still can't be written: {e}"),
            Some(e) => self.notices.tell_admins(format!("{what} can't be written{consequence}: {}", Reason(e))),
            None if before => self.notices.tell_admins(format!("{what} can be written again")),
            None => {}
        }
    }

    /// Tells administrators what else befell it.
    pub(crate) fn tell(&self, text: impl Into<String>) {
        self.notices.tell_admins(text);
    }

    /// Whether the last write failed.
    pub(crate) fn lasts(&self) -> bool {
        self.lasts
    }
}
