//! A person's terminal: lines are edited at the bottom, and what comes is shown above.

use crate::harness::{PASSWORD, Peer, Screen, Server, Terminal};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Somebody in front of a terminal.
pub(super) struct Person {
    pub(super) screen: Screen,
    pub(super) config: TempDir,
}

impl Person {
    pub(super) fn join(server: &Server, name: &str) -> Self {
        Self::sit_down(server, name, (24, 60), |command| command)
    }

    /// At a terminal of this size, with more on the command line or in the environment.
    fn sit_down(
        server: &Server,
        name: &str,
        size: (u16, u16),
        more: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let config = TempDir::new().unwrap();
        let mut command = client(config.path());
        command.args([&server.join_link(), "--user", name]);
        let screen = Screen::start(more(&mut command), size);
        screen.wait_for_end(&[">"]);
        Self { screen, config }
    }

    pub(super) fn history(&self) -> String {
        std::fs::read_to_string(self.config.path().join("history")).unwrap_or_default()
    }
}

/// The client as a person starts it.
pub(crate) fn client(config: &Path) -> Command {
    let plain = Terminal::command(config);
    let mut command = Command::new(plain.get_program());
    command.args(plain.get_args().filter(|argument| *argument != "--plain"));
    command.env("HOMEROOM_CONFIG_DIR", config).env("HOMEROOM_PASSWORD", PASSWORD).env("TERM", "xterm-256color");
    command.env("TZ", "UTC").env_remove("NO_COLOR").env_remove("COLORTERM").env_remove("RUST_LOG");
    command
}

/// Whether a row is this, but for the time before it.
pub(super) fn is_said(row: &str, said: &str) -> bool {
    row.get(2..3) == Some(":") && row.get(6..) == Some(said)
}

pub(super) fn say(peer: &mut Peer, text: &str) {
    peer.ask(json!({"type": "say", "text": text}));
}

#[test]
fn a_half_typed_line_stands_whole_when_something_comes() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("I am still wri");
    ada.screen.wait_for_end(&["> I am still wri"]);
    say(&mut bob, "hello");
    ada.screen
        .wait_for(|rows| matches!(rows, [.., said, line] if is_said(said, "bob: hello") && line == "> I am still wri"));
    ada.screen.press("ting");
    // Longer than the screen is wide, with the cursor in the middle.
    ada.screen.press(&format!("{}{}", "x".repeat(60), "\x1b[D".repeat(40)));
    ada.screen.wait_for(|rows| matches!(rows, [.., first, second] if first.starts_with("> I am still writing") && second == &"x".repeat(20)));
    let row = ada.screen.wait_for_cursor(|cursor| cursor.1 == 40).0;
    say(&mut bob, "and again");
    ada.screen.wait_for(|rows| {
        matches!(rows, [.., one, two, first, second] if is_said(one, "bob: hello") && is_said(two, "bob: and again")
            && first.starts_with("> I am still writing") && second == &"x".repeat(20))
    });
    ada.screen.wait_for_cursor(|cursor| cursor == (row + 1, 40));
    ada.screen.press("\r");
    assert_eq!(bob.event("message", "ada")["text"], format!("I am still writing{}", "x".repeat(60)));
    // Nothing of the line stays but what was said.
    ada.screen.wait_for(|rows| {
        let [.., before, first, second, third, prompt] = rows else { return false };
        let said = [first.get(6..), second.get(6..), third.get(6..)].map(Option::unwrap_or_default).concat();
        is_said(before, "bob: and again")
            && said == format!("ada: I am stillwriting{}", "x".repeat(60))
            && prompt == ">"
    });
}

#[test]
fn keys_that_come_at_once_are_all_seen() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("one\rtwo\rthree\r");
    for text in ["one", "two", "three"] {
        assert_eq!(bob.event("message", "ada")["text"], text);
    }
    ada.screen.press("four");
    ada.screen.wait_for_end(&["> four"]);
}

#[test]
fn answers_and_refusals_look_different() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("/ignore\r/ignore b*b\r");
    // Faint, as the server's answers are; and bold.
    ada.screen.wait_for_bytes("\x1b[2m* you ignore nobody");
    ada.screen.wait_for_bytes("\x1b[1m! `b*b` is no user name");
}

#[test]
fn control_c_clears_the_line_and_leaves_only_an_empty_one_twice() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("never mind");
    ada.screen.wait_for_end(&["> never mind"]);
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&[">"]);
    // Not lost: yanked back.
    ada.screen.press("\x19");
    ada.screen.wait_for_end(&["> never mind"]);
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&[">"]);
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&["! Ctrl-C once more, or Ctrl-D, leaves", ">"]);
    // A line in between: it was not meant.
    ada.screen.press("here\r");
    ada.screen.wait_for(|rows| matches!(rows, [.., said, prompt] if is_said(said, "ada: here") && prompt == ">"));
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&["! Ctrl-C once more, or Ctrl-D, leaves", ">"]);
    ada.screen.press("\x03");
    assert_eq!(ada.screen.finish(), Some(0));
    assert_eq!(bob.event("left", "ada")["reason"], "logout");
}

#[test]
fn a_pasted_line_end_is_no_empty_row() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.paste("hello\n");
    ada.screen.press("\r");
    assert_eq!(bob.event("message", "ada")["text"], "hello");
    ada.screen.paste("\n \n");
    ada.screen.press("\r");
    ada.screen.paste("/msg bob\n\n  psst\n");
    ada.screen.press("\r");
    let heard = bob.until_text("psst");
    assert!(heard.iter().all(|event| event["type"] != "message"), "{heard:?}");
}

#[test]
fn control_d_leaves_and_the_terminal_is_as_it_was() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.wait_for_echo(false);
    ada.screen.press("\x04");
    assert_eq!(bob.event("left", "ada")["reason"], "logout");
    assert_eq!(ada.screen.finish(), Some(0));
    ada.screen.wait_for_echo(true);
    let bytes = String::from_utf8(ada.screen.bytes()).unwrap();
    for (on, off) in [("\x1b[?2004h", "\x1b[?2004l"), ("\x1b[?1004h", "\x1b[?1004l")] {
        assert!(bytes.rfind(on).unwrap() < bytes.rfind(off).unwrap(), "it is left on: {on:?}");
    }
    assert!(bytes.contains("\x1b[22;2t") && bytes.ends_with("\x1b[23;2t"), "the title is not given back: {bytes:?}");
    assert_eq!(ada.screen.title(), "");
    assert_eq!(ada.screen.rows().last().unwrap(), "* ada left (logout)");
}

#[test]
fn a_server_that_ends_gives_the_terminal_back_too() {
    let mut server = Server::with_users(&["ada"]);
    let mut ada = Person::sit_down(&server, "ada", (24, 60), |command| command.arg("--no-reconnect"));
    ada.screen.press("half a li");
    ada.screen.wait_for_end(&["> half a li"]);
    server.kill();
    ada.screen.finish();
    ada.screen.wait_for_echo(true);
    let rows = ada.screen.rows();
    assert!(
        rows.iter().any(|row| row.contains("the server closed the connection") || row.contains("is lost")),
        "{rows:?}"
    );
}

#[test]
fn another_width_is_taken_up_at_once() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    say(&mut bob, "one two three four five six");
    ada.screen.wait_for(|rows| rows.iter().any(|row| is_said(row, "bob: one two three four five six")));
    ada.screen.resize(24, 24);
    ada.screen.press("/x\r");
    ada.screen.wait_for(|rows| {
        rows.iter().any(|row| row == "! there is no command") && rows.iter().any(|row| row.ends_with(" to the room"))
    });
    ada.screen.press("typed");
    ada.screen.wait_for_end(&["> typed"]);
    say(&mut bob, "one two three four five six");
    ada.screen.wait_for(|rows| {
        matches!(rows, [.., first, second, line] if first.ends_with(" bob: one two") && second == "      three four five" && line == "      six")
            || matches!(rows, [.., first, second, third, line] if first.ends_with(" bob: one two") && second == "      three four five" && third == "      six" && line == "> typed")
    });
}

#[test]
fn a_link_is_left_whole() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let ada = Person::join(&server, "ada");
    let short = "https://example.org/a-b/c-d";
    let long = format!("https://example.org/{}", "well-known/".repeat(8));
    say(&mut bob, &format!("some words before it, then {short} and {long} behind them"));
    ada.screen.wait_for(|rows| {
        matches!(rows, [.., first, second, link, rest, last, prompt]
            if is_said(first, "bob: some words before it, then") && second == &format!("      {short} and")
                && format!("{link}{rest}") == format!("      {long}") && last == "      behind them" && prompt == ">")
    });
    // The terminal knows that these rows are one line.
    let row = ada.screen.rows().iter().position(|row| row.contains("https://example.org/well")).unwrap();
    assert!(ada.screen.look(|screen| screen.row_wrapped(row.try_into().unwrap())));
}

#[test]
fn a_paste_of_several_lines_is_one_message() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.paste("fn main() {\r    println!();\r}");
    ada.screen.wait_for_end(&["> fn main() {", "    println!();", "}"]);
    ada.screen.press("\r");
    assert_eq!(bob.event("message", "ada")["text"], "fn main() {\n    println!();\n}");
    ada.screen.wait_for(|rows| {
        matches!(rows, [.., one, two, three, prompt] if is_said(one, "ada: fn main() {") && two == "          println!();"
            && three == "      }" && prompt == ">")
    });
}

#[test]
fn a_long_paste_is_asked_about_and_a_no_keeps_it() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.paste("1\n2\n3\n4\n5\n6");
    ada.screen.press("\r");
    ada.screen.wait_for_end(&["send these 6 lines as one message? [y/N]"]);
    ada.screen.press("n\r");
    ada.screen.wait_for_end(&["> 1", "2", "3", "4", "5", "6"]);
    ada.screen.press("\r");
    ada.screen.wait_for_end(&["send these 6 lines as one message? [y/N]"]);
    ada.screen.press("y\r");
    assert_eq!(bob.event("message", "ada")["text"], "1\n2\n3\n4\n5\n6");
}

#[test]
fn what_is_pasted_cannot_command_the_terminal() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Person::join(&server, "ada");
    ada.screen.paste("a\x07\u{9b}2Jb");
    ada.screen.wait_for_end(&["> a2Jb"]);
}

#[test]
fn what_others_say_cannot_command_the_terminal() {
    let server = Server::with_users(&["ada", "eve"]);
    let mut eve = server.login("eve");
    let mut ada = Person::join(&server, "ada");
    ada.screen.press("half");
    ada.screen.wait_for_end(&["> half"]);
    say(&mut eve, "\u{1b}]2;owned\u{7}\u{1b}[2J\u{1b}[H\u{9b}31m\r> mine\n> gone");
    ada.screen.wait_for(|rows| {
        matches!(rows, [first, .., said, more, line] if first.starts_with("* you are ada")
            && is_said(said, "eve: ␛]2;owned␇␛[2J␛[H␦31m␍> mine") && more == "      > gone" && line == "> half")
    });
    assert_eq!(ada.screen.title(), "(1) ada - homeroom 127.0.0.1");
}

#[test]
fn control_z_gives_the_terminal_to_the_shell_until_it_is_continued() {
    let server = Server::with_users(&["ada"]);
    let config = TempDir::new().unwrap();
    let client = client(config.path());
    let mut shell = Command::new("sh");
    // A shell with job control, as a person has it.
    shell.args(["-mc", r#""$0" "$@"; echo stopped; read -r line; fg >/dev/null; echo "ended: $?""#]);
    shell.arg(client.get_program()).args(client.get_args()).args([&server.join_link(), "--user", "ada"]);
    shell.envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut screen = Screen::start(&shell, (24, 60));
    screen.wait_for_end(&[">"]);
    screen.press("half");
    screen.wait_for_end(&["> half"]);
    screen.press("\x1a");
    screen.wait_for(|rows| rows.last().is_some_and(|row| row.ends_with("stopped")));
    screen.wait_for_echo(true);
    assert!(String::from_utf8(screen.bytes()).unwrap().contains("\x1b[?1004l"));
    screen.press("\r");
    screen.wait_for_echo(false);
    screen.press(" a line");
    screen.wait_for_end(&["> half a line"]);
    screen.press("\x03\x04");
    screen.wait_for_end(&["ended: 0"]);
}

#[test]
fn the_title_counts_what_came_while_nobody_looked() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Person::join(&server, "ada");
    ada.screen.wait_for_title("ada - homeroom 127.0.0.1");
    ada.screen.press("\x1b[Oh");
    // Keys are read in their order: with the letter, the terminal's word before it has been read too.
    ada.screen.wait_for_end(&["> h"]);
    say(&mut bob, "one");
    ada.screen.wait_for_title("(1) ada - homeroom 127.0.0.1");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "two"}));
    ada.screen.wait_for_title("(2) ada - homeroom 127.0.0.1");
    ada.screen.press("\x1b[I");
    ada.screen.wait_for_title("ada - homeroom 127.0.0.1");
    say(&mut bob, "three");
    ada.screen.wait_for(|rows| rows.iter().any(|row| is_said(row, "bob: three")));
    assert_eq!(ada.screen.title(), "ada - homeroom 127.0.0.1", "it is in front");
}

#[test]
fn names_whispers_and_mentions_stand_out_and_need_no_colours() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut colourful = Person::join(&server, "ada");
    let plain = Person::sit_down(&server, "ada", (24, 60), |command| command.env("NO_COLOR", "1"));
    let wanted =
        Person::sit_down(&server, "ada", (24, 60), |command| command.env("NO_COLOR", "1").args(["--color", "always"]));
    say(&mut bob, "hello ada");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "psst"}));
    for person in [&colourful, &plain, &wanted] {
        person.screen.wait_for(|rows| {
            matches!(rows, [.., said, whispered, _] if is_said(said, "bob: hello ada") && is_said(whispered, "bob -> you (whisper): psst"))
        });
    }
    for person in [&colourful, &wanted] {
        let cell = |text: &str, back: usize| {
            person.screen.look(|screen| {
                let rows: Vec<String> = screen.rows(0, 60).collect();
                let row = rows.iter().rposition(|row| row.contains(text)).unwrap();
                let column = rows[row].find(text).unwrap() + text.len() - back;
                screen.cell(row.try_into().unwrap(), column.try_into().unwrap()).unwrap().clone()
            })
        };
        let (name, mention, whisper, text) =
            (cell("bob: h", 4), cell("hello ada", 1), cell("whisper)", 2), cell("psst", 1));
        assert!(name.bold() && name.fgcolor() != vt100::Color::Default);
        assert!(mention.bgcolor() != vt100::Color::Default && whisper.bgcolor() != vt100::Color::Default);
        assert_eq!((text.fgcolor(), text.bgcolor()), (vt100::Color::Default, vt100::Color::Default));
        assert!(cell("online", 1).dim(), "what happens besides is dim");
    }
    let bytes = String::from_utf8(plain.screen.bytes()).unwrap();
    let coloured = bytes.split('\x1b').skip(1).any(|sequence| {
        sequence
            .strip_prefix('[')
            .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'))
    });
    assert!(!coloured, "{bytes:?}");
    colourful.screen.press("\x04");
    colourful.screen.finish();
}

#[test]
fn a_terminal_that_can_do_nothing_gets_plain_lines() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let config = TempDir::new().unwrap();
    let mut command = client(config.path());
    command.args([&server.join_link(), "--user", "ada"]).env("TERM", "dumb");
    let mut screen = Screen::start(&command, (24, 60));
    bob.event("joined", "ada");
    say(&mut bob, "hello");
    screen.wait_for_bytes("] bob: hello\r\n");
    screen.press("/who\r");
    screen.wait_for_bytes("/who\r\n* 3 online: ada, bob".replace('3', "2").as_str());
    screen.press("\x04");
    assert_eq!(screen.finish(), Some(0));
    assert!(!screen.bytes().contains(&0x1b), "{:?}", String::from_utf8_lossy(&screen.bytes()));
}
