//! A word on the desktop, through the terminal.

use crate::harness::{PASSWORD, Server, Terminal};
use serde_json::json;
use tempfile::TempDir;

/// What xterm and its like send when they come to the front, and when they no longer are.
const FOCUS_IN: &str = "\x1b[I";
const FOCUS_OUT: &str = "\x1b[O";

#[test]
fn whispers_and_mentions_are_told_while_the_terminal_is_not_in_front() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let server = Server::with_users(&["ada", "bob"]);
    let folder = TempDir::new().unwrap();
    let client = env!("CARGO_BIN_EXE_homeroom-client");
    let line = format!("'{client}' --no-sound --user ada '{}'", server.join_link());
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &line, "/dev/null"]).env("HOMEROOM_CONFIG_DIR", folder.path()).env("TERM", "xterm");
    let mut ada = Terminal::of(script.env("HOMEROOM_PASSWORD", PASSWORD).env_remove("VTE_VERSION"));
    ada.stdout.wait_for("online");
    let mut bob = server.login("bob");
    let mut whisper = |text: &str| drop(bob.ask(json!({"type": "whisper", "to": "ada", "text": text})));
    ada.type_keys(FOCUS_IN);
    whisper("one");
    ada.stdout.wait_for("one");
    ada.type_keys(FOCUS_OUT);
    // What is typed is read in order: once this is answered, the focus was.
    ada.type_line("/whois bob");
    ada.stdout.wait_for("bob is a user");
    whisper("two\u{1b}\\");
    let shown = ada.stdout.wait_for("\x1b]9;bob whispers: two\u{241b}\\\x1b\\");
    assert!(!shown.contains("]9;bob whispers: one"), "it was in front: {shown:?}");
    bob.say("and aloud");
    bob.say("hello ada");
    let shown = ada.stdout.wait_for("\x1b]9;bob: hello ada\x1b\\");
    assert!(!shown.contains("]9;bob: and aloud"), "nobody was meant: {shown:?}");
    ada.type_line("/set no-notify on");
    ada.stdout.wait_for("no-notify = true");
    bob.say("ada?");
    bob.say("the last one");
    let shown = ada.stdout.wait_for("the last one");
    assert!(!shown.contains("]9;bob: ada?"), "it's off: {shown:?}");
}
