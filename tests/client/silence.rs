//! A server that says nothing: because the way to it has fallen silent, or by itself.

#[cfg(target_os = "linux")]
use crate::harness::DataDir;
use crate::harness::{DEADLINE, FakeServer, Finished, PASSWORD, Peer, Proxy, Server, Terminal, Trouble};
use serde_json::json;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// When a silent connection is given up at the latest: the server is asked after 3 s and has 30 s to answer, and the
/// silence is looked at every 5 s.
const GIVEN_UP: Duration = Duration::from_secs(33 + 5);

/// Much longer than that.
const LONG: Duration = Duration::from_secs(600);

fn link(proxy: &Proxy, server: &Server) -> String {
    format!("homeroom://{}#{}", proxy.address(), server.fingerprint())
}

/// Waits longer than others do: what is tested is a matter of half a minute.
#[track_caller]
fn wait_long(what: &str, mut is_there: impl FnMut() -> bool) {
    let end = Instant::now() + GIVEN_UP + 2 * DEADLINE;
    while !is_there() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// How long the client says that it was away.
fn away(shown: &str) -> Option<u64> {
    shown.split("* back after ").nth(1)?.split(' ').next()?.parse().ok()
}

/// As many as there are kinds of people there, all on ways that fall silent at the same moment: such a thing takes its
/// time.
#[test]
fn what_is_typed_into_a_silent_path_is_said_once_on_the_next_or_told_to_be_unconfirmed() {
    let server = Server::with_users(&["ada", "bob", "cyd", "eve"]);
    let proxy = Proxy::to(server.address());
    let link = link(&proxy, &server);
    let join = |name, more: &[&str]| {
        let terminal = Terminal::start(&[&[&link, "--user", name], more].concat(), Some(PASSWORD));
        terminal.stdout.wait_for("online");
        terminal
    };
    let mut eve = server.login("eve");
    let (mut ada, mut bob) = (join("ada", &[]), join("bob", &["--no-reconnect"]));
    #[cfg(target_os = "linux")]
    let mut cyd = {
        let config = TempDir::new().unwrap();
        let mut command: Command = super::screen::client(config.path());
        let screen = crate::harness::Screen::start(command.args([&link, "--user", "cyd"]), (24, 80));
        screen.wait_for_end(&[">"]);
        (screen, config)
    };
    // The last sign of life of the way.
    let silent = Instant::now();
    eve.say("before");
    for terminal in [&ada, &bob] {
        terminal.stdout.wait_for("before");
    }
    proxy.trouble_all(Trouble::Stall(LONG));
    ada.type_line("into the silence");
    bob.type_line("and nothing back");
    for terminal in [&ada, &bob] {
        terminal.stderr.wait_for("! waiting for the server...\n");
    }
    #[cfg(target_os = "linux")]
    {
        cyd.0.press("from a terminal\rhalf a li");
        cyd.0.wait_for_end(&["(waiting for the server) > half a li"]);
        cyd.0.press("ne");
        cyd.0.wait_for_end(&["(waiting for the server) > half a line"]);
    }

    wait_long("ada is back", || ada.stdout.text().contains("into the silence"));
    let shown = ada.stdout.text();
    let away = away(&shown).unwrap_or_else(|| panic!("{shown}"));
    assert!(away + 2 >= 33 && away <= silent.elapsed().as_secs() + 1, "it counts from the last sign of life: {shown}");
    assert_eq!(said(&mut eve, "ada", "into the silence"), 1);
    let finished = ada.finish();
    assert_eq!(finished.succeeded().matches("into the silence").count(), 1, "{finished:?}");
    assert!(finished.stderr.contains("! the server no longer answers; trying to come back"), "{finished:?}");

    wait_long("bob gives up", || bob.stderr.text().contains("homeroom-client: "));
    let finished = bob.wait();
    assert!(finished.failed_with(1).contains("! not confirmed: and nothing back\n"), "{finished:?}");
    assert!(finished.stderr.contains("one line that was typed was not confirmed by the server"), "{finished:?}");
    assert!(finished.stderr.contains("homeroom-client: the server no longer answers\n"), "{finished:?}");
    assert_no_numbers(&finished);

    #[cfg(target_os = "linux")]
    {
        wait_long("cyd is back", || cyd.0.rows().iter().any(|row| row.ends_with("cyd: from a terminal")));
        cyd.0.wait_for_end(&["> half a line"]);
    }
}

/// How often somebody said something, up to a moment that comes later.
fn said(peer: &mut Peer, name: &str, text: &str) -> usize {
    peer.send(&json!({"type": "say", "text": "fence"}));
    let lines = peer.until_text("fence");
    lines.iter().filter(|line| line["from"] == name && line["text"] == text).count()
}

#[track_caller]
fn assert_no_numbers(finished: &Finished) {
    assert!(!finished.stderr.contains("os error"), "{finished:?}");
}

/// The prompt tells while a lost connection is not back, and no longer than that.
#[test]
#[cfg(target_os = "linux")]
fn the_prompt_tells_that_there_is_no_connection() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let config = TempDir::new().unwrap();
    let mut command = super::screen::client(config.path());
    let mut ada = crate::harness::Screen::start(command.args([&server.join_link(), "--user", "ada"]), (24, 80));
    ada.wait_for_end(&[">"]);
    ada.press("half");
    ada.wait_for_end(&["> half"]);
    server.kill();
    ada.wait_for_end(&["(not connected) > half"]);
    ada.press(" a line");
    ada.wait_for_end(&["(not connected) > half a line"]);
    let _server = data.server().listen(server.address()).start();
    ada.wait_for(|rows| rows.last().is_some_and(|row| row == "> half a line"));
    ada.press("\r");
    ada.wait_for(|rows| matches!(rows, [.., said, prompt] if said.ends_with("ada: half a line") && prompt == ">"));
}

/// A server keeps a login waiting when many guess passwords, and says nothing meanwhile.
#[test]
fn that_a_login_is_held_is_told() {
    let server = FakeServer::new();
    let link = server.join_link();
    let (told, go_on) = channel::<()>();
    let host = server.meet(move |guest| {
        go_on.recv().unwrap();
        guest.write(&json!({"type": "error", "code": "try_later", "message": "later"}));
    });
    let mut ada = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD));
    ada.stderr.wait_for("! waiting for the server...\n");
    told.send(()).unwrap();
    ada.wait().failed_with(3);
    host.join().unwrap();
}

/// A server that is past a request and has not answered it never will: the next one has its turn, and whoever typed the
/// line is told which.
#[test]
fn a_line_without_an_answer_is_named_and_is_exit_status_1() {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(|guest| {
        let first = guest.read();
        guest.write(&json!({"type": "pong", "id": "another"}));
        guest.write(&json!({"type": "pong", "id": first["id"]}));
        let second = guest.read();
        guest.write(&json!({"type": "pong", "id": second["id"]}));
        guest.read()
    });
    let ada = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD));
    let finished = ada.script(&["is anybody there?", "/ban eve"]);
    let said = finished.failed_with(1);
    assert!(
        said.contains("! the server gave no answer to is anybody there?: it may or may not have been done"),
        "{said}"
    );
    for line in ["is anybody there?", "/ban eve"] {
        assert!(said.contains(&format!("! not confirmed: {line}\n")), "{said}");
    }
    assert!(said.contains("2 lines that were typed were not confirmed"), "{said}");
    assert_eq!(host.join().unwrap()["type"], "logout");
}

/// What the system says of a failure is told without its numbers.
#[test]
fn no_failure_is_told_with_the_systems_numbers() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let refused = Terminal::start(&[&nobody, "--user", "ada"], Some(PASSWORD)).wait();
    assert!(refused.failed_with(1).contains(": connection refused\n"), "{refused:?}");
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("none/log").display().to_string();
    let unwritten = Terminal::start(&[&server.join_link(), "--user", "ada", "--log", &log], Some(PASSWORD)).wait();
    unwritten.failed_with(1);
    let proxy = Proxy::to(server.address());
    let mut reset = Terminal::start(&[&link(&proxy, &server), "--user", "ada", "--no-reconnect"], Some(PASSWORD));
    reset.stdout.wait_for("online");
    proxy.trouble_all(Trouble::Reset);
    let reset = reset.wait();
    assert!(reset.failed_with(1).contains("is lost: "), "{reset:?}");
    for finished in [refused, unwritten, reset] {
        assert_no_numbers(&finished);
    }
}
