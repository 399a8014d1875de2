//! One client of the load.

use crate::{Result, web};
use homeroom::duplex::{Duplex, Peer};
use homeroom::lines::{Line, LineReader};
use homeroom::protocol::{self, Login, Request, Secret, ServerMessage, Welcome};
use native_tls::TlsConnector;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How much is read from a socket at a time.
const READ_BYTES: usize = 64 * 1024;

/// With what a client logs in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential<'a> {
    /// A password.
    Password(&'a str),
    /// The token of an earlier welcome, and the newest event that was seen.
    Token(&'a str, u64),
}

/// A client: a socket, its TLS session, and how far it has come.
#[derive(Debug)]
pub(crate) struct Client {
    socket: Arc<TcpStream>,
    tls: Duplex,
    lines: LineReader,
    /// The token of its welcome.
    pub(crate) token: String,
    /// The newest seq that it has seen.
    pub(crate) seen: u64,
    /// The number of the room in which it is, where there are several.
    pub(crate) room: usize,
    /// How many messages of that room it has been given.
    pub(crate) given: u64,
    /// How many others it has seen leave.
    pub(crate) left: u64,
    /// The first refusal that it was answered with: a load is refused nothing.
    refused: Option<String>,
}

/// Buffers that one thread uses for all its clients.
#[derive(Debug)]
pub(crate) struct Scratch {
    ciphertext: Vec<u8>,
    plain: Vec<u8>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { ciphertext: vec![0; READ_BYTES], plain: Vec::new() }
    }
}

impl Client {
    /// Connects, from the address `source` if one is given, and shakes hands.
    pub(crate) fn connect(address: SocketAddr, source: Option<IpAddr>, deadline: Instant) -> Result<Self> {
        let socket = Arc::new(dial(address, source, deadline)?);
        socket.set_nodelay(true)?;
        let connector = CONNECTOR.get().ok_or("no client was prepared for")?;
        let tls = Duplex::connect(connector, "homeroom", &socket, deadline)?;
        let (lines, token) = (LineReader::default(), String::new());
        Ok(Self { socket, tls, lines, token, seen: 0, room: 0, given: 0, left: 0, refused: None })
    }

    /// From now on its lines lie in a WebSocket's frames, as a browser's do.
    pub(crate) fn go_through_page(&mut self, deadline: Instant) -> Result<()> {
        web::upgrade(&mut self.tls, &self.socket, deadline)
    }

    /// Logs in, and returns the seq of the welcome. From then on nothing blocks: see [`poll`](Self::poll).
    pub(crate) fn log_in(&mut self, name: &str, credential: Credential<'_>, deadline: Instant) -> Result<u64> {
        if let Credential::Token(_, after) = credential {
            self.seen = after;
        }
        self.send(&login_line(name, credential))?;
        let answer = self.first_line(deadline)?;
        let Ok(ServerMessage::Welcome(Welcome { token, seq, .. })) = serde_json::from_slice(&answer) else {
            return Err(format!("{name} isn't let in: {}", String::from_utf8_lossy(&answer)).into());
        };
        self.token = token.expose().to_owned();
        if let Credential::Password(_) = credential {
            self.seen = self.seen.max(seq);
        }
        self.socket.set_nonblocking(true)?;
        Ok(seq)
    }

    /// Sends a request of which a `reply` with its id is the answer, and waits for that.
    pub(crate) fn ask(&mut self, request: &[u8], deadline: Instant) -> Result<()> {
        self.socket.set_nonblocking(false)?;
        self.send(request)?;
        let answer = self.first_line(deadline)?;
        match serde_json::from_slice(&answer) {
            Ok(ServerMessage::Reply { .. }) => Ok(()),
            _ => Err(format!("no reply: {}", String::from_utf8_lossy(&answer)).into()),
        }
    }

    /// Sends a request of which a reply or an event with its id is the answer, and waits for that. What else comes
    /// meanwhile is passed over.
    pub(crate) fn bring_about(&mut self, request: &Request, deadline: Instant) -> Result<()> {
        const ID: &str = "awaited";
        self.socket.set_nonblocking(false)?;
        self.send(&request.encode(Some(ID)))?;
        let (own, mut plain, mut answer) = (format!("\"id\":\"{ID}\""), Vec::new(), None);
        while answer.is_none() {
            plain.clear();
            if self.tls.receive(&self.socket, deadline, &mut plain)? == Peer::Closed {
                return Err("the server closed the connection without an answer".into());
            }
            self.lines.feed(&plain, |line| {
                let Line::Whole(line) = line else { return };
                if line.windows(own.len()).any(|window| window == own.as_bytes()) {
                    answer = Some(line.to_vec());
                }
            });
        }
        let answer = answer.unwrap_or_default();
        self.socket.set_nonblocking(true)?;
        match serde_json::from_slice(&answer) {
            Ok(ServerMessage::Error { .. }) => Err(format!("refused: {}", String::from_utf8_lossy(&answer)).into()),
            _ => Ok(()),
        }
    }

    /// Sends a login that is to fail; returns the line that answers it, and how long that took to come.
    pub(crate) fn fail_to_log_in(
        mut self,
        name: &str,
        password: &str,
        deadline: Instant,
    ) -> Result<(Vec<u8>, Duration)> {
        let line = login_line(name, Credential::Password(password));
        let begun = Instant::now();
        self.send(&line)?;
        let answer = self.first_line(deadline)?;
        Ok((answer, begun.elapsed()))
    }

    /// Sends a line. On a socket that doesn't block this fails when the socket is full; what is sent here is a
    /// few lines at a time.
    pub(crate) fn send(&mut self, line: &[u8]) -> io::Result<()> {
        self.tls.send(&self.socket, line)
    }

    /// Takes what has come, without waiting for more; `each` gets every line that is a message. True if anything
    /// had come.
    pub(crate) fn poll(&mut self, scratch: &mut Scratch, mut each: impl FnMut(&[u8])) -> io::Result<bool> {
        let mut any = false;
        loop {
            let n = match (&*self.socket).read(&mut scratch.ciphertext) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(any),
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            any = true;
            scratch.plain.clear();
            let peer = self.tls.decrypt(&scratch.ciphertext[..n], &mut scratch.plain)?;
            let pinged = self.take_lines(&scratch.plain, &mut each);
            if pinged {
                self.send(&Request::Pong.encode(None))?;
            }
            if let Some(refused) = self.refused.take() {
                return Err(io::Error::other(refused));
            }
            if peer == Peer::Closed {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if n < scratch.ciphertext.len() {
                return Ok(true);
            }
        }
    }

    /// True when the server has asked whether the client is there.
    fn take_lines(&mut self, plain: &[u8], each: &mut impl FnMut(&[u8])) -> bool {
        let Self { lines, seen, given, left, refused, .. } = self;
        let mut pinged = false;
        lines.feed(plain, |line| {
            let Line::Whole(line) = line else { return };
            *seen = seq_of(line).unwrap_or(*seen);
            if line.starts_with(br#"{"type":"message""#) {
                *given += 1;
                each(line);
            } else if line.starts_with(br#"{"type":"left""#) {
                *left += 1;
            } else if line.starts_with(br#"{"type":"ping""#) {
                pinged = true;
            } else if line.starts_with(br#"{"type":"error""#) {
                refused.get_or_insert_with(|| String::from_utf8_lossy(line).into_owned());
            }
        });
        pinged
    }

    /// The first line that comes. Events that come with it are left to the line reader.
    fn first_line(&mut self, deadline: Instant) -> Result<Vec<u8>> {
        let mut plain = Vec::new();
        loop {
            if let Some(end) = plain.iter().position(|&b| b == b'\n') {
                let rest = plain.split_off(end + 1);
                plain.pop();
                self.take_lines(&rest, &mut |_| {});
                return Ok(plain);
            }
            if self.tls.receive(&self.socket, deadline, &mut plain)? == Peer::Closed && !plain.contains(&b'\n') {
                return Err("the server closed the connection without an answer".into());
            }
        }
    }
}

/// The seq of an event, which stands near the front of its line. Parsing the line as JSON would cost the load
/// generator more than all the rest.
fn seq_of(line: &[u8]) -> Option<u64> {
    const KEY: &[u8] = b"\"seq\":";
    let front = &line[..line.len().min(64)];
    let at = front.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    number_at(line, at)
}

/// The decimal number that begins at `at`.
pub(crate) fn number_at(line: &[u8], at: usize) -> Option<u64> {
    let digits = line.get(at..)?.iter().take_while(|b| b.is_ascii_digit());
    let mut number = None;
    for digit in digits {
        number = Some(number.unwrap_or(0) * 10 + u64::from(digit - b'0'));
    }
    number
}

fn login_line(name: &str, credential: Credential<'_>) -> Vec<u8> {
    let (password, token, after) = match credential {
        Credential::Password(password) => (Some(Secret::from(password.to_owned())), None, None),
        Credential::Token(token, after) => (None, Some(Secret::from(token.to_owned())), Some(after)),
    };
    let login = Login { protocol: protocol::VERSION, username: name.to_owned(), password, token, after, keep: true };
    Request::Login(login).encode(None)
}

/// The standard library can't say from which address a connection comes; socket2 can.
fn dial(address: SocketAddr, source: Option<IpAddr>, deadline: Instant) -> io::Result<TcpStream> {
    let left = deadline.saturating_duration_since(Instant::now());
    let Some(source) = source else { return TcpStream::connect_timeout(&address, left) };
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    socket.connect_timeout(&address.into(), left)?;
    Ok(socket.into())
}

/// One for all: to make it takes time. The server's own certificate is made for the run, and who it is isn't in question.
static CONNECTOR: OnceLock<TlsConnector> = OnceLock::new();

/// What must be there before the first client, and must not be part of what is measured.
pub(crate) fn prepare() -> Result<()> {
    let connector = TlsConnector::builder()
        .danger_accept_invalid_certs(true)
        .danger_accept_invalid_hostnames(true)
        .disable_built_in_roots(true)
        .build()?;
    CONNECTOR.set(connector).map_err(|_| "prepared twice".into())
}
