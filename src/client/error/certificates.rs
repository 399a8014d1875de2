//! What is said of a server whose certificate isn't believed: what it means, and what to do.

use crate::link::Pin;
use std::fmt;

pub(super) fn changed_certificate(
    f: &mut fmt::Formatter<'_>,
    server: &str,
    expected: &Pin,
    shown: &Pin,
    entry: &str,
) -> fmt::Result {
    write!(
        f,
        "\
THE CERTIFICATE OF {server} HAS CHANGED
  It may be that somebody listens in on you right now (a man-in-the-middle attack).
  It may also be that the server was set up anew.
  known until now: {expected}
  shown now:       {shown}
  Nothing was said to it, your password least of all. Ask who runs the server. If the new certificate is right,
  begin once with
    homeroom-client {server} --fingerprint {shown}
  or remove {entry}"
    )
}

pub(super) fn contradicting_link(
    f: &mut fmt::Formatter<'_>,
    server: &str,
    expected: &Pin,
    shown: &Pin,
    entry: &str,
) -> fmt::Result {
    write!(
        f,
        "\
THE LINK IS FOR ANOTHER CERTIFICATE THAN {server} HAD UNTIL NOW
  It may be that the link is from somebody who wants your password and stands between you and the server.
  It may also be that the server was set up anew, and this is its new link.
  remembered: {expected}
              ({entry})
  the link's: {shown}
  Nothing was said to the server, your password least of all. Ask who runs it, in another way than the link came.
  If the link is right, that is said once with
    homeroom-client {server} --fingerprint {shown}"
    )
}

pub(super) fn wrong_certificate(f: &mut fmt::Formatter<'_>, server: &str, expected: &Pin, shown: &Pin) -> fmt::Result {
    write!(
        f,
        "\
{server} SHOWS ANOTHER CERTIFICATE THAN IT SHOULD
  It may be that somebody listens in on you right now (a man-in-the-middle attack).
  It may also be that the server was set up anew, and the code or link is an old one.
  expected: {expected}
  shown:    {shown}
  Nothing was said to it, your password least of all. Ask who runs the server for the present join code",
    )
}

pub(super) fn unknown_server(
    f: &mut fmt::Formatter<'_>,
    server: &str,
    shown: &Pin,
    trouble: Option<&str>,
) -> fmt::Result {
    let trouble = trouble.map(|trouble| format!("\n  {trouble}")).unwrap_or_default();
    let certificate = shown.certificate_alone();
    let code = shown.code().map_or(certificate, Pin::from);
    write!(
        f,
        "\
{server} is not known yet, and nobody is here to be asked whether to trust it
  its join code:   {code}
  its certificate: {certificate}{trouble}
  If that is what the server shows when it starts, use
    homeroom-client {server} {code}",
    )
}

pub(super) fn no_longer_vouched(f: &mut fmt::Formatter<'_>, server: &str, shown: &Pin) -> fmt::Result {
    write!(
        f,
        "\
{server} SHOWS A CERTIFICATE THAT NOBODY VOUCHES FOR
  When this session began, an authority that this system knows did. It may be that somebody listens in on you right now
  (a man-in-the-middle attack), that the certificate has run out, or that a clock is wrong.
  its certificate: {shown}
  Nothing was said to it. Ask who runs the server",
    )
}
