//! The server looks after itself: the service manager's watchdog hears every so often that it is well.

use crate::server::state::{Server, systemd};
use std::thread::JoinHandle;
use std::time::Instant;

/// How often the server looks after itself within the time in which the watchdog wants to hear of it. A look takes no
/// longer than such a part, so half of the time is left.
const LOOKS: u32 = 4;

/// Waits until the server is asked to end. Until then the watchdog, if there is one, hears that the server is well, and
/// only while it is: a service manager that hears nothing ends the process and starts it anew.
pub(crate) fn watch(server: &Server, accepting: &[JoinHandle<()>]) {
    let Some(patience) = systemd::watchdog() else { return server.shutdown.wait() };
    let pause = patience / LOOKS;
    while !server.shutdown.wait_for(pause) {
        match complaint(server, accepting, Instant::now() + pause) {
            Some(complaint) => log::error!("{complaint}: the watchdog is told nothing"),
            None => systemd::well(),
        }
    }
}

/// What keeps the server from serving. A lock that is never given back holds this up, too: then as well the watchdog
/// hears nothing.
fn complaint(server: &Server, accepting: &[JoinHandle<()>], deadline: Instant) -> Option<&'static str> {
    if accepting.iter().any(JoinHandle::is_finished) {
        return Some("a thread that accepts connections has ended");
    }
    (!server.chat.is_well(deadline)).then_some("a postman doesn't answer")
}
