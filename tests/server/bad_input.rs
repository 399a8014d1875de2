//! Bytes that nobody should send.

use crate::harness::{Peer, Server, Share, assert_error};
use serde_json::json;

/// Each is answered by `bad_request`, and the session goes on.
#[track_caller]
fn assert_refused(ada: &mut Peer, line: &[u8]) {
    ada.send_bytes(line);
    ada.send_bytes(b"\n");
    let answer = ada.find("an error", |answer| answer["type"] == "error");
    assert_error(&answer, "bad_request");
    ada.assert_alive();
}

#[test]
fn bytes_that_are_not_utf_8_are_a_bad_request() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    for bytes in [
        &b"\xff\xfe\xfd"[..],
        b"{\"type\":\"say\",\"text\":\"\xc3\x28\"}",
        b"{\"type\":\"say\",\"text\":\"\xed\xa0\x80\"}", // half a surrogate pair
        b"{\"type\":\"say\",\"text\":\"\xf4\x90\x80\x80\"}", // beyond Unicode
        b"{\"type\":\"say\",\"text\":\"\xc0\xaf\"}",     // a slash, over-long
        b"{\"type\":\"say\",\"text\":\"\xe2\x82\"}",     // cut
    ] {
        assert_refused(&mut ada, bytes);
    }
}

#[test]
fn what_is_not_json_is_a_bad_request() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    for text in [
        "hello",
        "{",
        "}",
        "{\"type\":\"who\"",
        "{\"type\":\"who\"}}",
        "{\"type\":\"who\"} {\"type\":\"who\"}",
        "{'type':'who'}",
        "{\"type\":\"say\",\"text\":\"\\ud800\"}",
        "{\"type\":\"say\",\"text\":\"\\x41\"}",
        "{\"type\":\"say\",\"text\":\"a\tb\"}",
        "\u{feff}{\"type\":\"who\"}",
        "NaN",
        "\0",
    ] {
        assert_refused(&mut ada, text.as_bytes());
    }
}

#[test]
fn json_that_is_no_request_is_a_bad_request() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    for text in [
        "[]",
        "[{\"type\":\"who\"}]",
        "[\"ping\"]",
        "[\"say\",\"general\",\"hi\"]",
        "[\"logout\"]",
        "null",
        "true",
        "7",
        "\"who\"",
        "{}",
        "{\"type\":null}",
        "{\"type\":7}",
        "{\"type\":[\"who\"]}",
        "{\"text\":\"hi\"}",
        "{\"type\":\"say\"}",
        "{\"type\":\"say\",\"text\":null}",
        "{\"type\":\"say\",\"text\":7}",
        "{\"type\":\"say\",\"text\":[\"hi\"]}",
        "{\"type\":\"say\",\"text\":{\"hi\":1}}",
        "{\"type\":\"say\",\"room\":7,\"text\":\"hi\"}",
        "{\"type\":\"whisper\",\"text\":\"hi\"}",
        "{\"type\":\"whisper\",\"to\":\"ada\"}",
        "{\"type\":\"whisper\",\"to\":[\"ada\"],\"text\":\"hi\"}",
        "{\"type\":\"passwd\",\"old\":\"x\"}",
    ] {
        assert_refused(&mut ada, text.as_bytes());
    }
}

#[test]
fn deep_nesting_harms_nobody() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 16_000 / (open.len() + close.len());
        assert_refused(&mut ada, open.repeat(depth).as_bytes());
        assert_refused(&mut ada, format!("{}1{}", open.repeat(depth), close.repeat(depth)).as_bytes());
        // Where it is only a field to be ignored, it may be ignored.
        let (opened, closed) = (open.repeat(depth - 20), close.repeat(depth - 20));
        ada.send_bytes(format!("{{\"type\":\"ping\",\"junk\":{opened}1{closed}}}\n").as_bytes());
        let answer = ada.next();
        assert!(answer["type"] == "pong" || answer["code"] == "bad_request", "{answer}");
        ada.assert_alive();
    }
}

#[test]
fn an_admins_mistakes_are_bad_requests_too() {
    let server = Server::with_users(&["ada"]);
    let mut admin = server.admin();
    for request in [
        json!({"type": "add_user"}),
        json!({"type": "add_user", "username": 7}),
        json!({"type": "add_user", "username": "eve", "role": "king"}),
        json!({"type": "add_user", "username": "eve", "password": 12_345_678}),
        json!({"type": "logout_user"}),
        json!({"type": "logout_user", "username": ["ada"]}),
    ] {
        assert_refused(&mut admin, request.to_string().as_bytes());
    }
}

/// The 1 MiB line: answered, and the sender is shown out rather than listened to for ever.
#[test]
fn a_line_without_an_end_is_refused() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = server.login("ada");
    ada.pour(&vec![b'x'; 1 << 20], |_| Share::Keep);
    let answer = ada.find("an error", |line| line["type"] == "error");
    assert_error(&answer, "too_long");
    let mut stranger = server.connect();
    stranger.pour(&vec![b'x'; 1 << 20], |_| Share::Keep);
    let lines = stranger.until_closed();
    assert!(lines.iter().all(|line| line["code"] == "too_long"), "{lines:?}");
    bob.say("still here");
}

#[test]
#[cfg(target_os = "linux")]
fn endless_lines_cost_no_memory() {
    let server = Server::with_users(&["ada"]);
    let process = crate::harness::Proc::of(server.pid());
    let megabyte = vec![b'x'; 1 << 20];
    let attack = || {
        let mut ada = server.login("ada");
        ada.pour(&megabyte, |_| Share::Drop);
        let mut stranger = server.connect();
        stranger.pour(&megabyte, |_| Share::Drop);
    };
    attack();
    let before = process.memory_kib();
    for _ in 0..5 {
        attack();
    }
    let peak = process.memory_peak_kib();
    println!("before {before} KiB, peak {peak} KiB after 10 MiB of endless lines");
    assert!(peak < before + 2_048, "from {before} KiB to {peak} KiB");
}

#[test]
fn a_line_over_the_limit_is_skipped_and_the_next_one_read() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    ada.send_bytes(&[b'x'; 20_000]);
    ada.send_bytes(b"\n{\"type\":\"ping\",\"id\":\"after\"}\n");
    assert_error(&ada.next(), "too_long");
    assert_eq!(ada.answer("after")["type"], "pong");
}

#[test]
fn broken_tls_ends_its_own_session_alone() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    for junk in [&b"no TLS record\n"[..], b"\x17\x03\x03\x40\xff", &[0; 5], &[0xff; 20_000]] {
        let mut ada = server.login("ada");
        ada.send_under_tls(junk);
        // A record that is cut is broken only once nothing follows.
        ada.send_under_tls(&[0; 20_000]);
        ada.until_closed();
        bob.event("left", "ada");
    }
    bob.say("still here");
}
