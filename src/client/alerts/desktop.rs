//! A word on the desktop, through the terminal: OSC 9 as iTerm2, kitty, WezTerm, foot, Ghostty and ConEmu know it, or
//! OSC 777 as urxvt and VTE do. So it works over SSH too, and needs no library of any system's own.

use crate::client::terminal::attention;
use crate::protocol::ServerMessage;
use crate::sanitize;
use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

/// What fits a notice on any desktop.
const NOTICE_CHARS_MAX: usize = 200;

/// How a terminal is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Dialect {
    Osc9,
    Osc777,
}

/// Tells of a whisper or a mention, where the terminal has said that it isn't in front: such a terminal is a modern one,
/// and takes what it doesn't know for nothing.
pub(super) fn tell(message: &ServerMessage<'_>) {
    if attention::is_in_front() != Some(false) || !io::stderr().is_terminal() {
        return;
    }
    if let Some(notice) = notice(message, Dialect::of_environment()) {
        // One write, so that nothing comes between. Nobody is left to be told that it failed.
        let _ = io::stderr().write_all(notice.as_bytes());
    }
}

impl Dialect {
    fn of_environment() -> Self {
        let urxvt = std::env::var("TERM").is_ok_and(|term| term.starts_with("rxvt"));
        if urxvt || std::env::var_os("VTE_VERSION").is_some() { Self::Osc777 } else { Self::Osc9 }
    }
}

/// What makes a terminal tell.
fn notice(message: &ServerMessage<'_>, dialect: Dialect) -> Option<String> {
    let (title, text) = match message {
        ServerMessage::Whisper { from, text, .. } => (format!("{} whispers", sanitize::line(from)), text),
        ServerMessage::Message { from, text, .. } => (sanitize::line(from).into_owned(), text),
        ServerMessage::Announcement { from, text, .. } => (format!("{} to all", sanitize::line(from)), text),
        ServerMessage::Called { from, .. } => (sanitize::line(from).into_owned(), &Cow::Borrowed("it is your turn")),
        _ => return None,
    };
    let text: String = sanitize::line(text).chars().take(NOTICE_CHARS_MAX).collect();
    Some(match dialect {
        Dialect::Osc9 => format!("\x1b]9;{title}: {text}\x1b\\"),
        // Here a semicolon ends the title.
        Dialect::Osc777 => format!("\x1b]777;notify;{};{text}\x1b\\", title.replace(';', ",")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_and_short() {
        let whisper = |text: &str| {
            let json =
                serde_json::json!({"type": "whisper", "seq": 1, "time": "t", "from": "bob", "to": "ada", "text": text});
            let json = json.to_string();
            let message: ServerMessage<'_> = serde_json::from_str(&json).unwrap();
            notice(&message, Dialect::Osc9).unwrap()
        };
        assert_eq!(whisper("psst"), "\x1b]9;bob whispers: psst\x1b\\");
        assert_eq!(whisper("a\x07\x1b\\b\u{9c}").matches(|c: char| c.is_control()).count(), 2, "its own two alone");
        assert!(whisper(&"x".repeat(4000)).chars().count() < 240);
        for kind in ["whisper", "message"] {
            let json = serde_json::json!({"type": kind, "seq": 1, "time": "t", "from": "b\x07\x1b\\ob", "to": "ada",
                "room": "general", "text": "hi"});
            let json = json.to_string();
            let notice = notice(&serde_json::from_str(&json).unwrap(), Dialect::Osc9).unwrap();
            assert_eq!(notice.matches(|c: char| c.is_control()).count(), 2, "{kind}: {notice:?}");
        }
        let json = r#"{"type":"message","seq":1,"time":"t","from":"bob","room":"general","text":"ada; hi"}"#;
        let notice = notice(&serde_json::from_str(json).unwrap(), Dialect::Osc777);
        assert_eq!(notice.unwrap(), "\x1b]777;notify;bob;ada; hi\x1b\\");
    }
}
