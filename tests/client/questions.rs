//! What counts as the answer to a question, and what becomes of the rest.

use super::screen::client;
use crate::harness::{PASSWORD, Screen, Server, Terminal};
use serde_json::json;
use tempfile::TempDir;

/// A paste whose marks the terminal doesn't send, and keys typed before the question.
#[test]
fn what_was_typed_before_a_question_is_no_answer_to_it() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let config = TempDir::new().unwrap();
    let mut ada = Screen::start(client(config.path()).args([&server.join_link(), "--user", "ada"]), (24, 100));
    ada.wait_for_end(&[">"]);
    ada.press("passwd old S3cret\ry\r");
    ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
    ada.press("n\r");
    ada.wait_for_end(&["! it was not said", "> y"]);
    ada.press("es, that was early\r");
    let heard = bob.until_text("yes, that was early");
    assert!(!format!("{heard:?}").contains("S3cret"), "{heard:?}");
}

/// Sooner than anybody can have read the question: a serial line, a script that types.
#[test]
fn what_comes_at_once_is_no_answer_to_a_question() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let config = TempDir::new().unwrap();
    let mut ada = Screen::start(client(config.path()).args([&server.join_link(), "--user", "ada"]), (24, 100));
    ada.wait_for_end(&[">"]);
    ada.press("passwd old-pass-7 new-pass-9\r");
    ada.wait_for(|rows| rows.iter().any(|row| row.ends_with("say it to everyone?")));
    ada.press("y\r");
    // It takes answers now, and has none.
    ada.wait_for_end(&["[y/N]"]);
    ada.press("\r");
    ada.wait_for_end(&["! it was not said", "> y"]);
    ada.press(", that was early\r");
    let heard = bob.until_text("y, that was early");
    assert!(!format!("{heard:?}").contains("old-pass-7"), "{heard:?}");
}

#[test]
fn what_is_no_answer_is_neither_said_nor_lost_and_no_answer_is_remembered() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let config = TempDir::new().unwrap();
    let mut ada = Screen::start(client(config.path()).args([&server.join_link(), "--user", "ada"]), (24, 100));
    ada.wait_for_end(&[">"]);
    ada.press("/me passwd old S3cret\r");
    ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
    ada.press("what do you want?\r");
    ada.wait_for(|rows| rows.iter().any(|row| row.contains("that is no answer, and was not said")));
    ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
    ada.press("no\r");
    ada.wait_for_end(&["! it was not said", "> what do you want?"]);
    ada.press(" last\r");
    let heard = bob.until_text("what do you want? last");
    let texts: Vec<_> = heard.iter().filter(|line| line["type"] == "message").map(|line| &line["text"]).collect();
    assert_eq!(texts, ["what do you want? last"]);
    ada.press("passwd is a program of Unix\r");
    ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
    ada.press("yes\r");
    bob.until_text("passwd is a program of Unix");
    let history = std::fs::read_to_string(config.path().join("history")).unwrap();
    assert_eq!(history, "what do you want? last\n", "neither answers nor doubtful lines");
}

/// Where no line is edited yet: whether to trust a server is no matter of what was typed before.
#[test]
#[cfg(target_os = "linux")]
fn trust_is_not_given_ahead() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    let mut ada = Terminal::at_a_terminal(config.path(), &[&server.address().to_string(), "--user", "ada"], PASSWORD);
    ada.type_line("y");
    ada.stdout.wait_for("trust this server?");
    ada.type_line("y");
    ada.stdout.wait_for("[y/N]");
    ada.type_line("perhaps");
    ada.stdout.wait_for_the(2, "[y/N]");
    ada.type_line("n");
    assert_eq!(ada.wait().code, Some(4));
}

/// What can't be undone is asked about at a terminal; a pipe means it.
#[test]
fn to_erase_somebody_takes_a_yes() {
    let server = Server::with_users(&["eve", "bob"]);
    let config = TempDir::new().unwrap();
    let mut root = Screen::start(client(config.path()).args([&server.join_link(), "--user", "root"]), (24, 100));
    root.wait_for_end(&[">"]);
    for (answer, ends) in [("n\r", "! nothing was erased"), ("y\r", "* eve is erased")] {
        root.press("/erase eve\r");
        root.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
        root.press(answer);
        root.wait_for_end(&[ends, ">"]);
        let is_there = server.data().users_json()["users"]["eve"].is_object();
        assert_eq!(is_there, answer == "n\r", "{answer}");
    }
    let piped = Terminal::join(&server, "root").script(&["/erase bob"]);
    let shown = piped.succeeded();
    assert!(
        shown.contains("* nothing that bob said is kept any more; what else happened is deleted-2's now\n"),
        "{shown}"
    );
    assert!(server.data().users_json()["users"]["bob"].is_null());
}

/// What is refused in any case is refused at once.
#[test]
fn nothing_is_asked_about_what_is_refused_anyway() {
    let server = Server::with_users(&["eve", "noether"]);
    assert_eq!(server.admin().ask(json!({"type": "promote", "username": "noether", "role": "teacher"}))["ok"], true);
    for (who, line, told) in [
        ("noether", "/erase eve\r", "! only administrators may do that"),
        ("root", "/erase Root\r", "! nobody erases the account that they use"),
        ("eve", "/all passwd old S3cret\r", "! only teachers and administrators may do that"),
    ] {
        let config = TempDir::new().unwrap();
        let mut screen = Screen::start(client(config.path()).args([&server.join_link(), "--user", who]), (24, 140));
        screen.wait_for_end(&[">"]);
        screen.press(line);
        screen
            .wait_for(|rows| rows.iter().any(|row| row.starts_with("! ")) && rows.last().is_some_and(|row| row == ">"));
        let shown = screen.rows().join("\n");
        assert!(shown.contains(told) && !shown.contains("[y/N]") && !shown.contains("erase?"), "{who}: {shown}");
    }
    assert!(server.data().users_json()["users"]["eve"].is_object());
}
