//! The listening sockets, each with a thread that accepts.

use super::lobby;
use crate::protocol::DEFAULT_PORT;
use crate::reason::Reason;
use crate::server::config::{budget::SEND_BUFFER_BYTES, listen};
use crate::server::state::Server;
use socket2::{Domain, Protocol, Socket, Type};
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
/// How many connections the system keeps until they are accepted; as std has it.
const WAITING_CONNECTIONS_MAX: i32 = 128;
/// How long the server tries to wake its own accept thread when it ends.
const WAKE_WAIT: Duration = Duration::from_secs(1);

/// Opens the listening sockets: those that were asked for, or all interfaces.
///
/// # Errors
/// An address can't be had; says which, and why.
pub(crate) fn bind(asked: &[SocketAddr]) -> Result<Vec<TcpListener>, String> {
    open(asked).into_iter().map(|(address, opened)| opened.map_err(|e| explain(address, &e))).collect()
}

/// Each address with its socket, or with why there is none.
pub(crate) fn open(asked: &[SocketAddr]) -> Vec<(SocketAddr, io::Result<TcpListener>)> {
    let all = addresses(asked);
    all.iter().map(|&address| (address, open_one(address, listen::takes_ipv6_alone(address, &all)))).collect()
}

/// Where a server would listen: at the addresses that were asked for, or all interfaces.
pub(crate) fn addresses(asked: &[SocketAddr]) -> Vec<SocketAddr> {
    // A machine without IPv6 has only the other.
    if asked.is_empty() && TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).is_err() {
        return vec![(Ipv4Addr::UNSPECIFIED, DEFAULT_PORT).into()];
    }
    listen::wanted(asked)
}

/// As std opens one, and beside that says which family it takes, which std can't. What `[::]` takes by itself differs
/// from system to system.
fn open_one(address: SocketAddr, ipv6_alone: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // Some systems never take both; that is no reason not to start.
        socket.set_only_v6(ipv6_alone).or_else(|e| if ipv6_alone { Err(e) } else { Ok(()) })?;
    }
    // So that a restart needn't wait for old connections. On Windows it would let another program listen there too.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    // Each connection has its listener's. A system that won't have it so goes on with its own.
    let _ = socket.set_send_buffer_size(SEND_BUFFER_BYTES);
    socket.bind(&address.into())?;
    socket.listen(WAITING_CONNECTIONS_MAX)?;
    Ok(socket.into())
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
        // A blocking accept has no other way to be told. If nothing comes through, the process ends without it.
        if TcpStream::connect_timeout(&from_here(address), WAKE_WAIT).is_ok() {
            let _ = thread.join();
        }
    }
}

/// Where this machine itself reaches whoever listens on an address.
pub(crate) fn from_here(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
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
                let why = Reason(&e);
                log::warn!(
                    "can't accept a connection: {why}; trying again in {pause:?}; `homeroom-server doctor` tells what this \
                     machine allows"
                );
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
    format!("can't listen on {address} ({}){advice}", Reason(error))
}
