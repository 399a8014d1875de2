//! What a certificate lacks for browsers, in words.

use crate::identity::CertificateInfo;
use crate::server::state::missing;
use jiff::Timestamp;
use std::net::IpAddr;

/// What browsers ask for and this certificate lacks on a machine with these addresses at this time, and what to do about it;
/// None where it lacks nothing.
pub(super) fn lacks(certificate: &CertificateInfo, own: &[IpAddr], now: Timestamp) -> Option<String> {
    if certificate.begins > now {
        let begins = certificate.begins;
        return Some(format!(
            "it isn't valid yet, and they refuse it until {begins:.0}: {}",
            until_it_begins(certificate)
        ));
    }
    let mut lacks = certificate.lacks.clone();
    // An authority's names no addresses.
    if certificate.self_signed {
        lacks.extend(missing(certificate, own).iter().map(|ip| format!("the address {ip}")));
    }
    if lacks.is_empty() {
        return None;
    }
    let remedy = if certificate.renews {
        "the server makes another one by itself, at its start, when it reloads, or within the hour"
    } else if certificate.self_signed {
        "`identity new --keep-key` makes one that lacks nothing, for the same key; whoever knows this one alone, by a link \
         with sha256: and without key:, then needs the join code"
    } else {
        "ask its authority for one that does"
    };
    Some(format!("it lacks {}: {remedy}", lacks.join(", ")))
}

/// What to do about one that holds only from a time to come.
pub(super) fn until_it_begins(certificate: &CertificateInfo) -> &'static str {
    if certificate.renews {
        // As `reckoning.rs` has it: so long must what a clock says stand.
        "if the clock is right now, a running server makes another one by itself, once it believes the clock (in about 10 \
         minutes), or at its next start"
    } else if certificate.self_signed {
        "is the clock right? If so, `identity new --keep-key` makes one that holds from today"
    } else {
        "is the clock right? If so, wait until then, or put another one in with `identity import`"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity;

    #[test]
    fn named_with_what_to_do() {
        let own: [IpAddr; 1] = ["192.0.2.5".parse().unwrap()];
        let made = |addresses| identity::make(&[], addresses, Timestamp::now(), None).unwrap();
        let whole = identity::read(&made(&own)).unwrap().certificate;
        let now = Timestamp::now();
        let early = lacks(&whole, &own, now - jiff::SignedDuration::from_hours(48)).unwrap();
        assert!(early.contains("isn't valid yet") && early.contains("10 minutes"), "{early}");
        let lacks = |certificate: &CertificateInfo, own: &[IpAddr]| lacks(certificate, own, now);
        assert_eq!(lacks(&whole, &own), None);
        let other = identity::read(&made(&[])).unwrap().certificate;
        let told = lacks(&other, &own).unwrap();
        assert!(told.contains("the address 192.0.2.5") && told.contains("by itself"), "{told}");
        let imported = CertificateInfo { renews: false, lacks: vec!["an end".into()], ..whole.clone() };
        assert!(lacks(&imported, &own).unwrap().contains("--keep-key"));
        let authoritys = CertificateInfo { self_signed: false, ..imported };
        assert!(lacks(&authoritys, &own).unwrap().contains("ask its authority"));
        assert_eq!(lacks(&CertificateInfo { lacks: Vec::new(), ..authoritys }, &[]), None);
    }
}
