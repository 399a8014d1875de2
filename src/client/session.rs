//! What the threads of one session share: requests under way, and how it is left.

use super::ClientError;
use super::people::People;
use super::wire::Wire;
use crate::protocol::{ErrorCode, Request};
use crate::sync::lock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the server may take to answer a request. A slow machine takes a second to hash one password, and a
/// class may be in front.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// How long the server has to end the session after a `logout`.
const GOODBYE_WAIT: Duration = Duration::from_secs(5);

/// A session with a server, after the login.
#[derive(Debug)]
pub(super) struct Session {
    /// The account's name, as the server says it.
    pub(super) me: String,
    /// What is remembered of the others.
    pub(super) people: People,
    /// The connection.
    pub(super) wire: Arc<Wire>,
    ids: Ids,
    leaving: AtomicBool,
    pending: Mutex<Pending>,
    /// Told when the pending request is answered, and at the end.
    settled: Condvar,
}

/// The one request that is waiting for its answer. Whoever types waits for it before the next, so that what is
/// typed is carried out in order, and all of it.
#[derive(Debug, Default)]
struct Pending {
    /// Its id and what it was.
    request: Option<(String, Arc<Request>)>,
    answer: Option<Answer>,
    /// No more answers will come.
    over: bool,
}

/// How a request went.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// It was carried out.
    Done,
    /// It was carried out, and the list in the answer was cut after this name.
    Cut(String),
    /// It was refused.
    Refused {
        /// For programs.
        code: ErrorCode,
        /// The server's words, as they came.
        message: String,
    },
    /// Nothing came for [`ANSWER_WAIT`].
    None,
    /// The session is over.
    Over,
}

/// Names for requests that no other session of the account uses.
#[derive(Debug)]
struct Ids {
    prefix: String,
    next: AtomicU64,
}

impl Session {
    /// The session of the account `me` over this connection.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn new(me: String, wire: Arc<Wire>) -> Result<Self, ClientError> {
        Ok(Self {
            me,
            people: People::default(),
            wire,
            ids: Ids::new()?,
            leaving: AtomicBool::new(false),
            pending: Mutex::default(),
            settled: Condvar::new(),
        })
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&self, request: &Arc<Request>) -> Answer {
        let id = self.ids.next();
        let line = request.encode(Some(&id));
        {
            let mut pending = lock(&self.pending);
            pending.request = Some((id, Arc::clone(request)));
            pending.answer = None;
        }
        if !self.wire.send(&line) {
            return Answer::Over;
        }
        let waiting = |pending: &mut Pending| pending.answer.is_none() && !pending.over;
        let waited = self.settled.wait_timeout_while(lock(&self.pending), ANSWER_WAIT, waiting);
        let mut pending = waited.unwrap_or_else(PoisonError::into_inner).0;
        match pending.answer.take() {
            Some(answer) => answer,
            // What was asked stays: whoever ends the session says that it has no answer.
            None if pending.over => Answer::Over,
            None => {
                pending.request = None;
                Answer::None
            }
        }
    }

    /// What was asked under this id, if that is what is waiting.
    pub(super) fn pending(&self, id: &str) -> Option<Arc<Request>> {
        let pending = lock(&self.pending);
        pending.request.as_ref().filter(|request| request.0 == id).map(|request| Arc::clone(&request.1))
    }

    /// Hands the answer to whoever waits for it, if somebody still does.
    pub(super) fn settle(&self, id: &str, answer: Answer) {
        let mut pending = lock(&self.pending);
        if pending.request.take_if(|request| request.0 == id).is_some() {
            pending.answer = Some(answer);
            self.settled.notify_all();
        }
    }

    /// No more answers will come. True when somebody waits for one.
    pub(super) fn end(&self) -> bool {
        self.wire.close();
        let mut pending = lock(&self.pending);
        pending.over = true;
        self.settled.notify_all();
        pending.request.is_some()
    }

    /// Whether the end of the session is what was wanted.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// From now on the end of the session is what was wanted.
    pub(super) fn set_leaving(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Logs out; the reader then sees the end of the connection. One that doesn't come is made.
    pub(super) fn leave(&self) {
        self.set_leaving();
        let deadline = Instant::now() + GOODBYE_WAIT;
        if self.wire.send(&Request::Logout.encode(Some(&self.ids.next()))) {
            thread::sleep(deadline.saturating_duration_since(Instant::now()));
        }
        self.wire.close();
    }
}

impl Ids {
    fn new() -> Result<Self, ClientError> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)
            .map_err(|e| ClientError::System { what: "get random numbers", error: e.to_string() })?;
        let prefix = format!("{:x}", u64::from_ne_bytes(random));
        Ok(Self { prefix, next: AtomicU64::new(1) })
    }

    fn next(&self) -> String {
        format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
