//! The server's own certificate: for which names, addresses and days it is made, and which addresses it lacks.

use super::addresses::{Reach, own_addresses, reach};
use crate::identity::{self, CertificateInfo};
use crate::server::clock::built;
use jiff::Timestamp;
use std::net::IpAddr;

/// How many addresses a certificate names, so that a handshake stays small. Machines with containers have more.
const ADDRESSES_MAX: usize = 32;

/// Makes a certificate for this machine's names and addresses, and a key if none is given. `before` are the addresses of the
/// certificate whose place it takes. The bytes of `identity.p12`.
///
/// # Errors
/// What went wrong.
pub(crate) fn make(key: Option<&[u8]>, before: &[IpAddr], from: Timestamp) -> Result<Vec<u8>, String> {
    let host = gethostname::gethostname().to_string_lossy().into_owned();
    // As others in the local network call it, by mDNS.
    let local = format!("{host}.local");
    let names = if host.contains('.') { vec![host] } else { vec![host, local] };
    identity::make(&names, &addresses(&own_addresses(), before), from, key).map_err(|why| why.to_string())
}

/// What day it is for certificates: that of the build, if the clock says an earlier one.
pub(crate) fn today(now: Timestamp) -> Timestamp {
    now.max(built())
}

/// The addresses of the machine that a certificate should name and doesn't.
pub(crate) fn missing(certificate: &CertificateInfo, own: &[IpAddr]) -> Vec<IpAddr> {
    let named: Vec<IpAddr> = certificate.addresses().collect();
    own_part(own).filter(|ip| !named.iter().any(|named| stands_for(*named, *ip))).collect()
}

/// What a certificate names: the machine's addresses, and behind them those of private networks that it had before. A
/// network of containers that comes and goes, or a laptop that is carried between two schools, is so a reason once. Where
/// somebody was before in the wide world isn't told.
fn addresses(own: &[IpAddr], before: &[IpAddr]) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = own_part(own).collect();
    for ip in before {
        if addresses.len() < ADDRESSES_MAX && reach(*ip) != Reach::Everywhere && !addresses.contains(ip) {
            addresses.push(*ip);
        }
    }
    addresses
}

/// As many as there is room for. The loopback ones stand at the end, and aren't what is left out.
fn own_part(own: &[IpAddr]) -> impl Iterator<Item = IpAddr> + '_ {
    let (loopback, others): (Vec<IpAddr>, Vec<IpAddr>) = own.iter().partition(|ip| ip.is_loopback());
    let room = ADDRESSES_MAX.saturating_sub(loopback.len());
    others.into_iter().take(room).chain(loopback).take(ADDRESSES_MAX)
}

/// Whether a certificate that names the one does for the other. An IPv6 address of the same network does: a machine has a
/// lasting one in each, which people type, and others that change each day so that it can't be recognized (RFC 8981).
fn stands_for(named: IpAddr, ip: IpAddr) -> bool {
    match (named, ip) {
        (IpAddr::V6(named), IpAddr::V6(ip)) => {
            named == ip || !ip.is_loopback() && named.segments()[..4] == ip.segments()[..4]
        }
        _ => named == ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn no_day_before_the_build() {
        assert!(today(Timestamp::UNIX_EPOCH) == built() && today(Timestamp::MAX) == Timestamp::MAX);
    }

    #[test]
    fn an_address_of_another_network_is_missing_and_not_one_that_changes_each_day() {
        let certificate = |addresses: &[&str]| {
            let file = identity::make(&[], &ips(addresses), Timestamp::now(), None).unwrap();
            identity::read(&file).unwrap().certificate
        };
        let some = certificate(&["10.0.0.5", "2001:db8:0:1::5", "127.0.0.1", "::1"]);
        for (own, expected) in [
            (&["10.0.0.5", "127.0.0.1", "::1"][..], &[][..]),
            (&["127.0.0.1"], &[]),
            (&["2001:db8:0:1:1234:5678:9abc:def0"], &[]),
            (&["2001:db8:0:2::5"], &["2001:db8:0:2::5"]),
            (&["10.0.0.6", "172.17.0.1"], &["10.0.0.6", "172.17.0.1"]),
        ] {
            assert_eq!(missing(&some, &ips(own)), ips(expected));
        }
        assert_eq!(missing(&certificate(&["::2"]), &ips(&["::1"])), ips(&["::1"]));
    }

    /// Whatever is made names all that it is made for: else the next look would make another.
    #[test]
    fn networks_that_come_and_go_are_a_reason_once_and_very_many_are_none_for_ever() {
        let first = ips(&["10.0.0.5", "127.0.0.1"]);
        let docker = ips(&["10.0.0.5", "172.17.0.1", "2001:db8::5", "127.0.0.1"]);
        let grown = addresses(&docker, &first);
        assert_eq!(grown, docker);
        assert_eq!(addresses(&first, &grown), ips(&["10.0.0.5", "127.0.0.1", "172.17.0.1"]));
        let mut many: Vec<IpAddr> = (0..100).map(|last| IpAddr::from([172, 17, last, 1])).collect();
        many.extend(ips(&["127.0.0.1", "::1"]));
        let made = identity::make(&[], &addresses(&many, &first), Timestamp::now(), None).unwrap();
        let made = identity::read(&made).unwrap().certificate;
        assert_eq!(made.addresses().count(), ADDRESSES_MAX);
        assert!(made.addresses().any(|ip| ip.is_loopback()) && missing(&made, &many).is_empty());
    }
}
