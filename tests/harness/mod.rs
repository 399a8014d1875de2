//! What the tests are written with.
//!
//! - [`DataDir`] and [`Server`]: a folder of its own and the real server on it;
//! - [`Peer`]: a bare TLS client that knows the protocol's description and nothing else;
//! - [`Terminal`]: the real client, driven through pipes;
//! - [`FakeServer`]: a TLS server that says what a test wants and remembers what it was told.
//!
//! Nothing waits in hope: whoever waits, waits for something, under [`DEADLINE`].

mod data_dir;
mod fake_server;
mod output;
mod peer;
#[cfg(target_os = "linux")]
mod proc;
mod process;
mod server;
mod terminal;

pub(crate) use data_dir::DataDir;
pub(crate) use fake_server::FakeServer;
pub(crate) use output::Output;
pub(crate) use peer::{Peer, Share};
#[cfg(target_os = "linux")]
pub(crate) use proc::Proc;
pub(crate) use process::{Finished, run, wait};
pub(crate) use server::Server;
pub(crate) use terminal::Terminal;

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::Duration;

/// How long anything that must happen may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The password of every account that [`DataDir::with_users`] makes.
pub(crate) const PASSWORD: &str = "seven green bottles";

/// The administrator that [`DataDir::with_users`] makes.
pub(crate) const ADMIN: &str = "root";

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
