//! Why something failed is told as people say it. What must not be told is looked for in all that any test's server says:
//! `assert_for_people`.

use crate::harness::{DataDir, Finished, run};
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};

/// What is said to a server that speaks TLS, and what its log says of that.
#[cfg(target_os = "linux")]
const NO_TLS: [(&[u8], &str); 3] = [
    (b"GET / HTTP/1.1\r\nHost: pi\r\n\r\n", "HTTP was spoken, not TLS"),
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "no TLS was spoken"),
    // The beginning of a ClientHello.
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "the connection was cut off"),
];

#[test]
#[cfg(target_os = "linux")]
fn what_strangers_speak_is_told_in_words() {
    // Without the page, which answers those who speak HTTP.
    let server = DataDir::new().server().args(&["--no-web"]).start();
    for (bytes, told) in NO_TLS {
        let mut socket = TcpStream::connect(server.address()).unwrap();
        socket.write_all(bytes).unwrap();
        drop(socket);
        server.stderr.wait_for(&format!("left the lobby: {told}"));
    }
    // Who doesn't know the certificate, as every browser and every client by a name.
    let connector = native_tls::TlsConnector::new().unwrap();
    assert!(connector.connect("localhost", TcpStream::connect(server.address()).unwrap()).is_err());
    server.stderr.wait_for("left the lobby: the other side doesn't believe the certificate");
    // A connection that is reset, as by a firewall.
    let socket = TcpStream::connect(server.address()).unwrap();
    socket2::SockRef::from(&socket).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(socket);
    server.stderr.wait_for("left the lobby: connection reset by peer");
}

/// What OpenSSL says is for whoever asks for it.
#[test]
#[cfg(target_os = "linux")]
fn the_words_of_the_library_are_in_the_log_at_debug_level() {
    let server = DataDir::new().server().args(&["--no-web", "--log-level", "debug"]).start();
    TcpStream::connect(server.address()).unwrap().write_all(NO_TLS[0].0).unwrap();
    assert!(server.stderr.wait_for("http request").contains(" DEBUG "));
}

fn command(data: &DataDir, words: &[&str]) -> Finished {
    run(data.command().env("HOMEROOM_LISTEN", "127.0.0.1:0").args(words), b"")
}

#[test]
fn an_identity_that_is_none_is_told_in_words_by_whatever_reads_it() {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let right = data.read_bytes("identity.p12");
    let cut = &right[..right.len() / 2];
    for damaged in [b"no PKCS#12".as_slice(), cut, b"\x30\x82\x01\x00"] {
        fs::write(data.file("identity.p12"), damaged).unwrap();
        for words in [&["identity", "show"][..], &["identity", "new", "--keep-key"], &["check"], &["doctor"]] {
            let told = command(&data, words);
            let told = told.failed_with(1).to_owned() + &told.stdout;
            assert!(
                told.contains("not a PKCS#12 file with the password `homeroom` and a key in it"),
                "{words:?}: {told}"
            );
        }
        let refused = server.admin().ask(serde_json::json!({"type": "reload"}));
        assert!(refused["message"].as_str().unwrap().contains("not a PKCS#12 file"), "{refused}");
    }
}

#[test]
fn what_is_imported_and_is_damaged_is_told_with_what_to_do() {
    let data = DataDir::new();
    let file = |name: &str, text: &str| {
        fs::write(data.file(name), text).unwrap();
        data.file(name).display().to_string()
    };
    let (cert, key) = super::identity::pem(20);
    let right = (file("cert.pem", &cert), file("key.pem", &key.serialize_pem()));
    let block = |what: &str, inside: &str| format!("-----BEGIN {what}-----\n{inside}\n-----END {what}-----\n");
    for (at, (cert, key, told)) in [
        (block("CERTIFICATE", "?!"), None, "PEM is damaged: take it as it came"),
        (block("CERTIFICATE", "AAAA"), None, "a certificate is damaged in the file of --cert: take it as"),
        (cert[..cert.len() / 2].to_owned(), None, "PEM is damaged"),
        (cert.clone(), Some(block("PRIVATE KEY", "AAAA")), "the key of --key is damaged, or of a kind"),
    ]
    .into_iter()
    .enumerate()
    {
        let cert = file(&format!("cert{at}"), &cert);
        let key = key.map_or_else(|| right.1.clone(), |key| file(&format!("key{at}"), &key));
        let refused = command(&data, &["identity", "import", "--cert", &cert, "--key", &key]);
        assert!(refused.failed_with(1).contains(told), "{refused:?}");
    }
    let missing = command(&data, &["identity", "import", "--cert", &right.0, "--key", "/nonexistent"]);
    assert!(missing.failed_with(1).contains("/nonexistent: no such file") || cfg!(windows), "{missing:?}");
    let missing = command(&data, &["user", "import", "/nonexistent"]);
    assert!(missing.failed_with(1).contains("/nonexistent: no such file") || cfg!(windows), "{missing:?}");
}

#[test]
#[cfg(unix)]
fn a_folder_in_a_files_place_is_told_in_words_by_whatever_reads_it() {
    for name in [
        "users.json",
        "identity.p12",
        "tokens.jsonl",
        "topic.json",
        "rooms.json",
        "sequence",
        "clock.json",
        "audit.jsonl",
    ] {
        let data = DataDir::with_users(&["ada"]);
        drop(data.start());
        // What isn't made at a start is made here.
        let _ = fs::remove_file(data.file(name));
        fs::create_dir(data.file(name)).unwrap();
        for words in [&[][..], &["check"], &["doctor"]] {
            let told = command(&data, words);
            let told = told.failed_with(1).to_owned() + &told.stdout;
            assert!(told.contains(name), "{name}, {words:?}: {told}");
        }
    }
}

#[test]
fn an_address_that_is_taken_is_told_with_what_to_do() {
    let data = DataDir::with_users(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let refused = run(&mut data.server().listen(address).command(), b"");
    assert!(refused.failed_with(1).contains("another program listens there; stop it, or choose"), "{refused:?}");
    let refused = run(&mut data.server().args(&["--metrics", &address.to_string()]).command(), b"");
    let told = refused.failed_with(1);
    assert!(
        told.contains("can't serve metrics on") && told.contains("address already in use") || cfg!(windows),
        "{told}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_can_only_be_read_is_told_with_what_to_do() {
    use crate::harness::SmallDisk;
    let data = DataDir::new();
    let Some(disk) = SmallDisk::over(data.path(), 1024) else { return };
    data.fill(&["ada"]);
    drop(data.start());
    disk.close();
    for words in [&[][..], &["user", "add", "bob"], &["identity", "new"], &["doctor"]] {
        let told = command(&data, words);
        let told = told.failed_with(1).to_owned() + &told.stdout;
        assert!(told.contains("read-only file system; its disk is mounted for reading alone"), "{words:?}: {told}");
    }
}
