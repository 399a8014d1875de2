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

/// The account, where it is at home, when its tokens were used, the rooms that it is and was in, the lesson: as the files have it. None
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
    let (mut used, mut homes) = (Vec::new(), Value::Array(Vec::new()));
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
    let lesson = lesson(data_dir, name, birth.map(|birth| birth.since))?;
    let is_known = account.is_some() || homes.as_array().is_none_or(|homes| !homes.is_empty()) || !lesson.is_null();
    if !is_known && used.is_empty() && stays.is_empty() && made.is_empty() {
        return Ok((None, Birth::default()));
    }
    let account = json!({
        "username": name.as_str(), "account": account, "logged_in_from": homes, "tokens_used": used, "rooms": stays,
        "rooms_made": made, "lesson": lesson,
    });
    Ok((Some(account), birth.unwrap_or_default()))
}

/// What holds of them in the lesson that goes on: hands that are up, where they were called, the open polls in which they have
/// voted, and those in which their vote is waited for. Nothing where nothing does, or `since`, when their account was made, is
/// newer than what was written.
fn lesson(data_dir: &Path, name: &Username, since: Option<u64>) -> Result<Value, String> {
    let lesson = json_file(&data_dir.join(folder::LESSON))?;
    if since.zip(lesson["seq"].as_u64()).is_some_and(|(since, written)| since >= written) {
        return Ok(Value::Null);
    }
    let is_them = |named: &Value| named == name.as_str();
    let has_them = |names: &Value| names.as_array().is_some_and(|names| names.iter().any(is_them));
    let rooms: Vec<(&String, &Value)> = lesson["rooms"].as_object().into_iter().flatten().collect();
    let hands_in = |(name, room): (&String, &Value)| {
        let theirs = room["hands"].as_array().into_iter().flatten().filter(|hand| is_them(&hand["username"]));
        theirs.map(|hand| json!({ "room": name, "text": hand["text"], "since": hand["since"] })).collect::<Vec<_>>()
    };
    let hands: Vec<Value> = rooms.iter().copied().flat_map(hands_in).collect();
    let called: Vec<&String> =
        rooms.iter().filter(|(_, room)| is_them(&room["floor"]["called"])).map(|(name, _)| *name).collect();
    let polls_with = |field: &str| {
        let polls = lesson["polls"].as_array().into_iter().flatten().filter(|poll| has_them(&poll[field]));
        polls.map(|poll| json!({ "poll": poll["poll"], "room": poll["room"] })).collect::<Vec<_>>()
    };
    let voted = polls_with("voted");
    let waited_for: Vec<Value> = polls_with("entitled").into_iter().filter(|poll| !voted.contains(poll)).collect();
    if hands.is_empty() && called.is_empty() && voted.is_empty() && waited_for.is_empty() {
        return Ok(Value::Null);
    }
    Ok(json!({ "hands": hands, "called_in": called, "voted_in": voted, "waited_for_in": waited_for }))
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
