//! The message of the day: what can't be one stops no start, and everything that looks for mistakes names it.

use crate::harness::{ADMIN, DataDir, Finished, PASSWORD, Peer, assert_reply, run};
use serde_json::json;
use std::fs;

/// What people's editors make, and what is told of it.
fn bad() -> [(Vec<u8>, &'static str); 4] {
    [
        (b"Hallo\nSch\xf6ne Gr\xfc\xdfe\n".to_vec(), "motd.txt line 2 isn't UTF-8"),
        (b"today:\tpage 12\n".to_vec(), "motd.txt line 1 has a tab"),
        (vec![b'x'; 1001], "motd.txt: it has 1001 characters"),
        (b"\xff\xfeh\0i\0".to_vec(), "motd.txt: it is UTF-16"),
    ]
}

fn command(data: &DataDir, words: &[&str]) -> Finished {
    run(data.command().env("HOMEROOM_LISTEN", "127.0.0.1:0").args(words), b"")
}

#[test]
fn a_file_that_cannot_be_one_stops_no_start_and_administrators_are_told() {
    for (bytes, told) in bad() {
        let data = DataDir::with_users(&["ada"]);
        fs::write(data.file("motd.txt"), &bytes).unwrap();
        let server = data.start();
        let ada = server.login("ada");
        assert!(ada.welcome["motd"].is_null(), "{}", ada.welcome);
        let mut root = server.admin();
        let notice = root.find("a notice", |line| line["type"] == "notice");
        assert!(notice["text"].as_str().unwrap().contains(told), "{notice}");
        assert!(server.stderr.text().contains(told), "and the log has it");
        assert_eq!(data.read_bytes("motd.txt"), bytes);
    }
}

#[test]
fn every_checker_names_it_and_says_where() {
    for (bytes, told) in bad() {
        let data = DataDir::with_users(&["ada"]);
        drop(data.start());
        fs::write(data.file("motd.txt"), &bytes).unwrap();
        let check = command(&data, &["config", "check"]);
        let said = check.failed_with(2);
        assert!(said.contains(told) && said.contains("until that is mended there is no message of the day"), "{said}");
        for look in ["check", "doctor"] {
            let said = command(&data, &[look]);
            let wrong: Vec<&str> = said.stdout.lines().filter(|line| line.starts_with("  !!  ")).collect();
            assert!(said.code == Some(1) && wrong.len() == 1 && wrong[0].contains(told), "{said:?}");
            command(&data, &["--motd", "page 12", look]).succeeded();
        }
        command(&data, &["--motd", "", "config", "check"]).succeeded();
    }
}

#[test]
fn an_option_that_cannot_be_one_is_a_mistake_of_the_configuration() {
    let data = DataDir::with_users(&[]);
    let long = "x".repeat(1001);
    for text in ["today:\tpage 12", &long] {
        fs::write(data.file("homeroom.toml"), format!("login-grace = 5\nmotd = {text:?}\n")).unwrap();
        for words in [&["config", "check"][..], &[]] {
            let told = command(&data, words);
            assert!(told.failed_with(2).contains("homeroom.toml line 2: "), "{words:?}: {told:?}");
        }
        // Which looks at all the rest as well.
        let told = command(&data, &["check"]);
        let is_told =
            told.stdout.lines().any(|line| line.starts_with("  !!  ") && line.contains("homeroom.toml line 2: "));
        assert!(told.code == Some(1) && is_told, "{told:?}");
        fs::remove_file(data.file("homeroom.toml")).unwrap();
        command(&data, &["--motd", text]).failed_with(2);
    }
}

#[test]
fn a_file_from_windows_is_taken_as_it_is_meant() {
    let data = DataDir::with_users(&["ada"]);
    fs::write(data.file("motd.txt"), "\u{feff}Grüße\r\npage 12\r\n").unwrap();
    let server = data.start();
    let mut peer = Peer::connect(server.address());
    peer.login(ADMIN, PASSWORD);
    assert_eq!(peer.welcome["motd"], "Grüße\npage 12");
}

/// As a start does: a slip in it keeps a renewed certificate from nobody.
#[test]
fn a_reload_takes_the_rest_and_tells_of_it() {
    let data = DataDir::with_users(&["ada"]);
    fs::write(data.file("motd.txt"), "page 12").unwrap();
    let server = data.start();
    let before = server.connect().certificate();
    fs::write(data.file("homeroom.toml"), "login-grace = 7\n").unwrap();
    run(data.command().args(["identity", "new"]), b"").succeeded();
    for (bytes, told) in bad() {
        fs::write(data.file("motd.txt"), &bytes).unwrap();
        let mut root = server.admin();
        assert_reply(&root.ask(json!({"type": "reload"})));
        let notice = root.find("a notice", |line| line["type"] == "notice");
        assert!(notice["text"].as_str().unwrap().contains(told), "{notice}");
        assert_ne!(server.connect().certificate(), before);
        assert!(server.login("ada").welcome["motd"].is_null(), "what held before is no longer what anybody wrote");
        assert_eq!(data.read_bytes("motd.txt"), bytes);
    }
}
