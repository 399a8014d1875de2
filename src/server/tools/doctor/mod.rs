//! `homeroom-server doctor`: looks at all that a server needs, says in plain words what it finds, and changes nothing.
//! It works beside a running server.

mod machine;
mod mirror;
mod network;
mod storage;

use super::browsers;
use super::check;
use super::finding::{self, Finding};
use crate::identity::{self, CertificateInfo};
use crate::server::config::Config;
use crate::server::state::own_addresses;
use std::io;
use std::path::Path;

use Finding::{Bad, Good, Note};

/// Looks at everything and prints what it finds. True when nothing is bad.
///
/// # Errors
/// Standard output is closed.
pub(crate) fn run(config: &Config) -> io::Result<bool> {
    let folder = &config.args.data_dir;
    let identity = check::identity(folder);
    let certificate = identity.as_ref().ok().and_then(Option::as_ref);
    let mut listening = network::ports(&config.args.listen, certificate);
    listening.extend(config.args.metrics.map(network::metrics));
    let sections = [
        ("The data folder", storage::folder(config)),
        ("The mirror", mirror::findings(config)),
        ("The certificate", certificate_findings(folder, &identity)),
        ("The clock", machine::clock(folder)),
        ("Limits of the system", machine::limits(config.args.live.max_sessions)),
        ("Listening", listening),
        ("Addresses", network::addresses(&config.args.listen)),
        ("For somebody outside your own network", network::outsiders(&config.args.listen)),
    ];
    finding::print(&sections)
}

fn certificate_findings(data_dir: &Path, identity: &Result<Option<CertificateInfo>, String>) -> Vec<Finding> {
    match identity {
        Ok(Some(certificate)) => {
            let now = jiff::Timestamp::now();
            let mut findings = judge(certificate, now);
            findings.push(match browsers::lacks(certificate, &own_addresses(), now) {
                Some(lacks) => Note(format!("for browsers {lacks}")),
                None => Good("it lacks nothing that browsers ask for".into()),
            });
            findings
        }
        Ok(None) => vec![check::no_certificate(data_dir)],
        Err(e) => vec![Bad(e.clone())],
    }
}

fn judge(certificate: &CertificateInfo, now: jiff::Timestamp) -> Vec<Finding> {
    let identity::CertificateInfo { fingerprint, names, begins, ends, self_signed, .. } = certificate;
    let names = if names.is_empty() { "it has none".to_owned() } else { names.join(", ") };
    let mut findings = vec![if *self_signed {
        Good(format!("{fingerprint}, signed by itself: clients know its key from the join code"))
    } else {
        Note(format!(
            "signed by {}: without a join link, clients must type one of its names: {names}",
            certificate.issuer
        ))
    }];
    if certificate.lacks_intermediates {
        findings.push(Bad(format!(
            "intermediates are missing between it and `{}`: clients that come by a name refuse it; `identity import` the \
             file with the whole chain, which certbot calls fullchain.pem",
            certificate.issuer
        )));
    }
    if *begins > now {
        findings.push(Bad(format!("it holds only from {begins:.0}: {}", browsers::until_it_begins(certificate))));
    }
    let days = ends.map(|ends| (ends, ends.duration_since(now).as_secs().div_euclid(24 * 60 * 60)));
    findings.push(match days {
        None => Good("it has no end".into()),
        Some((ends, ..=30)) if certificate.renews => Note(format!(
            "it ends on {ends:.0}: the server makes the next one by itself, at its start or while it runs"
        )),
        Some((ends, ..0)) => Bad(format!("it is over since {ends:.0}: put a new one in with `identity import`")),
        Some((ends, days @ 0..=30)) => Note(format!("it ends in {days} days, on {ends:.0}: see to its renewal")),
        Some((ends, days)) => Good(format!("it ends in {days} days, on {ends:.0}")),
    });
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn a_certificate_judged() {
        let now = jiff::Timestamp::now();
        let file = crate::server::state::make(None, &[], now).unwrap();
        let mut certificate = identity::read(&file).unwrap().certificate;
        assert!(judge(&certificate, now).iter().all(|finding| matches!(finding, Good(_))));
        let over = judge(&certificate, now + (400 * 24).hours());
        assert!(matches!(over.last(), Some(Note(text)) if text.contains("by itself")), "{over:?}");
        certificate.renews = false;
        for (hours, bad, words) in
            [(-1, true, "is over"), (24, false, "ends in 1 days"), (24 * 60, false, "in 60 days")]
        {
            certificate.ends = Some(now + hours.hours());
            let findings = judge(&certificate, now);
            let last = findings.last().unwrap();
            assert!(last.to_string().contains(words) && matches!(last, Bad(_)) == bad, "{last}");
        }
        certificate.lacks_intermediates = true;
        assert!(judge(&certificate, now).iter().any(|finding| finding.to_string().contains("fullchain.pem")));
        certificate.begins = now + 1.hours();
        assert!(judge(&certificate, now).iter().any(|finding| finding.to_string().contains("clock")));
    }
}
