//! `identity.p12`: the server's key and certificate.
//!
//! The certificate that a first start makes is signed by itself. Nobody need believe it: clients compare its
//! fingerprint with the one in the join link, or with the one they saw before. A certificate from a public CA
//! can be put in its place.

use crate::link::Fingerprint;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use std::net::IpAddr;

/// The password of the file. PKCS#12 wants one, and macOS refuses an empty one; what protects the key is the
/// file's mode.
pub const PASSWORD: &str = "homeroom";

/// The rounds of PKCS#12's own key derivation. OpenSSL's default; the password is no secret, so more is no gain.
const ROUNDS: u32 = 2048;

/// A key and certificate as they are used.
pub struct Identity {
    /// For a TLS acceptor.
    pub tls: native_tls::Identity,
    /// Of the certificate that clients are shown.
    pub fingerprint: Fingerprint,
}

/// Why there is no identity.
#[derive(Debug)]
pub enum IdentityError {
    /// The key or the certificate couldn't be made.
    Make(String),
    /// The file isn't PKCS#12 under [`PASSWORD`], or holds no key with a certificate.
    Read(String),
}

/// Makes a P-256 key and a certificate for it that names `host`, `localhost` and `addresses`. The result is a
/// PKCS#12 file.
///
/// It has no end (RFC 5280, 4.1.2.5: 99991231235959Z): clients pin it, and a date at which every join link of a
/// class stops working would protect nobody.
///
/// # Errors
/// [`IdentityError::Make`].
pub fn make(host: &str, addresses: &[IpAddr]) -> Result<Vec<u8>, IdentityError> {
    let failed = |e: &dyn std::fmt::Display| IdentityError::Make(e.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| failed(&e))?;
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
    to_pkcs12(&key.serialize_der(), certificate.der()).map_err(|e| failed(&e))
}

/// Reads a PKCS#12 file.
///
/// # Errors
/// [`IdentityError::Read`].
pub fn read(file: &[u8]) -> Result<Identity, IdentityError> {
    let failed = |e: &dyn std::fmt::Display| IdentityError::Read(e.to_string());
    let tls = native_tls::Identity::from_pkcs12(file, PASSWORD).map_err(|e| failed(&e))?;
    let store =
        KeyStore::from_pkcs12(file, PASSWORD, p12_keystore::Pkcs12ImportPolicy::Relaxed).map_err(|e| failed(&e))?;
    let (_, chain) = store.private_key_chain().ok_or_else(|| failed(&"it holds no private key"))?;
    let certificate = chain.certs().first().ok_or_else(|| failed(&"it holds no certificate for its key"))?;
    Ok(Identity { tls, fingerprint: Fingerprint::of(certificate.as_der()) })
}

/// In the one form that OpenSSL 3, macOS and Windows all open: 3DES with an HMAC-SHA1. macOS refuses the AES
/// form, OpenSSL 3 refuses RC2.
fn to_pkcs12(key: &[u8], certificate: &[u8]) -> p12_keystore::Result<Vec<u8>> {
    let certificate = Certificate::from_der(certificate)?;
    let chain = PrivateKeyChain::new(&b"homeroom"[..], PrivateKey::from_der(key)?, [certificate]);
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
            Self::Read(e) => write!(f, "not a PKCS#12 file with the password `{PASSWORD}` and a key in it: {e}"),
        }
    }
}

impl std::error::Error for IdentityError {}
