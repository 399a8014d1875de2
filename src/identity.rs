//! `identity.p12`: the server's key and certificate.
//!
//! The certificate that a first start makes is signed by itself. Nobody need believe it: clients compare its
//! fingerprint with the one in the join link, or with the one they saw before. A certificate from a public CA
//! can be put in its place.

mod import;

pub use import::{Imported, import};

use crate::link::{Fingerprint, Pin};
use crate::sanitize;
use jiff::Timestamp;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use std::net::IpAddr;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// The password of the file. PKCS#12 wants one, and macOS refuses an empty one; what protects the key is the
/// file's mode.
pub const PASSWORD: &str = "homeroom";

/// The rounds of PKCS#12's own key derivation. OpenSSL's default; the password is no secret, so more is no gain.
const ROUNDS: u32 = 2048;

/// A key and certificate as they are used.
pub struct Identity {
    /// For a TLS acceptor.
    pub tls: native_tls::Identity,
    /// The certificate that clients are shown.
    pub certificate: CertificateInfo,
}

/// What a certificate says.
#[derive(Clone, Debug)]
pub struct CertificateInfo {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its fingerprint and its key's.
    pub pin: Pin,
    /// The names and addresses that it's for, safe to print.
    pub names: Vec<String>,
    /// Who signed it, as X.509 writes names; safe to print.
    pub issuer: String,
    /// Whether it's signed by itself.
    pub self_signed: bool,
    /// Whether it stands alone, and whoever signed it isn't shown: clients that go by names and not by the join link need
    /// the certificates between it and an authority that they know.
    pub lacks_intermediates: bool,
    /// When it begins to hold.
    pub begins: Timestamp,
    /// When it ends, if it does.
    pub ends: Option<Timestamp>,
}

/// Why there is no identity.
#[derive(Debug)]
pub enum IdentityError {
    /// The key or the certificate couldn't be made.
    Make(String),
    /// The file isn't PKCS#12 under [`PASSWORD`], or holds no key with a certificate.
    Read(String),
    /// The PEM files that were given can't be used.
    Import(String),
}

/// Makes a P-256 key and a certificate for it that names `host`, `localhost` and `addresses`. The result is a
/// PKCS#12 file. With `key`, in PKCS#8, the certificate is for that one.
///
/// It has no end (RFC 5280, 4.1.2.5: 99991231235959Z): clients pin it, and a date at which every join link of a
/// class stops working would protect nobody.
///
/// # Errors
/// [`IdentityError::Make`].
pub fn make(host: &str, addresses: &[IpAddr], key: Option<&[u8]>) -> Result<Vec<u8>, IdentityError> {
    let failed = |e: &dyn std::fmt::Display| IdentityError::Make(e.to_string());
    let key = match key {
        Some(key) => KeyPair::try_from(key),
        None => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
    };
    let key = key.map_err(|e| failed(&e))?;
    let mut names = vec!["localhost".to_owned()];
    // A host name that isn't a DNS name ("Grandma's Pi") can't stand in a certificate.
    let is_dns = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    if !host.is_empty() && host != "localhost" && is_dns(host) {
        names.push(host.to_owned());
    }
    let mut params = CertificateParams::new(names).map_err(|e| failed(&e))?;
    params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
    params.distinguished_name.push(DnType::CommonName, "homeroom");
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(9999, 12, 31);
    let certificate = params.self_signed(&key).map_err(|e| failed(&e))?;
    to_pkcs12(&key.serialize_der(), &[certificate.der()]).map_err(|e| failed(&e))
}

/// The key of a PKCS#12 file, in PKCS#8.
///
/// # Errors
/// [`IdentityError::Read`].
pub fn key(file: &[u8]) -> Result<Vec<u8>, IdentityError> {
    Ok(open(file)?.key().as_der().to_vec())
}

/// Reads a PKCS#12 file.
///
/// # Errors
/// [`IdentityError::Read`].
pub fn read(file: &[u8]) -> Result<Identity, IdentityError> {
    let failed = |e: &dyn std::fmt::Display| IdentityError::Read(e.to_string());
    let tls = native_tls::Identity::from_pkcs12(file, PASSWORD).map_err(|e| failed(&e))?;
    let chain = open(file)?;
    let certificate = chain.certs().first().ok_or_else(|| failed(&"it holds no certificate for its key"))?;
    let mut info = CertificateInfo::of(certificate.as_der()).map_err(|e| failed(&e))?;
    info.lacks_intermediates = !info.self_signed && chain.certs().len() == 1;
    Ok(Identity { tls, certificate: info })
}

fn open(file: &[u8]) -> Result<PrivateKeyChain, IdentityError> {
    let failed = |e: &dyn std::fmt::Display| IdentityError::Read(e.to_string());
    let store =
        KeyStore::from_pkcs12(file, PASSWORD, p12_keystore::Pkcs12ImportPolicy::Relaxed).map_err(|e| failed(&e))?;
    let chain = store.private_key_chain().map(|(_, chain)| chain.clone());
    chain.ok_or_else(|| failed(&"it holds no private key"))
}

impl CertificateInfo {
    fn of(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|e| e.to_string())?;
        let time = |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let ends = certificate.validity().not_after;
        Ok(Self {
            fingerprint: Fingerprint::of(der),
            pin: Pin::of(der),
            names: names(&certificate),
            issuer: sanitize::line(&certificate.issuer().to_string()).into_owned(),
            self_signed: is_self_signed(&certificate),
            lacks_intermediates: false,
            begins: time(certificate.validity().not_before.timestamp()),
            // RFC 5280, 4.1.2.5: this year stands for no end.
            ends: (ends.to_datetime().year() < 9999).then(|| time(ends.timestamp())),
        })
    }
}

fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == certificate.subject().as_raw()
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some(sanitize::line(name).into_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    };
    alternatives.iter().flat_map(|extension| &extension.value.general_names).filter_map(name).collect()
}

/// In the one form that OpenSSL 3, macOS and Windows all open: 3DES with an HMAC-SHA1. macOS refuses the AES
/// form, OpenSSL 3 refuses RC2.
fn to_pkcs12(key: &[u8], chain: &[&[u8]]) -> p12_keystore::Result<Vec<u8>> {
    let chain = chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
    let chain = PrivateKeyChain::new(&b"homeroom"[..], PrivateKey::from_der(key)?, chain);
    let mut store = KeyStore::new();
    store.add_entry("homeroom", KeyStoreEntry::PrivateKeyChain(chain));
    store
        .writer(PASSWORD)
        .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
        .encryption_iterations(ROUNDS)
        .mac_algorithm(MacAlgorithm::HmacSha1)
        .mac_iterations(ROUNDS)
        .write()
}

impl std::fmt::Display for IdentityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Make(e) => write!(f, "can't make a certificate: {e}"),
            Self::Import(e) => f.write_str(e),
            Self::Read(e) => write!(f, "not a PKCS#12 file with the password `{PASSWORD}` and a key in it: {e}"),
        }
    }
}

impl std::error::Error for IdentityError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_and_read() {
        let file = make("pi", &["192.0.2.5".parse().unwrap(), "::1".parse().unwrap()], None).unwrap();
        let CertificateInfo { names, self_signed, begins, ends, pin, .. } = read(&file).unwrap().certificate;
        assert_eq!(names, ["localhost", "pi", "192.0.2.5", "::1"]);
        assert!(self_signed && begins < Timestamp::now() && ends.is_none());
        let again = make("pi", &[], Some(&key(&file).unwrap())).unwrap();
        let renewed = read(&again).unwrap().certificate.pin;
        assert!(renewed != pin && pin.key_alone() == renewed.key_alone());
    }
}
