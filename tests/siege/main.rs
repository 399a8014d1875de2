//! The siege: everything that pupils with time and strangers do to a server, all at once, while a class chats.
//!
//! The class chats alone first. Then come the attackers, in waves; after each they leave, and the server has to be where
//! it was before: in threads, descriptors, memory, and what it works at. Nothing may have been done for anybody whose
//! session an administrator had ended, and the class has to have been served as when it was alone. At the end a table
//! tells what each attack came to. `make siege` is the long form; the short one is in every test run.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod attackers;
mod caller;
mod class;
mod director;
mod ending;
mod gauges;
#[allow(dead_code, unused_imports, reason = "the end-to-end tests use the rest of it")]
#[path = "../harness/mod.rs"]
mod harness;
mod judge;
mod latencies;
mod ledger;
mod past;
mod peace;
mod town;

use attackers::flappers;
use class::Class;
use gauges::Gauges;
use harness::{ADMIN, DEADLINE, DataDir, PASSWORD, Server};
use peace::Peace;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};
use town::{Phase, Town};

/// How long the attackers are there in all, unless `SIEGE_SECONDS` says otherwise.
const SIEGE: Duration = Duration::from_secs(10);
/// From then on it is the long form: the class has the machine for itself.
const LONG: Duration = Duration::from_secs(60);
/// How long one wave lasts at most; there are two at least, so that the second can be compared with the first.
const WAVE_MAX: Duration = Duration::from_secs(60);
/// How long the class is alone: this share of the siege, and at least so long.
const ALONE_SHARE: u32 = 10;
const ALONE_MIN: Duration = Duration::from_secs(4);
/// Enough that many logins at once are a burden: some 15 ms each.
const HASH_ROUNDS: u32 = 100_000;
/// What the p99 of the class may come to, in those of when it was alone.
const P99_FACTOR: u32 = 2;
/// And so much more on fewer than [`CORES`], where the server, the class and the attackers share two: there whoever wakes
/// waits for the tick of a core that is busy, 4 ms where the kernel has 250 of them a second, and a message wakes two.
/// It made no difference there whether attackers, hashes and handshakes had the lowest priority or took turns.
const P99_TICKS: Duration = Duration::from_millis(8);
/// One for the server, one for the class, two for the attackers.
const CORES: usize = 4;
/// And so much more in the short form, whose machine builds and tests other things at the same time: only a room that
/// stands still is noticed then.
const P99_SHORT: Duration = DEADLINE;

#[test]
fn whatever_is_tried_the_class_goes_on_and_what_is_over_is_over() {
    let seconds = env::var("SIEGE_SECONDS").map(|seconds| seconds.parse().expect("SIEGE_SECONDS is a number"));
    let lasts = seconds.map_or(SIEGE, Duration::from_secs);
    let data = people();
    let begin = Instant::now();
    let (town, peace) = build(&data, lasts >= LONG);
    println!("ready after {:.1?}", begin.elapsed());
    let class = Class::of(&town);
    let besieged = thread::scope(|scope| {
        let _over = OverOnPanic(&town);
        class.begin(scope);
        let peace = peace.observe(&town, ALONE_MIN.max(lasts / ALONE_SHARE));
        println!("alone: {peace}");
        let waves = (lasts.as_secs_f64() / WAVE_MAX.as_secs_f64()).ceil().max(2.0) as u32;
        let besieged = (0..waves).map(|_| siege(&town, &peace, lasts / waves)).sum();
        town.enter(Phase::Over);
        besieged
    });
    flappers::judge(&town, &data, besieged);
    judge_waits(&town, &class);
    town.judge.must_have_attacked(&attackers::ALL);
    let log = town.server.stderr.text();
    town.judge.expect("server", !log.contains("panicked"), "what it logged of panics".to_owned());
    println!("{}", town.judge);
    let violations = town.judge.violations();
    // Its log would stand behind what follows.
    drop(town);
    assert!(violations.is_empty(), "{} promises were broken:\n{}", violations.len(), violations.join("\n"));
}

/// One wave, and the peace after it; gives how long the attackers were there.
fn siege(town: &Town, peace: &Peace, lasts: Duration) -> Duration {
    town.enter(Phase::Siege);
    let start = Instant::now();
    let peak = thread::scope(|scope| {
        scope.spawn(|| attackers::besiege(town));
        let mut peak = Gauges::read(town.server.pid());
        while start.elapsed() < lasts {
            thread::sleep(Duration::from_millis(200).min(lasts.saturating_sub(start.elapsed())));
            peak = peak.max(&Gauges::read(town.server.pid()));
        }
        town.enter(Phase::Rest);
        peak
    });
    let passed = start.elapsed();
    let after = peace.make(town);
    println!("wave {:>2}: {passed:.1?}, {peak} at most; afterwards {after}", town.wave());
    passed
}

/// Everybody's accounts, and who is heard as often as they like for now: see [`past`].
fn people() -> Arc<DataDir> {
    let data = DataDir::with_hash_rounds(HASH_ROUNDS);
    let class: String = class::names().map(|name| format!("{name},{PASSWORD},user\n")).collect();
    data.import(format!("{ADMIN},{PASSWORD},admin\n{class}{}{}", past::accounts(), attackers::accounts())).succeeded();
    fs::write(data.file("homeroom.toml"), "message-rate = \"off\"\n").unwrap();
    data
}

fn build(data: &Arc<DataDir>, is_long: bool) -> (Town, Peace) {
    let server = data.server().args(&["--metrics", "127.0.0.1:0"]).start();
    let metrics = metrics_of(&server);
    let amid_whispers = past::fill(&server, if is_long { past::LONG_BYTES } else { past::SHORT_BYTES });
    // From now on everything is as it comes.
    fs::write(data.file("homeroom.toml"), "").unwrap();
    let town = Town::new(server, metrics, amid_whispers, is_long);
    attackers::prepare(&town);
    let peace = Peace::begin(&town);
    (town, peace)
}

fn metrics_of(server: &Server) -> SocketAddr {
    let log = server.stderr.wait_for("/metrics\n");
    log.split("metrics at http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap()
}

fn judge_waits(town: &Town, class: &Class<'_>) {
    let shared = thread::available_parallelism().is_ok_and(|cores| cores.get() < CORES);
    let more = match (town.is_long, shared) {
        (false, _) => P99_SHORT,
        (true, true) => P99_TICKS,
        (true, false) => Duration::ZERO,
    };
    let pairs = [
        ("class: own", &class.alone.own, &class.besieged.own),
        ("class: others", &class.alone.others, &class.besieged.others),
    ];
    for (row, alone, besieged) in pairs {
        let (alone, besieged) = (alone.lock().unwrap(), besieged.lock().unwrap());
        let holds = besieged.percentile(99) <= alone.percentile(99) * P99_FACTOR + more;
        town.judge.expect(row, holds && besieged.count() > 0, format!("alone {alone}; besieged {besieged}"));
    }
}

/// Whatever fails, everybody ends.
struct OverOnPanic<'a>(&'a Town);

impl Drop for OverOnPanic<'_> {
    fn drop(&mut self) {
        self.0.enter(Phase::Over);
    }
}
