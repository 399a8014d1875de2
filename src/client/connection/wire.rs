//! The connection of a session, as its threads share it.
//!
//! The reader blocks on the socket without any lock and takes the TLS session only to decrypt. What is to be
//! sent goes into an outbox; the writer thread alone takes it out, encrypts it, and writes it. So the reader
//! never waits for a write: were both sides' buffers full, each would otherwise wait for the other to read.
//!
//! A path can fall silent without an end: a laptop slept, a router forgot. Whoever reads looks at the silence every few
//! seconds, asks whether the server is there, and gives it up when nothing comes.

use super::connect::Connected;
use super::slow::ANSWER_AFTER;
use crate::client::error::ClientError;
use crate::client::terminal::{Lack, lack};
use crate::duplex::{Duplex, Peer};
use crate::moment::Moment;
use crate::protocol::Request;
use crate::reason::Reason;
use crate::sync::lock;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long the server may take nothing of what is sent before it is given up.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// How long the server may say nothing before it is asked whether it's there, as it asks itself.
const SILENCE_WAIT: Duration = Duration::from_secs(60);
/// How long it then has to say anything at all, as it gives itself.
pub(super) const PONG_WAIT: Duration = Duration::from_secs(30);
/// How often the silence is looked at: soon after a laptop has woken up.
const GLANCE_WAIT: Duration = Duration::from_secs(5);
/// How much may wait to be sent before whoever types more waits too.
const UNSENT_BYTES_MAX: usize = 256 * 1024;

/// A connection that one thread reads, one writes, and any may send over.
#[derive(Debug)]
pub(crate) struct Wire {
    socket: Arc<TcpStream>,
    tls: Mutex<Duplex>,
    outbox: Mutex<Outbox>,
    /// Told of every change of the outbox.
    changed: Condvar,
    pulse: Mutex<Pulse>,
}

/// Whether the server is there.
#[derive(Debug)]
struct Pulse {
    /// When something last came.
    heard: Moment,
    /// Since when it's asked whether it's there, and nothing came.
    asked: Option<Moment>,
    given_up: bool,
}

#[derive(Debug, Default)]
struct Outbox {
    /// Whole lines.
    plain: Vec<u8>,
    /// Requests of the reader: at most one of each kind waits, so that a server can't make the outbox grow.
    ping_due: bool,
    pong_due: bool,
    /// TLS itself has something to say.
    tls_due: bool,
    /// Nothing more is sent.
    closed: bool,
}

impl Wire {
    /// Takes over a connection and starts its writer.
    ///
    /// # Errors
    /// The system gives no thread, or refuses the socket its timeouts.
    pub(crate) fn start(connected: Connected) -> Result<Arc<Self>, ClientError> {
        let Connected { socket, tls } = connected;
        let system =
            |e: io::Error| ClientError::System { what: "start the writer thread", why: Reason(&e).to_string() };
        socket.set_write_timeout(Some(WRITE_WAIT)).map_err(system)?;
        let pulse = Mutex::new(Pulse { heard: Moment::now(), asked: None, given_up: false });
        let (tls, outbox, changed) = (Mutex::new(tls), Mutex::default(), Condvar::new());
        let wire = Arc::new(Self { socket, tls, outbox, changed, pulse });
        let theirs = Arc::clone(&wire);
        thread::Builder::new().name("writer".into()).spawn(move || theirs.write()).map_err(system)?;
        Ok(wire)
    }

    /// Sends a line after all that were sent before. Waits while too much is unsent; false when the connection
    /// is over.
    pub(super) fn send(&self, line: &[u8]) -> bool {
        let full = |outbox: &mut Outbox| outbox.plain.len() > UNSENT_BYTES_MAX && !outbox.closed;
        // Bounded: a writer that can't get rid of anything for WRITE_WAIT closes the outbox.
        let waited = self.changed.wait_while(lock(&self.outbox), full);
        let mut outbox = waited.unwrap_or_else(PoisonError::into_inner);
        outbox.plain.extend_from_slice(line);
        self.changed.notify_all();
        !outbox.closed
    }

    /// Sends a line that nobody typed. Never waits: where too much is unsent already, it isn't sent.
    pub(crate) fn offer(&self, line: &[u8]) {
        let mut outbox = lock(&self.outbox);
        if outbox.plain.len() <= UNSENT_BYTES_MAX {
            outbox.plain.extend_from_slice(line);
            self.changed.notify_all();
        }
    }

    /// Answers the server's `ping`. Never waits.
    pub(crate) fn pong(&self) {
        lock(&self.outbox).pong_due = true;
        self.changed.notify_all();
    }

    /// Asks whether the server is there: if nothing comes from now on for [`PONG_WAIT`], it is given up. Never waits.
    pub(super) fn ping(&self) {
        lock(&self.pulse).asked.get_or_insert_with(Moment::now);
        lock(&self.outbox).ping_due = true;
        self.changed.notify_all();
    }

    /// The server is there no more, or as good as that.
    pub(super) fn give_up(&self) {
        lock(&self.pulse).given_up = true;
        self.close();
    }

    /// Whether it ended because the server was given up.
    pub(crate) fn is_given_up(&self) -> bool {
        lock(&self.pulse).given_up
    }

    /// When something last came from the server. The end of a connection is a sign of life too: unless more time has
    /// passed than any silence lasts. Then this machine slept, and learns late of what happened meanwhile.
    pub(crate) fn last_sign(&self, closed: bool) -> Moment {
        let (heard, now) = (lock(&self.pulse).heard, Moment::now());
        if closed && now.since(heard) <= SILENCE_WAIT + PONG_WAIT + GLANCE_WAIT { now } else { heard }
    }

    /// Ends the connection at once, and wakes who waits on it.
    pub(crate) fn close(&self) {
        lock(&self.outbox).closed = true;
        self.changed.notify_all();
        // An error says that it's over already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// For the reader thread: waits for more from the server, and appends its plaintext to `plain`. None when nothing
    /// came for `patience`; without that when the silence has been looked at.
    ///
    /// # Errors
    /// The socket's or TLS's error.
    pub(crate) fn receive(
        &self,
        patience: Option<Duration>,
        buffer: &mut [u8],
        plain: &mut Vec<u8>,
    ) -> io::Result<Option<Peer>> {
        match self.read(patience.unwrap_or(GLANCE_WAIT), buffer, plain) {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if patience.is_none() {
                    self.look();
                }
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// Looks at the silence.
    fn look(&self) {
        let pulse = lock(&self.pulse);
        let (silence, asked) = (pulse.heard.elapsed(), pulse.asked.map(Moment::elapsed));
        drop(pulse);
        match asked {
            Some(asked) if asked >= PONG_WAIT => self.give_up(),
            Some(asked) => lack(Lack::Sign, asked >= ANSWER_AFTER),
            None if silence >= SILENCE_WAIT => self.ping(),
            None => {}
        }
    }

    /// Something came.
    fn hear(&self) {
        let mut pulse = lock(&self.pulse);
        pulse.heard = Moment::now();
        let was_asked = pulse.asked.take().is_some();
        drop(pulse);
        if was_asked {
            lack(Lack::Sign, false);
        }
    }

    fn read(&self, patience: Duration, buffer: &mut [u8], plain: &mut Vec<u8>) -> io::Result<Peer> {
        if self.socket.read_timeout()? != Some(patience) {
            self.socket.set_read_timeout(Some(patience))?;
        }
        let n = loop {
            match (&*self.socket).read(buffer) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if n == 0 {
            return Ok(Peer::Closed);
        }
        self.hear();
        let mut tls = lock(&self.tls);
        let peer = tls.decrypt(&buffer[..n], plain)?;
        if !tls.outgoing().is_empty() {
            drop(tls);
            lock(&self.outbox).tls_due = true;
            self.changed.notify_all();
        }
        Ok(peer)
    }

    /// The writer thread: sends what is in the outbox until it's closed.
    fn write(&self) {
        while let Some(plain) = self.next() {
            let ciphertext = {
                let mut tls = lock(&self.tls);
                let encrypted = if plain.is_empty() { Ok(()) } else { tls.encrypt(&plain) };
                encrypted.map(|()| std::mem::take(tls.outgoing()))
            };
            // The lock is free again: the reader goes on while this waits for the server to take it.
            match ciphertext.and_then(|ciphertext| (&*self.socket).write_all(&ciphertext)) {
                Ok(()) => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => self.give_up(),
                Err(_) => self.close(),
            }
        }
    }

    /// Waits for something to send; None when the outbox is closed.
    fn next(&self) -> Option<Vec<u8>> {
        let idle = |outbox: &mut Outbox| {
            let due = outbox.ping_due || outbox.pong_due || outbox.tls_due;
            outbox.plain.is_empty() && !due && !outbox.closed
        };
        let waited = self.changed.wait_while(lock(&self.outbox), idle);
        let mut outbox = waited.unwrap_or_else(PoisonError::into_inner);
        if outbox.closed {
            return None;
        }
        let mut plain = std::mem::take(&mut outbox.plain);
        if std::mem::take(&mut outbox.ping_due) {
            plain.extend_from_slice(&Request::Ping.encode(Some("ping")));
        }
        if std::mem::take(&mut outbox.pong_due) {
            plain.extend_from_slice(&Request::Pong.encode(None));
        }
        outbox.tls_due = false;
        self.changed.notify_all();
        Some(plain)
    }
}
