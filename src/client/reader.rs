//! The reader thread: it alone reads from the server and writes to standard output.

use super::ClientError;
use super::console::notice;
use super::look::Look;
use super::page::Page;
use super::render::Renderer;
use super::session::{Answer, Session};
use super::sound::{Cue, Sounds};
use crate::duplex::{Peer, READ_BYTES};
use crate::lines::{Line, LineReader};
use crate::protocol::{Reason, Reply, Request, ServerMessage, UserList, Welcome};
use crate::sanitize;
use serde_json::{Value, json};
use std::io::{ErrorKind, Write};

/// Reads until the session is over. Everything that came before the end has then been shown.
pub(super) struct Reader<'a, W> {
    session: &'a Session,
    renderer: Renderer,
    sounds: Sounds,
    out: W,
    lines: LineReader,
    /// What is to be shown of what has come.
    shown: Page,
    /// The answer that is to be handed on once all that came before it is shown.
    answered: Option<(String, Answer)>,
    /// The server has sent something that makes no sense; said once.
    complained: bool,
}

/// How the server ended the session.
enum End {
    Bye(Reason),
    Flood,
}

impl<'a, W: Write> Reader<'a, W> {
    /// Shows on `out` what comes for `session`.
    pub(super) fn new(session: &'a Session, renderer: Renderer, look: Look, sounds: Sounds, out: W) -> Self {
        Self {
            session,
            renderer,
            sounds,
            out,
            lines: LineReader::default(),
            shown: Page::new(look, &session.me),
            answered: None,
            complained: false,
        }
    }

    /// Shows the welcome.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub(super) fn welcome(&mut self, welcome: &Welcome<'_>) -> Result<(), ClientError> {
        self.renderer.welcome(welcome, &mut self.shown);
        self.shown.wire(for_programs(welcome).as_bytes());
        self.show()
    }

    /// Reads until the session is over; `pending` is plaintext that came with the login.
    ///
    /// # Errors
    /// Why it is over, if the user didn't want it to be.
    pub(super) fn run(mut self, pending: &[u8]) -> Result<(), ClientError> {
        let mut end = self.take(pending)?;
        let mut buffer = vec![0; READ_BYTES];
        let mut plain = Vec::new();
        let mut asked = false;
        while end.is_none() {
            plain.clear();
            match self.session.wire.receive(&mut buffer, &mut plain) {
                Ok(Peer::Open) => end = self.take(&plain)?,
                Ok(Peer::Closed) => {
                    end = self.take(&plain)?;
                    break;
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) && !asked => {
                    self.session.wire.ping();
                    asked = true;
                    continue;
                }
                Err(error) => return self.over(None, Some(error)),
            }
            asked = false;
        }
        self.over(end, None)
    }

    /// What the end of the session means.
    fn over(&self, end: Option<End>, error: Option<std::io::Error>) -> Result<(), ClientError> {
        let unanswered = self.session.end();
        match end {
            _ if self.session.is_leaving() => Ok(()),
            Some(End::Bye(reason)) => Err(ClientError::Bye(reason)),
            Some(End::Flood) => Err(ClientError::Flood),
            None => Err(ClientError::Lost { error, unanswered }),
        }
    }

    /// Shows what some plaintext completes.
    fn take(&mut self, plain: &[u8]) -> Result<Option<End>, ClientError> {
        let mut end = None;
        let mut lines = std::mem::take(&mut self.lines);
        lines.feed(plain, |line| {
            if end.is_some() {
                return;
            }
            match line {
                Line::Whole(line) => match serde_json::from_slice(line) {
                    Ok(message) => {
                        self.wire(line, &message);
                        end = self.message(&message);
                    }
                    Err(_) => self.complain(),
                },
                Line::TooLong => self.complain(),
                Line::Endless => end = Some(End::Flood),
            }
        });
        self.lines = lines;
        self.show()?;
        Ok(end)
    }

    /// For programs: the line itself. What only keeps the connection alive is nobody's business.
    fn wire(&mut self, line: &[u8], message: &ServerMessage<'_>) {
        if !matches!(message, ServerMessage::Ping {} | ServerMessage::Pong { .. }) {
            self.shown.wire(line);
        }
    }

    fn message(&mut self, message: &ServerMessage<'_>) -> Option<End> {
        let me = self.session.me.as_str();
        match message {
            ServerMessage::Message { from, id, .. } => {
                self.event(message, from != me, Cue::Message);
                self.acknowledge(from == me, id.as_deref());
            }
            ServerMessage::Whisper { from, to, id, .. } => {
                self.event(message, from != me, Cue::Private);
                self.session.people.whispered(from, to, me);
                self.acknowledge(from == me, id.as_deref());
            }
            ServerMessage::Joined { username, .. } => self.event(message, username != me, Cue::Login),
            ServerMessage::Left { username, .. } => self.event(message, username != me, Cue::Logout),
            ServerMessage::Notice { .. } => self.renderer.event(message, &mut self.shown),
            ServerMessage::Topic { from, id, .. } => {
                self.event(message, from != me, Cue::Message);
                self.acknowledge(from == me, id.as_deref());
            }
            ServerMessage::Away(_) => self.renderer.event(message, &mut self.shown),
            ServerMessage::Reply(reply) => self.reply(reply),
            ServerMessage::Error { id, code, message } => {
                let asked = id.as_deref().filter(|id| self.session.pending(id).is_some());
                match asked {
                    Some(id) => {
                        let answer = Answer::Refused { code: *code, message: message.to_string() };
                        self.answered = Some((id.to_owned(), answer));
                    }
                    None => notice(sanitize::line(message)),
                }
            }
            ServerMessage::Ping {} => self.session.wire.pong(),
            ServerMessage::Bye { reason } => return Some(End::Bye(*reason)),
            // A type that doesn't belong here, or that this version doesn't know.
            ServerMessage::Welcome(_) | ServerMessage::Pong { .. } | ServerMessage::Unknown => {}
        }
        None
    }

    fn event(&mut self, message: &ServerMessage<'_>, from_others: bool, cue: Cue) {
        self.renderer.event(message, &mut self.shown);
        if from_others {
            self.sounds.play(cue);
        }
    }

    /// An event that one caused oneself is the answer to its request.
    fn acknowledge(&mut self, mine: bool, id: Option<&str>) {
        if let Some(id) = id.filter(|id| mine && self.session.pending(id).is_some()) {
            self.answered = Some((id.to_owned(), Answer::Done));
        }
    }

    fn reply(&mut self, reply: &Reply<'_>) {
        let Some(id) = reply.id.as_deref() else { return };
        let Some(request) = self.session.pending(id) else { return };
        self.renderer.reply(&request, reply, &mut self.shown);
        if matches!(*request, Request::Shutdown) {
            self.session.set_leaving();
        }
        let last = match &reply.users {
            Some(UserList::Names(names)) => names.last(),
            Some(UserList::Accounts(accounts)) => accounts.last().map(|account| &account.username),
            None => None,
        };
        let answer = last.filter(|_| reply.more > 0).map_or(Answer::Done, |last| Answer::Cut(last.to_string()));
        self.answered = Some((id.to_owned(), answer));
    }

    fn complain(&mut self) {
        if !std::mem::replace(&mut self.complained, true) {
            notice("the server sent something that is no message: it and any other such is passed over");
        }
    }

    /// Writes what is to be shown, and only then lets whoever waits for an answer go on.
    fn show(&mut self) -> Result<(), ClientError> {
        let shown = self.shown.take();
        if !shown.is_empty() {
            let written = self.out.write_all(shown.as_bytes()).and_then(|()| self.out.flush());
            if let Err(e) = written {
                self.session.end();
                return Err(ClientError::Output(e));
            }
        }
        if let Some((id, answer)) = self.answered.take() {
            self.session.settle(&id, answer);
        }
        Ok(())
    }
}

/// The welcome as a line of the wire, without the token: with that, whoever reads the output could log in.
fn for_programs(welcome: &Welcome<'_>) -> String {
    let mut line = json!({"type": "welcome"});
    let fields = serde_json::to_value(welcome).ok();
    if let (Some(line), Some(Value::Object(fields))) = (line.as_object_mut(), fields) {
        line.extend(fields.into_iter().filter(|(name, _)| name != "token"));
    }
    line.to_string()
}
