//! `--remember`: the next start needs no password.

use super::hidden_prompts::answer;
use super::screen::client;
use crate::harness::{DataDir, PASSWORD, Screen, Server, Terminal};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The client of somebody who is asked for the password, and remembers the login.
fn remembering(config: &Path, place: &str) -> Command {
    let mut command = client(config);
    command.args([place, "--user", "ada", "--remember"]).env_remove("HOMEROOM_PASSWORD");
    command
}

/// Starts it, and types the password.
#[track_caller]
fn log_in(command: &Command) -> Screen {
    let mut screen = Screen::start(command, (24, 80));
    answer(&mut screen, "password:", PASSWORD);
    screen.wait_for_end(&[">"]);
    screen
}

/// Starts it, and is in without a word.
#[track_caller]
fn come_back(command: &Command) -> Screen {
    let screen = Screen::start(command, (24, 80));
    screen.wait_for(|rows| rows.iter().any(|row| row.starts_with("* you are ada")));
    screen
}

/// Ctrl-D: whoever leaves so comes again.
#[track_caller]
fn leave(mut screen: Screen) {
    screen.press("\x04");
    assert_eq!(screen.finish(), Some(0));
}

#[test]
fn the_next_start_needs_no_password_until_the_logout() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    let command = remembering(config.path(), &server.join_link());
    leave(log_in(&command));
    for _ in 0..2 {
        leave(come_back(&command));
    }
    let file = config.path().join("tokens");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!fs::read_to_string(&file).unwrap().contains(PASSWORD));
    let copy = fs::read(&file).unwrap();
    let mut screen = come_back(&command);
    screen.press("/logout\r");
    assert_eq!(screen.finish(), Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), "", "it is forgotten here");
    fs::write(&file, copy).unwrap();
    let mut screen = Screen::start(&command, (24, 80));
    screen.wait_for(|rows| rows.iter().any(|row| row == "! the login that was remembered has ended"));
    answer(&mut screen, "password:", PASSWORD);
    screen.wait_for_end(&[">"]);
    leave(screen);
}

/// Whoever types what other chats have for it is told of the way that keeps the login.
#[test]
fn quit_leaves_the_login() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    let command = remembering(config.path(), &server.join_link());
    let mut screen = log_in(&command);
    screen.press("/exit\r");
    screen.wait_for(|rows| rows.iter().any(|row| row.contains("/quit leaves")));
    screen.press("/quit\r");
    assert_eq!(screen.finish(), Some(0));
    leave(come_back(&command));
}

/// What isn't known can't be found in a line: then whatever looks like a password is asked about.
#[test]
fn ones_own_password_is_not_said_where_it_was_not_typed() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let config = TempDir::new().unwrap();
    let command = remembering(config.path(), &server.join_link());
    leave(log_in(&command));
    let mut screen = come_back(&command);
    screen.wait_for_end(&[">"]);
    for line in ["old-pass-7", "/msg bob old-pass-7"] {
        screen.press(&format!("{line}\r"));
        screen.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
        screen.press("n\r");
        screen.wait_for_end(&["! it was not said", ">"]);
    }
    screen.press("last\r");
    let heard = bob.until_text("last");
    assert!(!format!("{heard:?}").contains("old-pass-7"), "{heard:?}");
    leave(screen);
}

#[test]
fn without_the_option_nothing_is_kept_or_used() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    let command = remembering(config.path(), &server.join_link());
    leave(log_in(&command));
    let before = fs::read(config.path().join("tokens")).unwrap();
    let mut plain = client(config.path());
    plain.args([&server.join_link(), "--user", "ada"]).env_remove("HOMEROOM_PASSWORD");
    leave(log_in(&plain));
    assert_eq!(fs::read(config.path().join("tokens")).unwrap(), before);
}

#[test]
fn another_server_at_the_same_place_gets_no_token() {
    let server = Server::with_users(&["ada"]);
    let (config, address) = (TempDir::new().unwrap(), server.address());
    leave(log_in(&remembering(config.path(), &server.join_link())));
    drop(server);
    let other = DataDir::with_users(&["ada"]).server().listen(address).start();
    let pin = other.fingerprint();
    let mut command = remembering(config.path(), &address.to_string());
    command.args(["--fingerprint", &pin]);
    // It asks: what was remembered is another's, and not shown to this one.
    let screen = log_in(&command);
    leave(screen);
}

#[test]
fn a_pipes_first_line_stays_the_password() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let config = TempDir::new().unwrap();
    leave(log_in(&remembering(config.path(), &server.join_link())));
    bob.event("left", "ada");
    let mut command = Terminal::command(config.path());
    command.args([&server.join_link(), "--user", "ada", "--remember"]);
    let mut ada = Terminal::spawn(&mut command, TempDir::new().unwrap());
    ada.type_line(PASSWORD);
    ada.type_line("hello");
    assert_eq!(bob.event("message", "ada")["text"], "hello");
}

#[test]
fn who_must_still_choose_a_password_is_asked_for_the_old_one() {
    let server = Server::with_users(&[]);
    let made = server.admin().ask(json!({"type": "add_user", "username": "ada"}));
    let config = TempDir::new().unwrap();
    let command = remembering(config.path(), &server.join_link());
    for _ in 0..2 {
        let mut screen = Screen::start(&command, (24, 80));
        answer(&mut screen, "password:", made["password"].as_str().unwrap());
        screen.wait_for_hidden_prompt("new password:");
        screen.press("\x04");
        screen.finish();
    }
}
