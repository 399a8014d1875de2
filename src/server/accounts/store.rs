//! Who may log in: the accounts, in memory and in `users.json`.

mod others;
mod words;

use super::author::Author;
use super::hasher::{Client, Hasher, NoTurn};
use super::origin::Origin;
use super::passwords::StoredPassword;
use super::standing::{Standing, State};
use super::users_file;
use super::wait::Wait;
use crate::files::{self, Stamp};
use crate::protocol::{Profile, Username};
use crate::reason;
use crate::server::clock::Clock;
use crate::server::config::{Notices, Trouble};
use crate::sync::lock;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The accounts of one data folder.
///
/// Two locks: `saving` is held over the whole of a change and its write to disk, so changes happen one after
/// the other; `accounts` only for as long as it takes to look. A login never waits for a disk.
#[derive(Debug)]
pub(crate) struct Accounts {
    path: PathBuf,
    pub(crate) hasher: Hasher,
    /// What stamps one-time passwords.
    pub(super) clock: Arc<Clock>,
    is_new: bool,
    saving: Mutex<Saving>,
    accounts: Mutex<BTreeMap<Username, Account>>,
    /// Whoever is being erased: until that is done, nobody else is given the name.
    pub(super) reserved: Mutex<BTreeSet<Username>>,
}

/// What whoever writes the file knows of it.
#[derive(Debug)]
struct Saving {
    trouble: Option<Trouble>,
    /// What it was when this process read or wrote it last.
    stamp: Option<Stamp>,
}

/// One account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) password: StoredPassword,
    pub(crate) state: State,
    pub(crate) profile: Profile,
    pub(super) standing: Arc<Standing>,
}

impl Account {
    /// It has this one-time password from now on, and nobody is logged in any more.
    pub(super) fn begin_anew(&mut self, one_time: StoredPassword, now: Timestamp) {
        self.password = one_time;
        self.state.begin_one_time(now);
        self.state.end_sessions();
    }
}

/// A password that was right.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What holds for the account.
    pub(crate) standing: Arc<Standing>,
    /// Its generation when it had that password.
    pub(crate) generation: u32,
}

/// Why an account couldn't be made or changed.
#[derive(Debug)]
pub(crate) enum AccountError {
    /// There is one of that name.
    Exists,
    /// That is no user name.
    BadName,
    /// That name is kept for somebody who was erased, or is being.
    Reserved,
    /// There is none of that name.
    Unknown,
    /// The old password isn't that.
    WrongPassword,
    /// The class's door is closed, or the code isn't its.
    NoDoor,
    /// There is no room for another session; with why.
    Full(String),
    /// Nobody would be left to administrate.
    LastAdmin,
    /// Whoever asked for it may no longer do so.
    NotPermitted,
    /// Accounts of that role are beyond whoever asked.
    OutOfReach,
    /// There was no turn to hash.
    NoTurn(NoTurn),
    /// The new password isn't good enough; with what is wrong with it.
    Weak(String),
    /// The name or the group isn't one; with the rule.
    BadProfile(&'static str),
    /// `users.json` couldn't be written: nothing has changed.
    Save(io::Error),
    /// Nobody could be told the one-time passwords: nothing has changed.
    Untold(io::Error),
}

/// Why a login isn't let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LoginError {
    /// All is right, but the account has logged in too often: the next time is after so long.
    TooOften(Duration),
    /// No such account, or not its password.
    Wrong,
    /// The password is right, but the account is banned.
    Banned,
    /// It is right and too old: it was for one login.
    Expired,
    /// Too many failures: to be tried after so long.
    TryLater(Duration),
    /// Too many wait for their turn to hash.
    Crowded,
    /// Nobody is there any more to be let in.
    Gone,
}

impl From<NoTurn> for LoginError {
    fn from(no_turn: NoTurn) -> Self {
        match no_turn {
            NoTurn::Crowded => Self::Crowded,
            NoTurn::Gone => Self::Gone,
            NoTurn::TryLater(wait) => Self::TryLater(wait),
        }
    }
}

impl Accounts {
    /// Reads the accounts kept in `path`. There are none at a first start: see [`is_new`](Self::is_new).
    ///
    /// # Errors
    /// What is wrong with the file, with line and column where it has one. The file is left as it is.
    pub(crate) fn open(path: &Path, hasher: Hasher, clock: Arc<Clock>) -> Result<Self, String> {
        let stamp = Stamp::of(path);
        let file = match files::read_private(path) {
            Ok(file) => Some(file),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        };
        let is_new = file.is_none();
        let (saving, accounts) = (Mutex::new(Saving { trouble: None, stamp }), Mutex::default());
        let reserved = Mutex::default();
        let this = Self { path: path.to_owned(), hasher, clock, is_new, saving, accounts, reserved };
        if let Some(file) = file {
            let entries = users_file::parse(&file).map_err(|why| {
                let path = path.display();
                format!("{path} is damaged: {why}; mend it, or put a copy of it in its place: it has not been touched")
            })?;
            let entries = entries
                .into_iter()
                .map(|(name, state, profile, password)| (name, this.account(password, state, profile)));
            *lock(&this.accounts) = entries.collect();
            this.cover(&lock(&this.accounts));
            this.date_one_time_passwords();
        }
        Ok(this)
    }

    /// Tells administrators too when users.json can't be written.
    pub(crate) fn tell(&self, notices: Notices) {
        lock(&self.saving).trouble = Some(Trouble::with("users.json", notices));
    }

    /// Whether there was no file.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether somebody can administrate.
    pub(crate) fn has_admin(&self) -> bool {
        has_admin(&lock(&self.accounts))
    }

    /// Checks a password. A name that doesn't exist takes as long as a wrong password. `permit` is asked once it is
    /// the login's turn, so that many at once can't slip past it; `told` is what it was, before anybody else has that turn.
    ///
    /// A hash of an old form, or of fewer rounds than a new one has, is made anew here, the one moment when its
    /// password is known.
    ///
    /// # Errors
    /// [`LoginError`].
    pub(crate) fn check(
        &self,
        client: &Client<'_>,
        password: &str,
        permit: impl FnMut(Instant) -> Result<(), Wait>,
        told: impl FnOnce(Result<(), LoginError>),
    ) -> Result<Checked, LoginError> {
        let (name, turn) = (client.name, self.hasher.turn(client, permit)?);
        let account = lock(&self.accounts).get(name).cloned();
        let (turn, right) = turn.compare(client, password, account.as_ref().map(|account| &account.password))?;
        let account = account.filter(|_| right).ok_or(LoginError::Wrong);
        let account =
            account.and_then(|account| if account.state.banned { Err(LoginError::Banned) } else { Ok(account) });
        told(account.as_ref().map(drop).map_err(|e| *e));
        let account = account?;
        // A one-time password is to be changed at once: it would be hashed for nothing.
        if !account.state.must_change_password && self.hasher.outgrows(&account.password) {
            let new = turn.hash(password);
            drop(turn);
            if let Err(why) = self.replace_password(Author::Owner, name, &account.password, new, |_| {}) {
                log::error!("the new hash of {name} couldn't be saved, the old one stays: {why}");
            }
        }
        Ok(Checked { standing: account.standing, generation: account.state.generation })
    }

    /// What was counted against somebody at this origin was taken back: whoever had to wait there may ask again.
    pub(crate) fn recall(&self, origin: Origin) {
        self.hasher.recall(origin);
    }

    /// What holds for an account, if there is one of that name.
    pub(crate) fn standing(&self, name: &str) -> Option<Arc<Standing>> {
        lock(&self.accounts).get(name).map(|account| Arc::clone(&account.standing))
    }

    /// What is decided about an account, if there is one of that name.
    pub(crate) fn state(&self, name: &Username) -> Option<State> {
        lock(&self.accounts).get(name).map(|account| account.state)
    }

    /// The accounts of which this holds.
    pub(super) fn names_where(&self, holds: impl Fn(&State) -> bool) -> Vec<Username> {
        let accounts = lock(&self.accounts);
        accounts.iter().filter(|(_, account)| holds(&account.state)).map(|(name, _)| name.clone()).collect()
    }

    /// An account's password as it is stored.
    pub(super) fn stored(&self, name: &Username) -> Option<StoredPassword> {
        lock(&self.accounts).get(name).map(|account| account.password.clone())
    }

    /// Every account, what holds for it and who its owner is, sorted, from the one after `after`.
    pub(crate) fn list(&self, after: Option<&str>) -> Vec<(Username, State, Profile)> {
        let accounts = lock(&self.accounts);
        accounts
            .iter()
            .filter(|(name, _)| after.is_none_or(|after| name.as_str() > after))
            .map(|(name, account)| (name.clone(), account.state, account.profile.clone()))
            .collect()
    }

    /// Puts `new` in place of `old`, unless somebody else has changed it meanwhile. Gives the account's generation.
    pub(super) fn replace_password(
        &self,
        author: Author<'_>,
        name: &Username,
        old: &StoredPassword,
        new: StoredPassword,
        change: impl FnOnce(&mut State),
    ) -> Result<u32, AccountError> {
        self.change(author, |accounts| match accounts.get_mut(name) {
            Some(account) if account.password == *old => {
                account.password = new;
                change(&mut account.state);
                Ok(account.state.generation)
            }
            Some(_) => Err(AccountError::WrongPassword),
            None => Err(AccountError::Unknown),
        })
    }

    /// One-time passwords of a file from before they had a date, or whose date is still to come, are made today: they
    /// too end one day.
    fn date_one_time_passwords(&self) {
        let now = self.clock.lived();
        let undated =
            |state: &State| state.must_change_password && state.one_time_since.is_none_or(|since| since > now);
        if !lock(&self.accounts).values().any(|account| undated(&account.state)) {
            return;
        }
        let dated = self.change(Author::Owner, |accounts| {
            accounts.values_mut().map(|account| &mut account.state).filter(|state| undated(state)).for_each(|state| {
                state.begin_one_time(now);
            });
            Ok(())
        });
        if let Err(why) = dated {
            log::warn!("when one-time passwords were made can't be written down: {why}");
        }
    }

    /// Applies a change to a copy, saves the copy, and only then lets everyone see it.
    pub(crate) fn change<T>(
        &self,
        author: Author<'_>,
        apply: impl FnOnce(&mut BTreeMap<Username, Account>) -> Result<T, AccountError>,
    ) -> Result<T, AccountError> {
        let mut saving = lock(&self.saving);
        if !author.may() {
            return Err(AccountError::NotPermitted);
        }
        let before = lock(&self.accounts).clone();
        let mut copy = before.clone();
        let result = apply(&mut copy)?;
        if has_admin(&before) && !has_admin(&copy) {
            return Err(AccountError::LastAdmin);
        }
        // Where there were none, the next start is a first one again.
        let old = || (!before.is_empty()).then(|| render(&before));
        let saved =
            self.keep_others_version(&saving).and_then(|()| files::replace_or_restore(&self.path, &render(&copy), old));
        saving.stamp = Stamp::of(&self.path);
        saving.trouble.iter_mut().for_each(|trouble| trouble.note(saved.as_ref().err(), ", so nothing was changed"));
        saved.map_err(AccountError::Save)?;
        for account in copy.values() {
            account.standing.set(account.state, author.survivor());
            account.standing.set_profile(account.profile.clone());
        }
        for (_, deleted) in before.iter().filter(|(name, _)| !copy.contains_key(*name)) {
            // Whoever has it still in hand must not log in with it.
            deleted.standing.delete();
        }
        self.cover(&copy);
        *lock(&self.accounts) = copy;
        Ok(result)
    }

    /// Hashes a new password in its turn.
    pub(crate) fn hash(&self, password: &str, client: &Client<'_>) -> Result<StoredPassword, AccountError> {
        let turn = self.hasher.turn(client, |_| Ok(())).map_err(AccountError::NoTurn)?;
        Ok(turn.hash(password))
    }

    /// From now on a wrong name costs what the dearest of these passwords costs.
    fn cover(&self, accounts: &BTreeMap<Username, Account>) {
        self.hasher.cover(accounts.values().map(|account| &account.password));
    }

    pub(crate) fn account(&self, password: StoredPassword, state: State, profile: Profile) -> Account {
        let standing = Arc::new(Standing::new(state, profile.clone()));
        Account { password, state, profile, standing }
    }
}

impl Author<'_> {
    /// An account that it may change.
    pub(super) fn find<'b>(
        self,
        accounts: &'b mut BTreeMap<Username, Account>,
        name: &Username,
    ) -> Result<&'b mut Account, AccountError> {
        let account = accounts.get_mut(name).ok_or(AccountError::Unknown)?;
        if self.reaches(account.state.role) { Ok(account) } else { Err(AccountError::OutOfReach) }
    }
}

/// Whether somebody can administrate.
fn has_admin(accounts: &BTreeMap<Username, Account>) -> bool {
    accounts.values().any(|account| account.state.may_administrate())
}

fn render(accounts: &BTreeMap<Username, Account>) -> Vec<u8> {
    users_file::render(
        accounts.iter().map(|(name, account)| (name, account.state, &account.profile, &account.password)),
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::protocol::Role;
    use crate::server::config::ROUNDS_MIN;

    pub(in crate::server::accounts) fn open(path: &Path) -> Result<Accounts, String> {
        Accounts::open(path, Hasher::new(ROUNDS_MIN), Clock::new().into())
    }

    pub(in crate::server::accounts) fn check(
        accounts: &Accounts,
        name: &str,
        password: &str,
    ) -> Result<State, LoginError> {
        let name = Username::parse(name).unwrap();
        let checked = accounts.check(&Client::own(&name), password, |_| Ok(()), |_| ())?;
        Ok(checked.standing.state())
    }

    #[test]
    fn a_file_of_the_old_form_is_renewed_login_by_login() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let sha256 = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
        let text = format!(r#"{{"Alice":"{sha256}","version":{{"password":"{sha256}","role":"admin"}}}}"#);
        std::fs::write(&path, text).unwrap();
        let accounts = open(&path).unwrap();
        assert_eq!(check(&accounts, "alice", "passw0rd"), Err(LoginError::Wrong));
        assert!(check(&accounts, "alice", "password").is_ok());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("pbkdf2-sha256") && text.contains(sha256), "one is new, one is not: {text}");
        let accounts = open(&path).unwrap();
        assert_eq!(check(&accounts, "version", "password").unwrap().role, Role::Admin);
        assert!(!std::fs::read_to_string(&path).unwrap().contains(sha256));
    }

    /// In each of its forms it is the same guess: it is asked for once, and told once.
    #[test]
    fn a_password_with_several_forms_is_one_guess() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let ada = Username::parse("ada").unwrap();
        let hash = StoredPassword::hash("bl\u{fc}te", ROUNDS_MIN);
        let text = format!(r#"{{"version":1,"users":{{"ada":{{"password":"{hash}"}}}}}}"#);
        std::fs::write(&path, text).unwrap();
        let accounts = open(&path).unwrap();
        for typed in ["wr\u{f6}ng", "wro\u{308}ng", "blu\u{308}te"] {
            let (mut asked, mut told) = (0, 0);
            let permit = |_| {
                asked += 1;
                Ok(())
            };
            let checked = accounts.check(&Client::own(&ada), typed, permit, |_| told += 1);
            assert_eq!((checked.is_ok(), asked, told), (typed.starts_with("bl"), 1, 1), "{typed:?}");
        }
    }

    #[test]
    fn damage_is_told_with_its_place_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        for (text, place) in [
            ("{\n  \"version\": 1,\n  \"users\": {\n", "line 4 column 0"),
            ("", "line 1 column 0"),
            ("{\"version\":1,\n\"users\":{\"ada\":{\"password\":5}}}", "line 2 column"),
            ("{\"version\":2,\"users\":{}}", "version is 2"),
            ("{\n\"ada\":\"plaintext\"}", "`ada` at line 2"),
            ("{\"version\":1,\"users\":{\n\"ada\":{\"password\":\"x\",\"pronouns\":\"she\"}}}", "`pronouns`"),
            ("{\n\n\"A b\":\"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8\"}", "`A b` at line 3"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = open(&path).unwrap_err();
            assert!(error.contains(place), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
