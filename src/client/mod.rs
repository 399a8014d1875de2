//! The terminal client: `homeroom-client`.
//!
//! Five threads. The main thread becomes the reader: it alone reads from the server, and shows what comes; when a
//! connection is lost it is the one that comes back. The stdin thread takes what is typed. The errands thread carries it
//! out, one line after the other. The writer thread sends, so that the reader never waits for a write. The sound thread
//! has a process of its own play. At a person's terminal a sixth edits the lines ([`terminal`]) and alone writes to standard output. What the
//! client itself has to say begins with `! ` where something is refused or needs attention, with `* ` where it answers; it
//! goes to standard error where no line is edited.

mod advice;
mod alerts;
mod code;
mod comeback;
mod connection;
mod console;
mod entrance;
mod error;
mod input;
mod page;
mod piped;
mod rooms;
pub mod settings;
mod terminal;
mod threads;

pub use alerts::PLAY_SOUNDS;
#[cfg(feature = "sound")]
pub use alerts::play_sounds;
pub use error::{ClientError, KnownServersError};
pub(crate) use page::transcript;
pub use settings::{ColourWish, Cue};

use crate::moment::Moment;
use crate::protocol::Reason;
use crate::reason::Reason as Why;
use crate::sanitize;
use crate::sync::lock;
use alerts::Alerts;
use comeback::{Comeback, Ended, Waits};
use connection::{Chosen, KnownServers, LastServer, LoggedIn, Remembered, Session, Slow, Wanted, Wire};
use console::Console;
use entrance::{Entered, Entrance};
use error::End;
use input::{Errands, Input, Locals, Preliminaries};
use jiff::tz::TimeZone;
use page::{Reader, Renderer};
use rooms::Rooms;
use settings::{Settings, TRANSCRIPT};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use terminal::{Look, Setup, keep_true, notice, screen};
use threads::spawn;
use transcript::Transcript;

/// How many lines that were not confirmed a person is shown when the client leaves. A script is shown all of them.
const UNDONE_SHOWN_MAX: usize = 20;

/// The exit status after a second Ctrl-C, or one before there is a session.
const INTERRUPTED: i32 = 130;

/// Chats until the user or the server ends it.
///
/// # Errors
/// [`ClientError`], with the exit status that it means.
pub fn run(settings: Settings) -> Result<(), ClientError> {
    let mut args = settings.args();
    let known = KnownServers::from_environment()?;
    let console = Arc::new(Console::new());
    let current = Arc::new(Mutex::new(None));
    handle_signals(&console, &current)?;

    let last = LastServer::beside(known.path());
    let Chosen { server, name, by_code } = last.choose(&args, &console)?;
    args.user = args.user.or(name);
    let pin = args.pin(&server).map_err(ClientError::Usage)?;
    let wanted = pin.map(|pin| Wanted { pin, on_purpose: by_code || args.fingerprint.is_some() });
    let (connected, expected) = connection::meet(&server, wanted, &known, &console)?;
    let remembered = args.remember.then(|| Remembered::beside(known.path()));
    let (name, remembered) = (args.user.as_ref(), remembered.as_ref());
    let register = args.register;
    let waits_for_room = console.is_terminal() && !args.no_reconnect;
    let entrance =
        Entrance { server: &server, expected, name, register, console: &console, remembered, waits_for_room };
    let Entered { mut connected, mut logged_in, name, one_time } = entrance.enter(connected)?;
    let slow = Slow::answer();
    let missed = page::missed::fetch(&mut connected, &mut logged_in)?;
    drop(slow);
    let LoggedIn { welcome, pending } = logged_in;
    last.remember(&server, &welcome.username);

    let rooms = Arc::new(Rooms::new(&welcome.username, console.is_terminal()));
    let renderer = Renderer::new(Arc::clone(&rooms), TimeZone::system());
    let transcript = args.log.as_deref().map(|path| Transcript::open(path, &welcome.username)).transpose();
    let transcript = match transcript {
        // What was set once is not what somebody wants now: its disk may be away.
        Err(e) if settings.is_in_file(TRANSCRIPT) => {
            notice(e);
            None
        }
        other => other?,
    };
    let settings = Arc::new(settings);
    let alerts = Arc::new(Alerts::start(Arc::clone(&settings)));
    let session = Arc::new(Session::new(Arc::clone(&rooms), args.remember)?);
    *lock(&current) = Some(Arc::clone(&session));
    let errands = Arc::new(Errands::new(Arc::clone(&session), renderer.names()));
    let look = Look::choose(args.plain, args.json, args.color);
    let _restore = screen::Restore;
    let out: Box<dyn Write> = match look {
        Look::Styled(style) => {
            let history = Some(known.path().with_file_name("history"));
            let title = format!("{} - homeroom {}", welcome.username, server.host);
            let names = renderer.names();
            let (title, room) = (sanitize::line(&title).into_owned(), Arc::clone(&rooms));
            console.open_editor(Setup { style, title, history, names, rooms: room })?;
            let rooms = Arc::clone(&rooms);
            spawn("floor", move || keep_true(&rooms))?;
            Box::new(screen::Output)
        }
        Look::Plain | Look::PlainRows | Look::Json => Box::new(io::stdout().lock()),
    };
    let mut reader = Reader::new(&session, renderer, look, Arc::clone(&alerts), transcript, out);
    reader.welcome(&welcome)?;
    reader.missed(&missed)?;
    let wire = Wire::start(connected)?;
    session.connected(&wire);
    let worker = Arc::clone(&errands);
    spawn("errands", move || worker.run())?;
    let online_after = welcome.users.last().filter(|_| welcome.more > 0).map(ToString::to_string);
    let locals = Locals { settings, alerts };
    let (session_too, errands_too) = (Arc::clone(&session), Arc::clone(&errands));
    let input = Input {
        session: session_too,
        console: Arc::clone(&console),
        errands: errands_too,
        locals,
        told_who_sees: false.into(),
    };
    spawn("stdin", move || input.run(Preliminaries { online_after, one_time }))?;
    let account = welcome.username.to_string();
    let comeback =
        Comeback { server: server.clone(), expected, name: account, token: welcome.token, waits: Waits::default() };
    let stay = Stay { session: &session, errands: &errands, comeback, reconnect: !args.no_reconnect };
    let result = stay.until_over(&mut reader, wire, pending);
    session.end();
    if let Some(remembered) = remembered.filter(|_| session.has_logged_out()) {
        remembered.forget(&server, &name);
    }
    let undone = errands.end();
    console.close();
    let result = confirmed(result, &undone, if console.is_terminal() { UNDONE_SHOWN_MAX } else { undone.len() });
    match errands.unsaid() {
        0 => result,
        lines => result.and(Err(ClientError::Unsaid { lines })),
    }
}

/// The course of a session over its connections.
struct Stay<'a> {
    session: &'a Session,
    errands: &'a Errands,
    comeback: Comeback,
    reconnect: bool,
}

impl Stay<'_> {
    /// Reads what comes, over one connection after the other, until the session is left or can't go on.
    fn until_over(
        mut self,
        reader: &mut Reader<'_, impl Write>,
        mut wire: Arc<Wire>,
        mut pending: Vec<u8>,
    ) -> Result<(), ClientError> {
        let mut begun_at = Moment::now();
        loop {
            let end = reader.run(&wire, &pending)?;
            let restarts = matches!(end, End::Bye(Reason::Shutdown));
            let lost_at = wire.last_sign(matches!(end, End::Closed | End::Bye(_)));
            if self.session.is_leaving() {
                return Ok(());
            }
            let is_accident = restarts || matches!(end, End::Closed | End::Broken(_) | End::Silent);
            let lost = ClientError::from(end);
            if !self.reconnect || !is_accident {
                return Err(lost);
            }
            self.session.disconnected();
            notice(format_args!("{lost}; trying to come back, what you type is kept"));
            let after = reader.seen();
            let ended = Ended { lasted: lost_at.since(begun_at), restarts };
            let Some(back) = self.comeback.try_until_back(self.session, self.errands, after, ended)? else {
                return Ok(());
            };
            let (connected, LoggedIn { welcome, pending: more }) = back;
            begun_at = Moment::now();
            reader.welcome_back(&welcome, begun_at.since(lost_at));
            (wire, pending) = (Wire::start(connected)?, more);
            self.comeback.token = welcome.token;
        }
    }
}

/// What was typed and has no answer is not passed over in silence.
fn confirmed(result: Result<(), ClientError>, undone: &[String], shown_max: usize) -> Result<(), ClientError> {
    if undone.is_empty() {
        return result;
    }
    for line in &undone[..undone.len().min(shown_max)] {
        notice(format_args!("not confirmed: {line}"));
    }
    let undone = ClientError::Undone { lines: undone.len() };
    match result {
        Ok(()) => Err(undone),
        Err(e) => {
            notice(undone);
            Err(e)
        }
    }
}

/// Ctrl-C, SIGTERM and SIGHUP leave in good order; a second one at once.
fn handle_signals(console: &Arc<Console>, current: &Arc<Mutex<Option<Arc<Session>>>>) -> Result<(), ClientError> {
    let (console, current) = (Arc::clone(console), Arc::clone(current));
    let mut leaving = false;
    let handler = move || match &*lock(&current) {
        Some(session) if !leaving => {
            leaving = true;
            console.hurry();
            let session = Arc::clone(session);
            // A thread of its own, so that the next signal is heard. Without one: the next signal.
            let _ = spawn("goodbye", move || session.leave());
        }
        _ => {
            console.give_back();
            screen::close();
            std::process::exit(INTERRUPTED)
        }
    };
    ctrlc::set_handler(handler).map_err(|e| ClientError::System { what: "handle signals", why: signals_reason(&e) })
}

fn signals_reason(error: &ctrlc::Error) -> String {
    match error {
        ctrlc::Error::System(e) => Why(e).to_string(),
        other => other.to_string(),
    }
}
