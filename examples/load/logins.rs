//! Logins that fail: whether their times tell what was wrong, and what many at once cost those who chat.

use crate::Result;
use crate::client::Client;
use crate::progress::Progress;
use crate::report::Row;
use crate::server::{Server, Site};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long one failed login may take, its turn to be hashed included.
const FAILURE_DEADLINE: Duration = Duration::from_secs(60);
/// An address may fail 60 times in ten minutes before it has to wait; each is used for fewer.
const FAILURES_PER_ADDRESS: usize = 40;
/// The hash of an account of the old form. Nobody's password: all logins here fail.
const OLD_HASH: &str = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
const WRONG_PASSWORD: &str = "not-the-password";

/// What is wrong with a login, and the first letter of the names it's tried with.
const KINDS: [(&str, char); 3] = [("unknown name", 'n'), ("wrong password", 'w'), ("hash of the old form", 'o')];

/// Measures `failures` failed logins of each kind, one after the other and the kinds in turn, so that whatever else
/// the machine does falls on all alike. Each name is used once, for the server slows down who fails twice.
pub(crate) fn guessing(program: &Path, failures: usize, rounds: u32, progress: &Progress) -> Result<Row> {
    progress.stage("failed logins: making accounts");
    let site = Site::empty(program)?;
    let old = (0..failures).map(|i| format!("\"o{i}\":\"{OLD_HASH}\""));
    fs::write(site.file("users.json"), format!("{{{}}}", old.collect::<Vec<_>>().join(",")))?;
    site.import((0..failures).map(|i| format!("w{i}")), rounds)?;
    let server = site.start(rounds)?;
    progress.stage(format!("{failures} failed logins of each kind, {rounds} rounds"));
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut answers = Vec::new();
    for i in 0..failures {
        for k in 0..KINDS.len() {
            // Another one is first each time.
            let kind = (i + k) % KINDS.len();
            let source = loopback(1 + (i * KINDS.len() + k) / FAILURES_PER_ADDRESS);
            let name = format!("{}{i}", KINDS[kind].1);
            let (answer, time) = fail(server.address, source, &name)?;
            times[kind].push(time);
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        progress.tick(i as u64, failures as u64);
    }
    if answers.len() != 1 || !answers[0].windows(15).any(|window| window == b"bad_credentials") {
        let answers: Vec<_> = answers.iter().map(|answer| String::from_utf8_lossy(answer)).collect();
        return Err(format!("the answers differ: {}", answers.join(" | ")).into());
    }
    let medians = times.map(median);
    let (low, high) = (medians.iter().min().unwrap_or(&Duration::ZERO), medians.iter().max().unwrap_or(&Duration::MAX));
    let difference = 100.0 * (high.as_secs_f64() / low.as_secs_f64() - 1.0);
    Ok(Row::new("guessing", format!("{failures} failed logins of each kind, {rounds} rounds"), 1)
        .with_ms("unknown_name_median_ms", KINDS[0].0, medians[0])
        .with_ms("wrong_password_median_ms", KINDS[1].0, medians[1])
        .with_ms("old_hash_median_ms", KINDS[2].0, medians[2])
        .with("largest_difference_percent", "largest difference of these medians", "%", difference))
}

/// The hash rounds of the server that [`Guessers`] meet: the default.
pub(crate) const BAD_LOGIN_ROUNDS: u32 = 600_000;

/// Whoever tries one bad login after the other, from an address of their own each, until they are stopped.
#[derive(Debug, Default)]
pub(crate) struct Guessers {
    stop: AtomicBool,
}

impl Guessers {
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    /// One guesser's work. Gives back how often it failed.
    pub(crate) fn run(&self, server: &Server, number: usize) -> Result<u64> {
        let mut failed = 0;
        while !self.stop.load(Ordering::Acquire) {
            fail(server.address, loopback(1 + number), &format!("n{number}x{failed}"))?;
            failed += 1;
        }
        Ok(failed)
    }
}

fn fail(address: SocketAddr, source: IpAddr, name: &str) -> Result<(Vec<u8>, Duration)> {
    let deadline = Instant::now() + FAILURE_DEADLINE;
    Client::connect(address, Some(source), deadline)?.fail_to_log_in(name, WRONG_PASSWORD, deadline)
}

/// An address of this machine of its own. Linux takes all of 127.0.0.0/8 for itself.
fn loopback(number: usize) -> IpAddr {
    let number = number as u32 + 256;
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 0, 0).to_bits() + number).into()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
