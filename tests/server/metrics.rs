//! How the server is: for Prometheus, and for administrators.

use crate::harness::{DEADLINE, DataDir, Server, Terminal, assert_error, assert_reply, run, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant, UNIX_EPOCH};
use tempfile::TempDir;

/// A server with metrics, and where they are.
fn server(names: &[&str]) -> (Server, SocketAddr) {
    let server = DataDir::with_users(names).server().args(&["--metrics", "127.0.0.1:0"]).start();
    let log = server.stderr.wait_for("/metrics\n");
    let address = log.split("metrics at http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    (server, address)
}

/// What comes back for some bytes.
#[track_caller]
fn ask(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // A server that closes before it has read everything resets the connection.
    let _ = socket.read_to_string(&mut answer);
    answer
}

/// The page's samples. Fails where a line is none of Prometheus' format.
#[track_caller]
fn page(address: SocketAddr) -> BTreeMap<String, f64> {
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("version=0.0.4"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    let mut told = Vec::new();
    let mut samples = BTreeMap::new();
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            told.push(comment.split(' ').nth(1).unwrap().to_owned());
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let base = name.split('{').next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base);
        assert_eq!(told.iter().filter(|told| *told == base).count(), 2, "HELP and TYPE of {name}");
        // They tell what is counted, never whom.
        let label = name.split_once('{').and_then(|(_, rest)| rest.split('=').next());
        assert!(label.is_none_or(|label| ["version", "reason", "le"].contains(&label)), "{name}");
        assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{name} twice");
    }
    // OpenMetrics, which newer collectors ask for, calls a counter `x_total` the family `x`.
    let families: Vec<&str> = told.iter().step_by(2).map(|name| name.trim_end_matches("_total")).collect();
    let twice = families.iter().find(|name| families.iter().filter(|other| other == name).count() > 1);
    assert_eq!(twice, None, "two families of one name");
    samples
}

#[test]
fn the_page_counts_what_happened() {
    let (server, address) = server(&["ada", "bob"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let mut guest = server.connect();
    guest.send(&json!({"type": "login", "protocol": 1, "username": "ada", "password": "wrong wrong"}));
    assert_error(&guest.next(), "bad_credentials");
    for _ in 0..3 {
        ada.say("counted");
        bob.event("message", "ada");
    }
    server.login("bob").ask(json!({"type": "logout"}));
    let mut samples = page(address);
    // A round is counted when it's over, which is after the last of its sessions was brought what was said.
    wait_until("the last round counted", || {
        samples = page(address);
        samples["homeroom_deliveries_total"] >= 6.0
    });
    let value = |name: &str| *samples.get(&format!("homeroom_{name}")).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!((value("accounts_online"), value("logins_total")), (2.0, 3.0));
    assert_eq!(value("login_failures_total{reason=\"wrong_password\"}"), 1.0);
    assert_eq!(value("events_total"), 5.0, "two joined, three said");
    assert!(value("timeline_bytes") > 300.0);
    let rounds = value("delivery_latency_seconds_count");
    assert!((1.0..=6.0).contains(&rounds), "rounds with something said: {rounds}");
    assert_eq!(value("delivery_latency_seconds_bucket{le=\"+Inf\"}"), rounds);
    assert!(value("delivery_latency_seconds_sum") < 10.0 * rounds);
    #[cfg(target_os = "linux")]
    assert!(value("memory_bytes") > 1e6 && value("threads") > 5.0 && value("open_files") > 5.0);
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let days_left = (value("certificate_end_seconds") - now) / 86_400.0;
    assert!((300.0..400.0).contains(&days_left), "a new one has 397 days: {days_left}");
    let personal = |name: &&String| ["ada", "bob", "127.0.0.1"].iter().any(|word| name.contains(word));
    assert_eq!(samples.keys().find(personal), None);
}

#[test]
fn what_is_said_is_as_old_as_it_is() {
    let (server, address) = server(&["ada"]);
    let mut ada = server.login("ada");
    // The postman is woken for the second one, and told nothing.
    server.login("ada").assert_alive();
    let uptime = || page(address)["homeroom_uptime_seconds"];
    let then = uptime();
    wait_until("a second or two of silence", || uptime() >= then + 2.0);
    let before = Instant::now();
    ada.say("at last");
    wait_until("its round counted", || page(address)["homeroom_delivery_latency_seconds_count"] == 1.0);
    let told = page(address)["homeroom_delivery_latency_seconds_sum"];
    assert!(told <= before.elapsed().as_secs_f64(), "{told} s, and all took {:?}", before.elapsed());
}

#[test]
fn whatever_a_collector_does_the_chat_and_the_next_collector_go_on() {
    let (server, address) = server(&["ada"]);
    let mut ada = server.login("ada");
    assert!(ask(address, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
    assert!(ask(address, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405"));
    let head = ask(address, "HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    assert_eq!(ask(address, &format!("GET /{}", "x".repeat(20_000))), "", "an endless line gets nothing");
    let _silent = TcpStream::connect(address).unwrap();
    ada.say("still here");
    assert!(page(address).contains_key("homeroom_sessions"));
    ada.say("and now");
}

/// Each alone could cost the next one the 2 s that it has for its request.
#[test]
fn silent_connections_keep_no_collector_waiting() {
    let (_server, address) = server(&[]);
    let silent: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
    let before = Instant::now();
    let mut mid_line = TcpStream::connect(address).unwrap();
    mid_line.write_all(b"GET /met").unwrap();
    assert!(page(address).contains_key("homeroom_sessions"));
    assert!(before.elapsed() < Duration::from_millis(1500), "{:?}", before.elapsed());
    // Whoever came last is there still.
    mid_line.write_all(b"rics HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    mid_line.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    #[cfg(target_os = "linux")]
    assert!(page(address)["homeroom_threads"] < 100.0, "a hundred connections took as many threads");
    drop(silent);
}

#[test]
fn metrics_are_for_this_machine_unless_that_is_said() {
    let data = DataDir::with_users(&[]);
    let refused = run(data.server().args(&["--metrics", "0.0.0.0:0"]).command().env("RUST_LOG", "info"), b"");
    assert!(refused.failed_with(2).contains("--metrics-public"), "{refused:?}");
    let server = data.server().args(&["--metrics", "0.0.0.0:0", "--metrics-public"]).start();
    server.stderr.wait_for("metrics at http://0.0.0.0:");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let other = DataDir::with_users(&[]);
    let refused = run(&mut other.server().args(&["--metrics", &address]).command(), b"");
    assert!(refused.failed_with(1).contains(&address), "{refused:?}");
}

#[test]
fn an_administrator_sees_the_same_in_words() {
    let (server, _) = server(&["ada"]);
    let mut ada = server.login("ada");
    assert_error(&ada.ask(json!({"type": "status"})), "not_admin");
    let mut root = server.admin();
    // From now on both are the postman's.
    ada.event("joined", "root");
    root.assert_alive();
    ada.say("one thing");
    let mut status = Value::Null;
    // A round is counted when it's over, which may be after what it brought is here.
    wait_until("the round counted", || {
        let answer = root.ask(json!({"type": "status"}));
        assert_reply(&answer);
        status = answer["status"].clone();
        !status["latency_ms_p99"].is_null()
    });
    assert_eq!((&status["sessions"], &status["logins"], &status["events"]), (&json!(2), &json!(2), &json!(3)));
    assert!(status["latency_ms_p99"].as_f64().unwrap() >= status["latency_ms_median"].as_f64().unwrap(), "{status}");
    let config = TempDir::new().unwrap();
    let seen = Terminal::start_in(config.path(), &[&server.join_link(), "--user", "root"]).script(&["/status"]);
    assert!(seen.succeeded().contains("* accounts online: 2, sessions: 3, connections logging in: 0\n"), "{seen:?}");
}

#[test]
fn the_dashboard_shows_what_there_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/grafana/homeroom.json");
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (_server, address) = server(&[]);
    let samples = page(address);
    let known = |name: &str| {
        name == "homeroom_certificate_end_seconds"
            || samples.keys().any(|sample| sample.split('{').next() == Some(name))
    };
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut names = 0;
    for expression in targets.map(|target| target["expr"].as_str().unwrap()) {
        for word in expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if word.starts_with("homeroom_") {
                assert!(known(word), "{word} in {expression}");
                names += 1;
            }
        }
    }
    assert!(names > 15, "{names}");
}
