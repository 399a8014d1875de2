//! What the files beside the journal keep about one person.

use crate::fields::Fields;
use crate::files;
use crate::protocol::Username;
use crate::reason::{self, Reason};
use crate::server::config::folder;
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::path::Path;

/// What nobody needs to see of an account: its password's hash, with its salt and rounds.
const SECRETS: [&str; 2] = ["password", "one_form"];

/// The account, where it is at home, when its tokens were used, the rooms that it is and was in: as the files have it. None
/// where none of them knows it.
///
/// # Errors
/// A file can't be read.
pub(super) fn account(data_dir: &Path, name: &Username) -> Result<Option<Value>, String> {
    let users = json_file(&data_dir.join(folder::USERS))?;
    // A file of the old form has the accounts alone.
    let of_them = users.get("users").unwrap_or(&users).get(name.as_str()).cloned();
    let account = of_them.map(|entry| match entry {
        Value::Object(mut entry) => {
            SECRETS.iter().for_each(|secret| drop(entry.remove(*secret)));
            Value::Object(entry)
        }
        _ => json!({}),
    });
    let (mut used, mut homes) = (Vec::new(), Value::Null);
    for line in lines(&data_dir.join(folder::TOKENS), name)? {
        used.extend(line.get("valid").and_then(|valid| valid.get("used")).cloned());
        homes = line.get("homes").cloned().unwrap_or(homes);
    }
    let rooms = json_file(&data_dir.join(folder::ROOMS))?;
    let stays = rooms.get("stays").and_then(Value::as_array).into_iter().flatten();
    let stays: Vec<&Value> = stays.filter(|stay| stay["username"] == name.as_str()).collect();
    let made = rooms.get("rooms").and_then(Value::as_object).into_iter().flatten();
    let made: Vec<&String> = made.filter(|(_, room)| room["maker"] == name.as_str()).map(|(room, _)| room).collect();
    if account.is_none() && used.is_empty() && homes.is_null() && stays.is_empty() && made.is_empty() {
        return Ok(None);
    }
    Ok(Some(json!({
        "username": name.as_str(), "account": account, "logged_in_from": homes, "tokens_used": used, "rooms": stays,
        "rooms_made": made,
    })))
}

/// The newest event when the account was made: what came before was another account's of the name.
pub(super) fn since(account: Option<&Value>) -> u64 {
    account.and_then(|account| account["account"]["since"].as_u64()).unwrap_or(0)
}

/// The entries of the audit log that name them, oldest first.
///
/// # Errors
/// A file can't be read.
pub(super) fn audit(data_dir: &Path, name: &Username) -> Result<Vec<Fields>, String> {
    let path = data_dir.join(folder::AUDIT);
    let mut entries = lines(&files::beside(&path, ".1"), name)?;
    entries.extend(lines(&path, name)?);
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
