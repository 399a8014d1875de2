//! How the server is, in words.

use crate::durations;
use crate::protocol::Status;
use std::fmt::Write;
use std::time::Duration;

/// A mirror that is behind by no more seconds has everything: it is looked at each second.
const MIRROR_SECONDS_MAX: u64 = 3;

/// The lines that `/status` shows, without their ends.
pub(super) fn words(status: &Status) -> Vec<String> {
    let Status { sessions, accounts_online, strangers, logins, logins_failed, events, deliveries, .. } = status;
    let mut lines = vec![
        format!("the server has run for {}", durations::lasted(Duration::from_secs(status.uptime_seconds))),
        format!("accounts online: {accounts_online}, sessions: {sessions}, connections logging in: {strangers}"),
        format!("logins: {logins}, failed: {logins_failed}"),
    ];
    if let (Some(max), Some(limit)) = (status.sessions_max, &status.sessions_limit) {
        lines.push(format!("room for sessions: {max}, and some more of staff; what limits them: {limit}"));
    }
    let mut said = format!("events: {events}, deliveries: {deliveries}");
    if let (Some(median), Some(p99)) = (status.latency_ms_median, status.latency_ms_p99) {
        let _ = write!(said, "; half of what is said is with everyone within {median} ms, 99 of 100 within {p99} ms");
    }
    lines.push(said);
    lines.push(format!("slow clients: {} times, dropped sessions: {}", status.slow, status.dropped));
    lines.push(format!("kept in memory: {}, on disk: {}", bytes(status.timeline_bytes), bytes(status.journal_bytes)));
    if let (Some(memory), Some(threads)) = (status.memory_bytes, status.threads) {
        lines.push(format!("memory of the process: {}, threads: {threads}", bytes(memory)));
    }
    // A server's words are made safe where all lines are.
    lines.extend(status.mirror_behind_seconds.map(|seconds| mirror(seconds, status.mirror.as_deref())));
    lines.extend(status.clock.iter().chain(&status.clock_trouble).cloned());
    lines
}

fn mirror(behind_seconds: u64, why: Option<&str>) -> String {
    let behind = durations::lasted(Duration::from_secs(behind_seconds));
    match why {
        None if behind_seconds <= MIRROR_SECONDS_MAX => "the mirror has everything".into(),
        None => format!("the mirror lacks what happened in the last {behind}"),
        Some(why) => format!("the mirror lacks what happened in the last {behind}: it {why}"),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} bytes"),
        10_240..10_485_760 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / (1024 * 1024)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_words() {
        let status = Status {
            uptime_seconds: 7_300,
            sessions: 31,
            sessions_max: Some(400),
            sessions_limit: Some("open files (1024)".into()),
            accounts_online: 30,
            latency_ms_median: Some(1.0),
            latency_ms_p99: Some(2.5),
            timeline_bytes: 20_480,
            memory_bytes: Some(50 << 20),
            threads: Some(40),
            clock: Some("the system's clock is 45 days behind".into()),
            clock_trouble: Some("times go back by 400 days".into()),
            mirror_behind_seconds: Some(3_700),
            mirror: Some("isn't there".into()),
            ..Status::default()
        };
        let text = words(&status).join("\n");
        for part in [
            "for 2 h",
            "accounts online: 30, sessions: 31",
            "room for sessions: 400",
            "what limits them: open files (1024)",
            "within 1 ms, 99 of 100 within 2.5 ms",
            "20 KiB",
            "50 MiB, threads: 40",
            "45 days behind",
            "go back by 400 days",
            "the mirror lacks what happened in the last 1 h",
            ": it isn't there",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(mirror(2, None), "the mirror has everything");
        assert!(mirror(9, None).ends_with("in the last 9 s"), "{}", mirror(9, None));
        assert!(!words(&Status::default()).join("\n").contains("half"), "nothing was said");
    }
}
