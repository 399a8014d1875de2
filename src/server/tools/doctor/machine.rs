//! The machine: its clock, and what its system allows.

use crate::durations;
use crate::server::clock::{Kept, PAUSE_MAX, SLACK, built};
use crate::server::config::capacity::Capacity;
use crate::server::config::folder::{CLOCK, JOURNAL};
use crate::server::config::machine::{self, Machine};
use crate::server::timeline::journal;
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use jiff::Timestamp;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Where systemd says that it has set the clock by the network's.
const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";
/// Room for so many sessions is worth a note: a large school's.
const SESSIONS_FEW: usize = 1_000;

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

/// For how many clients there is room, and by what: the same reckoning as a server's that starts here.
pub(super) fn limits(asked: Option<usize>) -> Vec<Finding> {
    machine::raise_open_files();
    judge_limits(&Machine::read(&machine::root()), asked)
}

fn judge_limits(machine: &Machine, asked: Option<usize>) -> Vec<Finding> {
    let capacity = Capacity::of(machine, asked);
    let mut findings = vec![Good(capacity.told())];
    findings.extend(capacity.too_small().map(Bad));
    findings.extend(capacity.too_much_asked().map(Note));
    for allowance in machine.tightest() {
        let alone = Machine { allowances: vec![allowance] };
        let Capacity { budget, .. } = Capacity::of(&alone, None);
        let (bound, limit) = (allowance.bound, allowance.limit);
        let room =
            format!("{}, {}: room for {} sessions", bound.name(), bound.amount(limit), budget.sessions_for_all());
        let ends_it = capacity.budget.bound == Some((bound, limit));
        findings.push(match budget.sessions_for_all() {
            ..SESSIONS_FEW => Note(format!("{room}; more with {}", bound.knob())),
            _ if ends_it => Good(format!("{room}; more with {}", bound.knob())),
            _ => Good(room),
        });
    }
    findings.push(Note(
        "these hold for whoever runs this; a service has those of its unit, and logs them at its start".into(),
    ));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::machine::{Allowance, Bound};

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
    fn each_limit_is_told_with_the_room_that_it_leaves() {
        let allowance = |bound, limit| Allowance { bound, limit, used: 0 };
        let allowances = vec![
            allowance(Bound::OpenFiles, 1_024),
            allowance(Bound::Mappings, 65_530),
            allowance(Bound::GroupThreads, 40_000),
            allowance(Bound::GroupThreads, 20_000),
        ];
        let findings = judge_limits(&Machine { allowances }, Some(30_000));
        let text = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(text.contains("limits them is open files (1024)") && text.contains("max-sessions is 30000"), "{text}");
        assert!(text.contains("more with LimitNOFILE=") && !text.contains("vm.max_map_count"), "{text}");
        assert!(text.contains("tasks of its cgroup, 20000") && !text.contains("40000"), "{text}");
    }
}
