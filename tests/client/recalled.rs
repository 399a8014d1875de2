//! What was typed in earlier sessions, and is had back with the arrow keys, whatever became of its file.

use super::screen::{client, is_said};
use crate::harness::{Screen, Server};
use std::path::Path;
use tempfile::TempDir;

/// A client of ada's, with this file.
fn sit_down(server: &Server, config: &Path) -> Screen {
    let screen = Screen::start(client(config).args([&server.join_link(), "--user", "ada"]), (24, 60));
    screen.wait_for_end(&[">"]);
    screen
}

const UP: &str = "\x1b[A";

#[test]
fn a_byte_that_is_no_utf_8_costs_its_character_alone() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    std::fs::write(config.path().join("history"), b"first things\nGr\xfc\xdfe\n\0\0\0\0\nlast things\n").unwrap();
    let mut ada = sit_down(&server, config.path());
    for start in ["> last things", "> Gr", "> first things"] {
        ada.press(UP);
        ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with(start)));
    }
    ada.press("\r");
    ada.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "ada: first things") && prompt == ">"));
}

#[test]
fn of_a_file_that_is_too_large_the_newest_lines_are_kept() {
    const LINE_BYTES: usize = 4096;
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    let path = config.path().join("history");
    let long = format!("{}\n", "x".repeat(LINE_BYTES - 1));
    std::fs::write(&path, format!("{}newest of all\n", long.repeat(5 * 1024 * 1024 / LINE_BYTES))).unwrap();
    let mut ada = sit_down(&server, config.path());
    ada.press(UP);
    ada.wait_for_end(&["> newest of all"]);
    ada.press("\r");
    ada.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "ada: newest of all") && prompt == ">"));
    // Another one at the same time.
    let mut too = sit_down(&server, config.path());
    too.press("mine too\r");
    too.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "ada: mine too") && prompt == ">"));
    ada.press("and mine\r");
    ada.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "ada: and mine") && prompt == ">"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.len() < 5 * 1024 * 1024, "the oldest are gone: {}", text.len());
    assert!(text.ends_with("\nmine too\nand mine\n"), "{}", &text[text.len() - 100..]);
}
