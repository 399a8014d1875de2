//! One connection that speaks HTTP, within the deadline that it has to log in.

use super::answer::{Answer, wrong_method};
use super::frames::Frames;
use super::head::Head;
use super::{page, programs, upgrade};
use crate::duplex::{Duplex, Peer, READ_BYTES};
use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

/// Who asks, and what has come from them.
pub(crate) struct Visit<'a> {
    pub(crate) tls: &'a mut Duplex,
    pub(crate) socket: &'a TcpStream,
    /// Plaintext that has come and isn't read yet.
    pub(crate) pending: &'a mut Vec<u8>,
    pub(crate) deadline: Instant,
    /// Where the programs lie that are given out.
    pub(crate) programs: &'a Path,
}

/// What a visit came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Visitor {
    /// It is a client like any other from now on.
    Client,
    /// It has its answer, which was the last word.
    Served,
}

impl Visit<'_> {
    /// Reads a request and answers it. What is sent behind it without waiting is not looked at, unless it became a WebSocket.
    ///
    /// # Errors
    /// The socket's or TLS's.
    pub(crate) fn serve(&mut self, mut heard: impl FnMut()) -> io::Result<Visitor> {
        let answer = loop {
            match Head::parse(self.pending) {
                Ok(Some((head, length))) if head.path() == "/ws" && head.method == "GET" => {
                    match upgrade::accept(&head) {
                        Ok(accepted) => return self.begin(&accepted, length),
                        Err(refusal) => break refusal,
                    }
                }
                Ok(Some((head, _))) => break self.answer(&head)?,
                Ok(None) => {}
                Err(bad) => break bad.into(),
            }
            if self.tls.receive(self.socket, self.deadline, self.pending)? == Peer::Closed {
                return Ok(Visitor::Served);
            }
            heard();
        };
        self.send(&answer.encode())?;
        Ok(Visitor::Served)
    }

    fn answer(&mut self, head: &Head) -> io::Result<Answer> {
        Ok(match head.path() {
            _ if head.method != "GET" => wrong_method(head),
            "/" => page::answer(head.place().unwrap_or_default()),
            path => match path.strip_prefix("/get/") {
                Some(name) => programs::answer(self.programs, name),
                None => Answer::not_found(),
            },
        })
    }

    /// The answer, and from then on frames.
    fn begin(&mut self, accepted: &str, head_bytes: usize) -> io::Result<Visitor> {
        self.send(accepted.as_bytes())?;
        let came = self.pending.split_off(head_bytes);
        self.pending.clear();
        self.tls.frame(Box::new(Frames::new(Instant::now())), &came, self.pending)?;
        Ok(Visitor::Client)
    }

    /// Sends piece by piece, so that no more is encrypted than the peer takes.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(READ_BYTES) {
            self.tls.encrypt(piece)?;
            let ciphertext = std::mem::take(self.tls.outgoing());
            write_until(self.socket, &ciphertext, self.deadline)?;
        }
        Ok(())
    }
}

/// Writes all of it until the deadline, however slowly the peer reads.
pub(super) fn write_until(mut socket: &TcpStream, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        socket.set_write_timeout(Some(left))?;
        match socket.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
