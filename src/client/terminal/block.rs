//! Code that is typed: one text of many lines, edited until its last line is a lone dot.
//!
//! Enter begins a line then, Tab is a tab, Ctrl-D behind the last character ends the code, and Ctrl-C drops it. What is
//! pasted goes in as it is.

use crate::client::code;
use rustyline::validate::ValidationResult;
use rustyline::{Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether what is edited is code.
#[derive(Clone, Debug, Default)]
pub(super) struct InCode(Arc<AtomicBool>);

impl InCode {
    /// From now on it is, or no longer.
    pub(super) fn set(&self, is: bool) {
        self.0.store(is, Ordering::SeqCst);
    }

    /// Whether it is.
    pub(super) fn is(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether Enter ends what is edited: a message always, code behind a lone dot.
    pub(super) fn at_enter(&self, typed: &str) -> ValidationResult {
        if self.is() && !code::is_ended(typed) { ValidationResult::Incomplete } else { ValidationResult::Valid(None) }
    }
}

/// Ctrl-D behind the last character of code ends it. Elsewhere it is what it always is.
pub(super) struct EndOfCode(pub(super) InCode);

impl ConditionalEventHandler for EndOfCode {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        (self.0.is() && context.pos() == context.line().len()).then_some(Cmd::AcceptLine)
    }
}
