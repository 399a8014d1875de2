//! Starting: what is made, what is printed, what is refused.

use crate::harness::{DataDir, Output, Server, run, sha256};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::{fs, io};

#[test]
fn the_first_start_prints_how_to_join() {
    let server = DataDir::new().start();
    let text = server.stdout.text();
    let code = server.code();
    let groups: Vec<&str> = code.split('-').collect();
    assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 4), "{text}");
    assert!(text.trim_start().starts_with("join code "), "it comes first: {text}");
    assert!(text.contains(&format!("\n  homeroom-client {} {code}\n", server.address())), "{text}");
    assert!(text.lines().count() < 24 && !text.contains("sha256:"), "it fits a screen: {text}");
}

#[test]
fn the_code_is_that_of_the_certificates_key() {
    let server = DataDir::new().start();
    let certificate = server.connect().certificate();
    let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).unwrap();
    // Crockford's base32 by itself: five bits a letter, of the first 80.
    let digits = sha256(parsed.public_key().raw);
    let bits = u128::from_str_radix(&digits[..20], 16).unwrap();
    let letter = |at: u32| char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[(bits >> (75 - 5 * at)) as usize & 31]);
    assert_eq!(server.code().replace('-', ""), (0..16).map(letter).collect::<String>());
}

#[test]
fn the_one_time_password_is_printed_once_and_never_logged() {
    let data = DataDir::new();
    let mut server = data.start();
    let password = server.one_time_password().expect("no one-time password");
    server.login_with("admin", &password);
    assert_eq!(server.stdout.text().matches(&password).count(), 1);
    assert!(!server.stderr.text().contains(&password), "{}", server.stderr.text());
    server.kill();
    let again = data.start();
    assert_eq!(again.one_time_password(), None);
    assert!(!again.stdout.text().contains("one-time"), "{}", again.stdout.text());
}

#[test]
fn the_fingerprint_that_is_shown_is_the_certificates() {
    let server = DataDir::new().start();
    assert_eq!(server.fingerprint(), format!("sha256:{}", sha256(&server.connect().certificate())));
}

#[test]
fn a_restart_keeps_the_certificate() {
    let data = DataDir::new();
    let mut server = data.start();
    let (fingerprint, certificate) = (server.fingerprint(), server.connect().certificate());
    server.kill();
    let again = data.start();
    assert_eq!(again.fingerprint(), fingerprint);
    assert_eq!(again.connect().certificate(), certificate);
}

#[test]
#[cfg(unix)]
fn the_secret_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let data = DataDir::new();
    let mut server = data.start();
    // Also after users.json was written anew.
    let mut admin = server.login_with("admin", &server.one_time_password().unwrap());
    let old = server.one_time_password();
    admin.ask(serde_json::json!({"type": "passwd", "old": old, "new": "a long enough one"}));
    for name in ["identity.p12", "users.json"] {
        let mode = fs::metadata(data.file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} has mode {mode:o}");
    }
    assert!(server.is_running());
}

#[test]
fn a_folder_has_one_server_at_a_time() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let second = run(&mut data.server().command(), b"");
    let message = second.failed_with(1);
    assert!(message.contains(data.path().to_str().unwrap()), "which folder? {message}");
    assert_eq!(second.stdout.matches("listening on").count(), 0, "{second:?}");
    server.login("ada").say("still here");
}

#[test]
fn accounts_are_not_edited_behind_a_running_servers_back() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let before = data.read("users.json");
    for refused in [data.user_add(&["eve"], Some("a long enough one")), data.import("eve,a long enough one\n")] {
        let message = refused.failed_with(1);
        assert!(message.contains("server"), "why? {message}");
    }
    assert_eq!(data.read("users.json"), before);
    server.login("ada").say("still here");
}

#[test]
fn a_damaged_users_json_stops_the_start_and_stays_as_it_is() {
    for (text, place) in [
        ("{\n  \"ada\": {\n    \"password\": oops\n  }\n}\n", "line 3"),
        ("{\"ada\": \"5e88\"", "line 1"),
        ("", "line 1"),
        ("[1,\n2]\n", "line "),
    ] {
        let data = DataDir::new();
        fs::write(data.file("users.json"), text).unwrap();
        let refused = run(&mut data.server().command(), b"");
        let message = refused.failed_with(1);
        assert!(message.contains("users.json"), "{message}");
        assert!(message.contains(place) || text.is_empty(), "{message}");
        assert!(message.contains("column") || text.is_empty(), "{message}");
        assert_eq!(data.read("users.json"), text);
        // Nor do the commands that write it.
        data.user_add(&["eve"], Some("a long enough one")).failed_with(1);
        assert_eq!(data.read("users.json"), text);
    }
}

#[test]
fn a_damaged_identity_stops_the_start_and_stays_as_it_is() {
    let data = DataDir::with_users(&[]);
    fs::write(data.file("identity.p12"), "no PKCS#12").unwrap();
    let refused = run(&mut data.server().command(), b"");
    assert!(refused.failed_with(1).contains("identity.p12"), "{refused:?}");
    assert_eq!(data.read("identity.p12"), "no PKCS#12");
}

#[test]
fn it_listens_on_every_address_it_is_given() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().listen("127.0.0.1:0").listen("127.0.0.1:0").start();
    assert_eq!(server.addresses.len(), 2, "{}", server.stdout.text());
    assert_ne!(server.addresses[0], server.addresses[1]);
    let mut first = crate::harness::Peer::connect(server.addresses[0]);
    first.login("ada", crate::harness::PASSWORD);
    let mut second = crate::harness::Peer::connect(server.addresses[1]);
    second.login("root", crate::harness::PASSWORD);
    first.say("from one door to the other");
    second.event("message", "ada");
}

#[test]
fn an_ipv6_address_stands_in_brackets() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("this machine has no IPv6");
        return;
    }
    let server = DataDir::with_users(&["ada"]).server().listen("[::1]:0").start();
    let link = server.join_link();
    assert!(link.starts_with("homeroom://[::1]:"), "{link}");
    let line = format!("homeroom-client {} {}\n", server.address(), server.code());
    assert!(server.stdout.text().contains(&line), "{}", server.stdout.text());
    server.login("ada");
}

#[test]
fn a_taken_address_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = run(&mut DataDir::new().server().listen(address).command(), b"");
    assert!(refused.failed_with(1).contains(&address.to_string()), "{refused:?}");
}

#[test]
fn the_current_folder_is_the_default() {
    let data = DataDir::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_homeroom-server"))
        .args(["--listen", "127.0.0.1:0", "--hash-rounds", "1000"])
        .current_dir(data.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ready = Output::of(child.stdout.take().unwrap()).try_wait_for("ready\n");
    child.kill().unwrap();
    child.wait().unwrap();
    ready.unwrap();
    assert!(data.file("identity.p12").exists() && data.file("users.json").exists());
}

#[test]
fn few_rounds_of_hashing_are_warned_about() {
    let server = DataDir::with_users(&[]).start();
    // The log is written by then, but our thread may not have read it.
    server.stderr.wait_for("1000 hash rounds");
}

#[test]
fn a_wrong_command_line_is_exit_status_2() {
    let data = DataDir::new();
    for args in [
        &["--frobnicate"][..],
        &["--listen", "nowhere"],
        &["--message-rate", "often"],
        &["--hash-rounds", "-1"],
        &["--hash-rounds", "0"],
        &["user"],
        &["user", "add"],
        &["user", "import"],
        &["user", "frobnicate"],
    ] {
        let refused = run(data.command().env("HOMEROOM_LISTEN", "127.0.0.1:0").args(args), b"");
        assert_eq!(refused.code, Some(2), "{args:?}: {refused:?}");
        assert!(!refused.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(files(&data).unwrap(), 0, "a wrong command line leaves no files");
}

#[test]
fn help_and_version_are_answered() {
    for (arg, word) in [("--help", "--data-dir"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let said = run(Command::new(env!("CARGO_BIN_EXE_homeroom-server")).arg(arg), b"");
        assert!(said.succeeded().contains(word), "{said:?}");
    }
}

#[test]
fn seq_goes_on_after_a_restart() {
    let data = DataDir::with_users(&["ada"]);
    let mut newest = 0;
    for round in 0..3 {
        let mut server = data.start();
        let mut ada = server.login("ada");
        let welcome = ada.welcome["seq"].as_u64().unwrap();
        assert!(welcome >= newest, "round {round}: welcome has seq {welcome} after {newest}");
        let said = ada.say("hi")["seq"].as_u64().unwrap();
        assert!(said > newest, "round {round}: seq {said} after {newest}");
        newest = said;
        // In turn as a power failure and as a service manager would.
        if round % 2 == 0 {
            server.kill();
        } else {
            end_in_order(&mut server);
        }
    }
}

fn end_in_order(server: &mut Server) {
    server.admin().ask(serde_json::json!({"type": "shutdown"}));
    assert_eq!(server.wait(), Some(0));
}

fn files(data: &DataDir) -> io::Result<usize> {
    Ok(fs::read_dir(data.path())?.count())
}
