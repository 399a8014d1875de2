//! What is in a line of the server's.

use crate::protocol::{ServerMessage, Welcome};
use serde_json::{Value, json};

/// Who said something; nobody where it isn't said.
pub(super) fn speaker<'a>(event: &'a ServerMessage<'_>) -> &'a str {
    match event {
        ServerMessage::Message { from, .. }
        | ServerMessage::Whisper { from, .. }
        | ServerMessage::Topic { from, .. } => from,
        _ => "",
    }
}

/// What was said; None for an event of another kind. It's empty once it was taken back.
pub(super) fn said_text<'a>(event: &'a ServerMessage<'_>) -> Option<&'a str> {
    match event {
        ServerMessage::Message { text, .. }
        | ServerMessage::Whisper { text, .. }
        | ServerMessage::Announcement { text, .. }
        | ServerMessage::Question { text, .. } => Some(text),
        _ => None,
    }
}

/// The welcome as a line of the wire, without the token: with that, whoever reads the output could log in.
pub(super) fn for_programs(welcome: &Welcome<'_>) -> String {
    let mut line = json!({"type": "welcome"});
    let fields = serde_json::to_value(welcome).ok();
    if let (Some(line), Some(Value::Object(fields))) = (line.as_object_mut(), fields) {
        line.extend(fields.into_iter().filter(|(name, _)| name != "token"));
    }
    line.to_string()
}

/// A reply as it came, without the password in it.
pub(super) fn without_password(line: &[u8]) -> String {
    let mut fields: Value = serde_json::from_slice(line).unwrap_or_default();
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("password");
    }
    fields.to_string()
}
