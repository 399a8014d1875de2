//! The listening sockets, each with a thread that accepts.

use super::lobby;
use crate::protocol::DEFAULT_PORT;
use crate::server::state::Server;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The pause after a failed accept (out of descriptors, out of memory), doubled with each further one: as Go's
/// `net/http` does it.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long the server tries to wake its own accept thread when it ends.
const WAKE_WAIT: Duration = Duration::from_secs(1);

/// Opens the listening sockets: those that were asked for, or all interfaces.
///
/// # Errors
/// An address can't be had; says which, and why.
pub(crate) fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, String> {
    let listen = |address: SocketAddr| TcpListener::bind(address).map_err(|e| explain(address, &e));
    if !addresses.is_empty() {
        return addresses.iter().copied().map(listen).collect();
    }
    let (v4, v6) = ((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT).into(), (Ipv6Addr::UNSPECIFIED, DEFAULT_PORT).into());
    // One IPv6 socket takes both families, but for Windows; a machine without IPv6 has only the other.
    match TcpListener::bind(v6) {
        Ok(both) if cfg!(not(windows)) => Ok(vec![both]),
        Ok(only_v6) => Ok(vec![only_v6, listen(v4)?]),
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => Err(explain(v6, &e)),
        Err(_) => Ok(vec![listen(v4)?]),
    }
}

/// Where a server would listen: at the addresses that were asked for, or all interfaces.
pub(crate) fn addresses(asked: &[SocketAddr]) -> Vec<SocketAddr> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, DEFAULT_PORT));
    // As `bind` does it.
    let has_v6 = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_ok();
    if has_v6 && cfg!(not(windows)) { vec![v6] } else { vec![(Ipv4Addr::UNSPECIFIED, DEFAULT_PORT).into()] }
}

/// Starts a thread for each socket.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(server: &Arc<Server>, listeners: Vec<TcpListener>) -> io::Result<Vec<JoinHandle<()>>> {
    let spawn = |listener: TcpListener| {
        let server = Arc::clone(server);
        thread::Builder::new().name("accept".into()).spawn(move || accept(&server, &listener))
    };
    listeners.into_iter().map(spawn).collect()
}

/// Wakes the accept threads, which then see that the server ends.
pub(crate) fn stop(listening: &[SocketAddr], threads: Vec<JoinHandle<()>>) {
    for (&address, thread) in listening.iter().zip(threads) {
        let own = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        // A blocking accept has no other way to be told. If nothing comes through, the process ends without it.
        if TcpStream::connect_timeout(&(own, address.port()).into(), WAKE_WAIT).is_ok() {
            let _ = thread.join();
        }
    }
}

fn accept(server: &Arc<Server>, listener: &TcpListener) {
    let mut pause = PAUSE_MIN;
    loop {
        let accepted = listener.accept();
        if server.shutdown.requested() {
            return;
        }
        match accepted {
            Ok((socket, peer)) => {
                pause = PAUSE_MIN;
                lobby::receive(server, socket, SocketAddr::new(peer.ip().to_canonical(), peer.port()));
            }
            Err(e) => {
                log::warn!("can't accept: {e}; trying again in {pause:?}");
                thread::sleep(pause);
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

/// Why an address can't be listened on, and what to do about it.
pub(crate) fn explain(address: SocketAddr, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => ": another program listens there; stop it, or choose another port with --listen",
        io::ErrorKind::PermissionDenied => ": ports below 1024 are for the system; choose another with --listen",
        io::ErrorKind::AddrNotAvailable => ": this machine has no such address",
        _ => "",
    };
    format!("can't listen on {address} ({error}){advice}")
}
