//! How a terminal is taken over, and where the lines come from that a person types at it.

use super::block::InCode;
use super::completion::Helper;
use super::history::{HISTORY_LINES_MAX, HistoryFile};
use super::keys::{self, Entered, Keys, LINES_WAITING_MAX, Typed};
use super::look::Style;
use super::names::Names;
use super::screen;
use crate::client::error::ClientError;
use crate::client::rooms::Rooms;
use crate::reason::Reason;
use crate::sync::lock;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Behavior, ColorMode, CompletionType, Config, Editor};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// How long a key of several bytes may pause: as in GNU readline. Esc alone is a key after it.
const KEY_PAUSE_MS: u16 = 500;

/// The lines that a person types at a terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    lines: Mutex<Receiver<Typed>>,
    /// Lets the keys thread go on.
    resume: SyncSender<()>,
    /// The keys thread waits: nobody asked for a line yet, or the last one may ask something itself.
    paused: AtomicBool,
}

/// What a terminal is opened with.
#[derive(Debug)]
pub(crate) struct Setup {
    /// What it can do.
    pub(crate) style: Style,
    /// What its title says.
    pub(crate) title: String,
    /// Where typed lines are remembered, if they are.
    pub(crate) history: Option<PathBuf>,
    /// Who can be completed.
    pub(crate) names: Arc<Names>,
    /// Where lines go.
    pub(crate) rooms: Arc<Rooms>,
}

impl Terminal {
    /// Takes the terminal over. From now on [`screen`] shows what is to be shown; lines are edited once one is asked for.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn open(setup: Setup) -> Result<Self, ClientError> {
        let failed = |why: String| ClientError::System { what: "edit lines on this terminal", why };
        let config = Config::builder()
            .max_history_size(HISTORY_LINES_MAX)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(|e| failed(words(&e)))?
            .behavior(Behavior::Stdio)
            .color_mode(ColorMode::Enabled)
            .completion_type(CompletionType::List)
            .keyseq_timeout(Some(KEY_PAUSE_MS))
            .build();
        let mut editor = Editor::<Helper, DefaultHistory>::with_config(config).map_err(|e| failed(words(&e)))?;
        let in_code = InCode::default();
        editor.set_helper(Some(Helper::new(Arc::clone(&setup.names), Arc::clone(&setup.rooms), in_code.clone())));
        let mut history = HistoryFile::open(setup.history);
        for line in history.read() {
            let _ = editor.add_history_entry(line);
        }
        let printer = editor.create_external_printer().map_err(|e| failed(words(&e)))?;
        screen::open(printer, setup.style, &setup.title);
        let (typed, lines) = sync_channel(LINES_WAITING_MAX);
        let (resume, resumed) = sync_channel(1);
        let mut keys = Keys::new(editor, (history, setup.style), (setup.rooms, setup.names, in_code), typed, resumed);
        let started = thread::Builder::new().name("keys".into()).spawn(move || keys.run());
        started.map_err(|e| failed(Reason(&e).to_string()))?;
        Ok(Self { lines: Mutex::new(lines), resume, paused: AtomicBool::new(true) })
    }

    /// The next line; None when the person leaves.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn next_line(&self) -> io::Result<Option<Entered>> {
        if self.paused.swap(false, Ordering::SeqCst) {
            // It's there: it waits for this.
            let _ = self.resume.try_send(());
        }
        // The thread is gone after it said why.
        let line = lock(&self.lines).recv().unwrap_or(Ok(None));
        self.paused.store(matches!(&line, Ok(Some(line)) if keys::asks_back(&line.text)), Ordering::SeqCst);
        line
    }
}

fn words(error: &ReadlineError) -> String {
    match error {
        ReadlineError::Io(e) => Reason(e).to_string(),
        other => other.to_string(),
    }
}
