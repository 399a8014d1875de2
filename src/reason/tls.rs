//! What OpenSSL's lines mean.
//!
//! `error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:DATA`, several with a comma between them, and at the end what was found
//! wrong with a certificate, in brackets.

/// The words of a reason (OpenSSL's ssl/ssl_err.c; the newer ones say `tls alert` for `sslv3 alert` and `tlsv1 alert`), and
/// what they mean. The first that fits.
const MEANINGS: [(&str, &str); 22] = [
    ("http request", "HTTP was spoken, not TLS"),
    ("https proxy request", "HTTP was spoken, not TLS"),
    ("wrong version number", "no TLS was spoken"),
    ("unknown protocol", "no TLS was spoken"),
    ("packet length too long", "no TLS was spoken"),
    ("record too small", "no TLS was spoken"),
    ("bad record type", "no TLS was spoken"),
    ("unexpected message", "no TLS was spoken, or not as it should be"),
    ("length mismatch", "no TLS was spoken, or not as it should be"),
    ("unexpected eof", "the connection was cut off"),
    ("unsupported protocol", "no version of TLS in common"),
    ("version too low", "no version of TLS in common"),
    ("no protocols available", "no version of TLS in common"),
    ("alert protocol version", "no version of TLS in common"),
    ("no shared cipher", "no way to encrypt in common"),
    ("no suitable", "no way to encrypt in common"),
    ("alert handshake failure", "no way to encrypt in common"),
    ("alert unknown ca", "the other side doesn't believe the certificate"),
    ("alert certificate", "the other side doesn't believe the certificate"),
    ("alert bad certificate", "the other side doesn't believe the certificate"),
    ("certificate verify failed", "the certificate is not believed"),
    ("bad record mac", "what came was damaged on its way"),
];

/// What a text of OpenSSL's means; None if it is none.
pub(super) fn meaning(text: &str) -> Option<String> {
    // The openssl crate says so itself of what ends without a word.
    if text == "unexpected EOF" || text == "the SSL session has been shut down" {
        return Some("the connection was cut off".into());
    }
    let (_, line) = text.split_once("error:")?;
    let mut fields = line.split(':');
    fields.next().filter(|code| code.len() >= 8 && code.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let (library, words) = (fields.next()?, fields.nth(1)?);
    let known = MEANINGS.iter().find(|(part, _)| words.contains(part)).map(|(_, meaning)| *meaning);
    let found =
        text.ends_with(')').then(|| text.rsplit_once(" (").map_or("", |(_, found)| found.trim_end_matches(')')));
    Some(match (known, found) {
        (Some(meaning), None) => meaning.to_owned(),
        (Some(meaning), Some(found)) => format!("{meaning}: {found}"),
        (None, _) if library.starts_with("SSL") => format!("TLS failed, {words}"),
        (None, _) => words.to_owned(),
    })
}
