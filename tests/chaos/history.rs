//! What everybody asked for and was shown, as it is written down while it happens and judged afterwards.

use crate::mark::Mark;
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// An account, by its number.
pub(crate) type Account = u16;

/// An event as somebody was shown it, or as the journal has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Event {
    pub(crate) seq: u64,
    pub(crate) what: What,
    /// Of every field it has: two that are the same are one event.
    pub(crate) print: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum What {
    /// Somebody said something, to everyone or to one account. Without a mark the text is another than was said.
    Said { from: Account, to: Option<Account>, mark: Option<Mark> },
    /// Somebody came or went.
    Presence,
}

/// Something that one client did or met with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    /// A connection that was welcomed at this moment.
    Connected(Instant),
    /// It was welcomed: by its password alone, or with what came after `after`.
    Welcomed { after: Option<u64>, seq: u64, left_at: Option<u64>, gap: bool },
    /// It asked for this to be said, for the first time or `again`.
    Asked { mark: Mark, to: Option<Account>, again: bool },
    /// The server refused it, and it was asked for only once: it must not have been said.
    Refused(Mark),
    /// The server refused it, but an earlier try may have succeeded.
    Doubtful(Mark),
    /// It was shown this.
    Shown(Event),
    /// Its token was refused, although the server could write it down.
    TokenRefused,
}

/// All of that, of one client.
#[derive(Debug)]
pub(crate) struct Record {
    /// What it signs its marks with.
    pub(crate) by: u16,
    /// The account in which it's logged in; others may be too.
    pub(crate) account: Account,
    /// It shows nothing twice, not even the answer to something sent again.
    pub(crate) once: bool,
    pub(crate) entries: Vec<Entry>,
}

/// How an event stands to those before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// It's the next one.
    Next,
    /// It answers what was sent again, before its turn.
    Early,
    /// It was to come before.
    Late,
}

/// How far a client has come.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// The newest event that was shown in its turn: a client that comes back asks for what came after it.
    pub(crate) last: u64,
    /// Newer ones that came before their turn, and will come again in it.
    early: BTreeSet<u64>,
}

impl Event {
    /// What the server sent, if it's an event.
    pub(crate) fn of(line: &Value) -> Option<Self> {
        let account = |field: &str| account(line[field].as_str().unwrap_or_else(|| panic!("no {field}: {line}")));
        let said = |to| What::Said { from: account("from"), to, mark: line["text"].as_str().and_then(Mark::of) };
        let what = match line["type"].as_str()? {
            "message" => said(None),
            "whisper" => said(Some(account("to"))),
            "joined" | "left" => What::Presence,
            _ => return None,
        };
        let mut print = DefaultHasher::new();
        line.to_string().hash(&mut print);
        let seq = line["seq"].as_u64().unwrap_or_else(|| panic!("no seq: {line}"));
        Some(Self { seq, what, print: print.finish() })
    }

    pub(crate) fn mark(&self) -> Option<Mark> {
        match self.what {
            What::Said { mark, .. } => mark,
            What::Presence => None,
        }
    }

    /// Whether an account may see it.
    pub(crate) fn is_for(&self, account: Account) -> bool {
        match self.what {
            What::Said { from, to: Some(to), .. } => from == account || to == account,
            _ => true,
        }
    }

    /// Whether it's a whisper to this account.
    pub(crate) fn is_whisper_to(&self, account: Account) -> bool {
        matches!(self.what, What::Said { to: Some(to), .. } if to == account)
    }
}

impl Place {
    /// Notes an event. `asked_again`: its client has sent it again over this connection.
    pub(crate) fn take(&mut self, seq: u64, asked_again: bool) -> Turn {
        if seq <= self.last {
            return Turn::Late;
        }
        if !self.early.remove(&seq) && asked_again {
            self.early.insert(seq);
            return Turn::Early;
        }
        self.last = seq;
        Turn::Next
    }

    /// Begins anew.
    pub(crate) fn begin(&mut self, last: u64) {
        *self = Self { last, early: BTreeSet::new() };
    }
}

/// An account's name.
pub(crate) fn name(account: Account) -> String {
    format!("p{account}")
}

fn account(name: &str) -> Account {
    name.strip_prefix('p').and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("who is {name}?"))
}
