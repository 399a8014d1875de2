//! Accounts that are deleted and made anew under the same name: what belonged to the older one is not the newer one's.

use super::floor::{floor, room};
use crate::harness::{DataDir, PASSWORD, Peer, Server, assert_error, assert_reply, run, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

/// An account is deleted, and another one of its name made, in the chat.
#[track_caller]
fn anew(root: &mut Peer, name: &str) {
    assert_reply(&root.ask(json!({"type": "delete_user", "username": name})));
    assert_reply(&root.ask(json!({"type": "add_user", "username": name, "password": PASSWORD})));
}

/// Accounts go while no server runs.
fn delete_offline(data: &DataDir, names: &[&str]) {
    let mut users = data.users_json();
    for name in names {
        assert!(users["users"].as_object_mut().unwrap().remove(*name).is_some());
    }
    fs::write(data.file("users.json"), users.to_string()).unwrap();
}

/// Ends the server, in its own time or by a kill.
#[track_caller]
fn end(server: &mut Server, killed: bool) {
    if killed {
        return server.kill();
    }
    server.terminate();
    assert_eq!(server.wait(), Some(0));
}

/// Makes accounts anew that are deleted, while no server runs, and starts it.
#[track_caller]
fn anew_offline(data: &Arc<DataDir>, names: &[&str]) -> Server {
    delete_offline(data, names);
    names.iter().for_each(|name| drop(data.user_add(&[name], Some(PASSWORD)).succeeded().to_owned()));
    data.start()
}

/// What `attendance` answers, and the command beside it prints: each entry's name, messages, and whether it's deleted.
#[track_caller]
fn attendance(data: &Arc<DataDir>, root: &mut Peer, stretch: [&str; 2]) -> Vec<(String, Value, bool)> {
    let answer = root.ask(json!({"type": "attendance", "from": stretch[0], "to": stretch[1]}));
    assert_reply(&answer);
    let people = answer["people"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    let args = ["attendance", "--from", stretch[0], "--to", stretch[1], "--format", "json"];
    let printed = run(data.command().args(args), b"");
    let printed: Vec<Value> = printed.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown = |people: &[Value]| {
        let one = |person: &Value| {
            let name = person["username"].as_str().unwrap().to_owned();
            (name, person["messages"].clone(), person["deleted"] == true)
        };
        people.iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(shown(&people), shown(&printed));
    shown(&people)
}

const ALWAYS: [&str; 2] = ["2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"];

#[test]
fn attendance_of_an_account_is_its_own() {
    let mut server = Server::with_users(&["ada", "bob"]);
    let data = server.data();
    let mut root = server.admin();
    let mut ada = server.login("ada");
    ["one", "two"].iter().for_each(|text| drop(ada.say(text)));
    anew(&mut root, "ada");
    let entry = |name: &str, messages: Value, deleted| (name.to_owned(), messages, deleted);
    let (older, bob) = (entry("ada", json!(2), true), entry("bob", Value::Null, false));
    let expected = [older.clone(), entry("ada", Value::Null, false), bob.clone()];
    assert_eq!(attendance(&data, &mut root, ALWAYS), expected);
    let table = run(data.command().args(["attendance", "--from", "yesterday", "--to", "2100-01-01"]), b"");
    let table = table.succeeded().to_owned();
    assert!(table.contains("1 of 3 were there") && table.contains("  ada, deleted  "), "{table}");
    assert!(table.contains("\n* absent (2): ada, bob\n"), "{table}");
    server.login("ada").say("three");
    let expected = [older, entry("ada", json!(1), false), bob.clone()];
    assert_eq!(attendance(&data, &mut root, ALWAYS), expected);
    // While no server runs: of those before it isn't known which was which.
    for killed in [false, true] {
        end(&mut server, killed);
        server = anew_offline(&data, &["ada"]);
        let older = entry("ada", json!(3), true);
        let expected = [older, entry("ada", Value::Null, false), bob.clone()];
        assert_eq!(attendance(&data, &mut server.admin(), ALWAYS), expected);
    }
}

#[test]
fn nobody_is_absent_on_a_day_before_their_account_was_made() {
    let mut server = Server::with_users(&["ada", "bob"]);
    let data = server.data();
    drop(server.login("ada"));
    end(&mut server, false);
    // The newest event is of before.
    data.user_add(&["eve"], Some(PASSWORD)).succeeded();
    let mut users = data.users_json();
    users["users"]["ada"]["created"] = "2021-03-01T08:00:00Z".into();
    // As an older version made it.
    assert!(users["users"]["bob"].as_object_mut().unwrap().remove("created").is_some());
    fs::write(data.file("users.json"), users.to_string()).unwrap();
    let server = data.start();
    let mut root = server.admin();
    let mut absent = |stretch| {
        let people = attendance(&data, &mut root, stretch);
        people.into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
    };
    assert_eq!(absent(["2021-02-01T00:00:00Z", "2021-02-02T00:00:00Z"]), ["bob"]);
    assert_eq!(absent(["2021-03-01T00:00:00Z", "2021-03-02T00:00:00Z"]), ["ada", "bob"]);
    assert_eq!(absent(ALWAYS), ["ada", "bob", "eve"]);
}

/// Two of one name are never on two pages: the second one would be left out.
#[test]
fn both_accounts_of_a_name_are_on_one_page() {
    let data = DataDir::new();
    let names: Vec<String> = (0..300).map(|index| format!("u{index:03}{}", "x".repeat(index * 7 % 23))).collect();
    let mut journal = String::new();
    for (seq, name) in (1..).step_by(2).zip(&names) {
        for (seq, kind) in [(seq, "joined"), (seq + 1, "left")] {
            let mut line = json!({"type": kind, "seq": seq, "time": "2026-11-28T08:00:00.000Z", "username": name});
            if kind == "left" {
                line["reason"] = "logout".into();
            }
            journal += &format!("{line}\n");
        }
    }
    fs::create_dir(data.file("journal")).unwrap();
    fs::write(data.file(&format!("journal/{:020}.jsonl", 1)), journal).unwrap();
    fs::write(data.file("sequence"), "1000\n").unwrap();
    data.fill(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let server = data.start();
    let mut root = server.admin();
    for start in 0..20 {
        let mut after = names[start].clone();
        let mut listed: Vec<String> = Vec::new();
        loop {
            let asked = json!({"type": "attendance", "from": ALWAYS[0], "to": ALWAYS[1], "after": after});
            let reply = root.ask(asked);
            assert_reply(&reply);
            let page = reply["people"].as_array().unwrap().iter();
            listed.extend(page.map(|person| person["username"].as_str().unwrap().to_owned()));
            if reply["more"].is_null() {
                break;
            }
            after = listed.last().unwrap().clone();
        }
        let expected: Vec<_> = names[start + 1..].iter().flat_map(|name| [name.clone(), name.clone()]).collect();
        assert!(listed == expected, "after {start}: {} listed of {}", listed.len(), expected.len());
    }
}

/// Hands, whose turn it is, votes: all that `lesson.json` has of people.
#[test]
fn what_a_lesson_knew_of_an_account_is_not_of_one_that_was_made_while_no_server_ran() {
    for killed in [false, true] {
        let mut server = Server::unlimited(&["ada", "bob", "eve", "zed"]);
        let data = server.data();
        let mut root = server.admin();
        floor(&mut root, json!({"mode": "quiet"}));
        let mut peers = ["ada", "bob", "eve", "zed"].map(|name| server.login(name));
        for peer in &mut peers {
            assert_eq!(peer.ask(json!({"type": "hand"}))["type"], "hand");
        }
        assert_eq!(root.ask(json!({"type": "next"}))["username"], "ada");
        let ask = json!({"type": "poll", "question": "Which?", "options": ["a", "b"]});
        let poll = root.ask(ask)["poll"].clone();
        let vote = |option| json!({"type": "vote", "poll": poll, "option": option});
        let [ada, _, _, zed] = &mut peers;
        [ada, zed].into_iter().for_each(|peer| assert_reply(&peer.ask(vote(0))));
        drop((root, peers));
        end(&mut server, killed);
        if !killed {
            // Nobody has this name.
            delete_offline(&data, &["bob"]);
        }
        let mut server = anew_offline(&data, &["ada"]);
        let mut root = server.admin();
        assert_eq!(room(&root, "general")["floor"]["called"], Value::Null);
        let up = root.ask(json!({"type": "hands"}))["hands"].clone();
        let up: Vec<_> = up.as_array().unwrap().iter().map(|hand| hand["username"].as_str().unwrap()).collect();
        assert_eq!(up, if killed { &["bob", "eve", "zed"][..] } else { &["eve", "zed"] });
        let mut ada = server.login("ada");
        assert_error(&ada.ask(json!({"type": "say", "text": "my turn?"})), "quiet");
        assert_eq!(room(&ada, "general")["poll"]["voted"], false);
        // The older one's vote is nobody's, and counts.
        assert_reply(&ada.ask(vote(1)));
        assert_reply(&ada.ask(vote(1)));
        let tally = root.ask(json!({"type": "tally", "poll": poll}));
        assert_eq!((&tally["counts"], &tally["voted"]), (&json!([2, 1]), &json!(["ada", "zed"])));
        // What the newer one does outlives the next end.
        server.kill();
        let server = data.start();
        let tally = server.admin().ask(json!({"type": "tally", "poll": poll}));
        assert_eq!((&tally["counts"], &tally["voted"]), (&json!([2, 1]), &json!(["ada", "zed"])));
        let waits = tally["missing"].as_array().unwrap().contains(&json!("bob"));
        assert_eq!(waits, killed, "{tally}");
    }
}

#[test]
fn a_new_account_of_a_deleted_voters_name_has_a_vote_of_its_own() {
    let mut server = Server::with_users(&["ada", "bob"]);
    let data = server.data();
    let mut root = server.admin();
    let ask = json!({"type": "poll", "question": "Which?", "options": ["a", "b"]});
    let poll = root.ask(ask)["poll"].clone();
    let vote = |option| json!({"type": "vote", "poll": poll, "option": option});
    let counts = |root: &mut Peer| root.ask(json!({"type": "tally", "poll": poll}))["counts"].clone();
    for name in ["ada", "bob"] {
        assert_reply(&server.login(name).ask(vote(0)));
    }
    anew(&mut root, "ada");
    assert_reply(&server.login("ada").ask(vote(1)));
    assert_eq!(counts(&mut root), json!([1, 1]), "the ballot has gone with the account");
    server.kill();
    let server = data.start();
    let mut root = server.admin();
    anew(&mut root, "bob");
    let mut bob = server.login("bob");
    assert_eq!(room(&bob, "general")["poll"]["voted"], false);
    assert_reply(&bob.ask(vote(1)));
    assert_eq!(counts(&mut root), json!([1, 2]), "nobody knows which ballot it was: it counts");
    assert_reply(&bob.ask(vote(0)));
    assert_eq!(counts(&mut root), json!([2, 1]), "one vote, which replaces its own alone");
    assert_reply(&root.ask(json!({"type": "add_user", "username": "zed", "password": PASSWORD})));
    assert_reply(&server.login("zed").ask(vote(1)));
    let closed = root.ask(json!({"type": "close_poll", "poll": poll}));
    assert_eq!((&closed["counts"], &closed["voted"]), (&json!([2, 2]), &json!(4)));
}

#[test]
fn a_new_account_waits_for_nothing_that_the_older_one_said() {
    let server = Server::unlimited(&["ada", "bob"]);
    let mut root = server.admin();
    floor(&mut root, json!({"mode": "slow", "seconds": 3600}));
    let say = json!({"type": "say", "text": "once an hour"});
    let mut ada = server.login("ada");
    assert_eq!(ada.ask(say.clone())["type"], "message");
    assert_error(&ada.ask(say.clone()), "slow");
    anew(&mut root, "ada");
    let mut ada = server.login("ada");
    assert_eq!(ada.ask(say.clone())["type"], "message");
    assert_error(&ada.ask(say), "slow");
}

/// The older one came and went so often that it wasn't told at once any more.
#[test]
fn the_coming_of_a_new_account_is_told_at_once() {
    let server = Server::unlimited(&["bob"]);
    let mut root = server.admin();
    for _ in 0..4 {
        drop(server.login("bob"));
        wait_until("bob's leaving", || root.ask(json!({"type": "who"}))["users"] == json!(["root"]));
    }
    anew(&mut root, "bob");
    root.send(&json!({"type": "say", "text": "before"}));
    root.until_text("before");
    let _bob = server.login("bob");
    root.send(&json!({"type": "say", "text": "after"}));
    let told = root.until_text("after");
    assert!(told.iter().any(|line| line["type"] == "joined" && line["username"] == "bob"), "{told:?}");
}

/// All at once: whispers that wait, a token, a mute, a room, where it is at home, what it said and may take back.
#[test]
fn an_account_that_is_made_while_no_server_runs_has_nothing_of_the_older_one() {
    for killed in [false, true] {
        let mut server = Server::unlimited(&["ada", "bob"]);
        let data = server.data();
        let mut root = server.admin();
        let mut ada = server.login("ada");
        let token = ada.welcome["token"].clone();
        assert_reply(&root.ask(json!({"type": "make_room", "room": "art", "open": false})));
        assert_reply(&root.ask(json!({"type": "make_room", "room": "closed"})));
        for room in ["art", "closed"] {
            root.ask(json!({"type": "let_in", "room": room, "username": "ada"}));
        }
        root.ask(json!({"type": "close_room", "room": "closed"}));
        assert_reply(&ada.ask(json!({"type": "history", "room": "closed"})));
        let say = json!({"type": "say", "text": "said once", "id": "the-id"});
        ada.send(&say);
        let said = ada.answer("the-id");
        ada.close();
        root.event("left", "ada");
        server.login("bob").ask(json!({"type": "whisper", "to": "ada", "text": "psst"}));
        assert_reply(&root.ask(json!({"type": "mute", "username": "ada"})));
        assert!(data.read("tokens.jsonl").contains(r#""username":"ada""#));
        end(&mut server, killed);
        let server = anew_offline(&data, &["ada"]);
        assert!(!data.read("tokens.jsonl").contains(r#""username":"ada""#), "no token, and at home nowhere");
        let mut old = server.connect();
        let login = json!({"type": "login", "protocol": 1, "username": "ada", "token": token, "after": 0});
        assert_error(&old.ask_plainly(&login), "bad_credentials");
        let mut ada = server.login("ada");
        assert_eq!(ada.welcome["rooms"].as_array().unwrap().len(), 1, "{}", ada.welcome);
        ada.send(&say);
        let again = ada.answer("the-id");
        assert!(again["type"] == "message" && again["seq"].as_u64() > said["seq"].as_u64(), "{again}");
        assert!(!ada.inbox().iter().any(|line| line["type"] == "whisper"), "{:?}", ada.inbox());
        let taken_back = ada.ask(json!({"type": "remove", "event": said["seq"]}));
        assert_error(&taken_back, "unknown_event");
        for room in ["art", "closed"] {
            assert_error(&ada.ask(json!({"type": "history", "room": room})), "unknown_room");
        }
        let past = ada.ask(json!({"type": "history"}));
        let past: Vec<_> = past["events"].as_array().unwrap().iter().map(|event| event["seq"].clone()).collect();
        assert_eq!(past, [again["seq"].clone()]);
    }
}

/// The accounts are lost, and the first start makes `admin` anew: whoever that is now.
#[test]
fn the_admin_that_a_start_makes_anew_reads_nothing_of_the_one_before() {
    let data = DataDir::with_users(&["ada"]);
    data.user_add(&["admin", "--admin"], Some(PASSWORD)).succeeded();
    let mut server = data.start();
    let told = server.login("ada").ask(json!({"type": "whisper", "to": "admin", "text": "for the one before"}));
    assert_eq!(told["type"], "whisper");
    end(&mut server, false);
    fs::remove_file(data.file("users.json")).unwrap();
    let server = data.start();
    let one_time = server.one_time_password().unwrap();
    let mut admin = server.login_with("admin", &one_time);
    assert_reply(&admin.ask(json!({"type": "passwd", "old": one_time, "new": "another good one"})));
    let past = admin.ask(json!({"type": "history"}));
    assert_eq!(past["events"], json!([]), "{past}");
    assert!(!admin.inbox().iter().any(|line| line["type"] == "whisper"), "{:?}", admin.inbox());
}

#[test]
fn what_is_given_out_about_a_person_is_of_the_account_that_there_is() {
    let mut server = Server::unlimited(&["ada"]);
    let data = server.data();
    let mut root = server.admin();
    let mut ada = server.login("ada");
    assert_reply(&root.ask(json!({"type": "make_room", "room": "art"})));
    ada.ask(json!({"type": "enter", "room": "art"}));
    assert_reply(&root.ask(json!({"type": "mute", "username": "ada", "minutes": 7})));
    anew(&mut root, "ada");
    let export = || {
        let out = tempfile::tempdir().unwrap();
        let to = out.path().join("theirs");
        run(data.command().args(["person", "export", "ada", "--to"]).arg(&to), b"").succeeded();
        let text = |name: &str| fs::read_to_string(to.join(name)).unwrap();
        (serde_json::from_str::<Value>(&text("account.json")).unwrap(), text("audit.jsonl"))
    };
    let (account, audit) = export();
    for field in ["tokens_used", "rooms"] {
        assert_eq!(account[field], json!([]), "{account}");
    }
    assert_eq!(account["logged_in_from"], json!([]), "{account}");
    assert!(!audit.contains("7 minutes") && audit.contains("add_user"), "{audit}");
    let mut ada = server.login("ada");
    ada.ask(json!({"type": "enter", "room": "art"}));
    assert_reply(&root.ask(json!({"type": "mute", "username": "ada", "minutes": 9})));
    end(&mut server, false);
    let (account, audit) = export();
    assert_eq!(account["tokens_used"].as_array().unwrap().len(), 1, "{account}");
    assert_eq!(account["rooms"].as_array().unwrap().len(), 1, "{account}");
    assert_eq!(account["logged_in_from"], json!(["127.0.0.1"]), "{account}");
    assert!(!audit.contains("7 minutes") && audit.contains("9 minutes"), "{audit}");
}
