//! Where the server can be reached.

use crate::link::{Link, Pin};
use crate::server::config::listen::takes_ipv6_alone;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What an address can be reached from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// This machine alone.
    Machine,
    /// The same network.
    Lan,
    /// The provider's network: it shares one address among many customers.
    Shared,
    /// Everywhere, if no firewall is in the way.
    Everywhere,
}

/// The machine's own addresses that others can use: the loopback ones last, none that need an interface's name.
pub(crate) fn own_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses: Vec<IpAddr> =
        interfaces.iter().map(if_addrs::Interface::ip).filter(|ip| !is_link_local(ip)).collect();
    if addresses.is_empty() {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    addresses.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6(), *ip));
    addresses.dedup();
    addresses
}

fn is_link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The long form of a join line, for each address at which those who listen there can be reached.
pub(crate) fn links(listening: &[SocketAddr], pin: Pin) -> Vec<Link> {
    let reachable = reachable(listening, &own_addresses()).into_iter();
    reachable.map(|at| Link { host: at.ip().to_string(), port: at.port(), pin: Some(pin) }).collect()
}

/// Every address at which those who listen there can be reached.
pub(crate) fn reachable(listening: &[SocketAddr], own: &[IpAddr]) -> Vec<SocketAddr> {
    let mut reachable = Vec::new();
    for address in listening {
        let hosts: Vec<IpAddr> = match address.ip() {
            IpAddr::V6(ip) if ip.is_unspecified() => {
                let ipv6_alone = takes_ipv6_alone(*address, listening);
                own.iter().copied().filter(|ip| ip.is_ipv6() || !ipv6_alone).collect()
            }
            IpAddr::V4(ip) if ip.is_unspecified() => own.iter().copied().filter(IpAddr::is_ipv4).collect(),
            ip => vec![ip],
        };
        for host in hosts {
            let address = SocketAddr::new(host, address.port());
            if !reachable.contains(&address) {
                reachable.push(address);
            }
        }
    }
    // Whatever the order of the sockets, those that others can use come first.
    reachable.sort_by_key(|address| own.iter().position(|ip| *ip == address.ip()));
    reachable
}

/// How far an address reaches.
pub(crate) fn reach(ip: IpAddr) -> Reach {
    match ip {
        _ if ip.is_loopback() => Reach::Machine,
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => Reach::Lan,
        // RFC 6598.
        IpAddr::V4(ip) if ip.octets()[0] == 100 && (64..128).contains(&ip.octets()[1]) => Reach::Shared,
        // RFC 4193, RFC 4291.
        IpAddr::V6(ip) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Lan,
        _ => Reach::Everywhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_line_for_each_address() {
        let own: Vec<IpAddr> = ["192.0.2.5", "2001:db8::5", "127.0.0.1"].map(|ip| ip.parse().unwrap()).into();
        let lines = |listening: &[&str]| {
            let listening: Vec<SocketAddr> = listening.iter().map(|text| text.parse().unwrap()).collect();
            reachable(&listening, &own).iter().map(SocketAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(lines(&["0.0.0.0:1"]), ["192.0.2.5:1", "127.0.0.1:1"]);
        assert_eq!(lines(&["[::]:1", "0.0.0.0:1"]), ["192.0.2.5:1", "[2001:db8::5]:1", "127.0.0.1:1"]);
        assert_eq!(lines(&["127.0.0.1:2"]), ["127.0.0.1:2"]);
        assert_eq!(lines(&["[::]:1"]), ["192.0.2.5:1", "[2001:db8::5]:1", "127.0.0.1:1"]);
        assert_eq!(lines(&["[::]:1", "127.0.0.1:1"]), ["[2001:db8::5]:1", "127.0.0.1:1"]);
    }

    #[test]
    fn how_far_an_address_reaches() {
        for (text, expected) in [
            ("127.0.0.1", Reach::Machine),
            ("::1", Reach::Machine),
            ("192.168.1.5", Reach::Lan),
            ("172.31.0.1", Reach::Lan),
            ("172.32.0.1", Reach::Everywhere),
            ("fd00::2", Reach::Lan),
            ("100.64.0.1", Reach::Shared),
            ("100.128.0.1", Reach::Everywhere),
            ("2001:db8::5", Reach::Everywhere),
        ] {
            assert_eq!(reach(text.parse().unwrap()), expected, "{text}");
        }
    }
}
