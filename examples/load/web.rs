//! What a browser puts between TLS and the lines: the request for a WebSocket, and its frames.

use crate::Result;
use homeroom::duplex::{Duplex, Framing, Peer};
use std::net::TcpStream;
use std::time::Instant;

/// A frame of text that is whole; the bit of a mask; the kind of a close.
const TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;
const CLOSE: u8 = 0x88;
/// A mask is to be hard to guess where somebody else says what is sent. Here nobody does.
const MASK: [u8; 4] = [0x12, 0x34, 0xA5, 0xFF];

/// From now on the client's lines lie in frames.
pub(crate) fn upgrade(tls: &mut Duplex, socket: &TcpStream, deadline: Instant) -> Result<()> {
    let place = socket.peer_addr()?;
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {place}\r\nOrigin: https://{place}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tls.send(socket, request.as_bytes())?;
    let mut came = Vec::new();
    while !came.ends_with(b"\r\n\r\n") {
        if tls.receive(socket, deadline, &mut came)? == Peer::Closed {
            break;
        }
    }
    if !came.starts_with(b"HTTP/1.1 101 ") {
        return Err(format!("no WebSocket: {}", String::from_utf8_lossy(&came)).into());
    }
    // The server says nothing before the login.
    tls.frame(Box::new(Frames::default()), b"", &mut Vec::new())?;
    Ok(())
}

/// One client's frames.
#[derive(Debug, Default)]
struct Frames {
    /// The beginning of a frame.
    partial: Vec<u8>,
}

impl Framing for Frames {
    fn wrap(&mut self, lines: &[u8]) -> Vec<u8> {
        let mut frame = vec![TEXT];
        match lines.len() {
            short @ 0..126 => frame.push(MASKED | short as u8),
            // The load says nothing that is longer.
            medium => frame.extend([MASKED | 126, (medium >> 8) as u8, medium as u8]),
        }
        frame.extend(MASK);
        frame.extend(lines.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        frame
    }

    fn unwrap(&mut self, came: &[u8], lines: &mut Vec<u8>, _: &mut Vec<u8>) -> Peer {
        self.partial.extend_from_slice(came);
        let mut at = 0;
        while let Some((kind, payload, length)) = first(&self.partial[at..]) {
            if kind == CLOSE {
                return Peer::Closed;
            }
            lines.extend_from_slice(payload);
            at += length;
        }
        self.partial.drain(..at);
        Peer::Open
    }

    fn close(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// The first frame of the server's, which has no mask: its kind, what it holds, how long it is; None while it isn't whole.
fn first(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte));
    let &[kind, short, ..] = bytes else { return None };
    let (head, length) = match short {
        126 => (4, number(bytes.get(2..4)?)),
        127 => (10, number(bytes.get(2..10)?)),
        short => (2, short.into()),
    };
    Some((kind, bytes.get(head..head + length)?, head + length))
}
