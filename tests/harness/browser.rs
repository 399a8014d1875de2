//! A bare browser: HTTP and WebSocket frames over TLS, from RFC 9112 and RFC 6455, with nothing of the server's.

use super::{DEADLINE, PASSWORD, connector};
use native_tls::TlsStream;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// The key of RFC 6455's own example, and what it is answered with.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What a frame is.
pub(crate) mod opcode {
    pub(crate) const CONTINUATION: u8 = 0x0;
    pub(crate) const TEXT: u8 = 0x1;
    pub(crate) const BINARY: u8 = 0x2;
    pub(crate) const CLOSE: u8 = 0x8;
    pub(crate) const PING: u8 = 0x9;
    pub(crate) const PONG: u8 = 0xA;
}

/// One frame from the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// All before the body.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// A header that there is once, whatever its case.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let is_it = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        let found: Vec<&str> = self.head.lines().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{name} in {}", self.head);
        found[0].split_once(':').unwrap().1.trim()
    }
}

/// A connection of a browser.
pub(crate) struct Browser {
    tls: TlsStream<TcpStream>,
    address: SocketAddr,
    /// What has come and isn't looked at yet.
    bytes: Vec<u8>,
    inbox: VecDeque<Value>,
    closed: bool,
}

impl Browser {
    /// Connects, whatever the certificate.
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&address, DEADLINE).unwrap())
    }

    /// TLS over a socket that is connected already.
    #[track_caller]
    pub(crate) fn over(socket: TcpStream) -> Self {
        let address = socket.peer_addr().unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_write_timeout(Some(DEADLINE)).unwrap();
        let tls = connector().connect("localhost", socket).unwrap();
        Self { tls, address, bytes: Vec::new(), inbox: VecDeque::new(), closed: false }
    }

    /// On the WebSocket, as the server's own page is.
    #[track_caller]
    pub(crate) fn on_the_page(address: SocketAddr) -> Self {
        let mut browser = Self::connect(address);
        browser.send_bytes(browser.upgrade(&[]).as_bytes());
        let response = browser.response();
        assert_eq!(response.status, 101, "{}", response.head);
        assert_eq!(response.header("Sec-WebSocket-Accept"), ACCEPTED);
        assert!(response.header("Upgrade").eq_ignore_ascii_case("websocket"));
        assert!(response.header("Connection").eq_ignore_ascii_case("upgrade"));
        browser
    }

    /// Logged in, as one does on the page.
    #[track_caller]
    pub(crate) fn login(address: SocketAddr, username: &str) -> Self {
        let mut browser = Self::on_the_page(address);
        browser.send(&json!({"type": "login", "protocol": 1, "username": username, "password": PASSWORD}));
        let welcome = browser.next();
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        browser
    }

    /// The request that becomes a WebSocket, as [`upgrade`] has it.
    pub(crate) fn upgrade(&self, other: &[(&str, &str)]) -> String {
        upgrade(self.address, other)
    }

    #[track_caller]
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.tls.write_all(bytes).unwrap();
    }

    /// The same, to a server that may have closed.
    pub(crate) fn try_send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tls.write_all(bytes)
    }

    /// Sends a request in one frame, without its end.
    #[track_caller]
    pub(crate) fn send(&mut self, request: &Value) {
        self.send_frame(opcode::TEXT, request.to_string().as_bytes());
    }

    #[track_caller]
    pub(crate) fn send_frame(&mut self, opcode: u8, payload: &[u8]) {
        self.send_bytes(&frame(0x80 | opcode, payload));
    }

    /// An answer over HTTP, whole: as long as it says.
    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        if response.status != 101 {
            let end = Instant::now() + DEADLINE;
            let length: usize = response.header("Content-Length").parse().unwrap();
            while self.bytes.len() < length {
                assert!(self.receive(end), "a body of {} bytes, not {length}", self.bytes.len());
            }
            response.body = self.bytes.drain(..length).collect();
        }
        response
    }

    /// An answer over HTTP, whose body isn't read yet.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Response {
        let end = Instant::now() + DEADLINE;
        let head_bytes = loop {
            if let Some(at) = self.bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.receive(end), "no answer: {:?}", String::from_utf8_lossy(&self.bytes));
        };
        let head = String::from_utf8(self.bytes.drain(..head_bytes).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, head, body: Vec::new() }
    }

    /// How many bytes still come until the server closes.
    #[track_caller]
    pub(crate) fn count_until_closed(&mut self) -> usize {
        let (end, mut count) = (Instant::now() + DEADLINE, 0);
        loop {
            let open = self.receive(end);
            count += std::mem::take(&mut self.bytes).len();
            if !open {
                assert!(self.closed, "the server keeps the connection");
                return count;
            }
        }
    }

    /// The next frame, which has no mask and is whole.
    #[track_caller]
    pub(crate) fn frame(&mut self) -> Frame {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(frame) = take_frame(&mut self.bytes) {
                return frame;
            }
            assert!(self.receive(end), "no frame: {:?}", self.bytes);
        }
    }

    /// The next line. Each frame has whole ones.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        self.find(|_| true)
    }

    /// The next line that is wanted; others stay in the inbox.
    #[track_caller]
    pub(crate) fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(at) = self.inbox.iter().position(&wanted) {
                return self.inbox.remove(at).unwrap();
            }
            let Frame { opcode, payload } = self.frame();
            assert_eq!(opcode, opcode::TEXT, "{payload:?}; meanwhile came {:?}", self.inbox);
            assert!(payload.ends_with(b"\n"), "{payload:?}");
            let text = String::from_utf8(payload).unwrap();
            self.inbox.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        }
    }

    /// Sends a request and gives its answer.
    #[track_caller]
    pub(crate) fn ask(&mut self, id: &str, mut request: Value) -> Value {
        request["id"] = json!(id);
        self.send(&request);
        self.find(|line| line["id"] == id)
    }

    /// The code of the server's close, which must come, and then its end.
    #[track_caller]
    pub(crate) fn close_code(&mut self) -> Option<u16> {
        loop {
            let Frame { opcode, payload } = self.frame();
            if opcode == opcode::CLOSE {
                self.assert_closed();
                return payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]));
            }
        }
    }

    /// Fails unless the server closes, without another byte.
    #[track_caller]
    pub(crate) fn assert_closed(&mut self) {
        let end = Instant::now() + DEADLINE;
        while !self.closed {
            self.receive(end);
            assert!(Instant::now() < end, "the server keeps the connection");
        }
        assert!(self.bytes.is_empty(), "{:?}", String::from_utf8_lossy(&self.bytes));
    }

    /// Waits for more; false when there is none until `end`, or ever.
    fn receive(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() || self.closed {
            return false;
        }
        self.tls.get_ref().set_read_timeout(Some(left)).unwrap();
        let mut chunk = [0; 16_384];
        match self.tls.read(&mut chunk) {
            Ok(n) if n > 0 => self.bytes.extend_from_slice(&chunk[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return false,
            _ => self.closed = true,
        }
        !self.closed
    }
}

/// The request that becomes a WebSocket. What stands in `other` replaces a header, or takes it away where it is empty.
pub(crate) fn upgrade(address: SocketAddr, other: &[(&str, &str)]) -> String {
    let (host, origin) = (address.to_string(), format!("https://{address}"));
    let mut headers = vec![
        ("Host", host.as_str()),
        ("Origin", &origin),
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", KEY),
    ];
    for &(name, value) in other {
        headers.retain(|(known, _)| *known != name);
        headers.push((name, value));
    }
    let lines = headers.iter().filter(|(_, value)| !value.is_empty());
    let lines: String = lines.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("GET /ws HTTP/1.1\r\n{lines}\r\n")
}

/// Takes the first frame of `bytes`, which has no mask, if it is whole.
#[track_caller]
pub(crate) fn take_frame(bytes: &mut Vec<u8>) -> Option<Frame> {
    let &[first, second, ..] = &bytes[..] else { return None };
    assert_eq!(first & 0xF0, 0x80, "a piece, or an extension: {first:x}");
    assert!(second < 0x80, "a server's frame has no mask");
    let (head, length) = match second {
        126 => (4, bytes.get(2..4)?.iter().fold(0, |sum, &b| sum << 8 | usize::from(b))),
        127 => (10, bytes.get(2..10)?.iter().fold(0, |sum, &b| sum << 8 | usize::from(b))),
        short => (2, usize::from(short)),
    };
    assert!(length < 1 << 24, "{length}");
    let payload = bytes.get(head..head + length)?.to_vec();
    bytes.drain(..head + length);
    Some(Frame { opcode: first & 0x0F, payload })
}

/// A frame with a mask, its length in the shortest form. `first` is its first byte.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=0xFFFF => {
            frame.push(0xFE);
            frame.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0xFF);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    let mask = [0x12, 0x34, 0xA5, 0xFF];
    frame.extend(mask);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}
