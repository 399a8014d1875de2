//! What is counted beside the delivery: who came in, who didn't, and how sessions ended.

use crate::protocol::Reason;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a login can fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LoginFailure {
    /// A wrong name or password.
    Wrong,
    /// A wrong token, or one that has ended.
    WrongToken,
    /// The account is banned.
    Banned,
    /// A one-time password that is too old.
    Expired,
    /// Too many failures before.
    Throttled,
    /// Too many wait for their turn.
    Crowded,
    /// It was right, and the account logs in too often.
    TooOften,
    /// Not the code of the class's door, or it is closed.
    WrongCode,
    /// It was right, and there is no room.
    Full,
}

const FAILURES: [LoginFailure; 9] = [
    LoginFailure::Wrong,
    LoginFailure::WrongToken,
    LoginFailure::Banned,
    LoginFailure::Expired,
    LoginFailure::Throttled,
    LoginFailure::Crowded,
    LoginFailure::TooOften,
    LoginFailure::WrongCode,
    LoginFailure::Full,
];
const ENDS: [(Reason, &str); 6] = [
    (Reason::Logout, "logout"),
    (Reason::Disconnected, "disconnected"),
    (Reason::Timeout, "timeout"),
    (Reason::Removed, "removed"),
    (Reason::TooSlow, "too_slow"),
    (Reason::Shutdown, "shutdown"),
];

/// Counts since the server's start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    logins: AtomicU64,
    failures: [AtomicU64; FAILURES.len()],
    ends: [AtomicU64; ENDS.len()],
}

impl LoginFailure {
    /// As the log and the audit log have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wrong => "wrong password",
            Self::WrongToken => "wrong token",
            Self::Banned => "banned",
            Self::Expired => "expired",
            Self::Throttled => "throttled",
            Self::Crowded => "crowded",
            Self::TooOften => "too often",
            Self::WrongCode => "wrong door code",
            Self::Full => "server full",
        }
    }
}

impl Counts {
    /// Somebody is in.
    pub(crate) fn login(&self) {
        self.logins.fetch_add(1, Ordering::Relaxed);
    }

    /// Somebody isn't.
    pub(crate) fn failure(&self, why: LoginFailure) {
        add(&self.failures, FAILURES.iter().position(|other| *other == why));
    }

    /// A session has ended.
    pub(crate) fn end(&self, why: Reason) {
        add(&self.ends, ENDS.iter().position(|(other, _)| *other == why));
    }

    /// Logins that succeeded.
    pub(crate) fn logins(&self) -> u64 {
        self.logins.load(Ordering::Relaxed)
    }

    /// Logins that failed, by reason.
    pub(crate) fn failures(&self) -> Vec<(&'static str, u64)> {
        let read = |(why, count): (&LoginFailure, &AtomicU64)| (why.name(), count.load(Ordering::Relaxed));
        FAILURES.iter().zip(&self.failures).map(read).collect()
    }

    /// Sessions that ended, by reason.
    pub(crate) fn ends(&self) -> Vec<(&'static str, u64)> {
        let read = |((_, name), count): (&(Reason, &'static str), &AtomicU64)| (*name, count.load(Ordering::Relaxed));
        ENDS.iter().zip(&self.ends).map(read).collect()
    }
}

fn add(counts: &[AtomicU64], index: Option<usize>) {
    if let Some(count) = index.and_then(|index| counts.get(index)) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}
