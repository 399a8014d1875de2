//! One connection that speaks HTTP, within the deadline that it has to log in.

use super::answer::{Answer, wrong_method};
use super::frames::Frames;
use super::head::Head;
use super::programs::{self, Given, PIECE_BYTES};
use super::{page, upgrade};
use crate::duplex::{Duplex, Peer, READ_BYTES};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Who asks, and what has come from them.
pub(crate) struct Visit<'a> {
    pub(crate) tls: &'a mut Duplex,
    pub(crate) socket: &'a TcpStream,
    /// Plaintext that has come and isn't read yet.
    pub(crate) pending: &'a mut Vec<u8>,
    pub(crate) deadline: Instant,
    /// Where the programs lie that are given out.
    pub(crate) programs: &'a Path,
    /// What is to be typed then.
    pub(crate) line_to_type: &'a dyn Fn() -> String,
    /// Whether it may fetch a program, of those who may at a time in all and from one address; it then stays for a while.
    pub(crate) may_fetch: &'a dyn Fn((usize, usize)) -> bool,
}

/// How long a program may take to be fetched, over a Wi-Fi that a class is in.
const DOWNLOAD_DEADLINE: Duration = Duration::from_secs(10 * 60);
/// And how long a piece of it, until whoever fetches it is taken to be gone.
const PIECE_WAIT: Duration = Duration::from_secs(30);
/// How many fetch at a time: a class. Each has a thread of the lobby.
const DOWNLOADS_MAX: usize = 32;
/// And from one address, which a class may share: somebody alone can't keep all others from it.
const DOWNLOADS_PER_ADDRESS_MAX: usize = 16;

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
                Ok(Some((head, _))) => match self.answer(&head) {
                    Given::Answer(answer) => break answer,
                    Given::Program(head, file, bytes) => return self.send_program(&head, file, bytes),
                },
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

    fn answer(&self, head: &Head) -> Given {
        match (head.path(), head.path().strip_prefix("/get/")) {
            _ if head.method != "GET" => Given::Answer(wrong_method(head)),
            ("/", _) => Given::Answer(page::answer(head.place().unwrap_or_default())),
            (_, Some(name)) => {
                programs::give(self.programs, name, head.lists("accept", "application/json"), &(self.line_to_type)())
            }
            _ => Given::Answer(Answer::not_found()),
        }
    }

    /// Sends a program, as fast as it is fetched.
    fn send_program(&mut self, head: &str, file: File, bytes: u64) -> io::Result<Visitor> {
        if !(self.may_fetch)((DOWNLOADS_MAX, DOWNLOADS_PER_ADDRESS_MAX)) {
            let busy = Answer::words("503 Service Unavailable", "many fetch it now: try again in a minute\n");
            self.send(&busy.with("Retry-After", "60").encode())?;
            return Ok(Visitor::Served);
        }
        self.send(head.as_bytes())?;
        let (end, mut piece, mut file) = (Instant::now() + DOWNLOAD_DEADLINE, [0; PIECE_BYTES], file.take(bytes));
        loop {
            let n = file.read(&mut piece)?;
            if n == 0 {
                return Ok(Visitor::Served);
            }
            self.deadline = end.min(Instant::now() + PIECE_WAIT);
            self.send(&piece[..n])?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Under a reader that takes a byte now and then, a wait for each write would never end.
    #[test]
    fn a_reader_that_takes_a_byte_now_and_then_gets_no_longer_than_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (writer, _) = listener.accept().unwrap();
        // Ends by itself, once it has read what the systems keep for it.
        std::thread::spawn(move || {
            while matches!(reader.read(&mut [0; 4096]), Ok(1..)) {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let (begun, wait) = (Instant::now(), Duration::from_millis(300));
        let much = vec![0; 64 * 1024 * 1024];
        assert_eq!(write_until(&writer, &much, begun + wait).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() >= wait);
    }
}
