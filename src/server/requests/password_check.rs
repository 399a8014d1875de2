//! Whoever has a password to check comes through here: the throttle says when, the hasher whose turn it is.

use crate::durations;
use crate::protocol::{Profile, Role, Secret, Username};
use crate::server::accounts::{AccountError, Checked, Client, Door, LoginError, NewAccount, NoTurn, Origin, Wait};
use crate::server::chat::Session;
use crate::server::state::{Attempt, Barred, Server, Stay};
use crate::sync::lock;
use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Why whoever has failed too often must wait.
pub(crate) const FAILED_TOO_OFTEN: &str = "too many failed logins";
/// How long a look at a session's socket waits: the least there is.
const LOOK_WAIT: Duration = Duration::from_millis(1);

/// A stranger who wants in.
pub(crate) struct Knock<'a> {
    pub(crate) peer: SocketAddr,
    pub(crate) socket: &'a TcpStream,
    pub(crate) stay: &'a Stay,
    pub(crate) deadline: Instant,
}

/// A password that is checked. It counts as a wrong one from its beginning, also if a panic is its end.
struct Guess<'a> {
    server: &'a Server,
    begun: Option<Attempt>,
}

/// What a guess was.
enum Outcome {
    Right,
    Wrong,
    /// It wasn't compared, or it doesn't matter.
    Neither,
}

impl Guess<'_> {
    fn begin(&mut self, client: &Client<'_>, now: Instant) -> Result<(), Wait> {
        self.begun = Some(lock(&self.server.throttle).begin(client.origin, client.name, now)?);
        Ok(())
    }

    fn end(&mut self, outcome: Outcome) {
        let Some(attempt) = self.begun.take() else { return };
        let (mut throttle, now) = (lock(&self.server.throttle), Instant::now());
        match outcome {
            Outcome::Right => throttle.succeeded(&attempt, now),
            Outcome::Neither => throttle.take_back(&attempt, now),
            Outcome::Wrong => return,
        }
        drop(throttle);
        // Whoever was put off while it was under way needn't wait any more.
        self.server.accounts.recall(attempt.origin());
    }
}

/// Checks a password for a login. Where it must wait for a short while, it does so here; in a full lobby it can then be
/// the one that makes way.
///
/// # Errors
/// [`LoginError`].
pub(crate) fn check_password(
    server: &Server,
    knock: &Knock<'_>,
    name: &Username,
    password: &str,
) -> Result<Checked, LoginError> {
    guess_at_the_door(server, knock, name, LoginError::TryLater, |client, permit, end| {
        server.accounts.check(client, password, permit, |checked| {
            end(match checked {
                Ok(()) => Outcome::Right,
                Err(LoginError::Banned) => Outcome::Neither,
                Err(_) => Outcome::Wrong,
            });
        })
    })
}

/// What a stranger guesses at is looked at in their turn: `what` is given whose turn it is, what is asked once it has come,
/// and where to say how the guess went.
fn guess_at_the_door<T, E>(
    server: &Server,
    knock: &Knock<'_>,
    name: &Username,
    try_later: impl FnOnce(Duration) -> E,
    what: impl FnOnce(&Client<'_>, &mut dyn FnMut(Instant) -> Result<(), Wait>, &dyn Fn(Outcome)) -> Result<T, E>,
) -> Result<T, E> {
    let (origin, now) = (Origin::from(knock.peer.ip()), Instant::now());
    let may = lock(&server.throttle).check(origin, name, now);
    if let Err(Wait { time, here: false }) = may {
        return Err(try_later(time));
    }
    let is_there = || is_there(knock.socket);
    let rank = || lock(&server.throttle).rank(origin, name, Instant::now());
    let client = Client { origin, name, rank: &rank, deadline: Some(knock.deadline), is_there: &is_there };
    let guess = RefCell::new(Guess { server, begun: None });
    let mut permit = |now| {
        let begun = guess.borrow_mut().begin(&client, now);
        knock.stay.served(begun.is_ok());
        begun
    };
    what(&client, &mut permit, &|outcome| guess.borrow_mut().end(outcome))
}

/// Makes an account for a stranger with this code of the class's door: a guess like that of a password.
///
/// # Errors
/// [`AccountError`].
pub(crate) fn enrol(
    server: &Server,
    knock: &Knock<'_>,
    name: &Username,
    (code, password): (&str, Option<&Secret>),
    called: Option<&str>,
) -> Result<(Username, Checked), AccountError> {
    struct AtDoor<'a>(&'a Server, &'a str, SocketAddr);
    impl Door for AtDoor<'_> {
        fn fits(&self) -> bool {
            self.0.class_door.with_code(self.1, self.0.clock.lived()).is_some()
        }
        fn enter(&self) -> Result<(), AccountError> {
            // An account whose guest can't come in would be nobody's.
            self.0.has_a_seat(self.2.ip()).map_err(AccountError::Full)?;
            self.0.class_door.enter(self.1, self.0.clock.lived(), Instant::now()).map_err(|barred| match barred {
                Barred::Closed => AccountError::NoDoor,
                Barred::For(wait) => AccountError::NoTurn(NoTurn::TryLater(wait)),
            })
        }
    }
    let terms = server.class_door.with_code(code, server.clock.lived());
    let guests_until = terms.as_ref().and_then(|terms| terms.guests_until);
    let new = || {
        if *name == Username::nobody() {
            return Err(AccountError::BadName);
        }
        let mut profile = Profile::parse(called, None).map_err(AccountError::BadProfile)?;
        profile.group = terms.and_then(|terms| terms.group);
        let since = server.chat.timeline().now().seq;
        Ok(NewAccount { name: name.clone(), password: password.cloned(), role: Role::User, profile, since })
    };
    // Whoever knows the code has guessed at nobody's password: that forgives nobody's guesses either.
    let outcome = |right| if right { Outcome::Neither } else { Outcome::Wrong };
    let try_later = |time| AccountError::NoTurn(NoTurn::TryLater(time));
    guess_at_the_door(server, knock, name, try_later, |client, permit, end| {
        let told = |right| end(outcome(right));
        server.accounts.enrol(client, (&AtDoor(server, code, knock.peer), guests_until), new, permit, told)
    })
}

/// Changes a password: the old one is guessed at like any other, but whoever must wait is told so and not held.
///
/// # Errors
/// [`AccountError`].
pub(crate) fn change_password(server: &Server, session: &Session, old: &str, new: &str) -> Result<u32, AccountError> {
    let is_there = || is_still_there(session);
    let client = client(session, &is_there);
    let mut guess = Guess { server, begun: None };
    let permit = |now| guess.begin(&client, now).map_err(|Wait { time, .. }| Wait { time, here: false });
    // Who must wait costs no turn.
    let may = lock(&server.throttle).check(client.origin, client.name, Instant::now());
    let changed = match may {
        Ok(()) => server.accounts.change_password(&client, &session.mandate, (old, new), permit),
        Err(Wait { time, .. }) => Err(AccountError::NoTurn(NoTurn::TryLater(time))),
    };
    let (outcome, failure) = match &changed {
        Ok(_) => (Outcome::Right, None),
        Err(AccountError::WrongPassword) => (Outcome::Wrong, Some("wrong old password")),
        Err(AccountError::NoTurn(NoTurn::TryLater(_))) => (Outcome::Neither, Some("throttled")),
        Err(_) => (Outcome::Neither, None),
    };
    guess.end(outcome);
    let told = |failure| server.audit.failed_change(session.peer.ip(), &session.name, failure, Instant::now());
    if let Some(failure) = failure.filter(|failure| told(failure)) {
        log::warn!("{} from {} can't change the password: {failure}", session.name, session.peer);
    }
    changed
}

/// What a session has hashed for it, behind whoever logs in at the same address.
pub(crate) fn client<'a>(session: &'a Session, is_there: &'a (dyn Fn() -> bool + Sync)) -> Client<'a> {
    Client { origin: session.peer.ip().into(), name: &session.name, rank: &|| u8::MAX, deadline: None, is_there }
}

/// Somebody is let in: their account is at home there from now on.
pub(crate) fn let_in(server: &Server, origin: Origin, name: &Username) {
    let new = lock(&server.throttle).at_home(origin, name, Instant::now());
    if let Some((homes, standing)) = new.zip(server.accounts.standing(name.as_str())) {
        server.tokens.note_homes(name, standing.state().since, homes);
    }
    // Deleted meanwhile: whoever has its name next is at home nowhere.
    if server.accounts.standing(name.as_str()).is_none() {
        lock(&server.throttle).forget(name);
        // Administrators are told of what can't be written.
        let _ = server.tokens.erase(std::slice::from_ref(name));
    }
}

/// Why somebody must wait, and how long, for them to read.
pub(crate) fn try_later(why: &str, wait: Duration) -> String {
    format!("{why}: try again in {}", durations::remaining(wait))
}

/// Whether a session goes on, so that its owner still waits for what they asked for. For its own thread.
pub(super) fn is_still_there(session: &Session) -> bool {
    !session.is_over() && is_connected(session.socket())
}

/// Whether the other side of a session's socket has neither closed nor broken off. For the thread that reads it: others
/// may be writing meanwhile, so it stays as it is but for the time that a read waits.
fn is_connected(socket: &TcpStream) -> bool {
    let Ok(before) = socket.read_timeout() else { return false };
    let looked = socket.set_read_timeout(Some(LOOK_WAIT)).and_then(|()| socket.peek(&mut [0]));
    socket.set_read_timeout(before).is_ok() && is_open(socket, looked)
}

/// The same for a socket that nobody else uses.
fn is_there(socket: &TcpStream) -> bool {
    let looked = socket.set_nonblocking(true).and_then(|()| socket.peek(&mut [0]));
    socket.set_nonblocking(false).is_ok() && is_open(socket, looked)
}

fn is_open(socket: &TcpStream, looked: io::Result<usize>) -> bool {
    let open = match looked {
        Ok(waiting) => waiting > 0,
        Err(e) => matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted),
    };
    // A reset that came behind bytes which nobody has read yet shows here alone.
    open && matches!(socket.take_error(), Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{Shutdown, TcpListener};

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, peer)
    }

    fn wait_until_gone(socket: &TcpStream, is_there: fn(&TcpStream) -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while is_there(socket) {
            assert!(Instant::now() < end, "it is still there");
        }
    }

    #[test]
    fn who_is_gone_is_seen_to_be() {
        for is_there in [is_there, is_connected] {
            let (socket, mut peer) = pair();
            socket.set_read_timeout(Some(Duration::from_secs(77))).unwrap();
            assert!(is_there(&socket));
            peer.write_all(b"what comes behind the login").unwrap();
            assert!(is_there(&socket), "whatever waits to be read");
            assert_eq!(socket.read_timeout().unwrap(), Some(Duration::from_secs(77)), "it is as it was");
            // Bytes that it hasn't read make its end a reset.
            (&socket).write_all(b"an answer").unwrap();
            drop(peer);
            wait_until_gone(&socket, is_there);

            let (socket, peer) = pair();
            peer.shutdown(Shutdown::Write).unwrap();
            wait_until_gone(&socket, is_there);
        }
    }
}
