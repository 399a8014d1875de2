//! What the client remembers of the others: who whispered last.

use crate::protocol::Username;
use crate::sync::lock;
use std::sync::Mutex;

/// The others, as the threads of one session share them.
#[derive(Debug, Default)]
pub(super) struct People {
    last_whisper: Mutex<Option<Username>>,
}

impl People {
    /// A whisper came or went between `from` and `to`, one of whom is `me`.
    pub(super) fn whispered(&self, from: &str, to: &str, me: &str) {
        // A server that sends something else than a name is not answered.
        if let Some(other) = Username::parse(if from == me { to } else { from }) {
            *lock(&self.last_whisper) = Some(other);
        }
    }

    /// The other party of the last whisper.
    pub(super) fn last_whisper(&self) -> Option<String> {
        lock(&self.last_whisper).as_ref().map(ToString::to_string)
    }
}
