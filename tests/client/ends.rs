//! How it ends, and with which exit status.

use super::seen;
use crate::harness::{FakeServer, PASSWORD, Server, Terminal};
use serde_json::json;
use std::io::Write;
use std::net::TcpListener;
use std::thread;

#[test]
fn a_wrong_command_line_is_exit_status_2() {
    let fingerprint = format!("sha256:{}", "0".repeat(64));
    for args in [
        &[][..],
        &["--frobnicate", "localhost"],
        &["http://localhost"],
        &["localhost:0"],
        &["localhost:http"],
        &["localhost", "--user", "no body"],
        &["localhost", "--fingerprint", "sha256:12"],
        &["homeroom://localhost#sha256:12"],
        &[
            "homeroom://localhost#sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "--fingerprint",
            &fingerprint,
        ],
    ] {
        let finished = Terminal::start(args, Some(PASSWORD)).finish();
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert!(!finished.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn a_refused_login_is_exit_status_3() {
    let server = Server::with_users(&["ada"]);
    for (name, password) in [("ada", "six green bottles"), ("nobody", PASSWORD), ("ada", "")] {
        let finished = Terminal::start(&[&server.join_link(), "--user", name], Some(password)).script(&["hello"]);
        finished.failed_with(3);
        assert!(!seen(&finished).contains("bottles"), "{finished:?}");
    }
}

#[test]
fn nobody_there_is_exit_status_1() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let finished = Terminal::start(&[&address.to_string(), "--user", "ada"], Some(PASSWORD)).finish();
    assert!(finished.failed_with(1).contains(&address.to_string()), "{finished:?}");
}

#[test]
fn what_speaks_no_tls_is_exit_status_1() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for socket in listener.incoming() {
            // The client may be gone.
            let _ = socket.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let args = [&address, "--user", "ada", "--fingerprint", &format!("sha256:{}", "0".repeat(64))];
    Terminal::start(&args, Some(PASSWORD)).finish().failed_with(1);
}

#[test]
fn a_server_that_is_gone_is_exit_status_1() {
    let mut server = Server::with_users(&["ada"]);
    let mut ada = Terminal::start(&[&server.join_link(), "--user", "ada", "--no-reconnect"], Some(PASSWORD));
    ada.type_line("hello");
    ada.stdout.wait_for("hello");
    server.kill();
    // Nobody types anything.
    ada.wait().failed_with(1);
}

#[test]
fn a_server_that_says_goodbye_is_exit_status_1() {
    let mut server = Server::with_users(&["ada", "bob"]);
    let mut sessions = ["ada", "bob"].map(|name| {
        let args = [&server.join_link(), "--user", name, "--no-reconnect"];
        Terminal::start(&args, Some(PASSWORD))
    });
    for terminal in &mut sessions {
        terminal.type_line("hello");
        terminal.stdout.wait_for("hello");
    }
    let [mut ada, mut bob] = sessions;
    let mut admin = server.admin();
    admin.ask(json!({"type": "logout_user", "username": "ada"}));
    let removed = ada.wait();
    removed.failed_with(1);
    admin.send(&json!({"type": "shutdown"}));
    let shut_down = bob.wait();
    assert_ne!(shut_down.failed_with(1), removed.stderr, "the reason is said");
    assert_eq!(server.wait(), Some(0));
}

/// What was typed and never answered is not passed over in silence.
#[test]
fn a_server_that_takes_a_message_and_dies_is_exit_status_1() {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(|guest| guest.read());
    let ada = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD));
    let finished = ada.script(&["is anybody there?", "/logout"]);
    assert!(finished.failed_with(1).contains("one line that was typed was not confirmed"), "{finished:?}");
    assert_eq!(host.join().unwrap()["text"], "is anybody there?");
}
