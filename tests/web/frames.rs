//! WebSocket's frames, right and wrong ones.

use crate::harness::browser::{frame, opcode};
use crate::harness::{Browser, Server, assert_error};
use serde_json::json;

const PING: &[u8] = br#"{"type":"ping","id":"p"}"#;

#[test]
fn only_the_servers_own_page_gets_a_websocket() {
    let server = Server::with_users(&[]);
    let own = server.address().to_string();
    let other_port = format!("https://{}:1", server.address().ip());
    let (plain, path, twice) =
        (format!("http://{own}"), format!("https://{own}/x"), format!("https://{own}, https://{own}"));
    for (headers, status) in [
        (&[("Origin", "https://evil.example")][..], 403),
        (&[("Origin", &other_port)], 403),
        (&[("Origin", &plain)], 403),
        (&[("Origin", &path)], 403),
        (&[("Origin", &twice)], 403),
        (&[("Origin", "null")], 403),
        (&[("Origin", "")], 403),
        (&[("Host", "evil.example")], 403),
        (&[("Host", "")], 400),
        (&[("Upgrade", "")], 426),
        (&[("Upgrade", "h2c")], 426),
        (&[("Sec-WebSocket-Version", "8")], 426),
        (&[("Sec-WebSocket-Version", "")], 426),
        (&[("Sec-WebSocket-Key", "")], 400),
        (&[("Sec-WebSocket-Key", "c2hvcnQ=")], 400),
        (&[("Sec-WebSocket-Key", "not base64 at all, !!!!")], 400),
        (&[("Connection", "keep-alive")], 400),
        (&[("Content-Length", "5")], 400),
        (&[("Transfer-Encoding", "chunked")], 400),
    ] {
        let mut browser = Browser::connect(server.address());
        browser.send_bytes(browser.upgrade(headers).as_bytes());
        let response = browser.response();
        assert_eq!(response.status, status, "{headers:?}: {}", response.head);
        browser.assert_closed();
    }
    for headers in [
        &[("Host", "Pi.Local"), ("Origin", "https://pi.local:443")][..],
        &[("Host", "[::1]:7"), ("Origin", "https://[::1]:7")],
        &[("Content-Length", "0")],
    ] {
        let mut browser = Browser::connect(server.address());
        browser.send_bytes(browser.upgrade(headers).as_bytes());
        assert_eq!(browser.response().status, 101, "{headers:?}");
    }
}

#[test]
fn a_request_may_come_in_pieces_with_pings_between_them_and_byte_by_byte() {
    let server = Server::with_users(&["ada"]);
    let mut browser = Browser::login(server.address(), "ada");
    let pieces = [
        frame(opcode::TEXT, &PING[..5]),
        frame(0x80 | opcode::PING, b"between"),
        frame(opcode::CONTINUATION, b""),
        frame(0x80 | opcode::PONG, b"never asked for"),
        frame(0x80 | opcode::CONTINUATION, &PING[5..]),
    ]
    .concat();
    browser.send_bytes(&pieces);
    let pong = browser.frame();
    assert_eq!((pong.opcode, &pong.payload[..]), (opcode::PONG, &b"between"[..]));
    assert_eq!(browser.next(), json!({"type": "pong", "id": "p"}));
    for byte in &pieces {
        browser.send_bytes(&[*byte]);
    }
    assert_eq!(browser.frame().opcode, opcode::PONG);
    assert_eq!(browser.next()["type"], "pong");
}

#[test]
fn every_form_of_length_and_lines_with_their_ends_and_without() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut browser, mut bob) = (Browser::login(server.address(), "ada"), server.login("bob"));
    for (at, bytes) in [1, 60, 3_000].into_iter().enumerate() {
        let text = "\u{1F600}".repeat(bytes);
        let said = browser.ask(&format!("s{at}"), json!({"type": "say", "text": text}));
        assert_eq!(said["text"], text);
        assert_eq!(bob.event("message", "ada")["text"], text);
    }
    // Two lines, and one with its end.
    browser.send_frame(opcode::TEXT, b"{\"type\":\"ping\",\"id\":\"a\"}\n{\"type\":\"ping\",\"id\":\"b\"}\r\n");
    let mut pong = || browser.find(|line| line["type"] == "pong")["id"].clone();
    assert_eq!([pong(), pong()], ["a", "b"]);
    for nonsense in [&b""[..], b"GET / HTTP/1.1"] {
        browser.send_frame(opcode::TEXT, nonsense);
        assert_error(&browser.find(|line| line["type"] == "error"), "bad_request");
    }
}

#[test]
fn http_after_a_login_is_a_line_like_any_other() {
    let server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    ada.send_bytes(b"GET / HTTP/1.1\r\n");
    assert_error(&ada.next(), "bad_request");
    ada.assert_alive();
}

#[test]
fn what_is_no_frame_is_answered_with_its_code() {
    let server = Server::unlimited(&["ada"]);
    let masked = |first: u8, payload: &[u8]| frame(first, payload);
    let long = vec![b'x'; 16_384];
    let head = |second: u8, length: &[u8]| [&[0x81, second], length, &[0; 4]].concat();
    for (name, bytes, code) in [
        ("binary", masked(0x82, b"x"), 1003),
        ("no mask", b"\x81\x01x".to_vec(), 1002),
        ("an extension", masked(0xC1, b"x"), 1002),
        ("an unknown kind", masked(0x83, b"x"), 1002),
        ("an unknown control", masked(0x8B, b"x"), 1002),
        ("a ping in pieces", masked(0x09, b"x"), 1002),
        ("a long ping", masked(0x89, &[b'x'; 126]), 1002),
        ("a piece of nothing", masked(0x80, b"x"), 1002),
        ("a message in a message", [masked(0x01, b"x"), masked(0x81, b"y")].concat(), 1002),
        ("a length in too long a form", head(0xFE, &[0, 5]), 1002),
        ("a length in much too long a form", head(0xFF, &[0, 0, 0, 0, 0, 0, 0, 5]), 1002),
        ("too long", masked(0x81, &[&long[..], b"y"].concat()), 1009),
        ("too long with its end", masked(0x81, &long), 1009),
        ("too long in pieces", [masked(0x01, &long[..16_000]), masked(0x80, &long[..385])].concat(), 1009),
        ("endless", head(0xFF, &[0xFF; 8]), 1009),
        ("much too long", head(0xFF, &[0, 0, 0, 1, 0, 0, 0, 0]), 1009),
        ("no UTF-8", masked(0x81, b"\xff"), 1007),
        ("half a character", masked(0x81, b"\xc3"), 1007),
        ("a close", masked(0x88, &[0x03, 0xE8]), 1000),
        ("a close with a reason", masked(0x88, &[0x0F, 0xA0, b'b', b'y', b'e']), 4000),
        ("a close with half a code", masked(0x88, &[0x03]), 1002),
        ("a close with no such code", masked(0x88, &[0x03, 0xED]), 1002),
        ("a close with a reason that is no text", masked(0x88, &[0x03, 0xE8, 0xff]), 1007),
    ] {
        for mut browser in [Browser::on_the_page(server.address()), Browser::login(server.address(), "ada")] {
            browser.send_bytes(&bytes);
            assert_eq!(browser.close_code(), Some(code), "{name}");
        }
    }
    for mut browser in [Browser::on_the_page(server.address()), Browser::login(server.address(), "ada")] {
        browser.send_frame(opcode::CLOSE, b"");
        assert_eq!(browser.close_code(), None);
    }
    // The longest line there is.
    let mut browser = Browser::login(server.address(), "ada");
    browser.send_frame(opcode::TEXT, &long[1..]);
    assert_error(&browser.next(), "bad_request");
}

#[test]
fn whoever_sends_pings_without_end_is_sent_away() {
    let server = Server::with_users(&["ada"]);
    let mut browser = Browser::login(server.address(), "ada");
    browser.send_bytes(&frame(0x80 | opcode::PING, b"x").repeat(500));
    assert_eq!(browser.close_code(), Some(1008));
}
