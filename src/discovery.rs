//! How a server is found in the local network: by mDNS and DNS-SD (RFC 6762, RFC 6763), as printers are.
//!
//! The server announces itself (`server::announce`), the client looks (`client::discover`). Anybody in the network can
//! announce anything, so what is found is a place to look at and never a reason to trust it.

/// What is announced.
pub(crate) const SERVICE: &str = "_homeroom._tcp.local.";
/// The key of the TXT record that has what the server shows, as a join link has it.
pub(crate) const PIN: &str = "pin";
