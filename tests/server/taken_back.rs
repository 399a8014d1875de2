//! Something that was said is taken back: by its author or by staff, and then its words are nowhere any more.

use crate::harness::{DataDir, Peer, Server, assert_error, assert_reply, run};
use serde_json::{Value, json};

/// What is to go. It stands in no other line.
const WORDS: &str = "what-was-said-in-anger";

#[track_caller]
fn assert_gone(data: &DataDir) {
    assert_eq!(data.files_with(WORDS), [""; 0]);
}

fn remove(peer: &mut Peer, event: &Value) -> Value {
    peer.ask(json!({"type": "remove", "event": event["seq"]}))
}

#[track_caller]
fn assert_removed(answer: &Value, event: &Value, by: &str) {
    assert_eq!((&answer["type"], &answer["event"], &answer["from"]), (&json!("removed"), &event["seq"], &json!(by)));
}

/// What stands in the place of an event that was taken back.
#[track_caller]
fn assert_wordless(now: &Value, event: &Value) {
    assert_eq!(now["removed"], true, "{now}");
    assert!(now["text"].is_null(), "{now}");
    for field in ["type", "seq", "time", "from", "room", "to", "id"] {
        assert_eq!(now[field], event[field], "{field}");
    }
}

fn in_history(peer: &mut Peer, event: &Value) -> Value {
    let reply = peer.ask(json!({"type": "history", "limit": 200}));
    assert_reply(&reply);
    let events = reply["events"].as_array().unwrap().clone();
    events.into_iter().find(|found| found["seq"] == event["seq"]).expect("in the history")
}

#[test]
fn its_author_takes_it_back_and_all_who_saw_it_are_told() {
    for sync in ["always", "second", "never"] {
        let data = DataDir::with_users(&["ada", "bob", "eve"]);
        let mut server = data.server().args(&["--sync", sync]).start();
        let (mut ada, mut bob, mut eve) = (server.login("ada"), server.login("bob"), server.login("eve"));
        let after = eve.seq();
        let message = ada.say(WORDS);
        let whisper = ada.ask(json!({"type": "whisper", "to": "bob", "text": format!("{WORDS}, to bob alone")}));
        ada.say("something else");
        eve.until_text("something else");
        assert_eq!(data.files_with(WORDS).len(), 1);
        let answer = remove(&mut ada, &message);
        assert_removed(&answer, &message, "ada");
        assert_eq!((&answer["room"], &answer["to"]), (&json!("general"), &Value::Null));
        let told = remove(&mut ada, &whisper);
        assert_removed(&told, &whisper, "ada");
        assert_eq!((&told["room"], &told["to"]), (&Value::Null, &json!("bob")));
        assert_gone(&data);
        for peer in [&mut bob, &mut eve] {
            assert_removed(&peer.event("removed", "ada"), &message, "ada");
        }
        assert_removed(&bob.event("removed", "ada"), &whisper, "ada");
        // Live, in the history and in a replay, from memory and from the disk.
        assert_wordless(&in_history(&mut ada, &message), &message);
        assert_wordless(&in_history(&mut bob, &whisper), &whisper);
        ada.say("the end");
        let (token, eves) = (eve.welcome["token"].clone(), eve.until_text("the end"));
        assert!(eves.iter().all(|line| line["type"] == "message"), "the whisper is none of hers: {eves:?}");
        let replay = |server: &Server| {
            let mut eve = server.connect();
            eve.resume("eve", &token, after);
            let replayed = eve.until_text("the end");
            assert_wordless(replayed.iter().find(|line| line["seq"] == message["seq"]).unwrap(), &message);
            assert_eq!(replayed.iter().filter(|line| line["type"] == "removed").count(), 1, "{replayed:?}");
        };
        replay(&server);
        drop((ada, bob, eve));
        server.kill();
        assert_gone(&data);
        run(data.command().arg("check"), b"").succeeded();
        server = data.server().args(&["--sync", sync]).start();
        replay(&server);
        assert_wordless(&in_history(&mut server.login("bob"), &whisper), &whisper);
        let exported = run(data.command().args(["export", "--format", "json"]), b"");
        let lines: Vec<Value> = exported.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let told = lines.iter().filter(|line| line["type"] == "removed").count();
        assert_eq!((lines.iter().filter(|line| line["removed"] == true).count(), told), (2, 2), "each is told once");
        let text = run(data.command().arg("export"), b"");
        assert!(text.succeeded().contains("* ada's message of") && text.stdout.contains("ada took back"), "{text:?}");
        let table = run(data.command().args(["export", "--format", "csv"]), b"");
        assert!(table.succeeded().lines().any(|line| line.contains(",removed,ada,")), "{table:?}");
    }
}

#[test]
fn others_may_not_but_for_staff_who_may_see_it() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let mut root = server.admin();
    assert_reply(
        &root.ask(json!({"type": "add_user", "username": "tom", "password": "a teacher's own", "role": "teacher"})),
    );
    let mut tom = server.login_with("tom", "a teacher's own");
    let (mut ada, mut bob, mut eve) = (server.login("ada"), server.login("bob"), server.login("eve"));
    let message = ada.say(WORDS);
    let whisper = ada.ask(json!({"type": "whisper", "to": "bob", "text": "to bob"}));
    let to_staff = ada.ask(json!({"type": "whisper", "to": "tom", "text": WORDS}));
    assert_error(&remove(&mut bob, &message), "not_allowed");
    assert_error(&remove(&mut bob, &whisper), "not_allowed");
    // What one may not see isn't there, for staff neither.
    for peer in [&mut eve, &mut tom, &mut root] {
        assert_error(&remove(peer, &whisper), "unknown_event");
    }
    for number in [json!(0), json!(u64::MAX), json!(1), json!(999_999)] {
        assert_error(&ada.ask(json!({"type": "remove", "event": number})), "unknown_event");
    }
    assert_removed(&remove(&mut tom, &message), &message, "tom");
    let told = remove(&mut tom, &to_staff);
    assert_removed(&told, &to_staff, "tom");
    assert_eq!(told["to"], "ada");
    assert_removed(&ada.event("removed", "tom"), &message, "tom");
    assert_removed(&ada.event("removed", "tom"), &to_staff, "tom");
    assert_gone(&server.data());
    // Again there is nothing left to do.
    for peer in [&mut tom, &mut ada] {
        assert_reply(&remove(peer, &message));
    }
    ada.say("nobody is told twice");
    assert!(eve.until_text("nobody is told twice").iter().filter(|line| line["type"] == "removed").count() == 1);
    let audit = server.data().read("audit.jsonl");
    assert_eq!(audit.matches("\"remove\"").count(), 2, "{audit}");
    assert_error(&root.ask(json!({"type": "remove"})), "bad_request");
}

/// Two who ask at the same moment: one of them is told that it's done, the other that it was.
#[test]
fn two_at_once_are_one() {
    let server = Server::unlimited(&["ada"]);
    let mut ada = server.login("ada");
    for _ in 0..5 {
        let message = ada.say(WORDS);
        let mut admins: Vec<Peer> = (0..4).map(|_| server.admin()).collect();
        for admin in &mut admins {
            admin.send(&json!({"type": "remove", "event": message["seq"], "id": "r"}));
        }
        let answers: Vec<Value> = admins.iter_mut().map(|admin| admin.answer("r")).collect();
        assert!(answers.iter().any(|answer| answer["type"] == "removed"), "{answers:?}");
        assert_gone(&server.data());
        ada.send(&json!({"type": "say", "text": "the end"}));
        let told = ada.until_text("the end");
        assert_eq!(told.iter().filter(|line| line["type"] == "removed").count(), 1, "{told:?}");
    }
}

#[test]
fn what_was_said_again_does_not_bring_it_back() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let mut server = data.start();
    let mut ada = server.login("ada");
    let token = ada.welcome["token"].clone();
    let say = json!({"type": "say", "id": "random-1", "text": WORDS, "format": "code", "lang": "python"});
    let whisper = json!({"type": "whisper", "id": "random-2", "to": "bob", "text": WORDS});
    let said: Vec<Value> = [(&say, "random-1"), (&whisper, "random-2")]
        .map(|(request, id)| {
            ada.send(request);
            ada.answer(id)
        })
        .to_vec();
    said.iter().for_each(|event| assert_removed(&remove(&mut ada, event), event, "ada"));
    for restart in [false, true] {
        if restart {
            server.kill();
            server = data.start();
        }
        let mut again = server.connect();
        again.hears_again = true;
        again.resume("ada", &token, 0);
        for (request, event) in [&say, &whisper].into_iter().zip(&said) {
            again.send(request);
            // The replay may bring it first.
            let answer = again.find("the answer", |line| line["id"] == request["id"]);
            assert_wordless(&answer, event);
        }
        again.say("afterwards");
        assert_gone(&data);
        let bob = server.login("bob");
        assert_eq!(in_history(&mut server.login("bob"), &said[1])["removed"], true);
        drop(bob);
    }
}

/// It counts as it did before: whoever was away has missed as much as they had.
#[test]
fn what_was_missed_is_counted_as_before() {
    let server = Server::with_users(&["ada", "bob"]);
    let bob = server.login("bob");
    let mut ada = server.login("ada");
    drop(bob);
    ada.event("left", "bob");
    let message = ada.say(WORDS);
    let whisper = ada.ask(json!({"type": "whisper", "to": "bob", "text": WORDS}));
    ada.say("another");
    for event in [&message, &whisper] {
        assert_removed(&remove(&mut ada, event), event, "ada");
    }
    let mut bob = server.login("bob");
    assert_eq!(bob.welcome["missed"], 3, "{}", bob.welcome);
    assert_wordless(&bob.event("whisper", "ada"), &whisper);
}

#[test]
fn without_a_journal_it_goes_from_memory() {
    let data = DataDir::with_users(&["ada", "bob"]);
    let server = data.server().args(&["--no-journal"]).start();
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let message = ada.say(WORDS);
    assert_removed(&remove(&mut ada, &message), &message, "ada");
    assert_removed(&bob.event("removed", "ada"), &message, "ada");
    assert_wordless(&in_history(&mut bob, &message), &message);
}

/// Somebody else of the same name is somebody else.
#[test]
fn what_an_account_said_that_is_gone_is_staffs_alone() {
    let server = Server::with_users(&["ada"]);
    let mut root = server.admin();
    let message = server.login("ada").say(WORDS);
    assert_reply(&root.ask(json!({"type": "delete_user", "username": "ada"})));
    let password = "a new one of that name";
    assert_reply(&root.ask(json!({"type": "add_user", "username": "ada", "password": password})));
    assert_error(&remove(&mut server.login_with("ada", password), &message), "unknown_event");
    assert_removed(&remove(&mut root, &message), &message, "root");
    assert_gone(&server.data());
}

#[cfg(target_os = "linux")]
#[test]
fn after_ten_minutes_it_is_staffs_alone() {
    let (data, clock) = (DataDir::with_users(&["ada"]), crate::harness::FakeClock::off_by(0));
    let mut server = data.server().clock(&clock).start();
    let message = server.login("ada").say(WORDS);
    server.terminate();
    assert_eq!(server.wait(), Some(0));
    clock.set(1);
    let server = data.server().clock(&clock).start();
    let refusal = remove(&mut server.login("ada"), &message);
    assert_error(&refusal, "not_allowed");
    assert!(refusal["message"].as_str().unwrap().contains("10 minutes"), "{refusal}");
    assert_removed(&remove(&mut server.admin(), &message), &message, "root");
    assert_gone(&data);
}

/// Others speak all the while, and everyone has everything in the end, once.
#[test]
fn what_others_say_meanwhile_is_not_lost() {
    let server = Server::unlimited(&["ada", "bob", "eve", "dan"]);
    let mut dan = server.login("dan");
    std::thread::scope(|scope| {
        for name in ["bob", "eve"] {
            let mut peer = server.login(name);
            scope.spawn(move || (0..150).for_each(|i| drop(peer.say(&format!("{}-{i}", peer.welcome["username"])))));
        }
        let mut ada = server.login("ada");
        for _ in 0..30 {
            let message = ada.say(WORDS);
            assert_removed(&remove(&mut ada, &message), &message, "ada");
        }
    });
    let mut ada = server.login("ada");
    ada.say("the end");
    let seen = dan.until_text("the end");
    for name in ["bob", "eve"] {
        let from = seen.iter().filter(|line| line["from"] == name && line["type"] == "message");
        assert_eq!(from.count(), 150, "{name}");
    }
    assert_eq!(seen.iter().filter(|line| line["type"] == "removed").count(), 30);
    assert_gone(&server.data());
    run(server.data().command().arg("check"), b"").succeeded();
}

#[test]
fn what_was_said_in_a_room_is_its_members() {
    let server = Server::with_users(&["ada", "bob", "eve"]);
    let mut root = server.admin();
    let (mut ada, mut bob, mut eve) = (server.login("ada"), server.login("bob"), server.login("eve"));
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    for peer in [&mut ada, &mut bob] {
        assert_eq!(peer.ask(json!({"type": "enter", "room": "chess"}))["type"], "entered");
    }
    let message = ada.ask(json!({"type": "say", "room": "chess", "text": WORDS}));
    assert_eq!(message["room"], "chess", "{message}");
    assert_error(&remove(&mut eve, &message), "unknown_event");
    assert_error(&remove(&mut bob, &message), "not_allowed");
    // What was said in an open room before one came is shown to whoever is in it, and so is what becomes of it.
    let mut late = server.login("eve");
    assert_eq!(late.ask(json!({"type": "enter", "room": "chess"}))["type"], "entered");
    assert_error(&remove(&mut late, &message), "not_allowed");
    assert_eq!(late.ask(json!({"type": "leave", "room": "chess"}))["type"], "exited");
    let answer = remove(&mut root, &message);
    assert_removed(&answer, &message, "root");
    assert_eq!(answer["room"], "chess");
    assert_removed(&bob.event("removed", "root"), &message, "root");
    eve.say("the end");
    assert!(eve.inbox().iter().all(|line| line["type"] != "removed"), "{:?}", eve.inbox());
    assert_gone(&server.data());
}

/// A question has no name, and gets none by that.
#[test]
fn a_question_that_is_taken_back_does_not_tell_who_asked() {
    let server = Server::with_users(&["ada", "bob"]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    ada.send(&json!({"type": "ask", "id": "q1", "text": WORDS}));
    let question = bob.find("the question", |line| line["type"] == "question");
    assert_eq!(root.event("asked", "ada")["question"], question["seq"]);
    assert_eq!(ada.answer("q1")["type"], "asked");
    assert_error(&remove(&mut bob, &question), "not_allowed");
    assert_reply(&remove(&mut ada, &question));
    let told = bob.find("the removal", |line| line["type"] == "removed");
    assert_eq!(told["event"], question["seq"], "{told}");
    assert!(!told.to_string().contains("ada") && told["id"].is_null(), "{told}");
    let now = in_history(&mut bob, &question);
    assert!(now["removed"] == true && !now.to_string().contains("ada"), "{now}");
    assert_gone(&server.data());
}

#[test]
fn whoever_may_not_see_that_it_is_taken_back_is_answered_all_the_same() {
    let data = DataDir::with_users(&["bob"]);
    let server = data.server().start();
    let (mut root, mut bob) = (server.admin(), server.login("bob"));
    for how in ["leave", "put_out", "close_room"] {
        let room = how.replace('_', "-");
        let about = json!({"room": room, "username": "bob", "open": false});
        let ask = |peer: &mut Peer, kind: &str| {
            let mut request = about.clone();
            request["type"] = kind.into();
            peer.ask(request)
        };
        assert_reply(&ask(&mut root, "make_room"));
        assert_eq!(ask(&mut root, "let_in")["type"], "entered");
        let [first, second] = [1, 2].map(|_| bob.ask(json!({"type": "say", "room": room, "text": WORDS})));
        assert_removed(&remove(&mut bob, &first), &first, "bob");
        assert_ne!(ask(if how == "leave" { &mut bob } else { &mut root }, how)["type"], "error");
        assert_reply(&remove(&mut bob, &second));
        assert_gone(&data);
    }
}
