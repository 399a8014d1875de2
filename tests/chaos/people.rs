//! Clients that do as PROTOCOL.md says one should: come back with token and `after`, send again under the same id what
//! has no answer, and remember what they were shown.

mod lesson;
mod requests;

use crate::harness::{PASSWORD, Random, Wire};
use crate::history::{Account, Entry, Event, Place, Record, Turn, name};
use crate::mark::Mark;
use crate::stage::{Client, Phase, Stage};
use lesson::Lesson;
use requests::{HeldBack, Unanswered};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

/// How long one read waits.
const TICK: Duration = Duration::from_millis(5);
/// How long a connection may be silent while an answer is owed: longer than it's ever stalled.
const SILENCE: Duration = Duration::from_secs(6);
/// How soon somebody comes back, and speaks again, in milliseconds.
const COMEBACK_MS: Range<usize> = 1..300;
const PAUSE_MS: Range<usize> = 1..140;
/// How soon somebody speaks again in a rush. Two in one account then say less in all than the server knows again: what
/// was sent again later could be there twice.
const RUSH_PAUSE: Duration = Duration::from_millis(20);
/// How long they wait for what they missed, in milliseconds, before they send again what it didn't answer.
const REPLAY_MS: Range<usize> = 0..100;
/// How long somebody stays away who left.
const AWAY_MS: Range<usize> = 50..2000;

/// What makes one client another than the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) number: u16,
    pub(crate) account: Account,
    /// It has a network of its own, without faults, and little room for what it doesn't read.
    pub(crate) narrow: bool,
    /// It logs out now and then, and comes back by its password: what it then sees are the whispers that waited.
    pub(crate) leaves: bool,
    /// It comes by the page's door, and its lines lie in frames.
    pub(crate) through_page: bool,
    /// It votes: the only one of its account.
    pub(crate) votes: bool,
}

/// Somebody, over all of their connections.
pub(crate) struct Person<'a> {
    part: Part,
    stage: &'a Stage,
    random: Random,
    entries: Vec<Entry>,
    place: Place,
    token: Option<Value>,
    /// The next login is a new beginning.
    anew: bool,
    unanswered: BTreeMap<Mark, Unanswered>,
    /// When to send again what has no answer: once a connection, so that there is at most one answer before its turn.
    again_at: Option<Instant>,
    /// What was sent again over this connection.
    asked_again: Vec<Mark>,
    held_back: Option<HeldBack>,
    said: u32,
    lesson: Lesson,
}

/// How a connection ends.
enum Leave {
    /// All is over.
    Over,
    /// For a while, after a `logout`.
    Away,
    /// For another connection, with requests under way.
    Elsewhere,
}

impl<'a> Person<'a> {
    pub(crate) fn new(part: Part, stage: &'a Stage, seed: u64) -> Self {
        Self {
            part,
            stage,
            random: Random::new(seed ^ u64::from(part.number) << 32),
            entries: Vec::new(),
            place: Place::default(),
            token: None,
            anew: true,
            unanswered: BTreeMap::new(),
            again_at: None,
            asked_again: Vec::new(),
            held_back: None,
            said: 0,
            lesson: Lesson::default(),
        }
    }

    /// Plays until the end; gives what they did and saw.
    pub(crate) fn play(mut self) -> Record {
        let _all_end = self.stage.end_on_panic();
        while !self.stage.is_at(Phase::Leave) {
            let pause = match self.connect().and_then(|wire| self.stay(wire)) {
                Ok(Leave::Over) => break,
                Ok(Leave::Elsewhere) => {
                    self.stage.tally.count("connections left for another");
                    continue;
                }
                Ok(Leave::Away) => {
                    self.stage.tally.count("logouts");
                    (self.token, self.anew) = (None, true);
                    self.client().here.store(false, SeqCst);
                    self.between(AWAY_MS)
                }
                Err(_) => {
                    self.stage.tally.count("connections that broke");
                    self.between(COMEBACK_MS)
                }
            };
            thread::sleep(pause);
        }
        Record { by: self.part.number, account: self.part.account, once: false, entries: self.entries }
    }

    fn between(&mut self, ms: Range<usize>) -> Duration {
        Duration::from_millis((ms.start + self.random.below(ms.len())) as u64)
    }

    fn client(&self) -> &Client {
        &self.stage.clients[usize::from(self.part.number)]
    }

    /// Connects and logs in.
    fn connect(&mut self) -> io::Result<Wire> {
        let Part { narrow, account, through_page, .. } = self.part;
        let address = if narrow { self.stage.address } else { self.stage.proxy.address() };
        let connect = if through_page { Wire::through_the_page } else { Wire::connect };
        let mut wire = connect(address, narrow)?;
        let mut login = json!({"type": "login", "protocol": 1, "username": name(account)});
        match &self.token {
            Some(token) => login["token"] = token.clone(),
            None => login["password"] = json!(PASSWORD),
        }
        if !self.anew {
            login["after"] = json!(self.place.last);
        }
        wire.send(&login)?;
        let end = Instant::now() + SILENCE;
        while Instant::now() < end {
            let mut lines = wire.receive(TICK)?.into_iter();
            if let Some(answer) = lines.next() {
                self.welcomed(&answer)?;
                // Some wait for what they missed, which may have the answers; others send all again at once.
                self.again_at = (self.random.below(2) == 0).then(|| Instant::now() + self.between(REPLAY_MS));
                if self.again_at.is_none() {
                    self.ask_all_again(&mut wire)?;
                }
                lines.try_for_each(|line| self.take(&mut wire, &line))?;
                return Ok(wire);
            }
        }
        Err(ErrorKind::TimedOut.into())
    }

    fn welcomed(&mut self, answer: &Value) -> io::Result<()> {
        if answer["type"] != "welcome" {
            match answer["code"].as_str() {
                Some("bad_credentials") => self.token_refused(),
                Some("try_later" | "shutting_down" | "internal") => self.stage.tally.count("logins put off"),
                _ => panic!("not a welcome: {answer}"),
            }
            return Err(ErrorKind::ConnectionRefused.into());
        }
        let (seq, left_at) = (answer["seq"].as_u64().unwrap(), answer["left_at"].as_u64());
        let after = (!self.anew).then_some(self.place.last);
        self.entries.push(Entry::Connected(Instant::now()));
        self.entries.push(Entry::Welcomed { after, seq, left_at, gap: answer["gap"] == true });
        if self.anew {
            // What waits for them, if anything, comes after this.
            self.place.begin(left_at.unwrap_or(seq));
        } else {
            self.stage.tally.count(if self.part.through_page { "comebacks through the page" } else { "comebacks" });
        }
        (self.token, self.anew) = (Some(answer["token"].clone()), false);
        self.lesson.begin(answer);
        self.asked_again.clear();
        self.client().seen.store(self.place.last, SeqCst);
        self.client().here.store(true, SeqCst);
        Ok(())
    }

    /// Without room on its disk, a server that then dies knows the token no longer.
    fn token_refused(&mut self) {
        assert!(self.token.take().is_some(), "the password of {} was refused", name(self.part.account));
        self.stage.tally.count("tokens lost");
        if self.stage.tally.of("full disks") == 0 {
            self.entries.push(Entry::TokenRefused);
        }
    }

    /// Listens and speaks until the connection breaks, or they leave.
    fn stay(&mut self, mut wire: Wire) -> io::Result<Leave> {
        let mut heard = Instant::now();
        let mut next = Instant::now();
        loop {
            if self.stage.is_at(Phase::Leave) {
                return Ok(Leave::Over);
            }
            self.sleep_if_told();
            for line in wire.receive(TICK)? {
                self.take(&mut wire, &line)?;
                heard = Instant::now();
            }
            if self.owed() > 0 && heard.elapsed() > SILENCE {
                return Err(ErrorKind::TimedOut.into());
            }
            if self.again_at.is_some_and(|at| Instant::now() >= at) {
                self.again_at = None;
                self.ask_all_again(&mut wire)?;
            }
            if self.again_at.is_none() {
                self.ask_refused_again(&mut wire)?;
            }
            self.let_go();
            if self.stage.is_at(Phase::Play) && self.again_at.is_none() && Instant::now() >= next {
                match self.random.below(80) {
                    0 if self.part.leaves && self.owed() == 0 => return self.log_out(wire),
                    1 if self.held_back.is_none() => return self.leave_for_another(wire),
                    2..6 => self.move_about(&mut wire)?,
                    6..8 => self.take_back(&mut wire)?,
                    8 => self.wonder(&mut wire)?,
                    9..12 => self.vote(&mut wire)?,
                    _ => self.speak(&mut wire)?,
                }
                let pause = self.between(PAUSE_MS);
                next = Instant::now() + if self.stage.is_rush() { RUSH_PAUSE } else { pause };
            }
            self.tell_unanswered();
        }
    }

    fn tell_unanswered(&self) {
        self.client().unanswered.store(self.owed() as u64, SeqCst);
    }

    /// How many answers they wait for that must come.
    fn owed(&self) -> usize {
        self.unanswered.len() + self.lesson.removals.len()
    }

    fn sleep_if_told(&self) {
        let until = *self.client().asleep_until.lock().unwrap();
        thread::sleep(until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now())));
    }

    /// One line of the server's.
    fn take(&mut self, wire: &mut Wire, line: &Value) -> io::Result<()> {
        if let Some(event) = Event::of(line) {
            self.stage.tally.count("events shown");
            self.entries.push(Entry::Shown(event));
            let asked_again = event.answers().is_some_and(|mark| self.asked_again.contains(&mark));
            if self.place.take(event.seq, asked_again) == Turn::Next {
                self.client().seen.store(event.seq, SeqCst);
                self.learn(&event, line);
            }
            event.answers().map(|mark| self.unanswered.remove(&mark));
            return Ok(());
        }
        match line["type"].as_str() {
            Some("ping") => wire.send(&json!({"type": "pong"})),
            Some("error") => {
                self.refused(line);
                Ok(())
            }
            Some("bye") => Err(ErrorKind::ConnectionAborted.into()),
            Some("reply") => {
                self.replied(line);
                Ok(())
            }
            Some("pong") => Ok(()),
            _ => panic!("what is {line}?"),
        }
    }

    /// Leaves in good order; whether that came through nobody knows.
    fn log_out(&mut self, mut wire: Wire) -> io::Result<Leave> {
        let end = Instant::now() + SILENCE;
        let mut asked = wire.send(&json!({"type": "logout", "id": "logout"}));
        while asked.is_ok() && Instant::now() < end {
            asked = wire.receive(TICK).and_then(|lines| lines.iter().try_for_each(|line| self.take(&mut wire, line)));
        }
        Ok(Leave::Away)
    }
}
