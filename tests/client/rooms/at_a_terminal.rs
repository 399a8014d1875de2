//! Rooms at a person's terminal.

use super::*;
use crate::client::screen::client;
use crate::harness::Screen;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// A person in front of a terminal, and the server that they are at.
pub(super) struct Scene {
    pub(super) ada: Screen,
    /// What happens.
    events: Sender<Value>,
    /// What was asked for.
    asked: Receiver<Value>,
    host: Option<JoinHandle<()>>,
    _config: TempDir,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::welcomed(json!({}), &[">"])
    }

    /// With more in the welcome, up to these last rows.
    pub(super) fn welcomed(more: Value, last: &[&str]) -> Self {
        let server = FakeServer::new();
        let link = server.join_link();
        let (events, happens) = channel::<Value>();
        let (asks, asked) = channel();
        let host = server.meet(move |guest| {
            let mut welcome = json!({"type": "welcome", "protocol": 1, "server": "s", "username": "ada", "role": "user",
                "token": "t", "seq": 1, "users": ["ada"], "must_change_password": false});
            welcome.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            guest.write(&welcome);
            // What is to happen, until nothing more is; a null is a turn of the client's.
            while let Ok(event) = happens.recv() {
                if !event.is_null() {
                    guest.write(&event);
                    continue;
                }
                let request = guest.read();
                asks.send(request).unwrap();
            }
        });
        let config = TempDir::new().unwrap();
        let mut command = client(config.path());
        let ada = Screen::start(command.args([&link, "--user", "ada", "--no-reconnect"]), (24, 70));
        ada.wait_for_end(last);
        Self { ada, events, asked, host: Some(host), _config: config }
    }

    pub(super) fn happens(&self, event: Value) {
        self.events.send(event).unwrap();
    }

    /// The next request.
    #[track_caller]
    pub(super) fn asks(&self) -> Value {
        self.events.send(Value::Null).unwrap();
        self.asked.recv().unwrap()
    }

    /// The next request, which is who else is in a group; these are.
    #[track_caller]
    pub(super) fn asks_for_company(&self, room: &str, users: &[&str]) {
        let request = self.asks();
        assert_eq!((&request["type"], &request["room"]), (&json!("who"), &json!(room)), "{request}");
        self.happens(json!({"type": "reply", "ok": true, "id": request["id"], "users": users}));
    }

    /// The next request, which is to say something; it is answered.
    #[track_caller]
    pub(super) fn says(&self, seq: u64, room: Option<&str>, text: &str) {
        let request = self.asks();
        assert_eq!((&request["type"], request["room"].as_str(), &request["text"]), (&json!("say"), room, &json!(text)));
        self.happens(event(
            "message",
            seq,
            json!({"from": "ada", "room": room.unwrap_or("general"), "text": text,
            "id": request["id"]}),
        ));
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        (self.events, _) = channel();
        // It may have failed, which is told by itself.
        let _ = self.host.take().unwrap().join();
    }
}

#[test]
fn a_split_moves_the_prompt_and_what_is_half_typed_stays() {
    let mut scene = Scene::new();
    scene.ada.press("half a li");
    scene.ada.wait_for_end(&["> half a li"]);
    scene.happens(entered(2, "group-1", json!({"by": "bob"})));
    scene.asks_for_company("group-1", &["ada"]);
    scene.ada.wait_for_end(&[
        "! you speak in #group-1 now",
        "* you are alone in #group-1 so far",
        "#group-1 > half a li",
    ]);
    // Nobody can have read that yet: it isn't said.
    std::thread::sleep(std::time::Duration::from_millis(600));
    scene.ada.press("ne\r");
    scene.says(3, Some("group-1"), "half a line");
    scene.happens(said(4, "general", "elsewhere"));
    scene.ada.wait_for_end(&["12:00 ada: half a line", "#general 12:00 bob: elsewhere", "#group-1 >"]);
    scene.happens(event("room_closed", 5, json!({"room": "group-1", "by": "bob"})));
    scene.ada.wait_for_end(&["* #group-1 is closed (by bob)", "! you speak in #general now again", ">"]);
    scene.ada.press("back\r");
    scene.says(6, None, "back");
}

#[test]
fn what_is_entered_before_a_new_prompt_can_be_read_is_not_said() {
    let mut scene = Scene::new();
    scene.ada.press("for the general room");
    scene.ada.wait_for_end(&["> for the general room"]);
    scene.happens(entered(2, "group-1", json!({"by": "bob"})));
    scene.ada.wait_for_end(&["#group-1 > for the general room"]);
    scene.ada.press("\r");
    scene.ada.wait_for(|rows| {
        rows.iter().any(|row| row.contains("was not said yet"))
            && rows.last().is_some_and(|row| row == "#group-1 > for the general room")
    });
    scene.asks_for_company("group-1", &["ada"]);
    // The room that it was meant for is one key away.
    scene.ada.press("\x1b1");
    scene.ada.wait_for_end(&["> for the general room"]);
    scene.ada.press("\r");
    scene.says(3, None, "for the general room");
}

#[test]
fn alt_and_a_number_speak_in_another_room() {
    let mut scene = Scene::new();
    scene.ada.press("/join chess\re4\r");
    let enter = scene.asks();
    assert_eq!((&enter["type"], &enter["room"]), (&json!("enter"), &json!("chess")));
    scene.ada.wait_for_end(&["#chess >"]);
    scene.happens(entered(2, "chess", json!({"id": enter["id"]})));
    scene.says(3, Some("chess"), "e4");
    scene.ada.wait_for_end(&["12:00 ada: e4", "#chess >"]);
    scene.ada.press("half\x1b1");
    scene.ada.wait_for_end(&["* you speak in #general now", "> half"]);
    scene.ada.press(" here\r");
    scene.says(4, None, "half here");
    scene.happens(said(5, "chess", "e5"));
    scene.ada.wait_for_end(&["12:00 ada: half here", "#chess 12:00 bob: e5", ">"]);
    scene.ada.press("\x1b2");
    scene.ada.wait_for_end(&["* you speak in #chess now; 1 message came there meanwhile", "#chess >"]);
    scene.ada.press("Nf3\x1b9");
    scene.ada.wait_for_end(&["! you are in no room with the number 9: /rooms lists what there is", "#chess > Nf3"]);
    scene.ada.press("\r");
    scene.says(6, Some("chess"), "Nf3");
    scene.ada.wait_for_end(&["12:00 ada: Nf3", "#chess >"]);
    scene.ada.press("\x1b2");
    scene.ada.wait_for_end(&["* you speak in #chess already", "#chess >"]);
}

#[test]
fn who_is_not_let_in_speaks_where_they_spoke() {
    let mut scene = Scene::new();
    scene.ada.press("/join latin\rsalve\r");
    let enter = scene.asks();
    scene.happens(json!({"type": "error", "id": enter["id"], "code": "unknown_room", "message": "no such room"}));
    let say = scene.asks();
    assert_eq!(say["room"], "latin", "the prompt named it");
    scene.happens(json!({"type": "error", "id": say["id"], "code": "unknown_room", "message": "no such room"}));
    scene.ada.wait_for_end(&["! no such room", "! no such room; not said: #latin salve", ">"]);
}

#[test]
fn the_prompt_tells_of_the_floor_and_gives_back_what_is_refused() {
    let mut scene = Scene::new();
    let floor = |seq, mode: &str| {
        event(
            "floor",
            seq,
            json!({"room": "general", "from": "bob", "mode": mode, "until": "2026-11-23T12:04:00.123Z",
            "whispers": "all"}),
        )
    };
    scene.happens(floor(2, "quiet"));
    scene.ada.wait_for(|rows| rows.last().is_some_and(|row| row == "quiet 4 min >"));
    let refuse = |scene: &Scene| {
        let request = scene.asks();
        scene.happens(json!({"type": "error", "id": request["id"], "code": "quiet", "message": "it is quiet"}));
    };
    scene.ada.press("I know it\r");
    refuse(&scene);
    scene.ada.wait_for_end(&["! it is quiet; it is in your line again, Ctrl-U clears it", "quiet 4 min > I know it"]);
    // Another line is being typed when it comes back.
    scene.ada.press("\r");
    scene.ada.wait_for_end(&["quiet 4 min >"]);
    scene.ada.press("some");
    scene.ada.wait_for_end(&["quiet 4 min > some"]);
    refuse(&scene);
    scene.ada.wait_for_end(&["! it is quiet; not said: I know it", "quiet 4 min > some"]);
    scene.happens(event("called", 3, json!({"room": "general", "username": "ada", "from": "bob"})));
    scene.ada.wait_for_end(&["! bob calls you: you may speak now", "quiet 4 min, your turn > some"]);
    scene.happens(floor(4, "open"));
    scene.ada.wait_for_end(&["* everyone may speak (bob)", "> some"]);
}

#[test]
fn before_the_first_question_one_is_told_who_sees_it() {
    let mut scene = Scene::new();
    scene.ada.press("/ask why?\r");
    scene.ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
    scene.ada.press("n\r");
    scene.ada.wait_for_end(&["! it was not asked", ">"]);
    scene.ada.press("/ask why?\r");
    scene.ada.wait_for(|rows| rows.last().is_some_and(|row| row.starts_with("[y/N]")));
    scene.ada.press("y\r");
    let answer = |scene: &Scene, seq, text: &str| {
        let request = scene.asks();
        assert_eq!((&request["type"], &request["text"]), (&json!("ask"), &json!(text)));
        scene.happens(event("question", seq, json!({"room": "general", "text": text})));
        scene.happens(event(
            "asked",
            seq + 1,
            json!({"room": "general", "question": seq, "from": "ada", "id": request["id"]}),
        ));
    };
    answer(&scene, 2, "why?");
    scene.ada.wait_for(|rows| rows.iter().any(|row| row.contains("(question): why?")));
    // Once is enough.
    scene.ada.press("/ask how?\r");
    answer(&scene, 4, "how?");
    scene.ada.wait_for(|rows| rows.iter().any(|row| row.contains("(question): how?")));
}

#[test]
fn a_poll_in_bars() {
    let mut scene = Scene::new();
    scene.happens(event(
        "poll",
        2,
        json!({"room": "general", "from": "bob", "poll": 2, "question": "Which?",
        "options": ["this", "that"]}),
    ));
    scene.ada.wait_for_end(&["* bob asks: Which? (/vote NUMBER chooses)", "  1  this", "  2  that", ">"]);
    scene.ada.press("/vote 2\r");
    let vote = scene.asks();
    assert_eq!((&vote["type"], &vote["poll"], &vote["option"]), (&json!("vote"), &json!(2), &json!(1)));
    scene.happens(json!({"type": "reply", "id": vote["id"], "ok": true}));
    scene.ada.wait_for_end(&["* you chose 2 that; another /vote replaces it", ">"]);
    scene.happens(event(
        "poll_closed",
        3,
        json!({"room": "general", "from": "bob", "poll": 2, "counts": [1, 4],
        "voted": 5, "entitled": 6}),
    ));
    scene.ada.wait_for(|rows| {
        let bars: Vec<usize> = rows.iter().map(|row| row.matches('█').count()).filter(|bar| *bar > 0).collect();
        bars == [10, 40] && rows[rows.len() - 2] == "* 5 of 6 voted"
    });
}
