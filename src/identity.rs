//! `identity.p12`: the server's key and certificate.
//!
//! The certificate that a first start makes is signed by itself. Nobody need believe it: clients compare its key with the
//! join code or link, or with the one they saw before. So the certificate can be renewed for the same key, as browsers want
//! it. A certificate from a public CA can be put in its place.

mod browsers;
mod import;

pub use import::{Imported, import};

use crate::link::{Fingerprint, Pin};
use crate::reason::Reason;
use crate::sanitize;
use jiff::Timestamp;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain,
};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

/// The password of the file. PKCS#12 wants one, and macOS refuses an empty one; what protects the key is the
/// file's mode.
pub const PASSWORD: &str = "homeroom";

/// The rounds of PKCS#12's own key derivation. OpenSSL's default; the password is no secret, so more is no gain.
const ROUNDS: u32 = 2048;

/// Whom a certificate that is made here is for, as X.509 writes names.
const OWN_SUBJECT: &str = "CN=homeroom";
/// How long one holds from the day on which it is made. Browsers take none from an authority that holds for more than 398
/// days (CA/Browser Forum, Baseline Requirements, 6.3.2); what they ask of one that is signed by itself only grows.
const LIFETIME: Duration = Duration::from_secs(397 * 24 * 60 * 60);
/// It begins so much earlier, for those whose clock is behind, as in a wrong time zone. Together that is within 398 days.
const LEEWAY: Duration = Duration::from_secs(12 * 60 * 60);
/// The last moment at which one can begin (some day in 9987): X.509 has no years of five digits.
const BEGINS_MAX_SECONDS: u64 = 253_000_000_000;
/// Bytes of a random serial number, of 20 that there may be (RFC 5280, 4.1.2.2).
const SERIAL_BYTES: usize = 16;

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
    /// Whether [`make`] made it, for browsers too: then the server makes the next one by itself. One without an end is
    /// from before, and some clients may know it alone and not its key.
    pub renews: bool,
    /// What browsers ask for and it lacks.
    pub lacks: Vec<String>,
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

/// Makes a P-256 key and a certificate for it that names `localhost`, the names and the addresses, and is made on the day
/// `from`. The result is a PKCS#12 file. With `key`, in PKCS#8, the certificate is for that one.
///
/// It has all that browsers ask for: its purpose, that it is no authority's, an end.
///
/// # Errors
/// [`IdentityError::Make`].
pub fn make(
    names: &[String],
    addresses: &[IpAddr],
    from: Timestamp,
    key: Option<&[u8]>,
) -> Result<Vec<u8>, IdentityError> {
    let failed = |e: &(dyn Error + 'static)| IdentityError::Make(Reason(e).to_string());
    let key = match key {
        Some(key) => KeyPair::try_from(key),
        None => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
    };
    let key = key.map_err(|e| {
        log::debug!("no key of a certificate's: {e}");
        IdentityError::Make("its key is damaged, or of a kind that can't be used".into())
    })?;
    // A host name that isn't a DNS name ("Grandma's Pi") can't stand in a certificate.
    let is_dns =
        |name: &&String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    let others = names.iter().filter(is_dns).filter(|name| *name != "localhost").cloned();
    let names: Vec<String> = std::iter::once("localhost".to_owned()).chain(others).collect();
    let mut params = CertificateParams::new(names).map_err(|e| failed(&e))?;
    params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
    params.distinguished_name.push(DnType::CommonName, "homeroom");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Without one it would be the key's: Firefox takes no two certificates of one issuer and number
    // (SEC_ERROR_REUSED_ISSUER_AND_SERIAL), so none that was renewed.
    let mut serial = [0; SERIAL_BYTES];
    getrandom::fill(&mut serial).map_err(|e| failed(&e))?;
    params.serial_number = Some(serial.to_vec().into());
    let from = Duration::from_secs(u64::try_from(from.as_second()).unwrap_or_default().min(BEGINS_MAX_SECONDS));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + from.saturating_sub(LEEWAY);
    params.not_after = epoch + from + LIFETIME;
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
    let tls = native_tls::Identity::from_pkcs12(file, PASSWORD).map_err(|e| no_pkcs12(&e))?;
    let chain = open(file)?;
    let failed = |what: &str| IdentityError::Read(what.into());
    let certificate = chain.certs().first().ok_or_else(|| failed("it holds no certificate for its key"))?;
    let mut info = CertificateInfo::of(certificate.as_der()).map_err(IdentityError::Read)?;
    info.lacks_intermediates = !info.self_signed && chain.certs().len() == 1;
    Ok(Identity { tls, certificate: info })
}

fn open(file: &[u8]) -> Result<PrivateKeyChain, IdentityError> {
    let store =
        KeyStore::from_pkcs12(file, PASSWORD, p12_keystore::Pkcs12ImportPolicy::Relaxed).map_err(|e| no_pkcs12(&e))?;
    let chain = store.private_key_chain().map(|(_, chain)| chain.clone());
    chain.ok_or_else(|| IdentityError::Read("it holds no private key".into()))
}

/// What the libraries say of such a file helps nobody who has one.
fn no_pkcs12(e: &dyn Error) -> IdentityError {
    log::debug!("no PKCS#12: {e}");
    IdentityError::Read(format!("not a PKCS#12 file with the password `{PASSWORD}` and a key in it"))
}

impl CertificateInfo {
    fn of(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|e| {
            log::debug!("no certificate: {e}");
            "its certificate is damaged"
        })?;
        let time = |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let ends = certificate.validity().not_after;
        // RFC 5280, 4.1.2.5: this year stands for no end.
        let ends = (ends.to_datetime().year() < 9999).then(|| time(ends.timestamp()));
        let is_own = is_self_signed(&certificate) && certificate.subject().to_string() == OWN_SUBJECT;
        Ok(Self {
            fingerprint: Fingerprint::of(der),
            pin: Pin::of(der),
            names: names(&certificate),
            issuer: sanitize::line(&certificate.issuer().to_string()).into_owned(),
            self_signed: is_self_signed(&certificate),
            lacks_intermediates: false,
            begins: time(certificate.validity().not_before.timestamp()),
            ends,
            renews: is_own && ends.is_some(),
            lacks: browsers::lacks(&certificate),
        })
    }

    /// The addresses among its names.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.names.iter().filter_map(|name| name.parse().ok())
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

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Make(why) => write!(f, "can't make a certificate: {why}"),
            Self::Import(why) | Self::Read(why) => f.write_str(why),
        }
    }
}

impl Error for IdentityError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(file: &[u8]) -> CertificateInfo {
        read(file).unwrap().certificate
    }

    #[test]
    fn made_and_read() {
        let now = Timestamp::now();
        let addresses = ["192.0.2.5".parse().unwrap(), "::1".parse().unwrap()];
        let file = make(&["pi".into(), "Grandma's Pi".into()], &addresses, now, None).unwrap();
        let CertificateInfo { names, self_signed, begins, ends, renews, lacks, pin, .. } = certificate(&file);
        assert_eq!(names, ["localhost", "pi", "192.0.2.5", "::1"]);
        assert!(self_signed && renews && lacks.is_empty(), "{lacks:?}");
        let days = |until: Timestamp, since: Timestamp| until.duration_since(since).as_secs() / (24 * 60 * 60);
        assert!(begins < now && days(ends.unwrap(), begins) < 398 && days(ends.unwrap(), now) >= 396);
        assert!(certificate(&file).addresses().eq(addresses));
        let again = make(&["pi".into()], &[], now, Some(&key(&file).unwrap())).unwrap();
        let renewed = certificate(&again).pin;
        assert!(renewed != pin && pin.key_alone() == renewed.key_alone());
    }

    /// A clock that says anything makes a certificate, and no panic.
    #[test]
    fn made_at_any_time() {
        for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            assert!(certificate(&make(&[], &[], now, None).unwrap()).renews, "{now}");
        }
    }

    /// As a start made them before: every client may know that certificate alone.
    #[test]
    fn one_from_before_is_not_renewed_and_lacks_what_browsers_ask_for() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "homeroom");
        params.not_after = rcgen::date_time_ymd(9999, 12, 31);
        let old = CertificateInfo::of(params.self_signed(&key).unwrap().der()).unwrap();
        assert!(!old.renews && old.ends.is_none() && old.lacks.len() == 2, "{:?}", old.lacks);
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertificateInfo::of(authority.self_signed(&key).unwrap().der()).unwrap();
        assert!(!authority.renews && authority.lacks.len() == 5, "{:?}", authority.lacks);
    }
}
