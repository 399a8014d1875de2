//! What is under way, on standard error: one line that changes on a terminal, one line a stage elsewhere.

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line changes.
const REFRESH: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(crate) struct Progress {
    begun: Instant,
    live: bool,
    stage: RefCell<String>,
    shown: Cell<Instant>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let live = std::io::stderr().is_terminal();
        Self { begun: now, live, stage: RefCell::default(), shown: Cell::new(now) }
    }

    /// A new stage begins.
    pub(crate) fn stage(&self, stage: impl Into<String>) {
        *self.stage.borrow_mut() = stage.into();
        self.show("");
        if !self.live {
            eprintln!();
        }
    }

    /// So much of it is done.
    pub(crate) fn tick(&self, done: u64, all: u64) {
        if self.live && self.shown.get().elapsed() >= REFRESH {
            self.show(&format!(": {} %", 100 * done / all.max(1)));
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        if self.live {
            eprint!("\r\x1b[K");
        }
    }

    fn show(&self, suffix: &str) {
        self.clear();
        eprint!("{:4} s  {}{suffix}", self.begun.elapsed().as_secs(), self.stage.borrow());
        let _ = std::io::stderr().flush();
        self.shown.set(Instant::now());
    }
}
