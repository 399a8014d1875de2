//! What typed lines mean.

use super::*;
use crate::client::terminal::known::all;
use crate::client::terminal::usage::allowed;
use crate::protocol::{GENERAL, TEXT_CHARS_MAX};

fn parse(line: &str) -> Result<Typed, String> {
    super::parse(line, GENERAL)
}

/// What goes over the wire for a line, without the id.
fn wire(line: &str) -> String {
    match parse(line) {
        Ok(Typed::Request(request)) => String::from_utf8(request.encode(None)).unwrap().trim_end().to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn lines_and_what_they_ask_for() {
    for (line, expected) in [
        ("hi", r#"{"type":"say","text":"hi"}"#),
        ("  indented ", r#"{"type":"say","text":"  indented "}"#),
        ("  // a comment", r#"{"type":"say","text":"  // a comment"}"#),
        ("//who", r#"{"type":"say","text":"/who"}"#),
        ("/say passwd old new", r#"{"type":"say","text":"passwd old new"}"#),
        ("/msg Bob  psst, you ", r#"{"type":"whisper","to":"bob","text":"psst, you "}"#),
        ("/w bob a", r#"{"type":"whisper","to":"bob","text":"a"}"#),
        ("/Whisper bob a", r#"{"type":"whisper","to":"bob","text":"a"}"#),
        ("/me  waves ", r#"{"type":"say","text":"waves ","action":true}"#),
        ("/whois Bob", r#"{"type":"whois","username":"bob"}"#),
        ("/away", r#"{"type":"away","text":""}"#),
        ("/away at lunch ", r#"{"type":"away","text":"at lunch"}"#),
        ("/back", r#"{"type":"away"}"#),
        ("/topic", r#"{"type":"topic"}"#),
        ("/topic fractions, page 12", r#"{"type":"topic","text":"fractions, page 12"}"#),
        ("/topic -", r#"{"type":"topic","text":""}"#),
        ("/r yes", r#"Ok(Reply("yes"))"#),
        ("/who", r#"{"type":"who"}"#),
        ("/help ", r#"{"type":"help"}"#),
        ("/code", r#"{"type":"code"}"#),
        ("/code\n\tx \r\n\n", r#"{"type":"say","text":"\tx \r\n\n","format":"code"}"#),
        ("/Code Python\n.", r#"{"type":"say","text":".","format":"code","lang":"python"}"#),
        ("/code @Bob c\n/who", r#"{"type":"whisper","to":"bob","text":"/who","format":"code","lang":"c"}"#),
        ("/passwd a b", r#"{"type":"passwd","old":"a","new":"b"}"#),
        ("/passwd a  b c ", r#"{"type":"passwd","old":"a","new":"b c"}"#),
        ("/adduser Eve", r#"{"type":"add_user","username":"eve","role":"user"}"#),
        (
            "/adduser eve correct horse",
            r#"{"type":"add_user","username":"eve","password":"correct horse","role":"user"}"#,
        ),
        ("/listusers", r#"{"type":"list_users"}"#),
        ("/logoutuser eve", r#"{"type":"logout_user","username":"eve"}"#),
        ("/ban Eve", r#"{"type":"ban","username":"eve"}"#),
        ("/unban eve", r#"{"type":"unban","username":"eve"}"#),
        ("/mute eve", r#"{"type":"mute","username":"eve"}"#),
        ("/mute eve 5", r#"{"type":"mute","username":"eve","minutes":5}"#),
        ("/unmute eve", r#"{"type":"unmute","username":"eve"}"#),
        ("/resetpassword eve", r#"{"type":"reset_password","username":"eve"}"#),
        ("/deluser eve", r#"{"type":"delete_user","username":"eve"}"#),
        ("/erase Eve", r#"{"type":"erase_user","username":"eve"}"#),
        ("/promote eve", r#"{"type":"promote","username":"eve"}"#),
        ("/demote eve", r#"{"type":"demote","username":"eve"}"#),
        ("/promote eve Teacher", r#"{"type":"promote","username":"eve","role":"teacher"}"#),
        ("/demote eve display", r#"{"type":"demote","username":"eve","role":"display"}"#),
        ("/setname Eve  Eve Noether ", r#"{"type":"set_user","username":"eve","name":"Eve Noether"}"#),
        ("/setname eve", r#"{"type":"set_user","username":"eve","name":""}"#),
        ("/door", r#"{"type":"door"}"#),
        ("/door 5", r#"{"type":"door","minutes":5,"guests":false}"#),
        ("/door 7b", r#"{"type":"door","minutes":10,"group":"7b","guests":false}"#),
        ("/door 5 7b guests", r#"{"type":"door","minutes":5,"group":"7b","guests":true}"#),
        ("/door 0", r#"{"type":"door","minutes":0}"#),
        ("/door 0 guests", r#"{"type":"door","minutes":0,"guests":"remove"}"#),
        ("/setgroup eve 7b", r#"{"type":"set_user","username":"eve","group":"7b"}"#),
        ("/setgroup eve", r#"{"type":"set_user","username":"eve","group":""}"#),
        ("/status", r#"{"type":"status"}"#),
        ("/reload", r#"{"type":"reload"}"#),
        ("/shutdown", r#"{"type":"shutdown"}"#),
        ("", "Ok(Nothing)"),
        (" \t", "Ok(Nothing)"),
        ("/logout", "Ok(LogOut)"),
        ("/quit", "Ok(Leave)"),
        ("/passwd", "Ok(ChangePassword)"),
        ("/history", "Ok(History(50, None))"),
        ("/history 1000 ", "Ok(History(1000, None))"),
    ] {
        assert_eq!(wire(line), expected, "{line:?}");
    }
}

#[test]
fn wrong_forms_show_the_right_one() {
    for (line, expected) in [
        ("/msg", "usage: /msg <user> <text>"),
        ("/w", "usage: /msg <user> <text>"),
        ("/msg bob", "usage: /msg <user> <text>"),
        ("/msg bob  ", "usage: /msg <user> <text>"),
        ("/me ", "usage: /me <text>"),
        ("/r", "usage: /reply <text>"),
        ("/whois", "usage: /whois <user>"),
        ("/back to work", "usage: /back"),
        ("/who is there", "usage: /who"),
        ("/history 0", "usage: /history [number], and"),
        ("/history 1001", "usage: /history [number], and the number is 1 to 1000"),
        ("/history all", "usage: /history [number]"),
        ("/logout now", "usage: /logout"),
        ("/passwd one", "usage: /passwd, which"),
        ("/passwd one ", "usage: /passwd, which"),
        ("/adduser", "usage: /adduser <user> [password]"),
        ("/logoutuser", "usage: /logoutuser <user>"),
        ("/logoutuser a b", "usage: /logoutuser <user>"),
        ("/ban", "usage: /ban <user>"),
        ("/mute eve soon", "usage: /mute <user> [minutes]"),
        ("/mute eve -1", "usage: /mute <user> [minutes]"),
        ("/deluser a b", "usage: /deluser <user>"),
        ("/promote eve boss", "usage: /promote <user> [role], and a role is one of display, user, teacher, admin"),
        ("/demote", "usage: /demote <user> [role]"),
        ("/door 5 7b please", "usage: /door [minutes] [group] [guests]"),
        ("/setname", "usage: /setname <user> [text]"),
        ("/setgroup eve 7 b", "usage: /setgroup <user> [group]"),
        ("/code\n", "there is no code in it"),
        ("/code x.py\nx", "a file is sent by"),
        ("/save", "usage: /save <number> <file>"),
        ("/save x.py 17", "usage: /save <number> <file>"),
        ("/shutdown -h now", "usage: /shutdown"),
        ("/msg b*b hi", "`b*b` is no user name"),
        ("/mgs bob secret", "there is no command `/mgs` (did you mean `/msg`?): /help"),
        ("/whoi", "there is no command `/whoi` (did you mean `/who`?)"),
        ("/frobnicate", "there is no command `/frobnicate`: /help"),
        ("/", "there is no command `/`"),
        ("/Nick ada_", "there is no command `/nick`: your name is that of your account"),
        ("/query bob hi", "there is no command `/query`: /msg <user> <text>"),
        ("/part", "there is no command `/part`: /leave goes out of a room; /quit leaves the chat"),
        ("/names", "there is no command `/names`: /who"),
        ("/kick eve being loud", "there is no command `/kick`: administrators"),
        ("/identify hunter2", "there is no command `/identify`: you are logged in already"),
        ("/msg NickServ identify hunter2", "nothing is whispered to `NickServ`: you are logged in"),
        ("/msg #general hi", "that is a room: /room <room> speaks in one"),
        ("/exit", "there is no command `/exit`: /quit leaves"),
        ("/quit bye", "usage: /quit; a parting word is said before"),
        ("/\x1b[2J", "there is no command `/␛[2j`"),
    ] {
        let error = parse(line).unwrap_err();
        assert!(error.starts_with(expected), "{line:?}: {error}");
    }
}

#[test]
fn a_slash_behind_blanks_is_asked_about() {
    for line in
        [" /msg bob secret", "\t/w bob secret", "  /etc/passwd is a file", "passwd old new", "hi\n/passwd old new"]
    {
        let Ok(Typed::Doubtful(typed, _)) = parse(line) else { panic!("{line:?}") };
        assert!(matches!(*typed, Typed::Request(Request::Say { text, .. }) if text == line), "{line:?}");
    }
    for line in
        ["/msg bob hi\n/passwd old new", "/r hi\npasswd old new", "/topic x\n/passwd old new", "/me passwd old new"]
    {
        assert!(matches!(parse(line), Ok(Typed::Doubtful(..))), "{line:?}");
    }
}

#[test]
fn what_cannot_be_seen_in_front_of_a_command_changes_nothing() {
    let change = r#"{"type":"passwd","old":"old","new":"new"}"#;
    for front in ["\u{feff}", "\u{200b}", "\u{ad}", "\u{200e}", "\0", "\x1b", "\x1b[0m"] {
        assert_eq!(wire(&format!("{front}/passwd old new")), change, "{front:?}");
    }
    for unseen in ["\u{200b}", "\x1b[0m", "\0"] {
        let line = format!("/passwd old new{unseen}");
        assert!(parse(&line).unwrap_err().contains("can't be seen"), "{line:?}");
    }
}

#[test]
fn every_command_that_help_lists_is_one() {
    for command in all() {
        let name = command_name(&command.usage[1..]);
        let result = parse(&format!("/{name} ! ! !"));
        assert!(!matches!(&result, Err(error) if error.starts_with("there is no command")), "{result:?}");
    }
}

#[test]
fn whatever_a_usage_line_allows_is_taken() {
    for line in all().flat_map(allowed) {
        // Slips don't take the place of their list.
        let line = line.replace("slips ./lesson.py", "slips ./slips.html");
        // Some do nothing in the general room.
        let parsed = super::parse(&line, "chess");
        assert!(parsed.is_ok(), "{line}: {parsed:?}");
    }
}

#[test]
fn long_texts() {
    let longest = "😀".repeat(TEXT_CHARS_MAX);
    assert!(parse(&longest).is_ok());
    assert!(parse(&format!("/msg bob {longest}")).is_ok());
    assert!(parse(&format!("{longest}x")).unwrap_err().contains("this one has 4001"));
    assert!(parse(&format!("//{longest}")).is_err());
}
