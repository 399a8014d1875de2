//! Somebody is taken out of the events: what they said goes, they are called otherwise, and all else stays, with its seqs and its
//! order.

use super::gone::{Gone, contains};
use super::order::Timeline;
use crate::fields::Fields;
use crate::protocol::Username;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;

/// The fields of an event that name somebody.
const NAMES: [&str; 4] = ["from", "to", "username", "by"];
/// The kinds of events whose words can be missing.
const WORDLESS: [&str; 4] = ["message", "whisper", "question", "announcement"];
/// A question's `asked` comes so soon after it; see `removal.rs`.
const ASKED_WITHIN: u64 = 64;

impl Timeline {
    /// Takes somebody out of the events after `after`, and of what is remembered. What was begun before is finished. Gives the
    /// polls that they began there.
    ///
    /// # Errors
    /// It couldn't be done everywhere, or a power failure could still undo it. It may be tried again.
    pub(crate) fn erase(&self, gone: &Gone<'_>, after: u64) -> io::Result<BTreeSet<u64>> {
        // A coming or going that is still owed would bring the name back.
        self.retry();
        let after = after.saturating_sub(ASKED_WITHIN);
        let (mut questions, mut polls) = (BTreeSet::new(), BTreeSet::new());
        self.each_line(after, |line| {
            if gone.may_be_in(line) {
                questions.extend(theirs(line, gone, "asked", "question"));
                polls.extend(theirs(line, gone, "poll", "poll"));
            }
        })?;
        self.rewrite(after.saturating_add(1)..u64::MAX, |seq, line| without(gone, line, questions.contains(&seq)))?;
        self.erase_from_memory(gone)?;
        Ok(polls)
    }

    /// Whether an event names somebody, or it's remembered in which rooms they were.
    ///
    /// # Errors
    /// The journal can't be read.
    pub(crate) fn names(&self, name: &Username) -> io::Result<bool> {
        self.retry();
        let quoted = format!("\"{name}\"");
        let mut is_named = self.recall(|recall| recall.members.stays().any(|(other, _)| other == name));
        self.each_line(0, |line| is_named = is_named || contains(line, quoted.as_bytes()) && is_in(line, name))?;
        Ok(is_named)
    }

    /// The highest number that anybody has who was erased, as far as events tell; 0 where there is none.
    ///
    /// # Errors
    /// The journal can't be read.
    pub(crate) fn last_deleted(&self) -> io::Result<u64> {
        let mut last = 0;
        self.each_line(0, |line| {
            if contains(line, b"\"deleted-") {
                last = last.max(deleted_number(line));
            }
        })?;
        Ok(last)
    }

    /// Gives `look` the line of each event after `after`.
    fn each_line(&self, mut after: u64, mut look: impl FnMut(&[u8])) -> io::Result<()> {
        while let Some(chunk) = self.stretch_after(after)? {
            chunk.iter().for_each(|(line, _)| look(line));
            after = after.max(chunk.next() - 1);
        }
        Ok(())
    }
}

/// The seq in this field of an event of this kind, if they have caused it.
fn theirs(line: &[u8], gone: &Gone<'_>, kind: &str, field: &str) -> Option<u64> {
    if !contains(line, format!("\"{kind}\"").as_bytes()) {
        return None;
    }
    let fields: Fields = serde_json::from_slice(line).ok()?;
    let is_it = fields.text("type") == Some(kind) && gone.is(fields.text("from"));
    is_it.then(|| fields.number(field)).flatten()
}

fn is_in(line: &[u8], name: &Username) -> bool {
    let Ok(fields) = serde_json::from_slice::<Fields>(line) else { return false };
    NAMES.iter().any(|field| fields.text(field) == Some(name.as_str()))
}

fn deleted_number(line: &[u8]) -> u64 {
    let Ok(fields) = serde_json::from_slice::<Fields>(line) else { return 0 };
    let numbers = NAMES.iter().filter_map(|name| Username::parse(fields.text(name)?)?.deleted_number());
    numbers.max().unwrap_or(0)
}

/// An event's line without them; None where nothing of it is theirs, or no longer. `asked`: it is a question of theirs.
fn without(gone: &Gone<'_>, line: &[u8], asked: bool) -> Option<Vec<u8>> {
    if !asked && !gone.may_be_in(line) {
        return None;
    }
    let before: Fields = serde_json::from_slice(line).ok()?;
    let mut after = before.clone();
    let kind = before.text("type").unwrap_or_default();
    let is_theirs = |field| gone.is(before.text(field));
    if asked || is_theirs("from") || (kind == "hand" && is_theirs("username")) {
        take_words(kind, &mut after);
    }
    if is_theirs("from") || is_theirs("username") || is_theirs("by") {
        // They may have chosen it.
        after.remove(&["id"]);
    }
    if kind == "joined" && is_theirs("username") {
        after.remove(&["name", "group"]);
    }
    for field in NAMES.into_iter().filter(|field| is_theirs(field)) {
        after.set(field, gone.alias.as_str().into());
    }
    (after != before).then(|| after.line())
}

/// Takes away what they said.
fn take_words(kind: &str, event: &mut Fields) {
    if WORDLESS.contains(&kind) {
        let was_removed = event.get("removed").is_some();
        event.remove(&["text", "format", "lang"]);
        event.set("removed", true.into());
        if kind == "question" && !was_removed {
            // So that no start tells that it was taken back; and by nobody's name, since it has none.
            event.set("by", Username::deleted(0).as_str().into());
        }
    } else if kind == "hand" {
        event.remove(&["text"]);
    } else if let Some(text) = event.get_mut("text") {
        *text = "".into();
    }
    if let Some(question @ Value::String(_)) = event.get_mut("question") {
        *question = "".into();
    }
    if let Some(Value::Array(options)) = event.get_mut("options") {
        options.fill("".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Username {
        Username::parse(text).unwrap()
    }

    #[test]
    fn each_kind_loses_what_is_theirs_and_nothing_else() {
        let (eve, alias) = (name("eve"), Username::deleted(2));
        let gone = Gone { name: &eve, alias: &alias };
        for (line, anew) in [
            (
                r#"{"type":"message","seq":1,"time":"t","from":"eve","room":"general","text":"hi","action":true,"id":"a"}"#,
                r#"{"type":"message","seq":1,"time":"t","from":"deleted-2","room":"general","action":true,"removed":true}"#,
            ),
            (
                r#"{"type":"whisper","seq":1,"time":"t","from":"bob","to":"eve","text":"hi","id":"a"}"#,
                r#"{"type":"whisper","seq":1,"time":"t","from":"bob","to":"deleted-2","text":"hi","id":"a"}"#,
            ),
            (
                r#"{"type":"joined","seq":1,"time":"t","username":"eve","name":"Eve N","group":"7b"}"#,
                r#"{"type":"joined","seq":1,"time":"t","username":"deleted-2"}"#,
            ),
            (
                r#"{"type":"message","seq":1,"time":"t","from":"bob","room":"r","removed":true,"by":"eve"}"#,
                r#"{"type":"message","seq":1,"time":"t","from":"bob","room":"r","removed":true,"by":"deleted-2"}"#,
            ),
            (
                r#"{"type":"topic","seq":1,"time":"t","from":"eve","room":"r","text":"hi"}"#,
                r#"{"type":"topic","seq":1,"time":"t","from":"deleted-2","room":"r","text":""}"#,
            ),
            (
                r#"{"type":"hand","seq":1,"time":"t","room":"r","username":"eve","up":true,"text":"hi"}"#,
                r#"{"type":"hand","seq":1,"time":"t","room":"r","username":"deleted-2","up":true}"#,
            ),
            (
                r#"{"type":"poll","seq":1,"time":"t","room":"r","from":"eve","poll":1,"question":"q","options":["a","b"]}"#,
                r#"{"type":"poll","seq":1,"time":"t","room":"r","from":"deleted-2","poll":1,"question":"","options":["",""]}"#,
            ),
            (
                r#"{"type":"asked","seq":2,"time":"t","room":"r","question":1,"from":"eve"}"#,
                r#"{"type":"asked","seq":2,"time":"t","room":"r","question":1,"from":"deleted-2"}"#,
            ),
            (
                r#"{"type":"called","seq":2,"time":"t","room":"r","username":"eve","from":"bob"}"#,
                r#"{"type":"called","seq":2,"time":"t","room":"r","username":"deleted-2","from":"bob"}"#,
            ),
            (
                r#"{"type":"split","seq":2,"time":"t","from":"eve","groups":2}"#,
                r#"{"type":"split","seq":2,"time":"t","from":"deleted-2","groups":2}"#,
            ),
            (
                r#"{"type":"gathered","seq":2,"time":"t","from":"eve","id":"a"}"#,
                r#"{"type":"gathered","seq":2,"time":"t","from":"deleted-2"}"#,
            ),
        ] {
            let given = without(&gone, line.as_bytes(), false).unwrap();
            assert_eq!(String::from_utf8_lossy(&given).trim_end(), anew);
            assert_eq!(without(&gone, &given, false), None, "once is enough");
        }
        let question = br#"{"type":"question","seq":1,"time":"t","room":"r","text":"hi"}"#;
        assert_eq!(without(&gone, question, false), None);
        let given = without(&gone, question, true).unwrap();
        assert_eq!(
            given,
            b"{\"type\":\"question\",\"seq\":1,\"time\":\"t\",\"room\":\"r\",\"removed\":true,\"by\":\"deleted-0\"}\n"
        );
        assert_eq!(without(&gone, &given, true), None, "once is enough");
        let others = br#"{"type":"message","seq":1,"time":"t","from":"bob","room":"eve","text":"\"eve\""}"#;
        assert_eq!(without(&gone, others, false), None, "a room's name, and what others say");
    }
}
