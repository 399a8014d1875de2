//! Text and servers that mean harm.

use crate::harness::{FakeServer, Finished, Guest, PASSWORD, Server, Terminal};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// Fails if a terminal would do anything with this but show it.
#[track_caller]
fn assert_safe(shown: &str) {
    let breaks_lines = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    let turns_round =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let dangerous = |c: char| (c.is_control() && c != '\n') || breaks_lines(c) || turns_round(c);
    let found: Vec<char> = shown.chars().filter(|c| dangerous(*c)).collect();
    assert!(found.is_empty(), "{found:?} in {shown:?}");
}

#[track_caller]
fn assert_all_safe(finished: &Finished) {
    assert_safe(&finished.stdout);
    assert_safe(&finished.stderr);
}

/// A screen cleared, a clipboard filled, a title set, a line overwritten, C1, a bell, text turned round.
const ATTACKS: [&str; 10] = [
    "\u{1b}[2J\u{1b}[H",
    "\u{1b}]52;c;cm0gLXJmIC8K\u{7}",
    "\u{1b}]0;title\u{1b}\\",
    "\rroot: I am the administrator",
    "\u{9b}31m red \u{85} next",
    "\u{7}\u{8}\u{8}\u{8}\u{c}\u{b}\u{7f}",
    "\u{202e}drowssap\u{202c}",
    "\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}",
    "\0",
    "\u{1b}P+q\u{1b}\\\u{1b}[?1049h",
];

#[test]
fn what_others_say_never_reaches_the_terminal_raw() {
    let server = Server::with_users(&["ada", "eve"]);
    let mut ada = Terminal::join(&server, "ada");
    let mut eve = server.login("eve");
    ada.type_line("hello");
    eve.until_text("hello");
    for (i, attack) in ATTACKS.iter().enumerate() {
        eve.say(&format!("<{i}{attack}{i}>"));
    }
    for attack in &ATTACKS[..2] {
        eve.ask(json!({"type": "whisper", "to": "ada", "text": format!("psst{attack}")}));
    }
    eve.say("the end");
    ada.stdout.wait_for("the end");
    let finished = ada.finish();
    assert_all_safe(&finished);
    // Shown as something, not passed over.
    for i in 0..ATTACKS.len() {
        let (start, end) = (format!("<{i}"), format!("{i}>"));
        assert!(finished.stdout.contains(&start) && finished.stdout.contains(&end), "{i}: {}", finished.stdout);
    }
}

#[test]
fn nobody_forges_another_line() {
    let server = Server::with_users(&["ada", "eve"]);
    let mut ada = Terminal::join(&server, "ada");
    let (mut eve, mut root) = (server.login("eve"), server.admin());
    ada.type_line("hello");
    eve.until_text("hello");
    root.say("genuine");
    let shown = ada.stdout.wait_for("genuine\n");
    let line = shown.lines().find(|line| line.ends_with("genuine")).unwrap();
    let prefix = line.strip_suffix("genuine").unwrap();
    for end in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\u{c}"] {
        eve.say(&format!("x{end}{prefix}forged"));
    }
    eve.say("the end");
    ada.stdout.wait_for("the end");
    let finished = ada.finish();
    assert_all_safe(&finished);
    let forged = format!("{prefix}forged");
    assert!(finished.stdout.lines().all(|line| line != forged), "{}", finished.stdout);
}

/// What a client shows of a server that sends `lines` and then closes.
#[track_caller]
fn show(lines: Vec<Value>) -> Finished {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(move |guest| {
        lines.iter().for_each(|line| guest.write(line));
        guest.write(&json!({"type": "message", "seq": 9_000, "time": "2026-11-23T12:00:00.123Z", "from": "bob",
            "room": "general", "text": "the end"}));
        guest.write(&json!({"type": "bye", "reason": "shutdown"}));
    });
    let mut ada = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD));
    let finished = ada.wait();
    host.join().unwrap();
    assert!(finished.stdout.contains("the end"), "it did not go on: {finished:?}");
    assert_all_safe(&finished);
    finished
}

#[test]
fn every_field_of_a_hostile_server_is_made_safe() {
    let time = "2026-11-23T12:00:00.123Z";
    for attack in ATTACKS {
        show(vec![
            json!({"type": "message", "seq": 2, "time": time, "from": attack, "room": attack, "text": attack}),
            json!({"type": "message", "seq": 3, "time": attack, "from": "bob", "room": "general", "text": "x"}),
            json!({"type": "whisper", "seq": 4, "time": time, "from": attack, "to": attack, "text": attack}),
            json!({"type": "joined", "seq": 5, "time": time, "username": attack}),
            json!({"type": "left", "seq": 6, "time": time, "username": attack, "reason": attack}),
            json!({"type": "error", "code": attack, "message": attack}),
            json!({"type": attack, "message": attack}),
        ]);
        show(hostile_lesson(attack));
    }
}

/// What happens in a lesson, with an attack in every field, of others and of ada.
fn hostile_lesson(attack: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    for (time, room) in [("2026-11-23T12:00:00.123Z", attack), (attack, "general")] {
        for name in [attack, "ada"] {
            lines.extend([
                json!({"type": "entered", "room": room, "username": name, "by": attack}),
                json!({"type": "floor", "room": room, "from": attack, "mode": "quiet", "until": attack, "whispers": "off"}),
                json!({"type": "floor", "room": room, "mode": "slow", "seconds": 4_294_967_295_u32, "until": time,
                    "whispers": "staff"}),
                json!({"type": "hand", "room": room, "username": name, "up": true, "text": attack}),
                json!({"type": "called", "room": room, "username": name, "from": attack}),
                json!({"type": "question", "room": room, "text": attack}),
                json!({"type": "asked", "room": room, "question": 7, "from": name}),
                json!({"type": "announcement", "from": attack, "text": attack}),
                json!({"type": "poll", "room": room, "from": attack, "poll": 5, "question": attack,
                    "options": vec![attack; 100], "until": attack}),
                json!({"type": "poll_closed", "room": room, "from": attack, "poll": 5, "counts": vec![u64::MAX; 100],
                    "voted": u64::MAX, "entitled": 0}),
                json!({"type": "exited", "room": room, "username": name, "by": attack}),
                json!({"type": "room_closed", "room": room, "by": attack}),
            ]);
            for line in &mut lines {
                line["time"] = json!(time);
            }
        }
    }
    for (seq, line) in (2..).zip(&mut lines) {
        line["seq"] = json!(seq);
    }
    lines
}

/// What a hostile server says of itself, and without being asked.
fn hostile_welcome(attack: &str) -> Vec<Value> {
    let time = "2026-11-23T12:00:00.123Z";
    vec![
        json!({"type": "welcome", "protocol": 1, "server": attack, "username": attack, "role": "admin", "token": "t",
            "seq": 1, "users": [attack], "must_change_password": false, "motd": attack,
            "topic": {"text": attack, "by": attack, "time": attack}, "rooms": [hostile_room(attack, attack),
            hostile_room("general", attack)]}),
        json!({"type": "message", "seq": 2, "time": time, "from": attack, "room": "general", "text": attack,
            "action": true}),
        json!({"type": "topic", "seq": 3, "time": time, "from": attack, "text": attack}),
        json!({"type": "topic", "seq": 4, "time": time, "from": attack, "text": ""}),
        json!({"type": "notice", "time": time, "text": attack}),
        json!({"type": "away", "username": attack, "text": attack, "since": time}),
    ]
}

/// A room that it says one is in.
fn hostile_room(name: &str, attack: &str) -> Value {
    json!({"room": name, "open": true, "topic": {"text": attack, "by": attack, "time": attack},
        "floor": {"mode": "quiet", "until": attack, "whispers": "off", "called": attack},
        "poll": {"poll": 7, "question": attack, "options": [attack], "until": attack, "voted": false}})
}

/// What it answers to a request, with an attack in every field.
fn hostile_answer(request: &Value, attack: &str) -> Value {
    let (id, time) = (&request["id"], "2026-11-23T12:00:00.123Z");
    let away = json!({"username": attack, "text": attack, "since": time});
    let users = match request["type"].as_str().unwrap() {
        "whisper" => {
            return json!({"type": "whisper", "seq": 5, "time": time, "from": attack, "to": attack, "text": attack,
                "id": id, "away": true});
        }
        "ban" | "history" => return json!({"type": "error", "id": id, "code": "internal", "message": attack}),
        "list_users" => json!([{"username": attack, "role": "user", "online": true}]),
        _ => json!([attack, "bob"]),
    };
    json!({"type": "reply", "id": id, "ok": true, "users": users, "away": [attack], "password": attack,
        "whois": {"username": attack, "role": "user", "sessions": 2, "since": time, "away": away},
        "topic": {"text": attack, "by": attack, "time": time}, "report": [attack],
        "commands": [{"usage": attack, "about": attack, "admin": false}],
        "rooms": [{"room": attack, "open": true, "about": attack, "member": true, "online": 1, "users": [attack]}],
        "hands": [{"username": attack, "text": attack, "since": attack}],
        "counts": [1], "voted": [attack], "missing": [attack]})
}

#[test]
fn every_answer_of_a_hostile_server_is_made_safe() {
    let typed = ["/who", "/whois bob", "/topic", "/listusers", "/help", "/reload", "/adduser eve", "/msg bob hi"];
    let typed = [&typed[..], &["/mute bob 5", "/away x", "/ban bob", "/history"]].concat();
    let typed =
        [&typed[..], &["/rooms", "/hands", "/split 2", "/makeroom chess", "/tally", "/vote 1", "/join chess"]].concat();
    for attack in ATTACKS {
        let server = FakeServer::new();
        let link = server.join_link();
        let host = server.meet(move |guest| {
            hostile_welcome(attack).iter().for_each(|line| guest.write(line));
            let mut asked = Vec::new();
            while asked.last().is_none_or(|kind| kind != "logout") {
                let request = guest.read();
                guest.write(&hostile_answer(&request, attack));
                asked.push(request["type"].clone());
            }
            guest.write(&json!({"type": "bye", "reason": "logout"}));
            asked.len()
        });
        let ada = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD));
        let finished = ada.script(&typed);
        assert_all_safe(&finished);
        assert_eq!(host.join().unwrap(), typed.len() + 1, "one answer for each: {finished:?}");
    }
}

#[test]
fn what_it_does_not_know_it_passes_over() {
    let finished = show(vec![
        json!({"type": "fireworks", "colour": "red"}),
        json!({"type": "message", "seq": 2, "time": "2026-11-23T12:00:00.123Z", "from": "bob", "room": "general",
            "text": "with more", "mood": {"a": [1]}, "edited": true}),
        json!({"type": "left", "seq": 3, "time": "2026-11-23T12:00:00.123Z", "username": "eve", "reason": "abducted"}),
        json!({"type": "reply", "id": "never asked", "ok": true, "users": ["x"]}),
        json!({"type": "pong"}),
    ]);
    assert!(finished.stdout.contains("with more") && finished.stdout.contains("eve"), "{finished:?}");
}

#[test]
fn a_refusal_in_bad_words_is_made_safe() {
    for attack in ATTACKS {
        let server = FakeServer::new();
        let link = server.join_link();
        let host = server.refuse(json!({"type": "error", "code": "bad_credentials", "message": attack}));
        let finished = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD)).finish();
        host.join().unwrap();
        assert_eq!(finished.code, Some(3), "{finished:?}");
        assert_all_safe(&finished);
    }
}

#[test]
fn bytes_that_are_no_messages_do_not_harm_it() {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(|guest| {
        let deep = "[".repeat(16_000);
        let skipped = "x".repeat(20_000);
        for bytes in [b"\xff\xfe\n", &b"{\n"[..], b"\n", b"[]\n", b"null\n", deep.as_bytes(), b"\n", skipped.as_bytes()]
        {
            guest.write_bytes(bytes).unwrap();
        }
        guest.write_bytes(b"\n{\"type\":\"ping\"}\n").unwrap();
        guest.read()
    });
    let mut ada = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD));
    assert_eq!(host.join().unwrap()["type"], "pong", "the server's ping is answered");
    let finished = ada.wait();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_all_safe(&finished);
}

/// Sends what has no end of a line, 64 MiB at most: whoever listens must have hung up long before.
fn send_without_an_end(guest: &mut Guest) -> usize {
    let chunk = vec![b'x'; 1 << 16];
    (0..1_024).take_while(|_| guest.write_bytes(&chunk).is_ok()).count()
}

#[track_caller]
fn assert_hangs_up(link: &str, host: JoinHandle<usize>) {
    let mut ada = Terminal::start(&[link, "--user", "ada", "--no-reconnect"], Some(PASSWORD));
    ada.wait().failed_with(1);
    assert!(host.join().unwrap() < 1_024, "it listened to the end");
}

#[test]
fn a_line_without_an_end_is_the_end() {
    let server = FakeServer::new();
    let link = server.join_link();
    assert_hangs_up(&link, server.welcome(send_without_an_end));
}

#[test]
fn an_answer_to_the_login_without_an_end_is_the_end() {
    let server = FakeServer::new();
    let link = server.join_link();
    assert_hangs_up(&link, server.meet(send_without_an_end));
}

/// In place of an answer to the login.
#[test]
fn whatever_is_no_welcome_is_the_end() {
    let endless = vec![b'x'; 1 << 20];
    let too_long = [&b"{\"type\":\"welcome\",\"junk\":\""[..], &[b'x'; 20_000], b"\"}\n"].concat();
    let deep = [&b"[".repeat(16_000)[..], b"\n"].concat();
    for answer in [
        &b""[..],
        b"{\n",
        b"\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"{\"type\":\"welcome\"}\n",
        b"{\"type\":\"welcome\",\"protocol\":1,\"users\":7}\n",
        b"{\"type\":\"wel",
        &deep,
        &too_long,
        &endless,
    ] {
        let server = FakeServer::new();
        let link = server.join_link();
        let answer = answer.to_vec();
        // It may hang up before it has heard everything.
        let host = server.meet(move |guest| drop(guest.write_bytes(&answer)));
        let mut ada = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD));
        let finished = ada.wait();
        host.join().unwrap();
        finished.failed_with(1);
        assert_all_safe(&finished);
    }
}

#[test]
fn whoever_hangs_up_in_the_middle_of_a_handshake_is_the_end() {
    // Nothing, half a record, a whole one that means nothing, an alert.
    for bytes in
        [&b""[..], b"\x16\x03\x03\x00\x50\x02\x00", b"\x16\x03\x03\x00\x02\x00\x00", b"\x15\x03\x03\x00\x02\x02\x28"]
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let host = thread::spawn(move || {
            let mut socket = listener.accept().unwrap().0;
            // The client's hello, so that closing doesn't throw away what it is told.
            let _ = socket.read(&mut [0; 4096]).unwrap();
            socket.write_all(bytes).unwrap();
        });
        let fingerprint = format!("sha256:{}", "0".repeat(64));
        let args = [&address, "--user", "ada", "--fingerprint", &fingerprint];
        let finished = Terminal::start(&args, Some(PASSWORD)).wait();
        host.join().unwrap();
        finished.failed_with(1);
        assert_all_safe(&finished);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn however_much_comes_its_memory_stays_as_it_is() {
    use crate::harness::{Proc, short_or_long};
    const GROWTH_KIB_MAX: u64 = 8 * 1024;
    let bytes: usize = short_or_long(32 << 20, 1 << 30);
    let server = FakeServer::new();
    let link = server.join_link();
    let (ready, go) = mpsc::channel::<()>();
    let (done, answered) = mpsc::channel();
    let host = server.welcome(move |guest| {
        let ping = |guest: &mut crate::harness::Guest| {
            guest.write(&json!({"type": "ping"}));
            assert_eq!(guest.read()["type"], "pong");
        };
        ping(guest);
        go.recv().unwrap();
        // Lines of every kind that it passes over: unknown, broken, and too long.
        let lines = [&[b'x'; 8_000][..], b"\n", &[b'y'; 40_000], b"\n{\"type\":\"fireworks\"}\n"].concat();
        (0..bytes / lines.len()).for_each(|_| guest.write_bytes(&lines).unwrap());
        ping(guest);
        done.send(()).unwrap();
        // Until it has been looked at.
        go.recv().unwrap();
    });
    let mut ada = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD));
    ada.stdout.wait_for("ada");
    let before = Proc::of(ada.pid()).memory_peak_kib();
    ready.send(()).unwrap();
    answered.recv().unwrap();
    let peak = Proc::of(ada.pid()).memory_peak_kib();
    ready.send(()).unwrap();
    host.join().unwrap();
    println!("{bytes} bytes: {before} KiB before, {peak} KiB at most");
    assert!(peak < before + GROWTH_KIB_MAX, "{before} KiB became {peak} KiB");
    ada.finish();
}
