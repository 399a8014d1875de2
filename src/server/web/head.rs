//! The head of a request: its first line and its headers, held to [`HEAD_BYTES_MAX`].

use std::net::Ipv6Addr;

/// The longest head that is read; a browser's has some 500 bytes.
pub(super) const HEAD_BYTES_MAX: usize = 8 * 1024;
/// And the most headers; a browser sends some 15.
const HEADERS_MAX: usize = 64;

/// A request without its body.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    /// As it was asked for, with what stands behind a `?`.
    target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
}

/// Why something that came is no request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BadHead {
    /// It is none that could be understood.
    Malformed,
    /// It is too long, or has too many headers.
    TooLarge,
}

impl Head {
    /// The head that `bytes` begin with, and how long it is; None while its end hasn't come.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, BadHead> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let length = match request.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= HEAD_BYTES_MAX => length,
            Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES_MAX => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(BadHead::TooLarge),
            Err(_) => return Err(BadHead::Malformed),
        };
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| BadHead::Malformed);
        let named = |header: &httparse::Header<'_>| Ok((header.name.to_ascii_lowercase(), text(header.value)?));
        let head = Self {
            method: request.method.unwrap_or_default().into(),
            target: request.path.unwrap_or_default().into(),
            headers: request.headers.iter().map(named).collect::<Result<_, _>>()?,
        };
        // Without one it would not be known where a WebSocket's page came from, or a redirect leads.
        let is_one = head.place().is_some() && head.target.starts_with('/') && head.target.is_ascii();
        if is_one { Ok(Some((head, length))) } else { Err(BadHead::Malformed) }
    }

    /// The path and what stands behind it.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// The path alone.
    pub(super) fn path(&self) -> &str {
        self.target.split(['?', '#']).next().unwrap_or_default()
    }

    /// A header that there is once.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Whether a header is there at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }

    /// Whether a list, such as `Connection`, names this.
    pub(super) fn lists(&self, name: &str, wanted: &str) -> bool {
        let lists = self.headers.iter().filter(|(known, _)| known == name);
        lists.flat_map(|(_, list)| list.split(',')).any(|item| item.trim().eq_ignore_ascii_case(wanted))
    }

    /// Whether something follows that isn't a further request.
    pub(super) fn has_body(&self) -> bool {
        self.has("transfer-encoding") || (self.has("content-length") && self.one("content-length") != Some("0"))
    }

    /// The host and port that were asked for, if they can be ones.
    pub(super) fn place(&self) -> Option<&str> {
        self.one("host").filter(|host| is_place(host))
    }
}

/// Whether a text is a host, with a port or without. What isn't one never comes into an answer.
pub(super) fn is_place(text: &str) -> bool {
    let (host, port) = match text.rfind(':') {
        Some(at) if !text.ends_with(']') => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    };
    let is_port =
        |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    let is_name = |name: &str| {
        let is_part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        (1..=253).contains(&name.len()) && name.bytes().all(is_part)
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ipv6) => ipv6.parse::<Ipv6Addr>().is_ok(),
        None => is_name(host),
    };
    is_host && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_what_only_looks_like_one() {
        for good in
            ["192.0.2.5:7667", "pi.local", "[2001:db8::5]:7667", "[::1]", "x", "a-b.example:1", "xn--bcher-kva.example"]
        {
            assert!(is_place(good), "{good}");
        }
        for bad in [
            "",
            ":1",
            "a:",
            "a:0",
            "a:65536",
            "a:+1",
            "a b",
            "a/b",
            "evil.example/@pi",
            "u@h",
            "a\\b",
            "a?b",
            "a#b",
            "[::1",
            "::1",
            "[::1]x",
            "[x]",
            "a:1:2",
            "a\tb",
            "\u{e4}",
            "a%2fb",
            "a,b",
            "a;b",
            "\"a\"",
            "<a>",
        ] {
            assert!(!is_place(bad), "{bad}");
        }
    }

    #[test]
    fn a_head_is_as_long_as_it_may_be_and_no_longer() {
        let long = |bytes: usize| {
            let bare = "GET / HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n".len();
            format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "a".repeat(bytes - bare)).into_bytes()
        };
        assert_eq!(Head::parse(&long(HEAD_BYTES_MAX)).unwrap().unwrap().1, HEAD_BYTES_MAX);
        assert_eq!(Head::parse(&long(HEAD_BYTES_MAX + 1)).unwrap_err(), BadHead::TooLarge);
        assert!(Head::parse(&long(HEAD_BYTES_MAX)[..HEAD_BYTES_MAX - 1]).unwrap().is_none());
        assert_eq!(Head::parse(&long(HEAD_BYTES_MAX + 1)[..HEAD_BYTES_MAX]).unwrap_err(), BadHead::TooLarge);
    }
}
