//! The one line that a student types to join, and what it says that the server must show.
//!
//! `homeroom://192.0.2.5:7667#sha256:<64 hex digits>`
//!
//! `sha256:` is the fingerprint of the certificate; `key:` in its place is that of the key in it, which outlives a
//! renewal that keeps the key. Both may stand there, with `+` between them. The join code is the short form of the latter.

use crate::hex;
use crate::join_code::JoinCode;
use crate::protocol::DEFAULT_PORT;
use crate::sanitize::is_invisible;
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// An address as it is typed: without the port that is meant anyway.
fn as_typed(address: SocketAddr) -> String {
    if address.port() == DEFAULT_PORT { address.ip().to_string() } else { address.to_string() }
}

/// What is typed in a terminal to come in: the address may be left out where the network lets servers be found.
pub(crate) fn to_type(address: Option<SocketAddr>, code: &str) -> String {
    let place = address.map(|address| as_typed(address) + " ").unwrap_or_default();
    format!("homeroom-client {place}{code}")
}

/// The SHA-256 of a certificate's DER, or of a key's. Written `sha256:` and 64 lower-case hex digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER, or of a key as `SubjectPublicKeyInfo` in DER.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

/// What a server must show: a certificate, or any certificate with this key. Written `sha256:HEX`, `key:HEX`, the join
/// code, or `sha256:HEX+key:HEX`, where either is enough. A `+` means nothing to any shell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pin {
    certificate: Option<Fingerprint>,
    key: Option<Key>,
}

/// Which key it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Key {
    Whole(Fingerprint),
    Code(JoinCode),
}

impl Key {
    fn code(self) -> JoinCode {
        match self {
            Self::Whole(key) => JoinCode::of(&key.0),
            Self::Code(code) => code,
        }
    }

    fn is(self, shown: Self) -> bool {
        self == shown || matches!(self, Self::Code(code) if code == shown.code())
    }

    /// As much of it as can be compared with the other.
    fn like(self, other: Self) -> Self {
        match other {
            Self::Whole(_) => self,
            Self::Code(_) => Self::Code(self.code()),
        }
    }
}

impl Pin {
    /// Of a certificate in DER, and of its key. One that is no X.509 has no key that could be told.
    pub fn of(certificate: &[u8]) -> Self {
        let key = x509_parser::parse_x509_certificate(certificate).ok();
        let key = key.map(|(_, parsed)| Key::Whole(Fingerprint::of(parsed.public_key().raw)));
        Self { certificate: Some(Fingerprint::of(certificate)), key }
    }

    /// The same without the key, if there is a certificate.
    pub fn certificate_alone(&self) -> Self {
        self.certificate.map_or(*self, Self::from)
    }

    /// The same without the certificate, if there is a key.
    pub fn key_alone(&self) -> Option<Self> {
        self.key.map(|key| Self { certificate: None, key: Some(key) })
    }

    /// The join code, if there is a key.
    pub fn code(&self) -> Option<JoinCode> {
        self.key.map(Key::code)
    }

    /// Whether a server that shows this is the right one.
    pub fn accepts(&self, shown: &Self) -> bool {
        self.certificate.is_some() && self.certificate == shown.certificate
            || self.key.zip(shown.key).is_some_and(|(key, shown)| key.is(shown))
    }

    /// Of what is shown, that which can be compared with `other`.
    pub fn like(&self, other: &Self) -> Self {
        let key = self.key.zip(other.key).map(|(key, other)| key.like(other));
        Self { certificate: self.certificate.filter(|_| other.certificate.is_some() || key.is_none()), key }
    }
}

impl From<Fingerprint> for Pin {
    fn from(certificate: Fingerprint) -> Self {
        Self { certificate: Some(certificate), key: None }
    }
}

impl From<JoinCode> for Pin {
    fn from(code: JoinCode) -> Self {
        Self { certificate: None, key: Some(Key::Code(code)) }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.certificate.iter().try_for_each(|certificate| write!(f, "{certificate}"))?;
        let between = if self.certificate.is_some() { "+" } else { "" };
        self.key.iter().try_for_each(|key| match key {
            Key::Whole(key) => write!(f, "{between}key:{}", hex::Hex(&key.0)),
            Key::Code(code) => write!(f, "{between}{code}"),
        })
    }
}

impl FromStr for Pin {
    type Err = String;

    /// Reads what `Display` writes, in either order.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is neither a join code nor a fingerprint: {}, a fingerprint sha256: or key: and 64 hex \
                 digits, or both with + between",
                JoinCode::RULE
            )
        };
        let (mut certificate, mut key) = (None, None);
        for part in text.split('+') {
            let twice = if strip_kind(part, "sha256:").is_some() {
                certificate.replace(part.parse().map_err(|_| wrong())?).is_some()
            } else if let Some(digits) = strip_kind(part, "key:") {
                let digits = hex::parse(digits).ok_or_else(wrong)?;
                key.replace(Key::Whole(Fingerprint(digits))).is_some()
            } else {
                key.replace(Key::Code(part.parse().map_err(|_| wrong())?)).is_some()
            };
            if twice {
                return Err(wrong());
            }
        }
        Ok(Self { certificate, key })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::Hex(&self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    /// Reads what `Display` writes, in upper case too.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no fingerprint: it looks like sha256: and 64 hex digits");
        let digits = strip_kind(text, "sha256:").ok_or_else(wrong)?;
        hex::parse(digits).map(Self).ok_or_else(wrong)
    }
}

/// What a join link begins with.
const SCHEME: &str = "homeroom://";

/// What stands behind `kind`, whatever its case.
fn strip_kind<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(kind.len())?;
    head.eq_ignore_ascii_case(kind).then_some(rest)
}

/// Where a server is, and what it must show.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// A name or an address, without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// What it must show, where the link says so.
    pub pin: Option<Pin>,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "{SCHEME}[{}]:{}", self.host, self.port)?;
        } else {
            write!(f, "{SCHEME}{}:{}", self.host, self.port)?;
        }
        self.pin.iter().try_for_each(|pin| write!(f, "#{pin}"))
    }
}

impl FromStr for Link {
    type Err = String;

    /// Reads `HOST`, `HOST:PORT`, and either with `homeroom://` before and `#sha256:…` behind it.
    /// An IPv6 address with a port stands in brackets. Blanks around it don't count, nor does the case of `homeroom`:
    /// phones write a capital, and what is pasted often has a blank at its end.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let rest = strip_kind(text, SCHEME).unwrap_or(text);
        let (place, pin) = match rest.split_once('#') {
            Some((place, pin)) => (place, Some(pin.parse()?)),
            None => (rest, None),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        // Else its `:` would be that of a port.
        if let Some((scheme, _)) = place.split_once("://") {
            return Err(format!("`{text}` begins with {scheme}://, and a server's address with {SCHEME} or nothing"));
        }
        if place.starts_with('[') != place.contains(']') {
            return Err(format!(
                "`{text}` has a bracket without the other: an IPv6 address stands in both, [::1]:7667"
            ));
        }
        let (host, port) = split_port(place)
            .ok_or_else(|| format!("`{text}` has a port that is none: a port is a number from 1 to 65535"))?;
        let strange = |c: char| c.is_whitespace() || is_invisible(c) || "/?@[]".contains(c);
        if host.is_empty() || host.contains(strange) {
            return Err(format!(
                "`{text}` is no address: it looks like HOST, HOST:PORT or homeroom://HOST:PORT#sha256:…"
            ));
        }
        Ok(Self { host: host.to_owned(), port, pin })
    }
}

/// None when there is a port, or something behind the brackets, and it is no number from 1 to 65535.
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
        let key = Some(Key::Whole(Fingerprint::of(b"key")));
        for host in ["192.0.2.5", "pi.example.org", "2001:db8::5"] {
            for pin in [
                fingerprint.into(),
                Pin { certificate: None, key },
                Pin { certificate: Some(fingerprint), key },
                "k7f3-9xqm-2hpt-w8dn".parse().unwrap(),
            ] {
                let link = Link { host: host.into(), port: 7668, pin: Some(pin) };
                assert_eq!(link.to_string().parse(), Ok(link));
            }
        }
        let (one, other) = (fingerprint.to_string(), format!("key:{}", "0".repeat(64)));
        assert_eq!(format!("{one}+{other}").parse::<Pin>(), format!("{other}+{one}").parse());
        assert_eq!(fingerprint.to_string().to_uppercase().parse(), Ok(fingerprint));
        let shouted = format!("HOMEROOM://A#{one}+{other}").to_uppercase();
        assert_eq!(shouted.parse::<Link>().unwrap().pin, format!("{one}+{other}").parse().ok());
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
            ("Homeroom://a", "a", 7667),
            ("HOMEROOM://a:1", "a", 1),
            (" homeroom://a\n", "a", 7667),
        ] {
            assert_eq!(text.parse(), Ok(Link { host: host.into(), port, pin: None }), "{text}");
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
            "pi\u{200b}.local",
            "\u{feff}pi.local",
            "a#",
            "a#sha256:12",
            "http://a",
        ] {
            assert!(text.parse::<Link>().is_err(), "{text:?}");
        }
        assert!(format!("a#sha256:{}", "é".repeat(32)).parse::<Link>().is_err());
        for (text, told) in [
            ("[::1", "has a bracket without the other"),
            ("::1]:7667", "has a bracket without the other"),
            ("ftp://x", "begins with ftp://"),
            ("https://x:7667", "begins with https://"),
            ("a:x", "a port that is none"),
        ] {
            let error = text.parse::<Link>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        let one = Fingerprint::of(b"1");
        for pin in [format!("{one}+{one}"), format!("{one}+"), format!("+{one}"), format!("key:{one}")] {
            assert!(format!("a#{pin}").parse::<Link>().is_err(), "{pin}");
        }
    }

    /// A key and two certificates for it, and another key's.
    fn certificates() -> [Vec<u8>; 3] {
        let keys = [rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap()];
        let sign = |name: &str, key| {
            let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
            params.self_signed(key).unwrap().der().to_vec()
        };
        [sign("a", &keys[0]), sign("b", &keys[0]), sign("a", &keys[1])]
    }

    #[test]
    fn a_pinned_key_outlives_its_certificate() {
        let [first, renewed, foreign] = certificates().map(|certificate| Pin::of(&certificate));
        let certificate_alone = Pin::from(first.certificate.unwrap());
        let key_alone = first.key_alone().unwrap();
        let code = Pin::from(first.code().unwrap());
        for (pin, accepted) in [
            (first, [true, true, false]),
            (key_alone, [true, true, false]),
            (code, [true, true, false]),
            (certificate_alone, [true, false, false]),
        ] {
            assert_eq!([first, renewed, foreign].map(|shown| pin.accepts(&shown)), accepted, "{pin}");
        }
        assert_eq!(foreign.like(&certificate_alone), Pin::from(foreign.certificate.unwrap()));
        assert_eq!(foreign.like(&key_alone), foreign.key_alone().unwrap());
        assert_eq!(foreign.like(&code), Pin::from(foreign.code().unwrap()));
        let strange = Pin::of(b"no certificate");
        assert!(strange.key.is_none() && !strange.accepts(&first) && !first.accepts(&strange));
        assert_eq!(strange.like(&key_alone), strange, "something to show must be left");
    }
}
