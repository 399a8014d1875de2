//! A question at the prompt, and the keys that come too early to be its answer.

use super::screen;
use crate::sync::lock;
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, KeyCode, KeyEvent, Modifiers, Prompt, RepeatCount};
use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What comes sooner than this after a question was drawn answers nothing: to see a new line, to read it and to press a key
/// takes a person longer; a serial line, a script or what was typed ahead is there at once.
pub(crate) const READ_AFTER: Duration = Duration::from_millis(500);

/// What was typed before anybody can have read the question.
#[derive(Clone, Debug, Default)]
pub(super) struct Early(Arc<Mutex<Keys>>);

#[derive(Debug, Default)]
struct Keys {
    /// From when on a key is an answer. None: nothing is asked.
    until: Option<Instant>,
    typed: String,
}

impl Early {
    /// From now on what is typed is put aside, for [`READ_AFTER`]; then the prompt takes an answer.
    pub(super) fn begin(&self) {
        *lock(&self.0) = Keys { until: Some(Instant::now() + READ_AFTER), typed: String::new() };
        let redraw = || {
            thread::sleep(READ_AFTER);
            screen::redraw();
        };
        // Without it the next key draws the prompt.
        let _ = thread::Builder::new().name("question".into()).spawn(redraw);
    }

    /// The question is over. Gives what was put aside.
    pub(super) fn end(&self) -> String {
        std::mem::take(&mut *lock(&self.0)).typed.trim_end().to_owned()
    }

    fn is_over(&self) -> bool {
        lock(&self.0).until.is_none_or(|until| Instant::now() >= until)
    }
}

impl ConditionalEventHandler for Early {
    fn handle(&self, event: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        let c = typed(event)?;
        if self.is_over() {
            return None;
        }
        lock(&self.0).typed.push(c);
        Some(Cmd::Noop)
    }
}

/// What a key types. Those that type nothing, such as Ctrl-D, say no sooner as well.
fn typed(event: &Event) -> Option<char> {
    match event.get(0)? {
        KeyEvent(KeyCode::Char('J' | 'M'), Modifiers::CTRL) | KeyEvent(KeyCode::Enter, _) => Some('\n'),
        KeyEvent(KeyCode::Char(c), Modifiers::NONE | Modifiers::SHIFT) => Some(*c),
        KeyEvent(KeyCode::Tab, Modifiers::NONE) => Some('\t'),
        _ => None,
    }
}

/// The prompt of a question: it shows what an answer is once it takes one.
pub(super) struct Question<'a> {
    text: &'a str,
    whole: String,
    early: Early,
    is_open: Cell<bool>,
}

impl<'a> Question<'a> {
    /// With `text` before the answer.
    pub(super) fn new(text: &'a str, early: Early) -> Self {
        Self { text, whole: format!("{text}[y/N] "), early, is_open: Cell::new(false) }
    }
}

impl Prompt for Question<'_> {
    fn raw(&self) -> &str {
        if self.is_open.get() { &self.whole } else { self.text }
    }

    fn renew(&self) -> Option<String> {
        let is_over = self.early.is_over();
        (self.is_open.replace(is_over) != is_over).then(|| self.raw().to_owned())
    }
}
