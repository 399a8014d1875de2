//! A connection that may fail at any time, and says so instead of ending the test.

use super::{connector, try_dial_small};
use serde_json::Value;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting, the handshake, or a write may take. Longer than a connection is ever stalled.
const WAIT: Duration = Duration::from_secs(6);

/// Lines of JSON over TLS.
pub(crate) struct Wire {
    tls: native_tls::TlsStream<TcpStream>,
    /// The beginning of a line.
    partial: Vec<u8>,
}

impl Wire {
    /// Connects. A `narrow` one has little room for what it doesn't read.
    pub(crate) fn connect(address: SocketAddr, narrow: bool) -> io::Result<Self> {
        Self::over(if narrow { try_dial_small(address)? } else { TcpStream::connect_timeout(&address, WAIT)? })
    }

    /// TLS over a socket that is connected already.
    pub(crate) fn over(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(WAIT))?;
        socket.set_write_timeout(Some(WAIT))?;
        let tls = connector().connect("localhost", socket).map_err(|e| io::Error::other(e.to_string()))?;
        Ok(Self { tls, partial: Vec::new() })
    }

    /// What it goes over.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.tls.get_ref()
    }

    pub(crate) fn send(&mut self, request: &Value) -> io::Result<()> {
        self.send_bytes(format!("{request}\n").as_bytes())
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tls.write_all(bytes)
    }

    /// What has come, perhaps nothing within `wait`; an error when the connection is over.
    pub(crate) fn receive(&mut self, wait: Duration) -> io::Result<Vec<Value>> {
        self.tls.get_ref().set_read_timeout(Some(wait))?;
        let mut chunk = [0; 16 * 1024];
        match self.tls.read(&mut chunk) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => Ok(self.lines(&chunk[..n])),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(Vec::new()),
            Err(e) => Err(e),
        }
    }

    /// What TLS has let through is whole, so a line that is no JSON is the server's fault.
    fn lines(&mut self, bytes: &[u8]) -> Vec<Value> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                lines.push(serde_json::from_slice(&self.partial).unwrap());
                self.partial.clear();
            }
        }
        lines
    }
}
