//! What the tests are written with.
//!
//! - [`DataDir`] and [`Server`]: a folder of its own and the real server on it;
//! - [`Peer`]: a bare TLS client that knows the protocol's description and nothing else;
//! - [`Browser`]: a bare browser;
//! - [`Wire`]: a connection that may fail at any time;
//! - [`Terminal`]: the real client, driven through pipes;
//! - [`Proxy`]: a bad network between them;
//! - [`SmallDisk`]: a disk that can be filled;
//! - [`small_machine`]: limits that a machine may have, small and for one program;
//! - [`FakeClock`]: a system's clock that is wrong, and set while a program runs;
//! - [`Random`]: what happens by chance, and again from the same seed;
//! - [`Screen`]: a program in a terminal, as a person sees it;
//! - [`FakeServer`]: a TLS server that says what a test wants and remembers what it was told.
//!
//! Nothing waits in hope: whoever waits, waits for something, under [`DEADLINE`].

#[allow(dead_code, reason = "only some runs have browsers")]
pub(crate) mod browser;
mod data_dir;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "some of it is for the long runs")]
mod dial;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "only some runs have clocks that are wrong")]
mod fake_clock;
mod fake_server;
mod output;
mod peer;
#[cfg(target_os = "linux")]
mod proc;
mod process;
mod proxy;
#[allow(dead_code, reason = "the long runs leave things to chance")]
mod random;
#[cfg(target_os = "linux")]
mod screen;
mod server;
#[cfg(target_os = "linux")]
mod small_disk;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "only some runs have small machines")]
pub(crate) mod small_machine;
mod terminal;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "only the long runs have clients that may fail")]
mod wire;

#[allow(unused_imports, reason = "only some runs have browsers")]
pub(crate) use browser::Browser;
pub(crate) use data_dir::DataDir;
#[cfg(target_os = "linux")]
pub(crate) use dial::{dial_from, dial_small, loopback};
#[cfg(target_os = "linux")]
#[allow(unused_imports, reason = "nor clients that may fail to connect")]
pub(crate) use dial::{try_dial_from, try_dial_small};
#[cfg(target_os = "linux")]
#[allow(unused_imports, reason = "nor wrong clocks")]
pub(crate) use fake_clock::FakeClock;
pub(crate) use fake_server::FakeServer;
pub(crate) use fake_server::Guest;
#[allow(unused_imports, reason = "what servers say is looked at here")]
pub(crate) use output::{Output, assert_for_people};
#[allow(unused_imports, reason = "nor clients that may fail in TLS")]
pub(crate) use peer::connector;
pub(crate) use peer::{Peer, Share};
#[cfg(target_os = "linux")]
pub(crate) use proc::Proc;
pub(crate) use process::{Finished, run, wait};
#[allow(unused_imports, reason = "not every target has a bad network")]
pub(crate) use proxy::{Proxy, Trouble};
#[allow(unused_imports, reason = "nor chance")]
pub(crate) use random::Random;
#[cfg(target_os = "linux")]
pub(crate) use screen::Screen;
#[cfg(target_os = "linux")]
pub(crate) use server::Builder;
pub(crate) use server::Server;
#[cfg(target_os = "linux")]
#[allow(unused_imports, reason = "nor a full disk")]
pub(crate) use small_disk::{SmallDisk, Stick};
pub(crate) use terminal::Terminal;
#[cfg(target_os = "linux")]
#[allow(unused_imports, reason = "nor clients that may fail later")]
pub(crate) use wire::Wire;

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// How long anything that must happen may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The password of every account that [`DataDir::with_users`] makes.
pub(crate) const PASSWORD: &str = "seven green bottles";

/// The administrator that [`DataDir::with_users`] makes.
pub(crate) const ADMIN: &str = "root";

/// The short form of what takes long, or the long one where `HOMEROOM_LONG` is set: for a soak run.
#[cfg(target_os = "linux")]
pub(crate) fn short_or_long<T>(short: T, long: T) -> T {
    if std::env::var_os("HOMEROOM_LONG").is_some() { long } else { short }
}

/// Waits until something holds that nobody tells of.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How long each took, for a person to read.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn measure<T>(&mut self, what: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = what();
        self.0.push(start.elapsed());
        result
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)));
        write!(f, "median {:?}, p99 {:?} of {}", at(50).unwrap(), at(99).unwrap(), sorted.len())
    }
}

/// Fails unless `answer` is an `error` with this code, and words for a person.
#[track_caller]
pub(crate) fn assert_error(answer: &Value, code: &str) {
    assert_eq!(answer["type"], "error", "wanted the error {code}, got {answer}");
    assert_eq!(answer["code"], code, "{answer}");
    assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()), "no message: {answer}");
}

/// Fails unless `answer` is a `reply`.
#[track_caller]
pub(crate) fn assert_reply(answer: &Value) {
    assert_eq!(answer["type"], "reply", "{answer}");
    assert_eq!(answer["ok"], true, "{answer}");
}

/// The values of one field, for comparisons.
pub(crate) fn field<'a>(lines: impl IntoIterator<Item = &'a Value>, name: &str) -> Vec<&'a Value> {
    lines.into_iter().map(|line| &line[name]).collect()
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}
