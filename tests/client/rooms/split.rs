//! A class that is split, in plain lines.

use super::*;

/// What happens at the first `/who`.
fn once(events: impl Fn(u64) -> Vec<Value> + Send + 'static) -> impl FnMut(&Value, u64) -> Vec<Value> + Send + 'static {
    move |request, seq| match request["type"].as_str() {
        Some("who") => [events(seq), vec![json!({"type": "reply", "ok": true, "users": ["ada"]})]].concat(),
        _ => Vec::new(),
    }
}

fn split(seq: u64) -> Value {
    event("split", seq, json!({"from": "bob", "groups": 5, "until": "2026-11-23T12:20:00.123Z"}))
}

#[test]
fn everyone_reads_that_the_class_is_split_and_until_when() {
    let (_, shown, _) = script(
        &["/who"],
        once(|seq| {
            vec![
                split(seq),
                event("gathered", seq + 1, json!({"from": "bob"})),
                event("split", seq + 2, json!({"from": "bob", "groups": 1})),
                event("gathered", seq + 3, json!({})),
            ]
        }),
    );
    let lines = "* bob splits the class into 5 groups, until 12:20\n* bob gathers the class\n\
                 * bob splits the class into 1 group\n* the groups' time is over\n";
    assert!(shown.contains(lines), "{shown}");
}

#[test]
fn programs_get_the_event_as_it_came() {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(move |guest| serve(guest, once(|seq| vec![split(seq)])));
    let finished = Terminal::start(&[&link, "--user", "ada", "--json"], Some(PASSWORD)).script(&["/who"]);
    host.join().unwrap();
    let lines: Vec<Value> = finished.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.contains(&split(100)), "{finished:?}");
}

/// Hands and questions of a group are where no teacher is.
#[test]
fn a_hand_and_a_question_out_of_a_group_reach_the_teacher() {
    let server = Server::with_users(&["ada"]);
    let mut teacher = server.admin();
    let mut ada = Terminal::join(&server, "ada");
    ada.stdout.wait_for("online");
    assert_eq!(teacher.ask(json!({"type": "split", "groups": 1}))["ok"], true);
    ada.stdout.wait_for("let you into #group-1");
    for line in ["/room group-1", "/hand is it 4?", "/ask is it 5?", "/hand", "/hand -"] {
        ada.type_line(line);
    }
    let hand = teacher.find("a hand", |line| line["type"] == "hand");
    assert_eq!((&hand["room"], &hand["text"]), (&json!("general"), &json!("is it 4?")), "{hand}");
    let question = teacher.find("a question", |line| line["type"] == "question");
    assert_eq!((&question["room"], &question["text"]), (&json!("general"), &json!("is it 5?")), "{question}");
    teacher.find("no hand", |line| line["type"] == "hand" && line["up"] == false);
    let finished = ada.finish();
    let shown = finished.succeeded();
    let told: Vec<&str> = shown.lines().filter(|line| line.contains("in #general")).collect();
    assert_eq!(
        told,
        [
            "* your hand is up in #general, where the teacher sees it",
            "* your question is in #general, where the teacher sees it",
            "* your hand is up in #general, where the teacher sees it",
            "* your hand is down in #general",
        ],
        "{shown}"
    );
}

/// Of a question that is asked where the teacher isn't, the teacher gets no more than whose it is.
#[test]
fn a_question_that_is_not_seen_is_told_with_its_room() {
    let asked = |seq: u64, question: u64, room: Value| {
        let mut asked = event("asked", seq, json!({"question": question, "from": "eve", "room": room}));
        if room.is_null() {
            asked.as_object_mut().unwrap().remove("room");
        }
        asked
    };
    let (_, shown, _) = script(
        &["/who"],
        once(move |seq| {
            vec![
                asked(seq, seq - 1, json!("group-2")),
                event("question", seq + 1, json!({"room": "general", "text": "why?"})),
                asked(seq + 2, seq + 1, json!("general")),
                // As an older server might say it.
                asked(seq + 3, 7, Value::Null),
            ]
        }),
    );
    for line in [
        "! eve asks something in #group-2, where you are not: /join group-2 goes there",
        "[12:00] eve (question): why?",
        "* eve asked that",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}: {shown}");
    }
    assert_eq!(shown.matches("asks something").count(), 1, "{shown}");
}

#[test]
fn the_end_of_a_poll_has_its_question_in_the_history() {
    let poll = |seq: u64, question: &str| {
        event(
            "poll",
            seq,
            json!({"room": "general", "from": "bob", "poll": seq, "question": question, "options": ["this", "that"]}),
        )
    };
    let end = |seq: u64, poll: u64| {
        event(
            "poll_closed",
            seq,
            json!({"room": "general", "from": "bob", "poll": poll, "counts": [1, 0], "voted": 1, "entitled": 2}),
        )
    };
    let (_, shown, _) = script(&["/who", "/history"], move |request, _| match request["type"].as_str() {
        // Of these two the client has seen the beginning.
        Some("who") => {
            vec![poll(50, "Seen?"), poll(51, "Newest?"), json!({"type": "reply", "ok": true, "users": ["ada"]})]
        }
        Some("history") => {
            let events = [poll(2, "Here?"), end(3, 2), end(52, 50), end(53, 7), end(54, 51)];
            vec![json!({"type": "reply", "ok": true, "events": events})]
        }
        _ => Vec::new(),
    });
    let (_, history) = shown.split_once("asks: Here?").unwrap();
    let ends: Vec<&str> = history.lines().filter(|line| line.contains("is over")).collect();
    assert_eq!(
        ends,
        [
            "* the poll is over (bob): Here?",
            "* the poll is over (bob): Seen?",
            "* poll #7 is over (bob)",
            "* the poll is over (bob): Newest?",
        ],
        "{shown}"
    );
}
