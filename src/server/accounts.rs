//! Who may log in: the accounts, in memory and in `users.json`.

use super::files;
use super::passwords::{self, Hasher, StoredPassword};
use super::rate::{MessageRate, Rate};
use crate::protocol::{Role, Secret, Username};
use crate::sync::lock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The accounts of one data folder.
///
/// Two locks: `saving` is held over the whole of a change and its write to disk, so changes happen one after
/// the other; `accounts` only for as long as it takes to look. A login never waits for a disk.
#[derive(Debug)]
pub(super) struct Accounts {
    path: PathBuf,
    hasher: Hasher,
    rate: MessageRate,
    saving: Mutex<()>,
    accounts: Mutex<BTreeMap<Username, Account>>,
}

/// One account.
#[derive(Clone, Debug)]
struct Account {
    password: StoredPassword,
    standing: Arc<Standing>,
}

/// What holds for an account at this moment. Its sessions share it, so a change reaches them at once.
#[derive(Debug)]
pub(super) struct Standing {
    role: Role,
    must_change_password: AtomicBool,
    /// How much it may still say.
    pub(super) rate: Rate,
}

impl Standing {
    /// Its role.
    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// Whether nothing but a change of password is allowed.
    pub(super) fn must_change_password(&self) -> bool {
        self.must_change_password.load(Ordering::Relaxed)
    }
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
    /// The new password isn't good enough; with what is wrong with it.
    Weak(String),
    /// `users.json` couldn't be written: nothing has changed.
    Save(io::Error),
}

/// `users.json` as this version writes it.
#[derive(Deserialize, Serialize)]
struct UsersFile {
    version: u32,
    users: BTreeMap<String, UserEntry>,
}

/// The form of `users.json` that this version writes.
const FILE_VERSION: u32 = 1;

/// One account in the file. In a file of the old form `password` is a bare SHA-256, and `role` may be absent.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    #[serde(default)]
    role: Role,
    password: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    must_change_password: bool,
}

/// An entry of the old form: the hash alone, or with a role.
#[derive(Deserialize)]
#[serde(untagged)]
enum OldEntry {
    Hash(String),
    Entry(UserEntry),
}

impl Accounts {
    /// No accounts yet, to be kept in `path`.
    pub(super) fn empty(path: &Path, hasher: Hasher, rate: MessageRate) -> Self {
        Self { path: path.to_owned(), hasher, rate, saving: Mutex::default(), accounts: Mutex::default() }
    }

    /// Reads the file; None when there is none.
    ///
    /// # Errors
    /// What is wrong with it, with line and column where it has one. The file is left as it is.
    pub(super) fn load(path: &Path, hasher: Hasher, rate: MessageRate) -> Result<Option<Self>, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("can't read {}: {e}", path.display())),
        };
        files::make_private(path).map_err(|e| format!("can't make {} private: {e}", path.display()))?;
        let entries = parse(&text).map_err(|e| {
            format!(
                "{} is damaged: {e}; mend it, or put a copy of it in its place: it has not been touched",
                path.display()
            )
        })?;
        let accounts = Self::empty(path, hasher, rate);
        *lock(&accounts.accounts) = entries
            .into_iter()
            .map(|(name, entry, password)| {
                let account = accounts.account(password, entry.role, entry.must_change_password);
                (name, account)
            })
            .collect();
        Ok(Some(accounts))
    }

    /// Checks a password. None when it is wrong or there is no such account, after the same time.
    ///
    /// An account of the old form gets its PBKDF2 hash here, the one moment when its password is known.
    pub(super) fn check(&self, name: &Username, password: &str) -> Option<Arc<Standing>> {
        let account = lock(&self.accounts).get(name).cloned();
        if !self.hasher.verify(password, account.as_ref().map(|account| &account.password)) {
            return None;
        }
        let account = account?;
        if matches!(account.password, StoredPassword::Legacy(_)) {
            let new = self.hasher.hash(password);
            if let Err(e) = self.replace_password(name, &account.password, new, account.standing.must_change_password())
            {
                log::error!("the new hash of {name} couldn't be saved, the old one stays: {e:?}");
            }
        }
        Some(account.standing)
    }

    /// What holds for an account, if there is one of that name.
    pub(super) fn standing(&self, name: &str) -> Option<Arc<Standing>> {
        lock(&self.accounts).get(name).map(|account| Arc::clone(&account.standing))
    }

    /// Every account and its role, sorted, from the one after `after`.
    pub(super) fn list(&self, after: Option<&str>) -> Vec<(Username, Role)> {
        let accounts = lock(&self.accounts);
        accounts
            .iter()
            .filter(|(name, _)| after.is_none_or(|after| name.as_str() > after))
            .map(|(name, account)| (name.clone(), account.standing.role))
            .collect()
    }

    /// Makes an account and saves it. Without a password makes a one-time one and returns it.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(super) fn add(
        &self,
        name: &Username,
        password: Option<&Secret>,
        role: Role,
    ) -> Result<Option<Secret>, AccountError> {
        let new = NewAccount { name: name.clone(), password: password.cloned(), role };
        Ok(self.add_all(vec![new]).map_err(|(_, e)| e)?.pop().flatten())
    }

    /// Makes several accounts with one write; all or none. The result has each one's one-time password, where
    /// it was given none.
    ///
    /// # Errors
    /// [`AccountError`], and which of them failed.
    pub(super) fn add_all(&self, new: Vec<NewAccount>) -> Result<Vec<Option<Secret>>, (usize, AccountError)> {
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
        for NewAccount { name, password, role } in new {
            let generated = password.is_none().then(passwords::one_time);
            let text = password.as_ref().or(generated.as_ref()).map_or("", Secret::expose);
            made.push((name, self.account(self.hasher.hash(text), role, generated.is_some())));
            one_time.push(generated);
        }
        let mut at = 0;
        let result = self.change(|accounts| {
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

    /// Changes a password after checking the old one, and saves it.
    ///
    /// # Errors
    /// [`AccountError`]; then nothing has changed.
    pub(super) fn change_password(&self, name: &Username, old: &str, new: &str) -> Result<(), AccountError> {
        passwords::judge(new, name).map_err(AccountError::Weak)?;
        let stored = lock(&self.accounts).get(name).map(|account| account.password.clone());
        if !self.hasher.verify(old, stored.as_ref()) {
            return Err(AccountError::WrongPassword);
        }
        if old == new {
            return Err(AccountError::Weak("the new password must differ from the old one".into()));
        }
        let stored = stored.ok_or(AccountError::Unknown)?;
        self.replace_password(name, &stored, self.hasher.hash(new), false)
    }

    /// Puts `new` in place of `old`, unless somebody else has changed it meanwhile.
    fn replace_password(
        &self,
        name: &Username,
        old: &StoredPassword,
        new: StoredPassword,
        must_change: bool,
    ) -> Result<(), AccountError> {
        let standing = self.standing(name.as_str()).ok_or(AccountError::Unknown)?;
        let before = standing.must_change_password.swap(must_change, Ordering::Relaxed);
        let result = self.change(|accounts| match accounts.get_mut(name) {
            Some(account) if account.password == *old => {
                account.password = new;
                Ok(())
            }
            Some(_) => Err(AccountError::WrongPassword),
            None => Err(AccountError::Unknown),
        });
        if result.is_err() {
            standing.must_change_password.store(before, Ordering::Relaxed);
        }
        result
    }

    /// Applies a change to a copy, saves the copy, and only then lets everyone see it.
    fn change(
        &self,
        apply: impl FnOnce(&mut BTreeMap<Username, Account>) -> Result<(), AccountError>,
    ) -> Result<(), AccountError> {
        let _saving = lock(&self.saving);
        let mut copy = lock(&self.accounts).clone();
        apply(&mut copy)?;
        files::replace(&self.path, &render(&copy)).map_err(AccountError::Save)?;
        *lock(&self.accounts) = copy;
        Ok(())
    }

    fn account(&self, password: StoredPassword, role: Role, must_change: bool) -> Account {
        let standing = Standing { role, must_change_password: must_change.into(), rate: Rate::new(self.rate) };
        Account { password, standing: Arc::new(standing) }
    }
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
}

fn render(accounts: &BTreeMap<Username, Account>) -> Vec<u8> {
    let entry = |account: &Account| UserEntry {
        role: account.standing.role,
        password: account.password.to_string(),
        must_change_password: account.standing.must_change_password(),
    };
    let users = accounts.iter().map(|(name, account)| (name.to_string(), entry(account))).collect();
    let mut text = serde_json::to_vec_pretty(&UsersFile { version: FILE_VERSION, users })
        .expect("accounts are strings and booleans, which JSON can hold");
    text.push(b'\n');
    text
}

/// Reads either form of the file.
fn parse(text: &str) -> Result<Vec<(Username, UserEntry, StoredPassword)>, String> {
    /// Only whether the file says its version.
    #[derive(Deserialize)]
    struct Head {
        version: Option<serde_json::Value>,
    }
    let head: Head = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let entries: BTreeMap<String, UserEntry> = match head.version {
        Some(serde_json::Value::Number(version)) => {
            let file: UsersFile = serde_json::from_str(text).map_err(|e| e.to_string())?;
            if file.version != FILE_VERSION {
                return Err(format!("its version is {version}, this program reads version {FILE_VERSION}"));
            }
            file.users
        }
        _ => {
            let old: BTreeMap<String, OldEntry> = serde_json::from_str(text).map_err(|e| e.to_string())?;
            let entry = |old| match old {
                OldEntry::Hash(password) => UserEntry { role: Role::User, password, must_change_password: false },
                OldEntry::Entry(entry) => entry,
            };
            old.into_iter().map(|(name, old)| (name, entry(old))).collect()
        }
    };
    entries.into_iter().map(|(name, entry)| checked(text, &name, entry)).collect()
}

fn checked(text: &str, name: &str, entry: UserEntry) -> Result<(Username, UserEntry, StoredPassword), String> {
    let place = || match text.find(&format!("\"{name}\"")) {
        Some(at) => format!(" at line {}", text[..at].matches('\n').count() + 1),
        None => String::new(),
    };
    let username = Username::parse(name)
        .filter(|username| username.as_str() == name)
        .ok_or_else(|| format!("`{name}`{} is no user name: {}", place(), Username::RULE))?;
    let password = StoredPassword::parse(&entry.password)
        .ok_or_else(|| format!("the password of `{name}`{} is no hash that this program knows", place()))?;
    Ok((username, entry, password))
}

#[cfg(test)]
mod tests {
    use super::super::passwords::ROUNDS_MIN;
    use super::*;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    fn secret(text: &str) -> Secret {
        text.to_owned().into()
    }

    fn load(path: &Path) -> Result<Option<Accounts>, String> {
        Accounts::load(path, Hasher::new(ROUNDS_MIN), MessageRate::Off)
    }

    #[test]
    fn accounts_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        assert!(load(&path).unwrap().is_none());
        let accounts = Accounts::empty(&path, Hasher::new(ROUNDS_MIN), MessageRate::Off);
        accounts.add(&name("ada"), Some(&secret("correct horse")), Role::User).unwrap();
        let one_time = accounts.add(&name("root"), None, Role::Admin).unwrap().unwrap();
        assert!(matches!(accounts.add(&name("ada"), None, Role::User), Err(AccountError::Exists)));
        accounts.change_password(&name("ada"), "correct horse", "battery staple").unwrap();

        let accounts = load(&path).unwrap().unwrap();
        assert!(accounts.check(&name("ada"), "correct horse").is_none());
        let ada = accounts.check(&name("ada"), "battery staple").unwrap();
        assert_eq!((ada.role(), ada.must_change_password()), (Role::User, false));
        let root = accounts.check(&name("root"), one_time.expose()).unwrap();
        assert_eq!((root.role(), root.must_change_password()), (Role::Admin, true));
        accounts.change_password(&name("root"), one_time.expose(), "battery staple").unwrap();
        assert!(!root.must_change_password(), "sessions see the change at once");
    }

    #[test]
    fn a_file_of_the_old_form_is_renewed_login_by_login() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        let sha256 = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
        let text = format!(r#"{{"alice":"{sha256}","version":{{"password":"{sha256}","role":"admin"}}}}"#);
        std::fs::write(&path, text).unwrap();
        let accounts = load(&path).unwrap().unwrap();
        assert!(accounts.check(&name("alice"), "passw0rd").is_none());
        assert!(accounts.check(&name("alice"), "password").is_some());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("pbkdf2-sha256") && text.contains(sha256), "one is new, one is not: {text}");
        let accounts = load(&path).unwrap().unwrap();
        assert_eq!(accounts.check(&name("version"), "password").unwrap().role(), Role::Admin);
        assert!(!std::fs::read_to_string(&path).unwrap().contains(sha256));
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
            ("{\n\n\"A b\":\"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8\"}", "`A b` at line 3"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = load(&path).unwrap_err();
            assert!(error.contains(place), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn what_cannot_be_saved_has_not_happened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("users.json");
        let accounts = Accounts::empty(&path, Hasher::new(ROUNDS_MIN), MessageRate::Off);
        assert!(matches!(accounts.add(&name("ada"), None, Role::User), Err(AccountError::Save(_))));
        assert!(accounts.standing("ada").is_none());
    }
}
