//! What was typed into the wrong place is not said.

use crate::harness::{PASSWORD, Server, Terminal};
use tempfile::TempDir;

#[test]
fn a_password_behind_a_change_that_failed_is_not_said() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let lines = ["Tr0ub4dor&3", "/passwd wrong-one Tr0ub4dor&3x", "Tr0ub4dor&3x", "never mind"];
    let finished = Terminal::join(&server, "ada").script(&lines);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(
        finished.stderr.contains("looks like a password") && finished.stderr.contains("was not said"),
        "{finished:?}"
    );
    let heard = bob.until_text("never mind");
    assert!(heard.iter().any(|line| line["text"] == "Tr0ub4dor&3"), "before there was no reason for a doubt");
    assert!(heard.iter().all(|line| line["text"] != "Tr0ub4dor&3x"), "{heard:?}");
}

#[test]
fn a_command_behind_blanks_is_not_said_from_a_pipe() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let lines = [" /msg bob a secret", "\t/frobnicate", "  // a comment", "last"];
    let finished = Terminal::join(&server, "ada").script(&lines);
    assert_eq!(finished.stderr.matches("it was not said").count(), 2, "{finished:?}");
    let heard = bob.until_text("last");
    let texts: Vec<_> = heard.iter().filter(|line| line["type"] == "message").map(|line| &line["text"]).collect();
    assert_eq!(texts, ["  // a comment", "last"]);
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_a_person_is_asked() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let folder = TempDir::new().unwrap();
    let mut ada = Terminal::at_a_terminal(folder.path(), &[&server.join_link(), "--user", "ada"], PASSWORD);
    ada.stdout.wait_for("online");
    ada.type_line(" /msg bob a secret");
    ada.stdout.wait_for("say it to everyone? [y/N]");
    ada.type_line("n");
    ada.stdout.wait_for("it was not said");
    ada.type_line(" /etc/hosts is a file");
    ada.stdout.wait_for("`/etc/hosts is a file` has blanks before it, so it is no command: say it");
    ada.type_line("y");
    let heard = bob.until_text(" /etc/hosts is a file");
    assert!(!format!("{heard:?}").contains("a secret"), "{heard:?}");
    ada.type_line("/logout");
    assert_eq!(ada.wait().code, Some(0));
}
