//! The connection of a session, as its threads share it.
//!
//! The reader blocks on the socket without any lock and takes the TLS session only to decrypt. What is to be
//! sent goes into an outbox; the writer thread alone takes it out, encrypts it, and writes it. So the reader
//! never waits for a write: were both sides' buffers full, each would otherwise wait for the other to read.

use super::connect::Connected;
use crate::client::error::ClientError;
use crate::duplex::{Duplex, Peer};
use crate::protocol::Request;
use crate::sync::lock;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long the server may take nothing of what is sent before it is given up.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// How long the server may say nothing before it is asked whether it's there, and again before it is given up.
pub(crate) const SILENCE_WAIT: Duration = Duration::from_secs(60);
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
        let system = |e: io::Error| ClientError::System { what: "start the writer thread", error: e.to_string() };
        socket.set_write_timeout(Some(WRITE_WAIT)).map_err(system)?;
        let wire = Arc::new(Self { socket, tls: Mutex::new(tls), outbox: Mutex::default(), changed: Condvar::new() });
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

    /// Answers the server's `ping`. Never waits.
    pub(crate) fn pong(&self) {
        lock(&self.outbox).pong_due = true;
        self.changed.notify_all();
    }

    /// Asks whether the server is there. Never waits.
    pub(crate) fn ping(&self) {
        lock(&self.outbox).ping_due = true;
        self.changed.notify_all();
    }

    /// Ends the connection at once, and wakes who waits on it.
    pub(crate) fn close(&self) {
        lock(&self.outbox).closed = true;
        self.changed.notify_all();
        // An error says that it's over already.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// For the reader thread: waits for more from the server, for `patience`, and appends its plaintext to `plain`.
    ///
    /// # Errors
    /// `WouldBlock` or `TimedOut` after that time; otherwise the socket's or TLS's error.
    pub(crate) fn receive(&self, patience: Duration, buffer: &mut [u8], plain: &mut Vec<u8>) -> io::Result<Peer> {
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
            if ciphertext.and_then(|ciphertext| (&*self.socket).write_all(&ciphertext)).is_err() {
                self.close();
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
