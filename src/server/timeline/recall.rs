//! What is remembered of each account beside the events themselves: whether the timeline has it online, when it last
//! left, where its whispers are, and the ids of what it said last.
//!
//! It is made anew from the journal at each start. Everything in it has a bound.

use super::gone::Gone;
use super::members::Members;
use super::what::{Audience, Key, Place, What};
use crate::protocol::{RoomName, Username};
use std::collections::{HashMap, VecDeque};

/// How many ids are remembered of an account. A client has a handful of messages under way when its connection breaks,
/// and none that types them has a thousand.
const IDS_PER_ACCOUNT_MAX: usize = 1_000;
/// And of all together, 16 bytes each; beyond, the ids of whoever has been silent for longest are forgotten.
const IDS_MAX: usize = 1_000_000;
/// How many whispers are remembered of an account, by their seqs. The rest is found by `history`.
pub(crate) const WHISPERS_PER_ACCOUNT_MAX: usize = 1_000;

/// What the accounts did.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    accounts: HashMap<Username, Account>,
    /// Over all accounts.
    ids: usize,
    /// How much was said to everyone so far.
    public: u64,
    /// Who is in which room.
    pub(crate) members: Members,
}

#[derive(Debug, Default)]
struct Account {
    online: bool,
    left: Option<Left>,
    /// It went then, and nobody was told yet.
    gone: bool,
    /// The seqs of the newest whispers from it and to it, ascending.
    whispers: VecDeque<u64>,
    /// What it said last with an id: each key and seq, ascending by seq.
    ids: VecDeque<(u64, u64)>,
}

/// When an account last left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Left {
    /// The newest event's seq then: that of its `left`, if it was told at once.
    pub(crate) seq: u64,
    /// How much had been said to everyone by then.
    public: u64,
    /// And in the rooms that it was in.
    rooms: Vec<(RoomName, u64)>,
}

impl Recall {
    /// Takes note of an event.
    pub(crate) fn note(&mut self, seq: u64, what: &What) {
        match what {
            What::Joined(name, _) => {
                let account = self.account(name);
                (account.online, account.gone) = (true, false);
            }
            What::Left(name, _) => {
                self.note_going(seq, name);
                let account = self.account(name);
                (account.online, account.gone) = (false, false);
            }
            What::Came(name) => self.account(name).gone = false,
            What::Went(name) => self.note_going(seq, name),
            What::Entered(..) | What::Exited(..) | What::Closed(_) => self.members.note(seq, what),
            What::Told { audience: Audience::Everyone, said: true, .. } => self.public += 1,
            What::Told { audience: Audience::Room(room), said: true, .. } => self.members.count(room),
            What::Told { .. } => {}
            What::Asked { by, key, .. } => key.iter().for_each(|key| self.note_id(seq, by, key.whole)),
            What::Said { by, place, key } => {
                match place {
                    Place::Room(room) if room.is_general() => self.public += 1,
                    Place::Room(room) => self.members.count(room),
                    Place::Person(to) if to == by => self.note_whisper(seq, by),
                    Place::Person(to) => [by, to].into_iter().for_each(|name| self.note_whisper(seq, name)),
                }
                if let Some(key) = key {
                    self.note_id(seq, by, key.whole);
                }
            }
            What::Removed { .. } => {}
        }
    }

    /// How much was said to everyone so far.
    pub(crate) fn public(&self) -> u64 {
        self.public
    }

    /// The seq of what an account said under this key.
    pub(crate) fn find(&self, name: &Username, key: Key) -> Option<u64> {
        let ids = &self.accounts.get(name)?.ids;
        // What was taken back before a start is remembered without its words: then these can't tell it from another.
        let is_it = |other: u64| other == key.whole || other == key.wordless;
        ids.iter().rev().find(|(other, _)| is_it(*other)).map(|(_, seq)| *seq)
    }

    /// When an account last left.
    pub(crate) fn left(&self, name: &Username) -> Option<Left> {
        self.accounts.get(name)?.left.clone()
    }

    /// Everyone whom the timeline has online.
    pub(crate) fn online(&self) -> Vec<Username> {
        let mut names: Vec<_> = self.accounts.iter().filter(|(_, a)| a.online).map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names
    }

    /// The seqs of the whispers from and to an account after `after`, ascending, the newest
    /// [`WHISPERS_PER_ACCOUNT_MAX`].
    pub(crate) fn whispers(&self, name: &Username, after: u64) -> impl Iterator<Item = u64> {
        let whispers = self.accounts.get(name).map(|account| &account.whispers);
        whispers.into_iter().flatten().copied().filter(move |&seq| seq > after)
    }

    /// How much was said since an account left that it may see, of what is kept: that is what came from `first` on,
    /// when `public` had been said to everyone before.
    pub(crate) fn missed(&self, name: &Username, left: &Left, (first, public): (u64, u64)) -> u64 {
        let whispers = self.whispers(name, left.seq.max(first.saturating_sub(1))).count();
        // Of the rooms it isn't known how much of that is kept once anything since is not.
        let all_kept = first <= left.seq.saturating_add(1);
        let rooms = if all_kept { self.members.missed(name, left.seq, &left.rooms) } else { 0 };
        self.public.saturating_sub(left.public.max(public)) + whispers as u64 + rooms
    }

    /// An account has gone, unless it had before it was told.
    fn note_going(&mut self, seq: u64, name: &Username) {
        let left = Left { seq, public: self.public, rooms: self.members.said(name) };
        let account = self.account(name);
        if !account.gone {
            (account.gone, account.left) = (true, Some(left));
        }
    }

    /// Forgets an account, which is called otherwise in all that happened.
    pub(super) fn erase(&mut self, gone: &Gone<'_>) {
        if let Some(account) = self.accounts.remove(gone.name) {
            self.ids -= account.ids.len();
        }
        self.members.rename(gone);
    }

    fn account(&mut self, name: &Username) -> &mut Account {
        self.accounts.entry(name.clone()).or_default()
    }

    fn note_whisper(&mut self, seq: u64, name: &Username) {
        let whispers = &mut self.account(name).whispers;
        if whispers.len() >= WHISPERS_PER_ACCOUNT_MAX {
            whispers.pop_front();
        }
        whispers.push_back(seq);
    }

    fn note_id(&mut self, seq: u64, name: &Username, key: u64) {
        let ids = &mut self.account(name).ids;
        ids.push_back((key, seq));
        if ids.len() > IDS_PER_ACCOUNT_MAX {
            ids.pop_front();
            return;
        }
        self.ids += 1;
        if self.ids > IDS_MAX {
            self.forget_the_most_silent();
        }
    }

    fn forget_the_most_silent(&mut self) {
        let newest = |account: &Account| account.ids.back().map(|(_, seq)| *seq);
        let silent = self.accounts.values_mut().filter(|account| !account.ids.is_empty()).min_by_key(|a| newest(a));
        if let Some(account) = silent {
            self.ids -= std::mem::take(&mut account.ids).len();
        }
    }
}
