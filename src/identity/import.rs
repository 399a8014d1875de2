//! A certificate of an authority and its key, as they come: what doesn't fit is named, with what would.

use super::{CertificateInfo, IdentityError, is_self_signed, read, to_pkcs12};
use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData};
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::Pem;

/// How many certificates a file may hold; public authorities send two or three.
const CHAIN_CERTIFICATES_MAX: usize = 10;

/// What makes a key one that can be read.
const TO_PKCS8: &str = "`openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW`";
/// The keys that can be used, on every system.
const KINDS: &str = "ECDSA on P-256 or P-384, RSA of 2048 to 4096 bits, and Ed25519";

/// What was made.
#[derive(Debug)]
pub struct Imported {
    /// The PKCS#12 file.
    pub file: Vec<u8>,
    /// What somebody should know before it's used: why clients may refuse it all the same.
    pub doubts: Vec<String>,
}

/// Makes a PKCS#12 file of a certificate and its key, both in PEM. The certificates between it and its authority are in
/// the same file, in whatever order; what doesn't belong to it is left out.
///
/// # Errors
/// [`IdentityError::Import`]: not PEM, not of each other, over already, without those certificates, or in a form that
/// TLS can't use.
pub fn import(chain: &[u8], key: &[u8]) -> Result<Imported, IdentityError> {
    make(chain, key).map_err(IdentityError::Import)
}

fn make(chain: &[u8], key: &[u8]) -> Result<Imported, String> {
    let given = certificates(chain)?;
    let key = private_key(key)?;
    let useless = || format!("the key of --key is damaged, or of a kind that can't be used; these can: {KINDS}");
    let of_key = KeyPair::try_from(&key[..]).map_err(|_| useless())?.subject_public_key_info();
    let parsed: Vec<(&[u8], X509Certificate<'_>)> = given
        .iter()
        .map(|der| parse(der).map(|certificate| (der.as_slice(), certificate)))
        .collect::<Result<_, _>>()?;
    let own = parsed.iter().position(|(_, certificate)| certificate.public_key().raw == of_key).ok_or(
        "the key of --key is not that of the first certificate of --cert, nor of another one there: give both as they \
         came together",
    )?;
    let chain = in_order(&parsed, own);
    let info = CertificateInfo::of(chain[0])?;
    if let Some(ends) = info.ends.filter(|&ends| ends <= Timestamp::now()) {
        return Err(format!(
            "the certificate is over since {ends}: get it renewed, or look whether the clock is right"
        ));
    }
    if chain.len() == 1 && !info.self_signed {
        return Err(format!(
            "the certificate is signed by `{}`, whose own is not in the file: intermediates are missing, and clients \
             that come by a name would refuse the server; give the file with the whole chain, which certbot calls \
             fullchain.pem, or put the authority's certificates behind this one",
            info.issuer
        ));
    }
    let file = to_pkcs12(&key, &chain).map_err(|e| {
        log::debug!("no PKCS#12 of that: {e}");
        useless()
    })?;
    read(&file).map_err(|_| useless())?;
    Ok(Imported { file, doubts: doubts(&info, &chain)? })
}

/// A certificate, the one that signed it, the one that signed that, as far as they are there.
fn in_order<'a>(given: &[(&'a [u8], X509Certificate<'_>)], own: usize) -> Vec<&'a [u8]> {
    let mut order = vec![own];
    while let Some(&last) = order.last() {
        let (_, certificate) = &given[last];
        let signed = |at: &usize| given[*at].1.subject().as_raw() == certificate.issuer().as_raw();
        let next = (0..given.len()).find(|at| !order.contains(at) && signed(at));
        match next.filter(|_| !is_self_signed(certificate)) {
            Some(next) => order.push(next),
            None => break,
        }
    }
    order.into_iter().map(|at| given[at].0).collect()
}

fn doubts(info: &CertificateInfo, chain: &[&[u8]]) -> Result<Vec<String>, String> {
    let mut doubts = Vec::new();
    if info.begins > Timestamp::now() {
        doubts.push(format!("it holds only from {:.0}: is the clock of this machine right?", info.begins));
    }
    if info.names.is_empty() {
        doubts.push(
            "it names no host (it has no subjectAltName): clients that come by a name refuse it, those that come by a \
             join link don't"
                .into(),
        );
    }
    for der in &chain[1..] {
        let CertificateInfo { ends, issuer, .. } = CertificateInfo::of(der)?;
        if let Some(ends) = ends.filter(|&ends| ends <= Timestamp::now()) {
            doubts.push(format!("a certificate of its chain, signed by `{issuer}`, is over since {ends:.0}"));
        }
    }
    Ok(doubts)
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    parse_x509_certificate(der).map(|(_, certificate)| certificate).map_err(|e| {
        log::debug!("no certificate: {e}");
        "a certificate is damaged in the file of --cert: take it as the authority has sent it".into()
    })
}

/// The certificates of a PEM file; at least one.
fn certificates(file: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let blocks = blocks(file, "--cert", "CERTIFICATE")?;
    let labels: Vec<String> = blocks.iter().map(|block| block.label.clone()).collect();
    let found: Vec<_> =
        blocks.into_iter().filter(|block| block.label == "CERTIFICATE").map(|block| block.contents).collect();
    let has = |what: &str| labels.iter().any(|label| label.contains(what));
    match found.len() {
        1..=CHAIN_CERTIFICATES_MAX => Ok(found),
        0 if has("PRIVATE KEY") => {
            Err("there is no CERTIFICATE in the file of --cert, but a key: are --cert and --key exchanged?".into())
        }
        0 if has("PKCS7") => Err("the file of --cert is PKCS#7 and must become a CERTIFICATE first: \
                                  `openssl pkcs7 -print_certs -in OLD -out NEW`"
            .into()),
        0 if has("REQUEST") => {
            Err("there is no CERTIFICATE in the file of --cert, but a request for one: give what the \
                                    authority has sent back"
                .into())
        }
        0 => Err("there is no CERTIFICATE in the file of --cert".into()),
        _ => Err(format!("there are more than {CHAIN_CERTIFICATES_MAX} certificates in the file of --cert")),
    }
}

/// The key of a PEM file, in PKCS#8.
fn private_key(file: &[u8]) -> Result<Vec<u8>, String> {
    let encrypted =
        || format!("the key of --key is encrypted, and nobody is there to ask at a start: take that away, {TO_PKCS8}");
    // In the older form a line says so, which the parser doesn't know.
    if String::from_utf8_lossy(file).contains("Proc-Type: 4,ENCRYPTED") {
        return Err(encrypted());
    }
    let blocks = blocks(file, "--key", "PRIVATE KEY")?;
    let labels: Vec<String> = blocks.iter().map(|block| block.label.clone()).collect();
    if let Some(key) = blocks.into_iter().find(|block| block.label == "PRIVATE KEY") {
        return Ok(key.contents);
    }
    Err(match labels.iter().find(|label| label.ends_with("PRIVATE KEY")).map(String::as_str) {
        Some("ENCRYPTED PRIVATE KEY") => encrypted(),
        Some("OPENSSH PRIVATE KEY") => {
            format!("the key of --key is one of SSH, and no certificate's; these can be used: {KINDS}")
        }
        Some(kind) => format!(
            "the key of --key is a `{kind}` and must become a PRIVATE KEY first: {TO_PKCS8}; these kinds can be used: {KINDS}"
        ),
        None if labels.iter().any(|label| label == "CERTIFICATE") => {
            "there is no PRIVATE KEY in the file of --key, but a certificate: are --cert and --key exchanged?".into()
        }
        None => format!("there is no PRIVATE KEY in the file of --key; these kinds can be used: {KINDS}"),
    })
}

/// The PEM blocks of a file; where there is none, what it is instead.
fn blocks(file: &[u8], option: &str, wanted: &str) -> Result<Vec<Pem>, String> {
    // Editors put a mark in front of the first line, which would then not be seen.
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let blocks: Vec<Pem> = Pem::iter_from_buffer(file).collect::<Result<_, _>>().map_err(|e| {
        log::debug!("no PEM: {e}");
        format!("the file of {option} should hold a {wanted}, and its PEM is damaged: take it as it came")
    })?;
    // A SEQUENCE of ASN.1, as every DER and PKCS#12 file is.
    if blocks.is_empty() && file.starts_with(&[0x30]) {
        let command = match wanted {
            _ if parse_x509_certificate(file).is_ok() => "`openssl x509 -inform der -in OLD -out NEW`",
            _ if KeyPair::try_from(file).is_ok() => "`openssl pkcs8 -topk8 -nocrypt -inform der -in OLD -out NEW`",
            _ => "where it is a p12 or pfx, `openssl pkcs12 -in OLD -nodes -out NEW`, and NEW is for --cert and --key",
        };
        return Err(format!("the file of {option} should hold a {wanted} in PEM, and is in DER: {command}"));
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests;
