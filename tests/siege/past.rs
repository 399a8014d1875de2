//! What was said before everything begins: much, most of it whispers between two.

use crate::harness::{PASSWORD, Peer, Server, Share};
use serde_json::{Value, json};

const WHISPERERS: [&str; 2] = ["wilma", "wes"];
/// What everybody may read: minutes of it for a slow reader.
const SAID_BYTES: usize = 4 * 1024 * 1024;
/// What two have whispered. In the long form it is what the server keeps in memory, which must be full before memory is
/// compared; in the short one little is said that could fill it.
pub(crate) const LONG_BYTES: usize = 32 * 1024 * 1024;
pub(crate) const SHORT_BYTES: usize = 8 * 1024 * 1024;
/// Requests that are sent at once.
const BATCH: usize = 500;

/// In the form of `user import`.
pub(crate) fn accounts() -> String {
    WHISPERERS.map(|name| format!("{name},{PASSWORD},user\n")).concat()
}

/// Says it all, so many bytes of it whispers; gives a place in the middle of the whispers.
pub(crate) fn fill(server: &Server, whispered_bytes: usize) -> u64 {
    let mut peer = server.login(WHISPERERS[0]);
    pour(&mut peer, &json!({"type": "say", "text": "x".repeat(2_000)}), SAID_BYTES);
    // As short as what the class says: the server keeps something about each line beside the line.
    let whisper =
        json!({"type": "whisper", "to": WHISPERERS[1], "text": "between the two of us, and nobody else, please"});
    pour(&mut peer, &whisper, whispered_bytes / 2);
    let amid = peer.ask(json!({"type": "whisper", "to": WHISPERERS[1], "text": "half of it"}))["seq"].as_u64();
    pour(&mut peer, &whisper, whispered_bytes / 2);
    peer.ask(json!({"type": "logout"}));
    amid.unwrap()
}

/// Asks for the same again and again, until its events have so many bytes.
fn pour(peer: &mut Peer, request: &Value, bytes: usize) {
    // The event has an id, which the others don't.
    let event_bytes = peer.ask(request.clone()).to_string().len();
    let batch = format!("{request}\n").repeat(BATCH);
    for _ in 0..=bytes / (event_bytes * BATCH) {
        peer.pour(batch.as_bytes(), |_| Share::Drop);
    }
    // Its answer comes after everything before it; the connection is read meanwhile.
    peer.send(&json!({"type": "ping", "id": "filled"}));
    peer.until("the end of the filling", |line| line["id"] == "filled");
}
