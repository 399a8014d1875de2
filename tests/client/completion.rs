//! What Tab completes at a person's terminal.

use super::screen::Person;
use crate::harness::Server;
use serde_json::json;

#[test]
fn tab_offers_what_the_role_allows_while_it_does() {
    let server = Server::with_users(&["ada"]);
    let (mut root, mut ada) = (server.admin(), Person::join(&server, "ada"));
    for (change, told, completed) in [
        ("promote", "* you are an administrator now; /help lists the commands", "> /listusers!"),
        ("demote", "* you are no longer an administrator", "> /listu!"),
    ] {
        root.ask(json!({"type": change, "username": "ada"}));
        ada.screen.wait_for(|rows| rows.iter().any(|row| row == told));
        ada.screen.press("/listu\t!");
        ada.screen.wait_for_end(&[completed]);
        ada.screen.press("\x03");
        ada.screen.wait_for_end(&[">"]);
    }
}

#[test]
fn tab_completes_commands_names_and_arguments() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = Person::join(&server, "ada");
    let _bob = server.login("bob");
    ada.screen.wait_for(|rows| rows.iter().any(|row| row == "* bob joined"));
    for (typed, completed) in [
        ("/ms\t", "> /msg"),
        ("/msg b\thi", "> /msg bob hi"),
        ("bo\tare you there?", "> bob: are you there?"),
        ("I saw bo\ttoday", "> I saw bob today"),
        ("@bo\tand", "> @bob and"),
        ("/msg @b\thi", "> /msg bob hi"),
        ("/dnd m\tx", "> /dnd mx"),
        ("/dnd o\tx", "> /dnd off x"),
        ("/sound men\tt\tx", "> /sound mention test x"),
        ("/set no-b\to\t\x08of\tx", "> /set no-bell off x"),
    ] {
        ada.screen.press(typed);
        ada.screen.wait_for_end(&[completed]);
        ada.screen.press("\x03");
        ada.screen.wait_for_end(&[">"]);
    }
}

#[test]
fn a_blank_that_was_completed_makes_place_for_what_is_typed_behind_it() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = Person::join(&server, "ada");
    let _bob = server.login("bob");
    ada.screen.wait_for(|rows| rows.iter().any(|row| row == "* bob joined"));
    for (typed, completed) in [
        ("@bo\t and", "> @bob and"),
        ("bo\t hello", "> bob: hello"),
        ("I saw bo\t today", "> I saw bob today"),
        ("/ms\t b\t hi", "> /msg bob hi"),
        // A second one is meant.
        ("@bo\t  and", "> @bob  and"),
        ("@bo\tx and", "> @bob x and"),
        ("/set silent logi\t,men\tx", "> /set silent login,mention x"),
        ("I saw bo\t, and", "> I saw bob, and"),
        ("I saw bo\t!", "> I saw bob!"),
        ("I saw bo\t:)", "> I saw bob :)"),
        ("bo\t!", "> bob: !"),
        // One that stands there already is the same.
        ("@bo and\x01\x1b[C\x1b[C\x1b[C\tx", "> @bob xand"),
        ("I saw bo today\x1bb\x1b[D\t was", "> I saw bob wastoday"),
        // What was completed is one change, as before.
        ("@bo\t\x1f", "> @bo"),
    ] {
        ada.screen.press(typed);
        ada.screen.wait_for_end(&[completed]);
        ada.screen.press("\x03");
        ada.screen.wait_for_end(&[">"]);
    }
}
