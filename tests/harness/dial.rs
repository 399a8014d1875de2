//! Connections that std can't make.

use super::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

/// The nth address of this machine beside 127.0.0.1. All of 127.0.0.0/8 is its own.
pub(crate) fn loopback(n: u16) -> Ipv4Addr {
    let [high, low] = n.to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

/// Connects from another address of this machine.
#[track_caller]
pub(crate) fn dial_from(source: Ipv4Addr, server: SocketAddr) -> TcpStream {
    try_dial_from(source, false, server).unwrap()
}

/// Connects with a small buffer for what comes, which is full soon when nobody reads, and with the packets of a
/// real network: over those of the loopback, the other side's system keeps megabytes for it.
#[track_caller]
pub(crate) fn dial_small(server: SocketAddr) -> TcpStream {
    try_dial_small(server).unwrap()
}

/// The same, for a server that may not be there.
pub(crate) fn try_dial_small(server: SocketAddr) -> io::Result<TcpStream> {
    try_dial_from(Ipv4Addr::LOCALHOST, true, server)
}

/// Connects from an address of this machine; a `narrow` one has small buffers, as [`dial_small`] says.
pub(crate) fn try_dial_from(source: Ipv4Addr, narrow: bool, server: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if narrow {
        socket.set_recv_buffer_size(4 * 1024)?;
        socket.set_tcp_mss(536)?;
    }
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    socket.connect_timeout(&server.into(), DEADLINE)?;
    Ok(socket.into())
}
