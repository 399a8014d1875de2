//! What a courier does for a session whose socket is full, or that is far behind.

use super::session::{BATCH_BYTES_MAX, Session, WRITE_WAIT};
use super::wire::{Carrier, FULL_SOCKETS_RECOVER, Wire, write_some};
use crate::protocol::Reason;
use crate::reason;
use crate::server::timeline::{Batch, Timeline};
use crate::sync::{MutexGuard, lock, thread};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long one of a courier's writes waits before it looks at its deadline.
const COURIER_WRITE_WAIT: Duration = Duration::from_millis(250);
/// How long a courier waits at most until what it read in the journal is paid for. An account's five pay for twenty
/// stretches a second then, which is less than is free.
const COURIER_PAUSE_MAX: Duration = Duration::from_millis(250);

impl Session {
    /// A courier's work: sends what is unsent and then batch after batch, without holding the wire while it
    /// waits. True when the session is up to date and the postman's again, false when it's over.
    pub(crate) fn carry(&self, timeline: &Timeline, slow_deadline: Duration) -> bool {
        let mut own = Batch::default();
        if self.socket.set_write_timeout(Some(COURIER_WRITE_WAIT)).is_err() {
            self.end(Reason::Disconnected);
            return false;
        }
        loop {
            let mut wire = lock(&self.wire);
            if wire.ended.is_some() {
                return false;
            }
            if wire.unsent.is_empty() {
                // It may come from a disk, which nobody is to wait for. The cursor is the courier's own.
                let (cursor, head, may_see) = (wire.cursor, timeline.head(), wire.may_see());
                drop(wire);
                own.begin(cursor);
                let viewer = self.viewer();
                let read = match may_see {
                    true => timeline.read_back(cursor, head, viewer, BATCH_BYTES_MAX, &mut own),
                    false => Ok(false),
                };
                if matches!(read, Ok(true)) {
                    // The account pays, as for `history`: it may log in again and again, and see nothing of all that.
                    let pause = self.mandate.standing().looks.charge(1, Instant::now());
                    thread::sleep(pause.min(COURIER_PAUSE_MAX));
                }
                wire = lock(&self.wire);
                if wire.ended.is_some() {
                    return false;
                }
                if !wire.may_see() {
                    own.begin(cursor);
                } else if let Err(e) = read {
                    log::warn!("{} can't be given what came after {cursor}: {}", self.name, reason::of_file(&e));
                    self.end_locked(&mut wire, Reason::TooSlow);
                    return false;
                }
                if !self.refill(&mut wire, &own) {
                    return wire.ended.is_none();
                }
                if wire.unsent.is_empty() {
                    continue;
                }
            }
            let chunk = std::mem::take(&mut wire.unsent);
            drop(wire);
            self.relieved.notify_all();
            if let Err(e) = self.write_all(&chunk, Instant::now() + slow_deadline) {
                let slow = e.kind() == ErrorKind::TimedOut;
                self.end(if slow { Reason::TooSlow } else { Reason::Disconnected });
                return false;
            }
        }
    }

    /// Encrypts what a courier is to send next: the next batch, or the farewell. False when there's nothing more to
    /// carry: the session is its postman's again, or over.
    fn refill(&self, wire: &mut MutexGuard<'_, Wire>, own: &Batch) -> bool {
        // Answers that came meanwhile go first.
        if !wire.unsent.is_empty() {
            return true;
        }
        if wire.farewell_said {
            self.finish(wire);
            return false;
        }
        let more = own.upto > wire.cursor;
        wire.cursor = own.upto;
        if !own.lines.is_empty() && wire.tls.encrypt(&own.lines).is_err() {
            self.end_locked(wire, Reason::Disconnected);
            return false;
        }
        wire.unsent = std::mem::take(wire.tls.outgoing());
        if more && wire.unsent.is_empty() {
            return true;
        }
        if wire.unsent.is_empty() && self.say_farewell_if_due(wire) {
            wire.unsent = std::mem::take(wire.tls.outgoing());
        }
        if !wire.unsent.is_empty() {
            return true;
        }
        if self.socket.set_write_timeout(Some(WRITE_WAIT)).is_err() {
            self.end_locked(wire, Reason::Disconnected);
            return false;
        }
        wire.carrier = Carrier::Postman;
        false
    }

    fn write_all(&self, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = write_some(&self.socket, bytes)?;
            bytes = &bytes[n..];
            if !bytes.is_empty() && (Instant::now() >= deadline || !FULL_SOCKETS_RECOVER) {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }
}
