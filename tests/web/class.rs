//! A class of which half come through the page and half with a terminal.

use crate::harness::{Browser, DataDir, Peer, Server};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;

/// How many of each kind.
const EACH: usize = 30;
/// How many messages each of them says.
const MESSAGES: usize = 10;

/// Somebody of the class.
enum Someone {
    Browser(Box<Browser>),
    Terminal(Box<Peer>),
}

impl Someone {
    /// The first half come through the page.
    fn come(server: &Server, number: usize, name: &str) -> Self {
        if number < EACH {
            Self::Browser(Browser::login(server.address(), name).into())
        } else {
            Self::Terminal(server.login(name).into())
        }
    }

    fn say(&mut self, text: &str) {
        let request = json!({"type": "say", "text": text});
        match self {
            Self::Browser(browser) => browser.send(&request),
            Self::Terminal(peer) => peer.send(&request),
        }
    }

    fn next_message(&mut self) -> Value {
        let is_message = |line: &Value| line["type"] == "message";
        match self {
            Self::Browser(browser) => browser.find(is_message),
            Self::Terminal(peer) => peer.find("a message", is_message),
        }
    }
}

#[test]
fn thirty_browsers_and_thirty_terminals_see_everything_in_one_order() {
    let names: Vec<String> = (0..2 * EACH).map(|number| format!("student{number:02}")).collect();
    let data = DataDir::with_users(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let limits = ["--message-rate", "off", "--max-strangers-per-address", "100"];
    let (server, start) = (data.server().args(&limits).start(), Barrier::new(names.len()));
    let views: Vec<Vec<[Value; 3]>> = thread::scope(|scope| {
        let threads: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let (server, start) = (&server, &start);
                scope.spawn(move || {
                    let mut someone = Someone::come(server, number, name);
                    start.wait();
                    (0..MESSAGES).for_each(|i| someone.say(&format!("{name} {i}")));
                    let all = 2 * EACH * MESSAGES;
                    let mut message = || someone.next_message();
                    (0..all)
                        .map(|_| message())
                        .map(|line| [line["seq"].clone(), line["from"].clone(), line["text"].clone()])
                        .collect()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (name, view) in names.iter().zip(&views) {
        assert!(view == &views[0], "{name} and {} saw two orders:\n{view:?}\n{:?}", names[0], views[0]);
        let own = views[0].iter().filter(|[_, from, _]| from == name).map(|[_, _, text]| text.clone());
        assert_eq!(own.collect::<Vec<_>>(), (0..MESSAGES).map(|i| format!("{name} {i}")).collect::<Vec<_>>());
    }
    assert!(views[0].is_sorted_by_key(|[seq, ..]| seq.as_u64()), "{:?}", views[0]);
}
