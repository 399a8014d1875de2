//! The server's certificate: looked at, renewed and replaced while everyone stays, and trusted through its key.

use crate::harness::{DataDir, Finished, Server, Terminal, assert_reply, run, sha256};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::json;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

pub(super) fn identity(data: &DataDir, words: &[&str]) -> Finished {
    run(data.command().arg("identity").args(words), b"")
}

#[track_caller]
pub(super) fn visit(config: &Path, server: &str) -> Finished {
    Terminal::start_in(config, &[server, "--user", "ada"]).script(&["hello"])
}

#[track_caller]
pub(super) fn reload(server: &Server) {
    assert_reply(&server.admin().ask(json!({"type": "reload"})));
}

/// A certificate as an authority would give it, that ends in so many days, and its key.
pub(super) fn pem(days: i64) -> (String, KeyPair) {
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    let end = jiff::tz::TimeZone::UTC.to_datetime(end);
    let mut params = CertificateParams::new(["pi.example.org".to_owned()]).unwrap();
    params.not_after = date_time_ymd(end.year().into(), end.month() as u8, end.day() as u8);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key)
}

/// `identity import` of these.
#[track_caller]
pub(super) fn import(data: &DataDir, certificate: &str, key: &KeyPair) -> Finished {
    let folder = TempDir::new().unwrap();
    let (cert, private) = (folder.path().join("fullchain.pem"), folder.path().join("privkey.pem"));
    fs::write(&cert, certificate).unwrap();
    fs::write(&private, key.serialize_pem()).unwrap();
    identity(data, &["import", "--cert", cert.to_str().unwrap(), "--key", private.to_str().unwrap()])
}

#[test]
fn what_is_shown_is_what_clients_see() {
    let data = DataDir::new();
    let server = data.start();
    let shown = identity(&data, &["show"]);
    assert_eq!(shown.word("certificate"), server.fingerprint());
    assert!(shown.succeeded().contains("localhost") && shown.stdout.contains(", in 39"), "{shown:?}");
    assert!(!server.stdout.text().contains("key:"), "nobody will renew it, so links stay short");
}

#[test]
fn a_renewal_that_keeps_the_key_is_no_question_to_anyone() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let (address, config) = (server.address().to_string(), TempDir::new().unwrap());
    visit(config.path(), &server.join_link()).succeeded();
    let (old, before) = (data.read_bytes("identity.p12"), server.fingerprint());

    let renewed = identity(&data, &["new", "--keep-key"]);
    let (fingerprint, key) = (renewed.word("certificate"), renewed.word("key"));
    assert_ne!(fingerprint, before);
    assert_eq!(data.read_bytes("identity.p12.old"), old);
    reload(&server);
    assert_eq!(format!("sha256:{}", sha256(&server.connect().certificate())), fingerprint);

    visit(config.path(), &address).succeeded();
    let known = fs::read_to_string(config.path().join("known_servers")).unwrap();
    assert_eq!(known, format!("{address} {fingerprint}+{key}\n"), "the new one is remembered");
    visit(TempDir::new().unwrap().path(), &format!("homeroom://{address}#{key}")).succeeded();
    visit(TempDir::new().unwrap().path(), &format!("homeroom://{address}#{before}+{key}")).succeeded();
    visit(TempDir::new().unwrap().path(), &server.join_link()).succeeded();
    visit(TempDir::new().unwrap().path(), &format!("homeroom://{address}#{before}")).failed_with(4);
}

#[test]
fn another_key_is_refused() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let (address, config) = (server.address().to_string(), TempDir::new().unwrap());
    visit(config.path(), &server.join_link()).succeeded();
    let old_key = identity(&data, &["show"]).word("key");
    let new_key = identity(&data, &["new"]).word("key");
    reload(&server);
    let refused = visit(config.path(), &address);
    assert!(refused.failed_with(4).contains(&new_key), "{refused:?}");
    let refused = visit(TempDir::new().unwrap().path(), &format!("homeroom://{address}#{old_key}"));
    let message = refused.failed_with(4);
    assert!(message.contains(&old_key) && message.contains(&new_key), "{message}");
}

#[test]
fn a_line_from_before_keys_were_remembered_learns_the_key() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let (address, config) = (server.address().to_string(), TempDir::new().unwrap());
    let path = config.path().join("known_servers");
    fs::write(&path, format!("{address} {}\n", server.fingerprint())).unwrap();
    visit(config.path(), &address).succeeded();
    let key = identity(&data, &["show"]).word("key");
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{address} {}+{key}\n", server.fingerprint()));
}

#[test]
fn an_authoritys_certificate_is_taken_and_its_end_is_told_to_administrators() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    let mut root = server.admin();
    let (certificate, key) = pem(20);
    let imported = import(&data, &certificate, &key);
    assert!(imported.succeeded().contains("pi.example.org"), "{imported:?}");
    assert_reply(&root.ask(json!({"type": "reload"})));
    let notice = root.find("a notice", |line| line["type"] == "notice");
    assert!(notice["text"].as_str().unwrap().contains("certificate ends soon"), "{notice}");
    assert_reply(&root.ask(json!({"type": "reload"})));
    root.assert_alive();
    assert!(root.inbox().iter().all(|line| line["type"] != "notice"), "told once: {:?}", root.inbox());
    server.kill();

    let again = data.start();
    again.stderr.wait_for("certificate ends soon");
    let shown = run(data.command().args(["--listen", "127.0.0.1:7667", "identity", "show"]), b"");
    let (certificate, key) = (shown.word("certificate"), shown.word("key"));
    let pin = format!("{certificate}+{key}");
    assert!(
        shown.stdout.contains(&format!(" homeroom://127.0.0.1:7667#{pin}\n")),
        "it outlives the renewal: {shown:?}"
    );
    assert_eq!(shown.word("join code"), again.code());
    visit(TempDir::new().unwrap().path(), &format!("homeroom://{}#{pin}", again.address())).succeeded();
}

#[test]
fn what_cannot_be_imported_changes_nothing() {
    let data = DataDir::with_users(&[]);
    drop(data.start());
    let before = data.read_bytes("identity.p12");
    let (certificate, key) = pem(20);
    let (over, over_key) = pem(-2);
    for (certificate, key, told) in [
        (&*certificate, &KeyPair::generate().unwrap(), "not that of the first certificate"),
        (&over, &over_key, "over since"),
        ("no PEM", &key, "CERTIFICATE"),
    ] {
        let refused = import(&data, certificate, key);
        assert!(refused.failed_with(1).contains(told), "{told}: {refused:?}");
    }
    identity(&data, &["import", "--cert", "/nonexistent", "--key", "/nonexistent"]).failed_with(1);
    assert_eq!(data.read_bytes("identity.p12"), before);
    assert!(!data.file("identity.p12.old").exists());
}

/// certbot's cert.pem in place of fullchain.pem: it was taken without a word, and clients that came by name refused it.
#[test]
fn a_certificate_without_its_intermediates_is_refused_and_fullchain_pem_is_named() {
    use rcgen::{BasicConstraints, CertifiedIssuer, IsCa};
    let data = DataDir::with_users(&[]);
    let mut authority = CertificateParams::new(["ca.example.org".to_owned()]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "Our Authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut own = CertificateParams::new(["pi.example.org".to_owned()]).unwrap();
    own.not_after = date_time_ymd(2100, 1, 1);
    let certificate = own.signed_by(&key, &authority).unwrap().pem();

    let refused = import(&data, &certificate, &key);
    for word in ["intermediates are missing", "fullchain.pem", "Our Authority"] {
        assert!(refused.failed_with(1).contains(word), "{word}: {refused:?}");
    }
    assert!(!data.file("identity.p12").exists());
    // In whatever order.
    let imported = import(&data, &(authority.pem() + &certificate), &key);
    assert!(imported.succeeded().contains("pi.example.org") && !imported.stdout.contains("!!"), "{imported:?}");
    let doctor = run(data.server().command().arg("doctor"), b"");
    assert!(!doctor.stdout.contains("intermediates"), "{doctor:?}");
}

#[test]
fn what_clients_may_refuse_all_the_same_is_told_at_the_import() {
    let data = DataDir::with_users(&[]);
    let (mut params, key) = (CertificateParams::default(), KeyPair::generate().unwrap());
    params.not_before = date_time_ymd(2090, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    let imported = import(&data, &params.self_signed(&key).unwrap().pem(), &key);
    for word in ["names no host", "is the clock"] {
        assert!(imported.succeeded().contains(word), "{word}: {imported:?}");
    }
}

/// As where root's certbot renews the certificate of a service with a user of its own.
#[test]
#[cfg(unix)]
fn what_root_makes_in_a_services_folder_is_the_services() {
    use std::os::unix::fs::{MetadataExt, chown};
    const NOBODY: u32 = 65_534;
    let data = DataDir::new();
    if chown(data.path(), Some(NOBODY), Some(NOBODY)).is_err() {
        eprintln!("skipped: only root can give a folder away");
        return;
    }
    data.user_add(&["ada"], Some("a long enough one")).succeeded();
    drop(data.start());
    identity(&data, &["new"]).succeeded();
    for entry in fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap()) {
        let file = entry.metadata().unwrap();
        assert!(file.is_dir() || (file.uid(), file.mode() & 0o777) == (NOBODY, 0o600), "{:?}: {file:?}", entry.path());
    }
}

/// A new key was made without a word, and nobody knew why no client came back.
#[test]
fn a_lost_key_is_told_loudly_with_what_it_ends_and_the_way_back() {
    let data = DataDir::with_users(&["ada"]);
    let first = data.start();
    assert!(!first.stdout.text().contains("!!"), "accounts may be made before a first start: {}", first.stdout.text());
    let (fingerprint, backup) = (first.fingerprint(), data.read_bytes("identity.p12"));
    drop(first);
    fs::remove_file(data.file("identity.p12")).unwrap();
    for what in ["check", "doctor"] {
        let found = run(data.server().command().arg(what), b"");
        assert_eq!(found.code, Some(1), "{found:?}");
        let line = found.stdout.lines().find(|line| line.contains("!!")).unwrap_or_else(|| panic!("{found:?}"));
        assert!(line.contains("identity.p12 is missing") && line.contains("backup"), "{line}");
    }
    let without = data.start();
    for text in [without.stdout.text(), without.stderr.text()] {
        for word in
            ["identity.p12 is missing", "every join link", "every client", "backup", data.path().to_str().unwrap()]
        {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    assert_ne!(without.fingerprint(), fingerprint);
    drop(without);
    let again = data.start();
    assert!(!again.stdout.text().contains("!!"), "it is told once: {}", again.stdout.text());
    drop(again);
    fs::write(data.file("identity.p12"), backup).unwrap();
    let back = data.start();
    assert!(back.fingerprint() == fingerprint && !back.stdout.text().contains("!!"), "{}", back.stdout.text());
}

/// What had been there was told by one file, and somebody who loses the key may lose that too.
#[test]
fn a_lost_key_is_told_whatever_else_is_lost_with_it() {
    let data = DataDir::with_users(&["ada"]);
    data.start().login("ada").say("hello");
    for name in ["identity.p12", "sequence"] {
        fs::remove_file(data.file(name)).unwrap();
    }
    for what in ["check", "doctor"] {
        let found = run(data.server().command().arg(what), b"");
        assert!(found.code == Some(1) && found.stdout.contains("identity.p12 is missing"), "{found:?}");
    }
    let text = data.start().stdout.text();
    assert!(text.contains("!! identity.p12 is missing"), "{text}");
}

#[test]
fn lost_accounts_are_told_loudly_too() {
    let data = DataDir::with_users(&["ada"]);
    data.start().login("ada").say("hello");
    fs::remove_file(data.file("users.json")).unwrap();
    let found = run(data.command().arg("check"), b"");
    assert!(found.code == Some(1) && found.stdout.contains("users.json is missing"), "{found:?}");
    let server = data.start();
    let text = server.stdout.text();
    assert!(text.contains("!! users.json is missing") && text.contains("all accounts are gone"), "{text}");
}

#[test]
fn another_key_is_told_where_it_is_made() {
    let data = DataDir::with_users(&[]);
    drop(data.start());
    assert!(!identity(&data, &["new", "--keep-key"]).succeeded().contains("another one"));
    let renewed = identity(&data, &["new"]);
    assert!(renewed.succeeded().contains("every join link so far ends"), "{renewed:?}");
    let (certificate, key) = pem(20);
    assert!(import(&data, &certificate, &key).succeeded().contains("every join link so far ends"));
}
