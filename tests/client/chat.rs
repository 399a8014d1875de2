//! Talking, and listening.

use crate::harness::{PASSWORD, Server, Terminal};

#[test]
fn lines_from_a_pipe_are_said_answered_and_shown_before_it_leaves() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let finished = Terminal::join(&server, "ada").script(&["hello", "/who", "/logout"]);
    let shown = finished.succeeded();
    let said = shown.find("hello").unwrap_or_else(|| panic!("its own message isn't shown: {finished:?}"));
    assert!(shown[said..].contains("ada") && shown[said..].contains("bob"), "no list of names: {finished:?}");
    assert_eq!(bob.event("message", "ada")["text"], "hello");
    assert_eq!(bob.event("left", "ada")["reason"], "logout");
}

#[test]
fn the_end_of_the_pipe_is_a_logout() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    Terminal::join(&server, "ada").script(&["the last word"]).succeeded();
    assert_eq!(bob.event("message", "ada")["text"], "the last word");
    assert_eq!(bob.event("left", "ada")["reason"], "logout");
}

#[test]
fn a_long_script_is_said_whole_though_the_server_slows_it_down() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    // The server takes 20 at once.
    let lines: Vec<String> = (0..24).map(|i| format!("line {i}")).collect();
    Terminal::join(&server, "ada").script(&lines.iter().map(String::as_str).collect::<Vec<_>>()).succeeded();
    for line in lines {
        assert_eq!(bob.event("message", "ada")["text"], line);
    }
}

#[test]
fn what_others_say_is_shown_as_it_comes() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = Terminal::join(&server, "ada");
    let mut bob = server.login("bob");
    // In whatever order they came: she was there when he hears her.
    ada.type_line("are you there?");
    bob.until_text("are you there?");
    bob.say("here I am \u{1F600}");
    let shown = ada.stdout.wait_for("here I am \u{1F600}");
    assert!(shown.lines().any(|line| line.contains("bob") && line.contains("here I am")), "by whom? {shown}");
    bob.ask(serde_json::json!({"type": "whisper", "to": "ada", "text": "and in private"}));
    ada.stdout.wait_for("and in private");
    let eve = server.admin();
    ada.stdout.wait_for("root");
    eve.close();
    ada.stdout.wait_for("left");
    assert_eq!(ada.finish().code, Some(0));
}

#[test]
fn a_message_and_a_whisper_do_not_look_alike() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = Terminal::join(&server, "ada");
    let mut bob = server.login("bob");
    ada.type_line("hi");
    bob.until_text("hi");
    bob.say("the same words");
    bob.ask(serde_json::json!({"type": "whisper", "to": "ada", "text": "the same words"}));
    bob.say("last");
    let shown = ada.stdout.wait_for("last");
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains("the same words")).collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert!(lines[1].len() != lines[0].len(), "{lines:?}");
}

#[test]
fn the_password_is_the_first_line_without_the_variable() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let finished = Terminal::start(&[&server.join_link(), "--user", "ada"], None).script(&[PASSWORD, "hello"]);
    finished.succeeded();
    assert_eq!(bob.event("message", "ada")["text"], "hello", "and no password");
    assert!(!format!("{finished:?}").contains(PASSWORD), "{finished:?}");
}

#[test]
fn host_and_port_with_a_fingerprint_are_as_good_as_a_link() {
    let server = Server::with_users(&["ada"]);
    let args = [&server.address().to_string(), "--fingerprint", &server.fingerprint(), "--user", "ADA"];
    Terminal::start(&args, Some(PASSWORD)).script(&["hello"]).succeeded();
}

#[test]
fn who_is_online_is_shown_at_the_beginning() {
    let server = Server::with_users(&["ada", "bob"]);
    let _bob = server.login("bob");
    let finished = Terminal::join(&server, "ada").script(&[]);
    assert!(finished.succeeded().contains("bob"), "{finished:?}");
}
