//! One TLS session, two directions at once.
//!
//! A `native_tls::TlsStream` over a socket can't be split: whoever waits in its `read` keeps every writer out.
//! So TLS here doesn't get the socket. It gets a [`Pipe`] in memory, and whoever owns the [`Duplex`] carries
//! the bytes: a reader blocks on the raw socket **without** any lock, then locks the session for as long as it
//! takes to decrypt; a writer locks it for as long as it takes to encrypt. Nobody holds it while waiting for the
//! peer to send.

use crate::reason::Reason;
use native_tls::{HandshakeError as Step, TlsAcceptor, TlsConnector, TlsStream};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What carries the ciphertext.
pub type Socket = TcpStream;

/// How much is read from a socket at a time while there is more: one TLS record with its overhead.
pub const READ_BYTES: usize = 16 * 1024 + 512;

/// How long one write of a handshake may wait for a peer that doesn't read.
const HANDSHAKE_WRITE_WAIT: Duration = Duration::from_secs(5);

/// A TLS session whose ciphertext its owner carries.
#[derive(Debug)]
pub struct Duplex {
    stream: TlsStream<Pipe>,
    /// None where lines lie in TLS as they are.
    framing: Option<Box<dyn Framing>>,
}

/// What stands between TLS and the lines, with a peer that wraps them up. Whoever owns the [`Duplex`] sees lines alone.
pub trait Framing: fmt::Debug + Send {
    /// What is sent in place of these lines; nothing once it is [closed](Self::close).
    fn wrap(&mut self, lines: &[u8]) -> Vec<u8>;

    /// Takes what came, appends the lines that it completes to `lines`, and what is to be answered at once to `answer`.
    fn unwrap(&mut self, came: &[u8], lines: &mut Vec<u8>, answer: &mut Vec<u8>) -> Peer;

    /// Our last word, if it isn't said yet.
    fn close(&mut self) -> Vec<u8>;
}

/// Whether the peer can still send.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Peer {
    /// It can.
    Open,
    /// It has closed its direction with a `close_notify`.
    Closed,
}

/// Why there is no session.
#[derive(Debug)]
pub enum HandshakeError {
    /// The peer doesn't speak TLS, or not as we do: no common version, a certificate that isn't accepted.
    Tls(native_tls::Error),
    /// The connection broke or the deadline passed.
    Io(io::Error),
}

impl Duplex {
    /// The server's side of a handshake. Blocks until it's done or `deadline`.
    ///
    /// # Errors
    /// What the peer did wrong, or the socket's error; `TimedOut` after the deadline.
    pub fn accept(acceptor: &TlsAcceptor, socket: &Arc<TcpStream>, deadline: Instant) -> Result<Self, HandshakeError> {
        socket.set_write_timeout(Some(HANDSHAKE_WRITE_WAIT)).map_err(HandshakeError::Io)?;
        shake(acceptor.accept(Pipe::to(socket)), socket, deadline)
    }

    /// The client's side of a handshake with the server that calls itself `domain`.
    ///
    /// # Errors
    /// As for [`Duplex::accept`]; a certificate that isn't trusted is a [`HandshakeError::Tls`].
    pub fn connect(
        connector: &TlsConnector,
        domain: &str,
        socket: &Arc<TcpStream>,
        deadline: Instant,
    ) -> Result<Self, HandshakeError> {
        socket.set_write_timeout(Some(HANDSHAKE_WRITE_WAIT)).map_err(HandshakeError::Io)?;
        shake(connector.connect(domain, Pipe::to(socket)), socket, deadline)
    }

    /// Takes ciphertext from the peer and appends the plaintext it completes to `plain`.
    ///
    /// TLS itself may have something to say afterwards: send what is [`outgoing`](Self::outgoing).
    ///
    /// # Errors
    /// A broken record or an alert from the peer: the session is over.
    pub fn decrypt(&mut self, ciphertext: &[u8], plain: &mut Vec<u8>) -> io::Result<Peer> {
        if self.framing.is_none() {
            return self.open(ciphertext, plain);
        }
        let mut came = Vec::new();
        let peer = self.open(ciphertext, &mut came)?;
        Ok(if self.unwrap(&came, plain)? == Peer::Closed { Peer::Closed } else { peer })
    }

    /// From now on lines are wrapped up so. Takes what has come already, as [`decrypt`](Self::decrypt) does.
    ///
    /// # Errors
    /// The session is over.
    pub fn frame(&mut self, framing: Box<dyn Framing>, came: &[u8], plain: &mut Vec<u8>) -> io::Result<Peer> {
        self.framing = Some(framing);
        self.unwrap(came, plain)
    }

    fn unwrap(&mut self, came: &[u8], plain: &mut Vec<u8>) -> io::Result<Peer> {
        let Some(framing) = &mut self.framing else { return Ok(Peer::Open) };
        let mut answer = Vec::new();
        let peer = framing.unwrap(came, plain, &mut answer);
        if !answer.is_empty() {
            self.stream.write_all(&answer)?;
        }
        Ok(peer)
    }

    /// As [`decrypt`](Self::decrypt), without the framing.
    fn open(&mut self, ciphertext: &[u8], plain: &mut Vec<u8>) -> io::Result<Peer> {
        self.stream.get_mut().feed(ciphertext);
        // Plaintext is never longer than its ciphertext; the room is for what TLS may have held back before.
        let mut chunk = READ_CHUNK;
        loop {
            let start = plain.len();
            plain.resize(start + chunk, 0);
            let read = self.stream.read(&mut plain[start..]);
            plain.truncate(start + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Ok(Peer::Closed),
                Ok(n) if n == chunk => chunk = READ_BYTES,
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(Peer::Open),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Encrypts; the ciphertext is then [`outgoing`](Self::outgoing).
    ///
    /// # Errors
    /// The session is over.
    pub fn encrypt(&mut self, plain: &[u8]) -> io::Result<()> {
        match &mut self.framing {
            None => self.stream.write_all(plain),
            Some(framing) => self.stream.write_all(&framing.wrap(plain)),
        }
    }

    /// Says `close_notify`; it is then [`outgoing`](Self::outgoing).
    pub fn close(&mut self) {
        let last = self.framing.as_mut().map(|framing| framing.close()).unwrap_or_default();
        let _ = self.stream.write_all(&last);
        // An error here means that the session is over already, which is what was asked for.
        let _ = self.stream.shutdown();
    }

    /// The ciphertext that is to be sent, oldest first. The caller takes it out; a caller that swaps in a buffer
    /// of its own before [`encrypt`](Self::encrypt) spares the session one.
    pub fn outgoing(&mut self) -> &mut Vec<u8> {
        &mut self.stream.get_mut().outgoing
    }

    /// Waits for more from the peer until `deadline`, and decrypts it. Says that the peer has closed only once all
    /// that came before is taken.
    ///
    /// # Errors
    /// `TimedOut` after the deadline; otherwise the socket's or TLS's error.
    pub fn receive(&mut self, socket: &TcpStream, deadline: Instant, plain: &mut Vec<u8>) -> io::Result<Peer> {
        // What came in one read with the end of the handshake is here already.
        let before = plain.len();
        let peer = self.decrypt(&[], plain)?;
        if peer == Peer::Closed || plain.len() > before {
            // What came before the end is read first.
            return Ok(if plain.len() > before { Peer::Open } else { peer });
        }
        let mut buffer = [0; 4096];
        let n = read_until(socket, deadline, &mut buffer)?;
        if n == 0 {
            return Ok(Peer::Closed);
        }
        let peer = self.decrypt(&buffer[..n], plain)?;
        self.flush(socket)?;
        Ok(if plain.len() > before { Peer::Open } else { peer })
    }

    /// Encrypts and sends, waiting for the peer as long as the socket's write timeout allows.
    ///
    /// # Errors
    /// The socket's or TLS's error.
    pub fn send(&mut self, socket: &TcpStream, plain: &[u8]) -> io::Result<()> {
        self.encrypt(plain)?;
        self.flush(socket)
    }

    /// Sends what is outgoing.
    ///
    /// # Errors
    /// The socket's error.
    pub fn flush(&mut self, mut socket: &TcpStream) -> io::Result<()> {
        let outgoing = std::mem::take(self.outgoing());
        socket.write_all(&outgoing)
    }

    /// The peer's certificate in DER, where it showed one.
    pub fn peer_certificate(&self) -> Option<Vec<u8>> {
        self.stream.peer_certificate().ok()??.to_der().ok()
    }
}

/// The first read of a decryption: enough for a line or two.
const READ_CHUNK: usize = 1024;

fn shake(
    mut step: Result<TlsStream<Pipe>, Step<Pipe>>,
    socket: &Arc<TcpStream>,
    deadline: Instant,
) -> Result<Duplex, HandshakeError> {
    let mut buffer = [0; 4096];
    loop {
        match step {
            Ok(mut stream) => {
                let pipe = stream.get_mut();
                pipe.flush().map_err(HandshakeError::Io)?;
                pipe.socket = None;
                return Ok(Duplex { stream, framing: None });
            }
            Err(Step::Failure(e)) => return Err(HandshakeError::Tls(e)),
            Err(Step::WouldBlock(mut mid)) => {
                mid.get_mut().flush().map_err(HandshakeError::Io)?;
                let n = read_until(socket, deadline, &mut buffer).map_err(HandshakeError::Io)?;
                mid.get_mut().feed(&buffer[..n]);
                mid.get_mut().closed = n == 0;
                step = mid.handshake();
            }
        }
    }
}

/// One read that ends at `deadline` with `TimedOut`.
fn read_until(mut socket: &TcpStream, deadline: Instant, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        match socket.read(buffer) {
            Err(e) if e.kind() == ErrorKind::WouldBlock || e.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// What TLS takes for its connection: two buffers in memory.
#[derive(Debug)]
struct Pipe {
    incoming: Vec<u8>,
    /// How much of `incoming` TLS has read.
    taken: usize,
    outgoing: Vec<u8>,
    /// The peer sends no more.
    closed: bool,
    /// Where a flush goes during the handshake. TLS flushes each flight, and before it fails, its alert: the
    /// peer learns why, although the failed stream is gone by then.
    socket: Option<Arc<TcpStream>>,
}

impl Pipe {
    fn to(socket: &Arc<TcpStream>) -> Self {
        Self { incoming: Vec::new(), taken: 0, outgoing: Vec::new(), closed: false, socket: Some(Arc::clone(socket)) }
    }

    fn feed(&mut self, ciphertext: &[u8]) {
        self.incoming.extend_from_slice(ciphertext);
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let waiting = &self.incoming[self.taken..];
        if waiting.is_empty() {
            return if self.closed { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let n = waiting.len().min(buffer.len());
        buffer[..n].copy_from_slice(&waiting[..n]);
        self.taken += n;
        if self.taken == self.incoming.len() {
            // Given back, not kept: an idle session holds no buffer.
            self.incoming = Vec::new();
            self.taken = 0;
        }
        Ok(n)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(socket) = &self.socket {
            (&**socket).write_all(&std::mem::take(&mut self.outgoing))?;
        }
        Ok(())
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(e) => write!(f, "{}", Reason(e)),
            Self::Io(e) => write!(f, "{}", Reason(e)),
        }
    }
}

impl std::error::Error for HandshakeError {}
