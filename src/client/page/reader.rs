//! The reader thread: it alone reads from the server, and shows what comes.
//!
//! It outlives a connection. What the next one replays is shown once, and in its place: the timeline's order is that of
//! `seq`, and what isn't beyond the newest that was seen was shown before.

mod attendance;
mod comings;
mod company;
mod history;
mod lesson;
mod lines;
mod replies;

use self::lines::{for_programs, speaker, without_password};
use super::company::Company;
use super::crowd::Crowd;
use super::layout::Page;
use super::missed::{Back, Missed, Replay};
use super::render::Renderer;
use super::seen::Seen;
use super::taken_back::is_taken_back;
use super::transcript::Transcript;
use crate::client::alerts::Alerts;
use crate::client::connection::{Answer, Session, Show, Wire};
use crate::client::error::{ClientError, End};
use crate::client::terminal::{Look, notice};
use crate::duplex::{Peer, READ_BYTES};
use crate::lines::{Line, LineReader};
use crate::protocol::{Attendee, Reply, ServerMessage, Welcome};
use crate::sanitize;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// A replay that has brought nothing for so long is over, if nothing told that before.
const REPLAY_QUIET: Duration = Duration::from_secs(1);
/// Reads until a connection is over. Everything that came before the end has then been shown.
pub(crate) struct Reader<'a, W> {
    session: &'a Session,
    renderer: Renderer,
    alerts: Arc<Alerts>,
    transcript: Option<Transcript>,
    out: W,
    lines: LineReader,
    /// What is to be shown of what has come.
    shown: Page,
    /// The answer that is to be handed on once all that came before it is shown.
    answered: Option<(String, Answer)>,
    /// The server has sent something that makes no sense; said once.
    complained: bool,
    /// Which events were shown since the session began.
    seen: Seen,
    /// The pages of the history that have come so far.
    history: Vec<ServerMessage<'static>>,
    /// Who was there, the pages that have come so far.
    people: Vec<Attendee<'static>>,
    /// What was missed is being replayed.
    replay: Option<Replay>,
    /// It's over, and whoever waits to ask something is to be told once it's shown.
    caught_up: bool,
    /// One speaks in another room than before, by what was missed: to be told when that is shown.
    moved: bool,
    /// Who else is in one's group.
    company: Company,
    /// A question whose asker may come next.
    held: Option<ServerMessage<'static>>,
    /// Who has come and gone and isn't shown yet; None where each has a line of their own, as docs/plain.md tells.
    crowd: Option<Crowd>,
}

impl<'a, W: Write> Reader<'a, W> {
    /// Shows on `out` what comes for `session`.
    pub(crate) fn new(
        session: &'a Session,
        renderer: Renderer,
        look: Look,
        alerts: Arc<Alerts>,
        transcript: Option<Transcript>,
        out: W,
    ) -> Self {
        Self {
            session,
            renderer,
            alerts,
            transcript,
            out,
            lines: LineReader::default(),
            crowd: matches!(look, Look::Styled(_)).then(Crowd::default),
            shown: Page::new(look, &session.me),
            answered: None,
            complained: false,
            seen: Seen::default(),
            history: Vec::new(),
            people: Vec::new(),
            replay: None,
            caught_up: false,
            held: None,
            moved: false,
            company: Company::default(),
        }
    }

    /// The newest event that was seen: what came after it is missed when the connection breaks.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.newest()
    }

    /// Shows the welcome.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub(crate) fn welcome(&mut self, welcome: &Welcome<'_>) -> Result<(), ClientError> {
        self.seen.begin(welcome.seq);
        let moved = self.session.rooms.begin(&welcome.rooms, welcome.split.as_ref());
        self.renderer.welcome(welcome, &mut self.shown);
        if moved {
            self.is_moved();
        }
        self.shown.wire(for_programs(welcome).as_bytes());
        self.write()
    }

    /// Shows what came since the account last left.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub(crate) fn missed(&mut self, missed: &Missed) -> Result<(), ClientError> {
        for event in missed.events.values() {
            let line = event.encode();
            self.shown.wire(line.strip_suffix(b"\n").unwrap_or(&line));
            self.show_event(event, speaker(event));
        }
        self.renderer.missed(missed, &mut self.shown);
        self.write()
    }

    /// The client has come back: what it missed follows.
    pub(crate) fn welcome_back(&mut self, welcome: &Welcome<'_>, gone: Duration) {
        self.seen.go_on(welcome.seq);
        self.lines = LineReader::default();
        self.renderer.names().set_role(welcome.role);
        self.moved = self.session.rooms.begin(&welcome.rooms, welcome.split.as_ref());
        self.shown.wire(for_programs(welcome).as_bytes());
        let back = Back { gone, online: welcome.users.len() + welcome.more, gap: welcome.gap };
        self.replay = Some(Replay { upto: welcome.seq, said: 0, back });
    }

    /// Reads until the connection is over; `pending` is plaintext that came with the login.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub(crate) fn run(&mut self, wire: &Arc<Wire>, pending: &[u8]) -> Result<End, ClientError> {
        if self.replay.as_ref().is_some_and(|replay| self.seen.is_through(replay.upto)) {
            self.end_replay(true);
        }
        let mut end = self.take(pending, wire)?;
        let mut buffer = vec![0; READ_BYTES];
        while end.is_none() {
            self.ask_for_company(wire);
            if self.replay.is_some() && self.session.is_leaving() {
                break;
            }
            let patience = self.replay.as_ref().map(|_| REPLAY_QUIET);
            let wait = self.crowd_wait().filter(|wait| patience.is_none_or(|patience| *wait < patience));
            if wait == Some(Duration::ZERO) {
                self.tell_crowd();
                self.show(wire)?;
                continue;
            }
            let mut plain = Vec::new();
            match wire.receive(wait.or(patience), &mut buffer, &mut plain) {
                Ok(Some(Peer::Open)) => end = self.take(&plain, wire)?,
                Ok(Some(Peer::Closed)) => end = Some(self.take(&plain, wire)?.unwrap_or(End::Closed)),
                Ok(None) if wait.is_some() => {}
                Ok(None) if self.replay.is_some() => {
                    self.end_replay(false);
                    self.show(wire)?;
                }
                Ok(None) => {}
                Err(error) => end = Some(End::Broken(error)),
            }
        }
        self.tell_crowd();
        self.write()?;
        wire.close();
        match end.unwrap_or(End::Closed) {
            End::Closed | End::Broken(_) if wire.is_given_up() => Ok(End::Silent),
            end => Ok(end),
        }
    }

    /// What was missed is shown: now that is told, and then whoever waits to ask something may. `whole` when it is
    /// certain that no more of it comes.
    fn end_replay(&mut self, whole: bool) {
        if let Some(Replay { said, back, .. }) = self.replay.take() {
            self.renderer.back(&back, said, whole, &mut self.shown);
            if std::mem::take(&mut self.moved) {
                self.is_moved();
            }
            if said > 0 {
                self.alerts.missed();
            }
            self.caught_up = true;
        }
    }

    /// Shows what some plaintext completes.
    fn take(&mut self, plain: &[u8], wire: &Arc<Wire>) -> Result<Option<End>, ClientError> {
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
                        end = self.message(message, wire);
                    }
                    Err(_) => self.complain(),
                },
                Line::TooLong => self.complain(),
                Line::Endless => end = Some(End::Flood),
            }
        });
        self.lines = lines;
        self.question(None);
        self.show(wire)?;
        Ok(end)
    }

    /// For programs: the line itself, once. What only keeps the connection alive is nobody's business.
    fn wire(&mut self, line: &[u8], message: &ServerMessage<'_>) {
        let repeated = message.seq().is_some_and(|seq| self.seen.has(seq));
        match message {
            ServerMessage::Ping {} | ServerMessage::Pong { .. } => {}
            // That is for a slip, and is on no other paper.
            ServerMessage::Reply(Reply { id: Some(id), password: Some(_), .. })
                if self.session.asked(id).is_none_or(|asked| asked.wanted != Show::All) =>
            {
                self.shown.wire(without_password(line).as_bytes());
            }
            _ if repeated => {}
            _ => self.shown.wire(line),
        }
    }

    fn message(&mut self, message: ServerMessage<'static>, wire: &Wire) -> Option<End> {
        use ServerMessage::{Joined, Left, Ping, Pong};
        if !matches!(message, Joined { .. } | Left { .. } | Ping { .. } | Pong { .. }) {
            // What is shown stands in its order.
            self.tell_crowd();
        }
        self.session.people.happened(&message, &self.session.me);
        if self.question(Some(&message)) {
            self.asked(&message);
            return None;
        }
        if let ServerMessage::Reply(reply) = message {
            self.reply(reply);
            return None;
        }
        if matches!(message, ServerMessage::Question { .. }) {
            self.held = Some(message);
            return None;
        }
        match &message {
            ServerMessage::Removed { seq, from, id, .. } => self.taken_back(&message, *seq, from, id.as_deref()),
            ServerMessage::Message { seq, from, id, .. }
            | ServerMessage::Whisper { seq, from, id, .. }
            | ServerMessage::Topic { seq, from, id, .. } => self.said(&message, *seq, from, id.as_deref()),
            Joined { seq, time, username, .. } => self.presence(&message, *seq, (username, None, time)),
            Left { seq, time, username, reason } => self.presence(&message, *seq, (username, Some(*reason), time)),
            ServerMessage::Notice { .. } | ServerMessage::Role { .. } => self.event(&message, ""),
            ServerMessage::Away(away) => self.event(&message, &away.username),
            // Who is in the group no longer; nobody has typed that.
            ServerMessage::Error { id: Some(id), .. } if self.company.was_asked_as(id) => {}
            ServerMessage::Error { id, code, message } => {
                let asked = id.as_deref().and_then(|id| self.session.asked(id).map(|asked| (id, asked.request)));
                if !asked.as_ref().is_some_and(|(_, request)| attendance::is_said_again(*code, request)) {
                    self.alerts.refused();
                }
                match asked {
                    Some((id, _)) => {
                        let answer = Answer::Refused { code: *code, message: message.to_string() };
                        self.answered = Some((id.to_owned(), answer));
                    }
                    None => notice(sanitize::line(message)),
                }
            }
            Ping {} => wire.pong(),
            // Asked behind a request, under its id: that had its turn, and has no answer.
            ServerMessage::Pong { id: Some(id) } if self.session.asked(id).is_some() => {
                self.answered = Some((id.to_string(), Answer::None));
            }
            ServerMessage::Bye { reason } => return Some(End::Bye(*reason)),
            // What is no event doesn't belong here, or is of a type that this version doesn't know.
            other => self.lesson(other),
        }
        None
    }

    /// Shows what somebody did, and calls for attention if it's new; neither where they are ignored.
    fn event(&mut self, message: &ServerMessage<'_>, whose: &str) {
        if self.show_event(message, whose) && self.replay.is_none() && !is_taken_back(message) {
            self.alerts.came(message, &self.session.me);
        }
    }

    /// Shows what somebody did for the first time; false where they are ignored.
    fn show_event(&mut self, message: &ServerMessage<'_>, whose: &str) -> bool {
        if self.is_ignored(whose) {
            return false;
        }
        if let ServerMessage::Whisper { from, to, .. } = message {
            self.session.people.whispered(from, to, &self.session.me);
        }
        self.renderer.event(message, &mut self.shown);
        self.count(message);
        self.log(message);
        true
    }

    fn log(&mut self, message: &ServerMessage<'_>) {
        if let Some(transcript) = &mut self.transcript {
            transcript.write(message);
        }
    }

    fn is_ignored(&self, whose: &str) -> bool {
        whose != self.session.me && self.alerts.ignores(whose)
    }

    /// Shows what somebody said. What one said oneself is the answer to its request, also when it comes again.
    fn said(&mut self, message: &ServerMessage<'_>, seq: u64, from: &str, id: Option<&str>) {
        let mine = from == self.session.me;
        let asked = id.filter(|_| mine).and_then(|id| self.session.asked(id));
        self.reach(seq);
        if self.seen.is_new(seq, asked.as_ref().is_some_and(|asked| asked.resent)) {
            self.event(message, from);
            match message {
                ServerMessage::Whisper { to, away: true, .. } if mine => self.renderer.waits(to, &mut self.shown),
                _ => {}
            }
            if let Some(replay) = &mut self.replay {
                replay.said += usize::from(!mine);
            }
        }
        self.end_replay_at(seq);
        if mine && self.session.people.spoke() {
            self.renderer.is_back(&mut self.shown);
        }
        if let Some(asked) = asked {
            self.answered = Some((asked.id, Answer::Done));
        }
    }

    /// Shows that something was taken back. For who has done that it's the answer.
    fn taken_back(&mut self, message: &ServerMessage<'_>, seq: u64, from: &str, id: Option<&str>) {
        let mine = id.filter(|_| from == self.session.me);
        self.reach(seq);
        if self.seen.is_new(seq, false) {
            self.event(message, from);
        }
        self.end_replay_at(seq);
        if let Some(asked) = mine.and_then(|id| self.session.asked(id)) {
            self.answered = Some((asked.id, Answer::Done));
        }
    }

    /// An event is about to be shown: a replay that can't hold it is over.
    fn reach(&mut self, seq: u64) {
        if self.replay.as_ref().is_some_and(|replay| seq > replay.upto) {
            self.end_replay(true);
        }
    }

    /// An event was shown: a replay whose last one it is is over.
    fn end_replay_at(&mut self, seq: u64) {
        if self.replay.as_ref().is_some_and(|replay| seq == replay.upto) {
            self.end_replay(true);
        }
    }

    fn complain(&mut self) {
        if !std::mem::replace(&mut self.complained, true) {
            notice("the server sent something that is no message: it and any other such is passed over");
        }
    }

    /// Writes what is to be shown, and only then lets whoever waits for an answer go on.
    fn show(&mut self, wire: &Arc<Wire>) -> Result<(), ClientError> {
        self.write()?;
        if let Some((id, answer)) = self.answered.take() {
            self.session.settle(&id, answer);
        }
        if std::mem::take(&mut self.caught_up) {
            self.session.connected(wire);
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), ClientError> {
        let shown = self.shown.take();
        if !shown.is_empty() {
            let written = self.out.write_all(shown.as_bytes()).and_then(|()| self.out.flush());
            if let Err(e) = written {
                self.session.end();
                return Err(ClientError::Output(e));
            }
        }
        Ok(())
    }
}
