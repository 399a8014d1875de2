//! The class: thirty who chat all the time, each behind the same address.

use crate::caller::Caller;
use crate::harness::PASSWORD;
use crate::latencies::Latencies;
use crate::town::{Phase, SCHOOL, Town};
use serde_json::{Value, json};
use std::io;
use std::sync::Mutex;
use std::thread::Scope;
use std::time::{Duration, Instant};

pub(crate) const CLASS: usize = 30;
/// The row of the judge.
pub(crate) const ROW: &str = "class";
/// How often each says something: thirty messages a second in all, more than any class.
const CHAT_EVERY: Duration = Duration::from_secs(1);
/// What the class says begins so; then comes the moment in microseconds.
const STAMP: &str = "@";
/// The longest that one of them waits before looking at what the time is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(10);

/// How long the class waited for what was said.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// For one's own message.
    pub(crate) own: Mutex<Latencies>,
    /// For another's.
    pub(crate) others: Mutex<Latencies>,
}

pub(crate) struct Class<'a> {
    town: &'a Town,
    pub(crate) alone: Waits,
    pub(crate) besieged: Waits,
}

pub(crate) fn names() -> impl Iterator<Item = String> {
    (0..CLASS).map(|number| format!("c{number:02}"))
}

impl<'a> Class<'a> {
    pub(crate) fn of(town: &'a Town) -> Self {
        Self { town, alone: Waits::default(), besieged: Waits::default() }
    }

    /// Everybody logs in, and begins.
    pub(crate) fn begin<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        for (number, name) in names().enumerate() {
            let (caller, _) = self.town.visit(SCHOOL, &name, json!({"password": PASSWORD})).unwrap();
            scope.spawn(move || {
                if let Err(e) = self.chat(number, &name, caller) {
                    self.town.judge.violation(ROW, format!("{name} lost the connection: {e}"));
                }
            });
        }
    }

    fn chat(&self, number: usize, name: &str, mut caller: Caller) -> io::Result<()> {
        let mut next = Instant::now() + CHAT_EVERY * number as u32 / CLASS as u32;
        while !self.town.is_at(Phase::Over) {
            let wait = next.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                let text = format!("{STAMP}{} what is the answer to number seven?", self.town.clock().as_micros());
                caller.send(&json!({"type": "say", "text": text}))?;
                next = (next + CHAT_EVERY).max(Instant::now());
            }
            for line in caller.receive(wait.min(LOOK_EVERY))? {
                self.take(number, name, &line);
            }
        }
        caller.send(&json!({"type": "logout", "id": "bye"}))?;
        caller.find(GOODBYE, |line| line["id"] == "bye").map(drop)
    }

    /// Looks how long it took. The first of the class is the witness of all that everybody is shown.
    fn take(&self, number: usize, name: &str, line: &Value) {
        if line["type"] == "error" {
            self.town.judge.violation(ROW, format!("{name} was refused: {line}"));
        }
        if number == 0 {
            self.town.ledger.saw(line);
            line["seq"].as_u64().into_iter().for_each(|seq| self.town.ledger.reached(seq));
        }
        let stamp = line["text"].as_str().and_then(|text| text.strip_prefix(STAMP)?.split(' ').next()?.parse().ok());
        let Some(said) = stamp.map(Duration::from_micros) else { return };
        let waits = match self.town.is_at(Phase::Alone) {
            true => &self.alone,
            false if self.town.is_at(Phase::Siege) => &self.besieged,
            false => return,
        };
        let wait = if line["from"] == name { &waits.own } else { &waits.others };
        wait.lock().unwrap().record(self.town.clock().saturating_sub(said));
    }
}
