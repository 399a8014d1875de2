//! Who was there: `homeroom-server attendance` and the request, from the same journal.

use crate::harness::{DataDir, Finished, PASSWORD, Peer, Server, assert_error, assert_reply, run};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

fn attendance(data: &DataDir, args: &[&str]) -> Finished {
    // Two hours before UTC, as POSIX writes it.
    run(data.command().env("TZ", "<+02>-2").arg("attendance").args(args), b"")
}

/// What `--format json` prints: each person's name, first, last, minutes, messages, or the name alone.
#[track_caller]
fn there(data: &DataDir, args: &[&str]) -> Vec<String> {
    let finished = attendance(data, &[args, &["--format", "json"]].concat());
    finished.succeeded().lines().map(|line| shown(&serde_json::from_str(line).unwrap())).collect()
}

fn shown(person: &Value) -> String {
    let name = person["username"].as_str().unwrap();
    let Some(first) = person["first"].as_str() else {
        assert!(["last", "minutes", "messages"].iter().all(|field| person[field].is_null()), "{person}");
        return name.to_owned();
    };
    let last = person["last"].as_str().unwrap();
    format!("{name} {} {} {} min {}", &first[11..16], &last[11..16], person["minutes"], person["messages"])
}

/// A lesson of 28 November at 8, two hours before UTC, as a journal that was written by hand.
fn lesson() -> Arc<DataDir> {
    let data = DataDir::with_users(&["ben", "cleo"]);
    data.user_add(&["ada", "--name", "Ada L.", "--group", "7b"], Some(PASSWORD)).succeeded();
    data.user_add(&["noether", "--role", "teacher"], Some(PASSWORD)).succeeded();
    data.date_accounts("2026-11-01T08:00:00Z");
    let at = |time: &str| format!("2026-11-28T{time}:00.000Z");
    let presence = |seq: u64, time: &str, kind: &str, name: &str, reason: &str| json!({"type": kind, "seq": seq, "time": at(time), "username": name, "reason": reason});
    let said = |seq: u64, time: &str, from: &str, to: Value| {
        let kind = if to.is_null() { "message" } else { "whisper" };
        json!({"type": kind, "seq": seq, "time": at(time), "from": from, "to": to, "room": "general", "text": "x"})
    };
    let first = [
        presence(1, "05:55", "joined", "noether", ""),
        presence(2, "05:58", "joined", "ada", ""),
        presence(3, "06:05", "joined", "ben", ""),
        said(4, "06:10", "ada", Value::Null),
        said(5, "06:11", "ada", "ben".into()),
        presence(6, "06:20", "left", "ben", "disconnected"),
        presence(7, "06:25", "joined", "ben", ""),
        said(8, "06:30", "ben", Value::Null),
    ];
    // The server was killed, and started anew 20 minutes later.
    let second = [
        presence(1_000_001, "06:50", "left", "ada", "shutdown"),
        presence(1_000_002, "06:50", "left", "ben", "shutdown"),
        presence(1_000_003, "06:50", "left", "noether", "shutdown"),
        presence(1_000_004, "06:52", "joined", "ada", ""),
        presence(1_000_005, "07:45", "left", "ada", "logout"),
    ];
    fs::create_dir(data.file("journal")).unwrap();
    for (first, lines) in [(1, &first[..]), (1_000_001, &second[..])] {
        let mut text = String::new();
        for line in lines {
            // No field is there in vain.
            let mut line = line.as_object().unwrap().clone();
            line.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
            text.push_str(&format!("{}\n", Value::from(line)));
        }
        fs::write(data.file(&format!("journal/{first:020}.jsonl")), text).unwrap();
    }
    data
}

#[test]
fn a_lesson_with_a_killed_server_in_it() {
    let data = lesson();
    let day = there(&data, &["--from", "2026-11-28"]);
    assert_eq!(day, ["ada 05:58 07:45 85 min 1", "ben 06:05 06:30 20 min 1", "cleo"], "whispers are nobody's business");
    let hour = there(&data, &["--from", "2026-11-28T08:00", "--to", "09:00"]);
    assert_eq!(hour, ["ada 06:00 07:00 38 min 1", "ben 06:05 06:30 20 min 1", "cleo"]);
    assert_eq!(
        there(&data, &["--from", "2026-11-28T07:00:00Z", "--to", "09:15"]),
        ["ada 07:00 07:15 15 min 0", "ben", "cleo"]
    );
    assert_eq!(there(&data, &["--from", "2026-11-28", "--group", "7B"]), ["ada 05:58 07:45 85 min 1"]);
    assert_eq!(there(&data, &["--from", "2026-11-28", "--group", "8a"]), [""; 0]);
    assert_eq!(there(&data, &["--from", "2026-11-27"]), ["ada", "ben", "cleo"]);
    assert_eq!(there(&data, &["--from", "2026-10-31"]), [""; 0], "nobody had an account");
}

#[test]
fn for_people_and_for_spreadsheets() {
    let data = lesson();
    let hour = ["--from", "2026-11-28T08:00", "--to", "10:00"];
    assert_eq!(
        attendance(&data, &hour).succeeded(),
        "* 2 of 3 were there, 2026-11-28 08:00 to 10:00\n\
         \x20               group  first  last   minutes  messages\n\
         \x20 ada (Ada L.)  7b     08:00  09:45       83         1\n\
         \x20 ben                  08:05  08:30       20         1\n\
         * absent (1): cleo\n"
    );
    let csv = |args: &[&str]| {
        let output = data.command().env("TZ", "<+02>-2").arg("attendance").args(hour).args(args).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = "username,name,group,absent,first,last,minutes,messages\n\
                 ada,Ada L.,7b,false,2026-11-28 08:00:00,2026-11-28 09:45:00,83,1\n\
                 ben,,,false,2026-11-28 08:05:00,2026-11-28 08:30:00,20,1\n\
                 cleo,,,true,,,,\n";
    assert_eq!(csv(&["--format", "csv"]), table);
    let german = csv(&["--format", "csv", "--bom", "--separator", "semicolon"]);
    assert_eq!(german, format!("\u{feff}{}", table.replace(',', ";")));
}

#[test]
fn what_is_no_stretch_says_what_is() {
    let data = lesson();
    for (args, told) in [
        (&["--from", "28.11.2026"][..], "yesterday, 2026-11-28"),
        (&["--to", "25:00"], "yesterday, 2026-11-28"),
        (&["--from", "09:00", "--to", "08:00"], "09:00 on and before"),
        (&["--group", "7 b"], "a group has"),
        (&["--bom"], "--format csv"),
    ] {
        let finished = attendance(&data, args);
        assert!(finished.failed_with(2).contains(told), "{finished:?}");
    }
    fs::remove_dir_all(data.file("journal")).unwrap();
    assert!(attendance(&data, &[]).failed_with(1).contains("no journal"));
}

#[test]
fn what_is_damaged_is_named_and_the_rest_counted() {
    let data = lesson();
    let path = data.file("journal/00000000000001000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"joined\"", "\"joined", 1)).unwrap();
    let finished = attendance(&data, &["--from", "2026-11-28", "--format", "json"]);
    assert!(finished.failed_with(1).contains("is damaged at line 4: not an event"), "{finished:?}");
    assert_eq!(finished.stdout.lines().count(), 3, "{finished:?}");
}

/// A server with these users and a teacher, and the teacher.
fn class(names: &[&str]) -> (Server, Peer) {
    let data = DataDir::with_users(names);
    data.user_add(&["noether", "--role", "teacher"], Some(PASSWORD)).succeeded();
    let server = data.start();
    let teacher = server.login("noether");
    (server, teacher)
}

fn request(from: &str, to: &str) -> Value {
    json!({"type": "attendance", "from": from, "to": to})
}

/// The people of all pages, and how many pages there were.
#[track_caller]
fn ask(teacher: &mut Peer, mut request: Value) -> (Vec<Value>, usize) {
    let mut people: Vec<Value> = Vec::new();
    for pages in 1..1000 {
        let reply = teacher.ask(request.clone());
        assert_reply(&reply);
        people.extend(reply["people"].as_array().unwrap().iter().cloned());
        if reply["more"].is_null() {
            return (people, pages);
        }
        request["after"] = people.last().unwrap()["username"].clone();
    }
    panic!("no end of pages");
}

/// The server's own events as they are in the journal: each one's kind, whose it is, its time and its seq.
fn journal(data: &DataDir) -> Vec<Value> {
    let text: String = data.journal().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_request_and_the_command_beside_it_say_the_same() {
    let (server, mut teacher) = class(&["ada", "ben", "cleo"]);
    // Two sessions of one account: it goes with the last of them.
    let (mut ada, tablet) = (server.login("ada"), server.login("ada"));
    ada.say("hello");
    let ben = server.login("ben");
    let here = teacher.event("joined", "ben");
    // Times have milliseconds: whoever comes and goes in one of them was there for none.
    while teacher.say("tick")["time"] == here["time"] {}
    ben.close();
    let gone = teacher.event("left", "ben");
    tablet.close();
    ada.say("still here");
    let came = journal(&server.data()).into_iter().find(|event| event["username"] == "ada").unwrap();
    let (from, to) = (came["time"].clone(), gone["time"].clone());
    let (from, to) = (from.as_str().unwrap(), to.as_str().unwrap());
    let asked = request(from, to);
    if from == to {
        return assert_error(&teacher.ask(asked), "bad_request");
    }
    let (people, _) = ask(&mut teacher, asked);
    let finished = attendance(&server.data(), &["--from", from, "--to", to, "--format", "json"]);
    let printed: Vec<Value> = finished.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(people, printed);
    let [ada, ben, cleo] = &people[..] else { panic!("no staff, and everybody else: {people:?}") };
    assert_eq!((&ada["first"], &ada["last"], &ada["messages"]), (&json!(from), &json!(to), &json!(1)));
    assert_eq!((&ben["username"], &ben["last"]), (&json!("ben"), &json!(to)));
    assert_eq!(cleo, &json!({"username": "cleo"}));
    // Without anything it is today until now, and who is there still is until then: so it is for the command.
    let told = teacher.ask(json!({"type": "attendance"}));
    assert!(told["people"][0]["last"].as_str().unwrap() > to, "{told}");
    let last = journal(&server.data()).last().unwrap()["time"].clone();
    let finished = attendance(&server.data(), &["--from", from, "--format", "json"]);
    let ada: Value = serde_json::from_str(finished.succeeded().lines().next().unwrap()).unwrap();
    assert!(ada["last"].as_str() > last.as_str(), "{ada}: a server runs, and she is there still");
    let lines = attendance(&server.data(), &["--from", from]).succeeded().to_owned();
    assert!(lines.contains("2 of 3 were there") && lines.contains("\n* absent (1): cleo\n"), "{lines}");
}

#[test]
fn whoever_was_killed_with_the_server_was_there_until_the_last_event() {
    let (mut server, mut teacher) = class(&["ada"]);
    let mut ada = server.login("ada");
    ada.say("one");
    teacher.until_text("one");
    server.kill();
    let data = server.data();
    let last = journal(&data).last().unwrap()["time"].clone();
    let until = |data: &DataDir| {
        let finished = attendance(data, &["--from", "yesterday", "--to", "2100-01-01", "--format", "json"]);
        serde_json::from_str::<Value>(finished.succeeded().lines().next().unwrap()).unwrap()["last"].clone()
    };
    assert_eq!(until(&data), last, "no server runs: nobody is there still");
    let server = data.start();
    let told = journal(&data);
    let left = told.iter().find(|event| event["type"] == "left" && event["username"] == "ada").unwrap();
    assert!(left["reason"] == "shutdown" && left["time"] != last, "{left}");
    assert_eq!(until(&data), last);
    let mut teacher = server.login("noether");
    let (people, _) = ask(&mut teacher, request("2026-01-01T00:00:00Z", "2100-01-01T00:00:00Z"));
    assert_eq!((&people[0]["username"], &people[0]["last"]), (&json!("ada"), &last));
}

#[test]
fn staff_alone_may_ask() {
    let (server, mut teacher) = class(&["ada"]);
    assert_reply(&teacher.ask(json!({"type": "attendance"})));
    assert_reply(&server.admin().ask(json!({"type": "attendance"})));
    let asked = json!({"type": "attendance", "from": "no moment"});
    assert_error(&server.login("ada").ask(asked.clone()), "not_allowed");
    assert_error(&teacher.ask(asked), "bad_request");
    for bad in [
        json!({"to": "2026-11-28"}),
        json!({"to": "08:00"}),
        json!({"from": "2026-11-28T09:00:00Z", "to": "2026-11-28T08:00:00Z"}),
        json!({"from": "2100-01-01T00:00:00Z"}),
        json!({"group": "7 b"}),
    ] {
        let mut asked = json!({"type": "attendance"});
        asked.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        assert_error(&teacher.ask(asked), "bad_request");
    }
}

#[test]
fn guests_are_counted_and_displays_are_not() {
    let (server, mut teacher) = class(&["ada"]);
    let display = json!({"type": "add_user", "username": "board", "password": PASSWORD, "role": "display"});
    assert_reply(&server.admin().ask(display));
    let _board = server.login("board");
    let code = teacher.ask(json!({"type": "door", "minutes": 10, "group": "7b", "guests": true}))["code"].clone();
    let mut guest = server.connect();
    let register = json!({"type": "register", "protocol": 1, "code": code, "username": "zed", "name": "Zed Z."});
    assert_eq!(guest.ask_plainly(&register)["type"], "welcome");
    teacher.event("joined", "zed");
    let names = |people: &[Value]| people.iter().map(|person| person["username"].clone()).collect::<Vec<_>>();
    let mut asked = json!({"type": "attendance"});
    assert_eq!(names(&ask(&mut teacher, asked.clone()).0), ["ada", "zed"]);
    // The account goes, and its owner has been there all the same.
    assert_reply(&teacher.ask(json!({"type": "door", "minutes": 0, "guests": "remove"})));
    asked["group"] = "7b".into();
    let (people, _) = ask(&mut teacher, asked);
    assert_eq!(names(&people), ["zed"]);
    assert_eq!((&people[0]["name"], &people[0]["group"]), (&json!("Zed Z."), &json!("7b")), "{people:?}");
    assert!(people[0]["first"].is_string() && people[0]["minutes"].is_u64(), "{people:?}");
}

#[test]
fn a_long_list_comes_in_pages() {
    let names: Vec<String> = (0..400).map(|index| format!("a-rather-long-user-name-{index:03}")).collect();
    let (server, mut teacher) = class(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let _there = server.login(&names[7]);
    let (people, pages) = ask(&mut teacher, json!({"type": "attendance"}));
    assert!(pages > 1);
    assert_eq!(people.iter().map(|person| person["username"].as_str().unwrap()).collect::<Vec<_>>(), names);
    assert_eq!(people.iter().filter(|person| person["first"].is_string()).count(), 1);
}

#[test]
fn where_nothing_is_written_down_memory_tells() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.server().args(&["--no-journal"]).start();
    let mut ada = server.login("ada");
    ada.say("hello");
    let (people, _) = ask(&mut server.admin(), json!({"type": "attendance"}));
    assert_eq!((&people[0]["username"], &people[0]["messages"]), (&json!("ada"), &json!(1)));
}

/// More than one request may read: the next one goes on. Nobody else waits for it.
#[test]
fn a_journal_that_is_longer_than_one_request_may_read() {
    let data = DataDir::with_users(&["ada", "ben"]);
    fs::create_dir(data.file("journal")).unwrap();
    let text = "x".repeat(4_000);
    let mut lines = String::new();
    let messages = 9_000;
    for seq in 1..=messages {
        lines.push_str(&format!(
            r#"{{"type":"message","seq":{seq},"time":"2026-11-28T08:00:00.000Z","from":"ada","room":"general","text":"{text}"}}"#
        ));
        lines.push('\n');
    }
    fs::write(data.file(&format!("journal/{:020}.jsonl", 1)), lines).unwrap();
    let server = data.start();
    let (mut root, mut ben) = (server.admin(), server.login("ben"));
    let asked = request("2026-11-28T08:00:00Z", "2026-11-28T09:00:00Z");
    assert_error(&root.ask(asked.clone()), "try_later");
    ben.say("meanwhile");
    let (people, _) = ask(&mut root, asked.clone());
    assert_eq!((&people[0]["username"], &people[0]["messages"]), (&json!("ada"), &json!(messages)));
    assert_eq!(people[1], json!({"username": "ben"}));
    // What comes later than all that is read in no time: it is known who was there before.
    let (people, _) = ask(&mut root, request("2026-11-28T10:00:00Z", "2100-01-01T00:00:00Z"));
    assert_eq!((&people[0], &people[1]["messages"]), (&json!({"username": "ada"}), &json!(1)));
}
