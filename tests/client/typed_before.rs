//! The lines that were typed before, and what of them is written down.

use super::screen::{Person, client, is_said};
use crate::harness::{PASSWORD, Screen, Server};

#[test]
fn earlier_lines_come_back_also_the_next_time() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Person::join(&server, "ada");
    for line in ["first things", "second thoughts"] {
        ada.screen.press(&format!("{line}\r"));
        ada.screen.wait_for(
            |rows| matches!(rows, [.., said, prompt] if is_said(said, &format!("ada: {line}")) && prompt == ">"),
        );
    }
    ada.screen.press("\x1b[A");
    ada.screen.wait_for_end(&["> second thoughts"]);
    ada.screen.press("\x03\x04");
    assert_eq!(ada.screen.finish(), Some(0));

    let mut command = client(ada.config.path());
    let screen = &mut Screen::start(command.args([&server.join_link(), "--user", "ada"]), (24, 60));
    screen.wait_for_end(&[">"]);
    screen.press("\x12first");
    screen.wait_for_end(&["(reverse-i-search)`first': first things"]);
    screen.press("\r");
    screen.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "ada: first things") && prompt == ">"));
}

#[test]
fn no_password_and_no_whisper_is_written_down() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut root = Person::join(&server, "root");
    let secret = "a secret of seven seas";
    for line in [
        format!("/passwd {PASSWORD} {secret}"),
        format!("/passwrd {PASSWORD} {secret}"),
        format!(" /passwd {PASSWORD} {secret}"),
        format!("/adduser eve {secret}"),
        "/msg bob psst".into(),
        "hello".into(),
    ] {
        root.screen.press(&format!("{line}\r"));
        // What is typed ahead of a question is put aside.
        if line.starts_with(' ') {
            root.screen.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
            root.screen.press("n\r");
        }
    }
    root.screen.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "root: hello") && prompt == ">"));
    root.screen.press("\x04");
    root.screen.finish();
    assert_eq!(root.history(), "hello\n");
    use std::os::unix::fs::MetadataExt;
    assert_eq!(std::fs::metadata(root.config.path().join("history")).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_password_typed_as_a_message_is_not_written_down() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("/passwd wrong Tr0ub4dor&3\r");
    ada.screen.wait_for(|rows| matches!(rows, [.., refused, prompt] if refused.starts_with("! ") && prompt == ">"));
    ada.screen.press("Tr0ub4dor&3\r");
    ada.screen.wait_for(|rows| rows.iter().any(|row| row.contains("[y/N]")));
    ada.screen.press("n\r");
    ada.screen.wait_for_end(&["! it was not said", ">"]);
    ada.screen.press("\x04");
    ada.screen.finish();
    assert!(!ada.history().contains("Tr0ub4dor"), "{}", ada.history());
}
