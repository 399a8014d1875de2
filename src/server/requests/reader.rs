//! A session's own thread: it blocks on the socket, decrypts what comes, and carries out each request.

use super::answer::Flow;
use super::commands;
use super::request_rate::RequestRate;
use crate::duplex::READ_BYTES;
use crate::lines::{Line, LineReader};
use crate::protocol::{ErrorCode, LINE_BYTES_MAX, Reason, ServerMessage};
use crate::server::chat::{FAREWELL, Session};
use crate::server::config::MessageRate;
use crate::server::state::Server;
use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How many clients a second are asked, all together; where there are so many that it would be more, each is asked
/// less often, and those who came together one after the other. To ask and to be answered costs some 50 µs (docs/performance.md), so an idle server never takes 0.1 %
/// of a core. With 5,000 clients each is asked every 5 minutes or so.
const PINGS_PER_SECOND_MAX: u64 = 16;
/// 2^64 divided by it.
const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;
/// How many bytes of it of a client that was told goodbye are still read.
pub(crate) const LINGER_BYTES_MAX: usize = 1024 * 1024;
/// What an idle session reads into: enough for a chat message, small enough to lie on its stack for good.
const IDLE_READ_BYTES: usize = 1024;

/// Runs the session until it's over. `pending` is plaintext that came with the login.
pub(crate) fn run(server: &Arc<Server>, session: &Arc<Session>, pending: Vec<u8>) {
    let outcome = catch_unwind(AssertUnwindSafe(|| Reader::new(server, session).read(pending)));
    session.end(outcome.unwrap_or_else(|_| {
        log::error!("the thread of {} panicked; everyone else goes on", session.name);
        Reason::Disconnected
    }));
    let reason = session.ended().unwrap_or(Reason::Disconnected);
    server.counts.end(reason);
    server.chat.leave(session, reason);
    server.chat.delivery().forget(session);
    server.tokens.leave(&session.name, &session.token, &server.clock.now());
    log::info!("{} from {} is gone: {reason:?}", session.name, session.peer);
}

struct Reader<'a> {
    server: &'a Arc<Server>,
    session: &'a Arc<Session>,
    lines: LineReader,
    /// None where an account may speak as fast as it likes.
    rate: Option<RequestRate>,
    /// The socket's read timeout, once it's set.
    wait: Option<Duration>,
}

impl<'a> Reader<'a> {
    fn new(server: &'a Arc<Server>, session: &'a Arc<Session>) -> Self {
        let rate = (server.limits.message_rate() != MessageRate::Off).then(RequestRate::new);
        Self { server, session, lines: LineReader::default(), rate, wait: None }
    }

    /// Reads until the session is over, and returns why it would be if nobody else has said so.
    fn read(&mut self, pending: Vec<u8>) -> Reason {
        if self.take(&pending) == Flow::Leave {
            return self.linger();
        }
        drop(pending);
        let turn = || ping_turn(self.server.limits.ping_after(), self.server.sessions.count(), self.session.id);
        let (mut asked, mut silent, mut wait) = (false, Duration::ZERO, turn());
        let mut large = Vec::new();
        loop {
            match self.read_once(wait, &mut large) {
                Ok(Flow::Continue) => (asked, silent, wait) = (false, Duration::ZERO, turn()),
                Ok(Flow::Leave) => return self.linger(),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if asked {
                        return Reason::Timeout;
                    }
                    silent += wait;
                    // A crowd may have come since the wait began.
                    wait = turn().saturating_sub(silent);
                    if wait.is_zero() {
                        self.server.chat.delivery().send(self.session, &ServerMessage::Ping {}.encode());
                        (asked, wait) = (true, self.server.limits.pong_within());
                    }
                }
                Err(_) => return Reason::Disconnected,
            }
        }
    }

    /// One read and what it brings. Reads into a small buffer on the stack, and into `large` while there is much
    /// to read: an idle session holds no buffer.
    fn read_once(&mut self, wait: Duration, large: &mut Vec<u8>) -> io::Result<Flow> {
        let mut small = [0; IDLE_READ_BYTES];
        let buffer = if large.is_empty() { &mut small[..] } else { &mut large[..] };
        if self.wait != Some(wait) {
            self.session.socket().set_read_timeout(Some(wait))?;
            self.wait = Some(wait);
        }
        let n = read(self.session.socket(), buffer)?;
        let mut plain = Vec::new();
        let received = self.session.decrypt(&buffer[..n], &mut plain)?;
        if received.answer_due {
            self.server.chat.delivery().send(self.session, b"");
        }
        let full = n == buffer.len();
        if full && large.is_empty() {
            large.resize(READ_BYTES, 0);
        } else if n < IDLE_READ_BYTES {
            *large = Vec::new();
        }
        let flow = self.take(&plain);
        if received.over && self.session.mandate.came_through_page() {
            // It waits for our side to close.
            self.server.chat.delivery().end(self.session, Reason::Disconnected, false);
        }
        Ok(if received.over || n == 0 { Flow::Leave } else { flow })
    }

    /// Carries out the requests that some plaintext completes.
    fn take(&mut self, plain: &[u8]) -> Flow {
        let (server, session, rate) = (self.server, self.session, &mut self.rate);
        let mut flow = Flow::Continue;
        self.lines.feed(plain, |line| {
            if flow == Flow::Leave {
                return;
            }
            if let Some(rate) = rate {
                // Bounded by the rate: a fraction of a second.
                thread::sleep(rate.wait(Instant::now()));
            }
            match line {
                Line::Whole(line) => flow = commands::carry_out(server, session, line),
                Line::TooLong => server.chat.delivery().send(session, &too_long().encode()),
                Line::Endless => {
                    server.chat.delivery().end(session, Reason::Disconnected, false);
                    flow = Flow::Leave;
                }
            }
        });
        flow
    }

    /// Reads on for a moment, so that what the client sends on its way out doesn't make its system throw away
    /// the last lines before it has read them.
    fn linger(&self) -> Reason {
        let deadline = Instant::now() + FAREWELL;
        let mut buffer = [0; IDLE_READ_BYTES];
        let mut bytes = 0;
        while bytes < LINGER_BYTES_MAX {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.session.socket().set_read_timeout(Some(left)).is_err() {
                break;
            }
            match read(self.session.socket(), &mut buffer) {
                Ok(n) if n > 0 => bytes += n,
                _ => break,
            }
        }
        Reason::Disconnected
    }
}

/// The refusal of an over-long line.
pub(crate) fn too_long() -> ServerMessage<'static> {
    let message = format!("a line has at most {LINE_BYTES_MAX} bytes, its end included; this one was skipped");
    ServerMessage::Error { id: None, code: ErrorCode::TooLong, message: message.into() }
}

fn read(mut socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match socket.read(buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// After how long one of so many silent clients is asked: in whole seconds, which change rarely, since each change
/// costs every session a system call. A crowd's turns are between half and one and a half times as long as they are on average.
fn ping_turn(ping_after: Duration, sessions: usize, id: u64) -> Duration {
    let crowd = sessions as u64 / PINGS_PER_SECOND_MAX;
    if Duration::from_secs(crowd) <= ping_after {
        return ping_after;
    }
    // However many ids follow each other, by the golden ratio they lie evenly between 0 and 1.
    let share = id.wrapping_mul(GOLDEN_RATIO) >> 32;
    ping_after.max(Duration::from_secs(crowd / 2 + ((crowd * share) >> 32)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::PING_AFTER;

    /// How many of so many silent clients, who came together, are asked in each second.
    fn asked(clients: usize) -> Vec<u64> {
        let mut asked = vec![0; 2 * clients + 60];
        (1..=clients as u64).for_each(|id| asked[ping_turn(PING_AFTER, clients, id).as_secs() as usize] += 1);
        asked
    }

    #[test]
    fn a_crowd_is_asked_less_often() {
        for class in [1, 30, 960, 975] {
            assert_eq!(asked(class)[60], class as u64);
        }
        let asked = asked(5_000);
        let (first, last) = (asked.iter().position(|n| *n > 0), asked.iter().rposition(|n| *n > 0));
        assert_eq!((first, last), (Some(156), Some(467)));
    }

    #[test]
    fn of_a_crowd_that_came_at_once_no_more_are_asked_in_a_second() {
        for crowd in [5_000, 30_000] {
            let most = asked(crowd).into_iter().max();
            assert!(most <= Some(PINGS_PER_SECOND_MAX + 2), "{most:?} of {crowd}");
        }
    }
}
