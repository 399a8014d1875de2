//! Servers that announce themselves in the local network.

use super::connect;
use super::trust::{self, Expected};
use crate::client::error::ClientError;
use crate::client::terminal::{answer, notice, row};
use crate::client::threads::spawn;
use crate::join_code::JoinCode;
use crate::link::{Link, Pin};
use crate::sanitize;
use inner::Search;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

/// How long one search takes: each server answers within a tenth of a second or is asked again after a second.
const SEARCH_WAIT: Duration = Duration::from_millis(1_500);
/// How often the one with a code is looked for, which mostly is found at once. Each search begins anew: an interface that
/// came up a moment ago is no part of the one before.
const CODE_SEARCHES: usize = 4;
/// How many are listed. A list that is longer than this helps nobody.
const LISTED_MAX: usize = 20;
/// How many that claim a code are looked at, all at once. More than one is a liar's work, or a server's with several
/// addresses.
const CLAIMS_MAX: usize = 32;

/// A server that says that it is there. Anybody can say so: it is a place to look at, and its code is still to be
/// confirmed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    /// What it calls itself; to be made safe before it's shown.
    pub(super) name: String,
    /// Where it is; without a pin, so that trusting it is asked for.
    pub(super) server: Link,
    /// What it says that it will show.
    pub(super) announced: Option<Pin>,
}

/// The servers of this network, sorted by name; none where looking isn't possible.
pub(super) fn search() -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for new in Search::start(SEARCH_WAIT) {
        note(&mut found, new);
        if found.len() >= LISTED_MAX {
            break;
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// A server tells its addresses one network after the other: the first that is good stays.
fn note(found: &mut Vec<Found>, new: Found) {
    if found.len() < LISTED_MAX && found.iter().all(|other| other.name != new.name) {
        found.push(new);
    }
}

/// What somebody who looks for a code is told.
enum Sight {
    /// A server of another code.
    Other(Found),
    /// One that claims the code, and whether it has the key.
    Claim(Link, Result<(), ClientError>),
}

/// Where the server with this code is. Anybody can claim a code: only one that shows the key is believed, and whoever
/// keeps a newcomer waiting keeps nobody else's answer back.
///
/// # Errors
/// There is none; or those that claim it are others.
pub(super) fn locate(code: JoinCode) -> Result<Link, ClientError> {
    let pin = Pin::from(code);
    let (sights, seen) = mpsc::channel();
    spawn("search", move || look_for(pin, &sights))?;
    let (mut others, mut refused) = (Vec::new(), None);
    while let Ok(sight) = seen.recv() {
        match sight {
            Sight::Other(found) => note(&mut others, found),
            Sight::Claim(server, Ok(())) => return Ok(server),
            Sight::Claim(_, Err(error @ ClientError::WrongCertificate { .. })) => {
                notice(&error);
                refused = Some(error);
            }
            Sight::Claim(server, Err(error)) => log::debug!("{}: {error}", trust::address(&server)),
        }
    }
    list(&others);
    Err(refused.unwrap_or(ClientError::NoServerWithCode(code)))
}

/// Tells what it sees; the channel closes when all is seen.
fn look_for(pin: Pin, sights: &Sender<Sight>) {
    let mut claims = Vec::new();
    for found in (0..CODE_SEARCHES).flat_map(|_| Search::start(SEARCH_WAIT)) {
        let Some(announced) = found.announced.filter(|announced| pin.accepts(announced)) else {
            // Nobody listens any more once the right one is found.
            if sights.send(Sight::Other(found)).is_err() {
                return;
            }
            continue;
        };
        if claims.contains(&found.server) || claims.len() >= CLAIMS_MAX {
            continue;
        }
        log::debug!("{announced} is claimed at {}", trust::address(&found.server));
        claims.push(found.server.clone());
        let sights = sights.clone();
        let server = Link { pin: Some(pin), ..found.server };
        let _ = spawn("claim", move || {
            let shown = connect::again(&server, Expected::Pinned(pin)).map(drop);
            let _ = sights.send(Sight::Claim(server, shown));
        });
    }
}

/// Shows a person what was found, numbered from 1.
pub(super) fn list(found: &[Found]) {
    if found.is_empty() {
        return;
    }
    answer("servers in this network:");
    for (index, Found { name, server, announced }) in found.iter().enumerate() {
        let code = announced.and_then(|pin| pin.code()).map_or_else(String::new, |code| code.to_string());
        row(format_args!("{:>3}  {}  {}  {code}", index + 1, sanitize::line(name), trust::address(server)));
    }
}

#[cfg(feature = "discovery")]
mod inner {
    use super::Found;
    use crate::discovery::{PIN, SERVICE};
    use crate::link::Link;
    use mdns_sd::{Receiver, ResolvedService, ServiceDaemon, ServiceEvent};
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    /// Servers as they answer, until a time has passed.
    pub(super) struct Search {
        /// None where looking isn't possible.
        asked: Option<(ServiceDaemon, Receiver<ServiceEvent>)>,
        deadline: Instant,
    }

    impl Search {
        /// Asks who is there.
        pub(super) fn start(wait: Duration) -> Self {
            let asked = ServiceDaemon::new().and_then(|daemon| daemon.browse(SERVICE).map(|events| (daemon, events)));
            Self { asked: asked.ok(), deadline: Instant::now() + wait }
        }
    }

    impl Iterator for Search {
        type Item = Found;

        fn next(&mut self) -> Option<Found> {
            let (_, events) = self.asked.as_ref()?;
            // Somebody may answer without end: the time is looked at each time.
            while Instant::now() < self.deadline {
                let ServiceEvent::ServiceResolved(service) = events.recv_deadline(self.deadline).ok()? else {
                    continue;
                };
                if let Some(found) = read(&service) {
                    return Some(found);
                }
            }
            None
        }
    }

    impl Drop for Search {
        fn drop(&mut self) {
            if let Some((daemon, _)) = &self.asked {
                let _ = daemon.shutdown();
            }
        }
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
    use std::time::Duration;

    pub(super) struct Search;

    impl Search {
        pub(super) fn start(_wait: Duration) -> Self {
            Self
        }
    }

    impl Iterator for Search {
        type Item = Found;

        fn next(&mut self) -> Option<Found> {
            None
        }
    }
}
