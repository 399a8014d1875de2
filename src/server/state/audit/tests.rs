use super::*;
use crate::protocol::NAME_BYTES_MAX;
use crate::server::config::notices;
use serde_json::Value;
use std::fs::{self, File};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn one_object_a_line_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let (root, eve) = (Username::parse("root").unwrap(), Username::parse("eve").unwrap());
    let peer = IpAddr::from([192, 0, 2, 1]);
    Audit::open(&path, notices::channel().0, Instant::now()).unwrap().act("ban", &root, peer, Some(&eve), None);
    let audit = Audit::open(&path, notices::channel().0, Instant::now()).unwrap();
    audit.failed_login(peer, None, "wrong password", Instant::now());
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["event"], &lines[0]["by"], &lines[0]["username"]),
        (&"ban".into(), &"root".into(), &"eve".into())
    );
    assert_eq!((&lines[1]["event"], &lines[1]["peer"]), (&"login_failed".into(), &"192.0.2.1".into()));
    File::options().write(true).open(&path).unwrap().set_len(AUDIT_BYTES_MAX).unwrap();
    audit.failed_login(peer, Some(&eve), "wrong password", Instant::now());
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    assert!(fs::read_to_string(folder.path().join("audit.jsonl.1")).unwrap().starts_with(&text));
}

#[test]
fn what_an_earlier_server_wrote_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    File::create(&path).unwrap().set_len(AUDIT_BYTES_MAX).unwrap();
    let audit = Audit::open(&path, notices::channel().0, Instant::now()).unwrap();
    audit.failed_login(IpAddr::from([192, 0, 2, 1]), None, "wrong password", Instant::now());
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    assert_eq!(fs::metadata(folder.path().join("audit.jsonl.1")).unwrap().len(), AUDIT_BYTES_MAX);
}

/// Where the log of a folder begins, and what is then told.
struct Flooded {
    folder: tempfile::TempDir,
    audit: Audit,
    start: Instant,
    failures: u64,
}

impl Flooded {
    /// The first line is an act.
    fn new() -> Self {
        let (folder, start) = (tempfile::tempdir().unwrap(), Instant::now());
        let audit = Audit::open(&folder.path().join("audit.jsonl"), notices::channel().0, start).unwrap();
        let (root, eve) = (Username::parse("root").unwrap(), Username::parse("eve").unwrap());
        audit.act("ban", &root, IpAddr::from([192, 0, 2, 1]), Some(&eve), None);
        Self { folder, audit, start, failures: 0 }
    }

    fn fail(&mut self, peer: IpAddr, username: Option<&Username>, after: Duration) {
        self.failures += 1;
        self.audit.failed_login(peer, username, "throttled", self.start + after);
    }

    /// As the server's thread does.
    fn sum_up(&self, after: Duration) {
        self.audit.sum_up(self.start + after);
    }

    /// What is kept in the end. The act is, and each failure in one line alone.
    fn end(self, after: Duration) -> Vec<Value> {
        self.audit.end(self.start + after);
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let text = read("audit.jsonl.1") + &read("audit.jsonl");
        assert!(text.lines().all(|line| line.len() < LINE_BYTES_MAX), "{text}");
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["event"], "ban", "the act is gone");
        let counted: u64 = lines[1..].iter().map(|line| line["count"].as_u64().unwrap_or(1)).sum();
        assert_eq!(counted, self.failures, "{} lines", lines.len());
        lines
    }
}

/// 1,000 a second with `HOMEROOM_LONG`.
fn flood_for_a_day(addresses: u32) -> Vec<Value> {
    let per_second: u32 = if std::env::var_os("HOMEROOM_LONG").is_some() { 1000 } else { 10 };
    let mut flooded = Flooded::new();
    for i in 0..per_second * DAY.as_secs() as u32 {
        let after = Duration::from_secs(1) * i / per_second;
        flooded.fail(Ipv4Addr::from_bits(0x0a00_0000 + i % addresses).into(), None, after);
        if i % (60 * per_second) == 0 {
            flooded.sum_up(after);
        }
    }
    flooded.end(DAY)
}

#[test]
fn a_day_of_flooding_from_one_address_is_a_line_a_minute() {
    let lines = flood_for_a_day(1);
    let (sums, singles): (Vec<_>, Vec<_>) = lines[1..].iter().partition(|line| line["count"].is_u64());
    assert_eq!(singles.len(), noise::SINGLES_MAX as usize);
    assert!((720..=24 * 60 + 1).contains(&sums.len()), "{}", sums.len());
    assert!(sums.iter().all(|sum| sum["peer"] == "10.0.0.0" && sum["detail"] == "throttled"), "{:?}", sums[0]);
    assert!(sums.iter().all(|sum| (0..=120).contains(&sum["seconds"].as_u64().unwrap())), "{:?}", sums[0]);
}

#[test]
fn a_day_of_flooding_from_10_000_addresses_is_bounded_and_each_failure_counts() {
    let lines = flood_for_a_day(10_000);
    let a_day = (DAY.as_secs() / noise::LINE_PAUSE.as_secs()) as usize;
    let at_end = noise::SUMS_MAX + noise::REASONS_MAX;
    assert!(lines.len() <= 1 + noise::LINES_AT_ONCE as usize + a_day + at_end + 1, "{}", lines.len());
    assert!(lines.iter().any(|line| line["count"].is_u64() && line["peer"].is_null()), "none of several addresses");
}

/// With the longest lines there are.
#[test]
fn an_act_outlives_a_month_of_flooding() {
    let mut flooded = Flooded::new();
    let name = Username::parse(&"x".repeat(NAME_BYTES_MAX)).unwrap();
    let month = DAY * noise::KEPT_DAYS as u32;
    let step = Duration::from_secs(10);
    for i in 0..(month.as_secs() / step.as_secs()) as u32 {
        // Networks of their own, each twice.
        let peer = Ipv6Addr::from_bits(u128::MAX << 112 | u128::from(i / 2) << 64 | 0xffff_ffff_ffff_ffff);
        flooded.fail(peer.into(), Some(&name), step * i);
        flooded.sum_up(step * i);
    }
    let lines = flooded.end(month);
    assert!(lines.len() > noise::LINES_AT_ONCE as usize, "{}", lines.len());
}

/// What costs no guess takes no line from guesses, which fail2ban reads.
#[test]
fn refused_tokens_leave_guesses_their_lines() {
    let mut flooded = Flooded::new();
    let at = |i: u32| flooded.start + Duration::from_millis(u64::from(i));
    let told = |i: u32| flooded.audit.refused_token(IpAddr::from((i % 20).to_be_bytes()), None, "wrong token", at(i));
    let refused = (0..20 * noise::SINGLES_MAX).filter(|i| told(*i)).count() as u32;
    assert_eq!(refused, noise::LINES_AT_ONCE - noise::LINES_FOR_SUMS, "the flood has used up its own");
    let guesser = IpAddr::from([192, 0, 2, 9]);
    assert!((0..200).all(|i| flooded.audit.failed_login(guesser, None, "wrong password", at(i))));
    flooded.failures = u64::from(20 * noise::SINGLES_MAX + 200);
    flooded.end(Duration::from_secs(60));
}

fn failure(who: Who, username: Option<&Username>) -> Failure<'_> {
    let peer = IpAddr::from([192, 0, 2, 1]);
    Failure { event: Event::LoginFailed, reason: "wrong password", who, peer, username }
}

/// `maxretry` and `findtime` of packaging/fail2ban: it finds whoever it would find if each failure was told.
#[test]
fn whoever_begins_to_fail_200_times_in_ten_minutes_is_told_200_times() {
    const MAXRETRY: usize = 200;
    let start = Instant::now();
    let mut noise = Noise::new(start);
    let failure = failure(Who::Address(IpAddr::from([192, 0, 2, 1]).into()), None);
    let mut told = |from: Duration, pause: Duration, times: u32| {
        (0..times).filter(|i| noise.note(&failure, start + from + pause * *i)).count()
    };
    let minute = Duration::from_secs(60);
    assert_eq!(told(Duration::ZERO, minute, 600), 600, "somebody slow");
    assert!(told(600 * minute, Duration::from_millis(1), 10_000) >= MAXRETRY, "who then is fast");
    let going_on = told(601 * minute, Duration::from_millis(100), 60_000);
    assert!(going_on < MAXRETRY, "{going_on}, though they are known by now");
    assert!(told(760 * minute, Duration::from_millis(1), 10_000) >= MAXRETRY, "who comes back after an hour");
}

#[test]
fn a_world_of_addresses_takes_little_memory() {
    let start = Instant::now();
    let mut noise = Noise::new(start);
    for i in 0..100_000 {
        noise.note(&failure(Who::Address(IpAddr::from(Ipv4Addr::from_bits(i)).into()), None), start);
    }
    // One of the sums is of all who came too late.
    assert_eq!(noise.held(), (noise::KINDS_MAX, noise::SUMS_MAX + 1));
    noise.rest();
    noise.due(start + DAY);
    assert_eq!(noise.held(), (0, 0), "who is quiet is forgotten");
}

#[test]
fn single_failures_leave_lines_for_the_sums() {
    let start = Instant::now();
    let mut noise = Noise::new(start);
    for i in 0..noise::LINES_AT_ONCE * 2 {
        noise.note(&failure(Who::Address(IpAddr::from(Ipv4Addr::from_bits(i)).into()), None), start);
    }
    assert_eq!(noise.due(start + SUM_AFTER).len(), noise::SUMS_MAX + 1);
}

/// A sum of a name has that name, one of several names has none; accounts of one address have sums of their own.
#[test]
fn sums_tell_whose_they_are() {
    let start = Instant::now();
    let (ada, bob) = (Username::parse("ada").unwrap(), Username::parse("bob").unwrap());
    let address = Who::Address(IpAddr::from([192, 0, 2, 1]).into());
    let sums = |failures: &[Failure<'_>]| {
        let mut noise = Noise::new(start);
        for failure in failures {
            (0..noise::SINGLES_MAX * 2).for_each(|_| _ = noise.note(failure, start));
        }
        assert!(noise.due(start + SUM_AFTER - Duration::from_millis(1)).is_empty(), "too early");
        let told = noise.due(start + SUM_AFTER);
        let mut told: Vec<_> =
            told.into_iter().map(|sum| (sum.username.map(|name| name.to_string()), sum.count)).collect();
        told.sort();
        told
    };
    let [of_ada, of_bob] = [&ada, &bob].map(|name| failure(address.clone(), Some(name)));
    let one = u64::from(noise::SINGLES_MAX);
    assert_eq!(sums(std::slice::from_ref(&of_ada)), [(Some("ada".into()), one)]);
    assert_eq!(sums(&[of_ada, of_bob]), [(None, 3 * one)]);
    let [of_ada, of_bob] = [&ada, &bob].map(|name| failure(Who::Account(name.clone()), Some(name)));
    assert_eq!(sums(&[of_ada, of_bob]), [(Some("ada".into()), one), (Some("bob".into()), one)]);
}
