//! What holds unless somebody says otherwise, and how far that may be said.

use pbkdf2::Params;
use std::time::Duration;

/// The PBKDF2-HMAC-SHA256 rounds of a new hash. OWASP's Password Storage Cheat Sheet asks for 600,000.
pub(crate) const ROUNDS_DEFAULT: u32 = 600_000;
/// The fewest rounds that can be asked for: for tests and load runs alone.
pub(crate) const ROUNDS_MIN: u32 = Params::MIN_ROUNDS;
/// The most rounds that can be asked for: beyond, a login takes longer than its deadline on a Raspberry Pi.
pub(super) const ROUNDS_MAX: u32 = 10_000_000;
/// How many days a one-time password is good for: a class that gets its slips has its next lesson within two weeks, and a
/// slip that was lost is worthless after the holidays.
pub(super) const ONE_TIME_DAYS: u64 = 14;
/// How long a stranger has for TCP, TLS and login together, as OpenSSH's `LoginGraceTime`.
pub(super) const LOGIN_GRACE: Duration = Duration::from_secs(20);
/// How many strangers there may be at a time, as OpenSSH's `MaxStartups`, without its random refusals.
pub(super) const STRANGERS_MAX: usize = 512;
/// And from one address: several classes behind one router, as OpenSSH's `PerSourceMaxStartups`.
pub(super) const STRANGERS_PER_ADDRESS_MAX: usize = 128;
/// After so long without a word from the client, the server asks whether it's there.
pub(crate) const PING_AFTER: Duration = Duration::from_secs(60);
/// And after so long without an answer, it's gone.
pub(super) const PONG_WITHIN: Duration = Duration::from_secs(30);
/// A session that doesn't take what it was given (at most 128 KiB and the answers) within this time
/// is dropped as `too_slow`.
pub(crate) const SLOW_DEADLINE: Duration = Duration::from_secs(10);
/// How long the journal keeps what was said.
pub(super) const KEEP_DAYS: u32 = 30;
/// And how much: years of what a classroom says.
pub(super) const KEEP_MIB: u64 = 256;
