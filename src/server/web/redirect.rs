//! Whoever types the address without `https://` is shown the way.

use super::answer::{Answer, wrong_method};
use super::head::{BadHead, Head};
use super::is_http;
use super::visit::write_until;
use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Looks at the first byte of a connection, which stays there. HTTP without TLS is answered with the way to TLS: then this
/// says true, and all is said.
///
/// # Errors
/// The socket's; `TimedOut` after the deadline.
pub(crate) fn show_to_tls(mut socket: &TcpStream, deadline: Instant) -> io::Result<bool> {
    let mut first = [0];
    let n = patiently(socket, deadline, || socket.peek(&mut first))?;
    if n == 0 || !is_http(first[0]) {
        return Ok(false);
    }
    let (mut bytes, mut buffer) = (Vec::new(), [0; 1024]);
    let answer = loop {
        let n = patiently(socket, deadline, || socket.read(&mut buffer))?;
        bytes.extend_from_slice(&buffer[..n]);
        match Head::parse(&bytes) {
            Ok(Some((head, _))) => break the_way(&head),
            Ok(None) if n == 0 => break BadHead::Malformed.into(),
            Ok(None) => {}
            Err(bad) => break bad.into(),
        }
    };
    write_until(socket, &answer.encode(), deadline)?;
    Ok(true)
}

/// The same place and path, but with TLS.
fn the_way(head: &Head) -> Answer {
    match head.place() {
        _ if !matches!(&*head.method, "GET" | "HEAD") => wrong_method(head),
        Some(place) => {
            let answer = Answer::words("307 Temporary Redirect", "");
            answer.with("Location", &format!("https://{place}{}", head.target()))
        }
        None => BadHead::Malformed.into(),
    }
}

/// Waits for a read until the deadline.
fn patiently(socket: &TcpStream, deadline: Instant, mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Err(ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        match read() {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            other => return other,
        }
    }
}
