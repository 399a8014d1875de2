//! What the client remembers of people: who whispered last, and whether its own user is away.

use crate::protocol::Username;
use crate::sync::lock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The others, as the threads of one session share them.
#[derive(Debug, Default)]
pub(crate) struct People {
    last_whisper: Mutex<Option<Username>>,
    /// The user of this client said to be away.
    away: AtomicBool,
}

impl People {
    /// A whisper came or went between `from` and `to`, one of whom is `me`.
    pub(crate) fn whispered(&self, from: &str, to: &str, me: &str) {
        // A server that sends something else than a name is not answered.
        if let Some(other) = Username::parse(if from == me { to } else { from }) {
            *lock(&self.last_whisper) = Some(other);
        }
    }

    /// The user of this client is away, or back.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// The user of this client spoke: true when that ends being away.
    pub(crate) fn spoke(&self) -> bool {
        self.away.swap(false, Ordering::Relaxed)
    }

    /// The other party of the last whisper.
    pub(crate) fn last_whisper(&self) -> Option<String> {
        lock(&self.last_whisper).as_ref().map(ToString::to_string)
    }
}
