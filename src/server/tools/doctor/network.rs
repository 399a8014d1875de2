//! Ports and addresses: whether others can get here, and what would have to be done.

use crate::duplex::Duplex;
use crate::identity::CertificateInfo;
use crate::link::Pin;
use crate::reason::Reason;
use crate::server::door::accept;
use crate::server::state::{self, Reach, own_addresses, reach};
use crate::server::tools::finding::Finding::{self, Bad, Good, Note};
use native_tls::TlsConnector;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long whatever listens here has to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(3);
/// How much of an answer is read; the metrics have a tenth of it.
const ANSWER_BYTES_MAX: usize = 128 * 1024;

/// Whether each address that is to be listened on is free, or this very server's; tried as a start does it.
pub(super) fn ports(listen: &[SocketAddr], certificate: Option<&CertificateInfo>) -> Vec<Finding> {
    // All of them are open at once, so that one that is in another's way shows.
    let opened = accept::open(listen);
    opened.iter().map(|(address, opened)| port(*address, opened.as_ref().err(), certificate)).collect()
}

fn port(address: SocketAddr, failed: Option<&io::Error>, certificate: Option<&CertificateInfo>) -> Finding {
    let Some(error) = failed else { return Good(format!("{address} is free: no server runs there")) };
    match connect(address, error) {
        Some(socket) => who_answers(address, socket, certificate),
        None => Bad(accept::explain(address, error)),
    }
}

/// Whether the metrics can be served where they are to be, or are already.
pub(super) fn metrics(address: SocketAddr) -> Finding {
    let error = match TcpListener::bind(address) {
        Ok(_) => return Good(format!("{address} is free for the metrics")),
        Err(e) => e,
    };
    match connect(address, &error).map(|socket| answer(socket, "GET /metrics HTTP/1.0\r\n\r\n")) {
        Some(page) if page.contains("homeroom_info") => Good(format!("{address} is answered with a server's metrics")),
        _ => Bad(format!("no metrics can be served on {address} ({}): change --metrics", Reason(&error))),
    }
}

/// Whoever listens already where a socket couldn't be had for that reason.
fn connect(address: SocketAddr, error: &io::Error) -> Option<TcpStream> {
    let taken = error.kind() == io::ErrorKind::AddrInUse;
    taken.then(|| TcpStream::connect_timeout(&accept::from_here(address), ANSWER_WAIT).ok()).flatten()
}

/// What comes back, as far as it comes in time.
fn answer(mut socket: TcpStream, request: &str) -> String {
    let (mut page, mut piece, deadline) = (Vec::new(), [0; 4096], Instant::now() + ANSWER_WAIT);
    // Whatever is missing of the request, the answer is judged as it is.
    let _ = socket.set_write_timeout(Some(ANSWER_WAIT)).and_then(|()| socket.write_all(request.as_bytes()));
    while page.len() < ANSWER_BYTES_MAX {
        let left = deadline.saturating_duration_since(Instant::now());
        // No time left is no timeout that can be set.
        match socket.set_read_timeout(Some(left)).and_then(|()| socket.read(&mut piece)) {
            Ok(0) | Err(_) => break,
            Ok(bytes) => page.extend_from_slice(&piece[..bytes]),
        }
    }
    String::from_utf8_lossy(&page).into_owned()
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
        (Err(why), _) => {
            Bad(format!("{address} is answered by something that isn't homeroom ({why}): choose another --listen"))
        }
    }
}

fn certificate_of(socket: TcpStream) -> Result<Pin, String> {
    let mut builder = TlsConnector::builder();
    // Whose it is, is what is asked here; nothing is said.
    builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true).use_sni(false);
    let connector = builder.build().map_err(|e| Reason(&e).to_string())?;
    let tls = Duplex::connect(&connector, "localhost", &Arc::new(socket), Instant::now() + ANSWER_WAIT);
    let certificate = tls.map_err(|e| Reason(&e).to_string())?.peer_certificate().ok_or("it shows no certificate")?;
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
