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
