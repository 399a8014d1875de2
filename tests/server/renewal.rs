//! The certificate that browsers take: how the first start makes it, and how it is made anew while nobody notices.

use super::identity::{identity, import, pem, reload, visit};
use crate::harness::{DataDir, FakeClock, Server, run};
use homeroom::identity::make;
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use serde_json::{Value, json};
use std::fs;
use std::net::IpAddr;
use std::process::Command;
use tempfile::TempDir;
use x509_parser::certificate::X509Certificate;

/// What a server shows whoever connects.
fn shown<T>(server: &Server, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let der = server.connect().certificate();
    look(&x509_parser::parse_x509_certificate(&der).unwrap().1)
}

/// From when until when it holds.
fn validity(certificate: &X509Certificate<'_>) -> (Timestamp, Timestamp) {
    let time = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).unwrap();
    (time(certificate.validity().not_before), time(certificate.validity().not_after))
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

/// How often `audit.jsonl` tells of a renewal; the server does it by itself.
#[track_caller]
fn renewals(data: &DataDir) -> usize {
    let lines: Vec<Value> = data.read("audit.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let renewals: Vec<_> = lines.iter().filter(|line| line["event"] == "certificate_renewed").collect();
    assert!(renewals.iter().all(|line| line.get("by").is_none() && line["detail"].is_string()), "{renewals:?}");
    renewals.len()
}

#[test]
fn a_first_start_makes_a_certificate_that_browsers_take() {
    let data = DataDir::with_users(&[]);
    let server = data.start();
    shown(&server, |certificate| {
        let (begins, ends) = validity(certificate);
        let now = Timestamp::now();
        assert!(begins < now && ends.duration_since(begins) <= days(398), "{begins} {ends}");
        assert!((days(396)..=days(397)).contains(&ends.duration_since(now)), "{ends}");
        let (usage, extended) = (certificate.key_usage().unwrap().unwrap(), certificate.extended_key_usage());
        assert!(usage.value.digital_signature() && !usage.value.key_cert_sign());
        assert!(extended.unwrap().unwrap().value.server_auth);
        assert!(!certificate.basic_constraints().unwrap().expect("stands there").value.ca);
    });
    let names = identity(&data, &["show"]);
    for name in ["localhost", "127.0.0.1", "lacks nothing"] {
        assert!(names.succeeded().contains(name), "{names:?}");
    }
    let doctor = run(data.server().command().arg("doctor"), b"");
    assert!(doctor.succeeded().contains("lacks nothing that browsers ask for"), "{doctor:?}");
    assert_eq!(renewals(&data), 0);
}

/// As on a Raspberry Pi, before the network has set its clock.
#[test]
fn a_first_start_with_a_clock_that_was_never_set_makes_one_that_holds_today() {
    let clock = FakeClock::off_by(-4_000);
    let server = DataDir::with_users(&[]).server().clock(&clock).start();
    let (begins, ends) = shown(&server, validity);
    let now = Timestamp::now();
    assert!(begins < now && ends > now + days(300), "it is for as long as if it was made on the day of the build");
}

#[test]
fn thirty_days_before_its_end_it_is_made_anew_and_nobody_notices() {
    let clock = FakeClock::off_by(0);
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.server().clock(&clock).start();
    let (address, config) = (server.address().to_string(), TempDir::new().unwrap());
    visit(config.path(), &server.join_link()).succeeded();
    let (link, pinned) = (server.join_link(), server.fingerprint());
    let mut ada = server.login("ada");
    let (first, serial) = shown(&server, |certificate| (validity(certificate), certificate.raw_serial().to_vec()));
    for (offset, made) in [(366, 0), (368, 1)] {
        clock.set(offset);
        reload(&server);
        assert_eq!(renewals(&data), made, "after {offset} days");
    }
    let (second, another) = shown(&server, |certificate| (validity(certificate), certificate.raw_serial().to_vec()));
    assert!(second.1.duration_since(first.1) >= days(367), "{first:?} {second:?}");
    assert_ne!(serial, another, "Firefox takes no two certificates with one number");
    ada.say("nobody is dropped");
    visit(config.path(), &address).succeeded();
    visit(config.path(), &link).succeeded();
    visit(TempDir::new().unwrap().path(), &link).succeeded();
    visit(TempDir::new().unwrap().path(), &format!("homeroom://{address}#{pinned}")).failed_with(4);
    // While it runs, without being asked.
    clock.set(2 * 368);
    server.stderr.wait_for_the(2, "since the one before ends on");
    assert_eq!(renewals(&data), 2);
    ada.say("nobody is dropped this time");
    // And it lasts: the next start makes none, and one after the summer does.
    for (offset, made) in [(2 * 368, 2), (3 * 368, 3)] {
        server.kill();
        clock.set(offset);
        server = data.server().clock(&clock).start();
        assert_eq!(renewals(&data), made);
        assert!(shown(&server, validity).1 > Timestamp::now() + days(i64::from(offset) + 360));
    }
    assert!(!server.stderr.text().contains("ends soon"), "nobody has to do anything: {}", server.stderr.text());
    assert!(!data.file("identity.p12.old").exists(), "what was kept there has another key");
    visit(TempDir::new().unwrap().path(), &format!("homeroom://{}#{}", server.address(), server.code())).succeeded();
}

/// The clock was ahead at the first start: the certificate would hold only from next year.
#[test]
fn one_that_is_not_valid_yet_is_made_anew() {
    let clock = FakeClock::off_by(300);
    let data = DataDir::with_users(&[]);
    drop(data.server().clock(&clock).start());
    // What it knows of time is as wrong.
    fs::remove_file(data.file("clock.json")).unwrap();
    fs::remove_dir_all(data.file("journal")).unwrap();
    for said in [identity(&data, &["show"]), run(data.server().command().arg("doctor"), b"")] {
        assert!(said.stdout.contains("isn't valid yet") && said.stdout.contains("10 minutes"), "{said:?}");
        assert!(!said.stdout.contains("lacks nothing"), "{said:?}");
    }
    let server = data.start();
    assert!(shown(&server, validity).0 < Timestamp::now());
    assert_eq!(renewals(&data), 1);
}

#[test]
fn an_address_that_it_does_not_name_is_a_reason_too() {
    let data = DataDir::with_users(&["ada"]);
    let addresses: [IpAddr; 2] = [[203, 0, 113, 7].into(), [10, 9, 8, 7].into()];
    fs::write(data.file("identity.p12"), make(&[], &addresses, Timestamp::now(), None).unwrap()).unwrap();
    let (before, key) = (data.read_bytes("identity.p12"), identity(&data, &["show"]).word("key"));
    let lacks = identity(&data, &["show"]);
    assert!(lacks.succeeded().contains("the address 127.0.0.1") && lacks.stdout.contains("by itself"), "{lacks:?}");
    let server = data.start();
    let after = identity(&data, &["show"]);
    assert_eq!((after.word("key"), renewals(&data)), (key, 1));
    assert!(after.stdout.contains("127.0.0.1") && after.stdout.contains("10.9.8.7"), "{after:?}");
    assert!(!after.stdout.contains("203.0.113.7"), "where it was in the wide world isn't told: {after:?}");
    // As after a backup was put back.
    fs::write(data.file("identity.p12"), before).unwrap();
    let report = server.admin().ask(json!({"type": "reload"}));
    assert!(report["report"].to_string().contains("made anew, for the same key"), "{report}");
    reload(&server);
    assert_eq!(renewals(&data), 2, "once");
}

/// A machine in all that concerns its network; gone when dropped.
struct Elsewhere(String);

impl Elsewhere {
    /// None where that isn't allowed.
    fn new() -> Option<Self> {
        let machine = Self(format!("homeroom-renewal-{}", std::process::id()));
        let made = ip(&format!("netns add {}", machine.0)) && ip(&format!("-n {} link set lo up", machine.0));
        made.then_some(machine)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.0));
    }
}

fn ip(words: &str) -> bool {
    Command::new("ip").args(words.split(' ')).output().is_ok_and(|done| done.status.success())
}

/// A laptop that is carried into another room.
#[test]
fn an_address_that_comes_while_the_server_runs_is_taken_up() {
    let Some(machine) = Elsewhere::new() else {
        eprintln!("skipped: network namespaces want root and iproute2");
        return;
    };
    let data = DataDir::with_users(&[]);
    let server = data.server().listen("0.0.0.0:0").through(&["ip", "netns", "exec", &machine.0]).start();
    assert_eq!(renewals(&data), 0);
    assert!(ip(&format!("-n {} addr add 10.77.0.1/24 dev lo", machine.0)));
    server.stderr.wait_for("doesn't name 10.77.0.1");
    let shown = identity(&data, &["show"]);
    assert!(shown.succeeded().contains("10.77.0.1"), "{shown:?}");
}

/// Whoever knows the certificate alone would be refused: nothing is made anew before its owner says so.
#[test]
fn an_identity_from_before_stays_as_it_is_and_is_told_what_it_lacks() {
    let data = DataDir::with_users(&["ada"]);
    let (mut params, key) = (CertificateParams::new(["localhost".to_owned()]).unwrap(), KeyPair::generate().unwrap());
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "homeroom");
    params.not_after = date_time_ymd(9999, 12, 31);
    import(&data, &params.self_signed(&key).unwrap().pem(), &key).succeeded();
    let before = data.read_bytes("identity.p12");
    let server = data.start();
    reload(&server);
    assert_eq!((data.read_bytes("identity.p12"), renewals(&data)), (before, 0));
    let (address, pinned) = (server.address().to_string(), server.fingerprint());
    let old = TempDir::new().unwrap();
    fs::write(old.path().join("known_servers"), format!("{address} {pinned}\n")).unwrap();
    let doctor = run(data.server().listen(server.address()).command().arg("doctor"), b"");
    for text in [identity(&data, &["show"]).succeeded(), doctor.succeeded()] {
        for word in ["825 days", "serverAuth", "the address 127.0.0.1", "identity new --keep-key", "join code"] {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    visit(old.path(), &address).succeeded();
    identity(&data, &["new", "--keep-key"]).succeeded();
    reload(&server);
    assert!(identity(&data, &["show"]).succeeded().contains("lacks nothing"));
    visit(old.path(), &address).succeeded();
    visit(TempDir::new().unwrap().path(), &format!("homeroom://{address}#{pinned}")).failed_with(4);
}

#[test]
fn what_was_imported_is_never_made_anew() {
    let data = DataDir::with_users(&[]);
    let (certificate, key) = pem(20);
    import(&data, &certificate, &key).succeeded();
    let before = data.read_bytes("identity.p12");
    let server = data.start();
    reload(&server);
    server.stderr.wait_for("certificate ends soon");
    assert_eq!((data.read_bytes("identity.p12"), renewals(&data)), (before, 0));
}

/// The owner has put it there and not reloaded yet.
#[test]
fn another_one_in_the_folder_is_not_replaced() {
    let clock = FakeClock::off_by(0);
    let data = DataDir::with_users(&[]);
    let server = data.server().clock(&clock).start();
    let (certificate, key) = pem(800);
    import(&data, &certificate, &key).succeeded();
    let imported = data.read_bytes("identity.p12");
    clock.set(380);
    // In the same look, just before.
    server.stderr.wait_for("set ahead by");
    reload(&server);
    assert_eq!((data.read_bytes("identity.p12"), renewals(&data)), (imported, 0));
}
