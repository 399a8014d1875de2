//! How others get in: what the banner and `/code` show.

use super::addresses::{own_addresses, reachable};
use super::server::Server;
use crate::link::{self, Pin};
use crate::qr;
use crate::sync::lock;
use std::net::SocketAddr;

/// How many addresses are told. Machines with containers have more, which nobody can tell apart.
const ADDRESSES_MAX: usize = 4;

/// What somebody needs to get in.
pub(crate) struct Invitation {
    /// The join code. A certificate that is no X.509 has no key that could be told, and so a fingerprint in its place.
    pub(crate) code: String,
    /// Where the server can be reached by others; by this machine alone, where there are no others.
    pub(crate) places: Vec<SocketAddr>,
    /// The addresses of the page; none where browsers are not served.
    pub(crate) pages: Vec<String>,
}

impl Invitation {
    /// To a server that listens there and shows this.
    pub(crate) fn new(pin: Pin, listening: &[SocketAddr], web: bool) -> Self {
        let code = pin.code().map_or_else(|| pin.to_string(), |code| code.to_string());
        let reachable = reachable(listening, &own_addresses());
        let is_elsewhere = |address: &SocketAddr| !address.ip().is_loopback();
        let has_others = reachable.iter().any(is_elsewhere);
        let told = reachable.into_iter().filter(|address| is_elsewhere(address) || !has_others);
        let places: Vec<SocketAddr> = told.take(ADDRESSES_MAX).collect();
        let pages = if web { places.iter().map(|place| format!("https://{place}/")).collect() } else { Vec::new() };
        Self { code, places, pages }
    }

    /// What is typed in a terminal.
    pub(crate) fn line_to_type(&self) -> String {
        link::to_type(self.places.first().copied(), &self.code)
    }

    /// The first page's address as a QR code: rows of `0` and `1`, none where there is no page.
    pub(crate) fn qr(&self) -> Vec<String> {
        self.pages.first().map(|page| qr::rows(page)).unwrap_or_default()
    }
}

impl Server {
    /// How others get in now.
    pub(crate) fn invitation(&self) -> Invitation {
        let pin = lock(&self.identity).certificate.pin;
        Invitation::new(pin, &self.listening, self.web)
    }
}
