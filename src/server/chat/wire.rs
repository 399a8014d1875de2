//! A session's wire, which is locked as a whole: TLS, how far the session is, who carries it, and how it ends.

use crate::duplex::{Duplex, Socket};
use crate::protocol::Reason;
use crate::server::timeline::Seat;
use std::io::{self, ErrorKind, Write};

/// A full socket takes more later, but not on Windows: there a write that timed out leaves the connection in an
/// undefined state, and all that can be done is to drop it.
pub(super) const FULL_SOCKETS_RECOVER: bool = cfg!(not(windows));

#[derive(Debug)]
pub(super) struct Wire {
    pub(super) tls: Duplex,
    /// The seq up to which the session was given what it may see.
    pub(super) cursor: u64,
    /// Where its account is, for what is shared with others.
    pub(super) seat: Seat,
    pub(super) carrier: Carrier,
    /// Lines that came before the login's answer, which must be the first. None once that is said.
    pub(super) early: Option<Vec<u8>>,
    /// It is given no event until its owner has chosen a password.
    pub(super) withheld: Option<Withheld>,
    /// Its mandate has ended: it is given no event any more. Asked in each round, where the mandate itself, which others
    /// share, would cost a cache line.
    pub(super) severed: bool,
    /// Ciphertext that a courier is to send before anything else.
    pub(super) unsent: Vec<u8>,
    pub(super) farewell: Option<Farewell>,
    /// The farewell is encrypted: once it is sent, the session is over.
    pub(super) farewell_said: bool,
    /// Why the session is over, once it is. Nothing is sent from then on.
    pub(super) ended: Option<Reason>,
}

/// What a session whose password must be changed is given when it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Withheld {
    /// The whispers that waited for it: those after the first seq, up to the second.
    pub(crate) whispers: Option<(u64, u64)>,
}

/// Who gives the session its events.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Carrier {
    /// Nobody yet: it is being welcomed.
    Lobby,
    /// Its postman, with everyone else's.
    Postman,
    /// A courier of its own, because its socket is full or it is far behind.
    Courier,
}

/// How the server ends a session in good order: after all that came before, and with a last word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Farewell {
    /// The events up to this one are delivered first, those that the session may still see.
    pub(crate) after: u64,
    /// Why.
    pub(crate) reason: Reason,
    /// Whether a `bye` says so; a client that asked for it has had its answer.
    pub(crate) bye: bool,
}

/// What came with some ciphertext, beside plaintext.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    /// The session is over, on one side or the other.
    pub(crate) over: bool,
    /// TLS itself has something to say; an empty line sends it.
    pub(crate) answer_due: bool,
}

/// How a delivery went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Delivered {
    /// It has all there is.
    All,
    /// Its socket is full, or it is too far behind: a courier must take it from here.
    NeedsCourier,
    /// It's over, or in a courier's hands: no longer the postman's.
    Gone,
}

impl Wire {
    /// Whether the session may be given events now.
    pub(super) fn may_see(&self) -> bool {
        self.withheld.is_none() && !self.severed
    }
}

/// Writes until the socket is full for as long as its write timeout. A short count says that it is.
pub(super) fn write_some(mut socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match socket.write(&bytes[sent..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            // A blocking socket takes less than everything only when its timeout has passed.
            Ok(n) => {
                sent += n;
                break;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(e) => return Err(e),
        }
    }
    Ok(sent)
}

/// Appends to what is unsent, and takes no more memory than it holds: what grows by doubling would have as much again, for
/// each who asks and doesn't read.
pub(super) fn append_exactly(unsent: &mut Vec<u8>, more: &mut Vec<u8>) {
    unsent.reserve_exact(more.len());
    unsent.append(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unsent_takes_no_more_memory_than_it_holds() {
        let mut unsent = Vec::new();
        for answer in 1..=64 {
            append_exactly(&mut unsent, &mut vec![0; 1_000]);
            let (held, taken) = (unsent.len(), unsent.capacity());
            assert_eq!(held, answer * 1_000);
            assert!(taken <= held + held / 16, "{taken} for {held}");
        }
    }
}
