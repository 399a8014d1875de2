//! Ports and addresses: whether others can get here, and what would have to be done.

use crate::duplex::Duplex;
use crate::identity::CertificateInfo;
use crate::link::Pin;
use crate::server::door::accept;
use crate::server::state::{self, own_addresses};
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use native_tls::TlsConnector;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long whatever listens here has to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// What an address can be reached from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reach {
    /// This machine alone.
    Machine,
    /// The same network.
    Lan,
    /// The provider's network: it shares one address among many customers.
    Shared,
    /// Everywhere, if no firewall is in the way.
    Everywhere,
}

/// Whether each address that is to be listened on is free, or this very server's.
pub(super) fn ports(listen: &[SocketAddr], certificate: Option<&CertificateInfo>) -> Vec<Finding> {
    accept::addresses(listen).into_iter().map(|address| port(address, certificate)).collect()
}

fn port(address: SocketAddr, certificate: Option<&CertificateInfo>) -> Finding {
    let own = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    };
    if address.port() != 0 {
        if let Ok(socket) = TcpStream::connect_timeout(&own, ANSWER_WAIT) {
            return who_answers(address, socket, certificate);
        }
    }
    match TcpListener::bind(address) {
        Ok(_) => Good(format!("{address} is free: no server runs there")),
        Err(e) => Bad(accept::explain(address, &e)),
    }
}

fn who_answers(address: SocketAddr, socket: TcpStream, certificate: Option<&CertificateInfo>) -> Finding {
    let shown = certificate_of(socket);
    match (shown, certificate) {
        (Ok(shown), Some(own)) if own.pin.accepts(&shown) => {
            Good(format!("{address} is answered by this server, with its certificate"))
        }
        (Ok(_), Some(_)) => Bad(format!(
            "{address} is answered with another certificate than this folder's: another server, or this one before a reload"
        )),
        (Ok(_), None) => Bad(format!("{address} is answered by a server on another folder: choose another --listen")),
        (Err(e), _) => {
            Bad(format!("{address} is answered by something that isn't homeroom ({e}): choose another --listen"))
        }
    }
}

fn certificate_of(socket: TcpStream) -> Result<Pin, String> {
    let mut builder = TlsConnector::builder();
    // Whose it is, is what is asked here; nothing is said.
    builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true).use_sni(false);
    let connector = builder.build().map_err(|e| e.to_string())?;
    let tls = Duplex::connect(&connector, "localhost", &Arc::new(socket), Instant::now() + ANSWER_WAIT);
    let certificate = tls.map_err(|e| e.to_string())?.peer_certificate().ok_or("it shows no certificate")?;
    Ok(Pin::of(&certificate))
}

/// Where this machine can be reached.
pub(super) fn addresses(listen: &[SocketAddr]) -> Vec<Finding> {
    let finding = |address: SocketAddr| {
        let ip = address.ip();
        match reach(ip) {
            Reach::Machine => Note(format!("{ip}: from this machine alone")),
            Reach::Lan => Good(format!("{ip}: from your own network")),
            Reach::Shared => Note(format!("{ip}: from within your provider's network, which shares addresses")),
            Reach::Everywhere => Good(format!("{ip}: from everywhere, where no firewall is in the way")),
        }
    };
    let own = reachable(listen);
    let mut findings: Vec<Finding> = own.iter().copied().map(finding).collect();
    if own.iter().all(|address| reach(address.ip()) == Reach::Machine) {
        findings.push(Note("nobody else can join: there is no network, or --listen is for this machine alone".into()));
    }
    findings
}

/// What somebody outside needs, and what the owner has to do for it.
pub(super) fn outsiders(listen: &[SocketAddr]) -> Vec<Finding> {
    let own = reachable(listen);
    let Some(port) = own.first().map(SocketAddr::port) else { return Vec::new() };
    let with = |wanted: Reach, v6: bool| {
        own.iter().find(|address| reach(address.ip()) == wanted && address.is_ipv6() == v6).map(SocketAddr::ip)
    };
    let mut findings = Vec::new();
    if let Some(ip) = with(Reach::Everywhere, true) {
        findings.push(Note(format!("by IPv6: open TCP port {port} for {ip} in the router's firewall")));
    }
    if let Some(ip) = with(Reach::Everywhere, false) {
        findings.push(Note(format!("{ip} is a public address: open TCP port {port} in the firewalls before it")));
    } else if let Some(ip) = with(Reach::Lan, false) {
        findings.push(Note(format!(
            "by IPv4: forward TCP port {port} in the router to {ip}, and give {ip} to this machine for good"
        )));
        findings.push(Note(
            "look at the router's own address outside: if it begins with 10., 192.168., 172.16. to 172.31. or 100.64. to \
             100.127., the provider shares it (carrier-grade NAT) and forwarding can't work: use IPv6, or ask for an address"
                .into(),
        ));
    }
    if with(Reach::Shared, false).is_some() {
        findings
            .push(Note("this machine itself is behind carrier-grade NAT: only IPv6 reaches it from outside".into()));
    }
    if findings.is_empty() {
        return vec![Note("this machine has no address that could be reached from outside".into())];
    }
    findings.push(Note(
        "a name from dynamic DNS outlives a change of address; put it into the join link in place of the address"
            .into(),
    ));
    findings
}

fn reachable(listen: &[SocketAddr]) -> Vec<SocketAddr> {
    state::reachable(&accept::addresses(listen), &own_addresses())
}

fn reach(ip: IpAddr) -> Reach {
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
