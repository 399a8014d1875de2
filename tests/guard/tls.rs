//! TLS as OpenSSL's own client and server see it.

use crate::harness::{Output, PASSWORD, Server, Terminal, run, sha256, wait_until};
use rcgen::{CertificateParams, KeyPair};
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// `openssl s_client`, connected, or `openssl s_server`; killed when dropped.
struct OpenSsl {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl OpenSsl {
    /// None where there's no OpenSSL on the command line.
    fn connect(server: SocketAddr, args: &[&str]) -> Option<Self> {
        Self::start(&[&["s_client", "-connect", &server.to_string()], args].concat())
    }

    fn start(args: &[&str]) -> Option<Self> {
        let mut command = Command::new("openssl");
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else {
            println!("not tested: there is no openssl");
            return None;
        };
        let (stdout, stderr) = (Output::of(child.stdout.take().unwrap()), Output::of(child.stderr.take().unwrap()));
        Some(Self { child, stdout, stderr })
    }

    fn send(&mut self, line: &str) {
        // It may be gone; what it says decides.
        let _ = writeln!(self.child.stdin.as_ref().unwrap(), "{line}");
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PING: &str = r#"{"type":"ping","id":"p"}"#;

#[test]
fn tls_1_1_gets_an_alert() {
    let server = Server::with_users(&[]);
    for version in ["-tls1", "-tls1_1"] {
        let args = [version, "-cipher", "DEFAULT@SECLEVEL=0"];
        let Some(client) = OpenSsl::connect(server.address(), &args) else { return };
        let said = client.stderr.to_end();
        assert!(said.contains("alert protocol version"), "{version}: {said}");
    }
}

/// What a system's administrator may have written for the sake of some old program.
const ALL_IS_ALLOWED: &str = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = any\n\
    [any]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n";

/// Where the system allows what is old, the client doesn't.
#[test]
fn a_server_of_tls_1_1_gets_no_password() {
    let folder = TempDir::new().unwrap();
    let [cert, key, conf] = ["cert.pem", "key.pem", "openssl.cnf"].map(|name| folder.path().join(name));
    let pair = KeyPair::generate().unwrap();
    let made = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&pair).unwrap();
    for (path, text) in [(&cert, made.pem()), (&key, pair.serialize_pem()), (&conf, ALL_IS_ALLOWED.to_owned())] {
        fs::write(path, text).unwrap();
    }
    let old = ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"];
    let identity = ["-accept", "127.0.0.1:0", "-cert", cert.to_str().unwrap(), "-key", key.to_str().unwrap()];
    let Some(server) = OpenSsl::start(&[&["s_server"], &old[..], &identity].concat()) else { return };
    let mut address = String::new();
    wait_until("it listens", || {
        let said = server.stdout.text();
        let line = said.split_once("ACCEPT ").and_then(|(_, rest)| rest.split_once('\n'));
        line.inspect(|line| line.0.clone_into(&mut address)).is_some()
    });

    let link = format!("homeroom://{address}#sha256:{}", sha256(made.der()));
    let mut client = Terminal::command(folder.path());
    client.args([&link, "--user", "ada"]).env("HOMEROOM_PASSWORD", PASSWORD).env("OPENSSL_CONF", &conf);
    let refused = run(&mut client, b"");
    assert!(refused.failed_with(1).contains("TLS 1.2 or newer"), "{refused:?}");

    // One that is as old does get through: the server is what it should be.
    let Some(mut client) = OpenSsl::connect(address.parse().unwrap(), &old) else { return };
    client.send("from an old client");
    assert!(!server.stdout.wait_for("from an old client").contains("password"), "{}", server.stdout.text());
}

/// native-tls gives a server no TLS 1.3 on OpenSSL. A client that could speak it as well gets 1.2.
#[test]
fn tls_1_2_works_and_so_does_a_client_that_offers_1_3() {
    let server = Server::with_users(&[]);
    for args in [&["-tls1_2"][..], &[]] {
        let Some(mut client) = OpenSsl::connect(server.address(), args) else { return };
        client.send(PING);
        let said = client.stdout.wait_for("\"pong\"");
        let protocol = said.lines().find(|line| line.starts_with("New, TLSv")).unwrap_or_default();
        println!("{args:?}: {protocol}");
        assert!(protocol.contains("TLSv1.2") || protocol.contains("TLSv1.3"), "{said}");
    }
}

#[test]
fn renegotiation_is_refused() {
    let server = Server::with_users(&["ada"]);
    let Some(mut client) = OpenSsl::connect(server.address(), &["-tls1_2"]) else { return };
    client.send(PING);
    client.stdout.wait_for("\"pong\"");
    // s_client's command for it.
    client.send("R");
    client.stderr.wait_for("RENEGOTIATING");
    let said = client.stderr.to_end();
    assert!(said.contains("no renegotiation"), "{said}");
    server.login("ada").say("still here");
}

#[test]
fn a_resumed_session_of_tls_is_still_a_strangers() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("session.pem");
    let file = file.to_str().unwrap();
    let login = r#"{"type":"login","protocol":1,"username":"ada","password":"seven green bottles"}"#;
    let Some(mut first) = OpenSsl::connect(server.address(), &["-tls1_2", "-sess_out", file]) else { return };
    first.send(login);
    first.stdout.wait_for("\"welcome\"");
    let mut second = OpenSsl::connect(server.address(), &["-tls1_2", "-sess_in", file]).unwrap();
    second.send(r#"{"type":"who","id":"w"}"#);
    let said = second.stdout.wait_for("not_logged_in");
    println!("resumed: {}", said.contains("Reused, TLSv1.2"));
    assert!(!said.contains("\"users\""), "{said}");
}
