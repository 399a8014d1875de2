//! One person's data: all of it is given out, and all of it goes.

use crate::harness::{DataDir, Finished, PASSWORD, Peer, Server, assert_error, assert_reply, run};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Who is to go, and what they said. Neither stands in what others say.
const NAME: &str = "evelyn.z";
const WORDS: &str = "what-evelyn-said";

fn person(data: &DataDir, args: &[&str]) -> Finished {
    run(data.command().arg("person").args(args), b"")
}

#[track_caller]
fn assert_gone(data: &DataDir) {
    for text in [NAME, WORDS, "Evelyn Zeta", "class-of-evelyn"] {
        assert_eq!(data.files_with(text), [""; 0], "{text}");
    }
}

fn whisper(from: &mut Peer, to: &str, text: &str) {
    assert_eq!(from.ask(json!({"type": "whisper", "to": to, "text": text}))["type"], "whisper");
}

/// A lesson in which they did all that a pupil can, and others something with them.
fn lesson(data: &Arc<DataDir>, server: &Server) -> u64 {
    let mut root = server.admin();
    assert_reply(
        &root.ask(json!({"type": "set_user", "username": NAME, "name": "Evelyn Zeta", "group": "class-of-evelyn"})),
    );
    assert_reply(&root.ask(json!({"type": "promote", "username": NAME, "role": "teacher"})));
    let (mut eve, mut bob) = (server.login(NAME), server.login("bob"));
    eve.say(WORDS);
    assert_reply(&eve.ask(json!({"type": "make_room", "room": "chess", "open": true, "about": WORDS})));
    assert_eq!(bob.ask(json!({"type": "enter", "room": "chess"}))["type"], "entered");
    eve.ask(json!({"type": "topic", "room": "chess", "text": WORDS}));
    eve.ask(json!({"type": "topic", "text": WORDS}));
    eve.ask(
        json!({"type": "say", "room": "chess", "text": WORDS, "format": "code", "lang": "python", "id": "evelyn.z-1"}),
    );
    assert_reply(&root.ask(json!({"type": "demote", "username": NAME, "role": "user"})));
    eve.ask(json!({"type": "ask", "text": WORDS}));
    eve.ask(json!({"type": "hand", "up": true, "text": WORDS}));
    let poll = root.ask(json!({"type": "poll", "question": "Which?", "options": ["a", "b"]}));
    for voter in [&mut eve, &mut bob] {
        assert_reply(&voter.ask(json!({"type": "vote", "poll": poll["seq"], "option": 1})));
    }
    assert_reply(&root.ask(json!({"type": "promote", "username": NAME, "role": "teacher"})));
    eve.ask(json!({"type": "poll", "room": "chess", "question": WORDS, "options": [WORDS, "b"]}));
    eve.ask(json!({"type": "announce", "text": WORDS}));
    whisper(&mut eve, "bob", WORDS);
    whisper(&mut bob, NAME, "bob to them");
    bob.say("bob to all");
    let removed = bob.say("bob is sorry");
    assert_eq!(eve.ask(json!({"type": "remove", "event": removed["seq"]}))["type"], "removed");
    assert_reply(&root.ask(json!({"type": "mute", "username": NAME, "minutes": 1})));
    assert_reply(&root.ask(json!({"type": "unmute", "username": NAME})));
    let welcome =
        server.connect().ask_plainly(&json!({"type": "login", "protocol": 1, "username": NAME, "password": "no"}));
    assert_error(&welcome, "bad_credentials");
    assert!(data.read("lesson.json").contains(NAME) && data.read("lesson.json").contains(WORDS));
    poll["seq"].as_u64().unwrap()
}

/// The journal's events but for what is theirs: each kind and seq.
fn order(data: &DataDir) -> Vec<(u64, String)> {
    let text: String = data.journal().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let event = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        (event["seq"].as_u64().unwrap(), event["type"].as_str().unwrap().to_owned())
    };
    text.lines().map(event).collect()
}

#[test]
fn nothing_of_an_erased_person_is_left_and_all_else_is_where_it_was() {
    let data = DataDir::with_users(&[NAME, "bob"]);
    let mut server = data.start();
    let poll = lesson(&data, &server);
    let (mut root, mut bob) = (server.admin(), server.login("bob"));
    let before = order(&data);
    let reply = root.ask(json!({"type": "erase_user", "username": NAME}));
    assert_reply(&reply);
    assert!(reply["report"][0].as_str().unwrap().contains("deleted-1"), "{reply}");
    assert_gone(&data);
    assert_eq!(order(&data)[..before.len()], before, "seqs and order");
    assert!(run(data.command().arg("check"), b"").succeeded().contains("users.json"));

    let page = bob.ask(json!({"type": "history", "limit": 200}));
    let events = page["events"].as_array().unwrap();
    let theirs: Vec<&Value> = events.iter().filter(|event| event["from"] == "deleted-1").collect();
    assert!(theirs.len() >= 3, "{page}");
    for event in theirs {
        let gone = event["removed"] == true || ["topic", "poll"].contains(&event["type"].as_str().unwrap());
        assert!(gone && event["text"].as_str().unwrap_or_default().is_empty() && event["id"].is_null(), "{event}");
    }
    let kept = events.iter().find(|event| event["to"] == "deleted-1").expect("bob's own whisper");
    assert_eq!((&kept["from"], &kept["text"]), (&json!("bob"), &json!("bob to them")));
    assert!(events.iter().any(|event| event["text"] == "bob to all"));
    bob.say("it goes on");
    let audit = data.read("audit.jsonl");
    assert!(audit.contains(r#""event":"erase_user""#) && audit.contains(r#""username":"deleted-1""#), "{audit}");
    let attendance = root.ask(json!({"type": "attendance"}));
    assert!(attendance.to_string().contains("deleted-1") && !attendance.to_string().contains(NAME), "{attendance}");

    let tally = root.ask(json!({"type": "tally", "poll": poll}));
    assert_eq!((&tally["counts"], &tally["voted"]), (&json!([0, 2]), &json!(["bob", "deleted-1"])), "{tally}");
    // Nobody can be them, and a start tells nobody anything more of them.
    for name in ["deleted-1", "deleted-77"] {
        assert_error(&root.ask(json!({"type": "add_user", "username": name, "password": PASSWORD})), "bad_username");
    }
    assert!(data.user_add(&["deleted-5"], Some(PASSWORD)).stderr.contains("running"));
    let count = data.read("rooms.json").matches("deleted-1").count();
    server.kill();
    let told = order(&data).iter().filter(|(_, kind)| kind == "removed").count();
    let server = data.start();
    assert_eq!(order(&data).iter().filter(|(_, kind)| kind == "removed").count(), told);
    assert!(count > 0 && data.read("rooms.json").matches("deleted-1").count() == count);
    assert_gone(&data);
    // The name is free, and whoever has it now has nothing of before.
    assert_reply(&server.admin().ask(json!({"type": "add_user", "username": NAME, "password": PASSWORD})));
    let mut new = server.login(NAME);
    assert_eq!(new.ask(json!({"type": "history"}))["events"].as_array().map(Vec::len), Some(0));
    assert_reply(&server.admin().ask(json!({"type": "erase_user", "username": NAME})));
    assert!(!data.files_with("deleted-2").is_empty() && data.files_with(NAME).is_empty(), "another number");
}

/// Who left was deleted before anybody asked to be erased.
#[test]
fn whose_account_was_deleted_before_goes_as_well() {
    let erase = json!({"type": "erase_user", "username": NAME});
    let data = DataDir::with_users(&[NAME, "bob"]);
    let server = data.start();
    lesson(&data, &server);
    let mut root = server.admin();
    let before = order(&data);
    assert_reply(&root.ask(json!({"type": "delete_user", "username": NAME})));
    assert!(!data.files_with(WORDS).is_empty() && !data.files_with(NAME).is_empty());
    assert!(!data.read("tokens.jsonl").contains(NAME), "with the account, and not only with the next start");
    assert_reply(&root.ask(erase.clone()));
    assert_gone(&data);
    assert_eq!(order(&data)[..before.len()], before);
    // Of what others say, and of those who were erased, nobody is known.
    root.say(NAME);
    for name in [NAME, "deleted-1"] {
        assert_error(&root.ask(json!({"type": "erase_user", "username": name})), "unknown_user");
    }
}

#[test]
fn of_two_accounts_that_had_the_name_both_go() {
    let data = DataDir::with_users(&[NAME]);
    let server = data.start();
    let mut root = server.admin();
    server.login(NAME).say(WORDS);
    assert_reply(&root.ask(json!({"type": "delete_user", "username": NAME})));
    assert_reply(&root.ask(json!({"type": "add_user", "username": NAME, "password": PASSWORD})));
    server.login(NAME).say(WORDS);
    assert_reply(&root.ask(json!({"type": "erase_user", "username": NAME})));
    assert_gone(&data);
    assert!(data.files_with("deleted-2").is_empty(), "nobody can tell the two apart");
}

#[test]
fn a_guest_who_is_gone_goes_as_well() {
    let data = DataDir::with_users(&[]);
    let server = data.start();
    let mut root = server.admin();
    let door = root.ask(json!({"type": "door", "minutes": 10, "guests": true}));
    let mut guest = server.connect();
    let welcome =
        guest.ask_plainly(&json!({"type": "register", "protocol": 1, "code": door["code"], "username": NAME}));
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    guest.say(WORDS);
    assert_reply(&root.ask(json!({"type": "door", "minutes": 0, "guests": "remove"})));
    assert_reply(&root.ask(json!({"type": "erase_user", "username": NAME})));
    assert_gone(&data);
}

#[test]
fn who_is_connected_goes_as_when_the_account_is_deleted() {
    let data = DataDir::with_users(&[NAME, "bob"]);
    let server = data.start();
    let (mut eve, mut bob, mut root) = (server.login(NAME), server.login("bob"), server.admin());
    eve.say(WORDS);
    assert_reply(&root.ask(json!({"type": "erase_user", "username": NAME})));
    assert_eq!(eve.until_closed().pop().unwrap()["type"], "bye");
    assert_eq!(bob.event("left", NAME)["reason"], "removed");
    assert_gone(&data);
}

#[test]
fn an_administrator_erases_others_and_not_the_last_one() {
    let data = DataDir::with_users(&[NAME, "bob"]);
    let server = data.start();
    let (mut root, mut bob) = (server.admin(), server.login("bob"));
    let erase = |name: &str| json!({"type": "erase_user", "username": name});
    assert_error(&bob.ask(erase(NAME)), "not_admin");
    assert_error(&root.ask(erase("root")), "not_allowed");
    assert_error(&root.ask(erase("nobody")), "unknown_user");
    assert_reply(&root.ask(json!({"type": "promote", "username": "bob", "role": "teacher"})));
    assert_error(&bob.ask(erase(NAME)), "not_allowed");
    drop(server);
    let refused = person(&data, &["erase", "root"]);
    assert!(refused.stderr.contains("last administrator") && refused.code != Some(0), "{refused:?}");
    assert!(person(&data, &["erase", "nobody"]).stderr.contains("no account"));
    assert!(data.user_add(&["deleted-5"], Some(PASSWORD)).stderr.contains("erased"));
    data.start().admin();
}

#[test]
fn on_a_stopped_server_too() {
    let data = DataDir::with_users(&[NAME, "bob"]);
    let mut server = data.start();
    lesson(&data, &server);
    assert!(person(&data, &["erase", NAME]).stderr.contains("is running"));
    server.kill();
    let before = order(&data);
    assert!(person(&data, &["erase", NAME]).succeeded().contains("deleted-1"));
    assert_gone(&data);
    assert_eq!(order(&data), before);
    let server = data.start();
    server.login("bob").say("it goes on");
    assert_gone(&data);
    assert!(run(data.command().arg("export"), b"").succeeded().contains("deleted-1"));
}

#[test]
fn on_a_stopped_server_too_where_the_account_was_deleted_before() {
    let data = DataDir::with_users(&[NAME, "bob"]);
    let mut server = data.start();
    lesson(&data, &server);
    assert_reply(&server.admin().ask(json!({"type": "delete_user", "username": NAME})));
    server.kill();
    assert!(person(&data, &["erase", NAME]).succeeded().contains("deleted-1"));
    assert_gone(&data);
    let again = person(&data, &["erase", NAME]);
    assert!(again.stderr.contains("nothing is kept") && again.code != Some(0), "{again:?}");
    data.start().login("bob").say("it goes on");
    assert_gone(&data);
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn a_person_is_given_all_that_is_kept_and_nothing_of_others() {
    let data = DataDir::with_users(&[NAME, "bob", "ada"]);
    let server = data.start();
    let poll = lesson(&data, &server);
    let (mut bob, mut eve) = (server.login("bob"), server.login(NAME));
    whisper(&mut bob, "ada", "bob to ada");
    whisper(&mut eve, "bob", "=HYPERLINK(1)");
    let mut root = server.admin();
    // One that they are in, and one that they aren't.
    for room in ["go", "others"] {
        assert_reply(&root.ask(json!({"type": "make_room", "room": room})));
    }
    assert_eq!(eve.ask(json!({"type": "enter", "room": "go"}))["type"], "entered");
    for room in ["go", "others"] {
        root.ask(json!({"type": "close_room", "room": room}));
    }
    let out = tempfile::tempdir().unwrap();
    let to = out.path().join("theirs");
    let args = ["export", NAME, "--to", to.to_str().unwrap()];
    person(&data, &args).succeeded();
    let account: Value = serde_json::from_str(&text(&to, "account.json")).unwrap();
    assert_eq!((&account["account"]["name"], &account["account"]["role"]), (&json!("Evelyn Zeta"), &json!("teacher")));
    assert!(account["account"]["password"].is_null() && account["rooms_made"] == json!(["chess"]), "{account}");
    let theirs = &account["lesson"];
    assert_eq!((&theirs["hands"][0]["room"], &theirs["hands"][0]["text"]), (&json!("general"), &json!(WORDS)));
    assert_eq!(theirs["voted_in"], json!([{"poll": poll, "room": "general"}]), "{account}");
    assert!(theirs["called_in"] == json!([]) && text(&to, "README.txt").contains("polls"), "{account}");
    let (lines, words) = (text(&to, "messages.jsonl"), text(&to, "messages.txt"));
    for said in [WORDS, "bob to them", "=HYPERLINK(1)"] {
        assert!(lines.contains(said) && words.contains(said), "{said}: {words}");
    }
    let all =
        fs::read_dir(&to).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect::<String>();
    assert!(!all.contains("bob to ada") && !all.contains("bob to all") && !all.contains("pbkdf2"), "{all}");
    let presence = text(&to, "presence.csv");
    assert!(
        presence.starts_with("time,what,room,reason\n")
            && presence.contains(",joined,")
            && presence.contains(",chess,")
            && presence.contains(",entered,go,")
            && presence.contains(",room_closed,go,")
            && !presence.contains("others"),
        "{presence}"
    );
    assert!(text(&to, "audit.jsonl").contains(r#""event":"mute""#) && text(&to, "README.txt").contains("hash"));
    #[cfg(unix)]
    for entry in fs::read_dir(&to).unwrap() {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(entry.unwrap().metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&to).unwrap().mode() & 0o777, 0o700);
    }
    assert!(person(&data, &args).stderr.contains("is there already"));
    let nobody = person(&data, &["export", "nobody", "--to", out.path().join("none").to_str().unwrap()]);
    assert!(nobody.stderr.contains("nothing is kept") && !out.path().join("none").exists());
}

/// What others whisper to them at that moment names them too.
#[test]
fn whoever_speaks_to_them_meanwhile_leaves_no_trace_of_the_name() {
    let data = DataDir::with_users(&[NAME, "bob", "ada"]);
    let server = data.server().args(&["--message-rate", "off"]).start();
    let (mut root, mut bob, mut ada) = (server.admin(), server.login("bob"), server.login("ada"));
    let to_them = json!({"type": "whisper", "to": NAME, "text": "are you there?"});
    let pouring = std::thread::spawn(move || {
        let mut count = 0;
        while bob.ask(to_them.clone())["type"] == "whisper" {
            count += 1;
        }
        (bob, count)
    });
    for text in ["one", "two", "three"] {
        ada.say(text);
    }
    assert_reply(&root.ask(json!({"type": "erase_user", "username": NAME})));
    let (mut bob, count) = pouring.join().unwrap();
    bob.say("it goes on");
    assert_gone(&data);
    let whispers = order(&data).iter().filter(|(_, kind)| kind == "whisper").count();
    assert_eq!(whispers, count, "and none is lost");
}
