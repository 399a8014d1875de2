//! A word on what takes long, for whoever looks at a screen on which nothing happens.

use super::trust;
use crate::client::terminal::{WAITING, notice};
use crate::client::threads::spawn;
use crate::link::Link;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How long connecting takes before it is told: more than across the world, less than a person begins to wonder.
const CONNECTING_AFTER: Duration = Duration::from_secs(1);
/// How long the server may take to answer before that is told.
pub(super) const ANSWER_AFTER: Duration = Duration::from_secs(3);

/// Says its word when something has lasted for some time. Nothing is said any more once this is dropped.
#[derive(Debug)]
pub(crate) struct Slow {
    _over: Sender<()>,
}

impl Slow {
    /// That the server is connected to.
    pub(crate) fn connecting(server: &Link) -> Self {
        Self::after(CONNECTING_AFTER, format!("connecting to {}...", trust::address(server)))
    }

    /// That the server is waited for: it keeps a login waiting when many guess passwords.
    pub(crate) fn answer() -> Self {
        Self::after(ANSWER_AFTER, WAITING.into())
    }

    fn after(time: Duration, word: String) -> Self {
        let (over, ended) = channel::<()>();
        // Without a thread nothing is said.
        let _ = spawn("slow", move || {
            if ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                notice(word);
            }
        });
        Self { _over: over }
    }
}
