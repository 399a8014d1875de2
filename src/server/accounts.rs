//! Who may log in: the accounts, in memory and in `users.json`.

use super::hasher::{Client, Hasher, NoTurn};
use super::notices::{Notices, Trouble};
use super::origin::Origin;
use super::passwords::{self, StoredPassword};
use super::standing::{Mandate, Standing, State};
use super::users_file;
use super::wait::Wait;
use crate::files;
use crate::protocol::{Role, Secret, Username};
use crate::sync::lock;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The accounts of one data folder.
///
/// Two locks: `saving` is held over the whole of a change and its write to disk, so changes happen one after
/// the other; `accounts` only for as long as it takes to look. A login never waits for a disk.
#[derive(Debug)]
pub(super) struct Accounts {
    path: PathBuf,
    hasher: Hasher,
    is_new: bool,
    saving: Mutex<Option<Trouble>>,
    accounts: Mutex<BTreeMap<Username, Account>>,
}

/// One account.
#[derive(Clone, Debug)]
struct Account {
    password: StoredPassword,
    state: State,
    standing: Arc<Standing>,
}

/// A password that was right.
#[derive(Debug)]
pub(super) struct Checked {
    /// What holds for the account.
    pub(super) standing: Arc<Standing>,
    /// Its generation when it had that password.
    pub(super) generation: u32,
}

/// Why an account couldn't be made or changed.
#[derive(Debug)]
pub(super) enum AccountError {
    /// There is one of that name.
    Exists,
    /// There is none of that name.
    Unknown,
    /// The old password isn't that.
    WrongPassword,
    /// Nobody would be left to administrate.
    LastAdmin,
    /// Whoever asked for it may no longer do so.
    NotPermitted,
    /// There was no turn to hash.
    NoTurn(NoTurn),
    /// The new password isn't good enough; with what is wrong with it.
    Weak(String),
    /// `users.json` couldn't be written: nothing has changed.
    Save(io::Error),
}

/// Who changes accounts. Asked again in the moment of the change: what was asked for before its sender was ended, or
/// demoted, is not done after that.
#[derive(Clone, Copy, Debug)]
pub(super) enum Author<'a> {
    /// Whoever has the data folder.
    Owner,
    /// An administrator's session.
    Admin(&'a Mandate),
    /// A session whose account it is.
    Own(&'a Mandate),
}

/// Why a login isn't let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LoginError {
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
    pub(super) fn open(path: &Path, hasher: Hasher) -> Result<Self, String> {
        let text = match files::read_private(path) {
            Ok(text) => Some(String::from_utf8(text).map_err(|e| format!("{} is damaged: {e}", path.display()))?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(format!("can't read {}: {e}", path.display())),
        };
        let is_new = text.is_none();
        let (saving, accounts) = (Mutex::default(), Mutex::default());
        let this = Self { path: path.to_owned(), hasher, is_new, saving, accounts };
        if let Some(text) = text {
            let entries = users_file::parse(&text).map_err(|e| {
                let path = path.display();
                format!("{path} is damaged: {e}; mend it, or put a copy of it in its place: it has not been touched")
            })?;
            let entries = entries.into_iter().map(|(name, state, password)| (name, this.account(password, state)));
            *lock(&this.accounts) = entries.collect();
            this.cover(&lock(&this.accounts));
            this.date_one_time_passwords();
        }
        Ok(this)
    }

    /// Tells administrators too when users.json can't be written.
    pub(super) fn tell(&self, notices: Notices) {
        *lock(&self.saving) = Some(Trouble::with("users.json", notices));
    }

    /// Whether there was no file.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether somebody can administrate.
    pub(super) fn has_admin(&self) -> bool {
        has_admin(&lock(&self.accounts))
    }

    /// Checks a password. A name that doesn't exist takes as long as a wrong password. `permit` is asked once it is
    /// the login's turn, so that many at once can't slip past it.
    ///
    /// A hash of the old form, or of fewer rounds than a new one has, is made anew here, the one moment when its
    /// password is known.
    ///
    /// # Errors
    /// [`LoginError`].
    pub(super) fn check(
        &self,
        client: &Client<'_>,
        password: &str,
        permit: impl FnMut(Instant) -> Result<(), Wait>,
    ) -> Result<Checked, LoginError> {
        let (name, turn) = (client.name, self.hasher.turn(client, permit)?);
        let account = lock(&self.accounts).get(name).cloned();
        if !turn.verify(password, account.as_ref().map(|account| &account.password)) {
            return Err(LoginError::Wrong);
        }
        let account = account.ok_or(LoginError::Wrong)?;
        if account.state.banned {
            return Err(LoginError::Banned);
        }
        if self.hasher.outgrows(&account.password) {
            let new = turn.hash(password);
            drop(turn);
            if let Err(e) = self.replace_password(Author::Owner, name, &account.password, new, |_| {}) {
                log::error!("the new hash of {name} couldn't be saved, the old one stays: {e:?}");
            }
        }
        Ok(Checked { standing: account.standing, generation: account.state.generation })
    }

    /// What was counted against somebody at this origin was taken back: whoever had to wait there may ask again.
    pub(super) fn recall(&self, origin: Origin) {
        self.hasher.recall(origin);
    }

    /// What holds for an account, if there is one of that name.
    pub(super) fn standing(&self, name: &str) -> Option<Arc<Standing>> {
        lock(&self.accounts).get(name).map(|account| Arc::clone(&account.standing))
    }

    /// Every account and what holds for it, sorted, from the one after `after`.
    pub(super) fn list(&self, after: Option<&str>) -> Vec<(Username, State)> {
        let accounts = lock(&self.accounts);
        accounts
            .iter()
            .filter(|(name, _)| after.is_none_or(|after| name.as_str() > after))
            .map(|(name, account)| (name.clone(), account.state))
            .collect()
    }

    /// Makes an account and saves it. Without a password makes a one-time one and returns it.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(super) fn add(
        &self,
        author: Author<'_>,
        new: NewAccount,
        client: &Client<'_>,
    ) -> Result<Option<Secret>, AccountError> {
        Ok(self.add_all(author, vec![new], client).map_err(|(_, e)| e)?.pop().flatten())
    }

    /// Makes several accounts with one write; all or none. The result has each one's one-time password, where
    /// it was given none.
    ///
    /// # Errors
    /// [`AccountError`], and which of them failed.
    pub(super) fn add_all(
        &self,
        author: Author<'_>,
        new: Vec<NewAccount>,
        client: &Client<'_>,
    ) -> Result<Vec<Option<Secret>>, (usize, AccountError)> {
        for (index, account) in new.iter().enumerate() {
            // Asked before the hashing too, which takes long.
            if lock(&self.accounts).contains_key(&account.name) {
                return Err((index, AccountError::Exists));
            }
            if let Some(password) = &account.password {
                passwords::judge(password.expose(), &account.name).map_err(|e| (index, AccountError::Weak(e)))?;
            }
        }
        let (mut made, mut one_time) = (Vec::with_capacity(new.len()), Vec::with_capacity(new.len()));
        for NewAccount { name, password, role, since } in new {
            let generated = password.is_none().then(passwords::one_time);
            let text = password.as_ref().or(generated.as_ref()).map_or("", Secret::expose);
            let hash = self.hash(text, client).map_err(|e| (made.len(), e))?;
            let generation = u32::from_ne_bytes(passwords::random());
            let mut state = State { role, since, generation, ..State::default() };
            if generated.is_some() {
                state.begin_one_time(Timestamp::now());
            }
            made.push((name, self.account(hash, state)));
            one_time.push(generated);
        }
        let mut at = 0;
        let result = self.change(author, |accounts| {
            for (index, (name, account)) in made.into_iter().enumerate() {
                at = index;
                if accounts.insert(name, account).is_some() {
                    return Err(AccountError::Exists);
                }
            }
            Ok(())
        });
        result.map_err(|e| (at, e))?;
        Ok(one_time)
    }

    /// Changes a password after checking the old one, and saves it. The account's tokens and sessions end, but for the
    /// session whose `mandate` this is; tokens of the generation that is returned are valid.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(super) fn change_password(
        &self,
        client: &Client<'_>,
        mandate: &Mandate,
        (old, new): (&str, &str),
        permit: impl FnMut(Instant) -> Result<(), Wait>,
    ) -> Result<u32, AccountError> {
        let name = client.name;
        passwords::judge(new, name).map_err(AccountError::Weak)?;
        let stored = lock(&self.accounts).get(name).map(|account| account.password.clone());
        let turn = self.hasher.turn(client, permit).map_err(AccountError::NoTurn)?;
        if !turn.verify(old, stored.as_ref()) {
            return Err(AccountError::WrongPassword);
        }
        if old == new {
            return Err(AccountError::Weak("the new password must differ from the old one".into()));
        }
        let stored = stored.ok_or(AccountError::Unknown)?;
        let hash = turn.hash(new);
        drop(turn);
        self.replace_password(Author::Own(mandate), name, &stored, hash, |state| {
            state.end_one_time();
            state.end_sessions();
        })
    }

    /// Gives an account a one-time password and saves it. Its tokens and sessions end.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(super) fn reset_password(
        &self,
        author: Author<'_>,
        name: &Username,
        client: &Client<'_>,
    ) -> Result<Secret, AccountError> {
        let one_time = passwords::one_time();
        let hash = self.hash(one_time.expose(), client)?;
        self.change(author, |accounts| {
            let account = accounts.get_mut(name).ok_or(AccountError::Unknown)?;
            account.password = hash;
            account.state.begin_one_time(Timestamp::now());
            account.state.end_sessions();
            Ok(())
        })?;
        Ok(one_time)
    }

    /// Changes what holds for an account and saves it.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(super) fn update(
        &self,
        author: Author<'_>,
        name: &Username,
        change: impl FnOnce(&mut State),
    ) -> Result<(), AccountError> {
        self.change(author, |accounts| {
            change(&mut accounts.get_mut(name).ok_or(AccountError::Unknown)?.state);
            Ok(())
        })
    }

    /// Deletes an account and saves that.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(super) fn delete(&self, author: Author<'_>, name: &Username) -> Result<(), AccountError> {
        self.change(author, |accounts| accounts.remove(name).map(drop).ok_or(AccountError::Unknown))
    }

    /// Puts `new` in place of `old`, unless somebody else has changed it meanwhile. Gives the account's generation.
    fn replace_password(
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

    /// One-time passwords of a file from before they had a date are made today: they too end one day.
    fn date_one_time_passwords(&self) {
        let undated = |state: &State| state.must_change_password && state.one_time_since.is_none();
        if !lock(&self.accounts).values().any(|account| undated(&account.state)) {
            return;
        }
        let dated = self.change(Author::Owner, |accounts| {
            accounts.values_mut().map(|account| &mut account.state).filter(|state| undated(state)).for_each(|state| {
                state.begin_one_time(Timestamp::now());
            });
            Ok(())
        });
        if let Err(e) = dated {
            log::warn!("when one-time passwords were made can't be written down: {e:?}");
        }
    }

    /// Applies a change to a copy, saves the copy, and only then lets everyone see it.
    fn change<T>(
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
        let saved = files::replace_or_restore(&self.path, &render(&copy), old);
        saving.iter_mut().for_each(|trouble| trouble.note(saved.as_ref().err(), ", so nothing was changed"));
        saved.map_err(AccountError::Save)?;
        for account in copy.values() {
            account.standing.set(account.state, author.survivor());
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
    fn hash(&self, password: &str, client: &Client<'_>) -> Result<StoredPassword, AccountError> {
        let turn = self.hasher.turn(client, |_| Ok(())).map_err(AccountError::NoTurn)?;
        Ok(turn.hash(password))
    }

    /// From now on a wrong name costs what the dearest of these passwords costs.
    fn cover(&self, accounts: &BTreeMap<Username, Account>) {
        self.hasher.cover(accounts.values().map(|account| &account.password));
    }

    fn account(&self, password: StoredPassword, state: State) -> Account {
        Account { password, state, standing: Arc::new(Standing::new(state)) }
    }
}

impl<'a> Author<'a> {
    fn may(self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin(mandate) => mandate.may_administrate(),
            Self::Own(mandate) => mandate.holds(),
        }
    }

    /// Whose session goes on when all others of its account end.
    fn survivor(self) -> Option<&'a Mandate> {
        match self {
            Self::Own(mandate) => Some(mandate),
            Self::Owner | Self::Admin(_) => None,
        }
    }
}

/// Whether somebody can administrate.
fn has_admin(accounts: &BTreeMap<Username, Account>) -> bool {
    accounts.values().any(|account| account.state.may_administrate())
}

fn render(accounts: &BTreeMap<Username, Account>) -> Vec<u8> {
    users_file::render(accounts.iter().map(|(name, account)| (name, account.state, &account.password)))
}

/// An account to be made.
#[derive(Debug)]
pub(super) struct NewAccount {
    /// Its name.
    pub(super) name: Username,
    /// Its password; without one a one-time password is made.
    pub(super) password: Option<Secret>,
    /// Its role.
    pub(super) role: Role,
    /// The newest event there is.
    pub(super) since: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::defaults::ROUNDS_MIN;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn secret(text: &str) -> Secret {
        text.to_owned().into()
    }

    fn open(path: &Path) -> Result<Accounts, String> {
        Accounts::open(path, Hasher::new(ROUNDS_MIN))
    }

    fn add(
        accounts: &Accounts,
        name: &str,
        password: Option<&str>,
        role: Role,
    ) -> Result<Option<Secret>, AccountError> {
        let name = Username::parse(name).unwrap();
        let new = NewAccount { name: name.clone(), password: password.map(secret), role, since: 0 };
        accounts.add(Author::Owner, new, &Client::own(&name))
    }

    /// Changes a password in a session that logged in before.
    fn change(accounts: &Accounts, name: &str, old: &str, new: &str) {
        let standing = accounts.standing(name).unwrap();
        let mandate = Mandate::new(Arc::clone(&standing), standing.state().generation);
        let name = Username::parse(name).unwrap();
        accounts.change_password(&Client::own(&name), &mandate, (old, new), |_| Ok(())).unwrap();
        assert!(mandate.holds(), "it goes on");
    }

    fn check(accounts: &Accounts, name: &str, password: &str) -> Result<State, LoginError> {
        let name = Username::parse(name).unwrap();
        let checked = accounts.check(&Client::own(&name), password, |_| Ok(()))?;
        Ok(checked.standing.state())
    }

    /// Asked in the moment of the change: a request may have waited since its sender was ended, or demoted.
    #[test]
    fn who_was_ended_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = open(&folder.path().join("users.json")).unwrap();
        let (root, eve) = (name("root"), name("eve"));
        for name in ["root", "mallory", "eve"] {
            add(&accounts, name, Some("correct horse"), Role::Admin).unwrap();
        }
        for end in [State::end_sessions, |state: &mut State| state.role = Role::User] {
            let standing = accounts.standing("mallory").unwrap();
            let mandate = Mandate::new(Arc::clone(&standing), standing.state().generation);
            let by = Author::Admin(&mandate);
            assert!(accounts.update(by, &eve, |_| {}).is_ok());
            accounts.update(Author::Owner, &name("mallory"), end).unwrap();
            let new = NewAccount { name: name("zed"), password: None, role: Role::Admin, since: 0 };
            assert!(matches!(accounts.add(by, new, &Client::own(&root)), Err(AccountError::NotPermitted)));
            assert!(matches!(accounts.update(by, &eve, |_| {}), Err(AccountError::NotPermitted)));
            assert!(matches!(accounts.delete(by, &eve), Err(AccountError::NotPermitted)));
            let reset = accounts.reset_password(by, &eve, &Client::own(&root));
            assert!(matches!(reset, Err(AccountError::NotPermitted)));
        }
        let standing = accounts.standing("eve").unwrap();
        let mandate = Mandate::new(Arc::clone(&standing), standing.state().generation);
        accounts.update(Author::Owner, &eve, State::end_sessions).unwrap();
        let passwords = ("correct horse", "battery staple");
        let late = accounts.change_password(&Client::own(&eve), &mandate, passwords, |_| Ok(()));
        assert!(matches!(late, Err(AccountError::NotPermitted)), "nor one's own password");
    }

    #[test]
    fn accounts_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let accounts = open(&path).unwrap();
        assert!(accounts.is_new());
        add(&accounts, "ada", Some("correct horse"), Role::User).unwrap();
        let one_time = add(&accounts, "root", None, Role::Admin).unwrap().unwrap();
        assert!(matches!(add(&accounts, "ada", None, Role::User), Err(AccountError::Exists)));
        change(&accounts, "ada", "correct horse", "battery staple");

        let accounts = open(&path).unwrap();
        assert!(!accounts.is_new());
        assert_eq!(check(&accounts, "ada", "correct horse"), Err(LoginError::Wrong));
        let state = check(&accounts, "ada", "battery staple").unwrap();
        assert_eq!(state, State { generation: state.generation, ..State::default() });
        let root = accounts.standing("root").unwrap();
        assert!(check(&accounts, "root", one_time.expose()).is_ok());
        assert_eq!((root.state().role, root.state().must_change_password), (Role::Admin, true));
        change(&accounts, "root", one_time.expose(), "battery staple");
        assert!(!root.state().must_change_password, "sessions see the change at once");
    }

    #[test]
    fn what_administrators_do_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let accounts = open(&path).unwrap();
        for (name, role) in [("root", Role::Admin), ("eve", Role::User)] {
            add(&accounts, name, Some("correct horse"), role).unwrap();
        }
        let (root, eve) = (name("root"), name("eve"));
        accounts.update(Author::Owner, &eve, |state| state.muted_until = Some(jiff::Timestamp::MAX)).unwrap();
        accounts.update(Author::Owner, &eve, |state| state.banned = true).unwrap();
        let accounts = open(&path).unwrap();
        assert_eq!(check(&accounts, "eve", "correct horse"), Err(LoginError::Banned));
        assert_eq!(check(&accounts, "eve", "wrong"), Err(LoginError::Wrong), "only the owner learns of it");
        assert_eq!(accounts.standing("eve").unwrap().state().muted_until, Some(jiff::Timestamp::MAX));

        assert!(matches!(accounts.delete(Author::Owner, &root), Err(AccountError::LastAdmin)));
        assert!(matches!(
            accounts.update(Author::Owner, &root, |state| state.banned = true),
            Err(AccountError::LastAdmin)
        ));
        assert!(matches!(
            accounts.update(Author::Owner, &root, |state| state.role = Role::User),
            Err(AccountError::LastAdmin)
        ));
        accounts.update(Author::Owner, &eve, |state| *state = State { role: Role::Admin, ..State::default() }).unwrap();
        accounts.delete(Author::Owner, &root).unwrap();
        assert_eq!(check(&accounts, "root", "correct horse"), Err(LoginError::Wrong));
        let one_time = accounts.reset_password(Author::Owner, &eve, &Client::own(&root)).unwrap();
        assert!(check(&accounts, "eve", one_time.expose()).unwrap().must_change_password);
        assert!(matches!(accounts.delete(Author::Owner, &root), Err(AccountError::Unknown)));
    }

    #[test]
    fn a_login_that_must_wait_is_not_checked() {
        let folder = tempfile::tempdir().unwrap();
        let accounts = open(&folder.path().join("users.json")).unwrap();
        add(&accounts, "ada", Some("correct horse"), Role::User).unwrap();
        let wait = Wait { time: Duration::from_secs(7), here: false };
        let refused = accounts.check(&Client::own(&name("ada")), "correct horse", |_| Err(wait));
        assert_eq!(refused.unwrap_err(), LoginError::TryLater(wait.time));
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

    /// The rounds were raised, and somebody's hash is dearer still.
    #[test]
    fn a_hash_of_fewer_rounds_is_renewed_and_a_dearer_one_makes_every_wrong_login_dear() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        add(&open(&path).unwrap(), "ada", Some("correct horse"), Role::User).unwrap();
        let dear = 40 * ROUNDS_MIN;
        let accounts = Accounts::open(&path, Hasher::new(2 * ROUNDS_MIN)).unwrap();
        assert!(check(&accounts, "ada", "correct horse").is_ok());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("i=2000,"), "{text}");
        assert!(check(&accounts, "ada", "correct horse").is_ok());

        let unknown = |accounts: &Accounts| {
            let time = |_| {
                let start = Instant::now();
                assert_eq!(check(accounts, "nobody", "correct horse"), Err(LoginError::Wrong));
                start.elapsed()
            };
            (0..9).map(time).min().unwrap()
        };
        let before = unknown(&accounts);
        add(&Accounts::open(&path, Hasher::new(dear)).unwrap(), "eve", Some("correct horse"), Role::User).unwrap();
        let after = unknown(&open(&path).unwrap());
        assert!(after > before * 5, "{before:?} for 2,000 rounds, {after:?} for {dear}");
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

    #[test]
    fn what_cannot_be_saved_has_not_happened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("users.json");
        let accounts = open(&path).unwrap();
        assert!(matches!(add(&accounts, "ada", None, Role::User), Err(AccountError::Save(_))));
        assert!(accounts.standing("ada").is_none());
    }
}
