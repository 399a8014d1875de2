//! What browsers ask of a certificate, and the program of this project doesn't.

use x509_parser::certificate::X509Certificate;

/// Safari, and everything else on a Mac, an iPhone or an iPad, takes none that holds for more days, whoever signed it
/// (<https://support.apple.com/en-us/103769>). Of public authorities all browsers want fewer.
const DAYS_MAX: i64 = 825;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What a certificate lacks, each as it is said behind `it lacks`.
pub(super) fn lacks(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut lacks = Vec::new();
    let validity = certificate.validity();
    if validity.not_after.timestamp() - validity.not_before.timestamp() > DAYS_MAX * DAY_SECONDS {
        lacks.push(format!("an end within {DAYS_MAX} days"));
    }
    // RFC 5280, 4.2.1.12.
    let is_servers = certificate.extended_key_usage().ok().flatten().is_some_and(|usage| usage.value.server_auth);
    if !is_servers {
        lacks.push("the mark of a server (extended key usage serverAuth)".into());
    }
    if certificate.key_usage().ok().flatten().is_some_and(|usage| !usage.value.digital_signature()) {
        lacks.push("the right to sign for a connection (key usage digitalSignature)".into());
    }
    // Firefox shows MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY.
    if certificate.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.value.ca) {
        lacks.push("that it is no authority's own (basic constraints CA false)".into());
    }
    if certificate.subject_alternative_name().ok().flatten().is_none() {
        lacks.push("a name or an address (subjectAltName)".into());
    }
    lacks
}
