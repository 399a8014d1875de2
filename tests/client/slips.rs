//! What was typed into the wrong place is not said.

use crate::harness::{PASSWORD, Server, Terminal};
use tempfile::TempDir;

#[test]
fn a_password_behind_a_change_that_failed_is_not_said() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let lines = ["Tr0ub4dor&3", "/passwd wrong-one Tr0ub4dor&3x", "Tr0ub4dor&3x", "never mind"];
    let finished = Terminal::join(&server, "ada").script(&lines);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(
        finished.stderr.contains("looks like a password") && finished.stderr.contains("was not said"),
        "{finished:?}"
    );
    let heard = bob.until_text("never mind");
    assert!(heard.iter().any(|line| line["text"] == "Tr0ub4dor&3"), "before there was no reason for a doubt");
    assert!(heard.iter().all(|line| line["text"] != "Tr0ub4dor&3x"), "{heard:?}");
}

/// Also where the client itself refuses it: a script that answers prompts which a pipe doesn't have.
#[test]
fn what_a_script_answers_prompts_with_is_not_said() {
    for change in
        [&["/passwd", "secretnew"][..], &["/passwd", "wrongold-1", "newpassage"], &["/passwd wrongold", "newpassage"]]
    {
        let server = Server::with_users(&["ada", "bob"]);
        let mut bob = server.login("bob");
        let lines: Vec<&str> = change.iter().copied().chain(["is it changed now?"]).collect();
        let finished = Terminal::join(&server, "ada").script(&lines);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let heard = bob.until_text("is it changed now?");
        assert_eq!(heard.iter().filter(|line| line["type"] == "message").count(), 1, "{change:?}: {heard:?}");
    }
}

#[test]
fn what_was_just_tried_is_not_said() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let lines = ["/passwd wrongold-1 new-pass-9", "My new one: new-pass-9", "/me has WrongOld-1 no more", "never mind"];
    let finished = Terminal::join(&server, "ada").script(&lines);
    assert_eq!(finished.stderr.matches("was not said").count(), 2, "{finished:?}");
    let heard = bob.until_text("never mind");
    assert_eq!(heard.iter().filter(|line| line["type"] == "message").count(), 1, "{heard:?}");
}

#[test]
fn a_command_behind_blanks_is_not_said_from_a_pipe() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let lines = [" /msg bob a secret", "\t/frobnicate", "  // a comment", "last"];
    let finished = Terminal::join(&server, "ada").script(&lines);
    assert_eq!(finished.stderr.matches("it was not said").count(), 2, "{finished:?}");
    let heard = bob.until_text("last");
    let texts: Vec<_> = heard.iter().filter(|line| line["type"] == "message").map(|line| &line["text"]).collect();
    assert_eq!(texts, ["  // a comment", "last"]);
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_a_person_is_asked() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let folder = TempDir::new().unwrap();
    let mut ada = Terminal::at_a_terminal(folder.path(), &[&server.join_link(), "--user", "ada"], PASSWORD);
    ada.stdout.wait_for("online");
    ada.type_line(" /msg bob a secret");
    ada.stdout.wait_for("say it to everyone? [y/N]");
    ada.type_line("n");
    ada.stdout.wait_for("it was not said");
    ada.type_line(" /etc/hosts is a file");
    ada.stdout.wait_for("`/etc/hosts is a file` has blanks before it, so it is no command: say it to everyone? [y/N]");
    ada.type_line("y");
    let heard = bob.until_text(" /etc/hosts is a file");
    assert!(!format!("{heard:?}").contains("a secret"), "{heard:?}");
    ada.type_line("/logout");
    assert_eq!(ada.wait().code, Some(0));
}

/// What a message would be if the first characters counted that nobody sees.
#[test]
fn what_cannot_be_seen_makes_no_message_of_a_command() {
    for front in ["\u{feff}", "\u{200b}", "\u{ad}", "\u{200e}", "\u{3164}", "\x1b[0m", "\x1b[200~"] {
        let server = Server::with_users(&["ada", "bob"]);
        let mut bob = server.login("bob");
        let lines =
            [format!("{front}/passwd {PASSWORD} twelve red boats"), format!("{front}/msg bob psst"), "last".into()];
        let finished = Terminal::join(&server, "ada").script(&lines.each_ref().map(|line| &**line));
        let heard = bob.until_text("last");
        assert!(!format!("{heard:?}").contains("boats"), "{front:?}: {heard:?} {finished:?}");
        assert!(heard.iter().any(|line| line["type"] == "whisper" && line["text"] == "psst"), "{front:?}: {heard:?}");
    }
}

#[test]
fn what_looks_like_a_command_with_a_password_is_not_said_from_a_pipe() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let with_own = format!("/msg bob it's {PASSWORD}, I think");
    let spaced: String = PASSWORD.chars().flat_map(|c| [c, ' ']).collect();
    let wide = |c: char| if c.is_ascii_graphic() { char::from_u32(c as u32 - 0x21 + 0xff01).unwrap() } else { c };
    let wide: String = PASSWORD.chars().map(wide).collect();
    let secrets = [
        "passwd old S3cret",
        "Passwd: old S3cret",
        "／passwd old S3cret",
        "／ｐａｓｓｗｄ old S3cret",
        "⁄passwd old S3cret",
        "\\passwd old S3cret",
        "> /passwd old S3cret",
        "adduser eve S3cret",
        "pass\u{ad}wd old S3cret",
        "\0/passwd old S3cret",
        "/me passwd old S3cret",
        "/me /passwd old S3cret",
        "/msg bob /passwd old S3cret",
        "/whisper bob pwd old S3cret",
        "pwd old S3cret",
        "change password old S3cret",
        "passwort ändern alt S3cret",
        "passwd\u{200b}old S3cret",
        "x\u{8}/passwd old S3cret",
        "1. /passwd old S3cret",
        "[21:10] /passwd old S3cret",
        "ada: /passwd old S3cret",
        "hello /passwd old S3cret",
        "paswd old S3cret",
        "passwd;old;S3cret",
        "passwd;old S3cret",
        "hello /adduser eve S3cret",
        "contraseña old-pass-7 new-S3cret-9",
        "mot de passe old-pass-7 new-S3cret-9",
        "wachtwoord oud S3cret",
        "identify old-S3cret-7",
        "add user zed new-S3cret-9",
        PASSWORD,
        &with_own,
        &PASSWORD.to_uppercase(),
        &spaced,
        &wide,
    ];
    let lines: Vec<&str> =
        secrets.iter().copied().chain(["passwd", "adduser eve", "/say passwd old new", "last"]).collect();
    let finished = Terminal::join(&server, "ada").script(&lines);
    assert!(finished.failed_with(1).contains("lines were not said"), "{finished:?}");
    assert_eq!(finished.stderr.matches("was not said").count(), secrets.len(), "{finished:?}");
    assert!(!finished.stderr.contains("S3cret"), "what is told may be in a log: {finished:?}");
    let heard = bob.until_text("last");
    let texts: Vec<_> = heard.iter().filter(|line| line["type"] == "message").map(|line| &line["text"]).collect();
    assert_eq!(texts, ["passwd", "adduser eve", "passwd old new", "last"]);
    assert!(heard.iter().all(|line| line["type"] != "whisper"), "{heard:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn what_looks_like_a_command_with_a_password_is_asked_about() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let folder = TempDir::new().unwrap();
    let mut ada = Terminal::at_a_terminal(folder.path(), &[&server.join_link(), "--user", "ada"], PASSWORD);
    ada.stdout.wait_for("online");
    for (count, line) in ["passwd old S3cret", "／passwd old S3cret"].iter().enumerate() {
        ada.type_line(line);
        ada.stdout.wait_for_the(count + 1, "with a password, and is no command: say it to everyone? [y/N]");
        ada.type_line("n");
        ada.stdout.wait_for_the(count + 1, "it was not said");
    }
    ada.type_line("passwd is a program of Unix");
    ada.stdout.wait_for_the(3, "say it to everyone? [y/N]");
    ada.type_line("y");
    let heard = bob.until_text("passwd is a program of Unix");
    assert!(!format!("{heard:?}").contains("S3cret"), "{heard:?}");
    ada.type_line("/logout");
    assert_eq!(ada.wait().code, Some(0));
}

/// As PowerShell and Notepad write.
#[test]
fn what_windows_pipes_is_read_or_refused_with_the_reason() {
    let server = Server::with_users(&["ada", "bob"]);
    let folder = TempDir::new().unwrap();
    let pipe = |bytes: &[u8]| {
        let mut command = Terminal::command(folder.path());
        crate::harness::run(command.args([&server.join_link(), "--user", "ada"]), bytes)
    };
    let utf16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    let mut bob = server.login("bob");
    for (count, to_bytes) in [u16::to_le_bytes, u16::to_be_bytes].into_iter().enumerate() {
        let text = format!("\u{feff}{PASSWORD}\r\nGrüße {count}\r\n");
        pipe(&utf16(&text, to_bytes)).succeeded();
        bob.until_text(&format!("Grüße {count}"));
    }
    pipe(format!("\u{feff}{PASSWORD}\r\nmarked\r\n").as_bytes()).succeeded();
    bob.until_text("marked");
    // Without the mark.
    let refused = pipe(&utf16(&format!("{PASSWORD}\r\nhello\r\n"), u16::to_le_bytes));
    assert!(refused.failed_with(1).contains("UTF-16"), "{refused:?}");
    let mut command = Terminal::command(folder.path());
    command.args([&server.join_link(), "--user", "ada"]).env("HOMEROOM_PASSWORD", format!("\u{feff}{PASSWORD}\r\n"));
    let finished = crate::harness::run(&mut command, &utf16("/passwd old S3cret\r\n", u16::to_le_bytes));
    assert!(finished.stderr.contains("NULs") && !finished.stderr.contains("S3cret"), "{finished:?}");
    bob.say("last");
    assert!(!format!("{:?}", bob.inbox()).contains("S3cret"), "{:?}", bob.inbox());
}
