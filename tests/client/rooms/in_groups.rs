//! A class that is split, as its people see it at their terminals.

use super::at_a_terminal::Scene;
use super::*;
use crate::client::screen::client;
use crate::harness::Screen;

fn split(seq: u64) -> Value {
    event("split", seq, json!({"from": "bob", "groups": 5, "until": "2026-11-23T12:20:00.123Z"}))
}

/// What the welcome says to somebody in group-2, in whose general room it is quiet.
fn in_group_2() -> Value {
    let until = (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(20)).to_string();
    let floor = |mode: &str| json!({"mode": mode, "whispers": "all"});
    json!({
        "split": {"groups": 5, "until": until},
        "rooms": [
            {"room": "general", "open": true, "floor": floor("quiet")},
            {"room": "group-2", "open": false, "floor": floor("open")},
        ],
    })
}

#[test]
fn the_prompt_tells_how_long_the_class_is_still_split() {
    let scene = Scene::new();
    scene.happens(split(2));
    scene.happens(entered(3, "group-1", json!({"by": "bob"})));
    scene.asks_for_company("group-1", &["ada", "zoe", "bob"]);
    scene.ada.wait_for_end(&[
        "* bob splits the class into 5 groups, until 12:20",
        "* bob put you into #group-1",
        "! you speak in #group-1 now",
        "* with you in #group-1: zoe, bob",
        "#group-1 20 min left >",
    ]);
    let quiet = json!({"room": "group-1", "from": "bob", "mode": "quiet", "until": "2026-11-23T12:04:00.123Z",
        "whispers": "all"});
    scene.happens(event("floor", 4, quiet));
    scene.ada.wait_for(|rows| rows.last().is_some_and(|row| row == "#group-1 20 min left, quiet 4 min >"));
    scene.happens(event("room_closed", 5, json!({"room": "group-1", "by": "bob"})));
    scene.happens(event("gathered", 6, json!({"from": "bob"})));
    scene.ada.wait_for_end(&["* bob gathers the class", ">"]);
    // The next one has no end.
    scene.happens(event("split", 7, json!({"from": "bob", "groups": 2})));
    scene.happens(entered(8, "group-1", json!({"by": "bob"})));
    scene.ada.wait_for(|rows| rows.last().is_some_and(|row| row == "#group-1 >"));
    scene.asks_for_company("group-1", &["ada"]);
}

#[test]
fn whoever_starts_the_client_anew_speaks_in_their_group() {
    let mut scene = Scene::welcomed(
        in_group_2(),
        &[
            "* you are in #general, #group-2; /room ROOM speaks there",
            "! you speak in #group-2 now",
            "#group-2 20 min left >",
        ],
    );
    scene.asks_for_company("group-2", &["ada", "eve"]);
    scene.ada.wait_for_end(&["* with you in #group-2: eve", "#group-2 20 min left >"]);
    let shown = scene.ada.rows().join("\n");
    assert!(shown.contains("* the class is in 5 groups, until ") && !shown.contains("it is quiet here"), "{shown}");
    scene.ada.press("hello\r");
    scene.says(2, Some("group-2"), "hello");
}

/// Who comes late, or has left their group; and teachers, who are in none of them.
#[test]
fn whoever_is_in_no_group_is_told_how_to_get_into_one() {
    let mut welcome = in_group_2();
    welcome["rooms"].as_array_mut().unwrap().truncate(1);
    for (role, hint) in [("user", ": /hand asks a teacher to let you in"), ("teacher", "")] {
        welcome["role"] = json!(role);
        let scene = Scene::welcomed(welcome.clone(), &["* it is quiet here", "groups 20 min, quiet >"]);
        let shown = scene.ada.rows().join("").replace(' ', "");
        let told = format!("; you are in none{hint}* it is quiet here").replace(' ', "");
        assert!(shown.contains("*theclassisin5groups,until") && shown.contains(&told), "{role}: {shown}");
        scene.happens(event("gathered", 2, json!({"from": "bob"})));
        scene.ada.wait_for_end(&["* bob gathers the class", "quiet >"]);
        scene.happens(split(3));
        scene.ada.wait_for(|rows| rows.last().is_some_and(|row| row == "groups 20 min, quiet >"));
    }
}

#[test]
fn who_may_whisper_is_said_at_the_login() {
    for (whispers, told) in [
        ("staff", Some("* whispers are to teachers and from them alone")),
        ("off", Some("* nobody may whisper")),
        ("all", None),
    ] {
        let floor = json!({"mode": "quiet", "whispers": whispers});
        let rooms = json!([{"room": "general", "open": true, "floor": floor}]);
        let last: Vec<&str> = ["* it is quiet here"].into_iter().chain(told).chain(["quiet >"]).collect();
        Scene::welcomed(json!({"rooms": rooms}), &last);
    }
}

/// As teachers do, who look in on each of them.
#[test]
fn whoever_is_in_several_groups_speaks_in_none_of_them() {
    let mut welcome = in_group_2();
    let another = json!({"room": "group-3", "open": false, "floor": {"mode": "open", "whispers": "all"}});
    welcome["rooms"].as_array_mut().unwrap().push(another);
    let mut scene = Scene::welcomed(welcome, &["groups 20 min, quiet >"]);
    scene.ada.press("hello\r");
    scene.says(2, None, "hello");
}

#[test]
fn after_a_lost_connection_one_is_where_one_was_or_chose_to_be() {
    let server = Server::with_users(&["ada"]);
    let proxy = Proxy::to(server.address());
    let mut teacher = server.admin();
    let config = TempDir::new().unwrap();
    let link = format!("homeroom://{}#{}", proxy.address(), server.fingerprint());
    let mut ada = Screen::start(client(config.path()).args([&link, "--user", "ada"]), (24, 100));
    ada.wait_for_end(&[">"]);
    assert_eq!(teacher.ask(json!({"type": "split", "groups": [["ada"]]}))["ok"], true);
    ada.wait_for_end(&["* you are alone in #group-1 so far", "#group-1 >"]);
    let cut = |ada: &Screen, times: usize| {
        proxy.trouble_all(Trouble::Reset);
        ada.wait_for(|rows| {
            let back = rows.iter().filter(|row| row.starts_with("* back after")).count();
            back == times && rows.last().is_some_and(|row| !row.starts_with("(not connected)"))
        });
    };
    cut(&ada, 1);
    teacher.ask(json!({"type": "enter", "room": "group-1"}));
    ada.press("in the group\r");
    assert_eq!(teacher.find("what ada said", |line| line["text"] == "in the group")["room"], "group-1");
    ada.press("/room general\r");
    ada.wait_for_end(&["* you speak in #general now", ">"]);
    cut(&ada, 2);
    ada.press("to all\r");
    assert_eq!(teacher.find("what ada said", |line| line["text"] == "to all")["room"], "general");
}

#[test]
fn hands_and_questions_of_a_group_go_to_the_general_room() {
    let mut scene = Scene::new();
    scene.happens(entered(2, "group-2", json!({"by": "bob"})));
    scene.asks_for_company("group-2", &["ada"]);
    scene.ada.wait_for_end(&["#group-2 >"]);
    for (line, up, told) in [
        ("/hand why?\r", true, "* your hand is up in #general, where the teacher sees it"),
        ("/hand down\r", false, "* your hand is down in #general"),
    ] {
        scene.ada.press(line);
        let request = scene.asks();
        assert_eq!((&request["type"], &request["up"], &request["room"]), (&json!("hand"), &json!(up), &Value::Null));
        let seq = if up { 3 } else { 4 };
        scene.happens(event("hand", seq, json!({"room": "general", "username": "ada", "up": up, "id": request["id"]})));
        scene.ada.wait_for_end(&[told, "#group-2 >"]);
    }
    scene.ada.press("/ask why?\r");
    scene.ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
    scene.ada.press("y\r");
    let request = scene.asks();
    assert_eq!((&request["type"], &request["room"]), (&json!("ask"), &Value::Null));
    scene.happens(event("question", 5, json!({"room": "general", "text": "why?"})));
    scene.happens(event("asked", 6, json!({"room": "general", "question": 5, "from": "ada", "id": request["id"]})));
    scene.ada.wait_for_end(&["* your question is in #general, where the teacher sees it", "#group-2 >"]);
    scene.happens(event("called", 7, json!({"room": "general", "username": "ada", "from": "bob"})));
    scene.ada.wait_for_end(&["! bob calls you in #general: you may speak there now (/room general)", "#group-2 >"]);
}

#[test]
fn who_goes_into_a_group_is_told_who_is_there_and_no_refusal_is_shown() {
    let mut scene = Scene::new();
    for (seq, group, answer) in [
        (
            2,
            "group-1",
            json!({"type": "reply", "ok": true, "users": ["ada", "eve"], "names": {"eve": "Eve N"}, "more": 2}),
        ),
        (3, "group-2", json!({"type": "error", "code": "not_in_room", "message": "you are not there"})),
    ] {
        scene.ada.press(&format!("/join {group}\r"));
        let request = scene.asks();
        scene.happens(entered(seq, group, json!({"id": request["id"]})));
        let mut answer = answer;
        answer["id"] = scene.asks()["id"].clone();
        scene.happens(answer);
        if seq == 2 {
            scene.ada.wait_for_end(&["* with you in #group-1: eve (Eve N), and 2 more", "#group-1 >"]);
        }
    }
    scene.happens(said(4, "general", "later"));
    scene.ada.wait_for_end(&["* you are in #group-2 now, and speak there", "#general 12:00 bob: later", "#group-2 >"]);
}
