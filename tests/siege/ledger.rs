//! What was heard of whom, and whose session was ended when: nothing of theirs may come later.

use crate::judge::Judge;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// What an attacker says begins with this and the attacker's mark, a word of its own for each session.
pub(crate) const MARK: &str = "!";

/// An administrator's message right after the answer to a request that ended a session. Whatever is of that session
/// and has a greater seq was carried out after it was over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fence(pub(crate) u64);

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// The newest event that the witness was shown.
    newest: u64,
    said: BTreeMap<String, BTreeSet<u64>>,
    /// The comings and goings that everybody was told of.
    presence: BTreeMap<String, BTreeSet<u64>>,
    ended: Vec<Ended>,
    /// Accounts that would be an ended administrator's doing.
    unmade: Vec<(&'static str, String)>,
    banned: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Ended {
    attack: &'static str,
    mark: String,
    after: Fence,
}

impl Ledger {
    /// What an onlooker was shown.
    pub(crate) fn saw(&self, line: &Value) {
        let Some(seq) = line["seq"].as_u64() else { return };
        let mut book = self.0.lock().unwrap();
        if let Some(name) = line["username"].as_str() {
            book.presence.entry(name.to_owned()).or_default().insert(seq);
        }
        if let Some(said) = line["text"].as_str().and_then(|text| text.strip_prefix(MARK)) {
            let mark = said.split_whitespace().next().unwrap_or_default();
            book.said.entry(mark.to_owned()).or_default().insert(seq);
        }
    }

    /// The witness, who is shown everything in its order, has come so far.
    pub(crate) fn reached(&self, seq: u64) {
        let mut book = self.0.lock().unwrap();
        book.newest = book.newest.max(seq);
    }

    pub(crate) fn newest(&self) -> u64 {
        self.0.lock().unwrap().newest
    }

    /// Nothing with this mark may be heard after the fence.
    pub(crate) fn ended(&self, attack: &'static str, mark: &str, after: Fence) {
        self.0.lock().unwrap().ended.push(Ended { attack, mark: mark.to_owned(), after });
    }

    /// There may never be such an account.
    pub(crate) fn never(&self, attack: &'static str, account: String) {
        self.0.lock().unwrap().unmade.push((attack, account));
    }

    /// This account stays banned.
    pub(crate) fn stays_banned(&self, attack: &'static str, account: String) {
        self.0.lock().unwrap().banned.push((attack, account));
    }

    /// How often everybody was told that somebody whose name begins so came or went.
    pub(crate) fn comings_and_goings(&self, prefix: &str) -> usize {
        let book = self.0.lock().unwrap();
        book.presence.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, seqs)| seqs.len()).sum()
    }

    /// Judges what was written down since the last time, when everything has been shown. `accounts` are those that
    /// there are now, each with whether it is banned.
    pub(crate) fn settle(&self, judge: &Judge, accounts: &BTreeMap<String, bool>) {
        let mut book = self.0.lock().unwrap();
        for Ended { attack, mark, after } in std::mem::take(&mut book.ended) {
            judge.count(attack, "ended");
            let late = book.said.get(&mark).map_or(0, |seqs| seqs.range(after.0 + 1..).count());
            if late > 0 {
                judge.violation(attack, format!("{late} requests of {mark} were carried out after it was ended"));
            }
        }
        for (attack, name) in std::mem::take(&mut book.unmade) {
            if accounts.contains_key(&name) {
                judge.violation(attack, format!("the account {name} was made by somebody who had been ended"));
            }
        }
        for (attack, name) in std::mem::take(&mut book.banned) {
            if accounts.get(&name) != Some(&true) {
                judge.violation(attack, format!("{name} was banned and isn't any more"));
            }
        }
        book.said.clear();
    }
}
