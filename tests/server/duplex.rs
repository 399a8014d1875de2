//! Both directions of a connection at once.

use crate::harness::{Peer, Server, Share};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Barrier;
use std::thread;

/// What each side says.
const BYTES: usize = 10_000_000;
const TEXT_BYTES: usize = 4_000;
const MESSAGES: usize = BYTES / TEXT_BYTES;

/// What one listener heard of each speaker: how many messages, and the hash of their texts in order.
#[derive(Default)]
struct Heard([(usize, Sha256); 2]);

impl Heard {
    fn hear(&mut self, line: &Value) {
        if line["type"] == "message" {
            self.add(usize::from(line["from"] == "bob"), line["text"].as_str().unwrap());
        }
    }

    fn add(&mut self, speaker: usize, text: &str) {
        let (messages, hash) = &mut self.0[speaker];
        *messages += 1;
        hash.update(text.as_bytes());
    }

    fn is_everything(&self) -> bool {
        self.0.iter().all(|(messages, _)| *messages == MESSAGES)
    }

    fn hashes(self) -> Vec<[u8; 32]> {
        self.0.into_iter().map(|(_, hash)| hash.finalize().into()).collect()
    }
}

/// The `i`th text of somebody, unlike every other.
fn text(name: &str, i: usize) -> String {
    let start = format!("{name} {i} ");
    let letter = char::from(b'a' + (i % 26) as u8).to_string();
    let rest = letter.repeat(TEXT_BYTES - start.len());
    start + &rest
}

/// Says 10 MB while it hears everybody.
fn speak_and_hear(mut peer: Peer, name: &str) -> Heard {
    let mut heard = Heard::default();
    for first in (0..MESSAGES).step_by(50) {
        let lines = (first..first + 50).map(|i| format!("{}\n", json!({"type": "say", "text": text(name, i)})));
        peer.pour(lines.collect::<String>().as_bytes(), |line| {
            heard.hear(line);
            Share::Drop
        });
    }
    while !heard.is_everything() {
        heard.hear(&peer.next());
    }
    heard
}

#[test]
fn ten_megabytes_each_way_at_once_arrive_whole() {
    let server = Server::unlimited(&["ada", "bob"]);
    let start = Barrier::new(2);
    let heard: Vec<Heard> = thread::scope(|scope| {
        let threads = ["ada", "bob"].map(|name| {
            let (peer, start) = (server.login(name), &start);
            scope.spawn(move || {
                start.wait();
                speak_and_hear(peer, name)
            })
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut said = Heard::default();
    for (speaker, name) in ["ada", "bob"].into_iter().enumerate() {
        (0..MESSAGES).for_each(|i| said.add(speaker, &text(name, i)));
    }
    let said = said.hashes();
    heard.into_iter().for_each(|heard| assert_eq!(heard.hashes(), said));
}
