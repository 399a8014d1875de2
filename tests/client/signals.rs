//! SIGTERM and SIGHUP end the client wherever it waits for somebody; Ctrl-C does where that is meant.

use super::hidden_prompts::answer;
use super::screen::{Person, client};
use crate::harness::{FakeServer, PASSWORD, Screen, Server};
use serde_json::json;
use std::process::Command;
use std::sync::mpsc::channel;
use tempfile::TempDir;

/// Both end it, and leave the terminal as it was. What it had come to is made anew for each by `wait`.
#[track_caller]
fn ends(status: Option<i32>, wait: impl Fn() -> Screen) {
    for signal in ["-TERM", "-HUP"] {
        let mut screen = wait();
        let sent = Command::new("kill").args([signal, &screen.pid().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(screen.finish(), status, "{signal}: {:?}", screen.rows());
        screen.wait_for_echo(true);
    }
}

/// The client that must ask for this, of a server that is there.
fn asking(arguments: &[&str], password: bool) -> Screen {
    let config = TempDir::new().unwrap();
    let mut command = client(config.path());
    command.args(arguments);
    if !password {
        command.env_remove("HOMEROOM_PASSWORD");
    }
    Screen::start(&command, (24, 70))
}

#[test]
fn at_each_prompt_before_there_is_a_session() {
    let server = Server::with_users(&["ada"]);
    let link = server.join_link();
    ends(Some(130), || {
        let screen = asking(&[&link, "--user", "ada"], false);
        screen.wait_for_hidden_prompt("password:");
        screen
    });
    ends(Some(130), || {
        let screen = asking(&[&link], true);
        screen.wait_for_end(&["name:"]);
        screen
    });
    let (address, _) = link.split_once('#').unwrap();
    ends(Some(130), || {
        let screen = asking(&[address, "--user", "ada"], true);
        screen.wait_for_end(&["trust this server? [y/N]"]);
        screen
    });
}

#[test]
fn while_a_server_is_silent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    ends(Some(130), || {
        let screen = asking(&[&address, "--user", "ada"], true);
        // It has connected, and waits for the handshake.
        std::mem::forget(listener.accept().unwrap());
        screen
    });
    ends(Some(130), || {
        let server = FakeServer::new();
        let (link, (came, comes)) = (server.join_link(), channel());
        server.meet(move |guest| {
            came.send(()).unwrap();
            guest.rest()
        });
        let screen = asking(&[&link, "--user", "ada"], true);
        comes.recv().unwrap();
        screen
    });
}

#[test]
fn at_a_hidden_prompt_of_a_session() {
    let server = Server::with_users(&["ada"]);
    ends(Some(0), || {
        let mut ada = Person::join(&server, "ada");
        ada.screen.press("/passwd\r");
        answer(&mut ada.screen, "old password:", PASSWORD);
        ada.screen.wait_for_hidden_prompt("new password:");
        ada.screen
    });
    let made = server.admin().ask(json!({"type": "add_user", "username": "eve"}));
    ends(Some(0), || {
        let mut screen = asking(&[&server.join_link(), "--user", "eve"], false);
        answer(&mut screen, "password:", made["password"].as_str().unwrap());
        screen.wait_for_hidden_prompt("new password:");
        screen
    });
}

#[test]
fn control_c_in_an_earlier_line_does_not_count() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Person::join(&server, "ada");
    let warning = "! Ctrl-C once more, or Ctrl-D, leaves";
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&[warning, ">"]);
    // Another line is begun, and cleared: that says nothing of leaving.
    ada.screen.press("never mind");
    ada.screen.wait_for_end(&["> never mind"]);
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&[warning, ">"]);
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&[warning, warning, ">"]);
    ada.screen.press("\x03");
    assert_eq!(ada.screen.finish(), Some(0));
}
