//! How it was when the class was alone, and whether it is so again.

use crate::attackers::flappers;
use crate::director::Director;
use crate::gauges::Gauges;
use crate::harness::ADMIN;
use crate::town::{Phase, Town};
use serde_json::json;
use std::fmt;
use std::io;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long after a wave every thread and descriptor of the attackers has to be gone.
const CALM_DEADLINE: Duration = Duration::from_secs(20);
/// How long after a wave the server has to have done what it was asked: it isn't done for those who are gone.
const IDLE_DEADLINE: Duration = Duration::from_secs(6);
/// Work is what is beyond that of the class alone, by this factor and this share of a processor.
const IDLE_FACTOR: f64 = 1.5;
const IDLE_CORES: f64 = 0.2;
/// How long one look at the server's work takes.
const IDLE_LOOK: Duration = Duration::from_millis(500);
/// How much more memory than before the first wave is no leak: what an allocator keeps that was once given more.
const MEMORY_ONCE_KIB: u64 = 32 * 1024;
/// And how much more than after the first wave: pieces that are still in use, and tables that are bounded.
const MEMORY_AGAIN_KIB: u64 = 16 * 1024;
/// How long the witness may take to be shown the last of a wave.
const WITNESS_DEADLINE: Duration = Duration::from_secs(20);
/// Accounts that were made during a wave.
const MADE: [&str; 3] = ["pipe-", "usurper-", "made-by-"];

const THREADS: &str = "threads, files";
const MEMORY: &str = "memory";
const WORK: &str = "work";

/// The server while nobody attacks it.
pub(crate) struct Peace {
    gauges: Gauges,
    cores: f64,
    /// After the first wave.
    memory_kib: OnceLock<u64>,
}

impl Peace {
    /// The flappers are muted, and the rates are as they are by themselves.
    pub(crate) fn begin(town: &Town) -> Self {
        let mut director = Director::enter(town, ADMIN).unwrap();
        director.order(json!({"type": "reload"})).unwrap();
        for name in flappers::NAMES {
            director.order(json!({"type": "mute", "username": name})).unwrap();
        }
        Self { gauges: Gauges::read(town.server.pid()), cores: 0.0, memory_kib: OnceLock::new() }
    }

    /// Looks at the server for a while, when the class is there.
    pub(crate) fn observe(self, town: &Town, lasts: Duration) -> Self {
        town.enter(Phase::Alone);
        let (start, first) = (Instant::now(), Gauges::read(town.server.pid()));
        let mut gauges = first;
        while start.elapsed() < lasts {
            thread::sleep(Duration::from_millis(100));
            gauges = gauges.max(&Gauges::read(town.server.pid()));
        }
        let cores = gauges.cores_since(&first, start.elapsed());
        Self { gauges, cores, ..self }
    }

    /// Waits until it is so again, and judges what was left behind and done.
    pub(crate) fn make(&self, town: &Town) -> Gauges {
        let start = Instant::now();
        self.become_idle(town, start);
        let after = self.calm_down(town);
        town.judge.add("zombies", "held open meanwhile", town.let_go() as u64);
        self.judge_memory(town, &after);
        if let Err(e) = settle(town) {
            town.judge.violation("administrator", format!("an administrator's request failed after the wave: {e}"));
        }
        after
    }

    fn become_idle(&self, town: &Town, start: Instant) {
        loop {
            let (then, before) = (Instant::now(), Gauges::read(town.server.pid()));
            thread::sleep(IDLE_LOOK);
            let cores = Gauges::read(town.server.pid()).cores_since(&before, then.elapsed());
            if cores <= self.cores * IDLE_FACTOR + IDLE_CORES {
                return town.judge.took(WORK, "idle after", start.elapsed());
            }
            if start.elapsed() >= IDLE_DEADLINE {
                let alone = self.cores;
                let told =
                    format!("{IDLE_DEADLINE:?} after all had left it had {cores:.2} processors, alone {alone:.2}");
                return town.judge.violation(WORK, told);
            }
        }
    }

    fn calm_down(&self, town: &Town) -> Gauges {
        let start = Instant::now();
        loop {
            let now = Gauges::read(town.server.pid());
            if now.is_back_at(&self.gauges) {
                town.judge.took(THREADS, "back after", start.elapsed());
                return now;
            }
            if start.elapsed() >= CALM_DEADLINE {
                let told = format!("after {CALM_DEADLINE:?} something is left: {now}; alone {}", self.gauges);
                town.judge.violation(THREADS, told);
                return now;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn judge_memory(&self, town: &Town, now: &Gauges) {
        let more = |than: u64| now.memory_kib.saturating_sub(than);
        let (once, again) = (more(self.gauges.memory_kib), more(*self.memory_kib.get_or_init(|| now.memory_kib)));
        let told = format!("wave {}: {once} KiB more than alone, {again} more than after the first", town.wave());
        town.judge.expect(MEMORY, once <= MEMORY_ONCE_KIB && again <= MEMORY_AGAIN_KIB, told);
    }
}

/// Judges what was done for whom, when all of it has been shown, and deletes what the wave has made.
fn settle(town: &Town) -> io::Result<()> {
    let mut director = Director::enter(town, ADMIN)?;
    let (last, end) = (director.fence()?.0, Instant::now() + WITNESS_DEADLINE);
    while town.ledger.newest() < last {
        if Instant::now() >= end {
            return Err(io::Error::other("the class was not shown the last message of a wave"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    let accounts = director.accounts()?;
    town.ledger.settle(&town.judge, &accounts);
    let made = accounts.keys().filter(|name| MADE.iter().any(|prefix| name.starts_with(prefix)));
    made.cloned().try_for_each(|name| director.ask(json!({"type": "delete_user", "username": name})).map(drop))
}

impl fmt::Display for Peace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:.2} processors", self.gauges, self.cores)
    }
}
