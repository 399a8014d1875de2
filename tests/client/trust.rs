//! Which server gets the password, and which gets nothing.

use crate::harness::{DataDir, FakeServer, Finished, PASSWORD, Server, Terminal};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// Runs the client of ada, who says hello, with a folder for what it remembers.
#[track_caller]
fn visit(config: &Path, args: &[&str]) -> Finished {
    Terminal::start_in(config, &[args, &["--user", "ada"]].concat()).script(&["hello"])
}

#[test]
fn another_certificate_than_the_links_gets_nothing() {
    let server = FakeServer::new();
    let other = format!("sha256:{}", "0".repeat(64));
    let address = server.address().to_string();
    let shown = server.fingerprint();
    let recorder = server.record();
    let config = TempDir::new().unwrap();
    let by_link = visit(config.path(), &[&format!("homeroom://{address}#{other}")]);
    let by_flag = visit(config.path(), &[&address, "--fingerprint", &other]);
    for refused in [by_link, by_flag] {
        let message = refused.failed_with(4);
        assert!(message.contains(&shown) && message.contains(&other), "both are shown: {message}");
    }
    let heard = recorder.stop();
    assert_eq!(heard.connections, 2);
    assert!(heard.bytes.is_empty(), "it said {:?}", String::from_utf8_lossy(&heard.bytes));
}

#[test]
fn an_unknown_server_gets_nothing_from_a_pipe() {
    let server = FakeServer::new();
    let (address, fingerprint) = (server.address().to_string(), server.fingerprint());
    let recorder = server.record();
    let config = TempDir::new().unwrap();
    let refused = visit(config.path(), &[&address]);
    assert!(refused.failed_with(4).contains(&fingerprint), "{refused:?}");
    let heard = recorder.stop();
    assert!(heard.connections > 0);
    assert!(heard.bytes.is_empty(), "it said {:?}", String::from_utf8_lossy(&heard.bytes));
    assert_eq!(fs::read_dir(config.path()).unwrap().count(), 0, "and it is still unknown");
}

#[test]
fn a_server_that_was_trusted_once_is_known() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    visit(config.path(), &[&server.join_link()]).succeeded();
    visit(config.path(), &[&server.address().to_string()]).succeeded();
}

#[test]
#[cfg(unix)]
fn what_it_remembers_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    visit(config.path(), &[&server.join_link()]).succeeded();
    let mode = fs::metadata(config.path().join("known_servers")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
}

#[test]
fn a_certificate_that_changed_is_refused_before_a_byte_of_the_password() {
    let mut server = Server::with_users(&["ada"]);
    let (address, before) = (server.address(), server.fingerprint());
    let config = TempDir::new().unwrap();
    visit(config.path(), &[&server.join_link()]).succeeded();
    server.kill();

    let impostor = FakeServer::at(address);
    let now = impostor.fingerprint();
    let recorder = impostor.record();
    let by_memory = visit(config.path(), &[&address.to_string()]);
    let by_link = visit(config.path(), &[&format!("homeroom://{address}#{before}")]);
    for refused in [&by_memory, &by_link] {
        let message = refused.failed_with(4);
        assert!(message.contains(&before) && message.contains(&now), "both are shown: {message}");
    }
    assert!(by_memory.stderr.contains("known_servers"), "what to do about it: {}", by_memory.stderr);
    let heard = recorder.stop();
    assert_eq!(heard.connections, 2);
    assert!(heard.bytes.is_empty(), "it said {:?}", String::from_utf8_lossy(&heard.bytes));
}

#[test]
fn a_new_certificate_can_be_accepted_on_purpose() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let address = server.address();
    let config = TempDir::new().unwrap();
    visit(config.path(), &[&server.join_link()]).succeeded();
    server.kill();
    fs::remove_file(data.file("identity.p12")).unwrap();

    let server = data.server().listen(address).start();
    let mut witness = server.admin();
    visit(config.path(), &[&address.to_string()]).failed_with(4);
    witness.say("nobody came");
    assert!(witness.inbox().iter().all(|line| line["username"] != "ada"), "{:?}", witness.inbox());
    visit(config.path(), &[&address.to_string(), "--fingerprint", &server.fingerprint()]).succeeded();
    visit(config.path(), &[&address.to_string()]).succeeded();
}

#[test]
fn a_memory_that_is_damaged_is_not_taken_for_an_empty_one() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    fs::write(config.path().join("known_servers"), "\u{0}garbage").unwrap();
    let refused = visit(config.path(), &[&server.address().to_string()]);
    assert!(refused.code == Some(1) || refused.code == Some(4), "{refused:?}");
    assert!(refused.stderr.contains("known_servers"), "{refused:?}");
}

/// A server whose certificate the system's roots accept needs no fingerprint, but only under its own name.
#[test]
#[cfg(target_os = "linux")]
fn the_systems_roots_are_enough_for_the_right_name() {
    let server = FakeServer::new();
    let port = server.address().port();
    let config = TempDir::new().unwrap();
    let roots = config.path().join("roots.pem");
    fs::write(&roots, server.pem()).unwrap();
    let host = server.welcome(|guest| guest.read());
    let visit = |host: &str, more: &[&str]| {
        let mut command = Terminal::command(config.path());
        command.args([&format!("{host}:{port}"), "--user", "ada"]).args(more).env("SSL_CERT_FILE", &roots);
        crate::harness::run(command.env("HOMEROOM_PASSWORD", PASSWORD), b"hello\n")
    };
    let left = visit("localhost", &["--no-reconnect"]);
    assert_eq!(left.code, Some(1), "it went in, and then the server was gone: {left:?}");
    assert_eq!(host.join().unwrap()["text"], "hello");

    let impostor = FakeServer::at(("127.0.0.1", port));
    fs::write(&roots, impostor.pem()).unwrap();
    let recorder = impostor.record();
    assert_eq!(visit("127.0.0.1", &[]).code, Some(4), "the certificate is for localhost");
    assert!(recorder.stop().bytes.is_empty());
}

/// Reading them is most of a start, and nobody of theirs vouches for such a server. Whoever opens this pipe waits for ever.
#[test]
#[cfg(target_os = "linux")]
fn who_knows_the_server_reads_none_of_the_systems_roots() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    let roots = config.path().join("roots.pem");
    nix::unistd::mkfifo(&roots, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (address, pin) = (server.address().to_string(), server.fingerprint());
    let by_link = vec![server.join_link()];
    let by_memory = vec![address.clone()];
    let by_flag = vec![address, "--fingerprint".to_owned(), pin];
    for args in [by_link, by_memory, by_flag] {
        let mut command = Terminal::command(config.path());
        command.args(&args).args(["--user", "ada"]).env("SSL_CERT_FILE", &roots).env("SSL_CERT_DIR", config.path());
        crate::harness::run(command.env("HOMEROOM_PASSWORD", PASSWORD), b"hello\n").succeeded();
    }
}

/// Also when it comes back after a connection was lost.
#[test]
#[cfg(target_os = "linux")]
fn the_systems_roots_are_asked_again_by_a_client_that_comes_back() {
    let server = FakeServer::new();
    let port = server.address().port();
    let config = TempDir::new().unwrap();
    let roots = config.path().join("roots.pem");
    fs::write(&roots, server.pem()).unwrap();
    let host = server.welcome(|guest| guest.read());
    let recorder = std::thread::spawn(move || {
        host.join().unwrap();
        FakeServer::at(("127.0.0.1", port)).record()
    });
    let mut command = Terminal::command(config.path());
    command.args([&format!("localhost:{port}"), "--user", "ada"]).env("SSL_CERT_FILE", &roots);
    let finished = crate::harness::run(command.env("HOMEROOM_PASSWORD", PASSWORD), b"hello\n");
    assert!(finished.failed_with(4).contains("NOBODY VOUCHES FOR"), "{finished:?}");
    assert!(recorder.join().unwrap().stop().bytes.is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_a_person_decides_once() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let server = Server::with_users(&["ada"]);
    let address = server.address().to_string();
    let config = TempDir::new().unwrap();
    let args = [&address, "--user", "ada"];

    let mut doubtful = Terminal::at_a_terminal(config.path(), &args, PASSWORD);
    let asked = doubtful.stdout.wait_for("trust this server? [y/N]");
    assert!(asked.contains(&server.fingerprint()), "{asked}");
    doubtful.type_line("");
    assert_eq!(doubtful.wait().code, Some(4));

    let mut trusting = Terminal::at_a_terminal(config.path(), &args, PASSWORD);
    trusting.stdout.wait_for("trust this server? [y/N]");
    trusting.type_line("y");
    trusting.stdout.wait_for("online");
    trusting.type_line("/logout");
    assert_eq!(trusting.wait().code, Some(0));
    visit(config.path(), &[&address]).succeeded();
}

/// Somebody passes on a link that leads elsewhere, or to somebody in between.
#[test]
fn a_link_that_contradicts_what_is_remembered_is_refused_from_a_pipe() {
    let mut server = Server::with_users(&["ada"]);
    let (address, before) = (server.address(), server.fingerprint());
    let config = TempDir::new().unwrap();
    let known = config.path().join("known_servers");
    visit(config.path(), &[&server.join_link()]).succeeded();
    let remembered = fs::read_to_string(&known).unwrap();
    server.kill();

    let impostor = FakeServer::at(address);
    let (link, now) = (impostor.join_link(), impostor.fingerprint());
    let recorder = impostor.record();
    let refused = visit(config.path(), &[&link]);
    let message = refused.failed_with(4);
    assert!(message.contains(&before) && message.contains(&now) && message.contains("known_servers"), "{message}");
    let heard = recorder.stop();
    assert!(heard.connections == 1 && heard.bytes.is_empty(), "it said {:?}", String::from_utf8_lossy(&heard.bytes));
    assert_eq!(fs::read_to_string(&known).unwrap(), remembered);

    // With --fingerprint it's meant.
    let host = FakeServer::at(address);
    let (link, now) = (host.join_link(), host.fingerprint());
    let host = host.welcome(|guest| guest.read());
    let told = visit(config.path(), &[&link, "--fingerprint", &now, "--no-reconnect"]);
    assert_eq!(host.join().unwrap()["text"], "hello");
    assert!(
        told.stderr.contains("takes the place of what was remembered") && told.stderr.contains(&before),
        "{told:?}"
    );
    assert!(fs::read_to_string(&known).unwrap().contains(&now));
}

#[test]
#[cfg(target_os = "linux")]
fn a_link_that_contradicts_what_is_remembered_is_asked_about() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let (address, before) = (server.address(), server.fingerprint());
    let config = TempDir::new().unwrap();
    visit(config.path(), &[&server.join_link()]).succeeded();
    server.kill();
    fs::remove_file(data.file("identity.p12")).unwrap();
    let server = data.server().listen(address).start();
    let (link, now) = (server.join_link(), server.fingerprint());
    let known = || fs::read_to_string(config.path().join("known_servers")).unwrap();

    let mut doubtful = Terminal::at_a_terminal(config.path(), &[&link, "--user", "ada"], PASSWORD);
    let asked = doubtful.stdout.wait_for("believe the link, and forget what was remembered? [y/N]");
    assert!(asked.contains(&before) && asked.contains(&now), "{asked}");
    doubtful.type_line("");
    assert_eq!(doubtful.wait().code, Some(4));
    assert!(known().contains(&before) && !known().contains(&now), "{}", known());

    let mut trusting = Terminal::at_a_terminal(config.path(), &[&link, "--user", "ada"], PASSWORD);
    trusting.stdout.wait_for("believe the link, and forget what was remembered? [y/N]");
    trusting.type_line("y");
    trusting.stdout.wait_for("online");
    trusting.type_line("/logout");
    assert_eq!(trusting.wait().code, Some(0));
    assert!(known().contains(&now) && !known().contains(&before), "{}", known());
}

/// However an address is written: a link that contradicts what is known is refused, and a plain address is no unknown one.
#[test]
#[cfg(target_os = "linux")]
fn what_is_remembered_holds_however_the_address_is_written() {
    let mut server = Server::with_users(&["ada"]);
    let port = server.address().port();
    let config = TempDir::new().unwrap();
    let known = config.path().join("known_servers");
    visit(config.path(), &[&server.join_link()]).succeeded();
    let has_ipv6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    let mapped = ["[::ffff:127.0.0.1]", "[0:0::ffff:7f00:1]"].into_iter().filter(|_| has_ipv6);
    let hosts: Vec<_> =
        ["127.1", "127.0.1", "0x7f000001", "0X7F.1", "2130706433", "017700000001"].into_iter().chain(mapped).collect();
    for host in &hosts {
        visit(config.path(), &[&format!("{host}:{port}")]).succeeded();
    }
    let remembered = fs::read_to_string(&known).unwrap();
    server.kill();
    let impostor = FakeServer::at(("127.0.0.1", port));
    let now = impostor.fingerprint();
    let recorder = impostor.record();
    for host in &hosts {
        visit(config.path(), &[&format!("homeroom://{host}:{port}#{now}")]).failed_with(4);
        visit(config.path(), &[&format!("{host}:{port}")]).failed_with(4);
    }
    assert!(recorder.stop().bytes.is_empty());
    assert_eq!(fs::read_to_string(&known).unwrap(), remembered);
}

/// As it is after Notepad and a spreadsheet had it.
#[test]
fn a_memory_that_another_editor_saved_still_holds() {
    let mut server = Server::with_users(&["ada"]);
    let (port, pin) = (server.address().port(), server.fingerprint());
    let config = TempDir::new().unwrap();
    let known = config.path().join("known_servers");
    let text = format!("\u{feff}LOCALHOST:{port} {pin}\r\n# mine\r\n");
    fs::write(&known, &text).unwrap();
    visit(config.path(), &[&format!("localhost:{port}")]).succeeded();
    fs::write(&known, &text).unwrap();
    server.kill();
    let impostor = FakeServer::at(("127.0.0.1", port));
    let now = impostor.fingerprint();
    let recorder = impostor.record();
    visit(config.path(), &[&format!("homeroom://localhost:{port}#{now}")]).failed_with(4);
    visit(config.path(), &[&format!("localhost:{port}")]).failed_with(4);
    // What can't be read is named, whichever server is meant.
    for (bytes, words) in [
        (text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), "line 1 of"),
        (format!("# mine\nlocalhost {pin}\n\u{200b}pi:1 {pin}\n").into_bytes(), "line 3 of"),
        ([b"# mine\n\n# M\xfcller\n", text.as_bytes()].concat(), "line 3 of"),
    ] {
        fs::write(&known, bytes).unwrap();
        let refused = visit(config.path(), &[&format!("homeroom://localhost:{port}#{now}")]);
        let message = refused.failed_with(1);
        assert!(
            message.contains(words) && message.contains("known_servers") && message.contains("remove"),
            "{message}"
        );
    }
    assert!(recorder.stop().bytes.is_empty());
}

/// The same name, written in another way.
#[test]
fn what_is_remembered_holds_however_the_server_is_called() {
    let mut server = Server::with_users(&["ada"]);
    let port = server.address().port();
    let config = TempDir::new().unwrap();
    let pin = server.fingerprint();
    visit(config.path(), &[&format!("homeroom://localhost:{port}#{pin}")]).succeeded();
    server.kill();
    let impostor = FakeServer::at(("127.0.0.1", port));
    let now = impostor.fingerprint();
    let recorder = impostor.record();
    for name in ["localhost", "LocalHost"] {
        visit(config.path(), &[&format!("homeroom://{name}:{port}#{now}")]).failed_with(4);
    }
    assert!(recorder.stop().bytes.is_empty());
}
