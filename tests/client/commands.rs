//! Lines that begin with a slash.

use super::seen;
use crate::harness::{ADMIN, PASSWORD, Peer, Server, Terminal, run, wait_until};
use serde_json::json;

/// What the room heard of ada until she was gone, which isn't told of each time.
#[track_caller]
fn heard(bob: &mut Peer) -> Vec<String> {
    wait_until("ada's leaving", || bob.ask(json!({"type": "who"}))["users"] == json!(["bob"]));
    let mark = format!("mark {}", bob.seq());
    bob.send(&json!({"type": "say", "text": mark}));
    let mut texts = Vec::new();
    for line in bob.until_text(&mark) {
        if line["from"] == "ada" && line["type"] == "message" {
            texts.push(line["text"].as_str().unwrap().to_owned());
        }
    }
    texts
}

#[test]
fn the_three_ways_to_whisper() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let lines = ["/msg bob one word or two", "/whisper bob three", "/w BOB four"];
    let finished = Terminal::join(&server, "ada").script(&lines);
    let shown = finished.succeeded();
    for text in ["one word or two", "three", "four"] {
        let whisper = bob.event("whisper", "ada");
        assert_eq!((&whisper["text"], &whisper["to"]), (&text.into(), &"bob".into()));
        assert!(shown.contains(text), "{shown}");
    }
    assert!(heard(&mut bob).is_empty());
}

#[test]
fn a_command_of_the_wrong_form_shows_the_right_one_and_is_not_said() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    for (line, usage) in [
        ("/msg", "/msg <user> <text>"),
        ("/msg bob", "/msg <user> <text>"),
        ("/w", "/msg <user> <text>"),
        ("/adduser", "/adduser <user>"),
        ("/logoutuser", "/logoutuser <user>"),
    ] {
        let finished = Terminal::join(&server, "ada").script(&[line]);
        assert_eq!(finished.code, Some(0), "{line}: {finished:?}");
        assert!(seen(&finished).contains(usage), "{line}: {finished:?}");
        assert!(heard(&mut bob).is_empty(), "{line}");
    }
}

#[test]
fn an_unknown_command_is_not_said() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    for line in ["/mgs bob my secret", "/frobnicate", "/", "/passwort geheim"] {
        let finished = Terminal::join(&server, "ada").script(&[line]);
        assert_eq!(finished.code, Some(0), "{line}: {finished:?}");
        assert!(seen(&finished).contains("/help"), "{line}: {finished:?}");
        assert!(heard(&mut bob).is_empty(), "{line}");
    }
}

#[test]
fn words_of_other_chats_are_told_what_there_is_in_their_place() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    for (line, answer) in [
        ("/channel general", "/join <room>"),
        ("/part", "/leave"),
        ("/query bob my secret", "/msg <user> <text>"),
        ("/names", "/who"),
        ("/nick ada_", "account"),
        ("/quit bye", "usage: /quit"),
        ("/leave", "/quit"),
        ("/exit", "/quit"),
        ("/logout now", "usage: /logout"),
        ("/kick bob", "/logoutuser"),
        ("/list", "/rooms"),
        ("/msg nickserv identify my-password", "/passwd"),
    ] {
        let finished = Terminal::join(&server, "ada").script(&[line]);
        assert_eq!(finished.code, Some(0), "{line}: {finished:?}");
        assert!(finished.stderr.starts_with("! ") && finished.stderr.contains(answer), "{line}: {finished:?}");
        assert!(heard(&mut bob).is_empty(), "{line}");
    }
}

#[test]
fn two_slashes_say_one() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    Terminal::join(&server, "ada").script(&["//who", "///", "a / b", ""]).succeeded();
    assert_eq!(heard(&mut bob), ["/who", "//", "a / b"]);
}

#[test]
fn a_text_that_is_too_long_is_not_said_and_not_cut() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let (longest, over, far_over) = ("\u{1F600}".repeat(4_000), "x".repeat(4_001), "x".repeat(100_000));
    let finished = Terminal::join(&server, "ada").script(&[&longest, &over, &far_over, "short"]);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stderr.contains("4000") || seen(&finished).contains("too long"), "{}", finished.stderr);
    assert_eq!(heard(&mut bob), [longest.as_str(), "short"]);
}

#[test]
fn help_lists_what_this_role_may_do() {
    let server = Server::with_users(&["ada"]);
    let users = Terminal::join(&server, "ada").script(&["/help"]);
    for command in ["/msg", "/who", "/help", "/logout"] {
        assert!(users.succeeded().contains(command), "{command}: {users:?}");
    }
    assert!(!users.stdout.contains("/adduser"), "{users:?}");
    let admins = Terminal::join(&server, ADMIN).script(&["/help"]);
    for command in ["/msg", "/adduser", "/listusers", "/logoutuser", "/shutdown"] {
        assert!(admins.succeeded().contains(command), "{command}: {admins:?}");
    }
}

#[test]
fn quit_is_logout() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    for command in ["/quit", "/logout"] {
        let mut ada = Terminal::join(&server, "ada");
        // Standard input stays open: the command alone is the end.
        ada.type_line(command);
        assert_eq!(ada.wait().code, Some(0), "{command}");
        assert_eq!(bob.event("left", "ada")["reason"], "logout", "{command}");
    }
}

#[test]
fn what_the_server_refuses_is_said() {
    let server = Server::with_users(&["ada"]);
    for line in ["/msg nobody hello", "/listusers", "/shutdown", "/adduser eve"] {
        let finished = Terminal::join(&server, "ada").script(&[line, "and on"]);
        assert!(!finished.stderr.is_empty(), "{line}: {finished:?}");
        assert!(finished.stdout.contains("and on"), "{line}: {finished:?}");
    }
}

#[test]
fn an_administrators_commands() {
    let mut server = Server::with_users(&["ada"]);
    let mut ada = server.login("ada");
    let mut root = Terminal::join(&server, ADMIN);
    root.type_line("/adduser eve a long enough one");
    root.stdout.wait_for("eve");
    assert_eq!(server.login_with("eve", "a long enough one").welcome["must_change_password"], false);
    root.type_line("/listusers");
    let listed = root.stdout.wait_for("admin ");
    assert!(listed.contains("ada"), "{listed}");
    root.type_line("/logoutuser ada");
    assert_eq!(ada.until_closed().last().unwrap()["reason"], "removed");
    root.type_line("/shutdown");
    assert_eq!(root.wait().code, Some(0));
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_one_time_password_is_shown_to_the_administrator_and_changed_by_its_user() {
    let server = Server::with_users(&["bob"]);
    let mut bob = server.login("bob");
    let made = Terminal::join(&server, ADMIN).script(&["/adduser ada"]);
    // It is a word of its own somewhere on a line about ada.
    let words = made.succeeded().lines().filter(|line| line.contains("ada")).flat_map(str::split_whitespace);
    let is_accepted = |word: &&str| {
        let mut peer = server.connect();
        let login = serde_json::json!({"type": "login", "protocol": 1, "username": "ada", "password": word});
        peer.ask(login)["must_change_password"] == true
    };
    let password = words.rev().find(is_accepted).unwrap_or_else(|| panic!("none works: {made:?}"));
    drop(bob.event("left", "ada"));

    let first = Terminal::start(&[&server.join_link(), "--user", "ada"], Some(password));
    first.script(&[&format!("/passwd {password} a-long-enough-one"), "at last"]).succeeded();
    assert_eq!(bob.event("message", "ada")["text"], "at last");
    server.login_with("ada", "a-long-enough-one");
}

#[test]
fn what_people_do_where_they_are_and_what_it_is_about() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut root = Terminal::join(&server, ADMIN);
    root.type_line("/topic fractions, page 12");
    root.stdout.wait_for("set the topic: fractions, page 12");
    let mut ada = Terminal::join(&server, "ada");
    ada.stdout.wait_for("topic: fractions, page 12");
    ada.type_line("/me waves");
    ada.stdout.wait_for("* ada waves");
    assert_eq!(bob.event("message", "ada")["action"], true);
    ada.type_line("/away at lunch");
    ada.stdout.wait_for("you are away");
    root.type_line("/whois ada");
    root.stdout.wait_for(": at lunch");
    root.type_line("/msg ada are you there?");
    // `/whois` has said it once.
    root.stdout.wait_for_the(2, "ada is away since");
    ada.type_line("I am");
    ada.stdout.wait_for("you are back");
    ada.type_line("/away");
    ada.type_line("/back");
    ada.stdout.wait_for_the(2, "you are back");
    root.type_line("/who");
    root.stdout.wait_for("3 online: ada, bob, root\n");
    ada.type_line("/topic mine");
    ada.stderr.wait_for("administrators");
    root.type_line("/topic -");
    ada.stdout.wait_for("removed the topic");
}

#[test]
fn a_reply_goes_to_the_other_party_of_the_last_whisper() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Terminal::join(&server, "ada");
    ada.type_line("/r to nobody yet");
    ada.stderr.wait_for("nobody has whispered yet");
    bob.ask(serde_json::json!({"type": "whisper", "to": "ada", "text": "psst"}));
    ada.stdout.wait_for("psst");
    ada.type_line("/reply yes?");
    assert_eq!(bob.event("whisper", "ada")["text"], "yes?");
    ada.type_line("/msg root and you");
    ada.stdout.wait_for("root is not online");
    let mut root = server.admin();
    ada.type_line("/r also to whom one wrote oneself");
    root.until_text("also to whom one wrote oneself");
}

/// A one-time password is shown once: where nobody would see it, it is not made.
#[test]
#[cfg(target_os = "linux")]
fn no_password_is_made_that_nobody_would_see() {
    let server = Server::with_users(&["ada"]);
    let config = tempfile::TempDir::new().unwrap();
    for how in [">&-", ">/dev/null"] {
        let client = Terminal::command(config.path());
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("exec \"$@\" {how}"), "sh"]).arg(client.get_program()).args(client.get_args());
        shell.args([&server.join_link(), "--user", ADMIN]).envs([("HOMEROOM_PASSWORD", PASSWORD)]);
        shell.env("HOMEROOM_CONFIG_DIR", config.path());
        let said = format!("/adduser eve\n/resetpassword ada\nheard {how}\n");
        let finished = run(&mut shell, said.as_bytes());
        finished.succeeded();
        assert_eq!(finished.stderr.matches("nobody would see the one-time password").count(), 2, "{finished:?}");
    }
    assert!(server.data().users_json()["users"]["eve"].is_null());
    let history = server.login("ada").ask(json!({"type": "history", "limit": 10}));
    assert!(history.to_string().contains("heard >/dev/null"), "the rest is carried out: {history}");
}
