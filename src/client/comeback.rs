//! The way back after a connection was lost: the same server, by the same certificate, with the token.

use super::connection::{self, Connected, Expected, Key, LoggedIn, Session};
use super::error::ClientError;
use super::input::Errands;
use super::terminal::notice;
use super::threads::spawn;
use crate::link::Link;
use crate::protocol::{ErrorCode, Secret};
use crate::sanitize;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The wait before the first attempt, and the longest. Each is twice the one before.
const WAIT_MIN: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// A session that was over sooner was none: the waits before the next attempts go on growing where they were. Else a
/// server that lets everyone in and says goodbye at once would be called without a pause.
const SESSION_MIN: Duration = Duration::from_secs(10);
/// How long a client tries of which nothing more is wanted than that what was typed before is done.
const LAST_WORDS_WAIT: Duration = Duration::from_secs(60);
/// How often an attempt that is under way looks whether the session is to be left.
const LEAVING_POLL: Duration = Duration::from_millis(100);

/// What it takes to come back.
#[derive(Clone, Debug)]
pub(super) struct Comeback {
    /// Which server.
    pub(super) server: Link,
    /// What makes it the right one.
    pub(super) expected: Expected,
    /// The account's name.
    pub(super) name: String,
    /// The token of the last welcome.
    pub(super) token: Secret,
    /// The waits so far, since a session last held.
    pub(super) waits: Waits,
}

/// How the last session ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// How long it was.
    pub(super) lasted: Duration,
    /// The server may be starting again.
    pub(super) restarts: bool,
}

impl Comeback {
    /// Tries until the client is back; None when it's to be left before. `after` is the newest event that was seen.
    /// The first attempt is made at once if the server restarts, unless that has just been done.
    ///
    /// # Errors
    /// The server is another one, or doesn't let the client in; or everything was typed, and it's gone for too long.
    pub(super) fn try_until_back(
        &mut self,
        session: &Session,
        errands: &Errands,
        after: u64,
        ended: Ended,
    ) -> Result<Option<(Connected, LoggedIn)>, ClientError> {
        if ended.lasted >= SESSION_MIN {
            self.waits = Waits::default();
        }
        let mut wait = self.waits.first(ended.restarts);
        let (mut give_up, mut full) = (None, FullHouse::default());
        loop {
            if session.wait_for_leaving(wait) {
                return Ok(None);
            }
            match self.attempt(session, after) {
                Ok(Some(back)) => return Ok(Some(back)),
                Ok(None) => return Ok(None),
                Err(e) if !is_passing(&e) => return Err(for_good(e)),
                Err(e) => {
                    full.tell(&e);
                    if errands.is_closed() {
                        let give_up = *give_up.get_or_insert_with(|| Instant::now() + LAST_WORDS_WAIT);
                        if Instant::now() >= give_up {
                            return Err(e);
                        }
                    }
                }
            }
            wait = self.waits.next();
        }
    }

    /// One attempt, in a thread of its own: whoever leaves meanwhile doesn't wait for it.
    fn attempt(&self, session: &Session, after: u64) -> Result<Option<(Connected, LoggedIn)>, ClientError> {
        let (done, result) = channel();
        let this = self.clone();
        spawn("comeback", move || {
            // Nobody is left to be told when it was left.
            let _ = done.send(this.log_in(after));
        })?;
        loop {
            match result.recv_timeout(LEAVING_POLL) {
                Ok(result) => return result.map(Some),
                Err(RecvTimeoutError::Timeout) if !session.is_leaving() => {}
                Err(_) => return Ok(None),
            }
        }
    }

    fn log_in(&self, after: u64) -> Result<(Connected, LoggedIn), ClientError> {
        let mut connected = connection::again(&self.server, self.expected)?;
        let logged_in = connection::log_in(&mut connected, &self.name, &Key::Token(&self.token, Some(after)))?;
        Ok((connected, logged_in))
    }
}

/// A server that is full, of which a person is told once, however often it's tried.
#[derive(Debug, Default)]
pub(super) struct FullHouse {
    is_told: bool,
}

impl FullHouse {
    /// Whether that is why it failed. Says so, with the server's own words: these tell what whoever runs it may raise.
    pub(super) fn tell(&mut self, error: &ClientError) -> bool {
        let ClientError::Refused { code: ErrorCode::ServerFull, message } = error else { return false };
        if !std::mem::replace(&mut self.is_told, true) {
            notice(format_args!("trying until there is room, Ctrl-C ends: {}", sanitize::line(message)));
        }
        true
    }

    /// Whether somebody who was told goes on trying: also where it's something else by now that passes.
    pub(super) fn waits(&mut self, error: &ClientError) -> bool {
        self.tell(error) || (self.is_told && is_passing(error))
    }
}

/// Whether what failed may work the next time.
fn is_passing(error: &ClientError) -> bool {
    use ErrorCode::{Internal, RateLimited, ServerFull, ShuttingDown, TryLater};
    match error {
        ClientError::Refused { code, .. } => {
            matches!(code, TryLater | ServerFull | ShuttingDown | Internal | RateLimited)
        }
        error => error.exit_status() == 1 && !matches!(error, ClientError::Tls(_)),
    }
}

fn for_good(error: ClientError) -> ClientError {
    match error {
        ClientError::Refused { message, .. } => ClientError::NotLetBack { message },
        other => other,
    }
}

/// The waits between attempts. Each is shortened by chance, by half at most: a class whose server comes back doesn't
/// arrive all at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waits(Option<Duration>);

impl Waits {
    /// The one before the first attempt after a session: none if that's to be made `at_once`, and none was since the last
    /// session that held.
    fn first(&mut self, at_once: bool) -> Duration {
        if at_once && self.0.is_none() { *self.0.insert(Duration::ZERO) } else { self.next() }
    }

    /// The one before the next attempt.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.0.map_or(WAIT_MIN, |before| (before * 2).clamp(WAIT_MIN, WAIT_MAX));
        self.0 = Some(wait);
        let mut chance = [0];
        // Without random numbers the wait is the whole one.
        let _ = getrandom::fill(&mut chance);
        wait - wait.mul_f64(f64::from(chance[0]) / 512.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_double_up_to_a_bound_and_differ() {
        let mut waits = Waits::default();
        for longest in [1, 2, 4, 8, 16, 30, 30].map(Duration::from_secs) {
            let wait = waits.next();
            assert!(wait <= longest && wait >= longest / 2, "{wait:?} of {longest:?}");
        }
        let firsts: std::collections::HashSet<_> = (0..64).map(|_| Waits::default().next()).collect();
        assert!(firsts.len() > 8, "{firsts:?}");
    }

    #[test]
    fn at_once_only_once() {
        let mut waits = Waits::default();
        assert_eq!(waits.first(true), Duration::ZERO);
        for longest in [1, 2, 4, 8].map(Duration::from_secs) {
            let wait = waits.first(true);
            assert!(wait <= longest && wait >= longest / 2, "{wait:?} of {longest:?}");
        }
        let mut waits = Waits::default();
        assert!(waits.first(false) >= WAIT_MIN / 2);
        assert!(waits.first(true) >= WAIT_MIN, "not after one that was waited for either");
    }

    #[test]
    fn what_may_pass_and_what_may_not() {
        let refused = |code| ClientError::Refused { code, message: String::new() };
        for passing in [
            refused(ErrorCode::TryLater),
            refused(ErrorCode::ServerFull),
            refused(ErrorCode::ShuttingDown),
            ClientError::Lost { error: None },
        ] {
            assert!(is_passing(&passing), "{passing:?}");
        }
        for code in [ErrorCode::BadCredentials, ErrorCode::Banned, ErrorCode::UnsupportedProtocol] {
            assert!(!is_passing(&refused(code)), "{code:?}");
            assert_eq!(for_good(refused(code)).exit_status(), 3);
        }
        assert!(!is_passing(&ClientError::NoCertificate { server: String::new() }));
    }
}
