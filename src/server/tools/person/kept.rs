//! What the files beside the journal keep about one person.

use crate::fields::Fields;
use crate::files;
use crate::protocol::Username;
use crate::reason::{self, Reason};
use crate::server::config::folder;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::Path;

/// What nobody needs to see of an account: its password's hash, with its salt and rounds.
const SECRETS: [&str; 2] = ["password", "one_form"];

/// Which account is meant: what others of its name left, before it was made, is theirs.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Birth {
    /// The newest event when it was made.
    #[serde(default)]
    pub(super) since: u64,
    #[serde(default)]
    created: Option<Timestamp>,
    #[serde(default)]
    generation: u32,
}

/// The account, where it is at home, when its tokens were used, the rooms that it is and was in: as the files have it. None
/// where none of them knows it. And which account that is; where there is none any more, all that have had the name.
///
/// # Errors
/// A file can't be read.
pub(super) fn account(data_dir: &Path, name: &Username) -> Result<(Option<Value>, Birth), String> {
    let users = json_file(&data_dir.join(folder::USERS))?;
    // A file of the old form has the accounts alone.
    let entry = users.get("users").unwrap_or(&users).get(name.as_str()).cloned();
    let birth: Option<Birth> = entry.as_ref().map(|entry| Birth::deserialize(entry).unwrap_or_default());
    let account = entry.map(|entry| match entry {
        Value::Object(mut entry) => {
            SECRETS.iter().for_each(|secret| drop(entry.remove(*secret)));
            Value::Object(entry)
        }
        _ => json!({}),
    });
    let is_theirs = |field: Option<&Value>, of: fn(Birth) -> u64| {
        let value = field.and_then(Value::as_u64);
        birth.is_none_or(|birth| value.is_none_or(|value| value == of(birth)))
    };
    let (mut used, mut homes) = (Vec::new(), Value::Null);
    for line in lines(&data_dir.join(folder::TOKENS), name)? {
        let valid = line.get("valid");
        if is_theirs(valid.and_then(|valid| valid.get("generation")), |birth| birth.generation.into()) {
            used.extend(valid.and_then(|valid| valid.get("used")).cloned());
        }
        if is_theirs(line.get("since"), |birth| birth.since) {
            homes = line.get("homes").cloned().unwrap_or(homes);
        }
    }
    let rooms = json_file(&data_dir.join(folder::ROOMS))?;
    let since = birth.unwrap_or_default().since;
    let stays = rooms.get("stays").and_then(Value::as_array).into_iter().flatten();
    let stays = stays.filter(|stay| stay["username"] == name.as_str());
    let stays: Vec<&Value> = stays.filter(|stay| stay["from"].as_u64().is_some_and(|from| from > since)).collect();
    let made = rooms.get("rooms").and_then(Value::as_object).into_iter().flatten();
    let made = made.filter(|(_, room)| room["maker"] == name.as_str());
    let made = made.filter(|(_, room)| room["made"].as_u64().is_some_and(|made| made >= since));
    let made: Vec<&String> = made.map(|(room, _)| room).collect();
    if account.is_none() && used.is_empty() && homes.is_null() && stays.is_empty() && made.is_empty() {
        return Ok((None, Birth::default()));
    }
    let account = json!({
        "username": name.as_str(), "account": account, "logged_in_from": homes, "tokens_used": used, "rooms": stays,
        "rooms_made": made,
    });
    Ok((Some(account), birth.unwrap_or_default()))
}

/// The entries of the audit log that name them, oldest first.
///
/// # Errors
/// A file can't be read.
pub(super) fn audit(data_dir: &Path, name: &Username, birth: Birth) -> Result<Vec<Fields>, String> {
    let path = data_dir.join(folder::AUDIT);
    let mut entries = lines(&files::beside(&path, ".1"), name)?;
    entries.extend(lines(&path, name)?);
    let is_older = |entry: &Fields| {
        let time = entry.text("time").and_then(|time| time.parse::<Timestamp>().ok());
        // The log's times have milliseconds.
        time.zip(birth.created).is_some_and(|(time, created)| time.as_millisecond() < created.as_millisecond())
    };
    entries.retain(|entry| !is_older(entry));
    Ok(entries)
}

/// The lines of a file that name them.
fn lines(path: &Path, name: &Username) -> Result<Vec<Fields>, String> {
    let text = bytes(path)?;
    let lines = text.split(|&b| b == b'\n').filter_map(|line| serde_json::from_slice::<Fields>(line).ok());
    let is_theirs = |line: &Fields| ["by", "username"].iter().any(|field| line.text(field) == Some(name.as_str()));
    Ok(lines.filter(is_theirs).collect())
}

fn json_file(path: &Path) -> Result<Value, String> {
    let text = bytes(path)?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&text).map_err(|e| format!("{} is damaged: {}", path.display(), Reason(&e)))
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    match files::read(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|e| format!("can't read {}: {}", path.display(), reason::of_file(&e))),
    }
}
