//! The line that is edited at a terminal: nothing that is typed keeps what others say from being shown, and nothing
//! of theirs is lost when the terminal has another size.

use super::screen::{Person, client, is_said, say};
use crate::harness::{Peer, Screen, Server};
use std::process::Command;

/// Whether somebody said this, on a row of its own.
fn has(rows: &[String], said: &str) -> bool {
    rows.iter().any(|row| is_said(row, said))
}

fn ada_and_bob() -> (Server, Person, Peer) {
    let server = Server::with_users(&["ada", "bob"]);
    let bob = server.login("bob");
    let ada = Person::join(&server, "ada");
    (server, ada, bob)
}

#[test]
fn what_others_say_is_shown_in_every_state() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    ada.screen.press("earlier\r");
    ada.screen.wait_for(|rows| has(rows, "ada: earlier") && rows.last().is_some_and(|row| row == ">"));
    let states: &[(&[u8], &str)] = &[
        (b"\x1b", "> typed"),
        (b"\x1b\x1b", "> typed"),
        (b"\x1b[", "> typed"),
        (b"\x1b[1;", "> typed"),
        (b"\x1bO", "> typed"),
        // Half a character; the tests' terminal doesn't show what stands for it.
        (b"\xc3", "> typed"),
        (b"\x12", "(reverse-i-search)`': typed"),
        (b"\x12ear", "(reverse-i-search)`ear': earlier"),
        (b"\x12zz", "(failed reverse-i-search)`zz': typed"),
        // Ctrl-V, Ctrl-X, Ctrl-].
        (b"\x16", "> typed"),
        (b"\x18", "> typed"),
        (b"\x1d", "> typed"),
        (b"\x1b5", "(arg: 5) typed"),
        (b"\x03/s\t", "> /s"),
        (b"\x03/s\t\t", "> /s"),
        (b"\x1b[200~", "> typed"),
        (b"\x1b[200~more", "> typedmore"),
    ];
    for (number, (keys, line)) in states.iter().enumerate() {
        ada.screen.press("typed");
        ada.screen.wait_for_end(&["> typed"]);
        ada.screen.press_bytes(keys);
        say(&mut bob, &format!("number {number}"));
        ada.screen.wait_for(|rows| has(rows, &format!("bob: number {number}")));
        ada.screen.wait_for_end(&[line]);
        // Whatever it is: one more key, and Ctrl-C clears the line.
        ada.screen.press("x");
        ada.screen.press("\x03");
        ada.screen.wait_for_end(&[">"]);
    }
    let rows = ada.screen.rows();
    let said = rows.iter().filter(|row| row.contains("bob: number")).count();
    assert_eq!(said, states.len(), "{rows:?}");
}

#[test]
fn a_paste_that_never_ends_is_over_after_a_second_or_at_control_c() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    ada.screen.press("\x1b[200~half a paste\rand more");
    ada.screen.wait_for_end(&["> half a paste", "and more"]);
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&[">"]);
    ada.screen.press("\x1b[200~another");
    ada.screen.press("\x03");
    ada.screen.wait_for_bytes("another");
    ada.screen.wait_for_end(&[">"]);
    ada.screen.press("here\r");
    assert_eq!(bob.event("message", "ada")["text"], "here");
}

#[test]
fn a_paste_that_pauses_says_nothing_by_itself() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    ada.screen.press("\x1b[200~one\rtwo");
    ada.screen.wait_for_end(&["> one", "two"]);
    // The rest was held up on its way.
    ada.screen.press("\rthree\r\x1b[201~");
    ada.screen.wait_for_end(&["> one", "two", "three"]);
    ada.screen.press("\x7ffour\r");
    assert_eq!(bob.event("message", "ada")["text"], "one\ntwo\nthreefour");
}

#[test]
fn a_control_c_within_a_paste_does_not_end_it() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    // More than is read at once, wherever that ends.
    ada.screen.paste(&format!("before{}\rafter", "\x03".repeat(3000)));
    ada.screen.wait_for_end(&["> before", "after"]);
    ada.screen.press("\r");
    assert_eq!(bob.event("message", "ada")["text"], "before\nafter");
}

#[test]
fn bytes_that_are_no_characters_are_shown_and_end_nothing() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    // As a terminal sends it that doesn't know UTF-8.
    ada.screen.press_bytes(b"Gr\xfc\xdfe\r");
    assert_eq!(bob.event("message", "ada")["text"], "Gr\u{fffd}\u{fffd}e");
    // What a terminal tells of the mouse, and keys that are not known.
    ada.screen.press("\x1b[<0;10;20M\x1b[27;5;106~\x1b[99;120Rx");
    ada.screen.wait_for_end(&["> x"]);
}

/// How a terminal takes another size.
type Resize = fn(&mut Screen, u16, u16);

/// What is on the screen: what bob said, and a line of `length` characters on so many columns.
fn is_whole(rows: &[String], said: usize, length: usize, columns: usize) -> bool {
    let line = format!("> {}", "abcdefghij".repeat(length.div_ceil(10)).split_at(length).0);
    let mut wanted: Vec<_> = line.as_bytes().chunks(columns).map(|row| String::from_utf8_lossy(row)).collect();
    wanted.iter_mut().for_each(|row| *row = row.trim_end().to_owned().into());
    let from = rows.len().saturating_sub(wanted.len());
    rows[from..] == wanted
        && from >= said
        && (1..=said).all(|number| is_said(&rows[from - said + number - 1], &format!("bob: number {number}")))
}

/// Lets a line of `length` characters be edited, the cursor `back` before its end, while the terminal has other sizes.
#[track_caller]
fn resize_while_editing(length: usize, back: usize, resize: Resize) {
    let (_server, mut ada, mut bob) = ada_and_bob();
    for number in 1..=6 {
        say(&mut bob, &format!("number {number}"));
    }
    ada.screen.wait_for(|rows| is_whole(rows, 6, 0, 60));
    let line = "abcdefghij".repeat(length.div_ceil(10));
    // As it is typed: up to the end of a row, and on.
    let (first, rest) = line[..length].split_at(length.min(58));
    ada.screen.press(first);
    ada.screen.wait_for(|rows| is_whole(rows, 6, first.len(), 60));
    ada.screen.press(rest);
    ada.screen.press(&"\x1b[D".repeat(back));
    ada.screen.wait_for(|rows| is_whole(rows, 6, length, 60));
    ada.screen.wait_for_cursor(|(_, column)| usize::from(column) == (length + 2 - back) % 60);
    for (columns, number) in [59, 40, 41, 57, 60, 45, 30, 33, 60].into_iter().zip(7..) {
        resize(&mut ada.screen, 24, columns);
        // What is said then is shown when the new size has been seen.
        say(&mut bob, &format!("number {number}"));
        ada.screen.wait_for(|rows| is_whole(rows, number, length, columns.into()));
        let cells = length + 2 - back;
        let columns = usize::from(columns);
        let here = u16::try_from(cells % columns).unwrap();
        ada.screen.wait_for_cursor(|(_, column)| column == here);
    }
}

#[test]
fn another_width_costs_no_message_and_leaves_no_ghost() {
    // 58 with the prompt: a row that is full.
    for (length, back) in [(10, 0), (58, 0), (70, 0), (130, 35), (130, 120)] {
        resize_while_editing(length, back, Screen::resize);
        resize_while_editing(length, back, Screen::rewrap);
    }
}

#[test]
fn a_terminal_that_does_not_say_where_its_cursor_is_loses_no_message() {
    for resize in [Screen::resize as Resize, Screen::rewrap] {
        let (_server, mut ada, mut bob) = ada_and_bob();
        ada.screen.say_nothing();
        ada.screen.press(&"abcdefghij".repeat(13));
        for number in 1..=6 {
            say(&mut bob, &format!("number {number}"));
        }
        ada.screen.wait_for(|rows| is_whole(rows, 6, 130, 60));
        for (columns, number) in [30, 60, 50, 35, 60].into_iter().zip(7..) {
            resize(&mut ada.screen, 24, columns);
            say(&mut bob, &format!("number {number}"));
            ada.screen.wait_for(|rows| has(rows, &format!("bob: number {number}")));
            // A row of the line may stand there twice.
            ada.screen.wait_for(|rows| is_whole(rows, 0, 130, columns.into()));
            let rows = ada.screen.rows();
            let all = rows.concat();
            let is_there = |number| all.contains(&format!(" bob: number {number}"));
            assert!((1..=number).all(is_there), "{columns}: {rows:?}");
        }
    }
}

#[test]
fn another_size_while_a_search_or_a_list_is_open() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    ada.screen.press("earlier\r");
    ada.screen.wait_for(|rows| has(rows, "ada: earlier") && rows.last().is_some_and(|row| row == ">"));
    ada.screen.press("\x12ear");
    ada.screen.wait_for_end(&["(reverse-i-search)`ear': earlier"]);
    say(&mut bob, "hello");
    // What comes later waits until the size is settled, and stands elsewhere.
    ada.screen.wait_for(|rows| matches!(rows, [.., said, line] if is_said(said, "bob: hello") && line == "(reverse-i-search)`ear': earlier"));
    ada.screen.rewrap(24, 20);
    ada.screen.wait_for_end(&["(reverse-i-search)`e", "ar': earlier"]);
    ada.screen.rewrap(24, 60);
    ada.screen.wait_for_end(&["(reverse-i-search)`ear': earlier"]);
    ada.screen.press("\x07");
    ada.screen.wait_for_end(&[">"]);
    ada.screen.press("/s\t\t");
    ada.screen.wait_for(|rows| rows.iter().any(|row| row.starts_with("/s")));
    ada.screen.wait_for_end(&["> /s"]);
    ada.screen.rewrap(24, 30);
    ada.screen.press("x");
    ada.screen.wait_for_end(&["> /sx"]);
    assert!(has(&ada.screen.rows(), "bob: hello"), "{:?}", ada.screen.rows());
}

#[test]
fn a_line_higher_than_the_screen_leaves_room_for_what_is_said() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    let paste: Vec<String> = (1..=60).map(|number| format!("line {number}")).collect();
    ada.screen.paste(&paste.join("\r"));
    ada.screen.wait_for_end(&["line 59", "line 60"]);
    say(&mut bob, "can you see me?");
    ada.screen.wait_for(|rows| has(rows, "bob: can you see me?") && rows.last().is_some_and(|row| row == "line 60"));
    assert_eq!(ada.screen.rows().iter().filter(|row| row.contains("line ")).count(), 12, "half of 24 rows");
    // The rows around the cursor.
    ada.screen.press(&"\x1b[A".repeat(40));
    ada.screen.wait_for(|rows| rows.iter().any(|row| row == "line 20") && rows.iter().all(|row| row != "line 60"));
    ada.screen.press("\x1b[Dx");
    ada.screen.wait_for(|rows| rows.iter().any(|row| row == "line 2x0"));
    say(&mut bob, "and now?");
    ada.screen.wait_for(|rows| has(rows, "bob: and now?") && has(rows, "bob: can you see me?"));
    ada.screen.press("\x03");
    ada.screen.wait_for_end(&[">"]);
    assert!(ada.screen.rows().iter().all(|row| !row.contains("line ")), "{:?}", ada.screen.rows());
}

#[test]
fn wide_characters_at_the_end_of_a_row() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    for columns in [59, 60, 21, 20] {
        ada.screen.resize(24, columns);
        let line = format!("x{}", "你😀".repeat(40));
        ada.screen.press(&line);
        ada.screen.press("\x1b[D");
        say(&mut bob, &format!("at {columns}"));
        ada.screen.wait_for(|rows| has(rows, &format!("bob: at {columns}")));
        // Not a character of it twice, none lost.
        ada.screen.wait_for(|rows| {
            let start = rows.iter().rposition(|row| row.starts_with("> ")).unwrap_or(0);
            rows[start..].concat() == format!("> {line}")
        });
        ada.screen.press("\x03");
        ada.screen.wait_for_end(&[">"]);
        assert_eq!(ada.screen.rows().iter().filter(|row| row.contains('你')).count(), 0, "{:?}", ada.screen.rows());
    }
}

#[test]
fn the_smallest_terminals_are_no_trouble() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    for (rows, columns) in [(1, 60), (24, 1), (1, 1), (2, 2)] {
        ada.screen.resize(rows, columns);
        ada.screen.press("several\x16\rrows\x12");
        say(&mut bob, &format!("on-{rows}-{columns}"));
        ada.screen.wait_for_bytes(&format!("on-{rows}-{columns}"));
        ada.screen.press("\x07\t\t\x1b[A\x1b[Ax\x03");
    }
    ada.screen.resize(24, 60);
    ada.screen.press("still here\r");
    loop {
        if bob.event("message", "ada")["text"] == "still here" {
            break;
        }
    }
}

#[test]
fn alt_enter_types_a_line_break() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    ada.screen.press("one\x1b\r");
    ada.screen.press("two\x1b\r");
    ada.screen.press("x\x7f\x7f!");
    ada.screen.wait_for_end(&["> one", "two!"]);
    ada.screen.press("\x7f");
    ada.screen.wait_for_end(&["> one", "two"]);
    say(&mut bob, "hello");
    ada.screen.wait_for(
        |rows| matches!(rows, [.., said, one, two] if is_said(said, "bob: hello") && one == "> one" && two == "two"),
    );
    ada.screen.press("\r");
    assert_eq!(bob.event("message", "ada")["text"], "one\ntwo");
    ada.screen.wait_for(|rows| {
        matches!(rows, [.., before, one, two, prompt] if is_said(before, "bob: hello") && is_said(one, "ada: one") && two == "      two" && prompt == ">")
    });
    ada.screen.press("\x1b[A");
    ada.screen.wait_for_end(&["> one", "two"]);
    ada.screen.press("\x1b[A\x01zero \r");
    assert_eq!(bob.event("message", "ada")["text"], "zero one\ntwo");
    assert_eq!(ada.history(), "one\\ntwo\nzero one\\ntwo\n");
    ada.screen.press("/help\r");
    ada.screen
        .wait_for(|rows| rows.iter().any(|row| row.starts_with("  Alt-Enter ") && row.ends_with("type a line break")));
}

#[test]
fn control_v_takes_a_tab_and_no_control_character() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    ada.screen.press("a\x16\tb\x16\x07");
    ada.screen.wait_for_end(&["> a     b"]);
    ada.screen.press("c\x7f\x7f\x7f");
    ada.screen.wait_for_end(&["> a"]);
    ada.screen.press("\x16\r!\r");
    assert_eq!(bob.event("message", "ada")["text"], "a\n!");
}

#[test]
fn a_line_break_behind_a_full_row_takes_no_row() {
    let (_server, mut ada, mut bob) = ada_and_bob();
    let row = "x".repeat(58);
    ada.screen.press(&format!("{row}\x16\rb"));
    for (keys, column) in [("", 1), ("\x1b[A\x1b[F", 59), ("\x01", 2)] {
        ada.screen.press(keys);
        ada.screen.wait_for_cursor(|cursor| cursor.1 == column);
        say(&mut bob, "hello");
    }
    ada.screen.wait_for(|rows| {
        matches!(rows, [.., before, one, two, three, first, second]
            if before.starts_with("* ") && [one, two, three].iter().all(|row| is_said(row, "bob: hello"))
                && first == &format!("> {row}") && second == "b")
    });
}

#[test]
fn what_a_shell_showed_while_the_client_was_stopped_stays() {
    let server = Server::with_users(&["ada"]);
    let config = tempfile::TempDir::new().unwrap();
    let client = client(config.path());
    let mut shell = Command::new("sh");
    // A shell with job control, as a person has it.
    shell.args(["-mc", r#""$0" "$@"; echo one; echo two; read -r line; fg >/dev/null"#]);
    shell.arg(client.get_program()).args(client.get_args()).args([&server.join_link(), "--user", "ada"]);
    shell.envs(client.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut screen = Screen::start(&shell, (24, 60));
    screen.wait_for_end(&[">"]);
    let line = "x".repeat(130);
    screen.press(&line);
    let is_whole =
        |rows: &[String]| matches!(rows, [.., a, b, c] if [a.as_str(), b, c].concat() == format!("> {line}"));
    screen.wait_for(is_whole);
    screen.press("\x1a");
    screen.wait_for(|rows| rows.last().is_some_and(|row| row.ends_with("two")));
    screen.press("\r");
    screen.wait_for(is_whole);
    let rows = screen.rows();
    assert!(rows.iter().any(|row| row.ends_with("one")) && rows.iter().any(|row| row.ends_with("two")), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row.contains("xx")).count(), 3, "{rows:?}");
}
