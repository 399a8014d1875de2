//! `--log FILE`.

use crate::harness::{PASSWORD, Server, Terminal, run};
use tempfile::TempDir;

#[test]
fn a_transcript_grows_with_dates_and_is_its_owners_alone() {
    let server = Server::with_users(&["ada", "bob"]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("chat.log");
    std::fs::write(&file, "before\n").unwrap();
    for text in ["hello\u{1b}[2J", "again"] {
        let mut command = Terminal::command(folder.path());
        command.args([&server.join_link(), "--user", "ada", "--log"]).arg(&file).env("HOMEROOM_PASSWORD", PASSWORD);
        run(&mut command, format!("{text}\n/who\n/me waves\n").as_bytes()).succeeded();
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "before", "{text}");
    let form = |line: &str| {
        let (moment, rest) = line.split_at_checked("2026-11-23 12:00:00 ".len()).unwrap_or_default();
        moment.replace(|c: char| c.is_ascii_digit(), "0") == "0000-00-00 00:00:00 " && !rest.is_empty()
    };
    assert!(lines[1..].iter().all(|line| form(line)), "{text}");
    for said in [" ada: hello\u{241b}[2J", " ada: again", " * ada waves"] {
        assert!(lines.iter().any(|line| line.ends_with(said)), "{said}: {text}");
    }
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&file).unwrap()) & 0o777, 0o600);
}

/// As a rotation of logs does.
#[test]
fn one_that_is_moved_away_is_begun_anew() {
    let server = Server::with_users(&["ada", "bob"]);
    let folder = TempDir::new().unwrap();
    let (file, moved) = (folder.path().join("chat.log"), folder.path().join("chat.log.1"));
    let log = ["--user", "ada", "--log", file.to_str().unwrap()];
    let mut ada = Terminal::start(&[&[&*server.join_link()], &log[..]].concat(), Some(PASSWORD));
    ada.stdout.wait_for("online: ada");
    let mut bob = server.login("bob");
    for text in ["first", "second"] {
        bob.say(text);
        ada.stdout.wait_for(text);
        crate::harness::wait_until("it is written down", || std::fs::read_to_string(&file).unwrap().contains(text));
        std::fs::rename(&file, &moved).unwrap();
    }
    let text = std::fs::read_to_string(&moved).unwrap();
    assert!(text.contains("bob: second") && !text.contains("first"), "{text}");
    ada.finish();
}

#[test]
fn one_that_can_not_be_written_stops_the_start() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let mut command = Terminal::command(folder.path());
    command.args([&server.join_link(), "--user", "ada", "--log"]).arg(folder.path().join("no/such/folder/x"));
    let finished = run(command.env("HOMEROOM_PASSWORD", PASSWORD), b"");
    assert!(finished.failed_with(1).contains("name another file with --log"), "{finished:?}");
    let mut command = Terminal::command(folder.path());
    command.args([&server.join_link(), "--user", "ada", "--log", "/"]);
    let finished = run(command.env("HOMEROOM_PASSWORD", PASSWORD), b"");
    assert!(finished.failed_with(1).contains("it is a folder, and no file in one"), "{finished:?}");
}
