//! Input is bounded: each limit holds exactly, however the bytes come; and so is how much one may say.

use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, assert_error, assert_reply};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A line, its end included.
const LINE_BYTES: usize = 16_384;
const TEXT_CHARS: usize = 4_000;
const ID_CHARS: usize = 64;
const NAME_CHARS: usize = 32;

/// Of one, of two and of four bytes.
const CHARACTERS: [char; 3] = ['x', '\u{e9}', '\u{1f98e}'];

/// How a line is cut on its way.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Whole,
    Characters,
    Bytes,
}

const CUTS: [Cut; 3] = [Cut::Whole, Cut::Characters, Cut::Bytes];

/// Sends a line so, and gives the first answer.
#[track_caller]
fn send(peer: &mut Peer, line: &str, cut: Cut) -> Value {
    let mut buffer = [0; 4];
    match cut {
        Cut::Whole => peer.send_bytes(line.as_bytes()),
        Cut::Characters => line.chars().for_each(|c| peer.send_bytes(c.encode_utf8(&mut buffer).as_bytes())),
        Cut::Bytes => line.as_bytes().iter().for_each(|byte| peer.send_bytes(&[*byte])),
    }
    peer.find("an answer", |line| line["type"] != "joined" && line["type"] != "left")
}

/// A `ping` that is this long, filled with `character` and the rest with `x`.
fn line_of(bytes: usize, character: char) -> String {
    let (start, end) = (r#"{"type":"ping","id":"p","junk":""#, "\"}\n");
    let room = bytes - start.len() - end.len();
    let (many, rest) = (room / character.len_utf8(), room % character.len_utf8());
    format!("{start}{}{}{end}", character.to_string().repeat(many), "x".repeat(rest))
}

/// Its password is right each time: whoever guesses it learns nothing, and nobody else can use it up.
#[test]
fn an_account_that_logs_in_again_and_again_waits() {
    let server = Server::with_users(&["ada", "bob"]);
    let login = |name: &str, password: &str| {
        let mut peer = server.connect();
        peer.ask(json!({"type": "login", "protocol": 1, "username": name, "password": password}))
    };
    for _ in 0..4 {
        assert_error(&login("ada", "wrong wrong"), "bad_credentials");
    }
    // A class room's share, and then so many as the time of the test allows.
    let answers: Vec<Value> = (0..40).map(|_| login("ada", PASSWORD)).collect();
    let (welcome, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer["type"] == "welcome");
    assert!((20..38).contains(&welcome.len()), "{}", welcome.len());
    refused.iter().for_each(|answer| assert_error(answer, "try_later"));
    assert!(refused[0]["message"].as_str().unwrap().contains("logs in too often: try again in "), "{}", refused[0]);
    // Its tokens pass all the same, each so often as a device comes back; and none of that was a wrong password.
    let by_token = |token: &Value| {
        let request = json!({"type": "login", "protocol": 1, "username": "ada", "token": token});
        server.connect().ask(request)["type"] == "welcome"
    };
    let [first, second] = [1, 2].map(|back| &welcome[welcome.len() - back]["token"]);
    let passed = (0..20).filter(|_| by_token(first)).count();
    assert!((5..18).contains(&passed), "{passed} of 20");
    assert!((0..5).all(|_| by_token(second)), "another token is another device's");
    assert_eq!(login("bob", PASSWORD)["type"], "welcome");
    let end = Instant::now() + crate::harness::DEADLINE;
    while login("ada", PASSWORD)["type"] != "welcome" {
        assert!(Instant::now() < end, "it never gets in again");
        std::thread::sleep(Duration::from_millis(100));
    }
    let server = Server::unlimited(&["ada"]);
    assert!((0..40).all(|_| server.login("ada").welcome["type"] == "welcome"), "load runs are not counted");
}

#[test]
fn a_line_at_its_limit_is_taken_and_one_over_is_not() {
    let server = Server::unlimited(&["ada"]);
    let mut ada = server.login("ada");
    for (cut, character) in CUTS.into_iter().flat_map(|cut| CHARACTERS.map(|character| (cut, character))) {
        let line = line_of(LINE_BYTES, character);
        assert_eq!(line.len(), LINE_BYTES);
        assert_eq!(send(&mut ada, &line, cut)["type"], "pong", "{cut:?} {character:?}");
        assert_error(&send(&mut ada, &line_of(LINE_BYTES + 1, character), cut), "too_long");
        ada.assert_alive();
    }
}

#[test]
fn a_text_at_its_limit_is_taken_and_one_over_is_not() {
    let server = Server::unlimited(&["ada"]);
    let mut ada = server.login("ada");
    for (cut, character) in CUTS.into_iter().flat_map(|cut| CHARACTERS.map(|character| (cut, character))) {
        let text = character.to_string().repeat(TEXT_CHARS);
        let say = |text: &str| format!("{}\n", json!({"type": "say", "id": "s", "text": text}));
        assert_eq!(send(&mut ada, &say(&text), cut)["text"], text, "{cut:?} {character:?}");
        assert_error(&send(&mut ada, &say(&format!("{text}x")), cut), "too_long");
    }
}

#[test]
fn an_id_at_its_limit_is_taken_and_one_over_is_not() {
    let server = Server::unlimited(&["ada"]);
    let mut ada = server.login("ada");
    for cut in CUTS {
        let ping = |id: &str| format!("{}\n", json!({"type": "ping", "id": id}));
        let id = "~".repeat(ID_CHARS);
        assert_eq!(send(&mut ada, &ping(&id), cut), json!({"type": "pong", "id": id}), "{cut:?}");
        for bad in [format!("{id}~"), String::new(), "\u{e9}".into(), "\u{1f98e}".into(), "\u{7f}".into()] {
            assert_error(&send(&mut ada, &ping(&bad), cut), "bad_request");
        }
    }
}

#[test]
fn a_name_at_its_limit_is_taken_and_one_over_is_not() {
    let server = Server::unlimited(&[]);
    let mut admin = server.admin();
    for (first, cut) in ["a", "b", "c"].into_iter().zip(CUTS) {
        let add = |name: &str| format!("{}\n", json!({"type": "add_user", "id": "a", "username": name}));
        let name = first.repeat(NAME_CHARS);
        assert_reply(&send(&mut admin, &add(&name), cut));
        for bad in [format!("{name}{first}"), String::new(), "\u{e9}".repeat(16), "\u{1f98e}".into()] {
            assert_error(&send(&mut admin, &add(&bad), cut), "bad_username");
        }
    }
    assert_eq!(admin.welcome["username"], ADMIN);
}

#[test]
#[cfg(target_os = "linux")]
fn an_endless_line_takes_no_memory_and_ends_the_connection() {
    use crate::harness::{Proc, short_or_long};
    const GROWTH_KIB_MAX: u64 = 8 * 1024;
    let bytes: usize = short_or_long(64 << 20, 1 << 30);
    let server = Server::unlimited(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let before = Proc::of(server.pid()).memory_kib();
    let chunk = vec![b'x'; 64 * 1024];
    for logged_in in [true, false] {
        let mut sent = 0;
        // Closed again and again, until all was sent or refused.
        while sent < bytes / 2 {
            let mut peer = if logged_in { server.login("ada") } else { server.connect() };
            // One that listens for ever is told so after 64 MiB.
            let most = (64 << 20) / chunk.len();
            let here = (0..most).take_while(|_| peer.try_send_bytes(&chunk).is_ok()).count();
            assert!(here < most, "it listens to {here} chunks");
            sent += (here + 1) * chunk.len();
        }
    }
    let peak = Proc::of(server.pid()).memory_peak_kib();
    println!("{bytes} bytes without an end: {before} KiB before, {peak} KiB at most");
    assert!(peak < before + GROWTH_KIB_MAX, "{before} KiB became {peak} KiB");
    bob.say("still here");
}

const SAY: &str = "{\"type\":\"say\",\"id\":\"s\",\"text\":\"spam\"}\n";

/// The wait that a refusal names.
#[track_caller]
fn named_wait(refusal: &Value) -> Duration {
    assert_error(refusal, "rate_limited");
    let message = refusal["message"].as_str().unwrap();
    let seconds = message.split(' ').find_map(|word| word.parse::<f64>().ok());
    Duration::from_secs_f64(seconds.unwrap_or_else(|| panic!("no wait in {message:?}")))
}

#[test]
fn after_a_burst_one_waits_as_long_as_one_is_told() {
    const BURST: usize = 20;
    // So slow that no machine is slower.
    let server = DataDir::with_users(&["ada"]).server().args(&["--message-rate", "0.5"]).start();
    let mut ada = server.login("ada");
    let start = Instant::now();
    ada.send_bytes(SAY.repeat(BURST + 1).as_bytes());
    let answers: Vec<Value> = (0..=BURST).map(|_| ada.answer("s")).collect();
    let refusals: Vec<&Value> = answers.iter().filter(|answer| answer["type"] == "error").collect();
    assert_eq!(refusals.len(), 1, "{answers:?}");
    let wait = named_wait(refusals[0]);
    assert!(wait <= Duration::from_secs(2), "{wait:?}");
    while ada.ask(json!({"type": "say", "text": "sorry"}))["type"] != "message" {
        assert!(start.elapsed() < crate::harness::DEADLINE, "still refused");
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("told to wait {wait:?}, taken {:?} after the burst", start.elapsed());
    assert!(start.elapsed() > Duration::from_secs(1), "sooner than 0.5 a second");
}

/// 500 refusals: no person goes on so long.
#[test]
fn whoever_never_stops_is_cut_off_and_may_come_back() {
    let server = DataDir::with_users(&["ada", "bob"]).server().args(&["--message-rate", "1"]).start();
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let mut refused = 0;
    // What doesn't come to an end any more is not counted.
    ada.pour(SAY.repeat(1_000).as_bytes(), |line| {
        refused += u32::from(line["code"] == "rate_limited");
        if line["type"] == "bye" { crate::harness::Share::Keep } else { crate::harness::Share::Drop }
    });
    let rest = ada.until_closed();
    refused += rest.iter().filter(|line| line["code"] == "rate_limited").count() as u32;
    println!("cut off after {refused} refusals");
    assert!(refused > 500, "after {refused}");
    assert_eq!(rest.last().unwrap()["type"], "bye");
    bob.event("left", "ada");
    server.login("ada");
}

#[test]
fn a_flood_of_questions_is_slowed_and_not_refused() {
    // 200 at once, then 50 a second.
    const QUESTIONS: usize = 350;
    let server = Server::with_users(&["ada", "bob"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let mut idle = crate::harness::Latencies::default();
    (0..20).for_each(|_| idle.measure(|| bob.assert_alive()));
    let start = Instant::now();
    ada.send_bytes("{\"type\":\"who\",\"id\":\"w\"}\n".repeat(QUESTIONS).as_bytes());
    let mut beside = crate::harness::Latencies::default();
    (0..20).for_each(|_| beside.measure(|| bob.assert_alive()));
    (0..QUESTIONS).for_each(|_| assert_reply(&ada.answer("w")));
    let took = start.elapsed();
    println!("{QUESTIONS} questions took {took:?}; others' answers: idle {idle}, meanwhile {beside}");
    assert!(took > Duration::from_secs(2), "{took:?}");
}
