//! The first minutes: what goes wrong says what happened, why it probably did, and what to do next.

use crate::harness::{ADMIN, FakeServer, Finished, PASSWORD, Server, Terminal, assert_reply, run};
use serde_json::json;
use std::net::TcpListener;
use std::thread;
use tempfile::TempDir;

/// What the client says when it joins there.
#[track_caller]
fn joining(server: &str, password: &str) -> Finished {
    Terminal::start(&[server, "--user", "ada"], Some(password)).finish()
}

#[track_caller]
fn assert_says(finished: &Finished, code: i32, words: &[&str]) {
    let said = finished.failed_with(code);
    for words in words {
        assert!(said.contains(words), "no {words:?} in: {said}");
    }
}

#[test]
fn nothing_listens() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let words = [&*address, "nothing listens on this port", "homeroom-client HOST:PORT"];
    assert_says(&joining(&address, PASSWORD), 1, &words);
}

#[test]
fn another_program_listens() {
    for answer in [&b"SSH-2.0-OpenSSH_9.2p1\r\n"[..], b""] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for socket in listener.incoming() {
                // The client may be gone.
                let _ = std::io::Write::write_all(&mut socket.unwrap(), answer);
            }
        });
        let finished = joining(&address, PASSWORD);
        assert_says(&finished, 1, &["another program listens on this port", "7667 unless the server printed another"]);
    }
}

#[test]
fn the_login_is_refused() {
    let server = Server::with_users(&["ada"]);
    assert_says(&joining(&server.join_link(), "six"), 3, &["wrong username or password", "/resetpassword"]);
    assert_reply(&server.admin().ask(json!({"type": "ban", "username": "ada"})));
    assert_says(&joining(&server.join_link(), PASSWORD), 3, &["banned", "/unban"]);
}

#[test]
fn the_server_is_another_version() {
    let fake = FakeServer::new();
    let link = fake.join_link();
    let answer = json!({"type": "error", "code": "unsupported_protocol", "message": "this server speaks protocol 2"});
    let server = fake.refuse(answer);
    assert_says(&joining(&link, PASSWORD), 3, &["speaks protocol 2", "one of them is too old", "--version"]);
    server.join().unwrap();
}

#[test]
fn the_certificate_ran_out_or_the_clock_is_wrong() {
    let fake = FakeServer::of_another_time();
    let address = fake.address().to_string();
    let recorder = fake.record();
    let finished = joining(&address, PASSWORD);
    assert_says(&finished, 4, &["ran out on 2001-02-03", "this machine's clock says", "its join code:"]);
    assert!(recorder.stop().bytes.is_empty(), "nothing was said to it");
}

#[test]
fn alone_it_joins_the_server_that_was_used_last() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let client = |args: &[&str]| {
        let mut command = Terminal::command(folder.path());
        run(command.args(args).env("HOMEROOM_PASSWORD", PASSWORD), b"hello\n")
    };
    assert_says(&client(&[]), 2, &["no server is named", "HOST[:PORT]"]);
    client(&[&server.join_link(), "--user", "ada"]).succeeded();
    let finished = client(&[]);
    assert!(finished.succeeded().contains("you are ada"), "{finished:?}");
    assert!(finished.stderr.contains(&format!("joining {} as last time", server.address())), "{finished:?}");
    assert!(client(&["--user", ADMIN]).succeeded().contains("you are root"));
}

#[test]
#[cfg(target_os = "linux")]
fn alone_for_the_first_time_it_asks() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let mut ada = Terminal::at_a_terminal(folder.path(), &["--user", "ada"], PASSWORD);
    ada.stdout.wait_for("server: ");
    ada.type_line("http://nonsense");
    ada.stdout.wait_for("is no server");
    // The whole line, as it was printed.
    ada.type_line(&format!("homeroom-client {}", server.join_link()));
    ada.stdout.wait_for("you are ada");
    ada.type_line("/logout");
    assert_eq!(ada.wait().code, Some(0));
}
