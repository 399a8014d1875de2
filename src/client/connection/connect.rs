//! The way to a server: TCP, then TLS, then whether it is the right one. Nothing is said to it before that.

use super::reach::{Unreached, reach};
use super::slow::Slow;
use super::trust::{self, Expected, KnownServers};
use crate::client::advice;
use crate::client::console::Console;
use crate::client::error::ClientError;
use crate::client::terminal::notice;
use crate::duplex::{Duplex, HandshakeError};
use crate::link::{Link, Pin};
use crate::protocol::Request;
use jiff::Timestamp;
use native_tls::{Protocol, TlsConnector};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the TLS handshake may take.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(15);

/// What the command line says that a server must show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) pin: Pin,
    /// `--fingerprint` says it, or a join code by itself, not a link alone: that is no slip.
    pub(crate) on_purpose: bool,
}

/// A connection to a server that is the right one.
#[derive(Debug)]
pub(crate) struct Connected {
    /// What is read from and written to.
    pub(crate) socket: Arc<TcpStream>,
    /// What is said over it.
    pub(crate) tls: Duplex,
}

impl Connected {
    /// Says something, under an id if it has one.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) fn send(&mut self, request: &Request, id: Option<&str>) -> Result<(), ClientError> {
        let lost = |error| ClientError::Lost { error: Some(error) };
        self.tls.send(&self.socket, &request.encode(id)).map_err(lost)
    }
}

/// Connects to a server for the first time in this run, and finds out what makes it the right one.
///
/// With a pin that certificate or key alone; otherwise the one that was trusted before; otherwise one that the system's
/// roots accept; otherwise a person is asked. Also where a link says another than was trusted before: links are easily
/// passed on by whoever means harm.
///
/// # Errors
/// [`ClientError`]; from a pipe also when a person would have to be asked.
pub(crate) fn meet(
    server: &Link,
    wanted: Option<Wanted>,
    known: &KnownServers,
    console: &Console,
) -> Result<(Connected, Expected), ClientError> {
    let before = known.find(server)?;
    let slow = Slow::connecting(server);
    if let Some(Wanted { pin, on_purpose }) = wanted {
        let (connected, shown) = dial_pinned(server, pin)?;
        drop(slow);
        let connected = match before {
            Some((before, line)) if !before.accepts(&shown) => {
                let contradiction = Contradiction { before, shown, on_purpose, entry: entry(line, known) };
                contradiction.settle(server, console, connected)?
            }
            _ => connected,
        };
        if before.map(|(pin, _)| pin) != Some(shown) {
            remember(server, shown, known);
        }
        return Ok((connected, Expected::Pinned(shown)));
    }
    if let Some((expected, line)) = before {
        let (connected, shown) = dial_any(server)?;
        if !expected.accepts(&shown) {
            let entry = entry(line, known);
            let (expected, shown) = (Box::new(expected), Box::new(shown.like(&expected)));
            return Err(ClientError::ChangedCertificate { server: trust::address(server), expected, shown, entry });
        }
        // A certificate that was renewed for the same key, or a line from before keys were remembered.
        if shown != expected {
            remember(server, shown, known);
        }
        return Ok((connected, Expected::Pinned(shown)));
    }
    match dial(server, verifying(server)?) {
        Ok(connected) => Ok((connected, Expected::Roots)),
        // Not accepted, or no TLS at all: the second attempt tells.
        Err(ClientError::Handshake { error: HandshakeError::Tls(_), .. }) => {
            drop(slow);
            introduce(server, known, console)
        }
        Err(other) => Err(other),
    }
}

/// What is remembered of a server, and what it shows as the link or `--fingerprint` says that it should.
struct Contradiction {
    before: Pin,
    shown: Pin,
    /// As [`Wanted::on_purpose`].
    on_purpose: bool,
    /// Where the other is remembered.
    entry: String,
}

impl Contradiction {
    /// Has somebody decide for what is shown. The connection, or a fresh one after a question.
    fn settle(self, server: &Link, console: &Console, connected: Connected) -> Result<Connected, ClientError> {
        let (address, expected) = (trust::address(server), Box::new(self.before));
        if self.on_purpose {
            notice(format_args!("what you say takes the place of what was remembered for {address}: {expected}"));
            return Ok(connected);
        }
        let shown = Box::new(self.shown.like(&self.before));
        let error = ClientError::ContradictingLink { server: address, expected, shown, entry: self.entry };
        if !console.is_terminal() {
            return Err(error);
        }
        notice(&error);
        if !console.confirm("believe the link, and forget what was remembered?") {
            return Err(ClientError::NotTrusted { server: trust::address(server) });
        }
        // A server drops strangers who take their time, as somebody does who asks around first.
        drop(connected);
        dial_pinned(server, self.shown).map(|(connected, _)| connected)
    }
}

/// Where something is remembered.
fn entry(line: usize, known: &KnownServers) -> String {
    format!("line {line} of {}", known.path().display())
}

/// Connects to a server that nobody vouches for, and asks whether it is to be trusted.
fn introduce(server: &Link, known: &KnownServers, console: &Console) -> Result<(Connected, Expected), ClientError> {
    let (connected, shown) = dial_any(server)?;
    let address = trust::address(server);
    let certificate = connected.tls.peer_certificate();
    let trouble = certificate.and_then(|certificate| advice::out_of_time(&certificate, Timestamp::now()));
    if !console.is_terminal() {
        let shown = Box::new(shown);
        return Err(ClientError::UnknownServer { server: address, shown, trouble });
    }
    notice(format_args!("this is the first time that you join {address}, and nobody vouches for it"));
    if let Some(code) = shown.code() {
        notice(format_args!("its join code is {code}"));
    }
    notice(format_args!("its certificate is {}", shown.certificate_alone()));
    if let Some(trouble) = trouble {
        notice(trouble);
    }
    notice("compare that with what the server shows when it starts");
    if !console.confirm("trust this server?") {
        return Err(ClientError::NotTrusted { server: address });
    }
    remember(server, shown, known);
    Ok((connected, Expected::Pinned(shown)))
}

/// Connects to a server that was met before.
///
/// # Errors
/// [`ClientError`].
pub(crate) fn again(server: &Link, expected: Expected) -> Result<Connected, ClientError> {
    match expected {
        Expected::Pinned(pin) => dial_pinned(server, pin).map(|(connected, _)| connected),
        Expected::Roots => {
            let failed = match dial(server, verifying(server)?) {
                Err(failed @ ClientError::Handshake { error: HandshakeError::Tls(_), .. }) => failed,
                other => return other,
            };
            // If TLS works without a look at the certificate, the certificate is what is wrong.
            let shown = Box::new(dial_any(server).map_err(|_| failed)?.1);
            Err(ClientError::NoLongerVouched { server: trust::address(server), shown })
        }
    }
}

/// Connects to the one server that has the pin, and tells all that it shows.
fn dial_pinned(server: &Link, expected: Pin) -> Result<(Connected, Pin), ClientError> {
    let (connected, shown) = dial_any(server)?;
    if !expected.accepts(&shown) {
        let (expected, shown) = (Box::new(expected), Box::new(shown.like(&expected)));
        return Err(ClientError::WrongCertificate { server: trust::address(server), expected, shown });
    }
    Ok((connected, shown))
}

fn remember(server: &Link, pin: Pin, known: &KnownServers) {
    if let Err(why) = known.remember(server, pin) {
        notice(format_args!("the server's certificate can't be remembered: {why}"));
    }
}

/// A connector with the system's own checks.
fn verifying(server: &Link) -> Result<TlsConnector, ClientError> {
    builder(server).build().map_err(ClientError::Tls)
}

/// Connects whatever certificate is shown, and tells which. The caller must look at it before anything else.
fn dial_any(server: &Link) -> Result<(Connected, Pin), ClientError> {
    let mut builder = builder(server);
    // Nobody vouches for what is shown here, so the roots needn't be read: 0.2 MB, parsed, on each start.
    builder.disable_built_in_roots(true).danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
    let connected = dial(server, builder.build().map_err(ClientError::Tls)?)?;
    let certificate = connected.tls.peer_certificate();
    let certificate = certificate.ok_or_else(|| ClientError::NoCertificate { server: trust::address(server) })?;
    Ok((connected, Pin::of(&certificate)))
}

fn builder(server: &Link) -> native_tls::TlsConnectorBuilder {
    let mut builder = TlsConnector::builder();
    // TLS 1.0 and 1.1 are forbidden by RFC 8996; a name to be indicated is never an address (RFC 6066, 3).
    builder.min_protocol_version(Some(Protocol::Tlsv12)).use_sni(tls_name(server).parse::<IpAddr>().is_err());
    builder
}

/// What a certificate calls the server: an IPv6 address without its zone.
fn tls_name(server: &Link) -> &str {
    match server.host.split_once('%') {
        Some((address, _zone)) if address.contains(':') => address,
        _ => &server.host,
    }
}

/// Connects to the first address of the server's with which TLS comes to its end, as the connector wants it.
fn dial(server: &Link, connector: TlsConnector) -> Result<Connected, ClientError> {
    let name = tls_name(server).to_owned();
    let shake = move |socket: TcpStream| {
        socket.set_nodelay(true).map_err(HandshakeError::Io)?;
        let (socket, deadline) = (Arc::new(socket), Instant::now() + HANDSHAKE_WAIT);
        let tls = Duplex::connect(&connector, &name, &socket, deadline)?;
        Ok(Connected { socket, tls })
    };
    reach(server, shake).map_err(|unreached| match unreached {
        Unreached::Name(error) => ClientError::Resolve { host: server.host.clone(), error },
        Unreached::Connection(error) => ClientError::Connect { server: trust::address(server), error },
        Unreached::Handshake(error) => ClientError::Handshake { server: trust::address(server), error },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_tls() {
        for (host, name) in [("pi.local", "pi.local"), ("::1", "::1"), ("fe80::1%eth0", "fe80::1"), ("a%b", "a%b")] {
            assert_eq!(tls_name(&Link { host: host.into(), port: 1, pin: None }), name);
        }
    }
}
