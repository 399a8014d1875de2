//! What is besieged: the server, and what everybody there needs to know.

use crate::caller::{Caller, Line};
use crate::harness::{PASSWORD, Server};
use crate::judge::Judge;
use crate::ledger::Ledger;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// Where the class is: one address for all of them, as behind a school's router.
pub(crate) const SCHOOL: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// How long an attacker who was refused waits before the next try.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// How often whoever pauses looks whether it is over.
const LOOK_EVERY: Duration = Duration::from_millis(20);
pub(crate) struct Town {
    pub(crate) server: Server,
    /// Where metrics are fetched.
    pub(crate) metrics: SocketAddr,
    /// A seq with much before it that only two may see.
    pub(crate) amid_whispers: u64,
    /// The class and the attackers have the machine for themselves.
    pub(crate) is_long: bool,
    pub(crate) judge: Judge,
    pub(crate) ledger: Ledger,
    begin: Instant,
    phase: AtomicU8,
    wave: AtomicU32,
    tokens: Mutex<BTreeMap<&'static str, Value>>,
    held: Mutex<Vec<Caller>>,
}

/// What goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The class chats, and nobody else is there.
    Alone,
    Siege,
    /// The attackers have left, and what they left behind goes.
    Rest,
    Over,
}

impl Town {
    pub(crate) fn new(server: Server, metrics: SocketAddr, amid_whispers: u64, is_long: bool) -> Self {
        Self {
            server,
            metrics,
            amid_whispers,
            is_long,
            judge: Judge::default(),
            ledger: Ledger::default(),
            begin: Instant::now(),
            phase: AtomicU8::new(Phase::Rest as u8),
            wave: AtomicU32::new(0),
            tokens: Mutex::default(),
            held: Mutex::default(),
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        if phase == Phase::Siege {
            self.wave.fetch_add(1, SeqCst);
        }
        self.phase.store(phase as u8, SeqCst);
    }

    pub(crate) fn is_at(&self, phase: Phase) -> bool {
        self.phase.load(SeqCst) == phase as u8
    }

    /// The how manieth siege it is.
    pub(crate) fn wave(&self) -> u32 {
        self.wave.load(SeqCst)
    }

    /// The time of all here.
    pub(crate) fn clock(&self) -> Duration {
        self.begin.elapsed()
    }

    pub(crate) fn connect(&self, source: Ipv4Addr, line: Line) -> io::Result<Caller> {
        Caller::connect(self.server.address(), source, line)
    }

    /// A session, and its welcome. An error is the code of a refusal.
    pub(crate) fn visit(&self, source: Ipv4Addr, name: &str, how: Value) -> io::Result<(Caller, Value)> {
        let mut caller = self.connect(source, Line::Broad)?;
        let welcome = caller.log_in(name, how)?;
        Ok((caller, welcome))
    }

    /// Logs an account in where it is at home, in peace, and keeps its token.
    pub(crate) fn take_token(&self, home: Ipv4Addr, name: &'static str) {
        let (_, welcome) = self.visit(home, name, json!({"password": PASSWORD})).unwrap();
        self.tokens.lock().unwrap().insert(name, welcome["token"].clone());
    }

    /// What somebody logs in with who has one.
    pub(crate) fn by_token(&self, name: &str) -> Value {
        json!({"token": self.tokens.lock().unwrap()[name]})
    }

    /// One round after the other, numbered, until the siege ends. An error is what the server did to the attacker.
    pub(crate) fn rounds(&self, attack: &'static str, every: Duration, mut round: impl FnMut(u32) -> io::Result<()>) {
        for number in 0.. {
            if !self.is_at(Phase::Siege) {
                return;
            }
            let start = Instant::now();
            match round(number) {
                Ok(()) => self.judge.attempt(attack),
                Err(e) => self.refused(attack, &e),
            }
            self.pause(every.saturating_sub(start.elapsed()));
        }
    }

    /// An attacker was refused or cut off: that is counted, and after a pause they try again.
    fn refused(&self, attack: &'static str, why: &io::Error) {
        self.judge.count(attack, &why.to_string());
        self.pause(REFUSED_PAUSE);
    }

    /// Waits, but not beyond the siege's end.
    pub(crate) fn pause(&self, wait: Duration) {
        let end = Instant::now() + wait;
        while self.is_at(Phase::Siege) && Instant::now() < end {
            thread::sleep(LOOK_EVERY.min(end.saturating_duration_since(Instant::now())));
        }
    }

    /// Keeps connections open that nobody uses any more.
    pub(crate) fn hold(&self, callers: impl IntoIterator<Item = Caller>) {
        self.held.lock().unwrap().extend(callers);
    }

    /// Closes what was held; gives how much that was.
    pub(crate) fn let_go(&self) -> usize {
        self.held.lock().unwrap().drain(..).count()
    }
}
