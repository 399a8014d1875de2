//! One client's session, as everyone else in the server sees it: a mandate, a TLS session, a cursor, a socket.
//!
//! A session whose mandate has ended, or that was told to go, carries out no request: that is asked before each of them.
//! Whoever has ended it waits for the request that is under way ([`Session::settle`]), and severs it from the events
//! ([`Session::request_end`]).
//!
//! The wire's lock is held to encrypt, to decrypt, and over a write that may wait for [`WRITE_WAIT`] at the longest, or
//! over as many writes as a session is given batches at once. Whoever finds the socket full leaves the rest as `unsent`
//! and the session to a courier, who alone writes from then on, without the lock, until everything is sent.

use super::wire::{
    Carrier, Delivered, FULL_SOCKETS_RECOVER, Farewell, Received, Wire, Withheld, append_exactly, write_some,
};
use crate::duplex::{Duplex, Peer, Socket};
use crate::protocol::{Reason, Role, ServerMessage, Username};
use crate::server::accounts::{BallotKey, Mandate, TokenId};
use crate::server::timeline::{Batch, Forgotten, Seat, Shared, Sight, Timeline, Viewer};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, lock};
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::{OnceLock, PoisonError};
use std::time::Duration;

/// How long a write may wait for room in a full socket while others wait for the same thread. The system rounds
/// it up to its clock tick: 1 to 10 ms.
pub(crate) const WRITE_WAIT: Duration = Duration::from_millis(1);
/// How many bytes of lines one session is given at a time.
pub(super) const BATCH_BYTES_MAX: usize = 128 * 1024;
/// How many such batches a postman brings to a session that is behind before a courier takes over. A class that comes back
/// after a break has missed more than one, and a thread for each would cost more than the second batch.
const BATCHES_AT_ONCE_MAX: usize = 2;
/// How many bytes of answers may wait for a courier before the client's further requests wait too. The system's own buffer is
/// full by then, so more would only cost memory, which the budget reckons with.
const ANSWERS_UNSENT_BYTES_MAX: usize = 64 * 1024;
/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    /// No two sessions of a server have the same.
    pub(crate) id: u64,
    /// Whose it is.
    pub(crate) name: Username,
    /// It shows the room: it is given nothing that not everyone sees, and isn't counted among those who are there. As long
    /// as its mandate holds: whoever becomes a display, or no longer is one, logs in anew.
    pub(super) is_display: bool,
    /// From where.
    pub(crate) peer: SocketAddr,
    /// What it may do.
    pub(crate) mandate: Mandate,
    /// Its token, which ends with a logout.
    pub(crate) token: TokenId,
    /// It goes on where an earlier one broke off, or a later one where it did, perhaps while the network still holds
    /// some of its requests: what it says may have been said before.
    pub(crate) continues: Arc<AtomicBool>,
    /// Whether it stands in its postman's list. Only that postman looks.
    pub(crate) listed: AtomicBool,
    /// It came to a full house: another one of its account makes way, if there is any.
    pub(crate) takes_own_place: AtomicBool,
    /// By what it finds its own ballots again: set before it is welcomed.
    ballot_key: OnceLock<BallotKey>,
    pub(super) socket: Arc<Socket>,
    /// Held over each of its requests.
    turn: Mutex<()>,
    /// It was told to go: it asks for nothing any more.
    dismissed: AtomicBool,
    pub(super) wire: Mutex<Wire>,
    /// Told when it is welcomed, when a courier has taken what was unsent, and at the end.
    pub(super) relieved: Condvar,
}

impl Session {
    /// A session that the lobby is about to welcome.
    pub(crate) fn new(
        id: u64,
        name: Username,
        mandate: Mandate,
        (token, continues): (TokenId, Arc<AtomicBool>),
        (socket, peer): (Arc<Socket>, SocketAddr),
        tls: Duplex,
    ) -> Self {
        let wire = Wire {
            tls,
            cursor: 0,
            seat: Seat::default(),
            carrier: Carrier::Lobby,
            early: Some(Vec::new()),
            withheld: None,
            severed: false,
            unsent: Vec::new(),
            farewell: None,
            farewell_said: false,
            ended: None,
        };
        let is_display = mandate.state().is_some_and(|state| state.role == Role::Display);
        Self {
            id,
            name,
            is_display,
            peer,
            mandate,
            token,
            continues,
            listed: AtomicBool::new(false),
            takes_own_place: AtomicBool::new(false),
            ballot_key: OnceLock::new(),
            socket,
            turn: Mutex::default(),
            dismissed: AtomicBool::new(false),
            wire: Mutex::new(wire),
            relieved: Condvar::new(),
        }
    }

    /// As whom it is given events.
    pub(crate) fn viewer(&self) -> Viewer<'_> {
        match self.is_display {
            true => Viewer::Anyone,
            false if self.is_staff() => Viewer::Staff(&self.name),
            false => Viewer::Account(&self.name),
        }
    }

    /// Whether its account looks after others now.
    pub(super) fn is_staff(&self) -> bool {
        self.mandate.state().is_some_and(|state| state.role.is_staff())
    }

    /// Its ballots are marked with this from now on.
    pub(crate) fn mark_ballots_with(&self, key: BallotKey) {
        let _ = self.ballot_key.set(key);
    }

    /// By what it finds its own ballots again.
    pub(crate) fn ballot_key(&self) -> Option<&BallotKey> {
        self.ballot_key.get()
    }

    /// For the session's own thread: the socket it blocks on.
    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// For the session's own thread: carries out a request, unless the session may ask for nothing any more.
    pub(crate) fn take_turn<T>(&self, request: impl FnOnce() -> T) -> Option<T> {
        let _turn = lock(&self.turn);
        self.may_ask().then(request)
    }

    /// Waits until the request under way is carried out. Not for a thread that carries out one itself: two that wait for
    /// each other would do so for ever.
    ///
    /// After that nothing is carried out that the change of the account, or the dismissal, before it forbids.
    pub(crate) fn settle(&self) {
        drop(lock(&self.turn));
    }

    /// Its further requests are not carried out.
    pub(super) fn dismiss(&self) {
        self.dismissed.store(true, Ordering::Release);
    }

    /// Gives it no event until it is [released](Self::release).
    pub(crate) fn withhold(&self, withheld: Withheld) {
        lock(&self.wire).withheld = Some(withheld);
    }

    /// Whether it is given no event, and what waits for it.
    pub(crate) fn withheld(&self) -> Option<Withheld> {
        lock(&self.wire).withheld
    }

    /// From now on it is given events, from its cursor on.
    pub(crate) fn release(&self) {
        lock(&self.wire).withheld = None;
    }

    /// Takes ciphertext that has come; appends its plaintext to `plain`.
    ///
    /// # Errors
    /// TLS is over.
    pub(crate) fn decrypt(&self, ciphertext: &[u8], plain: &mut Vec<u8>) -> io::Result<Received> {
        let mut wire = lock(&self.wire);
        let peer = wire.tls.decrypt(ciphertext, plain)?;
        Ok(Received { over: peer == Peer::Closed || wire.ended.is_some(), answer_due: !wire.tls.outgoing().is_empty() })
    }

    /// Sends a line that isn't an event, now; not after the farewell. Waits while too many answers are unsent.
    pub(crate) fn send(&self, line: &[u8]) -> Delivered {
        let mut wire = lock(&self.wire);
        while wire.unsent.len() > ANSWERS_UNSENT_BYTES_MAX && wire.ended.is_none() {
            // Bounded: a courier that can't send for so long as SLOW_DEADLINE ends the session.
            wire = self.relieved.wait(wire).unwrap_or_else(PoisonError::into_inner);
        }
        if wire.ended.is_some() || wire.farewell_said {
            return Delivered::Gone;
        }
        if let Some(early) = &mut wire.early {
            // Only notices come so early, and those that are too many are in the log.
            if early.len() + line.len() <= ANSWERS_UNSENT_BYTES_MAX {
                early.extend_from_slice(line);
            }
            return Delivered::All;
        }
        self.transmit(&mut wire, line, &mut Vec::new())
    }

    /// Says why the login is refused after all.
    pub(crate) fn refuse_login(&self, line: &[u8]) {
        self.transmit(&mut lock(&self.wire), line, &mut Vec::new());
    }

    /// Says what the login is answered with, and then what came for the session before. If its mandate has ended by now,
    /// it ends without a word.
    pub(crate) fn welcome(&self, mut lines: Vec<u8>) -> Delivered {
        let mut wire = lock(&self.wire);
        if wire.ended.is_some() || !self.mandate.holds() {
            return self.end_locked(&mut wire, Reason::Removed);
        }
        lines.extend(wire.early.take().unwrap_or_default());
        self.transmit(&mut wire, &lines, &mut Vec::new())
    }

    /// Sets the cursor of a session that is being welcomed.
    pub(super) fn start_after(&self, cursor: u64) {
        lock(&self.wire).cursor = cursor;
    }

    /// The welcome is said: from now on its postman gives it its events. False when a courier still carries the
    /// welcome, who will hand the session over.
    pub(super) fn hand_to_postman(&self) -> bool {
        let mut wire = lock(&self.wire);
        let welcomed = wire.carrier == Carrier::Lobby;
        if welcomed {
            wire.carrier = Carrier::Postman;
        }
        self.relieved.notify_all();
        welcomed
    }

    /// For the session's own thread: waits until the lobby has welcomed it, or has ended it.
    pub(crate) fn wait_for_welcome(&self) {
        let mut wire = lock(&self.wire);
        while wire.carrier == Carrier::Lobby && wire.ended.is_none() {
            // Bounded by the lobby, which does one or the other without waiting for the peer.
            wire = self.relieved.wait(wire).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends it if it isn't welcomed.
    pub(crate) fn end_unless_welcomed(&self) {
        let mut wire = lock(&self.wire);
        if wire.carrier == Carrier::Lobby {
            self.end_locked(&mut wire, Reason::Disconnected);
        }
    }

    /// Gives it what it may see up to `shared.upto`, and its farewell if one is due. `shared` is the present round's
    /// stretch; `own` and `outgoing` are the caller's buffers.
    pub(crate) fn deliver(
        &self,
        timeline: &Timeline,
        shared: &mut Shared,
        own: &mut Batch,
        outgoing: &mut Vec<u8>,
    ) -> Delivered {
        let mut wire = lock(&self.wire);
        if wire.ended.is_some() || wire.carrier != Carrier::Postman {
            return Delivered::Gone;
        }
        for _ in 0..BATCHES_AT_ONCE_MAX {
            if wire.cursor >= shared.upto {
                break;
            }
            if !wire.may_see() {
                return self.take_leave_if_due(&mut wire);
            }
            let upto = shared.upto;
            let sight = match wire.cursor == shared.after {
                true => shared.sight((!self.is_display).then_some(&self.name), &mut wire.seat, || self.is_staff()),
                false => Sight::Own,
            };
            let (lines, cursor) = match sight {
                Sight::Lines(lines) => (lines, upto),
                Sight::Own => match timeline.read(wire.cursor, upto, self.viewer(), BATCH_BYTES_MAX, own) {
                    Ok(()) => (&*own.lines, own.upto),
                    // In the journal, where a courier may read it.
                    Err(Forgotten { .. }) => break,
                },
            };
            wire.cursor = cursor;
            if !lines.is_empty() {
                let sent = self.transmit(&mut wire, lines, outgoing);
                if sent != Delivered::All {
                    return sent;
                }
            }
        }
        if wire.cursor < shared.upto {
            wire.carrier = Carrier::Courier;
            return Delivered::NeedsCourier;
        }
        self.take_leave_if_due(&mut wire)
    }

    /// Asks for the session's end; true when its postman must be told. A session whose mandate has ended is given no event
    /// from then on: a batch that was under way is over.
    pub(super) fn request_end(&self, farewell: Farewell) -> bool {
        let mut wire = lock(&self.wire);
        wire.severed |= !self.mandate.holds();
        wire.farewell.get_or_insert(farewell);
        wire.carrier == Carrier::Postman && wire.ended.is_none()
    }

    /// Ends the session at once; the first reason stands, that of a farewell too.
    pub(crate) fn end(&self, reason: Reason) {
        self.end_locked(&mut lock(&self.wire), reason);
    }

    /// Whether nothing more is done for it.
    pub(crate) fn is_over(&self) -> bool {
        !self.may_ask() || self.ended().is_some()
    }

    /// Whether it may ask for anything: it wasn't told to go, and its account's sessions weren't ended.
    pub(super) fn may_ask(&self) -> bool {
        !self.dismissed.load(Ordering::Acquire) && self.mandate.holds()
    }

    /// Why it ended.
    pub(crate) fn ended(&self) -> Option<Reason> {
        lock(&self.wire).ended
    }

    /// Says the last word and closes our direction, if that was asked for and all before it is delivered.
    fn take_leave_if_due(&self, wire: &mut MutexGuard<'_, Wire>) -> Delivered {
        if !self.say_farewell_if_due(wire) {
            return Delivered::All;
        }
        match self.transmit(wire, &[], &mut Vec::new()) {
            Delivered::All => self.finish(wire),
            other => other,
        }
    }

    /// Encrypts the farewell if that was asked for and all before it is delivered that may be. True if it is to be sent
    /// now.
    pub(super) fn say_farewell_if_due(&self, wire: &mut Wire) -> bool {
        let Some(Farewell { after, reason, bye }) = wire.farewell.filter(|_| !wire.farewell_said) else { return false };
        if wire.cursor < after && wire.may_see() {
            return false;
        }
        wire.farewell_said = true;
        if bye {
            // If TLS is over, so is the session, which whoever sends next finds.
            let _ = wire.tls.encrypt(&ServerMessage::Bye { reason }.encode());
        }
        wire.tls.close();
        true
    }

    /// Ends a session whose farewell is sent. Only our direction is closed: the peer reads to the end, then closes
    /// the other. Were both closed while it still sends, its system would throw away what it hasn't read.
    pub(super) fn finish(&self, wire: &mut MutexGuard<'_, Wire>) -> Delivered {
        let reason = wire.farewell.map_or(Reason::Disconnected, |farewell| farewell.reason);
        wire.ended.get_or_insert(reason);
        let _ = self.socket.shutdown(Shutdown::Write);
        self.relieved.notify_all();
        Delivered::Gone
    }

    /// Encrypts and writes, waiting at most once for [`WRITE_WAIT`]. `scratch` spares the session a buffer.
    fn transmit(&self, wire: &mut MutexGuard<'_, Wire>, plain: &[u8], scratch: &mut Vec<u8>) -> Delivered {
        let outgoing = wire.tls.outgoing();
        if outgoing.is_empty() {
            std::mem::swap(outgoing, scratch);
        }
        let encrypted = if plain.is_empty() { Ok(()) } else { wire.tls.encrypt(plain) };
        let mut ciphertext = std::mem::take(wire.tls.outgoing());
        if encrypted.is_err() {
            return self.end_locked(wire, Reason::Disconnected);
        }
        if wire.carrier == Carrier::Courier {
            append_exactly(&mut wire.unsent, &mut ciphertext);
            return Delivered::All;
        }
        let result = match write_some(&self.socket, &ciphertext) {
            Ok(n) if n == ciphertext.len() => Delivered::All,
            Ok(n) if FULL_SOCKETS_RECOVER => {
                wire.unsent.extend_from_slice(&ciphertext[n..]);
                wire.carrier = Carrier::Courier;
                Delivered::NeedsCourier
            }
            Ok(_) => self.end_locked(wire, Reason::TooSlow),
            Err(_) => self.end_locked(wire, Reason::Disconnected),
        };
        ciphertext.clear();
        *scratch = ciphertext;
        result
    }

    pub(super) fn end_locked(&self, wire: &mut MutexGuard<'_, Wire>, reason: Reason) -> Delivered {
        if wire.ended.is_none() {
            wire.ended = Some(wire.farewell.map_or(reason, |farewell| farewell.reason));
            wire.unsent = Vec::new();
        }
        // Wakes the session's own thread and a courier, whichever waits on the socket.
        let _ = self.socket.shutdown(Shutdown::Both);
        self.relieved.notify_all();
        Delivered::Gone
    }
}
