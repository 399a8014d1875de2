//! How the server is: for `/status`, and for Prometheus.

mod http;
mod process;
mod text;

use crate::protocol::Status;
use crate::server::chat::Counted;
use crate::server::mirror::Mirror;
use crate::server::state::Server;
use crate::sync::lock;
use std::fs;
use std::path::Path;

pub(super) use http::serve;

/// How many files of the journal are looked at for its size; with the most that is kept there are far fewer.
const JOURNAL_FILES_MAX: usize = 10_000;

/// The server at one moment.
struct Snapshot {
    status: Status,
    counted: Counted,
    failures: Vec<(&'static str, u64)>,
    ends: Vec<(&'static str, u64)>,
    couriers_at_work: usize,
    open_files: Option<u64>,
    /// Seconds since 1970.
    certificate_ends: Option<i64>,
}

/// How the server is, for an administrator.
pub(super) fn status(server: &Server) -> Status {
    Snapshot::take(server).status
}

impl Snapshot {
    fn take(server: &Server) -> Self {
        let (tally, mirror) = (server.chat.delivery().tally(), server.mirror.get());
        let (counted, capacity) = (tally.read(), server.limits.capacity());
        let (failures, ends) = (server.counts.failures(), server.counts.ends());
        let accounts = lock(server.chat.registry()).accounts();
        let dropped = ends.iter().filter(|(why, _)| ["too_slow", "timeout"].contains(why)).map(|(_, n)| n).sum();
        let status = Status {
            uptime_seconds: tally.uptime().as_secs(),
            sessions: server.sessions.count() as u64,
            sessions_max: capacity.limit().map(|_| capacity.sessions() as u64),
            sessions_limit: capacity.limit(),
            accounts_online: accounts as u64,
            strangers: server.chat.delivery().expected() as u64,
            logins: server.counts.logins(),
            logins_failed: failures.iter().map(|(_, n)| n).sum(),
            events: server.chat.head().saturating_sub(server.first_seq),
            deliveries: counted.deliveries,
            latency_ms_median: counted.latency_ms(0.5),
            latency_ms_p99: counted.latency_ms(0.99),
            slow: counted.couriers,
            dropped,
            timeline_bytes: server.chat.timeline_bytes() as u64,
            journal_bytes: size_of_files(&server.folder.journal()),
            memory_bytes: process::memory_bytes(),
            threads: process::threads(),
            clock: server.clock.doubt(),
            clock_trouble: server.clock.past_trouble(),
            mirror_behind_seconds: mirror.map(|mirror| mirror.behind().as_secs()),
            mirror: mirror.and_then(Mirror::trouble),
        };
        Self {
            status,
            counted,
            failures,
            ends,
            couriers_at_work: server.chat.delivery().couriers_at_work(),
            open_files: process::open_files(),
            certificate_ends: lock(&server.identity).certificate.ends.map(jiff::Timestamp::as_second),
        }
    }
}

/// How many bytes the files of a folder have together; none where there is no such folder.
fn size_of_files(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().take(JOURNAL_FILES_MAX);
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len()).sum()
}
