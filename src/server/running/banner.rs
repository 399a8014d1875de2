//! What a start prints: all that the person before the screen needs to get everyone in.

use crate::identity::CertificateInfo;
use crate::link::Link;
use crate::protocol::Secret;
use crate::server::config::Lost;
use crate::server::state::{link_pin, own_addresses, reachable};
use std::io::{self, Write};
use std::net::SocketAddr;

/// Prints where the server listens, its fingerprint, the one-time password of a first start, and a join line for
/// each address; before that, loudly, what was lost and has been made anew. Ends with `ready`.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn print(
    listening: &[SocketAddr],
    certificate: &CertificateInfo,
    one_time: Option<&Secret>,
    lost: &[Lost],
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "homeroom {}", env!("CARGO_PKG_VERSION"))?;
    for address in listening {
        writeln!(out, "listening on {address}")?;
    }
    writeln!(out, "fingerprint {}", certificate.fingerprint)?;
    if let Some(password) = one_time {
        writeln!(out, "one-time password for admin: {}", password.expose())?;
    }
    for lost in lost {
        writeln!(out, "!! {lost}.\n!! A NEW ONE WAS MADE: {}.\n!! {}", lost.ends(), lost.remedy())?;
    }
    writeln!(out, "to join, type the line for an address that you can reach:")?;
    for address in reachable(listening, &own_addresses()) {
        let link = Link { host: address.ip().to_string(), port: address.port(), pin: Some(link_pin(certificate)) };
        writeln!(out, "  homeroom-client {link}")?;
    }
    writeln!(out, "ready")?;
    out.flush()
}
