//! TLS as OpenSSL's own client sees it.

use crate::harness::{Output, Server};
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// `openssl s_client`, connected; killed when dropped.
struct Client {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Client {
    /// None where there's no OpenSSL on the command line.
    fn connect(server: SocketAddr, args: &[&str]) -> Option<Self> {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &server.to_string()]).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
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

impl Drop for Client {
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
        let Some(client) = Client::connect(server.address(), &args) else { return };
        let said = client.stderr.to_end();
        assert!(said.contains("alert protocol version"), "{version}: {said}");
    }
}

/// native-tls gives a server no TLS 1.3 on OpenSSL. A client that could speak it as well gets 1.2.
#[test]
fn tls_1_2_works_and_so_does_a_client_that_offers_1_3() {
    let server = Server::with_users(&[]);
    for args in [&["-tls1_2"][..], &[]] {
        let Some(mut client) = Client::connect(server.address(), args) else { return };
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
    let Some(mut client) = Client::connect(server.address(), &["-tls1_2"]) else { return };
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
    let Some(mut first) = Client::connect(server.address(), &["-tls1_2", "-sess_out", file]) else { return };
    first.send(login);
    first.stdout.wait_for("\"welcome\"");
    let mut second = Client::connect(server.address(), &["-tls1_2", "-sess_in", file]).unwrap();
    second.send(r#"{"type":"who","id":"w"}"#);
    let said = second.stdout.wait_for("not_logged_in");
    println!("resumed: {}", said.contains("Reused, TLSv1.2"));
    assert!(!said.contains("\"users\""), "{said}");
}
