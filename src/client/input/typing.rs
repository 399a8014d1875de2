//! The stdin thread: what is typed, line after line, becomes an errand each.

use super::arguments::new_secret;
use super::commands;
use super::errands::{ERRANDS_MAX, Errand, Errands, Flow};
use super::local::{Local, Locals};
use super::programs::is_code;
use super::typed::Typed;
use crate::client::code::{self, Begun, Lines};
use crate::client::connection::{Answer, Session};
use crate::client::console::Console;
use crate::client::error::ClientError;
use crate::client::terminal::{answer, doubts, known, notice};
use crate::output;
use crate::protocol::{ErrorCode, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, Request, Secret};
use crate::sanitize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How often a person is asked for a new password in a row.
const NEW_PASSWORD_TRIES_MAX: usize = 10;

/// What the stdin thread works with.
#[derive(Debug)]
pub(crate) struct Input {
    /// Whose lines these are.
    pub(crate) session: Arc<Session>,
    /// Where they come from.
    pub(crate) console: Arc<Console>,
    /// Where they go.
    pub(crate) errands: Arc<Errands>,
    /// What this program does by itself.
    pub(crate) locals: Locals,
    /// They were told that teachers see who asks.
    pub(crate) told_who_sees: AtomicBool,
}

/// What is to be done before anything typed is.
#[derive(Debug)]
pub(crate) struct Preliminaries {
    /// The rest of who is online, after this name.
    pub(crate) online_after: Option<String>,
    /// The one-time password that must be changed.
    pub(crate) one_time: Option<Secret>,
}

impl Input {
    /// Takes what is typed until the end of the input or of the session. All of it is carried out before the client
    /// leaves, as long as the server is there; without it a person leaves at once, and a script has no hurry.
    pub(crate) fn run(&self, first: Preliminaries) {
        if self.prepare(first).is_break() {
            self.session.leave();
        } else if self.follow().is_continue() {
            if self.console.is_terminal() && !self.session.is_connected() {
                self.session.leave();
            } else {
                self.errands.leave_when_done();
            }
        }
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
            self.add(Errand::Request(Request::Who { room: None, after: first.online_after }))?;
        }
        Flow::Continue(())
    }

    /// Breaks when the session is over, continues when it's to be left.
    fn follow(&self) -> Flow {
        loop {
            match self.console.next_line() {
                Ok(Some(Ok(line))) => match commands::parse(&line, &self.here()) {
                    Ok(Typed::Leave) => return Flow::Continue(()),
                    Ok(Typed::LogOut) => {
                        self.session.log_out();
                        return Flow::Continue(());
                    }
                    Ok(Typed::Code(begun)) => self.send(begun)?,
                    Ok(typed) => self.carry_out(typed)?,
                    Err(message) => {
                        doubts::refused(&line);
                        notice(message);
                    }
                },
                Ok(Some(Err(unfit))) => notice(format_args!("{unfit} was not said")),
                Ok(None) => return Flow::Continue(()),
                Err(e) => {
                    notice(ClientError::Input(e));
                    return Flow::Continue(());
                }
            }
        }
    }

    /// The room that a line is for: the one that its prompt named, where there was one.
    fn here(&self) -> String {
        self.console.entered_in().unwrap_or_else(|| self.session.rooms.present())
    }

    /// Whether somebody knows that a question isn't anonymous to everyone: an editor has asked that itself.
    fn knows_who_sees(&self) -> bool {
        self.console.entered_in().is_some() || self.told_who_sees.load(Ordering::Relaxed)
    }

    fn carry_out(&self, typed: Typed) -> Flow {
        match typed {
            Typed::Request(request @ Request::Passwd { .. }) => {
                self.add(Errand::Request(request))?;
                // Whether it fails decides what the next line may be.
                self.errands.wait_until_done()
            }
            Typed::Request(request @ Request::Ask { .. }) if !self.knows_who_sees() => {
                if self.console.is_terminal() && !self.console.confirm(&format!("{}: ask it?", known::WHO_SEES)) {
                    notice("it was not asked");
                    return Flow::Continue(());
                }
                if !self.console.is_terminal() {
                    notice(known::WHO_SEES);
                }
                self.told_who_sees.store(true, Ordering::Relaxed);
                self.add(Errand::Request(request))
            }
            Typed::Request(Request::EraseUser { username }) if !self.is_to_be_erased(&username) => {
                notice("nothing was erased");
                Flow::Continue(())
            }
            Typed::Request(request) => match unseen(&request) {
                Some(why) => {
                    notice(why);
                    Flow::Continue(())
                }
                None => self.add(Errand::Request(request)),
            },
            Typed::ChangePassword if self.console.is_terminal() => self.change_password(None),
            Typed::ChangePassword => {
                // The next lines are most likely what its prompts would have been answered with.
                doubts::failed(&[]);
                notice("from a pipe it is /passwd <old> <new>");
                Flow::Continue(())
            }
            Typed::History(wanted, room) => self.add(Errand::History(wanted, room)),
            Typed::Switch(switch, request) => {
                let is_script = !self.console.is_terminal();
                if is_script {
                    // What is shown of what was asked before has its room before it, or not.
                    self.errands.wait_until_done()?;
                }
                // An editor has made it when the line was entered.
                if self.console.entered_in().is_none() {
                    switch.make(&self.session.rooms);
                }
                request.map_or(Flow::Continue(()), |request| self.add(Errand::Request(request)))?;
                if is_script { self.errands.wait_until_done() } else { Flow::Continue(()) }
            }
            Typed::Ballot(ballot, room) => {
                // A person votes in the poll that they see; of a script nobody knows how far it has come.
                let seen = self.session.rooms.poll(&room).filter(|_| self.console.is_terminal());
                self.add(Errand::Ballot(ballot, room, seen.map(|poll| poll.number)))
            }
            Typed::Import(import) => self.add(Errand::Import(import)),
            Typed::SaveAttendance(request, file) => self.add(Errand::SaveAttendance(request, file)),
            Typed::Reply(text) => self.add(Errand::Reply(text)),
            Typed::Save(save) => self.add(Errand::Save(save, false)),
            Typed::RemoveLast => self.add(Errand::RemoveLast),
            Typed::Local(Local::Ignore(Some(user))) => self.ignore(user),
            Typed::Local(local) => {
                self.locals.carry_out(&local);
                Flow::Continue(())
            }
            Typed::Doubtful(typed, why) if self.means_it(&typed, &why) => match *typed {
                Typed::Save(save) => self.add(Errand::Save(save, true)),
                typed => self.carry_out(typed),
            },
            Typed::Code(_) | Typed::Doubtful(..) | Typed::Nothing | Typed::Leave | Typed::LogOut => Flow::Continue(()),
        }
    }

    /// Sends code of which the beginning was typed: the lines that follow, or those of a file.
    fn send(&self, begun: Begun) -> Flow {
        // Where it was begun.
        let here = self.here();
        let complete = match begun {
            Begun::File(head, path) => code::load(&path).map(|loaded| (head.with(&loaded.code), loaded.doubt)),
            // Also where it was begun in a wrong way, they are no messages.
            Begun::Lines(head) => {
                let code = self.lines();
                head.and_then(|head| code.map(|code| (head.with(&code), None)))
            }
        };
        let typed = complete.and_then(|(line, doubt)| {
            let typed = commands::parse(&line, &here)?;
            Ok(match doubt {
                Some(why) => Typed::Doubtful(Box::new(typed), why),
                None => typed,
            })
        });
        match typed {
            Ok(typed) => self.carry_out(typed),
            Err(why) => {
                notice(why);
                self.errands.note_failed();
                Flow::Continue(())
            }
        }
    }

    /// The lines of code that follow, until a lone dot or the end of the input.
    fn lines(&self) -> Result<String, String> {
        if self.console.is_terminal() {
            answer("code: lines until a lone `.` or Ctrl-D");
        }
        let (mut code, mut unfit) = (Lines::default(), None);
        loop {
            match self.console.next_raw_line() {
                Ok(Some(Ok(line))) if code.take(&line) => {}
                Ok(Some(Err(why))) => unfit = Some(format!("{why} is in the code: nothing of it was sent")),
                Ok(_) => break,
                Err(e) => return Err(ClientError::Input(e).to_string()),
            }
        }
        unfit.map_or_else(|| code.end(), Err)
    }

    /// Ignores somebody, if there is such an account: who mistypes a name would wonder why nothing changes. Without a
    /// connection there is no telling.
    fn ignore(&self, user: String) -> Flow {
        if user == self.session.me {
            notice("nobody can ignore themselves");
            return Flow::Continue(());
        }
        if self.session.is_connected() {
            self.errands.wait_until_done()?;
            let whois = Arc::new(Request::Whois { username: user.clone() });
            if let Answer::Refused { message, .. } = self.errands.ask_unseen(&whois)? {
                notice(sanitize::line(&message));
                return Flow::Continue(());
            }
        }
        self.locals.carry_out(&Local::Ignore(Some(user)));
        Flow::Continue(())
    }

    /// Has something done when all before is. From a pipe nothing more is read until there is room.
    fn add(&self, errand: Errand) -> Flow {
        if !self.console.is_terminal() {
            self.errands.wait_for_room()?;
        }
        if !self.errands.add(errand) {
            notice(format_args!("{ERRANDS_MAX} lines wait for the server already: this one was not kept"));
        }
        Flow::Continue(())
    }

    /// Whether somebody at a terminal means what nobody can bring back: an editor has asked that itself. A pipe means it.
    fn is_to_be_erased(&self, user: &str) -> bool {
        let is_asked = self.console.entered_in().is_some() || !self.console.is_terminal();
        // Nor about what is refused anyway.
        is_asked
            || self.errands.is_refused(&format!("/erase {user}"))
            || self.console.confirm(&known::erase_question(user))
    }

    /// Whether somebody wants to say what was most likely typed by mistake. From a pipe nobody can be asked.
    fn means_it(&self, typed: &Typed, why: &str) -> bool {
        if !self.console.is_terminal() {
            match typed {
                Typed::Save(save) => notice(save.refused()),
                Typed::Request(request) if is_code(request) => notice(format_args!("{why}: nothing was sent")),
                _ => notice(format_args!("{why}: it was not said; /say <text> says it all the same")),
            }
            self.errands.note_unsaid();
            return false;
        }
        if let Some(is_meant) = self.console.is_meant() {
            if !is_meant {
                notice(format_args!("{why}: it was not said"));
            }
            return is_meant;
        }
        let question = match typed {
            Typed::Save(_) => "write over it?",
            Typed::Request(request) if is_code(request) => "send it all the same?",
            Typed::Request(Request::Say { .. }) => "say it to everyone?",
            _ => "send it all the same?",
        };
        let yes = self.console.confirm(&format!("{why}: {question}"));
        if !yes {
            notice("it was not said");
        }
        yes
    }

    /// Asks a person for a new password until the server takes it. With `old` it must be changed: who gives up
    /// leaves.
    fn change_password(&self, old: Option<Secret>) -> Flow {
        if !self.session.is_connected() {
            doubts::failed(&[]);
            notice("the server is not there: change the password when the client is back");
            return Flow::Continue(());
        }
        self.errands.wait_until_done()?;
        let must = old.is_some();
        let gave_up = |e: ClientError| match e {
            ClientError::Interrupted => Flow::Break(()),
            _ if must => {
                notice("no password was chosen: log in again to choose one");
                Flow::Break(())
            }
            _ => {
                doubts::failed(&[]);
                Flow::Continue(())
            }
        };
        let old = match old.map_or_else(|| self.console.ask_hidden("old password"), Ok) {
            Ok(old) => old,
            Err(e) => return gave_up(e),
        };
        answer(format_args!(
            "a password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters; it is neither your name nor one that \
             many people have"
        ));
        for _ in 0..NEW_PASSWORD_TRIES_MAX {
            let new = match self.ask_twice() {
                Ok(Some(new)) => new,
                Ok(None) => continue,
                Err(e) => return gave_up(e),
            };
            match self.errands.ask(&Arc::new(Request::Passwd { old: old.clone(), new }))? {
                Answer::Refused { code, message } => {
                    notice(sanitize::line(&message));
                    if code != ErrorCode::WeakPassword && !must {
                        return Flow::Continue(());
                    }
                }
                _ => return Flow::Continue(()),
            }
        }
        let then = if must { "log in again to choose one" } else { "the old one stays" };
        notice(format_args!("no new password after {NEW_PASSWORD_TRIES_MAX} tries: {then}"));
        if must { Flow::Break(()) } else { Flow::Continue(()) }
    }

    /// Asks for a new password, and once more for the same; None, and the person knows why, if that didn't give one.
    fn ask_twice(&self) -> Result<Option<Secret>, ClientError> {
        let new = self.console.ask_hidden("new password")?;
        if new.expose().is_empty() {
            // One Enter too many at the prompt before is the likely reason: to go on would turn all answers round.
            notice("nothing was typed: a password is needed");
            return Ok(None);
        }
        if known::is_command(new.expose()) {
            notice("that is a command, not a password: Ctrl-D gives up");
            return Ok(None);
        }
        if let Err(e) = new_secret(new.expose()) {
            notice(e);
            return Ok(None);
        }
        let again = self.console.ask_hidden("new password once more")?;
        if new.expose() != again.expose() {
            notice("the two are not the same");
            return Ok(None);
        }
        Ok(Some(new))
    }
}

/// Why a request is not to be made: the one-time password in its answer could be shown to nobody.
fn unseen(request: &Request) -> Option<String> {
    let makes_one = matches!(request, Request::AddUser { password: None, .. } | Request::ResetPassword { .. });
    let nowhere = output::reaches_anybody().err().filter(|_| makes_one)?;
    Some(format!("{nowhere}: nobody would see the one-time password, so none was made"))
}
