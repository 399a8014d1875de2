//! At a person's terminal: passwords are asked for, and not shown.

use super::screen::{Person, client, is_said, say};
use crate::harness::{PASSWORD, Screen, Server};
use serde_json::json;
use tempfile::TempDir;

/// Types what isn't shown, once it's asked for.
#[track_caller]
pub(super) fn answer(screen: &mut Screen, prompt: &str, text: &str) {
    screen.wait_for_hidden_prompt(prompt);
    screen.press(&format!("{text}\r"));
}

#[test]
fn passwords_are_asked_for_without_being_shown() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("/passwd\r");
    let new = "a new password of mine";
    for (prompt, text) in [("old password:", PASSWORD), ("new password:", new), ("new password once more:", new)] {
        ada.screen.wait_for_end(&[prompt]);
        // What comes meanwhile doesn't break up the prompt, nor lose its way.
        say(&mut bob, prompt);
        answer(&mut ada.screen, prompt, text);
    }
    let rows = ada.screen.wait_for(|rows| {
        rows.iter().any(|row| row == "* your password is changed") && rows.last().is_some_and(|row| row == ">")
    });
    assert_eq!(
        rows.iter().filter(|row| row.contains(": ") && row.contains("password") && is_said(row, &row[6..])).count(),
        3,
        "{rows:?}"
    );
    let bytes = String::from_utf8(ada.screen.bytes()).unwrap();
    assert!(!bytes.contains(PASSWORD) && !bytes.contains(new));
}

#[test]
fn nobody_is_asked_for_a_new_password_for_ever() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("/passwd\r");
    answer(&mut ada.screen, "old password:", PASSWORD);
    // What makes a good one is told before it's typed.
    ada.screen.wait_for(|rows| matches!(rows, [.., rule, _, prompt] if rule.starts_with("* a password has 8 to 256") && prompt == "new password:"));
    answer(&mut ada.screen, "new password:", "/quit");
    ada.screen.wait_for_end(&["! that is a command, not a password: Ctrl-D gives up", "new password:"]);
    for _ in 1..10 {
        answer(&mut ada.screen, "new password:", "");
    }
    ada.screen.wait_for_end(&["! no new password after 10 tries: the old one stays", ">"]);
    drop(server.login("ada"));
}

#[test]
fn who_must_choose_a_password_and_does_not_can_come_back_for_it() {
    let server = Server::with_users(&[]);
    let made = server.admin().ask(json!({"type": "add_user", "username": "eve"}));
    let config = TempDir::new().unwrap();
    let mut command = client(config.path());
    command.args([&server.join_link(), "--user", "eve"]).env_remove("HOMEROOM_PASSWORD");
    let mut screen = Screen::start(&command, (40, 70));
    answer(&mut screen, "password:", made["password"].as_str().unwrap());
    screen.wait_for_hidden_prompt("new password:");
    screen.press("\x04");
    screen.wait_for(|rows| rows.iter().any(|row| row == "! no password was chosen: log in again to choose one"));
    screen.finish();
    for _ in 0..2 {
        let mut screen = Screen::start(&command, (40, 70));
        answer(&mut screen, "password:", made["password"].as_str().unwrap());
        for _ in 0..10 {
            answer(&mut screen, "new password:", "");
        }
        let told = "! no new password after 10 tries: log in again to choose one";
        screen.wait_for(|rows| rows.iter().any(|row| row == told));
        screen.finish();
    }
}

#[test]
fn a_one_time_password_is_changed_before_lines_are_edited() {
    let server = Server::with_users(&["ada"]);
    let mut root = server.admin();
    let made = root.ask(json!({"type": "add_user", "username": "eve"}));
    let config = TempDir::new().unwrap();
    let mut command = client(config.path());
    command.args([&server.join_link(), "--user", "eve"]).env_remove("HOMEROOM_PASSWORD");
    let mut screen = Screen::start(&command, (24, 70));
    // One Enter too many doesn't turn the answers round.
    answer(&mut screen, "password:", &format!("{}\r", made["password"].as_str().unwrap()));
    let told = "! this password was for one login: choose your own now";
    let rule = "* a password has 8 to 256 characters; it is neither your name nor one";
    screen.wait_for(|rows| rows.windows(2).any(|rows| rows == [told, rule]));
    screen.wait_for_end(&["new password:", "! nothing was typed: a password is needed", "new password:"]);
    answer(&mut screen, "new password:", "one of mine");
    answer(&mut screen, "new password once more:", "another one");
    screen.wait_for_end(&["! the two are not the same", "new password:"]);
    answer(&mut screen, "new password:", "eve");
    answer(&mut screen, "new password once more:", "eve");
    // It says why it asks again.
    screen.wait_for(|rows| matches!(rows, [.., why, prompt] if why.starts_with("! ") && prompt == "new password:"));
    let good = "a much better one";
    answer(&mut screen, "new password:", good);
    answer(&mut screen, "new password once more:", good);
    screen.wait_for(|rows| rows.iter().any(|row| row == "* your password is changed"));
    screen.press("hello\r");
    assert_eq!(root.event("message", "eve")["text"], "hello");
}
