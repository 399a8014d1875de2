//! What the client remembers of people: who whispered last, whether its own user is away, and what that said last.

use crate::protocol::{ServerMessage, Username};
use crate::sync::lock;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many things that one said oneself can be taken back one after the other without their numbers.
const OWN_MAX: usize = 100;

/// The others, as the threads of one session share them.
#[derive(Debug, Default)]
pub(crate) struct People {
    last_whisper: Mutex<Option<Username>>,
    /// The user of this client said to be away.
    away: AtomicBool,
    /// What the user of this client said last and didn't take back, by its seq.
    own: Mutex<BTreeSet<u64>>,
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

    /// Takes note of what is the user's own, `me`, and of what was taken back.
    pub(crate) fn happened(&self, message: &ServerMessage<'_>, me: &str) {
        use ServerMessage::{Announcement, Asked, Message, Removed, Whisper};
        let mut own = lock(&self.own);
        match message {
            Message { seq, from, removed: false, .. }
            | Whisper { seq, from, removed: false, .. }
            | Announcement { seq, from, removed: false, .. }
            | Asked { question: seq, from, .. }
                if from == me =>
            {
                own.insert(*seq);
                if own.len() > OWN_MAX {
                    own.pop_first();
                }
            }
            Removed { event, .. } => {
                own.remove(event);
            }
            _ => {}
        }
    }

    /// This was taken back.
    pub(crate) fn took_back(&self, seq: u64) {
        lock(&self.own).remove(&seq);
    }

    /// What the user said last, and didn't take back.
    pub(crate) fn last_own(&self) -> Option<u64> {
        lock(&self.own).last().copied()
    }

    /// The other party of the last whisper.
    pub(crate) fn last_whisper(&self) -> Option<String> {
        lock(&self.last_whisper).as_ref().map(ToString::to_string)
    }
}
