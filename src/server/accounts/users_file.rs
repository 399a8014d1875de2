//! The form of `users.json`: this version's, and the old one, which is read alone.

use super::pairs::Pairs;
use super::passwords::StoredPassword;
use super::standing::State;
use crate::lines;
use crate::protocol::{Profile, Username};
use crate::reason::Reason;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `users.json` as this version writes it.
#[derive(Deserialize, Serialize)]
struct UsersFile<U> {
    version: u32,
    users: U,
}

/// What tells the forms apart. The rest isn't kept: it would be in memory twice.
#[derive(Deserialize)]
struct Head {
    version: Option<serde_json::Value>,
}

/// The form of `users.json` that this version writes.
const FILE_VERSION: u32 = 1;

/// One account in the file. In a file of the old form `password` is a bare SHA-256, and `role` may be absent.
#[derive(Deserialize, Serialize)]
struct UserEntry {
    #[serde(flatten)]
    state: State,
    #[serde(flatten)]
    profile: Profile,
    password: String,
    /// The hash is of the password's one form for sure (RFC 8265).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    one_form: bool,
    /// What this version doesn't know. It stops the start: writing the file without it would lose it.
    #[serde(flatten, skip_serializing)]
    unknown: BTreeMap<String, serde::de::IgnoredAny>,
}

/// An entry of the old form: the hash alone, or with a role.
#[derive(Deserialize)]
#[serde(untagged)]
enum OldEntry {
    Hash(String),
    Entry(UserEntry),
}

/// What this version writes for these accounts.
pub(crate) fn render<'a>(
    accounts: impl Iterator<Item = (&'a Username, State, &'a Profile, &'a StoredPassword)>,
) -> Vec<u8> {
    let entry = |(name, state, profile, password): (&Username, State, &Profile, &StoredPassword)| {
        let (one_form, password) = (password.is_of_one_form(), password.to_string());
        let profile = profile.clone();
        (name.to_string(), UserEntry { state, profile, password, one_form, unknown: BTreeMap::new() })
    };
    let users: BTreeMap<String, UserEntry> = accounts.map(entry).collect();
    let mut text = serde_json::to_vec_pretty(&UsersFile { version: FILE_VERSION, users })
        .expect("accounts are strings and booleans, which JSON can hold");
    text.push(b'\n');
    text
}

/// One account of a file: its name, what holds for it, who its owner is, its password.
pub(crate) type Entry = (Username, State, Profile, StoredPassword);

/// What there is in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Census {
    /// Its accounts.
    pub(crate) all: usize,
    /// Those of administrators who may log in.
    pub(crate) admins: usize,
    /// Those with a hash of an old form.
    pub(crate) legacy: usize,
}

/// Counts what is in a file.
///
/// # Errors
/// What is wrong with it, with its line where it has one.
pub(crate) fn census(file: &[u8]) -> Result<Census, String> {
    let accounts = parse(file)?;
    let count = |is: fn(&Entry) -> bool| accounts.iter().filter(|account| is(account)).count();
    Ok(Census {
        all: accounts.len(),
        admins: count(|(_, state, ..)| state.may_administrate()),
        legacy: count(|(.., password)| !password.is_of_one_form()),
    })
}

/// What this version writes for a file's text: [`parse`] and [`render`] for the fuzz target.
pub(crate) fn rewrite(text: &str) -> Result<Vec<u8>, String> {
    let accounts = parse(text.as_bytes())?;
    Ok(render(accounts.iter().map(|(name, state, profile, password)| (name, *state, profile, password))))
}

/// Reads either form of the file.
///
/// # Errors
/// What is wrong with it, with its line where it has one.
pub(crate) fn parse(file: &[u8]) -> Result<Vec<Entry>, String> {
    let text = lines::as_text(file).map_err(|line| format!("line {line} isn't UTF-8"))?;
    let head: Head = serde_json::from_str(text).map_err(|e| Reason(&e).to_string())?;
    let entries: Vec<(String, UserEntry)> = match head.version {
        Some(serde_json::Value::Number(version)) => {
            let file: UsersFile<Pairs<UserEntry>> = serde_json::from_str(text).map_err(|e| Reason(&e).to_string())?;
            if file.version != FILE_VERSION {
                return Err(format!("its version is {version}, this program reads version {FILE_VERSION}"));
            }
            file.users.0
        }
        _ => {
            let old: Pairs<OldEntry> = serde_json::from_str(text).map_err(|e| Reason(&e).to_string())?;
            let entry = |old| match old {
                OldEntry::Hash(password) => UserEntry {
                    state: State::default(),
                    profile: Profile::default(),
                    password,
                    one_form: false,
                    unknown: BTreeMap::new(),
                },
                OldEntry::Entry(entry) => entry,
            };
            old.0.into_iter().map(|(name, old)| (name, entry(old))).collect()
        }
    };
    let mut accounts: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut names = std::collections::BTreeSet::new();
    for (name, entry) in entries {
        let account = checked(text, &name, entry)?;
        if !names.insert(account.0.clone()) {
            return Err(format!("`{}` stands there twice, upper and lower case being the same", account.0));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

fn checked(text: &str, name: &str, entry: UserEntry) -> Result<Entry, String> {
    let place = || match text.find(&format!("\"{name}\"")) {
        Some(at) => format!(" at line {}", lines::number_at(text.as_bytes(), at)),
        None => String::new(),
    };
    // Folded: the old form knew upper case.
    let username =
        Username::parse(name).ok_or_else(|| format!("`{name}`{} is no user name: {}", place(), Username::RULE))?;
    if let Some(field) = entry.unknown.keys().next() {
        return Err(format!("`{name}`{} has a field `{field}` that this version doesn't know", place()));
    }
    let password = StoredPassword::parse(&entry.password, entry.one_form)
        .ok_or_else(|| format!("the password of `{name}`{} is no hash that this program knows", place()))?;
    let profile = Profile::parse(entry.profile.name.as_deref(), entry.profile.group.as_deref())
        .map_err(|rule| format!("the name or the group of `{name}`{} is none: {rule}", place()))?;
    Ok((username, entry.state, profile, password))
}
