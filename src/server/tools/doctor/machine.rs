//! The machine: its clock, and what its system allows.

use crate::durations;
use crate::server::clock::{Kept, PAUSE_MAX, SLACK, built};
use crate::server::config::folder::{CLOCK, JOURNAL};
use crate::server::timeline::journal;
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use jiff::Timestamp;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Where systemd says that it has set the clock by the network's.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";
/// A descriptor is needed for each client, and some for files.
const OPEN_FILES_FEW: u64 = 1_100;
/// A thread is needed for each client, and some more.
const THREADS_FEW: u64 = 300;

/// Whether the clock can be right.
pub(super) fn clock(data_dir: &Path) -> Vec<Finding> {
    let newest =
        fs::read_dir(data_dir).into_iter().flatten().flatten().filter_map(|file| file.metadata().ok()?.modified().ok());
    let by_journal = judge_journal(Timestamp::now(), journal::newest(&data_dir.join(JOURNAL)));
    let mut findings = vec![by_journal.unwrap_or_else(|| judge_clock(SystemTime::now(), newest.max()))];
    // A file that can't be read is told where files are.
    let went_back = Kept::read(&data_dir.join(CLOCK)).ok().flatten().and_then(|kept| kept.went_back());
    findings.extend(went_back.map(Note));
    if cfg!(target_os = "linux") {
        findings.push(if Path::new(SYNCHRONIZED).exists() {
            Good("it is set by the network (systemd-timesyncd)".into())
        } else {
            Note(
                "whether it is set by the network can't be told here: `timedatectl` says. A Raspberry Pi has no clock \
                  of its own that outlives a power cut"
                    .into(),
            )
        });
    }
    findings
}

fn judge_clock(now: SystemTime, newest: Option<SystemTime>) -> Finding {
    // The machine that built it may have been a little ahead.
    if Timestamp::try_from(now).is_ok_and(|now| built().duration_since(now) > SLACK) {
        return Bad(format!(
            "it is behind: this program was built on {:.0}; set it, or times of messages and certificates are wrong",
            built()
        ));
    }
    match newest {
        Some(newest) if newest > now + SLACK.unsigned_abs() => {
            Bad("files of the server were written in its future: it is behind, or was ahead before".into())
        }
        _ => Good("it shows a time that can be right".into()),
    }
}

/// Whether the clock and the time of what was said last agree.
fn judge_journal(now: Timestamp, newest: Option<Timestamp>) -> Option<Finding> {
    let newest = newest?;
    let since = now.duration_since(newest);
    if since < -SLACK {
        return Some(Bad(format!(
            "what was said last bears {newest:.0}, and the clock says {now:.0}, {} before that: it is behind now, or was \
             ahead then. If it is behind, set it. If it is right, leave it: a server that runs follows it after some minutes, \
             and until then tells times from there on and deletes nothing for its age",
            durations::rounded(since.unsigned_abs())
        )));
    }
    (since > PAUSE_MAX).then(|| {
        Note(format!(
            "what was said last bears {newest:.0}, and the clock says {now:.0}, {} after that: if the server wasn't off or \
             silent for so long, the clock is ahead: set it. None of that time makes anything older",
            durations::rounded(since.unsigned_abs())
        ))
    })
}

/// How many files and threads a process may have.
pub(super) fn limits() -> Vec<Finding> {
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = group.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let tasks = fs::read_to_string(format!("/sys/fs/cgroup{group}/pids.max")).unwrap_or_default();
    let threads = [limit(&text, "Max processes"), tasks.trim().parse().ok()].into_iter().flatten().min();
    let mut findings = Vec::new();
    match limit(&text, "Max open files") {
        Some(files) if files < OPEN_FILES_FEW => findings.push(Note(format!(
            "{files} open files: enough for about {} clients; more with `ulimit -n` or LimitNOFILE= in the unit",
            files.saturating_sub(50)
        ))),
        Some(files) => findings.push(Good(format!("{files} open files: one is needed for each client"))),
        None => findings.push(Note("how many files may be open can't be told here".into())),
    }
    match threads {
        Some(threads) if threads < THREADS_FEW => findings.push(Note(format!(
            "{threads} threads: enough for about {} clients; more with `ulimit -u` or TasksMax= in the unit",
            threads.saturating_sub(20)
        ))),
        Some(threads) => findings.push(Good(format!("{threads} threads: one is needed for each client"))),
        None => findings.push(Good("threads without a limit of their own".into())),
    }
    findings.push(Note("these hold for whoever runs this; a service has those of its unit".into()));
    findings
}

/// The soft limit in proc(5)'s `limits`; None where there is none.
fn limit(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_cannot_be_right() {
        let now = SystemTime::now();
        assert!(matches!(judge_clock(now, Some(now)), Good(_)));
        assert!(matches!(judge_clock(now, Some(now + std::time::Duration::from_secs(3600))), Bad(_)));
        assert!(matches!(judge_clock(SystemTime::UNIX_EPOCH, None), Bad(_)));
    }

    #[test]
    fn a_clock_and_a_journal_that_disagree() {
        let (now, hours) = (Timestamp::now(), jiff::SignedDuration::from_hours);
        assert!(judge_journal(now, None).is_none() && judge_journal(now, Some(now)).is_none());
        assert!(judge_journal(now, Some(now - hours(13 * 24))).is_none(), "holidays");
        let bad = judge_journal(now, Some(now + hours(45 * 24))).unwrap();
        assert!(matches!(&bad, Bad(text) if text.contains("45 days before")), "{bad}");
        let note = judge_journal(now, Some(now - hours(400 * 24))).unwrap();
        assert!(matches!(&note, Note(text) if text.contains("400 days after")), "{note}");
    }

    #[test]
    fn limits_read() {
        let text = "Limit  Soft Limit  Hard Limit  Units\nMax processes  unlimited  unlimited  processes\nMax open files            1024                 4096                 files     \n";
        assert_eq!((limit(text, "Max open files"), limit(text, "Max processes")), (Some(1024), None));
    }
}
