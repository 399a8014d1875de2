//! Servers that announce themselves in the local network.

pub(crate) use inner::search;

use super::trust;
use crate::client::terminal::{answer, row};
use crate::link::{Link, Pin};
use crate::sanitize;

/// As much of a fingerprint as tells two servers apart on a line; the whole of it is shown before it is trusted.
const PIN_CHARS_SHOWN: usize = "sha256:".len() + 16;

/// A server that says that it is there. Anybody can say so: it is a place to look at, and its fingerprint is still to
/// be confirmed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    /// What it calls itself; to be made safe before it's shown.
    pub(super) name: String,
    /// Where it is; without a pin, so that trusting it is asked for.
    pub(super) server: Link,
    /// What it says that it will show.
    pub(super) announced: Option<Pin>,
}

/// Shows a person what was found, numbered from 1.
pub(super) fn list(found: &[Found]) {
    if found.is_empty() {
        return;
    }
    answer("servers in this network:");
    for (index, Found { name, server, announced }) in found.iter().enumerate() {
        let pin = announced.map_or_else(String::new, |pin| pin.to_string());
        let pin: String = pin.chars().take(PIN_CHARS_SHOWN).collect();
        row(format_args!("{:>3}  {}  {}  {pin}", index + 1, sanitize::line(name), trust::address(server)));
    }
}

#[cfg(feature = "discovery")]
mod inner {
    use super::Found;
    use crate::discovery::{PIN, SERVICE};
    use crate::link::Link;
    use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    /// How long is looked for servers: each answers within a tenth of a second or is asked again after a second.
    const SEARCH_WAIT: Duration = Duration::from_millis(1_500);
    /// How many are listed. A list that is longer than this helps nobody.
    const FOUND_MAX: usize = 20;

    /// Looks for servers, for [`SEARCH_WAIT`]. Sorted by name; none where looking isn't possible.
    pub(crate) fn search() -> Vec<Found> {
        let Ok(daemon) = ServiceDaemon::new() else { return Vec::new() };
        let Ok(events) = daemon.browse(SERVICE) else { return Vec::new() };
        let deadline = Instant::now() + SEARCH_WAIT;
        let mut found: Vec<Found> = Vec::new();
        while let Ok(event) = events.recv_deadline(deadline) {
            let ServiceEvent::ServiceResolved(service) = event else { continue };
            // A server tells its addresses one network after the other: the first that is good stays.
            let new = read(&service).filter(|new| found.iter().all(|other| other.name != new.name));
            found.extend(new);
            if found.len() >= FOUND_MAX {
                break;
            }
        }
        let _ = daemon.shutdown();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    /// None without an address that can be joined.
    fn read(service: &ResolvedService) -> Option<Found> {
        // IPv4 first: every home network has it. A link-local IPv6 address needs a zone, which can't be told.
        let joinable = |ip: &IpAddr| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
        let addresses = service.get_addresses().iter().map(|address| address.to_ip_addr());
        let address = addresses.filter(joinable).min_by_key(|ip| (ip.is_ipv6(), *ip))?;
        let name = service.get_fullname().trim_end_matches(SERVICE).trim_end_matches('.').to_owned();
        let announced = service.get_property_val_str(PIN).and_then(|pin| pin.parse().ok());
        let server = Link { host: address.to_string(), port: service.get_port(), pin: None };
        Some(Found { name, server, announced })
    }
}

/// Built without looking.
#[cfg(not(feature = "discovery"))]
mod inner {
    use super::Found;

    pub(crate) fn search() -> Vec<Found> {
        Vec::new()
    }
}
