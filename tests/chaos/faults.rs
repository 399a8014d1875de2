//! What goes wrong: one thing every second or two, chosen by the seed.

use crate::harness::{Random, Trouble};
use crate::stage::{Client, End, Phase, Stage};
use std::process::Command;
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// The time between two faults, in milliseconds.
const PAUSE_MS: (usize, usize) = (700, 2_000);
/// How long a client sleeps: some for longer than the server waits for it.
const SLEEP_MS: (usize, usize) = (200, 3_000);
/// How long a connection is stalled, how long it only takes requests, and by how much one is delayed.
const STALL_MS: (usize, usize) = (100, 3_000);
const WITHHOLD_MS: (usize, usize) = (10, 500);
const DELAY_MS: (usize, usize) = (1, 200);
/// How long everybody speaks as fast as they can; those with little room sleep for twice as long, and fall behind.
const RUSH: Duration = Duration::from_millis(1_500);
/// How long the disk is full.
const FULL_MS: (usize, usize) = (100, 1_500);
/// After how many bytes a connection is cut, in the middle of whatever it is.
const TRUNCATE_BYTES: (usize, usize) = (0, 4_096);

/// Everything that can go wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Close,
    Reset,
    Truncate,
    Delay,
    Stall,
    Withhold,
    Kill,
    KillFull,
    Terminate,
    NewCard,
    FullDisk,
    Sleep,
    Rush,
}

/// What the network does is commoner than the rest.
const FAULTS: [Fault; 20] = [
    Fault::Close,
    Fault::Reset,
    Fault::Reset,
    Fault::Truncate,
    Fault::Truncate,
    Fault::Delay,
    Fault::Stall,
    Fault::Stall,
    Fault::Withhold,
    Fault::Withhold,
    Fault::Kill,
    Fault::Kill,
    Fault::KillFull,
    Fault::Terminate,
    Fault::NewCard,
    Fault::FullDisk,
    Fault::FullDisk,
    Fault::Sleep,
    Fault::Sleep,
    Fault::Rush,
];

/// Makes trouble until `end`; then all is well again but for what is still asleep.
pub(crate) fn inject<'scope>(stage: &'scope Stage, scope: &'scope Scope<'scope, '_>, seed: u64, end: Instant) {
    let mut random = Random::new(seed ^ 0xfa_17);
    // Each kind comes once before any comes again, also in a short run.
    let mut deck = Vec::new();
    while Instant::now() < end && stage.is_at(Phase::Play) {
        if deck.is_empty() {
            deck = FAULTS.to_vec();
        }
        let fault = deck.swap_remove(random.below(deck.len()));
        make(fault, stage, scope, &mut random);
        stage.tally.count("faults");
        let pause = within(PAUSE_MS, &mut random);
        thread::sleep(pause.min(end.saturating_duration_since(Instant::now())));
    }
    stage.proxy.heal();
}

fn within((least, most): (usize, usize), random: &mut Random) -> Duration {
    Duration::from_millis((least + random.below(most - least)) as u64)
}

fn make<'scope>(fault: Fault, stage: &'scope Stage, scope: &'scope Scope<'scope, '_>, random: &mut Random) {
    let tally = &stage.tally;
    match fault {
        Fault::Close => network(stage, "closes", Trouble::Close, random),
        Fault::Reset => network(stage, "resets", Trouble::Reset, random),
        Fault::Truncate => {
            let bytes = TRUNCATE_BYTES.0 + random.below(TRUNCATE_BYTES.1);
            network(stage, "truncations", Trouble::Truncate(bytes), random);
        }
        Fault::Delay => {
            // Those of before are over, so that not everything becomes slow in the end.
            stage.proxy.heal();
            network(stage, "delays", Trouble::Delay(within(DELAY_MS, random)), random);
        }
        Fault::Stall => network(stage, "stalls", Trouble::Stall(within(STALL_MS, random)), random),
        Fault::Withhold => {
            network(stage, "times without answers", Trouble::Withhold(within(WITHHOLD_MS, random)), random);
        }
        Fault::Kill => {
            tally.count("kills");
            stage.restart(End::Kill);
        }
        Fault::KillFull if stage.disk.is_some() => {
            tally.count("kills");
            tally.count("full disks");
            stage.restart(End::KillFull);
        }
        Fault::Terminate => {
            tally.count("restarts");
            stage.restart(End::Terminate);
        }
        Fault::NewCard => stage.restart(End::NewCard),
        Fault::FullDisk if stage.disk.is_some() => {
            tally.count("full disks");
            stage.fill_disk();
            thread::sleep(within(FULL_MS, random));
            stage.free_disk();
        }
        // Without a disk of its own the server is only killed.
        Fault::KillFull | Fault::FullDisk => {
            tally.count("kills");
            stage.restart(End::Kill);
        }
        Fault::Sleep => {
            let (client, lasts) = (random.choose(&stage.clients), within(SLEEP_MS, random));
            put_to_sleep(stage, scope, client, lasts);
        }
        Fault::Rush => {
            tally.count("rushes");
            *stage.rush_until.lock().unwrap() = Some(Instant::now() + RUSH);
            for client in stage.clients.iter().filter(|client| client.narrow) {
                put_to_sleep(stage, scope, client, RUSH * 2);
            }
        }
    }
}

/// Somebody reads nothing for a while; a process is stopped.
fn put_to_sleep<'scope>(
    stage: &'scope Stage,
    scope: &'scope Scope<'scope, '_>,
    client: &'scope Client,
    lasts: Duration,
) {
    let Some(&pid) = client.pid.get() else {
        stage.tally.count("sleeps");
        *client.asleep_until.lock().unwrap() = Some(Instant::now() + lasts);
        return;
    };
    stage.tally.count("stopped programs");
    signal(pid, "-STOP");
    scope.spawn(move || {
        thread::sleep(lasts);
        signal(pid, "-CONT");
    });
}

fn signal(pid: u32, signal: &str) {
    // It may have ended: whoever feeds it will notice.
    let _ = Command::new("kill").args([signal, &pid.to_string()]).status();
}

/// Trouble for one connection; every fourth time for all.
fn network(stage: &Stage, name: &'static str, trouble: Trouble, random: &mut Random) {
    stage.tally.count(name);
    if random.below(4) == 0 {
        stage.proxy.trouble_all(trouble);
    } else {
        stage.proxy.trouble(random.next() as usize, trouble);
    }
}
