//! What the service manager is told, in systemd's notify protocol: that the server is ready, that it ends, that it
//! reads its configuration anew, and every so often that it is well.
//!
//! Without a service manager that asks for it (`NOTIFY_SOCKET`), and elsewhere than on Linux, nobody is told.

use super::Server;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the server looks after itself within the time in which the watchdog wants to hear of it. A look takes no
/// longer than such a part, so half of the time is left.
const LOOKS: u32 = 4;

/// Clients can come.
pub(super) fn ready() {
    systemd::tell_ready();
}

/// The server reads its configuration anew; [`ready`] says that it's done.
pub(super) fn reloading() {
    systemd::tell_reloading();
}

/// The server ends.
pub(super) fn stopping() {
    systemd::tell_stopping();
}

/// Waits until the server is asked to end. Until then the watchdog, if there is one, hears that the server is well, and
/// only while it is: a service manager that hears nothing ends the process and starts it anew.
pub(super) fn watch(server: &Server, accepting: &[JoinHandle<()>]) {
    let Some(patience) = systemd::watchdog() else { return server.shutdown.wait() };
    let pause = patience / LOOKS;
    while !server.shutdown.wait_for(pause) {
        match complaint(server, accepting, Instant::now() + pause) {
            Some(complaint) => log::error!("{complaint}: the watchdog is told nothing"),
            None => systemd::tell_watchdog(),
        }
    }
}

/// What keeps the server from serving. A lock that is never given back holds this up, too: then as well the watchdog
/// hears nothing.
fn complaint(server: &Server, accepting: &[JoinHandle<()>], deadline: Instant) -> Option<&'static str> {
    if accepting.iter().any(JoinHandle::is_finished) {
        return Some("a thread that accepts connections has ended");
    }
    (!server.room.is_well(deadline)).then_some("a postman doesn't answer")
}

#[cfg(target_os = "linux")]
mod systemd {
    use super::Duration;
    use sd_notify::NotifyState;

    pub(super) fn tell_ready() {
        tell(&[NotifyState::Ready]);
    }

    pub(super) fn tell_reloading() {
        // With the time, systemd 253 and newer can tell this reload from an older one.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    pub(super) fn tell_stopping() {
        tell(&[NotifyState::Stopping]);
    }

    pub(super) fn tell_watchdog() {
        tell(&[NotifyState::Watchdog]);
    }

    /// Within what time the watchdog wants to hear of the server.
    pub(super) fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    fn tell(state: &[NotifyState<'_>]) {
        if let Err(e) = sd_notify::notify(state) {
            log::warn!("can't tell the service manager: {e}");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod systemd {
    use super::Duration;

    pub(super) fn tell_ready() {}

    pub(super) fn tell_reloading() {}

    pub(super) fn tell_stopping() {}

    pub(super) fn tell_watchdog() {}

    pub(super) fn watchdog() -> Option<Duration> {
        None
    }
}
