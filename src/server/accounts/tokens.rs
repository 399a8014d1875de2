//! Tokens: how a client that was logged in comes back without the password, also after a restart of the server.
//!
//! An account's tokens carry its *generation*, a number in `users.json`. Whatever ends all of them (a new password, a
//! ban, an administrator's logout) changes that number in the same write, so they end with it or not at all. Only a
//! token that ends alone, with its session's logout, is ended in the tokens' own file.

use super::origin::Origin;
use super::passwords::random;
use super::rate::LoginRate;
use super::standing::State;
use super::token_file::{Brief, Entry, TokenFile, TokenId, Validity};
use crate::hex::{self, Hex};
use crate::protocol::{Secret, Username};
use crate::reason;
use crate::server::clock::Now;
use crate::server::config::{Notices, Trouble};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, lock};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many tokens an account may have; a further one takes the place of the one unused for longest, which no session
/// has.
pub(super) const TOKENS_PER_ACCOUNT_MAX: usize = 10;
/// How long a token stays valid after its last use.
pub(super) const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long one holds whose session is over, where others use the computer too (`"keep":false`): a page has come back by
/// then from a lost connection or a reload.
const BRIEF_LIFETIME: SignedDuration = SignedDuration::from_mins(2);
/// How old the last use on disk may be before a newer one is written down: a class that comes back after a restart
/// writes nothing.
const NOTED_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What administrators are told of a file that isn't the server's any more.
const TAKEN: &str = "another program has removed, replaced or cut tokens.jsonl";

/// Every token, in memory and in `tokens.jsonl`.
///
/// Two locks: `kept` for what holds and its line in the file, which so come in the same order; `synced` over a sync,
/// so that those who wait for one share it. A login waits for no sync.
#[derive(Debug)]
pub(crate) struct Tokens {
    kept: Mutex<Kept>,
    /// So many of the notes in the file will outlive a power failure.
    synced: Mutex<u64>,
}

#[derive(Debug)]
struct Kept {
    owners: HashMap<Username, Vec<Token>>,
    /// Where each account is at home, as it is written down, and what its newest event was when it was made. The throttle knows
    /// more of it.
    homes: HashMap<Username, (Option<u64>, Vec<Origin>)>,
    file: TokenFile,
    /// How many notes were made.
    notes: u64,
    trouble: Trouble,
}

#[derive(Debug)]
struct Token {
    id: TokenId,
    generation: u32,
    /// In lived time.
    used: Timestamp,
    /// The last use that was written down.
    noted: Timestamp,
    /// Somebody came back with it. Its sessions share this.
    continued: Arc<AtomicBool>,
    /// How often it may still be logged in with.
    logins: LoginRate,
    /// It ends soon after its session.
    brief: bool,
}

impl Tokens {
    /// Reads the tokens kept in `path`, but for those that are over. `state` tells what holds for an account, if there is one.
    ///
    /// A file that is damaged may have lost the end of a token, so no token in it is believed any more.
    ///
    /// # Errors
    /// The file can't be read or written.
    pub(crate) fn open(
        path: &Path,
        now: &Now,
        notices: Notices,
        state: impl Fn(&Username) -> Option<State>,
    ) -> Result<Self, String> {
        let (file, entries) = TokenFile::open(path)?;
        let mut kept = Kept {
            owners: HashMap::new(),
            homes: HashMap::new(),
            file,
            notes: 0,
            trouble: Trouble::with("tokens.jsonl", notices),
        };
        let lines = entries.len();
        let mut ended_with_the_server = false;
        for entry in entries {
            match entry {
                Entry::Homes { name, since, homes } => {
                    kept.homes.insert(name, (since, homes));
                }
                Entry::Token { name, id, valid: None } => kept.remove(&name, &id),
                Entry::Token { name, id, valid: Some(Validity { generation, used, brief }) } => {
                    // A clock that was ahead gives no token a longer life. A session that ended with the server ends now.
                    let was_in_use = brief == Some(Brief::InUse);
                    ended_with_the_server |= was_in_use;
                    let used = if was_in_use { now.lived } else { used.min(now.lived) };
                    let token = Token::new(id, generation, used, Arc::default());
                    kept.put(&name, Token { brief: brief.is_some(), ..token });
                }
            }
        }
        kept.owners.retain(|name, tokens| {
            let state = state(name);
            tokens
                .retain(|token| state.is_some_and(|state| token.generation == state.generation) && !token.is_old(now));
            !tokens.is_empty()
        });
        kept.homes.retain(|name, (since, homes)| {
            let is_theirs = |state: State| since.is_none_or(|since| since == state.since);
            state(name).is_some_and(is_theirs) && !homes.is_empty()
        });
        if kept.owners.values().map(Vec::len).sum::<usize>() + kept.homes.len() < lines
            || !kept.file.is_whole()
            || ended_with_the_server
        {
            kept.rewrite().map_err(|e| format!("can't write {}: {}", path.display(), reason::of_file(&e)))?;
        }
        Ok(Self { kept: Mutex::new(kept), synced: Mutex::new(0) })
    }

    /// Makes a token. It's worth nothing until it's [kept](Self::keep).
    pub(crate) fn make() -> (Secret, TokenId) {
        let bits = random::<32>();
        (Hex(&bits).to_string().into(), id_of(&bits))
    }

    /// From now on `id` is a token of this account, as long as its generation is this. One that can't be written down
    /// is valid until the server ends. `continued` will say whether somebody came back with it. A `brief` one, and one that
    /// was, ends soon after its session.
    pub(crate) fn keep(
        &self,
        name: &Username,
        (id, continued): (TokenId, &Arc<AtomicBool>),
        (generation, brief): (u32, bool),
        now: &Now,
    ) {
        let mut kept = lock(&self.kept);
        let was_brief = kept.owners.get(name).is_some_and(|own| own.iter().any(|token| token.id == id && token.brief));
        let token = Token::new(id, generation, now.lived, Arc::clone(continued));
        let token = Token { brief: brief || was_brief, ..token };
        let valid = token.validity();
        let ended = kept.put(name, token);
        let ended = ended.iter().map(|token| Entry::Token { name: name.clone(), id: token.id, valid: None });
        let new = Entry::Token { name: name.clone(), id, valid: Some(valid) };
        // The ends first: a start that reads the new one before them would have one too many, and let go of another,
        // since the file doesn't know every use.
        kept.note(&ended.chain(std::iter::once(new)).collect::<Vec<_>>());
    }

    /// Whether `token` is one of this account's, whose generation is this; its lifetime begins anew. All who have it
    /// then know that somebody came back with it.
    pub(crate) fn redeem(
        &self,
        name: &Username,
        generation: u32,
        (token, brief): (&str, bool),
        now: &Now,
    ) -> Option<(TokenId, Arc<AtomicBool>)> {
        let id = id_of(&hex::parse(token)?);
        let mut kept = lock(&self.kept);
        let own = kept.owners.get_mut(name)?.iter_mut();
        let token = own.into_iter().find(|token| token.id == id && token.generation == generation)?;
        if token.is_old(now) {
            return None;
        }
        token.used = now.lived;
        token.continued.store(true, Ordering::Release);
        let continued = Arc::clone(&token.continued);
        // One that was left is in use again.
        let was_brief = token.brief;
        token.brief |= brief;
        if now.lived.duration_since(token.noted).abs() >= NOTED_EVERY || token.brief != was_brief || was_brief {
            token.noted = now.lived;
            let valid = Some(token.validity());
            kept.note(&[Entry::Token { name: name.clone(), id, valid }]);
        }
        Some((id, continued))
    }

    /// A session with this token is over: if the token is brief, and no other session has it, its last minutes begin.
    /// `continues` is the session's own.
    pub(crate) fn leave(&self, name: &Username, id: &TokenId, now: &Now) {
        let mut kept = lock(&self.kept);
        let own = kept.owners.get_mut(name).into_iter().flatten();
        let Some(token) = own.into_iter().find(|token| token.id == *id && token.brief) else { return };
        (token.used, token.noted) = (now.lived, now.lived);
        // Of those who have it, one is leaving.
        let is_left = Arc::strong_count(&token.continued) <= 2;
        let valid = Validity { brief: Some(if is_left { Brief::Left } else { Brief::InUse }), ..token.validity() };
        kept.note(&[Entry::Token { name: name.clone(), id: *id, valid: Some(valid) }]);
    }

    /// Counts a login with a token that was redeemed.
    ///
    /// # Errors
    /// It was used too often: how long the next one has to wait.
    pub(crate) fn count_login(&self, name: &Username, id: &TokenId, now: Instant) -> Result<(), Duration> {
        let kept = lock(&self.kept);
        let token = kept.owners.get(name).and_then(|own| own.iter().find(|token| token.id == *id));
        token.map_or(Ok(()), |token| token.logins.take(now))
    }

    /// Makes one token worthless, for good.
    ///
    /// # Errors
    /// That couldn't be written down: the token is worthless until the server ends, but perhaps not after that.
    pub(crate) fn revoke(&self, name: &Username, id: &TokenId) -> io::Result<()> {
        let mut kept = lock(&self.kept);
        kept.remove(name, id);
        kept.note(&[Entry::Token { name: name.clone(), id: *id, valid: None }]);
        let note = kept.notes;
        drop(kept);
        self.sync(note)
    }

    /// Where accounts were at home when the server started.
    pub(crate) fn homes(&self) -> Vec<(Username, Vec<Origin>)> {
        lock(&self.kept).homes.iter().map(|(name, (_, homes))| (name.clone(), homes.clone())).collect()
    }

    /// An account, which was made when the newest event was `since`, is at home here from now on.
    pub(crate) fn note_homes(&self, name: &Username, since: u64, homes: Vec<Origin>) {
        let (mut kept, since) = (lock(&self.kept), Some(since));
        kept.homes.insert(name.clone(), (since, homes.clone()));
        kept.note(&[Entry::Homes { name: name.clone(), since, homes }]);
    }

    /// Whether anything is kept of an account.
    pub(crate) fn names(&self, name: &Username) -> bool {
        let kept = lock(&self.kept);
        kept.owners.contains_key(name) || kept.homes.contains_key(name)
    }

    /// Forgets accounts that are deleted, and takes them out of the file itself, durably: also what has ended, and is only not
    /// written over yet. Whoever has such a name next is at home nowhere.
    ///
    /// # Errors
    /// It can't be written, which administrators are told; the next note writes it.
    pub(crate) fn erase(&self, names: &[Username]) -> io::Result<()> {
        let mut kept = lock(&self.kept);
        for name in names {
            kept.owners.remove(name);
            kept.homes.remove(name);
        }
        let written = kept.rewrite();
        kept.tell(written.as_ref().err());
        written
    }

    /// Writes the file anew where another program has taken it away. What there is to be told about that.
    ///
    /// # Errors
    /// It can't be written anew.
    pub(crate) fn look(&self) -> Result<Option<String>, String> {
        let mut kept = lock(&self.kept);
        if !kept.file.is_taken() {
            return Ok(None);
        }
        kept.rewrite().map_err(|e| format!("{TAKEN}, which can't be written anew: {}", reason::of_file(&e)))?;
        Ok(Some(format!("{TAKEN}: it is written anew")))
    }

    /// Waits until the first `note` notes are safe on disk. One sync does for all who wait.
    fn sync(&self, note: u64) -> io::Result<()> {
        let mut synced = lock(&self.synced);
        if *synced >= note {
            return Ok(());
        }
        let kept = lock(&self.kept);
        let (notes, file) = (kept.notes, kept.file.handle());
        drop(kept);
        // What a failed sync leaves behind is unknown: then all is written anew, and if that fails too, forgotten.
        let result = file.ok_or_else(|| io::ErrorKind::NotFound.into()).and_then(|file| file.sync_data());
        // The end of a token in a file that was taken away would be none.
        let taken = || if lock(&self.kept).file.is_taken() { Err(io::Error::other(TAKEN)) } else { Ok(()) };
        let result = result.and_then(|()| taken());
        result.or_else(|_| lock(&self.kept).rewrite()).or_else(|e| {
            let mut kept = lock(&self.kept);
            kept.tell(Some(&e));
            log::error!(
                "tokens.jsonl can't be written: the tokens in it are given up, so that none comes to life again"
            );
            kept.file.forget()
        })?;
        *synced = notes;
        Ok(())
    }
}

impl Kept {
    /// Puts a token among its account's, in place of itself or of those of an older generation; gives those that
    /// had to make way.
    fn put(&mut self, name: &Username, token: Token) -> Vec<Token> {
        let own = self.owners.entry(name.clone()).or_default();
        own.retain(|other| other.id != token.id && other.generation == token.generation);
        // Most accounts have one. A vector that grows by itself would make room for four.
        own.reserve_exact(1);
        own.push(token);
        // One that a session has makes way for none: there are fewer sessions than tokens.
        own.sort_by_key(|token| (token.is_in_use(), token.used));
        let surplus = own.len().saturating_sub(TOKENS_PER_ACCOUNT_MAX);
        own.drain(..surplus).collect()
    }

    fn remove(&mut self, name: &Username, id: &TokenId) {
        if let Some(own) = self.owners.get_mut(name) {
            own.retain(|token| token.id != *id);
        }
    }

    /// Writes down what has changed; all there is if the file has grown long or isn't whole.
    fn note(&mut self, entries: &[Entry]) {
        self.notes += 1;
        let taken = self.file.is_taken();
        let written = if self.file.is_whole() && !taken { self.file.append(entries) } else { self.rewrite() };
        if taken && written.is_ok() {
            self.trouble.tell(format!("{TAKEN}: it is written anew"));
        }
        self.tell(written.as_ref().err());
    }

    /// Tells administrators of trouble with the file once, and once that it is over.
    fn tell(&mut self, error: Option<&io::Error>) {
        self.trouble.note(error, ": until it can, clients may need their passwords after a restart");
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let mut entries = Vec::new();
        for (name, tokens) in &self.owners {
            for token in tokens {
                let left = token.brief && !token.is_in_use();
                let valid = Validity {
                    brief: if left { Some(Brief::Left) } else { token.validity().brief },
                    ..token.validity()
                };
                entries.push(Entry::Token { name: name.clone(), id: token.id, valid: Some(valid) });
            }
        }
        let homes = self.homes.iter();
        entries.extend(homes.map(|(name, (since, homes))| Entry::Homes {
            name: name.clone(),
            since: *since,
            homes: homes.clone(),
        }));
        self.file.rewrite(&entries)
    }
}

impl Token {
    fn new(id: TokenId, generation: u32, used: Timestamp, continued: Arc<AtomicBool>) -> Self {
        Self { id, generation, used, noted: used, continued, logins: LoginRate::of_a_token(), brief: false }
    }

    /// As a file has it while a session uses it.
    fn validity(&self) -> Validity {
        let brief = self.brief.then_some(Brief::InUse);
        Validity { generation: self.generation, used: self.used, brief }
    }

    /// Whether a session shares it.
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.continued) > 1
    }

    fn is_old(&self, now: &Now) -> bool {
        let age = now.age(self.used);
        age > TOKEN_LIFETIME || (self.brief && !self.is_in_use() && age > BRIEF_LIFETIME)
    }
}

fn id_of(bits: &[u8; 32]) -> TokenId {
    Sha256::digest(bits).into()
}

#[cfg(test)]
mod tests;
