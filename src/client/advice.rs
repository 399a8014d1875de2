//! Why something probably went wrong on the way to a session, and what to do next.
//!
//! Each piece of advice is what follows an error's first line: lines indented by two blanks.

use crate::duplex::HandshakeError;
use crate::protocol::{DEFAULT_PORT, ErrorCode};
use crate::reason::Reason;
use jiff::Timestamp;
use std::io::{self, ErrorKind};
use x509_parser::prelude::X509Certificate;

/// No address is known for a host's name.
pub(super) fn unresolved(host: &str, error: &io::Error) -> String {
    let text = error.to_string().to_ascii_lowercase();
    let is_silent = error.kind() == ErrorKind::TimedOut;
    let why = if is_silent || text.contains("temporary") || text.contains("try again") {
        "Probably this machine is not on the network, or its name server doesn't answer."
    } else if host.ends_with(".local") {
        "Probably that machine is off or in another network: names in .local hold in one network only."
    } else {
        "Probably the name is mistyped, or this machine is not on the network."
    };
    format!(
        "\n  {why}\n  Check the name, or take an address in numbers: the server printed a line for each of its own\n    \
         homeroom-client 192.0.2.5"
    )
}

/// No address of the host answers.
pub(super) fn unreached(server: &str, error: &io::Error) -> String {
    let asked = server.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let other_port = match asked {
        Some(DEFAULT_PORT) | None => "The server printed which port it listens on; another than 7667 is given as",
        Some(_) => "Most servers listen on 7667, which need not be given; another port is given as",
    };
    match error.kind() {
        ErrorKind::ConnectionRefused => format!(
            "\n  That machine is there, but nothing listens on this port. Probably the server isn't running, or listens \
             on\n  another port or address.\n  {other_port}\n    homeroom-client HOST:PORT"
        ),
        ErrorKind::TimedOut => "\n  Probably a firewall lets nothing through, or that machine is off, or the address is \
                                an old one.\n  On the server's machine, TCP port 7667 must be open; from outside, the \
                                router must forward it."
            .into(),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
            "\n  There is no route to that address. Probably this machine is not on the network, or the address belongs \
             to\n  another one: 192.168.x.x and 10.x.x.x hold at home alone, and [fd..] and [fe80..] likewise.\n  Take \
             another of the lines that the server printed."
                .into()
        }
        _ => "\n  Check the network of this machine, and whether the server runs.".into(),
    }
}

/// Why there was no TLS, without the library's own words.
pub(super) fn handshake(error: &HandshakeError) -> String {
    match error {
        HandshakeError::Io(e) => Reason(e).to_string(),
        HandshakeError::Tls(e) if is_old(e) => "no version of it that is safe".into(),
        HandshakeError::Tls(_) => "the answer makes no sense".into(),
    }
}

fn is_old(error: &native_tls::Error) -> bool {
    let text = error.to_string().to_ascii_lowercase();
    text.contains("unsupported protocol") || text.contains("alert protocol version")
}

/// Something answers, but not as a homeroom server.
pub(super) fn no_tls(error: &HandshakeError) -> String {
    let another = "Probably another program listens on this port";
    match error {
        HandshakeError::Io(e) if e.kind() == ErrorKind::TimedOut => {
            format!(
                "\n  {another}, one that says nothing by itself. Check the port: homeroom's is 7667 unless the server \
                     printed another."
            )
        }
        HandshakeError::Io(_) => format!(
            "\n  {another}, or the server is too busy to let anyone in.\n  Check the port: homeroom's is 7667 unless the \
             server printed another. If it is right, try again in a minute."
        ),
        HandshakeError::Tls(e) => {
            if is_old(e) {
                "\n  It speaks TLS, but a version that is too old to be safe: homeroom needs TLS 1.2 or newer.\n  Probably \
                 it is no homeroom server. Check the address and the port."
                    .into()
            } else {
                format!(
                    "\n  {another}, such as a web or SSH server. Check the port: homeroom's is 7667 unless the server \
                         printed another."
                )
            }
        }
    }
}

/// The server refuses a login.
pub(super) fn refused(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::BadCredentials => {
            "\n  Probably a slip: passwords tell upper and lower case apart, and a one-time password holds for some days, \
             until it was changed.\n  Try again. If it is forgotten, ask an administrator for a new one (/resetpassword)."
        }
        ErrorCode::Banned => "\n  Only an administrator can let you in again (/unban). Ask who runs the server.",
        ErrorCode::UnsupportedProtocol => {
            "\n  This client and the server don't belong together: one of them is too old. Get the client of the server's \
             version\n  (this one tells its own with --version), or ask who runs the server to renew it."
        }
        ErrorCode::DoorClosed => {
            "\n  A class code is good for some minutes. Ask the teacher for the one that is shown now (/door)."
        }
        ErrorCode::ShuttingDown => "\n  It is being stopped or restarted. Try again in a minute.",
        ErrorCode::TryLater => "\n  Your password may be right. Wait that long, and try again.",
        ErrorCode::ServerFull => "\n  Your password is right, but there is no room.",
        ErrorCode::Internal => "\n  The server can't do what it should. Tell who runs it; its log says more.",
        _ => "",
    }
}

/// What is wrong with the time of a certificate in DER, if anything: it has run out, it isn't valid yet, or the clock
/// is wrong.
pub(super) fn out_of_time(certificate: &[u8], now: Timestamp) -> Option<String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    wrong_time(&parsed, now)
}

fn wrong_time(certificate: &X509Certificate<'_>, now: Timestamp) -> Option<String> {
    let day = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    let (from, to) = (day(certificate.validity().not_before)?, day(certificate.validity().not_after)?);
    let what = match () {
        () if now > to => format!("its certificate ran out on {}", to.strftime("%Y-%m-%d")),
        () if now < from => format!("its certificate is valid from {} on", from.strftime("%Y-%m-%d")),
        () => return None,
    };
    Some(format!(
        "{what}, and this machine's clock says {}: if the clock is right, ask who runs the server to renew it",
        now.strftime("%Y-%m-%d %H:%M UTC")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> io::Error {
        kind.into()
    }

    #[test]
    fn each_failure_has_its_advice() {
        for (kind, words) in [
            (ErrorKind::ConnectionRefused, "nothing listens"),
            (ErrorKind::TimedOut, "firewall"),
            (ErrorKind::NetworkUnreachable, "no route"),
            (ErrorKind::HostUnreachable, "no route"),
            (ErrorKind::PermissionDenied, "Check the network"),
        ] {
            assert!(unreached("pi:7667", &error(kind)).contains(words), "{kind}");
        }
        assert!(unreached("pi:80", &error(ErrorKind::ConnectionRefused)).contains("Most servers listen on 7667"));
        assert!(unreached("pi:7667", &error(ErrorKind::ConnectionRefused)).contains("printed which port"));
        assert!(unresolved("pi.local", &io::Error::other("Name or service not known")).contains("in .local"));
        assert!(unresolved("pi.lan", &io::Error::other("Name or service not known")).contains("mistyped"));
        let offline = io::Error::other("Temporary failure in name resolution");
        assert!(unresolved("pi.lan", &offline).contains("not on the network"));
        assert!(no_tls(&HandshakeError::Io(error(ErrorKind::TimedOut))).contains("says nothing"));
        assert!(no_tls(&HandshakeError::Io(error(ErrorKind::UnexpectedEof))).contains("too busy"));
        for (code, words) in [
            (ErrorCode::BadCredentials, "/resetpassword"),
            (ErrorCode::Banned, "/unban"),
            (ErrorCode::UnsupportedProtocol, "too old"),
            (ErrorCode::TryLater, "Wait"),
            (ErrorCode::ServerFull, "no room"),
            (ErrorCode::ShuttingDown, "Try again"),
        ] {
            assert!(refused(code).contains(words), "{code:?}");
        }
    }

    #[test]
    fn a_certificate_that_is_too_old_or_too_new() {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 2);
        params.not_after = rcgen::date_time_ymd(2026, 3, 4);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let said = |now: &str| out_of_time(certificate.der(), now.parse().unwrap());
        assert_eq!(said("2026-02-01T00:00:00Z"), None);
        assert!(said("2026-03-05T00:00:00Z").unwrap().contains("ran out on 2026-03-04"));
        let early = said("1970-01-01T00:00:00Z").unwrap();
        assert!(
            early.contains("valid from 2026-01-02 on") && early.contains("clock says 1970-01-01 00:00 UTC"),
            "{early}"
        );
        assert_eq!(out_of_time(b"none", Timestamp::now()), None);
    }
}
