//! The stdin thread: what is typed, line after line, each carried out before the next is read.

use super::ClientError;
use super::commands::{self, Typed};
use super::console::{Console, TypedLine, notice};
use super::session::{Answer, Session};
use crate::protocol::{ErrorCode, LINE_BYTES_MAX, Request, Secret};
use crate::sanitize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How long the client waits before it says again what the server refused because it came too fast.
const RATE_LIMIT_PAUSE: Duration = Duration::from_millis(250);
/// How often it says it again before it gives up.
const RATE_LIMIT_TRIES_MAX: usize = 240;
/// How many pieces of one list are fetched.
const LIST_PIECES_MAX: usize = 1000;
/// How often a person is asked for a new password in a row.
const NEW_PASSWORD_TRIES_MAX: usize = 10;

/// What the stdin thread works with.
#[derive(Debug)]
pub(super) struct Input {
    /// Whose lines these are.
    pub(super) session: Arc<Session>,
    /// Where they come from.
    pub(super) console: Arc<Console>,
}

/// What is to be done before anything typed is.
#[derive(Debug)]
pub(super) struct Preliminaries {
    /// The rest of who is online, after this name.
    pub(super) online_after: Option<String>,
    /// The one-time password that must be changed.
    pub(super) one_time: Option<Secret>,
}

/// Whether the session goes on.
type Flow = ControlFlow<()>;

impl Input {
    /// Carries out what is typed until the end of the input or of the session, and then leaves.
    pub(super) fn run(&self, first: Preliminaries) {
        if self.prepare(first).is_continue() && self.follow().is_break() {
            return;
        }
        self.session.leave();
    }

    fn prepare(&self, first: Preliminaries) -> Flow {
        if let Some(old) = first.one_time {
            if self.console.is_terminal() {
                notice("this password was for one login: choose your own now");
                self.change_password(Some(old))?;
            } else {
                notice("this password was for one login: first change it with /passwd <old> <new>");
            }
        } else if first.online_after.is_some() {
            self.request(Request::Who { after: first.online_after })?;
        }
        Flow::Continue(())
    }

    /// Breaks when the session is over, continues when it's to be left.
    fn follow(&self) -> Flow {
        loop {
            match self.console.next_line() {
                Ok(Some(TypedLine::Text(line))) => match commands::parse(&line) {
                    Ok(Typed::Nothing) => {}
                    Ok(Typed::Request(request)) => self.request(request)?,
                    Ok(Typed::ChangePassword) if self.console.is_terminal() => self.change_password(None)?,
                    Ok(Typed::ChangePassword) => notice("from a pipe it is /passwd <old> <new>"),
                    Ok(Typed::Reply(text)) => match self.session.people.last_whisper() {
                        Some(to) => self.request(Request::Whisper { to, text })?,
                        None => notice("nobody has whispered yet: /msg <user> <text> begins"),
                    },
                    Ok(Typed::Leave) => return Flow::Continue(()),
                    Err(message) => notice(message),
                },
                Ok(Some(TypedLine::TooLong)) => {
                    notice(format_args!("a line of more than {LINE_BYTES_MAX} bytes was not said"));
                }
                Ok(Some(TypedLine::NotUtf8)) => notice("a line that is not UTF-8 was not said"),
                Ok(None) => return Flow::Continue(()),
                Err(e) => {
                    notice(ClientError::Input(e));
                    return Flow::Continue(());
                }
            }
        }
    }

    /// Carries out a request, a cut list with all its pieces.
    fn request(&self, request: Request) -> Flow {
        let mut request = Arc::new(request);
        for _ in 0..LIST_PIECES_MAX {
            match (self.ask(&request)?, &*request) {
                (Answer::Cut(last), Request::Who { .. }) => request = Arc::new(Request::Who { after: Some(last) }),
                (Answer::Cut(last), Request::ListUsers { .. }) => {
                    request = Arc::new(Request::ListUsers { after: Some(last) });
                }
                (Answer::Refused { message, .. }, _) => {
                    notice(sanitize::line(&message));
                    break;
                }
                _ => break,
            }
        }
        Flow::Continue(())
    }

    /// Sends a request until it has an answer other than that it came too fast.
    fn ask(&self, request: &Arc<Request>) -> ControlFlow<(), Answer> {
        let mut tries = 1;
        loop {
            match self.session.ask(request) {
                Answer::Over => return ControlFlow::Break(()),
                Answer::Refused { code: ErrorCode::RateLimited, .. } if tries < RATE_LIMIT_TRIES_MAX => {
                    thread::sleep(RATE_LIMIT_PAUSE);
                    tries += 1;
                }
                Answer::None => {
                    notice("the server gave no answer: it may or may not have done what was typed last");
                    return ControlFlow::Continue(Answer::None);
                }
                answer => return ControlFlow::Continue(answer),
            }
        }
    }

    /// Asks a person for a new password until the server takes it. With `old` it must be changed: who gives up
    /// leaves.
    fn change_password(&self, old: Option<Secret>) -> Flow {
        let must = old.is_some();
        let gave_up = |e: ClientError| match e {
            ClientError::Interrupted => Flow::Break(()),
            _ if must => Flow::Break(()),
            _ => Flow::Continue(()),
        };
        let old = match old.map_or_else(|| self.console.ask_hidden("old password"), Ok) {
            Ok(old) => old,
            Err(e) => return gave_up(e),
        };
        for _ in 0..NEW_PASSWORD_TRIES_MAX {
            let twice = self.console.ask_hidden("new password").and_then(|new| {
                let again = self.console.ask_hidden("new password once more")?;
                Ok((new, again))
            });
            let (new, again) = match twice {
                Ok(passwords) => passwords,
                Err(e) => return gave_up(e),
            };
            if new.expose() != again.expose() {
                notice("the two are not the same");
                continue;
            }
            match self.ask(&Arc::new(Request::Passwd { old: old.clone(), new }))? {
                Answer::Refused { code, message } => {
                    notice(sanitize::line(&message));
                    if code != ErrorCode::WeakPassword && !must {
                        return Flow::Continue(());
                    }
                }
                _ => return Flow::Continue(()),
            }
        }
        if must { Flow::Break(()) } else { Flow::Continue(()) }
    }
}
