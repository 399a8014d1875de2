//! What was typed, until it is carried out: one after the other, by a thread of its own.
//!
//! Whoever types goes on typing while the server is slow, or gone. What is typed then is kept, within a bound, and
//! carried out in order once the server is back.

use super::attendance;
use super::import::Import;
use super::retold::{self, how_to_find_out, typed};
use super::typed::Ballot;
use crate::client::code::Save;
use crate::client::connection::{Answer, Session, Show};
use crate::client::terminal::{Names, answer, doubts, give_back, known, notice};
use crate::protocol::{ErrorCode, GENERAL, HISTORY_EVENTS_MAX, Request};
use crate::sanitize;
use crate::sync::lock;
use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How much that was typed may wait for its turn.
pub(super) const ERRANDS_MAX: usize = 1_000;
/// How long the client waits before it says again what the server refused because it came too fast.
const RATE_LIMIT_PAUSE: Duration = Duration::from_millis(250);
/// How often it says it again before it gives up.
const RATE_LIMIT_TRIES_MAX: usize = 240;
/// How long a request that came too fast may keep the errands thread when the session is over.
const STOP_WAIT: Duration = Duration::from_secs(1);
/// How many pieces of one list are fetched.
const LIST_PIECES_MAX: usize = 1000;

/// Something to be done.
#[derive(Debug)]
pub(super) enum Errand {
    /// To be asked of the server.
    Request(Request),
    /// To be whispered to the other party of the whisper that is the last one by then.
    Reply(String),
    /// To take back what the user said last by then.
    RemoveLast,
    /// The newest so many events of the history of a room, or of all, oldest first.
    History(usize, Option<String>),
    /// Something about the poll of a room: this one, or the one that is known by then.
    Ballot(Ballot, String, Option<u64>),
    /// What was said is to be written to a file, over one that is there if that is meant.
    Save(Save, bool),
    /// To take a list of people.
    Import(Import),
    /// To ask who was there, and to save that in this file.
    SaveAttendance(Request, PathBuf),
    /// To leave, when all before is done.
    Leave,
}

impl Errand {
    /// What a person typed for it; None for what nobody did.
    fn typed(&self) -> Option<String> {
        match self {
            Self::Request(request) | Self::SaveAttendance(request, _) => Some(typed(request)),
            Self::Reply(text) => Some(format!("/reply {}", sanitize::line(text))),
            Self::RemoveLast => Some("/remove".into()),
            Self::History(..) => Some("/history".into()),
            // What it is about has no number yet.
            Self::Ballot(ballot, _, poll) => Some(typed(&ballot.request(poll.unwrap_or_default()))),
            Self::Save(save, _) => Some(format!("/save {} {}", save.number, save.name())),
            Self::Import(import) => Some(import.typed()),
            Self::Leave => None,
        }
    }
}

/// Whether the session goes on.
pub(super) type Flow = ControlFlow<()>;

/// What is to be done, in order.
#[derive(Debug)]
pub(crate) struct Errands {
    session: Arc<Session>,
    /// What one may do oneself.
    names: Arc<Names>,
    queue: Mutex<Queue>,
    /// Told of every change of the queue.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    errands: VecDeque<Errand>,
    /// One that was taken out is being carried out.
    busy: bool,
    /// What was carried out and had no answer.
    unanswered: Vec<String>,
    /// How many lines were refused, since nobody could be asked whether they are meant.
    unsaid: usize,
    /// Nothing more is taken: everything was typed.
    closed: bool,
    /// Nothing more is carried out.
    stopped: bool,
}

impl Errands {
    /// None yet, of this session.
    pub(crate) fn new(session: Arc<Session>, names: Arc<Names>) -> Self {
        Self { session, names, queue: Mutex::default(), changed: Condvar::new() }
    }

    /// Adds an errand. False when too many wait already.
    pub(super) fn add(&self, errand: Errand) -> bool {
        let mut queue = lock(&self.queue);
        let fits = queue.errands.len() < ERRANDS_MAX;
        if fits {
            queue.errands.push_back(errand);
            self.changed.notify_all();
        }
        fits
    }

    /// Waits until one more can be added. Breaks when the session is over.
    pub(super) fn wait_for_room(&self) -> Flow {
        self.wait_while(|queue| queue.errands.len() >= ERRANDS_MAX)
    }

    /// Waits until all is done. Breaks when the session is over.
    pub(super) fn wait_until_done(&self) -> Flow {
        self.wait_while(|queue| queue.busy || !queue.errands.is_empty())
    }

    /// To leave when all is done. Nothing is added after that.
    pub(super) fn leave_when_done(&self) {
        let mut queue = lock(&self.queue);
        queue.closed = true;
        queue.errands.push_back(Errand::Leave);
        self.changed.notify_all();
    }

    /// A line was refused, since nobody can be asked whether it is meant.
    pub(super) fn note_unsaid(&self) {
        lock(&self.queue).unsaid += 1;
    }

    /// Something was not done on which a script may rely.
    pub(super) fn note_failed(&self) {
        if !io::stdin().is_terminal() {
            self.note_unsaid();
        }
    }

    /// Whether the server would refuse a line in any case.
    pub(super) fn is_refused(&self, line: &str) -> bool {
        known::refused(line, &self.session.me, self.names.role()).is_some()
    }

    /// How many lines were.
    pub(crate) fn unsaid(&self) -> usize {
        lock(&self.queue).unsaid
    }

    /// Whether everything was typed, and only the server is waited for.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.queue).closed
    }

    /// The session is over: wakes whoever waits. Gives what was typed and never answered, in order.
    pub(crate) fn end(&self) -> Vec<String> {
        self.changed.notify_all();
        let going_on = |queue: &mut Queue| !queue.stopped;
        let waited = self.changed.wait_timeout_while(lock(&self.queue), STOP_WAIT, going_on);
        let queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        let under_way = self.session.under_way().map(|request| typed(&request));
        let waiting = queue.errands.iter().filter_map(Errand::typed);
        queue.unanswered.iter().cloned().chain(under_way).chain(waiting).collect()
    }

    /// The errands thread: carries out one after the other until the session is left or over.
    pub(crate) fn run(&self) {
        self.carry_out_all();
        lock(&self.queue).stopped = true;
        self.changed.notify_all();
    }

    fn carry_out_all(&self) {
        while let Some(errand) = self.next() {
            let flow = match errand {
                Errand::Request(request) => self.carry_out(request),
                Errand::Reply(text) => match self.session.people.last_whisper() {
                    Some(to) => self.carry_out(Request::Whisper { to, text, format: None, lang: None }),
                    None => {
                        notice("nobody has whispered yet: /msg <user> <text> begins");
                        Flow::Continue(())
                    }
                },
                Errand::RemoveLast => match self.session.people.last_own() {
                    Some(event) => self.carry_out(Request::Remove { event }),
                    None => {
                        notice("you have said nothing here: /remove <number> takes back what /history shows under it");
                        Flow::Continue(())
                    }
                },
                Errand::History(wanted, room) => self.history(wanted, room.as_deref()),
                Errand::Ballot(ballot, room, poll) => self.ballot(ballot, &room, poll),
                Errand::Save(save, replaces) => self.save(&save, replaces),
                Errand::Import(import) => self.import(&import),
                Errand::SaveAttendance(request, file) => self.save_attendance(request, &file),
                Errand::Leave => {
                    self.session.leave();
                    Flow::Break(())
                }
            };
            lock(&self.queue).busy = false;
            self.changed.notify_all();
            if flow.is_break() {
                return;
            }
        }
    }

    fn next(&self) -> Option<Errand> {
        let idle = |queue: &mut Queue| queue.errands.is_empty() && !self.session.is_over();
        let waited = self.changed.wait_while(lock(&self.queue), idle);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner);
        if self.session.is_over() {
            return None;
        }
        queue.busy = true;
        self.changed.notify_all();
        queue.errands.pop_front()
    }

    fn wait_while(&self, mut condition: impl FnMut(&Queue) -> bool) -> Flow {
        let waiting = |queue: &mut Queue| condition(queue) && !self.session.is_over();
        drop(self.changed.wait_while(lock(&self.queue), waiting).unwrap_or_else(PoisonError::into_inner));
        if self.session.is_over() { Flow::Break(()) } else { Flow::Continue(()) }
    }

    /// Does something about a poll: this one, or the newest of the room, or else of the general one.
    fn ballot(&self, ballot: Ballot, room: &str, poll: Option<u64>) -> Flow {
        // In a group one is asked with the whole class too.
        let newest = || self.session.rooms.poll(room).or_else(|| self.session.rooms.poll(GENERAL));
        match poll.or_else(|| newest().map(|poll| poll.number)) {
            Some(poll) => self.carry_out(ballot.request(poll)),
            None => {
                notice(format_args!("no poll in #{room} is open"));
                Flow::Continue(())
            }
        }
    }

    /// Fetches pages of the history, from the newest on. The reader shows them when it has all.
    fn history(&self, mut wanted: usize, room: Option<&str>) -> Flow {
        let mut before = None;
        for _ in 0..LIST_PIECES_MAX {
            let limit = Some(wanted.min(HISTORY_EVENTS_MAX));
            let request = Arc::new(Request::History { room: room.map(str::to_owned), before, limit });
            match self.ask_for(&request, Show::Events(wanted))? {
                Answer::Page(first, left) => (before, wanted) = (Some(first), left),
                Answer::Refused { message, .. } => {
                    notice(sanitize::line(&message));
                    break;
                }
                _ => break,
            }
        }
        Flow::Continue(())
    }

    /// Writes to a file what was said.
    fn save(&self, save: &Save, replaces: bool) -> Flow {
        let Save { number, .. } = *save;
        let request = Request::History { room: None, before: Some(number.saturating_add(1)), limit: Some(1) };
        let written = match self.ask_for(&Arc::new(request), Show::Text(number))? {
            Answer::Text(Some(text)) if text.is_empty() => Err(format!("message {number} was taken back")),
            Answer::Text(Some(text)) => save.write(&text, replaces).map(|()| text),
            Answer::Text(None) => {
                Err(format!("there is no message {number} that you may see: /history shows the last ones"))
            }
            Answer::Refused { message, .. } => Err(sanitize::line(&message).into_owned()),
            // That is said already.
            _ => return Flow::Continue(()),
        };
        match written {
            Ok(text) => answer(format_args!("message {number} is in `{}`, {} bytes", save.name(), text.len())),
            Err(why) => {
                notice(why);
                self.note_failed();
            }
        }
        Flow::Continue(())
    }

    /// Takes a list of people.
    fn import(&self, import: &Import) -> Flow {
        if let Some(why) = import.refusal() {
            notice(why);
            self.note_failed();
            return Flow::Continue(());
        }
        import.carry_out(self.names.role(), &mut |request, wanted| self.ask_patiently(&request, wanted))
    }

    /// Carries out a request, a cut list with all its pieces.
    fn carry_out(&self, request: Request) -> Flow {
        self.ask_for_all(request, Show::All).map_continue(drop)
    }

    /// Who was there, into a file.
    fn save_attendance(&self, request: Request, file: &Path) -> Flow {
        if let Some(Answer::People(people)) = self.ask_for_all(request, Show::Nothing)? {
            if !attendance::save(&people, file) {
                self.note_failed();
            }
        }
        Flow::Continue(())
    }

    /// Asks for a list piece after piece. Gives the last answer, unless it was a refusal, which is said.
    fn ask_for_all(&self, request: Request, wanted: Show) -> ControlFlow<(), Option<Answer>> {
        let mut request = Arc::new(request);
        for _ in 0..LIST_PIECES_MAX {
            match (self.ask_for(&request, wanted)?, &*request) {
                (Answer::Cut(last), Request::Who { room, .. }) => {
                    request = Arc::new(Request::Who { room: room.clone(), after: Some(last) });
                }
                (Answer::Cut(last), Request::ListUsers { .. }) => {
                    request = Arc::new(Request::ListUsers { after: Some(last) });
                }
                (Answer::Cut(last), Request::Attendance { from, to, group, .. }) => {
                    let (from, to, group) = (from.clone(), to.clone(), group.clone());
                    request = Arc::new(Request::Attendance { from, to, group, after: Some(last) });
                }
                // The server reads on with the next one.
                (Answer::Refused { code: ErrorCode::TryLater, .. }, Request::Attendance { .. }) => {
                    thread::sleep(RATE_LIMIT_PAUSE);
                }
                (Answer::Refused { code, message }, request) => {
                    if let Request::Enter { room } = request {
                        self.session.rooms.not_entered(room);
                    }
                    refused(request, code, &message);
                    return ControlFlow::Continue(None);
                }
                (answer, _) => return ControlFlow::Continue(Some(answer)),
            }
        }
        ControlFlow::Continue(None)
    }

    /// Sends a request until it has an answer other than that it came too fast. What has none is said here.
    pub(super) fn ask(&self, request: &Arc<Request>) -> ControlFlow<(), Answer> {
        self.ask_for(request, Show::All)
    }

    /// The same, where nothing of a good answer is to be shown.
    pub(super) fn ask_unseen(&self, request: &Arc<Request>) -> ControlFlow<(), Answer> {
        self.ask_for(request, Show::Nothing)
    }

    fn ask_for(&self, request: &Arc<Request>, wanted: Show) -> ControlFlow<(), Answer> {
        let answer = self.ask_patiently(request, wanted)?;
        match (&answer, &**request) {
            (Answer::Refused { .. }, Request::Passwd { old, new }) => doubts::failed(&[old, new]),
            (_, Request::Passwd { new, .. }) => doubts::settled(new),
            _ => {}
        }
        let why = match &answer {
            Answer::None => "the server gave no answer to",
            Answer::Unknown => "the connection broke before the server answered",
            _ => return ControlFlow::Continue(answer),
        };
        let (typed, find_out) = (typed(request), how_to_find_out(request));
        notice(format_args!("{why} {typed}: it may or may not have been done; {find_out}"));
        lock(&self.queue).unanswered.push(typed);
        ControlFlow::Continue(answer)
    }

    /// Sends a request until it has an answer other than that it came too fast, or it can't be told whether it was done.
    fn ask_patiently(&self, request: &Arc<Request>, wanted: Show) -> ControlFlow<(), Answer> {
        for tries in 1.. {
            match self.session.ask(request, wanted) {
                Answer::Over => return ControlFlow::Break(()),
                Answer::Refused { code: ErrorCode::RateLimited, .. } if tries < RATE_LIMIT_TRIES_MAX => {
                    thread::sleep(RATE_LIMIT_PAUSE);
                }
                answer => return ControlFlow::Continue(answer),
            }
        }
        ControlFlow::Continue(Answer::None)
    }
}

/// Says why something is refused. What can be said later, or in another room, is not lost by that.
fn refused(request: &Request, code: ErrorCode, message: &str) {
    use ErrorCode::{NotInRoom, Quiet, Slow, UnknownRoom, WhispersOff};
    let why = sanitize::line(message);
    match retold::said(request).filter(|_| matches!(code, Quiet | Slow | WhispersOff | NotInRoom | UnknownRoom)) {
        Some((text, room)) => give_back(&text, &typed(request), room, &why),
        None => notice(why),
    }
}
