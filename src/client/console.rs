//! Standard input and standard error: what is asked of the person in front of the client, or of the pipe.
//!
//! Prompts and what the client itself has to say go to standard error; once a person's [`Terminal`] is open, above the
//! line that is edited there.

use super::error::ClientError;
use super::terminal::{Modes, READ_AFTER, Setup, Terminal, notice, screen, yes_or_no};
use crate::client::piped::{Encoding, Line};
use crate::protocol::Secret;
use crate::sync::{Gate, lock};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// How long the client, when its session has ended, waits for a hidden prompt that is still open.
const HIDDEN_PROMPT_WAIT: Duration = Duration::from_secs(10);

/// A question is asked so often until it has an answer.
const ASKED_MAX: usize = 3;

/// Where the person, or the script, is.
#[derive(Debug)]
pub(super) struct Console {
    terminal: bool,
    /// Prompts that hide what is typed; as long as one is open, the terminal has no echo.
    hidden: Gate,
    /// How the terminal was before the hidden prompt that is open.
    found: Mutex<Option<Modes>>,
    /// No more prompts are opened.
    closing: AtomicBool,
    /// How standard input is written where no lines are edited.
    encoding: Mutex<Encoding>,
    /// Nor is one that is open waited for.
    hurried: AtomicBool,
    /// Where lines are edited, once that has begun.
    editor: OnceLock<Terminal>,
    /// The last line was doubtful, and is meant.
    meant: AtomicBool,
    /// The room that its prompt named.
    entered_in: Mutex<Option<String>>,
}

impl Console {
    /// The process's own.
    pub(super) fn new() -> Self {
        Self {
            terminal: io::stdin().is_terminal(),
            hidden: Gate::default(),
            found: Mutex::default(),
            closing: false.into(),
            encoding: Mutex::default(),
            hurried: false.into(),
            editor: OnceLock::new(),
            meant: false.into(),
            entered_in: Mutex::default(),
        }
    }

    /// From now on lines are edited, and what comes is shown above them.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn open_editor(&self, setup: Setup) -> Result<(), ClientError> {
        // It's opened once.
        let _ = self.editor.set(Terminal::open(setup)?);
        Ok(())
    }

    /// Whether a person types.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The next line; None at the end of input.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn next_line(&self) -> io::Result<Option<Line>> {
        match self.editor.get() {
            Some(editor) => Ok(editor.next_line()?.map(|line| {
                self.meant.store(line.is_meant, Ordering::SeqCst);
                *lock(&self.entered_in) = Some(line.room);
                Ok(line.text)
            })),
            None => lock(&self.encoding).next_line(&mut io::stdin().lock()),
        }
    }

    /// The next line with its end, where none is edited; None at the end of input.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn next_raw_line(&self) -> io::Result<Option<Line>> {
        lock(&self.encoding).next_raw_line(&mut io::stdin().lock())
    }

    /// Asks for something that may be seen. From a pipe it's the next line.
    ///
    /// # Errors
    /// Nothing was given.
    pub(super) fn ask(&self, prompt: &'static str) -> Result<String, ClientError> {
        if self.terminal {
            let _ = write!(io::stderr(), "{prompt}: ");
        }
        match self.next_line() {
            Ok(Some(Ok(text))) => Ok(text),
            Ok(Some(Err(unfit))) => Err(ClientError::Input(io::Error::new(ErrorKind::InvalidData, unfit))),
            _ => Err(self.nothing_given(prompt)),
        }
    }

    /// Asks for something that isn't shown while it's typed. From a pipe it's the next line.
    ///
    /// # Errors
    /// Nothing was given, or Ctrl-C was typed.
    pub(super) fn ask_hidden(&self, prompt: &'static str) -> Result<Secret, ClientError> {
        if !self.terminal {
            return self.ask(prompt).map(Secret::from);
        }
        let _pass = self.hidden.enter();
        if self.closing.load(Ordering::SeqCst) {
            return Err(ClientError::Interrupted);
        }
        screen::flush();
        *lock(&self.found) = Some(Modes::now());
        let answer = rpassword::prompt_password(format!("{prompt}: "));
        *lock(&self.found) = None;
        match answer {
            Ok(text) => Ok(text.into()),
            Err(e) if e.kind() == ErrorKind::Interrupted => Err(ClientError::Interrupted),
            Err(_) => Err(self.nothing_given(prompt)),
        }
    }

    /// Asks for a password that is to hold from now on: at a terminal twice, until both are the same.
    ///
    /// # Errors
    /// Nothing was given, or Ctrl-C was typed.
    pub(super) fn ask_new(&self, prompt: &'static str, again: &'static str) -> Result<Secret, ClientError> {
        loop {
            let password = self.ask_hidden(prompt)?;
            if !self.terminal || password.expose().is_empty() || self.ask_hidden(again)?.expose() == password.expose() {
                return Ok(password);
            }
            notice("the two differ: once more");
        }
    }

    fn nothing_given(&self, what: &'static str) -> ClientError {
        if self.terminal {
            // Ctrl-D leaves the cursor behind the prompt.
            let _ = writeln!(io::stderr());
        }
        ClientError::NothingGiven { what }
    }

    /// Whether the last line, which is doubtful, is meant: its editor has asked for that, unless the doubt is younger than
    /// the line. None where none is edited.
    pub(super) fn is_meant(&self) -> Option<bool> {
        self.editor.get().map(|_| self.meant.load(Ordering::SeqCst))
    }

    /// The room that the prompt of the last line named. None where none is edited.
    pub(super) fn entered_in(&self) -> Option<String> {
        lock(&self.entered_in).clone()
    }

    /// Asks a person for a yes, where no lines are edited. Only what is typed once the question can have been read is its
    /// answer; what is neither a yes nor a no is asked about again, and comes to nothing.
    pub(super) fn confirm(&self, question: &str) -> bool {
        for _ in 0..ASKED_MAX {
            let _ = write!(io::stderr(), "{question} ");
            thread::sleep(READ_AFTER);
            Modes::forget_typed();
            let _ = write!(io::stderr(), "[y/N] ");
            let Ok(Some(Ok(answer))) = self.next_line() else { return false };
            if let Some(yes) = yes_or_no(&answer) {
                return yes;
            }
        }
        false
    }

    /// Gives the terminal back as a hidden prompt that is open found it: it won't do that itself if the process ends.
    pub(super) fn give_back(&self) {
        if let Some(modes) = &*lock(&self.found) {
            modes.restore();
            // The cursor is behind the prompt.
            let _ = writeln!(io::stderr());
        }
    }

    /// Whoever wants the client to end doesn't wait for an open prompt, where nobody may be.
    pub(super) fn hurry(&self) {
        self.hurried.store(true, Ordering::SeqCst);
    }

    /// Before the process ends: opens no more hidden prompts, and waits for one that is open, for
    /// [`HIDDEN_PROMPT_WAIT`] at the longest. Else the rest of a password that is being typed would be the shell's.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        if self.hidden.count() > 0 && !self.hurried.load(Ordering::SeqCst) {
            notice("the session is over: press Enter to leave");
            self.hidden.wait_until_empty(Instant::now() + HIDDEN_PROMPT_WAIT);
        }
        self.give_back();
    }
}
