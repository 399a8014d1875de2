//! What a browser asks for, and what those ask for who only look like one.

use crate::harness::browser::Response;
use crate::harness::{Browser, DEADLINE, DataDir, Server, sha256};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A request of one's own words, and its answer, after which the server closes.
#[track_caller]
fn ask(address: SocketAddr, request: &str) -> Response {
    let mut browser = Browser::connect(address);
    browser.send_bytes(request.as_bytes());
    let response = browser.response();
    browser.assert_closed();
    response
}

/// The same without TLS.
#[track_caller]
fn ask_plainly(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_page_is_one_document_that_may_do_nothing_but_speak_to_its_server() {
    let server = Server::with_users(&[]);
    let page = ask(server.address(), "GET / HTTP/1.1\r\nHost: pi.local:7667\r\n\r\n");
    assert_eq!(page.status, 200, "{}", page.head);
    assert_eq!(page.header("Content-Type"), "text/html; charset=utf-8");
    for (name, value) in [
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ] {
        assert_eq!(page.header(name), value);
    }
    let policy = page.header("Content-Security-Policy");
    for part in [
        "default-src 'none'",
        "script-src 'sha256-",
        "style-src 'sha256-",
        "connect-src 'self' wss://pi.local:7667;",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let lower = page.head.to_lowercase();
    for absent in ["set-cookie", "server:", "homeroom", "strict-transport-security", "0.1"] {
        assert!(!lower.contains(absent), "{absent}: {lower}");
    }
    let body = String::from_utf8(page.body).unwrap();
    assert!(body.starts_with("<!doctype html>") && body.trim_end().ends_with("</html>"));
    assert!(body.len() < 60_000, "{}", body.len());
}

#[test]
fn whatever_else_is_asked_for_is_refused_with_a_length() {
    let server = Server::with_users(&[]);
    for (request, status) in [
        ("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("GET //ws HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("GET /get/../users.json HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("GET /get/%2e%2e/users.json HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", 405),
        ("PUT /ws HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        ("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", 426),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x'; script-src *\r\n\r\n", 400),
        ("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA\x01: b\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("HELP\r\n", 400),
    ] {
        let response = ask(server.address(), request);
        assert_eq!(response.status, status, "{request:?}: {}", response.head);
        assert_eq!(response.header("Connection"), "close", "{request:?}");
        assert!(!response.head.to_lowercase().contains("homeroom"), "{}", response.head);
    }
}

#[test]
fn a_head_has_at_most_8_kib() {
    let server = Server::with_users(&[]);
    let bare = "GET / HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n".len();
    let long = |bytes: usize| format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(bytes - bare));
    assert_eq!(ask(server.address(), &long(8192)).status, 200);
    assert_eq!(ask(server.address(), &long(8193)).status, 431);
    let endless = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}", "a".repeat(20_000));
    assert_eq!(ask(server.address(), &endless).status, 431);
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(1_000));
    assert_eq!(ask(server.address(), &many).status, 431);
}

#[test]
fn of_pipelined_requests_the_first_is_answered_and_then_the_server_closes() {
    let server = Server::with_users(&[]);
    let two = "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(ask(server.address(), two).status, 404);
}

#[test]
fn slow_headers_have_the_time_that_a_login_has() {
    let server = DataDir::with_users(&["ada"]).server().args(&["--login-grace", "1"]).start();
    for first in ["GET / HTTP/1.1\r\n", "G"] {
        let (mut browser, start) = (Browser::connect(server.address()), Instant::now());
        browser.send_bytes(first.as_bytes());
        let mut socket = TcpStream::connect(server.address()).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket.write_all(first.as_bytes()).unwrap();
        browser.assert_closed();
        // Closed, perhaps with a reset.
        let _ = socket.read(&mut [0; 100]);
        assert!(start.elapsed() > Duration::from_millis(900), "{:?}", start.elapsed());
    }
    server.login("ada").say("still here");
}

#[test]
fn without_tls_one_is_shown_the_way_and_nowhere_else() {
    let server = Server::with_users(&[]);
    for (host, path) in [("pi.local:7667", "/"), ("[2001:db8::5]:7667", "/get/?a=b"), ("192.0.2.5", "//evil.example/")]
    {
        let answer = ask_plainly(server.address(), &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
        assert!(answer.contains(&format!("\r\nLocation: https://{host}{path}\r\n")), "{answer}");
        assert!(answer.contains("\r\nContent-Length: 0\r\n"), "{answer}");
        assert!(!answer.to_lowercase().contains("homeroom"), "{answer}");
    }
    for host in [
        "",
        "evil.example/@pi",
        "u@pi",
        "pi:",
        "pi:0",
        "pi:99999",
        "pi pi",
        "pi\\evil",
        "<b>",
        "pi,evil",
        "[::1",
        "\u{e4}",
    ] {
        let answer = ask_plainly(server.address(), &format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{host:?}: {answer}");
        assert!(!answer.contains("Location"), "{host:?}: {answer}");
    }
    let two = ask_plainly(server.address(), "GET / HTTP/1.1\r\nHost: pi\r\nHost: evil.example\r\n\r\n");
    assert!(two.starts_with("HTTP/1.1 400 "), "{two}");
    let post = ask_plainly(server.address(), "POST / HTTP/1.1\r\nHost: pi\r\n\r\n");
    assert!(post.starts_with("HTTP/1.1 405 "), "{post}");
}

#[test]
fn no_web_leaves_the_protocol_alone() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().args(&["--no-web"]).start();
    let mut peer = server.connect();
    peer.send_bytes(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let lines = peer.until_closed();
    assert_eq!(lines[0]["code"], "bad_request", "{lines:?}");
    let mut socket = TcpStream::connect(server.address()).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // An alert, or a reset.
    let _ = socket.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    server.login("ada").say("still here");
}

#[test]
fn programs_are_given_out_with_their_sums() {
    let data = DataDir::with_users(&[]);
    let server = data.start();
    let get = |what: &str, accept: &str| {
        ask(server.address(), &format!("GET /get/{what} HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n"))
    };
    assert_eq!(get("", "*/*").status, 404, "none is there");
    // Larger than what is sent at a time, and than a socket takes at once.
    let program: Vec<u8> = (0..8_000_000_u32).map(|at| (at / 7) as u8).collect();
    fs::create_dir(data.path().join("get")).unwrap();
    fs::write(data.path().join("get/homeroom-client-linux-x86_64"), &program).unwrap();
    let list = get("", "application/json");
    let list: serde_json::Value = serde_json::from_slice(&list.body).unwrap();
    let sum = sha256(&program);
    assert_eq!(list, serde_json::json!([{"name": "homeroom-client-linux-x86_64", "bytes": 8_000_000, "sha256": sum}]));
    let page = get("", "text/html");
    assert_eq!(page.header("Content-Type"), "text/html; charset=utf-8");
    let page = String::from_utf8(page.body).unwrap();
    let line = format!("homeroom-client {} {}", server.address(), server.code());
    assert!(page.contains(&sum) && page.contains(&line), "{page}");
    let fetched = get("homeroom-client-linux-x86_64", "*/*");
    assert_eq!(fetched.header("Content-Type"), "application/octet-stream");
    assert!(fetched.header("Content-Disposition").starts_with("attachment"));
    assert!(fetched.body == program, "it is another");
    for other in ["../users.json", "..%2fusers.json", ".", "none", "homeroom-client-linux-x86_64/"] {
        assert_eq!(get(other, "*/*").status, 404, "{other}");
    }
}
