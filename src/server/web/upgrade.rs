//! How a request becomes a WebSocket, or why it doesn't (RFC 6455, 4.2).

use super::answer::Answer;
use super::head::{Head, is_place};
use data_encoding::BASE64;
use tungstenite::handshake::derive_accept_key;

/// The bytes of a key, before they are written in letters.
const KEY_BYTES: usize = 16;
/// The version that is spoken, and the only one that browsers do.
const VERSION: &str = "13";
/// A secure page's port, where none is said.
const DEFAULT_PORT: &str = ":443";

/// The head of the answer with which the WebSocket begins.
pub(super) fn accept(head: &Head) -> Result<String, Answer> {
    if !head.lists("upgrade", "websocket") {
        let answer = Answer::words("426 Upgrade Required", "here is the chat's WebSocket\n");
        return Err(answer.with("Upgrade", "websocket"));
    }
    if !is_from_our_page(head) {
        return Err(Answer::words("403 Forbidden", "only this server's own page may connect here\n"));
    }
    if head.one("sec-websocket-version") != Some(VERSION) {
        let answer = Answer::words("426 Upgrade Required", "the WebSocket has version 13\n");
        return Err(answer.with("Upgrade", "websocket").with("Sec-WebSocket-Version", VERSION));
    }
    let key = head.one("sec-websocket-key").unwrap_or_default();
    let is_key = BASE64.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == KEY_BYTES);
    if !is_key || !head.lists("connection", "upgrade") || head.has_body() {
        return Err(Answer::words("400 Bad Request", "that is no request for a WebSocket\n"));
    }
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    ))
}

/// Whether the page that asks came from where it connects to. Any page in the world may try; a browser says the truth here.
fn is_from_our_page(head: &Head) -> bool {
    let origin = head.one("origin").and_then(|origin| origin.strip_prefix("https://"));
    match (origin, head.place()) {
        (Some(origin), Some(host)) => is_place(origin) && full(origin) == full(host),
        _ => false,
    }
}

/// A place in one form, with its port.
fn full(place: &str) -> String {
    let place = place.to_ascii_lowercase();
    let has_port = place.rfind(':').is_some_and(|at| !place[at..].contains(']'));
    if has_port { place } else { place + DEFAULT_PORT }
}
