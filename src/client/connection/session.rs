//! What the threads of one run share: the connection there is now, the request under way, and how it all ends.
//!
//! A session outlives its connections. A request that was under way when one broke is sent again over the next, under
//! the same id, so the server does it once: as long as it is one that may be sent again. None is given up because time
//! has passed, since a path may have fallen silent: either the server says that it is past the request (it carries them
//! out in order, so the answer to a `ping` behind it says that, and no event is a minute late), or the connection is given
//! up.

use super::people::People;
use super::slow::ANSWER_AFTER;
use super::wire::{PONG_WAIT, Wire};
use crate::client::error::ClientError;
use crate::client::rooms::Rooms;
use crate::client::terminal::{Lack, lack};
use crate::protocol::{Attendee, ErrorCode, Reply, Request};
use crate::reason::Reason;
use crate::sync::lock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the server may take to answer a request before it is asked whether it is past it. A slow machine takes a
/// second to hash one password, and a class may be in front.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// How long the server has to end the session after a `logout`.
const GOODBYE_WAIT: Duration = Duration::from_secs(5);

/// A session with a server, after the login.
#[derive(Debug)]
pub(crate) struct Session {
    /// The account's name, as the server says it.
    pub(crate) me: String,
    /// What is remembered of the others.
    pub(crate) people: People,
    /// Where one is, and speaks.
    pub(crate) rooms: Arc<Rooms>,
    ids: Ids,
    leaving: AtomicBool,
    /// Whether the login is to outlive the session.
    is_kept: AtomicBool,
    state: Mutex<State>,
    /// Told of every change of the state.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    link: Link,
    /// The one request that is waiting for its answer. Whoever asks waits for it before the next, so that what is
    /// typed is carried out in order, and all of it.
    asked: Option<Asked>,
    answer: Option<Answer>,
}

/// The way to the server.
#[derive(Debug)]
enum Link {
    Up(Arc<Wire>),
    /// It's lost; another may come.
    Down,
    /// It's lost, and no other will come.
    Over,
}

/// A request under way.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Under which id.
    pub(crate) id: String,
    /// What was asked.
    pub(crate) request: Arc<Request>,
    /// What of the answer is to be shown.
    pub(crate) wanted: Show,
    /// It was sent before, over a connection that broke.
    pub(crate) resent: bool,
    /// When it was sent over the connection there is now.
    sent: Option<Instant>,
    /// What was done about it since then.
    worry: Worry,
}

/// How long an answer has been waited for.
#[derive(Clone, Copy, Debug)]
enum Worry {
    /// No longer than usual.
    None,
    /// So long that a person is told, and the server is asked whether it's there.
    Waiting,
    /// So long that the server is asked whether it is past the request.
    Overdue,
    /// So long that the connection is given up.
    Hopeless,
}

impl Worry {
    /// When it gets worse, if it does.
    fn lasts(self) -> Option<Duration> {
        match self {
            Self::None => Some(ANSWER_AFTER),
            Self::Waiting => Some(ANSWER_WAIT),
            // Other things come, or the reader would have given up; but no answer, and not that it is past it.
            Self::Overdue => Some(ANSWER_WAIT + 2 * PONG_WAIT),
            // The reader finds the connection closed; at once, unless nobody takes what it shows.
            Self::Hopeless => None,
        }
    }
}

impl Asked {
    /// How long until something is to be done about it; None if nothing is.
    fn left(&self) -> Option<Duration> {
        let Some(sent) = self.sent else { return Some(Duration::ZERO) };
        self.worry.lasts().map(|lasts| lasts.saturating_sub(sent.elapsed()))
    }

    /// That time is over.
    fn go_on(&mut self) {
        self.worry = match (self.sent, self.worry) {
            (None, _) => {
                self.sent = Some(Instant::now());
                Worry::None
            }
            (_, Worry::None) => Worry::Waiting,
            (_, Worry::Waiting) => Worry::Overdue,
            (_, Worry::Overdue | Worry::Hopeless) => Worry::Hopeless,
        };
    }

    /// Does what is to be done now. If the connection is over, the reader finds it out.
    fn attend(&self, wire: &Wire) {
        match self.worry {
            Worry::None => {
                lack(Lack::Answer, false);
                wire.send(&self.request.encode(Some(&self.id)));
            }
            Worry::Waiting => {
                lack(Lack::Answer, true);
                // Another may take its time, such as for a hash; this one is better sent again, on another way.
                if may_be_sent_again(&self.request) {
                    wire.ping();
                }
            }
            Worry::Overdue => {
                wire.send(&Request::Ping.encode(Some(&self.id)));
            }
            Worry::Hopeless => wire.give_up(),
        }
    }

    /// The connection over which it was sent is lost.
    fn unsend(&mut self) {
        self.resent |= self.sent.take().is_some();
        self.worry = Worry::None;
    }
}

/// What of an answer is to be shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Show {
    /// All there is to it.
    All,
    /// So many events of the history, this request's among them.
    Events(usize),
    /// Nothing: the client wants to know something itself, and is given the whole answer.
    Nothing,
    /// Nothing either: it wants the text of this event, out of the history.
    Text(u64),
}

/// How a request went.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// It was carried out.
    Done,
    /// It was carried out, and this is all that the server said. Where nothing was to be shown of it.
    Given(Arc<Reply<'static>>),
    /// It was carried out, and the list in the answer was cut after this name.
    Cut(String),
    /// Part of the history has come. What is older than this seq is to be asked for, and so much of it is wanted.
    Page(u64, usize),
    /// It was carried out, and this is the text that was wanted, if it's there.
    Text(Option<String>),
    /// Who was there: all of them, to be saved.
    People(Vec<Attendee<'static>>),
    /// It was refused.
    Refused {
        /// For programs.
        code: ErrorCode,
        /// The server's words, as they came.
        message: String,
    },
    /// The server is past the request, and has not answered it.
    None,
    /// The connection broke, and the request is none that may be sent again.
    Unknown,
    /// The session is over.
    Over,
}

/// Names for requests that no other session of the account uses, in this run or another: the server remembers them.
#[derive(Debug)]
struct Ids {
    prefix: String,
    next: AtomicU64,
}

impl Session {
    /// The session of the account whose rooms these are, not connected yet. A login that is kept outlives it, unless it is
    /// [ended](Self::log_out).
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(crate) fn new(rooms: Arc<Rooms>, is_kept: bool) -> Result<Self, ClientError> {
        Ok(Self {
            me: rooms.me().to_owned(),
            people: People::default(),
            rooms,
            ids: Ids::new()?,
            leaving: AtomicBool::new(false),
            is_kept: AtomicBool::new(is_kept),
            state: Mutex::new(State { link: Link::Down, asked: None, answer: None }),
            changed: Condvar::new(),
        })
    }

    /// Sends a request and waits for its answer, over a connection that breaks too, if it may be sent again.
    pub(crate) fn ask(&self, request: &Arc<Request>, wanted: Show) -> Answer {
        let (id, request) = (self.ids.next(), Arc::clone(request));
        let answer = self.wait_for(Asked { id, request, wanted, resent: false, sent: None, worry: Worry::None });
        lack(Lack::Answer, false);
        answer
    }

    fn wait_for(&self, asked: Asked) -> Answer {
        let mut state = lock(&self.state);
        (state.asked, state.answer) = (Some(asked), None);
        loop {
            let State { link, asked, answer } = &mut *state;
            if let Some(answer) = answer.take() {
                return answer;
            }
            // What was asked stays: whoever ends the session says that it has no answer.
            let (Some(asked), false) = (asked, matches!(link, Link::Over)) else { return Answer::Over };
            let left = if matches!(link, Link::Up(_)) { asked.left() } else { None };
            state = match (link, left) {
                (Link::Up(wire), Some(Duration::ZERO)) => {
                    asked.go_on();
                    let (wire, asked) = (Arc::clone(wire), asked.clone());
                    drop(state);
                    asked.attend(&wire);
                    lock(&self.state)
                }
                (_, Some(left)) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                (_, None) => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// An id for a request that is asked beside the one that waits.
    pub(crate) fn new_id(&self) -> String {
        self.ids.next()
    }

    /// What was asked under this id, if that is what is waiting.
    pub(crate) fn asked(&self, id: &str) -> Option<Asked> {
        lock(&self.state).asked.as_ref().filter(|asked| asked.id == id).cloned()
    }

    /// The request that waits for its answer, or did when the session ended.
    pub(crate) fn under_way(&self) -> Option<Arc<Request>> {
        lock(&self.state).asked.as_ref().map(|asked| Arc::clone(&asked.request))
    }

    /// Hands the answer to whoever waits for it, if somebody still does.
    pub(crate) fn settle(&self, id: &str, answer: Answer) {
        let mut state = lock(&self.state);
        if state.asked.take_if(|asked| asked.id == id).is_some() {
            state.answer = Some(answer);
            self.changed.notify_all();
        }
    }

    /// There is a connection: what was asked meanwhile is sent over it. It ends at once where the session was left
    /// before it came: whoever left has gone.
    pub(crate) fn connected(&self, wire: &Arc<Wire>) {
        let mut state = lock(&self.state);
        match state.link {
            Link::Over => {}
            _ if self.is_leaving() => wire.close(),
            _ => state.link = Link::Up(Arc::clone(wire)),
        }
        self.changed.notify_all();
        drop(state);
        lack(Lack::Connection, false);
    }

    /// The connection is lost, and another may come.
    pub(crate) fn disconnected(&self) {
        let mut state = lock(&self.state);
        if let Link::Up(wire) = std::mem::replace(&mut state.link, Link::Down) {
            wire.close();
        }
        let State { asked, answer, .. } = &mut *state;
        if asked.as_ref().is_some_and(|asked| asked.sent.is_some() && !may_be_sent_again(&asked.request)) {
            (*asked, *answer) = (None, Some(Answer::Unknown));
        } else if let Some(asked) = asked {
            asked.unsend();
        }
        self.changed.notify_all();
        drop(state);
        lack(Lack::Connection, true);
        lack(Lack::Sign, false);
    }

    /// No more answers will come.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        if let Link::Up(wire) = std::mem::replace(&mut state.link, Link::Over) {
            wire.close();
        }
        self.changed.notify_all();
    }

    /// Whether there is a connection.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(lock(&self.state).link, Link::Up(_))
    }

    /// Whether no connection will come any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(lock(&self.state).link, Link::Over)
    }

    /// Whether the end of the session is what was wanted.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// From now on the end of the session is what was wanted.
    pub(crate) fn set_leaving(&self) {
        let _state = lock(&self.state);
        self.leaving.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// Waits for `wait`, less if the session is to be left meanwhile; true if it is.
    pub(crate) fn wait_for_leaving(&self, wait: Duration) -> bool {
        let staying = |_: &mut State| !self.is_leaving();
        drop(self.wait_while(lock(&self.state), wait, staying));
        self.is_leaving()
    }

    /// When the session is left, the login ends with it.
    pub(crate) fn log_out(&self) {
        self.is_kept.store(false, Ordering::Release);
    }

    /// Whether the login has ended with the session.
    pub(crate) fn has_logged_out(&self) -> bool {
        !self.is_kept.load(Ordering::Acquire)
    }

    /// Logs out, or hangs up where the login is kept; the reader then sees the end of the connection. One that doesn't
    /// come is made. Without a connection there is nobody to tell.
    pub(crate) fn leave(&self) {
        self.set_leaving();
        let state = lock(&self.state);
        let Link::Up(wire) = &state.link else { return };
        let wire = Arc::clone(wire);
        drop(state);
        if self.has_logged_out() && wire.send(&Request::Logout.encode(Some(&self.ids.next()))) {
            let connected = |state: &mut State| matches!(state.link, Link::Up(_));
            drop(self.wait_while(lock(&self.state), GOODBYE_WAIT, connected));
        }
        wire.close();
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        wait: Duration,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        self.changed.wait_timeout_while(state, wait, condition).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Whether it does no harm if the server does it twice, or it does it once by itself: what is said has an id that the
/// server remembers.
fn may_be_sent_again(request: &Request) -> bool {
    use Request::{Away, Code, Help, History, ListUsers, Say, Whisper, Who, Whois};
    match request {
        Say { .. } | Whisper { .. } | Who { .. } | Whois { .. } | Away { .. } | Help | Code => true,
        History { .. } | ListUsers { .. } | Request::Remove { .. } | Request::Attendance { .. } => true,
        Request::Topic { text, .. } => text.is_none(),
        Request::Door { minutes, .. } => minutes.is_none(),
        // Whoever is in a room already is told so.
        Request::Enter { .. } => true,
        Request::Rooms | Request::Hands { .. } | Request::Tally { .. } | Request::Vote { .. } => true,
        _ => false,
    }
}

impl Ids {
    fn new() -> Result<Self, ClientError> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|e| ClientError::System { what: "get random numbers", why: Reason(&e).to_string() })?;
        let prefix = format!("{:x}", u64::from_ne_bytes(random));
        Ok(Self { prefix, next: AtomicU64::new(1) })
    }

    fn next(&self) -> String {
        format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worry_grows_with_time_and_ends() {
        let request = Arc::new(Request::Help);
        let mut asked = Asked {
            id: String::new(),
            request,
            wanted: Show::Events(0),
            resent: false,
            sent: None,
            worry: Worry::None,
        };
        assert_eq!(asked.left(), Some(Duration::ZERO), "it is to be sent");
        let mut last = Duration::ZERO;
        for _ in 0..3 {
            asked.go_on();
            let left = asked.left().unwrap();
            assert!(left > last, "{asked:?}");
            last = left;
        }
        asked.go_on();
        assert_eq!(asked.left(), None, "nothing more is to be done: {asked:?}");
        asked.unsend();
        assert!(asked.resent && asked.left() == Some(Duration::ZERO));
    }
}
