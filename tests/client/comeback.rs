//! Connections that break, and the client that comes back.

use crate::harness::{DEADLINE, DataDir, FakeServer, PASSWORD, Peer, Proxy, Server, Terminal, Trouble};
use serde_json::json;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// A server, and a way to it that can be cut.
fn behind_a_proxy(names: &[&str]) -> (Server, Proxy) {
    let server = Server::with_users(names);
    let proxy = Proxy::to(server.address());
    (server, proxy)
}

fn link(address: SocketAddr, server: &Server) -> String {
    format!("homeroom://{address}#{}", server.fingerprint())
}

/// The client of `name`, through the proxy, once it is welcomed.
#[track_caller]
fn join(server: &Server, proxy: &Proxy, name: &str, more: &[&str]) -> Terminal {
    let link = link(proxy.address(), server);
    let terminal = Terminal::start(&[&[&link, "--user", name], more].concat(), Some(PASSWORD));
    terminal.stdout.wait_for("online");
    terminal
}

/// How often `text` stands in `shown`.
fn times(shown: &str, text: &str) -> usize {
    shown.matches(text).count()
}

/// What was said from now on, by ada.
#[track_caller]
fn heard(bob: &mut Peer, last: &str) -> Vec<String> {
    let lines = bob.until_text(last);
    let said = lines.iter().filter(|line| line["from"] == "ada");
    said.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_tells_comes_back_and_shows_what_was_missed_once() {
    let (server, proxy) = behind_a_proxy(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = join(&server, &proxy, "ada", &[]);
    bob.say("before");
    ada.stdout.wait_for("before");
    proxy.trouble_all(Trouble::Reset);
    ada.stderr.wait_for("trying to come back");
    for text in ["missed one", "missed two"] {
        bob.say(text);
    }
    let shown = ada.stdout.wait_for("* back after");
    assert!(shown.contains("2 missed messages are above; 2 online"), "{shown}");
    bob.say("live again");
    ada.stdout.wait_for("live again");
    ada.type_line("me too");
    bob.until_text("me too");
    let finished = ada.finish();
    let shown = finished.succeeded();
    for text in ["before", "missed one", "missed two", "live again", "me too"] {
        assert_eq!(times(shown, text), 1, "{text}: {shown}");
    }
    assert_eq!(times(&finished.stderr, "\n"), 1, "one line about it: {}", finished.stderr);
}

#[test]
fn what_is_typed_meanwhile_is_said_in_order_and_once() {
    let (server, proxy) = behind_a_proxy(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = join(&server, &proxy, "ada", &[]);
    ada.type_line("first");
    bob.until_text("first");
    proxy.trouble_all(Trouble::Reset);
    ada.stderr.wait_for("trying to come back");
    let lines: Vec<String> = (0..10).map(|i| format!("typed {i}")).collect();
    for line in &lines {
        ada.type_line(line);
    }
    ada.type_line("/who");
    ada.type_line("the last");
    let expected: Vec<String> = lines.into_iter().chain(["the last".to_owned()]).collect();
    assert_eq!(heard(&mut bob, "the last"), expected);
    let finished = ada.finish();
    let shown = finished.succeeded();
    let places: Vec<_> = ["typed 9", "online: ada, bob", "the last"].map(|text| shown.rfind(text)).into();
    assert!(places.is_sorted() && places[0].is_some(), "{shown}");
}

/// The server is killed again and again while a client speaks: each line is there once, in order.
#[test]
fn nothing_is_lost_or_doubled_over_kills_of_the_server() {
    const LINES: usize = 30;
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let address = server.address();
    let mut ada = Terminal::start(&[&server.join_link(), "--user", "ada"], Some(PASSWORD));
    ada.stdout.wait_for("online");
    for i in 0..LINES {
        ada.type_line(&format!("line {i};"));
        if i % 10 == 5 {
            server.kill();
            server = data.server().listen(address).args(&["--message-rate", "off"]).start();
        }
    }
    ada.stdout.wait_for(&format!("line {};", LINES - 1));
    let finished = ada.finish();
    let shown = finished.succeeded();
    for i in 0..LINES {
        assert_eq!(times(shown, &format!("line {i};")), 1, "line {i}: {shown}\n{}", finished.stderr);
    }
    let places: Vec<_> = (0..LINES).map(|i| shown.find(&format!("line {i};"))).collect();
    assert!(places.is_sorted(), "{shown}");
}

#[test]
fn a_restart_in_good_order_is_waited_for() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let address = server.address();
    let mut ada = Terminal::start(&[&server.join_link(), "--user", "ada"], Some(PASSWORD));
    ada.stdout.wait_for("online");
    server.admin().send(&json!({"type": "shutdown"}));
    assert_eq!(server.wait(), Some(0));
    ada.stderr.wait_for("the server was shut down; trying to come back");
    let server = data.server().listen(address).start();
    ada.stdout.wait_for("* back after");
    let mut bob = server.admin();
    ada.type_line("here again");
    bob.until_text("here again");
    ada.finish().succeeded();
}

#[test]
fn a_token_that_has_ended_is_exit_status_3() {
    let (server, proxy) = behind_a_proxy(&["ada"]);
    let mut ada = join(&server, &proxy, "ada", &[]);
    // Ada is not told: nothing passes any more.
    proxy.trouble_all(Trouble::Stall(Duration::from_secs(60)));
    server.admin().ask(json!({"type": "ban", "username": "ada"}));
    proxy.trouble_all(Trouble::Reset);
    let finished = ada.wait();
    assert!(finished.failed_with(3).contains("doesn't let this session come back"), "{finished:?}");
}

#[test]
fn an_end_that_was_meant_is_no_break() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Terminal::join(&server, "ada");
    ada.stdout.wait_for("online");
    server.admin().ask(json!({"type": "logout_user", "username": "ada"}));
    assert!(ada.wait().failed_with(1).contains("an administrator ended this session"));
}

#[test]
fn another_certificate_is_exit_status_4() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let address = server.address();
    let mut ada = Terminal::start(&[&server.join_link(), "--user", "ada"], Some(PASSWORD));
    ada.stdout.wait_for("online");
    server.kill();
    std::fs::remove_file(data.file("identity.p12")).unwrap();
    let _other = data.server().listen(address).start();
    assert!(ada.wait().failed_with(4).contains("SHOWS ANOTHER CERTIFICATE"));
}

#[test]
fn without_reconnecting_it_leaves() {
    let (server, proxy) = behind_a_proxy(&["ada"]);
    let mut ada = join(&server, &proxy, "ada", &["--no-reconnect"]);
    proxy.trouble_all(Trouble::Reset);
    ada.wait().failed_with(1);
}

#[test]
fn the_end_of_a_pipe_waits_for_what_has_no_answer() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let address = server.address();
    let mut ada = Terminal::start(&[&server.join_link(), "--user", "ada"], Some(PASSWORD));
    ada.stdout.wait_for("online");
    server.kill();
    ada.stderr.wait_for("trying to come back");
    ada.type_line("said in the end");
    let waiting = thread::spawn(move || ada.finish());
    let _server = data.server().listen(address).start();
    let finished = waiting.join().unwrap();
    assert_eq!(times(finished.succeeded(), "said in the end"), 1, "{finished:?}");
}

#[test]
fn the_end_of_a_pipe_with_all_answered_is_the_end() {
    let mut server = Server::with_users(&["ada"]);
    let mut ada = Terminal::join(&server, "ada");
    ada.type_line("hello");
    ada.stdout.wait_for("hello");
    server.kill();
    ada.stderr.wait_for("trying to come back");
    ada.finish().succeeded();
}

/// The connection breaks now before the server has heard a line, now before the client has heard the answer.
#[test]
fn wherever_the_connection_is_cut_each_line_is_said_once() {
    let (server, proxy) = behind_a_proxy(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let lines: Vec<String> = (0..8).map(|i| format!("line {i};")).collect();
    // No client is cut off often: each wait to come back is twice as long as the one before.
    for (round, lines) in lines.chunks(2).enumerate() {
        let mut ada = join(&server, &proxy, "ada", &[]);
        for (i, line) in lines.iter().enumerate() {
            // A line takes some 130 bytes of ciphertext, and its event some 200.
            proxy.trouble_all(Trouble::Truncate(40 * (2 * round + i)));
            ada.type_line(line);
            let deadline = Instant::now() + DEADLINE;
            while !ada.stdout.text().contains(line) {
                assert!(Instant::now() < deadline, "{line} does not come back: {}", ada.stdout.text());
                thread::sleep(Duration::from_millis(10));
            }
        }
        let finished = ada.finish();
        for line in lines {
            assert_eq!(times(finished.succeeded(), line), 1, "{line}: {finished:?}");
        }
    }
    assert_eq!(heard(&mut bob, &lines[7]), lines);
}

/// Sent, and the connection breaks before the answer: it is not made twice, and who typed it is told.
#[test]
fn what_may_not_be_done_twice_is_not_sent_again() {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome_twice(
        |guest| assert_eq!(guest.read()["type"], "add_user"),
        |guest| {
            assert_eq!(guest.read()["type"], "help", "the account is not made again");
        },
    );
    let mut ada = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD));
    ada.type_line("/adduser eve");
    ada.stderr.wait_for("it may or may not have been done; /listusers shows");
    ada.type_line("/help");
    host.join().unwrap();
    drop(ada);
}

/// What has no answer is sent again under the same id.
#[test]
fn what_was_said_is_sent_again_under_its_id() {
    let server = FakeServer::new();
    let link = server.join_link();
    let (sender, ids) = std::sync::mpsc::channel();
    let again = sender.clone();
    let host = server
        .welcome_twice(move |guest| sender.send(guest.read()).unwrap(), move |guest| again.send(guest.read()).unwrap());
    let mut ada = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD));
    ada.type_line("hello");
    host.join().unwrap();
    let (first, second) = (ids.recv().unwrap(), ids.recv().unwrap());
    assert_eq!(first, second);
    assert_eq!(first["text"], "hello");
}

#[test]
fn more_than_it_can_keep_is_refused_in_words() {
    // Only a person is refused: a script waits.
    #[cfg(target_os = "linux")]
    if Terminal::can_be_at_a_terminal() {
        let mut server = Server::with_users(&["ada"]);
        let config = tempfile::tempdir().unwrap();
        let args = [&server.join_link(), "--user", "ada"];
        let mut ada = Terminal::at_a_terminal(config.path(), &args, PASSWORD);
        ada.stdout.wait_for("online");
        server.kill();
        ada.stdout.wait_for("trying to come back");
        for i in 0..1_002 {
            ada.type_line(&format!("{i}"));
        }
        ada.stdout.wait_for("1000 lines wait for the server already");
        ada.type_line("/logout");
        ada.stdout.wait_for("were not confirmed by the server");
        assert_eq!(ada.wait().code, Some(1));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn one_signal_ends_it_while_the_server_is_gone() {
    let mut server = Server::with_users(&["ada"]);
    let mut ada = Terminal::join(&server, "ada");
    ada.stdout.wait_for("online");
    server.kill();
    ada.stderr.wait_for("trying to come back");
    let killed = std::process::Command::new("kill").args(["-INT", &ada.pid().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(ada.wait().code, Some(0));
}

/// Whether it says goodbye or not: a server that lets everyone in and sends them away is not called without a pause.
#[test]
fn a_server_that_ends_every_session_is_called_less_and_less_often() {
    const SESSIONS: usize = 4;
    for farewell in [Some(json!({"type": "bye", "reason": "shutdown"})), None] {
        let server = FakeServer::new();
        let link = server.join_link();
        let host = server.welcome_each(SESSIONS, move |guest| {
            farewell.iter().for_each(|farewell| guest.write(farewell));
        });
        let ada = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD));
        let came: Vec<Instant> = host.join().unwrap();
        drop(ada);
        let waits: Vec<f64> = came.windows(2).map(|two| (two[1] - two[0]).as_secs_f64()).collect();
        // Each is shortened by half at most.
        assert!(waits[1] >= 0.5 && waits[2] >= 1.0, "{waits:?}");
    }
}
