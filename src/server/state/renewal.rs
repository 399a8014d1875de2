//! The certificate is made anew, for the same key, before it ends and when it lacks one of the machine's addresses: browsers
//! go by both. Clients know the key and notice nothing; nobody is dropped.
//!
//! An authority's certificate, or whatever else was imported, is its owner's: its end is told (`identity.rs`). So is one
//! without an end, from before browsers could come: some clients may know that one alone.

use super::addresses::own_addresses;
use super::certificate::{make, missing, today};
use super::identity::InUse;
use super::server::Server;
use crate::identity::{self, CertificateInfo};
use crate::sync::lock;
use jiff::{SignedDuration, Timestamp};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// So long before its end a certificate is made anew.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// No two are made within so long of each other while the server runs, whatever its addresses do: each browser that was told
/// to believe the one before asks again.
const RENEWED_EVERY: Duration = Duration::from_secs(60 * 60);
/// When the caretaker may renew.
#[derive(Debug, Default)]
pub(crate) struct Renewals {
    last: Option<Instant>,
}

impl Renewals {
    /// Has the certificate made anew if that is due (`renew` says whether it was), unless it was done a moment ago.
    pub(crate) fn look(&mut self, now: Instant, renew: impl FnOnce() -> bool) {
        let rests = self.last.is_some_and(|last| now.duration_since(last) < RENEWED_EVERY);
        if !rests && renew() {
            self.last = Some(now);
        }
    }
}

impl Server {
    /// Makes the certificate anew if that is due. True if newcomers are shown another one from now on.
    pub(crate) fn renew_certificate(&self) -> bool {
        // Two at once would each make one.
        let mut lasting = lock(&self.lasting);
        let certificate = lock(&self.identity).certificate.clone();
        // Also while the clock is in doubt, as after the summer: were it wrong, the next look would put that right.
        let today = today(self.clock.shown());
        let Some(why) = due(&certificate, today, &own_addresses()) else { return false };
        let renewed = self.make_anew(&certificate, today);
        let told = renewed.as_ref().map(|_| None).map_err(|not| {
            format!("the server's certificate can't be made anew, and browsers may refuse it ({why}): {not}")
        });
        lasting.note("the certificate", told, &self.notices);
        let Ok(Some(renewed)) = renewed else { return false };
        let detail = format!("{} since {why}", renewed.certificate.fingerprint);
        self.audit.own_act("certificate_renewed", &detail);
        log::info!("the certificate is made anew, for the same key: {detail}");
        self.show(renewed)
    }

    /// Shows newcomers this from now on. True if it's another certificate.
    pub(super) fn show(&self, identity: InUse) -> bool {
        let certificate = identity.certificate.clone();
        let is_another = lock(&self.identity).replace(identity);
        if is_another {
            self.announcement.get().inspect(|announcement| announcement.renew(&certificate));
        }
        is_another
    }

    /// None where the folder has another one than this by now, which waits for a reload.
    fn make_anew(&self, old: &CertificateInfo, from: Timestamp) -> Result<Option<InUse>, String> {
        let file = self.folder.identity(|| Err("there is no identity.p12 any more".into()))?;
        if InUse::of(&file)?.certificate.fingerprint != old.fingerprint {
            return Ok(None);
        }
        let key = identity::key(&file).map_err(|why| why.to_string())?;
        let before: Vec<IpAddr> = old.addresses().collect();
        let new = make(Some(&key), &before, from)?;
        let in_use = InUse::of(&new)?;
        self.folder.replace_identity(&new)?;
        Ok(Some(in_use))
    }
}

/// Why a certificate is to be made anew, if so.
fn due(certificate: &CertificateInfo, today: Timestamp, own: &[IpAddr]) -> Option<String> {
    let ends = certificate.ends.filter(|_| certificate.renews)?;
    if ends.duration_since(today) <= RENEWED_BEFORE {
        return Some(format!("the one before ends on {ends:.0}"));
    }
    // It was made while the clock was ahead.
    if certificate.begins > today {
        return Some(format!("the one before holds only from {:.0}", certificate.begins));
    }
    let missing: Vec<String> = missing(certificate, own).iter().map(IpAddr::to_string).collect();
    (!missing.is_empty()).then(|| format!("the one before doesn't name {}", missing.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn due_thirty_days_before_the_end_or_before_the_beginning() {
        let from: Timestamp = "2027-01-01T12:00:00Z".parse().unwrap();
        let own: [IpAddr; 1] = [[127, 0, 0, 1].into()];
        let file = identity::make(&[], &own, from, None).unwrap();
        let certificate = identity::read(&file).unwrap().certificate;
        let is_due = |today: Timestamp| due(&certificate, today, &own).is_some();
        let hours: Vec<i64> = (-48..400 * 24).filter(|&hours| is_due(from + hours.hours())).collect();
        assert_eq!((hours[0], hours[35]), (-48, -13), "the clock was ahead");
        assert_eq!((hours[36], hours.last()), (367 * 24, Some(&(400 * 24 - 1))));
        assert!(due(&certificate, from, &[[192, 0, 2, 1].into()]).is_some());
        let authority = CertificateInfo { renews: false, ..certificate.clone() };
        assert!(due(&authority, from + (400 * 24).hours(), &[[192, 0, 2, 1].into()]).is_none());
    }

    /// The addresses are others each time.
    #[test]
    fn no_two_within_an_hour() {
        let (mut renewals, start, mut made) = (Renewals::default(), Instant::now(), 0);
        for minute in 0..24 * 60 {
            renewals.look(start + Duration::from_secs(60 * minute), || {
                made += 1;
                true
            });
        }
        assert_eq!(made, 24);
        renewals.look(start + Duration::from_secs(24 * 60 * 60), || false);
        renewals.look(start + Duration::from_secs(24 * 60 * 60), || {
            made += 1;
            true
        });
        assert_eq!(made, 25, "what wasn't due leaves room");
    }
}
