//! A class of 30, all at once.

use crate::harness::{DataDir, Peer, Server};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;

const CLIENTS: usize = 30;
const MESSAGES: usize = 20;

fn names() -> Vec<String> {
    (0..CLIENTS).map(|i| format!("student{i:02}")).collect()
}

fn class() -> Server {
    let names = names();
    let data = DataDir::with_users(&names.iter().map(String::as_str).collect::<Vec<_>>());
    data.server().args(&["--message-rate", "off"]).start()
}

/// Says its messages as fast as it can; gives everything that everybody said.
fn talk(mut peer: Peer, name: &str) -> Vec<Value> {
    let lines = (0..MESSAGES).map(|i| format!("{}\n", json!({"type": "say", "text": format!("{name} {i}")})));
    peer.send_bytes(lines.collect::<String>().as_bytes());
    let all = CLIENTS * MESSAGES;
    let mut events: Vec<Value> = Vec::with_capacity(all);
    while events.len() < all {
        events.push(peer.find("a message", |line| line["type"] == "message"));
    }
    events
}

#[test]
fn thirty_at_once_all_see_everything_in_one_order() {
    let server = class();
    let start = Barrier::new(CLIENTS);
    let views: Vec<Vec<Value>> = thread::scope(|scope| {
        let threads: Vec<_> = names()
            .into_iter()
            .map(|name| {
                let (server, start) = (&server, &start);
                scope.spawn(move || {
                    let peer = server.login(&name);
                    start.wait();
                    talk(peer, &name)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let order: Vec<_> = views[0].iter().map(|event| (&event["seq"], &event["from"], &event["text"])).collect();
    for view in &views {
        let this: Vec<_> = view.iter().map(|event| (&event["seq"], &event["from"], &event["text"])).collect();
        assert!(this == order, "two orders:\n{this:?}\n{order:?}");
    }
    for name in names() {
        let texts: Vec<_> = views[0].iter().filter(|e| e["from"] == *name).map(|e| e["text"].clone()).collect();
        assert_eq!(texts, (0..MESSAGES).map(|i| format!("{name} {i}")).collect::<Vec<_>>());
    }
}

#[test]
fn thirty_come_and_go_at_once_and_the_list_is_right() {
    let server = class();
    let mut admin = server.admin();
    thread::scope(|scope| {
        for name in names() {
            let server = &server;
            scope.spawn(move || {
                server.login(&name).ask(json!({"type": "logout"}));
                drop(server.login(&name));
                server.login(&name).ask(json!({"type": "logout"}));
            });
        }
    });
    let end = std::time::Instant::now() + crate::harness::DEADLINE;
    // Each account's coming and going alternate, and end with a going.
    for name in names() {
        let mut online = false;
        let mut events = 0;
        loop {
            assert!(std::time::Instant::now() < end, "{name} is still there after {events} events");
            let event = admin.find(&name, |line| line["username"] == *name);
            assert_eq!(event["type"], if online { "left" } else { "joined" }, "{name}: {event}");
            online = !online;
            events += 1;
            if !online && admin.ask(json!({"type": "who"}))["users"] == json!([crate::harness::ADMIN]) {
                // An answer may overtake events, an event doesn't.
                admin.say("all have gone");
                break;
            }
        }
        assert!(admin.inbox().iter().filter(|line| line["username"] == *name).count() % 2 == 0, "{name}");
    }
}
