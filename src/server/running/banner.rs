//! What a start prints: all that the person before the screen needs to get everyone in, on one screen.

use crate::link::Pin;
use crate::protocol::{DEFAULT_PORT, Secret};
use crate::server::config::Lost;
use crate::server::state::{own_addresses, reachable};
use std::io::{self, Write};
use std::net::SocketAddr;

/// For how many addresses a line is printed. Machines with containers have more, which nobody can tell apart.
const ADDRESSES_MAX: usize = 4;

/// What is printed.
pub(crate) struct Banner<'a> {
    /// Where the server listens.
    pub(crate) listening: &'a [SocketAddr],
    /// What it shows.
    pub(crate) pin: Pin,
    /// The password of a first start.
    pub(crate) one_time: Option<&'a Secret>,
    /// What was lost and has been made anew.
    pub(crate) lost: &'a [Lost],
    /// The network is told: the code alone is enough to find the server.
    pub(crate) announced: bool,
}

impl Banner<'_> {
    /// Prints the join code, where the server listens, the one-time password of a first start, and what is to be typed to
    /// join. Ends with `ready`.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        // A certificate that is no X.509 has no key that could be told, and so no code.
        let code = self.pin.code().map_or_else(|| self.pin.to_string(), |code| code.to_string());
        writeln!(out, "\n    join code {code}\n")?;
        writeln!(out, "homeroom {}", env!("CARGO_PKG_VERSION"))?;
        for address in self.listening {
            writeln!(out, "listening on {address}")?;
        }
        if let Some(password) = self.one_time {
            writeln!(out, "one-time password for admin: {}", password.expose())?;
        }
        for lost in self.lost {
            writeln!(out, "!! {lost}.\n!! A NEW ONE WAS MADE: {}.\n!! {}", lost.ends(), lost.remedy())?;
        }
        writeln!(out, "to join, type in a terminal:")?;
        let reachable = reachable(self.listening, &own_addresses());
        let elsewhere: Vec<_> = reachable.iter().filter(|address| !address.ip().is_loopback()).collect();
        let found = self.announced && self.pin.code().is_some() && !elsewhere.is_empty();
        if found {
            writeln!(out, "  homeroom-client {code}")?;
            writeln!(out, "or, where the network lets no server be found:")?;
        }
        let shown = if elsewhere.is_empty() { reachable.iter().collect() } else { elsewhere };
        for address in shown.into_iter().take(ADDRESSES_MAX) {
            writeln!(out, "  homeroom-client {} {code}", place(*address))?;
        }
        writeln!(out, "ready")?;
        out.flush()
    }
}

/// An address as it is typed: without the port that is meant anyway.
fn place(address: SocketAddr) -> String {
    if address.port() == DEFAULT_PORT { address.ip().to_string() } else { address.to_string() }
}
