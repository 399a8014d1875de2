//! The server says in the local network that it is there, with its fingerprint.
//!
//! The mdns-sd crate does it, in a thread and on sockets of its own, which have nothing to do with the chat's. Where it
//! can't, the server runs without.

pub(crate) use inner::{Announcement, start};

#[cfg(feature = "discovery")]
mod inner {
    use crate::discovery::{PIN, SERVICE};
    use crate::identity::CertificateInfo;
    use crate::reason::Reason;
    use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};
    use std::net::{IpAddr, SocketAddr};
    use std::time::Duration;

    /// How long the end waits until the network has been told.
    const GOODBYE_WAIT: Duration = Duration::from_millis(500);
    /// The longest label in the DNS (RFC 1035, 2.3.4).
    const LABEL_BYTES_MAX: usize = 63;

    /// What is told at present.
    pub(crate) struct Announcement {
        daemon: ServiceDaemon,
        listening: SocketAddr,
    }

    /// Begins to announce the first address that others can reach; None where there is none, or it can't be done.
    pub(crate) fn start(listening: &[SocketAddr], certificate: &CertificateInfo) -> Option<Announcement> {
        let listening = *listening.iter().find(|address| !address.ip().is_loopback())?;
        let failed =
            |e: mdns_sd::Error| log::warn!("the server can't be announced in the local network: {}", Reason(&e));
        let daemon = ServiceDaemon::new().map_err(failed).ok()?;
        let announcement = Announcement { daemon, listening };
        let loopback = vec![IfKind::LoopbackV4, IfKind::LoopbackV6];
        announcement
            .daemon
            .disable_interface(loopback)
            .and_then(|()| announcement.tell(certificate))
            .map_err(failed)
            .ok()?;
        log::info!("announced in the local network as `{}`", instance());
        Some(announcement)
    }

    impl Announcement {
        /// Tells of another certificate.
        pub(crate) fn renew(&self, certificate: &CertificateInfo) {
            if let Err(e) = self.tell(certificate) {
                log::warn!("the new certificate can't be announced: {}", Reason(&e));
            }
        }

        /// Takes it back.
        pub(crate) fn end(&self) {
            let told = self.daemon.unregister(&format!("{}.{SERVICE}", instance()));
            let told = told.map(|answer| answer.recv_timeout(GOODBYE_WAIT).is_ok());
            log::debug!("the announcement is taken back: {told:?}");
            let _ = self.daemon.shutdown();
        }

        fn tell(&self, certificate: &CertificateInfo) -> mdns_sd::Result<()> {
            let pin = certificate.pin.to_string();
            let (ip, port) = (self.listening.ip(), self.listening.port());
            let addresses: Vec<IpAddr> = if ip.is_unspecified() { Vec::new() } else { vec![ip] };
            // A host name of its own: a responder of the system's may hold the machine's.
            let host = format!("{}-homeroom.local.", label(LABEL_BYTES_MAX - "-homeroom".len()));
            let service = ServiceInfo::new(SERVICE, &instance(), &host, &addresses[..], port, &[(PIN, pin)][..])?;
            self.daemon.register(if ip.is_unspecified() { service.enable_addr_auto() } else { service })
        }
    }

    /// What people see in a list: the machine's name.
    fn instance() -> String {
        label(LABEL_BYTES_MAX)
    }

    /// The machine's name as one label of the DNS.
    fn label(bytes_max: usize) -> String {
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        let first = host.split('.').next().unwrap_or_default();
        let safe: String =
            first.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(bytes_max).collect();
        if safe.is_empty() { "homeroom".into() } else { safe }
    }
}

/// Built without: nothing is ever announced.
#[cfg(not(feature = "discovery"))]
mod inner {
    use crate::identity::CertificateInfo;
    use std::net::SocketAddr;

    pub(crate) enum Announcement {}

    pub(crate) fn start(_listening: &[SocketAddr], _certificate: &CertificateInfo) -> Option<Announcement> {
        None
    }

    impl Announcement {
        pub(crate) fn renew(&self, _certificate: &CertificateInfo) {
            match *self {}
        }

        pub(crate) fn end(&self) {
            match *self {}
        }
    }
}
