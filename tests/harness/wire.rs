//! A connection that may fail at any time, and says so instead of ending the test.

use super::browser::{Frame, frame, opcode, take_frame, upgrade};
use super::{connector, try_dial_small};
use serde_json::Value;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting, the handshake, or a write may take. Longer than a connection is ever stalled.
const WAIT: Duration = Duration::from_secs(6);

/// What a text frame that is whole begins with.
const TEXT: u8 = 0x80 | opcode::TEXT;

/// Lines of JSON over TLS.
pub(crate) struct Wire {
    tls: native_tls::TlsStream<TcpStream>,
    /// What has come of a frame, where lines lie in frames.
    frames: Option<Vec<u8>>,
    /// The beginning of a line.
    partial: Vec<u8>,
}

impl Wire {
    /// Connects. A `narrow` one has little room for what it doesn't read.
    pub(crate) fn connect(address: SocketAddr, narrow: bool) -> io::Result<Self> {
        Self::over(if narrow { try_dial_small(address)? } else { TcpStream::connect_timeout(&address, WAIT)? })
    }

    /// The same as [`connect`](Self::connect), as a page does it: from here on lines lie in frames.
    pub(crate) fn through_the_page(address: SocketAddr, narrow: bool) -> io::Result<Self> {
        let mut wire = Self::connect(address, narrow)?;
        wire.tls.write_all(upgrade(address, &[]).as_bytes())?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            wire.tls.read_exact(&mut byte)?;
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        wire.frames = Some(Vec::new());
        Ok(wire)
    }

    /// TLS over a socket that is connected already.
    pub(crate) fn over(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(WAIT))?;
        socket.set_write_timeout(Some(WAIT))?;
        let tls = connector().connect("localhost", socket).map_err(|e| io::Error::other(e.to_string()))?;
        Ok(Self { tls, frames: None, partial: Vec::new() })
    }

    /// What it goes over.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.tls.get_ref()
    }

    pub(crate) fn send(&mut self, request: &Value) -> io::Result<()> {
        self.send_bytes(&self.encode(request))
    }

    /// What a request is on its way: a line, or a frame with one that lacks its end.
    pub(crate) fn encode(&self, request: &Value) -> Vec<u8> {
        match self.frames {
            None => format!("{request}\n").into_bytes(),
            Some(_) => frame(TEXT, request.to_string().as_bytes()),
        }
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
            Ok(n) if self.frames.is_some() => self.framed(&chunk[..n]),
            Ok(n) => Ok(self.lines(&chunk[..n])),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(Vec::new()),
            Err(e) => Err(e),
        }
    }

    /// The lines of those frames that are whole now.
    fn framed(&mut self, bytes: &[u8]) -> io::Result<Vec<Value>> {
        let mut came = self.frames.take().unwrap_or_default();
        came.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(Frame { opcode, payload }) = take_frame(&mut came) {
            match opcode {
                opcode::TEXT => lines.extend(self.lines(&payload)),
                opcode::CLOSE if lines.is_empty() => return Err(ErrorKind::ConnectionAborted.into()),
                // The connection's own end comes next.
                opcode::CLOSE => break,
                other => panic!("a frame of the kind {other}"),
            }
            assert!(
                self.partial.is_empty(),
                "a frame has a part of a line: {:?}",
                String::from_utf8_lossy(&self.partial)
            );
        }
        self.frames = Some(came);
        Ok(lines)
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
