//! Programs: typed, pasted, piped or from a file they go in as they are, are shown so, and come out so again.

use crate::harness::{PASSWORD, Peer, Server, Terminal};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// What editors and people leave in a program, and what is a command elsewhere.
const LESSON: &str = "def f(x):\n\tif x:  \n\t\treturn 'ü'\n/who\n\n \t \n.class\n...\n# ..\n\n\n";

fn folder_with(name: &str, contents: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, contents).unwrap();
    (folder, path)
}

/// What ada's client sends for these bytes on its standard input.
#[track_caller]
fn piped(server: &Server, bob: &mut Peer, input: &str) -> Value {
    let mut ada = Terminal::join(server, "ada");
    ada.type_keys(input);
    ada.finish().succeeded();
    bob.find("ada's code", |event| event["from"] == "ada")
}

/// What `/save` makes of a message.
#[track_caller]
fn saved(server: &Server, event: &Value) -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("saved");
    let line = format!("/save {} {}", event["seq"], path.display());
    Terminal::join(server, "ada").script(&[&line]).succeeded();
    fs::read(path).unwrap()
}

#[test]
fn code_from_a_pipe_and_from_a_file_comes_out_as_it_went_in() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let windows = LESSON.replace('\n', "\r\n");
    for code in [LESSON, &windows, "\u{feff}x = 1\n\u{feff}\u{1b}[2J\r\n", "no end"] {
        let end = if code.ends_with('\n') { ".\nhi\n" } else { "" };
        let event = piped(&server, &mut bob, &format!("/code python\n{code}{end}"));
        assert_eq!(
            (&event["text"], &event["format"], &event["lang"]),
            (&json!(code), &json!("code"), &json!("python"))
        );
        assert_eq!(saved(&server, &event), code.as_bytes());
        if !end.is_empty() {
            bob.until_text("hi");
        }
        let (_folder, path) = folder_with("lesson.py", code);
        let event = piped(&server, &mut bob, &format!("/code {}\n", path.display()));
        assert_eq!((&event["text"], &event["lang"]), (&json!(code), &json!("python")));
        assert_eq!(saved(&server, &event), code.as_bytes());
    }
}

#[test]
fn code_is_for_one_person_where_one_is_named() {
    let server = Server::unlimited(&["ada", "bob", "eve"]);
    let (mut bob, mut eve) = (server.login("bob"), server.login("eve"));
    let event = piped(&server, &mut bob, "/code c @Bob\nint x;\n..\n.\n");
    assert_eq!((&event["type"], &event["to"], &event["lang"]), (&json!("whisper"), &json!("bob"), &json!("c")));
    assert_eq!(event["text"], "int x;\n.\n", "two dots are one");
    let (_folder, path) = folder_with("my lesson.c", "int y;");
    let event = piped(&server, &mut bob, &format!("/code \"{}\" @bob\n", path.display()));
    assert_eq!((&event["type"], &event["text"]), (&json!("whisper"), &json!("int y;")));
    bob.say("last");
    assert!(!format!("{:?}", eve.until_text("last")).contains("int"));
}

#[test]
fn what_is_begun_in_a_wrong_way_is_no_messages() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    for (head, why) in [
        ("/code a+b", "is no language"),
        ("/code python print(1)", "begins on the line below"),
        ("/code python @b*b", "no user name"),
    ] {
        let finished = Terminal::join(&server, "ada").script(&[head, "x = 1", "/who", ".", "last"]);
        assert!(finished.failed_with(1).contains(why), "{finished:?}");
        let heard = bob.until_text("last");
        assert!(!format!("{heard:?}").contains("x = 1"), "{heard:?}");
        assert!(
            !finished.stdout.contains("also online") && finished.stdout.matches("online").count() == 1,
            "{finished:?}"
        );
    }
}

#[test]
fn what_is_no_code_is_not_sent() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    for (name, contents, why) in [
        ("a.py", &b"x\0y"[..], "NULs"),
        ("a.py", b"caf\xe9", "not in UTF-8"),
        ("a.py", b"", "no code in it"),
        ("a.py", &b"x".repeat(4_001), "at most 4000 characters, and this has 4001"),
        ("a.py", &b"x".repeat(100_000), "at most 4000"),
        ("a.txt", b"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n", "a private key"),
        ("a.py", format!("login('ada', '{PASSWORD}')").as_bytes(), "a password of yours"),
        ("id_rsa", b"abc", "secrets"),
        ("class.csv", b"username,password\neve,abc\n", "list of passwords"),
    ] {
        let (_folder, path) = folder_with(name, contents);
        let finished = Terminal::join(&server, "ada").script(&[&format!("/code {}", path.display())]);
        assert!(finished.failed_with(1).contains(why), "{finished:?}");
    }
    for (path, why) in [("/nowhere/a.py", "there is no file"), ("/tmp/", "is a folder")] {
        let finished = Terminal::join(&server, "ada").script(&[&format!("/code {path}")]);
        assert!(finished.failed_with(1).contains(why), "{finished:?}");
    }
    let mut ada = Terminal::join(&server, "ada");
    ada.type_keys(&format!("/code text\n{}\n.\n", "x\n".repeat(2_001)));
    assert!(ada.finish().failed_with(1).contains("this has 4003"));
    let mut ada = Terminal::join(&server, "ada");
    ada.type_keys(&format!("/code text\npassword = '{PASSWORD}'\n.\n"));
    assert!(ada.finish().failed_with(1).contains("a password of yours"));
    bob.send(&json!({"type": "say", "text": "last"}));
    assert!(bob.until_text("last").iter().all(|event| event["from"] != "ada"));
}

#[test]
fn saving_writes_over_nothing_and_follows_no_link() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let said = bob.say("no code, \t and all the same")["seq"].clone();
    let (folder, path) = folder_with("there", "mine");
    let try_to = |what: String, why: &str| {
        let finished = Terminal::join(&server, "ada").script(&[&what]);
        assert!(finished.failed_with(1).contains(why), "{finished:?}");
    };
    try_to(format!("/save {said} {}", path.display()), "is there already");
    try_to(format!("/save {said} {}", folder.path().display()), "is a folder");
    try_to(format!("/save 99999 {}", folder.path().join("x").display()), "there is no message 99999");
    {
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("nothing"), &link).unwrap();
        try_to(format!("/save {said} {}", link.display()), "is a link");
    }
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    assert_eq!(saved(&server, &json!({"seq": said})), "no code, \t and all the same".as_bytes());
    assert!(!folder.path().join("x").exists() && !folder.path().join("nothing").exists());
}

/// What bob sends, and what of it stands where.
#[test]
fn code_is_shown_whole_with_its_number_wherever_it_is_shown() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let rows: String = (0..80).map(|row| format!("\tx{row} =  {row}\r\n")).collect();
    let code = format!("{rows}\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{202e}\n[12:00] eve: hi\n\n");
    let seq = bob.ask(json!({"type": "say", "text": code, "format": "code", "lang": "python"}))["seq"].clone();
    let shown = |text: &str| {
        let mut lines = text.lines().skip_while(|line| !line.ends_with(&format!("bob: code {seq}, python:"))).skip(1);
        for row in 0..80 {
            assert_eq!(lines.next().unwrap().split_once("| ").unwrap().1, format!("\tx{row} =  {row}"), "{text}");
        }
        assert!(lines.next().unwrap().ends_with("| ␛]52;c;eA==␇␦2J␦"), "{text}");
        assert!(lines.next().unwrap().ends_with("      | [12:00] eve: hi"), "{text}");
        assert!(lines.next().unwrap().ends_with("      | "), "{text}");
    };
    let config = TempDir::new().unwrap();
    let link = server.join_link();
    let log = config.path().join("log").display().to_string();
    let with = |more: &[&str]| Terminal::start_in(config.path(), &[&[&link[..], "--user", "ada"], more].concat());
    shown(with(&[]).script(&["/history"]).succeeded());
    bob.until("ada's going", |event| event["type"] == "left");
    let again = bob.ask(json!({"type": "whisper", "to": "ada", "text": code, "format": "code"}))["seq"].clone();
    let missed = with(&["--log", &log]).script(&[]);
    let missed = missed.succeeded();
    assert!(missed.contains(&format!("bob -> you (whisper): code {again}:\n      | \tx0 =  0\n")), "{missed}");
    let transcript = fs::read_to_string(&log).unwrap();
    assert!(transcript.contains("                  | \tx79 =  79\n"), "{transcript}");
    let json = with(&["--json"]).script(&["/history"]);
    let json = json.succeeded().to_owned();
    let events = json.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut replies = events.filter(|event| event["type"] == "reply" && event["events"].is_array());
    let told = replies.next().unwrap()["events"].as_array().unwrap().clone();
    assert!(told.iter().any(|event| event["seq"] == seq && event["text"] == json!(code)), "{told:?}");
}

#[test]
fn code_alone_is_how_others_get_in_and_says_how_code_is_sent() {
    let server = Server::with_users(&["ada"]);
    let finished = Terminal::join(&server, "ada").script(&["/code", "/help code", "/help save"]);
    let shown = finished.succeeded();
    assert!(shown.contains(&server.code()) && shown.contains("* /code python"), "{finished:?}");
    assert!(finished.stderr.contains("/code [language|file] [@user]: alone: how others get in"), "{finished:?}");
    assert!(finished.stderr.contains("/save <number> <file>: "), "{finished:?}");
}

mod at_a_terminal {
    use super::super::screen::Person;
    use super::*;

    fn ada_and_bob() -> (Server, Person, Peer) {
        let server = Server::unlimited(&["ada", "bob"]);
        let bob = server.login("bob");
        let ada = Person::join(&server, "ada");
        (server, ada, bob)
    }

    #[test]
    fn typed_and_pasted_code_comes_out_as_it_went_in() {
        let (server, mut ada, mut bob) = ada_and_bob();
        // Keys, also where a terminal marks no paste: Tab is a tab, Enter a line, a slash no command.
        ada.screen.press("/code python\r");
        ada.screen.wait_for_end(&["(python) >"]);
        ada.screen.press(&LESSON.replace('\n', "\r"));
        ada.screen.press(".\r");
        let typed = bob.event("message", "ada");
        assert_eq!((&typed["text"], &typed["lang"]), (&json!(LESSON), &json!("python")));
        assert_eq!(saved(&server, &typed), LESSON.as_bytes());
        // A paste, with a lone dot in it.
        let pasted = format!("{LESSON}.\n{LESSON}");
        ada.screen.press("/code @bob\r");
        ada.screen.wait_for_end(&["(code to bob) >"]);
        ada.screen.paste(&pasted);
        ada.screen.press(".\r");
        let whispered = bob.event("whisper", "ada");
        assert_eq!((&whispered["text"], &whispered["format"]), (&json!(pasted), &json!("code")));
        assert_eq!(saved(&server, &whispered), pasted.as_bytes());
        // All of it in one paste.
        ada.screen.paste(&format!("/code c\n{LESSON}.\n"));
        ada.screen.press("\r");
        assert_eq!(bob.event("message", "ada")["text"], LESSON);
        // And a file.
        let (_folder, path) = folder_with("a.rs", LESSON);
        ada.screen.press(&format!("/code {}\r", path.display()));
        let file = bob.event("message", "ada");
        assert_eq!((&file["text"], &file["lang"]), (&json!(LESSON), &json!("rust")));
        assert!(!ada.history().contains("return"), "code isn't written down: {}", ada.history());
        assert!(ada.history().contains("/code python\n"), "{}", ada.history());
    }

    #[test]
    fn code_ends_at_control_d_is_dropped_at_control_c_and_hides_nobody() {
        let (_server, mut ada, mut bob) = ada_and_bob();
        ada.screen.press("/code python\r");
        ada.screen.wait_for_end(&["(python) >"]);
        ada.screen.press("x = 1\ry = 2");
        bob.say("are you there?");
        ada.screen.wait_for_end(&["(python) > x = 1", "y = 2"]);
        ada.screen.wait_for(|rows| rows.iter().any(|row| row.ends_with("bob: are you there?")));
        ada.screen.press("\x03");
        ada.screen.wait_for_end(&["! the code was dropped: nothing was sent", ">"]);
        ada.screen.press("/code\r");
        ada.screen.wait_for(|rows| rows.iter().any(|row| row.contains("/code python")));
        ada.screen.press("/code c\r");
        ada.screen.wait_for_end(&["(c) >"]);
        ada.screen.press("int x;\x04");
        assert_eq!(bob.event("message", "ada")["text"], "int x;");
        ada.screen.press("/code c\r");
        ada.screen.wait_for_end(&["(c) >"]);
        ada.screen.press("\x04");
        ada.screen.wait_for_end(&["! there is no code in it: nothing was sent", ">"]);
        ada.screen.press("and on\r");
        assert_eq!(bob.event("message", "ada")["text"], "and on");
    }

    #[test]
    fn what_is_doubtful_about_code_is_asked() {
        let (server, mut ada, mut bob) = ada_and_bob();
        let (_folder, path) = folder_with("x.key", "abc");
        for (answer, ends) in [("n", "! it was not said"), ("y", "abc")] {
            ada.screen.press(&format!("/code {}\r", path.display()));
            ada.screen.wait_for_end(&["[y/N]"]);
            ada.screen.press(&format!("{answer}\r"));
            ada.screen.wait_for(|rows| rows.iter().any(|row| row.ends_with(ends)));
        }
        let seq = bob.event("message", "ada")["seq"].clone();
        let place = path.with_file_name("there").display().to_string();
        for (text, answer) in [("abc", None), ("mine", Some("n\r")), ("abc", Some("y\r"))] {
            if answer.is_some() {
                fs::write(&place, "mine").unwrap();
            }
            ada.screen.press(&format!("/save {seq} {place}\r"));
            if let Some(answer) = answer {
                ada.screen.wait_for_end(&["[y/N]"]);
                ada.screen.press(answer);
            }
            ada.screen.wait_for_end(&[">"]);
            crate::harness::wait_until("the file", || fs::read_to_string(&place).is_ok_and(|found| found == text));
        }
        drop(server);
    }

    #[test]
    fn a_row_of_code_has_its_mark_and_its_colour() {
        let (_server, ada, mut bob) = ada_and_bob();
        let code = format!("if x:\n\ty\n{}12:00 eve: I give up\n", "x".repeat(52));
        let seq = bob.ask(json!({"type": "say", "text": code, "format": "code", "lang": "python"}))["seq"].clone();
        let rows = ada.screen.wait_for(|rows| rows.iter().any(|row| row.ends_with("I give up")));
        let head = rows.iter().position(|row| row.ends_with(&format!("bob: code {seq}, python:"))).unwrap();
        assert_eq!(rows[head + 1], "      | if x:");
        assert_eq!(rows[head + 2], "      |         y");
        assert_eq!(rows[head + 4], "12:00 eve: I give up", "the terminal has wrapped it");
        let painted = |row: usize| {
            ada.screen
                .look(|screen| screen.cell(u16::try_from(row).unwrap(), 9).unwrap().bgcolor() != vt100::Color::Default)
        };
        assert!((head + 1..=head + 4).all(|row| row == head + 2 || painted(row)), "{rows:?}");
        assert!(!painted(head), "nothing else has that colour");
    }

    #[test]
    fn a_row_of_code_at_a_plain_terminal_begins_with_its_mark() {
        if !Terminal::can_be_at_a_terminal() {
            return;
        }
        let server = Server::unlimited(&["ada", "bob"]);
        let mut bob = server.login("bob");
        let config = TempDir::new().unwrap();
        let ada = Terminal::at_a_terminal(config.path(), &[&server.join_link(), "--user", "ada"], PASSWORD);
        ada.stdout.wait_for("you are ada");
        let code = format!("{}[12:00] eve: I give up\n", " ".repeat(150));
        bob.ask(json!({"type": "say", "text": code, "format": "code"}));
        let shown = ada.stdout.wait_for("up\r\n");
        let rows: Vec<&str> = shown.lines().skip_while(|row| !row.contains("bob: code")).skip(1).collect();
        assert!(rows.len() > 1 && rows.iter().all(|row| row.starts_with("      | ")), "{rows:?}");
    }

    #[test]
    fn tab_completes_languages_files_and_people() {
        let (folder, path) = folder_with("lesson.py", "x");
        let (_server, mut ada, _bob) = ada_and_bob();
        ada.screen.press("/code pyt\t@b\t");
        ada.screen.wait_for_end(&["> /code python @bob"]);
        ada.screen.press("\x03");
        ada.screen.press(&format!("/save 5 {}/les\t", folder.path().display()));
        let end = path.display().to_string();
        ada.screen.wait_for(|rows| rows.concat().ends_with(&end));
    }
}
