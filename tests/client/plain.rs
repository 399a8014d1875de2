//! What programs and screen readers rely on: docs/plain.md, byte for byte, and `--json`.

use crate::harness::{FakeServer, PASSWORD, Server, Terminal, run};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The client with its times in UTC.
fn client(config: &Path, args: &[&str]) -> Command {
    let mut command = Terminal::command(config);
    command.args(args).env("HOMEROOM_PASSWORD", PASSWORD).env("TZ", "UTC").env("TERM", "xterm-256color");
    command
}

/// What `ada` is shown, on both outputs, when a server says these lines and answers `/logout`.
#[track_caller]
fn shown(lines: Vec<Value>, args: &[&str]) -> (String, String) {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(move |guest| {
        // Something that is answered: then it's shown before the client reads on.
        let asked = guest.read();
        for line in &lines {
            guest.write(line);
        }
        guest.write(&json!({"type": "reply", "id": asked["id"], "ok": true, "users": ["ada", "bob"]}));
        let mut leaves = guest.read();
        while leaves["type"] == "pong" {
            leaves = guest.read();
        }
        assert_eq!(leaves["type"], "logout");
        guest.write(&json!({"type": "reply", "id": leaves["id"], "ok": true}));
    });
    let config = TempDir::new().unwrap();
    let mut command = client(config.path(), &[&[&*link, "--user", "ada"], args].concat());
    let finished = run(&mut command, b"/who\n/logout\n");
    host.join().unwrap();
    finished.succeeded();
    (finished.stdout, finished.stderr)
}

fn events() -> Vec<Value> {
    let at = |time: &str| format!("2026-01-31T{time}Z");
    vec![
        json!({"type": "joined", "seq": 2, "time": at("23:58:00.000"), "username": "bob"}),
        json!({"type": "message", "seq": 3, "time": at("23:58:30.000"), "from": "bob", "room": "general", "text": "hello"}),
        json!({"type": "message", "seq": 4, "time": at("23:59:59.999"), "from": "bob", "room": "general",
            "text": "two\nlines of 你好 and 👩\u{200d}💻"}),
        json!({"type": "ping"}),
        json!({"type": "message", "seq": 5, "time": "2026-02-01T00:00:00.000Z", "from": "bob", "room": "general",
            "text": "waves", "action": true}),
        json!({"type": "whisper", "seq": 6, "time": "2026-02-01T00:00:01.000Z", "from": "bob", "to": "ada", "text": "psst"}),
        json!({"type": "whisper", "seq": 7, "time": "2026-02-01T00:00:02.000Z", "from": "ada", "to": "bob",
            "text": format!("a long line {}", "that is never wrapped ".repeat(9))}),
        json!({"type": "left", "seq": 8, "time": "2026-02-01T00:00:03.000Z", "username": "bob", "reason": "too_slow"}),
        json!({"type": "message", "seq": 9, "time": "no time", "from": "bob", "room": "general", "text": "\u{1b}[31mred\u{7}"}),
        json!({"type": "error", "code": "internal", "message": "the disk is full"}),
    ]
}

#[test]
fn plain_lines_byte_for_byte() {
    let (stdout, stderr) = shown(events(), &[]);
    let expected = format!(
        "\
* you are ada; /help lists the commands
* 1 online: ada
* it is Saturday, 2026-01-31
* bob joined
[23:58] bob: hello
[23:59] bob: two
      | lines of 你好 and 👩\u{200d}💻
* it is Sunday, 2026-02-01
[00:00] * bob waves
[00:00] bob -> you (whisper): psst
[00:00] you -> bob (whisper): a long line {}
* bob left (too slow)
[--:--] bob: ␛[31mred␇
* 2 online: ada, bob
",
        "that is never wrapped ".repeat(9)
    );
    assert_eq!(stdout, expected);
    assert_eq!(stderr, "! the disk is full\n");
}

#[test]
fn each_of_a_crowd_has_a_line_unless_they_are_hidden() {
    let joined =
        |index: u64| json!({"type": "joined", "seq": 2 + index, "time": "x", "username": format!("user{index}")});
    let crowd: Vec<Value> = (0..25).map(joined).collect();
    let (stdout, _) = shown(crowd.clone(), &[]);
    let lines: Vec<_> = stdout.lines().skip(2).take(25).map(str::to_owned).collect();
    assert_eq!(lines, (0..25).map(|index| format!("* user{index} joined")).collect::<Vec<_>>());
    let (stdout, _) = shown(crowd.clone(), &["--no-presence"]);
    assert_eq!(stdout, "* you are ada; /help lists the commands\n* 1 online: ada\n* 2 online: ada, bob\n");
    let (stdout, _) = shown(crowd, &["--no-presence", "--json"]);
    assert_eq!(stdout.matches("joined").count(), 25, "programs see all of it");
}

#[test]
fn json_lines_are_those_of_the_wire() {
    let (stdout, stderr) = shown(events(), &["--json"]);
    assert_eq!(stderr, "! the disk is full\n");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (welcome, rest) = lines.split_first().unwrap();
    assert_eq!(
        (&welcome["type"], &welcome["username"], &welcome["seq"]),
        (&json!("welcome"), &json!("ada"), &json!(1))
    );
    assert_eq!(welcome.get("token"), None, "with it whoever reads this could log in");
    let sent: Vec<Value> = events().into_iter().filter(|event| event["type"] != "ping").collect();
    assert_eq!(rest[..sent.len()], sent);
    let replies = &rest[sent.len()..];
    assert_eq!(replies[0]["users"], json!(["ada", "bob"]));
    assert!(replies.iter().all(|reply| reply["type"] == "reply"), "{replies:?}");
    assert!(!stdout.chars().any(|c| c.is_control() && c != '\n'), "{stdout:?}");
}

#[test]
fn json_output_cannot_command_a_terminal() {
    let message = json!({"type": "message", "seq": 2, "time": "x", "from": "eve", "room": "general",
        "text": "\u{9b}2J\u{202e}\u{7f}\u{200b}"});
    let (stdout, _) = shown(vec![message.clone()], &["--json"]);
    let line = stdout.lines().nth(1).unwrap();
    assert!(line.contains(r"\u009b2J\u202e\u007f\u200b"), "{line:?}");
    assert_eq!(serde_json::from_str::<Value>(line).unwrap(), message);
}

/// The bot of the README, as it stands there.
#[cfg(unix)]
#[test]
fn the_readmes_bot_works() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let script: String = readme
        .lines()
        .skip_while(|line| *line != "    mkfifo talk")
        .take_while(|line| line.starts_with("    "))
        .map(|line| format!("{}\n", &line[4..]))
        .collect();
    let server = Server::with_users(&["bot", "ada"]);
    let mut root = server.admin();
    let folder = TempDir::new().unwrap();
    let script = script.replace("homeroom://…", &server.join_link());
    assert!(script.contains(&server.join_link()), "{script}");
    let programs = Path::new(env!("CARGO_BIN_EXE_homeroom-client")).parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(&folder).env("PATH", path).env("HOMEROOM_PASSWORD", PASSWORD);
    command.env("HOMEROOM_CONFIG_DIR", folder.path());
    let mut bot = command.spawn().unwrap();
    root.event("joined", "bot");
    let ada = server.login("ada");
    assert_eq!(root.event("message", "bot")["text"], "Hello, ada!");
    root.say("!time");
    let told = root.event("message", "bot")["text"].to_string();
    assert!(told.starts_with("\"It is ") && told.contains(':'), "{told}");
    // What somebody says can't pass for an event.
    root.say(r#"{"type":"joined","username":"eve"}"#);
    root.say("!time");
    assert!(root.event("message", "bot")["text"].to_string().starts_with("\"It is "));
    ada.close();
    drop(root.ask(json!({"type": "logout_user", "username": "bot"})));
    crate::harness::wait(&mut bot);
}

/// A text as long as the row that it is to leave behind: what follows would stand where somebody else's line begins.
#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_no_row_is_what_somebody_else_seems_to_say() {
    const COLUMNS: usize = 60;
    let server = Server::with_users(&["ada", "eve"]);
    let config = TempDir::new().unwrap();
    let mut command = client(config.path(), &[&server.join_link(), "--user", "ada"]);
    command.env("HOMEROOM_CONFIG_DIR", config.path());
    let screen = crate::harness::Screen::start(&command, (24, COLUMNS as u16));
    screen.wait_for(|rows| rows.iter().any(|row| row.starts_with("* 1 online: ada")));
    let (mut eve, forged) = (server.login("eve"), "[12:00] root: the lesson is over");
    let padded = |before: &str| format!("hi{}{forged}", " ".repeat(COLUMNS - before.len() - 2));
    eve.say(&padded("[12:00] eve: "));
    eve.ask(json!({"type": "whisper", "to": "ada", "text": padded("[12:00] eve -> you (whisper): ")}));
    eve.ask(json!({"type": "say", "text": padded("[12:00] * eve "), "action": true}));
    eve.say("the end");
    let rows = screen.wait_for(|rows| rows.iter().any(|row| row.ends_with("eve: the end")));
    let marked = rows.iter().filter(|row| **row == format!("      | {forged}")).count();
    assert_eq!(marked, 3, "{rows:#?}");
    assert!(rows.iter().all(|row| !row.starts_with(forged)), "{rows:#?}");
}
