//! What the service manager is told, in systemd's notify protocol: that the server is ready, that it ends, that it
//! reads its configuration anew, and every so often that it is well.
//!
//! Without a service manager that asks for it (`NOTIFY_SOCKET`), and elsewhere than on Linux, nobody is told.

pub(crate) use inner::{ready, reloading, stopping, watchdog, well};

#[cfg(target_os = "linux")]
mod inner {
    use crate::reason::Reason;
    use sd_notify::NotifyState;
    use std::time::Duration;

    /// Clients can come.
    pub(crate) fn ready() {
        tell(&[NotifyState::Ready]);
    }

    /// The server reads its configuration anew; [`ready`] says that it's done.
    pub(crate) fn reloading() {
        // With the time, systemd 253 and newer can tell this reload from an older one.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// The server ends.
    pub(crate) fn stopping() {
        tell(&[NotifyState::Stopping]);
    }

    /// The server is well.
    pub(crate) fn well() {
        tell(&[NotifyState::Watchdog]);
    }

    /// Within what time the watchdog wants to hear of the server.
    pub(crate) fn watchdog() -> Option<Duration> {
        sd_notify::watchdog_enabled()
    }

    fn tell(state: &[NotifyState<'_>]) {
        if let Err(e) = sd_notify::notify(state) {
            log::warn!("can't tell the service manager: {}", Reason(&e));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod inner {
    use std::time::Duration;

    pub(crate) fn ready() {}

    pub(crate) fn reloading() {}

    pub(crate) fn stopping() {}

    pub(crate) fn well() {}

    pub(crate) fn watchdog() -> Option<Duration> {
        None
    }
}
