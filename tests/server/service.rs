//! What a service manager hears, in systemd's notify protocol.

#[cfg(feature = "fault-injection")]
use crate::harness::Peer;
use crate::harness::{ADMIN, DEADLINE, DataDir, Server, assert_reply};
use serde_json::json;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;
use tempfile::TempDir;

/// What the watchdog of these tests wants to hear within.
const WATCHDOG: Duration = Duration::from_secs(4);

/// A stand-in for systemd, and the folder of its socket.
struct Systemd(UnixDatagram, #[allow(dead_code)] TempDir);

impl Systemd {
    /// A server that it supervises.
    fn start() -> (Self, Server) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let server = DataDir::with_users(&[]).server().env("NOTIFY_SOCKET", path.display());
        let server = server.env("WATCHDOG_USEC", WATCHDOG.as_micros()).start();
        (Self(socket, folder), server)
    }

    /// The next message; None if none comes within `wait`.
    fn hears(&self, wait: Duration) -> Option<String> {
        self.0.set_read_timeout(Some(wait)).unwrap();
        let mut message = [0; 256];
        let length = self.0.recv(&mut message).ok()?;
        Some(String::from_utf8(message[..length].to_vec()).unwrap())
    }

    /// Waits until nothing comes any more for as long as the watchdog is patient.
    #[cfg(feature = "fault-injection")]
    fn hears_no_more(&self) {
        // What was on its way when the fault struck, and no more.
        let before = std::iter::from_fn(|| self.hears(WATCHDOG)).take(2).collect::<Vec<_>>();
        assert!(before.len() < 2, "it goes on: {before:?}");
    }
}

/// Has something of the server broken.
#[cfg(feature = "fault-injection")]
fn strike(admin: &mut Peer, fault: &str) {
    admin.send(&json!({"type": "ping", "id": fault}));
}

#[test]
fn a_service_manager_hears_when_it_is_ready_well_and_ending() {
    let (systemd, mut server) = Systemd::start();
    assert_eq!(systemd.hears(DEADLINE).as_deref(), Some("READY=1\n"));
    let mut admin = server.login(ADMIN);
    for _ in 0..2 {
        assert_eq!(systemd.hears(WATCHDOG).as_deref(), Some("WATCHDOG=1\n"));
        admin.say("all is well");
    }
    server.hang_up();
    let mut reload = std::iter::from_fn(|| systemd.hears(DEADLINE)).filter(|message| message != "WATCHDOG=1\n");
    let reloading = reload.next().unwrap();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(reload.next().as_deref(), Some("READY=1\n"));
    assert_reply(&admin.ask(json!({"type": "shutdown"})));
    let last = std::iter::from_fn(|| systemd.hears(DEADLINE)).find(|message| message != "WATCHDOG=1\n");
    assert_eq!(last.as_deref(), Some("STOPPING=1\n"));
    assert_eq!(server.wait(), Some(0));
}

#[test]
#[cfg(feature = "fault-injection")]
fn the_watchdog_hears_nothing_once_a_postman_is_gone() {
    let (systemd, server) = Systemd::start();
    assert_eq!(systemd.hears(DEADLINE).as_deref(), Some("READY=1\n"));
    strike(&mut server.login(ADMIN), "fault-postman");
    systemd.hears_no_more();
    server.stderr.wait_for("a postman doesn't answer");
}

#[test]
#[cfg(feature = "fault-injection")]
fn the_watchdog_hears_nothing_once_a_lock_is_never_given_back() {
    let (systemd, server) = Systemd::start();
    assert_eq!(systemd.hears(DEADLINE).as_deref(), Some("READY=1\n"));
    strike(&mut server.login(ADMIN), "fault-standstill");
    systemd.hears_no_more();
}
