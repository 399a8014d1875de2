use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, date_time_ymd};

/// What a certificate is signed by.
type Issuer<'a> = CertifiedIssuer<'a, KeyPair>;

fn params(name: &str, ends: i32) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_after = date_time_ymd(ends, 1, 1);
    params
}

fn authority(name: &str, ends: i32) -> CertificateParams {
    let mut params = params(name, ends);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A root, one that it signed, and a certificate that the latter signed for a key: leaf, intermediate, root.
fn chain(key: &KeyPair, params: CertificateParams, intermediate_ends: i32) -> [String; 3] {
    let root: Issuer<'_> = Issuer::self_signed(authority("Root", 2100), KeyPair::generate().unwrap()).unwrap();
    let signed = authority("Intermediate", intermediate_ends);
    let between: Issuer<'_> = Issuer::signed_by(signed, KeyPair::generate().unwrap(), &root).unwrap();
    let leaf = params.signed_by(key, &between).unwrap();
    [leaf.pem(), between.pem(), root.pem()]
}

fn import(chain: &str, key: &str) -> Result<Imported, String> {
    super::import(chain.as_bytes(), key.as_bytes()).map_err(|e| e.to_string())
}

#[test]
fn imported_from_pem() {
    let (own, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let signed = |key: &KeyPair, ends| params("pi.example.org", ends).self_signed(key).unwrap().pem();
    let (certificate, chain) = (signed(&own, 2100), signed(&own, 2100) + &signed(&other, 2100));
    let imported = import(&chain, &own.serialize_pem()).unwrap();
    let info = read(&imported.file).unwrap().certificate;
    assert_eq!(info.names, ["pi.example.org"]);
    assert_eq!(info.ends.unwrap().to_string(), "2100-01-01T00:00:00Z");
    assert!(imported.doubts.is_empty() && !info.lacks_intermediates);
    let by_an_editor = format!("\u{feff}{certificate}").replace('\n', "\r\n");
    assert!(import(&by_an_editor, &format!("\u{feff}{}", own.serialize_pem())).is_ok());
    let block = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
    for (chain, key, told) in [
        (&*certificate, &*other.serialize_pem(), "not that of the first certificate"),
        (&signed(&own, 2001), &own.serialize_pem(), "over since 2001"),
        (&certificate, &block("EC PRIVATE KEY"), "openssl pkcs8 -topk8"),
        (&certificate, &block("RSA PRIVATE KEY"), "ECDSA on P-256 or P-384, RSA of 2048"),
        (&certificate, &block("ENCRYPTED PRIVATE KEY"), "is encrypted"),
        (&certificate, &block("RSA PRIVATE KEY").replace("AAAA", "Proc-Type: 4,ENCRYPTED\n\nAAAA"), "is encrypted"),
        (&certificate, &block("OPENSSH PRIVATE KEY"), "one of SSH"),
        (&certificate, &block("PRIVATE KEY"), "ECDSA on P-256 or P-384, RSA of 2048"),
        (&certificate, &certificate, "no PRIVATE KEY in the file of --key, but a certificate"),
        (&certificate, &block("PUBLIC KEY"), "no PRIVATE KEY"),
        (&own.serialize_pem(), &own.serialize_pem(), "are --cert and --key exchanged?"),
        (&block("PKCS7"), &own.serialize_pem(), "openssl pkcs7"),
        (&block("CERTIFICATE REQUEST"), &own.serialize_pem(), "a request for one"),
        (&block("CERTIFICATE"), &own.serialize_pem(), "a certificate is damaged"),
        (&certificate.replace("-----END", "----END"), &own.serialize_pem(), "PEM is damaged"),
        ("", "", "no CERTIFICATE"),
    ] {
        let error = import(chain, key).unwrap_err();
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn der_is_named_with_what_makes_pem_of_it() {
    let key = KeyPair::generate().unwrap();
    let certificate = params("pi.example.org", 2100).self_signed(&key).unwrap();
    let p12 = to_pkcs12(&key.serialize_der(), &[certificate.der()]).unwrap();
    for (chain, key, told) in [
        (&certificate.der()[..], key.serialize_pem().as_bytes(), "openssl x509 -inform der"),
        (certificate.pem().as_bytes(), &key.serialize_der()[..], "openssl pkcs8 -topk8 -nocrypt -inform der"),
        (&p12[..], key.serialize_pem().as_bytes(), "openssl pkcs12"),
    ] {
        let error = super::import(chain, key).unwrap_err().to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn without_intermediates_it_is_refused_and_in_any_order_it_is_put_in_order() {
    let key = KeyPair::generate().unwrap();
    let [leaf, between, root] = chain(&key, params("pi.example.org", 2100), 2100);
    let error = import(&leaf, &key.serialize_pem()).unwrap_err();
    assert!(error.contains("intermediates are missing") && error.contains("fullchain.pem"), "{error}");
    assert!(error.contains("CN=Intermediate"), "signed by whom: {error}");
    let [other, ..] = chain(&KeyPair::generate().unwrap(), params("other.example.org", 2100), 2100);
    let right = import(&format!("{leaf}{between}{root}"), &key.serialize_pem()).unwrap();
    let mixed = import(&format!("{root}{other}{between}{leaf}"), &key.serialize_pem()).unwrap();
    let certificates = |imported: &Imported| {
        let chain = super::super::open(&imported.file).unwrap();
        chain.certs().iter().map(|certificate| certificate.as_der().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(certificates(&right).len(), 3);
    assert_eq!(certificates(&mixed), certificates(&right));
    // The authority's own is what clients have: it needn't be shown.
    let usual = import(&format!("{leaf}{between}"), &key.serialize_pem()).unwrap();
    assert_eq!(certificates(&usual), certificates(&right)[..2]);
    assert!(usual.doubts.is_empty() && !read(&usual.file).unwrap().certificate.lacks_intermediates);
}

/// Whoever made a certificate wrote what is in it.
#[test]
fn nothing_of_a_certificate_that_a_terminal_would_obey_is_told() {
    let key = KeyPair::generate().unwrap();
    let mut params = params("pi.example.org", 2100);
    params.distinguished_name.push(DnType::CommonName, "\x1b]0;owned\x07");
    let info = CertificateInfo::of(params.self_signed(&key).unwrap().der()).unwrap();
    assert!(info.issuer.contains("owned") && !info.issuer.contains(char::is_control), "{:?}", info.issuer);
}

#[test]
fn what_may_still_be_refused_by_clients_is_told() {
    let key = KeyPair::generate().unwrap();
    let mut nameless = params("x", 2100);
    nameless.subject_alt_names.clear();
    let mut early = params("pi.example.org", 2100);
    early.not_before = date_time_ymd(2090, 1, 1);
    for (params, intermediate_ends, told) in [
        (nameless, 2100, "no host"),
        (early, 2100, "holds only from 2090"),
        (params("pi.example.org", 2100), 2001, "is over since 2001"),
    ] {
        let [leaf, between, _] = chain(&key, params, intermediate_ends);
        let doubts = import(&(leaf + &between), &key.serialize_pem()).unwrap().doubts;
        assert!(doubts.len() == 1 && doubts[0].contains(told), "{told}: {doubts:?}");
    }
}
