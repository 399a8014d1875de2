//! What fits into a line.

use super::*;
use crate::protocol::{EVENT_BYTES_MAX, ID_BYTES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX, TEXT_CHARS_MAX};

#[test]
fn the_longest_text_fits_a_line_and_the_reply_to_a_history() {
    let (text, name, id) = ("\u{1F600}".repeat(TEXT_CHARS_MAX), "z".repeat(NAME_BYTES_MAX), "~".repeat(ID_BYTES_MAX));
    let seq = (1 << 53) - 1;
    let time = || "2026-11-23T12:00:00.123Z".into();
    let (from, text, id) = (|| Cow::Borrowed(&*name), || Cow::Borrowed(&*text), || Some(Cow::Borrowed(&*id)));
    let message = ServerMessage::Message {
        seq,
        time: time(),
        from: from(),
        room: from(),
        text: text(),
        action: true,
        format: None,
        lang: None,
        removed: false,
        id: id(),
    };
    let whisper = ServerMessage::Whisper {
        seq,
        time: time(),
        from: from(),
        to: from(),
        text: text(),
        id: id(),
        format: None,
        lang: None,
        removed: false,
        away: true,
    };
    for event in [message, whisper] {
        assert!(event.encode().len() <= EVENT_BYTES_MAX, "{}", event.encode().len());
        let reply = Reply { id: id(), ok: true, more: 199, events: Some(vec![event]), ..Reply::default() };
        assert!(ServerMessage::Reply(reply).encode().len() <= LINE_BYTES_MAX);
    }
    let longest = Reply { id: id(), ok: true, more: 199, events: Some(Vec::new()), ..Reply::default() };
    let frame = ServerMessage::Reply(longest).encode().len();
    assert_eq!(frame + EVENT_BYTES_MAX - 1, LINE_BYTES_MAX, "an event's end is not in the reply, the reply's is");
}
