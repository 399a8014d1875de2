//! The one line that a student types to join, and the fingerprint in it.
//!
//! `homeroom://192.0.2.5:7667#sha256:<64 hex digits>`

use crate::hex;
use crate::protocol::DEFAULT_PORT;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 of a certificate's DER. Written `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::Hex(&self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Reads what `Display` writes; upper-case digits are taken too.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no fingerprint: it looks like sha256: and 64 hex digits");
        let digits = text.strip_prefix("sha256:").ok_or_else(wrong)?;
        hex::parse(digits).map(Self).ok_or_else(wrong)
    }
}

/// Where a server is, and which certificate it must show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// A name or an address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The certificate's fingerprint where the link carries one.
    pub fingerprint: Option<Fingerprint>,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "homeroom://[{}]:{}", self.host, self.port)?;
        } else {
            write!(f, "homeroom://{}:{}", self.host, self.port)?;
        }
        self.fingerprint.iter().try_for_each(|fingerprint| write!(f, "#{fingerprint}"))
    }
}

impl FromStr for Link {
    type Err = String;

    /// Reads `HOST`, `HOST:PORT`, and either with `homeroom://` before and `#sha256:…` behind it.
    /// An IPv6 address with a port stands in brackets.
    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix("homeroom://").unwrap_or(text);
        let (place, fingerprint) = match rest.split_once('#') {
            Some((place, fingerprint)) => (place, Some(fingerprint.parse()?)),
            None => (rest, None),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let (host, port) = split_port(place).ok_or_else(|| format!("`{text}` has a port that is none"))?;
        let strange = |c: char| c.is_whitespace() || c.is_control() || "/?@[]".contains(c);
        if host.is_empty() || host.contains(strange) {
            return Err(format!(
                "`{text}` is no address: it looks like HOST, HOST:PORT or homeroom://HOST:PORT#sha256:…"
            ));
        }
        Ok(Self { host: host.to_owned(), port, fingerprint })
    }
}

/// None when there is a port and it is no number from 1 to 65535.
fn split_port(place: &str) -> Option<(&str, u16)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        match place.split_once(':') {
            Some((_, rest)) if rest.contains(':') => (place, None), // a bare IPv6 address
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let port = port.map_or(Some(DEFAULT_PORT), |digits| {
        let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|&port| port != 0 && all_digits)
    })?;
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_read_back() {
        let fingerprint = Fingerprint::of(b"certificate");
        for host in ["192.0.2.5", "pi.example.org", "2001:db8::5"] {
            let link = Link { host: host.into(), port: 7668, fingerprint: Some(fingerprint) };
            assert_eq!(link.to_string().parse(), Ok(link));
        }
        assert_eq!(fingerprint.to_string().to_uppercase().replace("SHA256", "sha256").parse(), Ok(fingerprint));
    }

    #[test]
    fn short_forms() {
        for (text, host, port) in [
            ("localhost", "localhost", 7667),
            ("localhost:1", "localhost", 1),
            ("::1", "::1", 7667),
            ("[::1]", "::1", 7667),
            ("[::1]:65535", "::1", 65535),
            ("homeroom://a/", "a", 7667),
        ] {
            assert_eq!(text.parse(), Ok(Link { host: host.into(), port, fingerprint: None }), "{text}");
        }
    }

    #[test]
    fn what_is_no_link() {
        for text in [
            "",
            ":7667",
            "a:0",
            "a:65536",
            "a:x",
            "a:+1",
            "a:",
            "[::1",
            "[::1]x",
            "a b",
            "a#",
            "a#sha256:12",
            "http://a",
        ] {
            assert!(text.parse::<Link>().is_err(), "{text:?}");
        }
        assert!(format!("a#sha256:{}", "é".repeat(32)).parse::<Link>().is_err());
    }
}
