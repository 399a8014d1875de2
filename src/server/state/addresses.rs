//! Where the server can be reached.

use crate::link::{Link, Pin};
use crate::server::config::listen::takes_ipv6_alone;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
}
