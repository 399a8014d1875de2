//! The real client, fed with lines: it comes back by itself, and what it prints is held to the same promises.

use crate::harness::{PASSWORD, Random, Terminal};
use crate::history::{Account, Entry, Event, Place, Record, To, Turn, name};
use crate::mark::Mark;
use crate::room::GENERAL;
use crate::stage::{Phase, Stage};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

/// How often what it prints is read.
const TICK: Duration = Duration::from_millis(10);
/// How many lines may wait in it.
const UNANSWERED_MAX: usize = 8;
/// The longest pause between two lines, in milliseconds.
const PAUSE_MS: usize = 300;

/// One running client and what it did.
pub(crate) struct Program<'a> {
    number: u16,
    account: Account,
    stage: &'a Stage,
    terminal: Terminal,
    random: Random,
    entries: Vec<Entry>,
    place: Place,
    /// The beginning of a line.
    partial: Vec<u8>,
    /// What was typed and has no answer, in order.
    unanswered: BTreeMap<Mark, To>,
    /// What it may have sent again since it came back.
    asked_again: Vec<Mark>,
    typed: u32,
}

impl<'a> Program<'a> {
    pub(crate) fn start(number: u16, account: Account, stage: &'a Stage, seed: u64) -> Self {
        let terminal = Terminal::start(&[&stage.link, "--user", &name(account), "--json"], Some(PASSWORD));
        stage.clients[usize::from(number)].pid.set(terminal.pid()).unwrap();
        Self {
            number,
            account,
            stage,
            terminal,
            random: Random::new(seed ^ u64::from(number) << 32),
            entries: Vec::new(),
            place: Place::default(),
            partial: Vec::new(),
            unanswered: BTreeMap::new(),
            asked_again: Vec::new(),
            typed: 0,
        }
    }

    /// Feeds it until the end; gives what it did and showed.
    pub(crate) fn play(mut self) -> Record {
        let _all_end = self.stage.end_on_panic();
        let mut next = Instant::now();
        while !self.stage.is_at(Phase::Leave) {
            self.read();
            if self.stage.is_at(Phase::Play) && Instant::now() >= next && self.unanswered.len() < UNANSWERED_MAX {
                self.type_line();
                next = Instant::now() + Duration::from_millis(self.random.below(PAUSE_MS) as u64);
            }
            let client = &self.stage.clients[usize::from(self.number)];
            client.unanswered.store(self.unanswered.len() as u64, SeqCst);
            thread::sleep(TICK);
        }
        let finished = self.terminal.finish();
        finished.succeeded();
        self.lines(finished.stdout.as_bytes());
        Record { by: self.number, account: self.account, once: true, entries: self.entries }
    }

    fn type_line(&mut self) {
        self.typed += 1;
        let mark = Mark { by: self.number, number: self.typed };
        let whisper = self.random.below(3) == 0;
        let to = match whisper {
            true => To::Person(self.random.below(usize::from(self.stage.accounts)) as Account),
            false => To::Room(GENERAL),
        };
        self.entries.push(Entry::Asked { mark, to, again: false });
        self.unanswered.insert(mark, to);
        match to {
            To::Person(to) => self.terminal.type_line(&format!("/msg {} {}", name(to), mark.text())),
            _ => self.terminal.type_line(&mark.text()),
        }
    }

    fn read(&mut self) {
        let bytes = self.terminal.stdout.take();
        self.lines(&bytes);
        assert!(
            self.terminal.is_running(),
            "the client of {} has ended: {}",
            name(self.account),
            self.terminal.stderr.text()
        );
    }

    fn lines(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.partial);
                self.take(&serde_json::from_slice(&line).unwrap());
            }
        }
    }

    fn take(&mut self, line: &Value) {
        if let Some(event) = Event::of(line) {
            self.stage.tally.count("events shown");
            self.entries.push(Entry::Shown(event));
            let asked_again = event.mark().is_some_and(|mark| self.asked_again.contains(&mark));
            if self.place.take(event.seq, asked_again) == Turn::Next {
                self.stage.clients[usize::from(self.number)].seen.store(event.seq, SeqCst);
            }
            event.mark().map(|mark| self.unanswered.remove(&mark));
            return;
        }
        match line["type"].as_str() {
            Some("welcome") => self.welcomed(line),
            // Lines are carried out one after the other, so it's about the oldest.
            Some("error") if line["id"].is_string() => {
                assert!(matches!(line["code"].as_str(), Some("internal" | "shutting_down")), "refused: {line}");
                self.stage.tally.count("refusals");
                if let Some((mark, _)) = self.unanswered.pop_first() {
                    self.entries.push(Entry::Doubtful(mark));
                }
            }
            _ => {}
        }
    }

    /// It asks for what came after the last event that it has shown, and may send again whatever has no answer.
    fn welcomed(&mut self, line: &Value) {
        let (seq, left_at) = (line["seq"].as_u64().unwrap(), line["left_at"].as_u64());
        let client = &self.stage.clients[usize::from(self.number)];
        let after = client.here.load(SeqCst).then_some(self.place.last);
        self.entries.push(Entry::Welcomed { after, seq, left_at, gap: line["gap"] == true });
        match after {
            None => self.place.begin(left_at.unwrap_or(seq)),
            Some(_) => self.stage.tally.count("comebacks of programs"),
        }
        self.asked_again = self.unanswered.keys().copied().collect();
        let again = self.unanswered.iter().map(|(&mark, &to)| Entry::Asked { mark, to, again: true });
        self.entries.extend(again);
        client.seen.store(self.place.last, SeqCst);
        client.here.store(true, SeqCst);
    }
}
