//! Programs that are fetched slowly, by too many, and while their files change.

use crate::harness::{Browser, DataDir, Server, dial_from, loopback};
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

/// More than the systems of both sides keep for somebody who doesn't read.
const BYTES: usize = 48 * 1024 * 1024;
/// How many may fetch at a time, in all and from one address.
const IN_ALL: u16 = 32;
const FROM_ONE: u16 = 16;

/// A server that gives out one large program, and that.
fn server() -> (Server, PathBuf) {
    let data: Arc<DataDir> = DataDir::with_users(&["ada"]);
    fs::create_dir(data.path().join("get")).unwrap();
    let program = data.path().join("get/homeroom-client");
    // Nothing but zeros, which take no room on the disk.
    File::create(&program).unwrap().set_len(BYTES as u64).unwrap();
    (data.start(), program)
}

/// Asks for the program and reads nothing but the answer's head; gives its status.
fn fetch(server: &Server, source: Ipv4Addr) -> (Browser, u16) {
    let mut browser = Browser::over(dial_from(source, server.address()));
    browser.send_bytes(b"GET /get/homeroom-client HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = browser.head();
    (browser, head.status)
}

#[test]
fn so_many_fetch_at_a_time_and_those_who_chat_notice_nothing() {
    let (server, _program) = server();
    let mut ada = server.login("ada");
    let mut from_one: Vec<_> = (0..FROM_ONE).map(|_| fetch(&server, loopback(1))).collect();
    assert!(from_one.iter().all(|(_, status)| *status == 200));
    assert_eq!(fetch(&server, loopback(1)).1, 503, "one address has all");
    let others: Vec<_> = (FROM_ONE..IN_ALL).map(|i| fetch(&server, loopback(2 + i))).collect();
    assert!(others.iter().all(|(_, status)| *status == 200));
    let (mut late, status) = fetch(&server, loopback(500));
    assert_eq!(status, 503);
    late.count_until_closed();
    ada.say("meanwhile");
    server.login("ada").say("and one comes in meanwhile");
    // One is done; another gets its place once the server has seen that.
    let (mut done, _) = from_one.remove(0);
    assert_eq!(done.count_until_closed(), BYTES);
    crate::harness::wait_until("a place", || fetch(&server, loopback(500)).1 == 200);
}

#[test]
fn a_file_that_is_cut_or_removed_while_it_is_sent() {
    let (server, program) = server();
    let (mut first, status) = fetch(&server, Ipv4Addr::LOCALHOST);
    assert_eq!(status, 200);
    fs::remove_file(&program).unwrap();
    assert_eq!(first.count_until_closed(), BYTES, "it was open");

    File::create(&program).unwrap().set_len(BYTES as u64).unwrap();
    let (mut second, status) = fetch(&server, Ipv4Addr::LOCALHOST);
    assert_eq!(status, 200);
    File::options().write(true).open(&program).unwrap().set_len(1).unwrap();
    let came = second.count_until_closed();
    assert!(came < BYTES, "{came} bytes of a file that was cut");
    server.login("ada").say("still here");
}
