//! Rooms, as people and scripts see them; the server is one that does what a test wants.

#[cfg(target_os = "linux")]
mod at_a_terminal;
#[cfg(target_os = "linux")]
mod in_groups;
mod split;

use crate::harness::{FakeServer, Guest, PASSWORD, Proxy, Server, Terminal, Trouble, run};
use serde_json::{Value, json};
use tempfile::TempDir;

const TIME: &str = "2026-11-23T12:00:00.123Z";

/// An event.
fn event(kind: &str, seq: u64, more: Value) -> Value {
    let mut event = json!({"type": kind, "seq": seq, "time": TIME});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn said(seq: u64, room: &str, text: &str) -> Value {
    event("message", seq, json!({"from": "bob", "room": room, "text": text}))
}

fn entered(seq: u64, room: &str, more: Value) -> Value {
    let mut entered = event("entered", seq, json!({"room": room, "username": "ada"}));
    entered.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entered
}

/// Answers what is asked until the client leaves: `answer` says how, with the request's id and the next seq. Gives what was
/// asked.
fn serve(guest: &mut Guest, mut answer: impl FnMut(&Value, u64) -> Vec<Value>) -> Vec<Value> {
    let mut asked = Vec::new();
    loop {
        let mut request = guest.read();
        let id = request["id"].take();
        let kind = request["type"].as_str().unwrap().to_owned();
        request.as_object_mut().unwrap().remove("id");
        asked.push(request.clone());
        let seq = 100 * asked.len() as u64;
        let mut lines = answer(&request, seq);
        if lines.is_empty() {
            let room = request["room"].as_str().unwrap_or("general");
            lines.push(match kind.as_str() {
                "say" => event("message", seq, json!({"from": "ada", "room": room, "text": request["text"]})),
                "enter" => entered(seq, room, json!({})),
                "leave" => event("exited", seq, json!({"room": room, "username": "ada"})),
                _ => json!({"type": "reply", "ok": true, "users": ["ada"]}),
            });
        }
        let last = lines.len() - 1;
        for (index, mut line) in lines.into_iter().enumerate() {
            if index == last {
                line["id"] = id.clone();
            }
            guest.write(&line);
        }
        if kind == "logout" {
            return asked;
        }
    }
}

/// What a script of ada's asks for, and what it is shown on both outputs.
#[track_caller]
fn script(
    lines: &[&str],
    answer: impl FnMut(&Value, u64) -> Vec<Value> + Send + 'static,
) -> (Vec<Value>, String, String) {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(move |guest| serve(guest, answer));
    let finished = Terminal::start(&[&link, "--user", "ada", "--no-reconnect"], Some(PASSWORD)).script(lines);
    let mut asked = host.join().unwrap();
    asked.pop();
    assert_eq!(finished.code, Some(0), "{finished:?}");
    (asked, finished.stdout, finished.stderr)
}

#[test]
fn what_a_script_says_behind_a_join_goes_there() {
    let lines = ["here", "/join #Chess", "there", "/me waves", "/who", "/topic", "/history 5", "/leave", "here again"];
    let (asked, shown, _) = script(&lines, |_, _| Vec::new());
    let rooms: Vec<_> = asked.iter().map(|request| (request["type"].as_str().unwrap(), &request["room"])).collect();
    let (none, chess) = (&Value::Null, &json!("chess"));
    assert_eq!(
        rooms,
        [
            ("say", none),
            ("enter", chess),
            ("say", chess),
            ("say", chess),
            ("who", chess),
            ("topic", chess),
            ("history", chess),
            ("leave", chess),
            ("say", none),
        ]
    );
    assert!(shown.contains("* you are in #chess now, and speak there\n"), "{shown}");
    assert!(shown.contains("] ada: there\n") && !shown.contains("#chess ["), "no room before the present one: {shown}");
    assert!(shown.contains("* 1 online in #chess: ada\n"), "{shown}");
}

/// What was meant for a room is said in no other, also where that room doesn't let one in.
#[test]
fn a_script_that_is_not_let_in_says_nothing_elsewhere() {
    let refuse = |request: &Value, _: u64| match request["room"].as_str() {
        Some(_) => vec![json!({"type": "error", "code": "unknown_room", "message": "there is no such room"})],
        None => Vec::new(),
    };
    let (asked, _, errors) = script(&["/join latin", "salve", "/room general", "hello"], refuse);
    let said: Vec<_> = asked.iter().filter(|request| request["type"] == "say").collect();
    assert_eq!(
        said,
        [&json!({"type": "say", "room": "latin", "text": "salve"}), &json!({"type": "say", "text": "hello"})]
    );
    assert!(errors.contains("! there is no such room; not said: #latin salve\n"), "{errors}");
}

#[test]
fn lines_of_other_rooms_begin_with_their_name() {
    let happens = |request: &Value, seq: u64| match request["type"].as_str() {
        Some("who") => vec![
            said(seq, "chess", "e4"),
            event("message", seq + 1, json!({"from": "bob", "room": "chess", "text": "thinks", "action": true})),
            event("topic", seq + 2, json!({"from": "bob", "room": "chess", "text": "gambits"})),
            event("entered", seq + 3, json!({"room": "chess", "username": "eve"})),
            event("exited", seq + 4, json!({"room": "chess", "username": "eve", "by": "bob"})),
            said(seq + 5, "chess", "two\nlines"),
            said(seq + 6, "general", "hello"),
            json!({"type": "reply", "ok": true, "users": ["ada"]}),
        ],
        Some("rooms") => vec![json!({"type": "reply", "ok": true, "rooms": [
            {"room": "general", "open": true, "member": true, "online": 2},
            {"room": "chess", "open": true, "about": "gambits", "member": true, "online": 1}]})],
        _ => Vec::new(),
    };
    let lines = ["/join chess", "/room general", "/who", "/rooms", "/room chess", "/who"];
    let (_, shown, answers) = script(&lines, happens);
    for expected in [
        "#chess [12:00] bob: e4\n#chess [12:00] * bob thinks\n#chess * bob set the topic: gambits\n\
         #chess * eve entered the room\n#chess * eve left the room (put out by bob)\n\
         #chess [12:00] bob: two\n      | lines\n[12:00] bob: hello\n",
        "  1 general  open    2 online, you speak here\n  2 chess    open    1 online, you are in it, 3 unread  gambits\n",
        "\n[12:00] bob: e4\n",
        "\n#general [12:00] bob: hello\n",
    ] {
        assert!(shown.contains(expected), "{expected}\nin {shown}");
    }
    assert!(answers.contains("* you speak in #chess now; 3 messages came there meanwhile\n"), "{answers}");
}

/// A script is moved by its own lines alone: it can't see where it is.
#[test]
fn a_split_does_not_move_a_script() {
    let happens = |request: &Value, seq: u64| match request["type"].as_str() {
        Some("who") => {
            vec![entered(seq, "group-1", json!({"by": "bob"})), json!({"type": "reply", "ok": true, "users": ["ada"]})]
        }
        _ => Vec::new(),
    };
    let (asked, shown, _) = script(&["/who", "hello"], happens);
    assert_eq!(asked[1], json!({"type": "say", "text": "hello"}));
    assert!(shown.contains("* bob let you into #group-1: /room group-1 speaks there\n"), "{shown}");
}

#[test]
fn a_server_that_tells_of_rooms_at_the_login() {
    let server = FakeServer::new();
    let link = server.join_link();
    let floor = json!({"mode": "open", "whispers": "all"});
    let host = server.meet(move |guest| {
        guest.write(&json!({"type": "welcome", "protocol": 1, "server": "s", "username": "ada", "role": "user",
            "token": "t", "seq": 1, "users": ["ada"], "must_change_password": false, "rooms": [
                {"room": "general", "open": true, "floor": {"mode": "quiet", "whispers": "all"}},
                {"room": "chess", "open": false, "floor": floor}]}));
        serve(guest, |_, _| Vec::new())
    });
    let finished = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD)).script(&["/room chess", "e4"]);
    let asked = host.join().unwrap();
    let shown = finished.succeeded();
    assert!(shown.contains("* it is quiet here\n* you are in #general, #chess; /room ROOM speaks there\n"), "{shown}");
    assert_eq!(asked[0], json!({"type": "say", "room": "chess", "text": "e4"}));
}

/// A real server with the room chess, which ada may enter, and bob in it.
fn with_chess() -> (Server, crate::harness::Peer) {
    let server = Server::with_users(&["ada", "bob"]);
    let made = server.admin().ask(json!({"type": "make_room", "room": "chess"}));
    assert_eq!(made["ok"], true, "{made}");
    let mut bob = server.login("bob");
    bob.ask(json!({"type": "enter", "room": "chess"}));
    (server, bob)
}

#[test]
fn over_a_lost_connection_a_line_is_for_the_room_for_which_it_was_typed() {
    let (server, mut bob) = with_chess();
    let proxy = Proxy::to(server.address());
    let link = format!("homeroom://{}#{}", proxy.address(), server.fingerprint());
    let mut ada = Terminal::start(&[&link, "--user", "ada"], Some(PASSWORD));
    ada.type_line("/join chess");
    ada.type_line("before");
    bob.until_text("before");
    proxy.trouble_all(Trouble::Reset);
    ada.stderr.wait_for("trying to come back");
    for line in ["meanwhile", "/room general", "elsewhere", "/room chess", "and there"] {
        ada.type_line(line);
    }
    let said = bob.until_text("and there");
    let rooms: Vec<_> =
        said.iter().filter(|line| line["type"] == "message").map(|line| (&line["text"], &line["room"])).collect();
    let (general, chess) = (&json!("general"), &json!("chess"));
    assert_eq!(rooms, [(&json!("meanwhile"), chess), (&json!("elsewhere"), general), (&json!("and there"), chess)]);
    ada.finish().succeeded();
}

#[test]
fn what_was_missed_and_a_transcript_name_their_rooms() {
    let (server, mut bob) = with_chess();
    let config = TempDir::new().unwrap();
    let log = config.path().join("log");
    let talk = |lines: &str| {
        let mut command = Terminal::command(config.path());
        command.args([&server.join_link(), "--user", "ada", "--log"]).arg(&log).env("HOMEROOM_PASSWORD", PASSWORD);
        run(command.env("TZ", "UTC"), lines.as_bytes()).succeeded().to_owned()
    };
    talk("/join chess\ne4\n/room general\nhello\n");
    bob.until_text("hello");
    bob.ask(json!({"type": "say", "room": "chess", "text": "e5"}));
    let shown = talk("/room chess\n");
    assert!(shown.lines().any(|line| line.starts_with("#chess [") && line.ends_with("] bob: e5")), "{shown}");
    let written = std::fs::read_to_string(log).unwrap();
    for line in [" #chess ada: e4", " ada: hello", " #chess bob: e5"] {
        assert!(written.lines().any(|written| written[19..] == *line), "{line}: {written}");
    }
}

/// As it is shown: `#general * root asks: … (/vote NUMBER chooses)`.
#[test]
fn a_poll_of_the_general_room_is_answered_from_another() {
    let (server, mut bob) = with_chess();
    let poll = server.admin().ask(json!({"type": "poll", "question": "Which?", "options": ["a", "b"]}));
    Terminal::join(&server, "ada").script(&["/join chess", "/vote 2"]).succeeded();
    let mut root = server.admin();
    let tally = root.ask(json!({"type": "tally", "poll": poll["seq"]}));
    assert_eq!((&tally["counts"], &tally["voted"]), (&json!([0, 1]), &json!(["ada"])), "{tally}");
    bob.assert_alive();
}
