//! Which events were shown: each is once, over however many connections it comes.

use std::collections::VecDeque;

/// How many acknowledgements may be remembered that came before their turn; there is one request at a time.
const AHEAD_MAX: usize = 16;

/// What was shown so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The newest event there was when the session began.
    begun_at: u64,
    /// The newest event that was shown since. What waited for the account comes first, though it is older.
    upto: u64,
    /// Newer ones that came out of turn: the answers to what was sent again.
    ahead: VecDeque<u64>,
}

impl Seen {
    /// A session begins, and `seq` is the newest event there is.
    pub(super) fn begin(&mut self, seq: u64) {
        self.begun_at = seq;
    }

    /// It goes on over another connection. A server that has lost its timeline begins a new one.
    pub(super) fn go_on(&mut self, seq: u64) {
        self.upto = self.newest().min(seq);
        self.begun_at = self.upto;
    }

    /// The newest event that was seen: what came after it is missed when the connection breaks.
    pub(super) fn newest(&self) -> u64 {
        self.upto.max(self.begun_at)
    }

    /// Whether all events up to this one were shown in their turn.
    pub(super) fn is_through(&self, seq: u64) -> bool {
        self.upto >= seq
    }

    /// Whether an event was shown, in its turn or before.
    pub(super) fn has(&self, seq: u64) -> bool {
        self.is_through(seq) || self.ahead.contains(&seq)
    }

    /// Whether an event was not shown yet. The answer to something that was sent again may come before its turn, so it
    /// doesn't count as the newest that was seen; in its turn it comes once more.
    pub(super) fn is_new(&mut self, seq: u64, resent: bool) -> bool {
        if self.ahead.contains(&seq) {
            self.upto = self.upto.max(seq);
            return false;
        }
        let new = seq > self.upto;
        if new && resent {
            self.ahead.push_back(seq);
            self.ahead.truncate(AHEAD_MAX);
        } else if new {
            self.upto = seq;
        }
        new
    }
}
