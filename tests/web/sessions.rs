//! A session of a browser is a session like any other.

#[cfg(target_os = "linux")]
use crate::harness::Screen;
use crate::harness::browser::opcode;
use crate::harness::{ADMIN, Browser, DataDir, PASSWORD, Server, assert_error, assert_reply};
use serde_json::json;

#[test]
fn a_browser_and_a_terminal_see_the_same_in_one_order() {
    let server = Server::unlimited(&["ada", "bob"]);
    let (mut ada, mut bob) = (Browser::login(server.address(), "ada"), server.login("bob"));
    assert_eq!(ada.find(|line| line["type"] == "joined" && line["username"] == "bob")["type"], "joined");
    let mut seqs = Vec::new();
    for round in 0..20 {
        seqs.push(ada.ask(&format!("a{round}"), json!({"type": "say", "text": "from the page"}))["seq"].clone());
        seqs.push(bob.say("from the terminal")["seq"].clone());
    }
    let heard: Vec<_> = (0..20).map(|_| ada.find(|line| line["from"] == "bob")["seq"].clone()).collect();
    assert_eq!(heard, seqs.iter().skip(1).step_by(2).cloned().collect::<Vec<_>>());
    let whispered = ada.ask("w", json!({"type": "whisper", "to": "bob", "text": "psst"}));
    assert_eq!(whispered["type"], "whisper");
    assert_eq!(bob.event("whisper", "ada")["text"], "psst");
    ada.send_frame(opcode::CLOSE, &[0x03, 0xE9]);
    assert_eq!(ada.close_code(), Some(1001));
    assert_eq!(bob.event("left", "ada")["reason"], "disconnected");
}

#[test]
fn a_browser_comes_back_with_its_token_and_hears_what_it_missed() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = Browser::on_the_page(server.address());
    ada.send(&json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD, "keep": false}));
    let welcome = ada.next();
    drop(ada);
    let mut bob = server.login("bob");
    for number in 0..300 {
        bob.send(&json!({"type": "say", "text": format!("{number} {}", "x".repeat(900)), "id": format!("m{number}")}));
        if number % 20 == 19 {
            bob.answer(&format!("m{number}"));
        }
    }
    let mut ada = Browser::on_the_page(server.address());
    let (token, after) = (&welcome["token"], &welcome["seq"]);
    ada.send(
        &json!({"type": "login", "protocol": 1, "username": "ada", "token": token, "after": after, "keep": false}),
    );
    for number in [0, 1, 10] {
        ada.find(|line| line["text"].as_str().is_some_and(|text| text.starts_with(&format!("{number} "))));
    }
}

#[test]
fn the_login_is_refused_in_a_frame_and_then_comes_a_close() {
    let server = Server::with_users(&["ada"]);
    let mut browser = Browser::on_the_page(server.address());
    browser.send(&json!({"type": "login", "protocol": 1, "username": "ada", "password": "wrong"}));
    assert_error(&browser.next(), "bad_credentials");
    assert_eq!(browser.close_code(), Some(1000));
    let mut browser = Browser::on_the_page(server.address());
    browser.send(&json!({"type": "say", "text": "hi"}));
    assert_error(&browser.next(), "not_logged_in");
    assert_eq!(browser.close_code(), Some(1000));
}

#[test]
fn a_browser_is_told_goodbye() {
    let server = Server::with_users(&["ada"]);
    let mut ada = Browser::login(server.address(), "ada");
    server.login(ADMIN).ask(json!({"type": "logout_user", "username": "ada"}));
    assert_eq!(ada.find(|line| line["type"] == "bye")["reason"], "removed");
    assert_eq!(ada.close_code(), Some(1000));
    let mut ada = Browser::login(server.address(), "ada");
    assert_reply(&ada.ask("l", json!({"type": "logout"})));
    assert_eq!(ada.close_code(), Some(1000));
}

#[test]
fn administrators_come_through_the_page_only_where_that_is_said() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().start();
    let mut root = Browser::on_the_page(server.address());
    root.send(&json!({"type": "login", "protocol": 1, "username": ADMIN, "password": PASSWORD}));
    let refused = root.next();
    assert_error(&refused, "not_allowed");
    assert!(refused["message"].as_str().unwrap().contains("web-admins"), "{refused}");
    // Nor with a token, which was had elsewhere.
    let mut elsewhere = server.login(ADMIN);
    let token = elsewhere.welcome["token"].clone();
    let mut root = Browser::on_the_page(server.address());
    root.send(&json!({"type": "login", "protocol": 1, "username": ADMIN, "token": token}));
    assert_error(&root.next(), "not_allowed");
    // A guess is answered as ever: nobody learns here who administrates.
    let mut guess = Browser::on_the_page(server.address());
    guess.send(&json!({"type": "login", "protocol": 1, "username": ADMIN, "password": "wrong"}));
    assert_error(&guess.next(), "bad_credentials");
    // Nor does one become an administrator there.
    let mut ada = Browser::login(server.address(), "ada");
    assert_reply(&elsewhere.ask(json!({"type": "promote", "username": "ada"})));
    assert_error(&ada.ask("s", json!({"type": "status"})), "not_allowed");
    drop((root, ada, guess, elsewhere, server));

    let server = data.server().args(&["--web-admins"]).start();
    let mut root = Browser::login(server.address(), ADMIN);
    assert_reply(&root.ask("s", json!({"type": "status"})));
}

#[test]
fn a_teacher_comes_through_the_page_and_looks_after_a_class_there() {
    let server = Server::with_users(&["eve", "noether"]);
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "promote", "username": "noether", "role": "teacher"})));
    let mut noether = Browser::login(server.address(), "noether");
    let offered = noether.ask("h", json!({"type": "help"}));
    let usages = offered["commands"].as_array().unwrap().iter().map(|command| command["usage"].as_str().unwrap());
    let usages: Vec<_> = usages.collect();
    assert!(usages.iter().any(|usage| usage.starts_with("/door ")), "{usages:?}");
    assert!(!usages.iter().any(|usage| usage.starts_with("/promote ")), "{usages:?}");
    assert!(noether.ask("d", json!({"type": "door", "minutes": 10}))["code"].is_string());
    assert_reply(&noether.ask("m", json!({"type": "mute", "username": "eve", "minutes": 5})));
    assert_error(&noether.ask("b", json!({"type": "ban", "username": "eve"})), "not_allowed");
    // Whoever becomes an administrator meanwhile does nothing of theirs there, as always, and stays a teacher for the class.
    assert_reply(&root.ask(json!({"type": "promote", "username": "noether"})));
    assert_error(&noether.ask("c", json!({"type": "ban", "username": "eve"})), "not_allowed");
}

#[test]
fn whoever_has_the_class_code_comes_in_through_the_page_and_leaves_no_token() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().start();
    let opened = server.admin().ask(json!({"type": "door", "minutes": 10, "group": "7b", "guests": true}));
    let register = |fields: serde_json::Value| {
        let mut page = Browser::on_the_page(server.address());
        let mut request = json!({"type": "register", "protocol": 1, "keep": false, "code": opened["code"]});
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        page.send(&request);
        let answer = page.next();
        (page, answer)
    };
    let (mut refused, answer) = register(json!({"username": "ada", "password": "a password of my own"}));
    assert_error(&answer, "user_exists");
    assert_eq!(refused.close_code(), Some(1000));
    let (_mia, welcome) = register(json!({"username": "mia", "password": "a password of my own", "name": "Mia"}));
    assert_eq!((&welcome["name"], &welcome["group"]), (&json!("Mia"), &json!("7b")), "{welcome}");
    let (guest, welcome) = register(json!({"username": "gast"}));
    drop(guest);
    let mut guest = Browser::on_the_page(server.address());
    let back = json!({"type": "login", "protocol": 1, "username": "gast", "token": welcome["token"], "keep": false});
    guest.send(&back);
    assert_eq!(guest.next()["type"], "welcome");
    // A brief token ends two minutes after its session does: it is noted so from the beginning.
    for name in ["mia", "gast"] {
        let brief = format!("\"{name}\"");
        let is_brief = |line: &str| line.contains(&brief) && line.contains("\"brief\":");
        assert!(data.read("tokens.jsonl").lines().any(is_brief), "{}", data.read("tokens.jsonl"));
    }
}

#[test]
fn whoever_asks_is_told_how_others_get_in() {
    let server = Server::with_users(&["ada", "bob"]);
    let page = format!("https://{}/", server.address());
    let (mut ada, mut bob) = (Browser::login(server.address(), "ada"), server.login("bob"));
    let told = [ada.ask("c", json!({"type": "code"})), bob.ask(json!({"type": "code"}))];
    for reply in told {
        assert_reply(&reply);
        assert_eq!(reply["code"], server.code(), "{reply}");
        assert_eq!(reply["pages"], json!([page]), "{reply}");
        let rows: Vec<&str> = reply["qr"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
        assert!(rows.len() >= 21 && rows.iter().all(|row| row.len() == rows.len()), "{rows:?}");
        // The marks in three corners, by which a reader finds it.
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        assert!(
            first.starts_with("11111110") && first.ends_with("01111111") && last.starts_with("11111110"),
            "{rows:?}"
        );
    }
    assert!(server.stdout.text().contains(&format!("page      {page}\n")), "{}", server.stdout.text());
    assert!(!server.stdout.text().contains('\u{2588}'), "dots in a log");

    let mut terminal = crate::harness::Terminal::join(&server, "bob");
    terminal.type_line("/code");
    terminal.stdout.wait_for(&format!("* join code {}\n* page for browsers: {page}\n", server.code()));
}

#[test]
fn without_the_page_the_code_stays() {
    let server = DataDir::with_users(&["ada"]).server().args(&["--no-web"]).start();
    let reply = server.login("ada").ask(json!({"type": "code"}));
    assert_eq!(reply["code"], server.code());
    assert!(reply.get("pages").is_none() && reply.get("qr").is_none(), "{reply}");
    assert!(!server.stdout.text().contains("https://"), "{}", server.stdout.text());
}

#[cfg(target_os = "linux")]
#[test]
fn a_start_at_a_terminal_shows_the_pages_qr_code_where_there_is_room() {
    let data = DataDir::with_users(&[]);
    for (size, args, shown) in
        [((50, 80), &[][..], true), ((24, 80), &[], false), ((50, 30), &[], false), ((50, 80), &["--no-qr"], false)]
    {
        let mut command = data.server().args(args).log("off").command();
        let screen = Screen::start(command.env("TERM", "xterm-256color").env_remove("NO_COLOR"), size);
        let rows = screen.wait_for(|rows| rows.iter().any(|row| row.trim() == "ready"));
        assert_eq!(
            rows.iter().any(|row| row.contains("\u{2588}\u{2588}\u{2588}")),
            shown,
            "{size:?} {args:?}: {rows:#?}"
        );
        assert!(!shown || screen.look(is_light_on_dark), "{rows:#?}");
    }
}

/// For a projector: the code by itself, not faint, and dots that are right on a terminal of any colours.
#[cfg(target_os = "linux")]
#[test]
fn the_code_is_shown_in_colours_that_a_telephone_reads() {
    let server = Server::with_users(&["ada"]);
    let config = tempfile::TempDir::new().unwrap();
    for (size, no_color, shown) in [((40, 60), "", true), ((40, 60), "1", true), ((40, 30), "", false)] {
        let mut command = crate::client::screen::client(config.path());
        command.args([&server.join_link(), "--user", "ada"]).env("NO_COLOR", no_color);
        let mut ada = Screen::start(&command, size);
        ada.wait_for_end(&[">"]);
        ada.press("/code\r");
        let code = format!("    join code  {}", server.code());
        let has_dots = |rows: &[String]| rows.iter().any(|row| row.contains("\u{2588}\u{2588}\u{2588}"));
        let rows = ada.wait_for(|rows| {
            rows.iter().any(|row| code.starts_with(row) && !row.is_empty()) && has_dots(rows) == shown
        });
        assert_eq!(shown && no_color.is_empty(), ada.look(is_light_on_dark), "{rows:#?}");
        let plain = ada.look(|screen| {
            let row = (0..size.0).find(|&row| screen.cell(row, 4).is_some_and(|cell| cell.contents() == "j")).unwrap();
            screen.cell(row, 4).is_some_and(|cell| !cell.dim())
        });
        assert!(plain, "{rows:#?}");
    }
}

/// Whether the dots on the screen bring their own colours along.
#[cfg(target_os = "linux")]
fn is_light_on_dark(screen: &vt100::Screen) -> bool {
    let (rows, columns) = screen.size();
    let cells = (0..rows.get()).flat_map(|row| (0..columns.get()).filter_map(move |column| screen.cell(row, column)));
    let mut dots = cells.filter(|cell| cell.contents() == "\u{2588}").peekable();
    let wanted = (vt100::Color::Idx(231), vt100::Color::Idx(16));
    dots.peek().is_some() && dots.all(|cell| (cell.fgcolor(), cell.bgcolor()) == wanted)
}
