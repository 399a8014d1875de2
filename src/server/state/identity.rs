//! The key and the certificate that newcomers are shown, and how long it still holds.

use super::certificate::{make, today};
use crate::identity::{self, CertificateInfo, Identity};
use crate::reason::Reason;
use crate::server::clock::Clock;
use crate::server::config::{Folder, Notices};
use crate::sync::lock;
use jiff::Timestamp;
use native_tls::{Protocol, TlsAcceptor};
use std::sync::Mutex;

/// The days before its end from which on administrators are told: once, once more, and from then on daily.
const FIRST_WARNING_DAYS: i64 = 30;
const DAILY_WARNING_DAYS: i64 = 7;

/// What newcomers are shown at present.
pub(crate) struct InUse {
    /// Shakes hands.
    pub(crate) acceptor: TlsAcceptor,
    /// What it shows.
    pub(crate) certificate: CertificateInfo,
    /// The last warning that was given.
    warned: Option<Warning>,
}

/// Which warning is due. Each is given once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Warning {
    /// Within [`FIRST_WARNING_DAYS`].
    First,
    /// Within [`DAILY_WARNING_DAYS`]: so many are left, fewer than none once it's over.
    Daily(i64),
}

impl InUse {
    /// Reads `identity.p12`, which is made if there is none.
    ///
    /// # Errors
    /// It can't be made, read or used.
    pub(crate) fn open(folder: &Folder, clock: &Clock) -> Result<Self, String> {
        Self::of(&folder.identity(|| make(None, &[], today(clock.shown())))?)
    }

    /// Reads `identity.p12`, which must be there.
    ///
    /// # Errors
    /// It can't be read or used.
    pub(crate) fn read(folder: &Folder) -> Result<Self, String> {
        Self::of(&folder.identity(|| Err("there is no identity.p12 any more".into()))?)
    }

    /// What a file's bytes are, if they can be used.
    ///
    /// # Errors
    /// They can't be read, or TLS takes no such key.
    pub(crate) fn of(file: &[u8]) -> Result<Self, String> {
        let Identity { tls, certificate } =
            identity::read(file).map_err(|why| format!("identity.p12 can't be read: {why}"))?;
        // TLS 1.0 and 1.1 are forbidden by RFC 8996.
        let acceptor = TlsAcceptor::builder(tls)
            .min_protocol_version(Some(Protocol::Tlsv12))
            .build()
            .map_err(|e| format!("the key of identity.p12 can't be used: {}", Reason(&e)))?;
        Ok(Self { acceptor, certificate, warned: None })
    }

    /// Shows something else from now on. True if it's another certificate.
    pub(crate) fn replace(&mut self, new: Self) -> bool {
        let same = self.certificate.fingerprint == new.certificate.fingerprint;
        *self = Self { warned: self.warned.filter(|_| same), ..new };
        !same
    }

    /// What administrators must be told about the certificate's end now, and weren't told yet.
    fn due(&mut self, now: Timestamp) -> Option<String> {
        let ends = self.certificate.ends?;
        let days = ends.duration_since(now).as_secs().div_euclid(24 * 60 * 60);
        // One that the server renews by itself has had its time for that.
        let first = FIRST_WARNING_DAYS - i64::from(self.certificate.renews);
        let warning = match days {
            _ if days > first => return None,
            _ if days > DAILY_WARNING_DAYS => Warning::First,
            _ => Warning::Daily(days),
        };
        (self.warned.replace(warning) != Some(warning)).then(|| tell(days, ends))
    }
}

/// Tells administrators if the certificate's end is near, unless the clock is in doubt.
pub(crate) fn warn_if_due(identity: &Mutex<InUse>, clock: &Clock, notices: &Notices) {
    if clock.doubt().is_some() {
        return;
    }
    let due = lock(identity).due(clock.shown());
    if let Some(text) = due {
        notices.tell_admins(text);
    }
}

fn tell(days: i64, ends: Timestamp) -> String {
    let when = match days {
        ..0 => "is over: clients that know the server by its name alone are refused; it ended",
        0 => "ends today:",
        _ => "ends soon:",
    };
    format!("the server's certificate {when} {ends:.0}; put a new one into identity.p12 and reload")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn warnings_a_month_and_a_week_before_and_then_daily() {
        let mut identity = InUse::of(&make(None, &[], Timestamp::now()).unwrap()).unwrap();
        (identity.certificate.ends, identity.certificate.renews) = (None, false);
        let ends: Timestamp = "2026-06-30T12:00:00Z".parse().unwrap();
        let mut warned_at = |hours_before: &mut dyn Iterator<Item = i64>| -> Vec<i64> {
            hours_before.filter(|&hours| identity.due(ends - hours.hours()).is_some()).collect()
        };
        assert!(warned_at(&mut [10, -10].into_iter()).is_empty(), "one without an end");
        identity.certificate.ends = Some(ends);
        let mut hourly = (-48..=24 * 60).rev();
        let at: Vec<i64> = std::iter::from_fn(|| hourly.next())
            .filter(|&hours| identity.due(ends - hours.hours()).is_some())
            .collect();
        let day = 24;
        // A day counts as left until it has begun: the seventh to last begins at 8 days less an hour.
        let daily = (0..=7).rev().map(|days| (days + 1) * day - 1);
        let expected: Vec<i64> = [31 * day - 1].into_iter().chain(daily).chain([-1, -25]).collect();
        assert_eq!(at, expected);
        assert!(identity.due(ends).is_some(), "from over back to today, as a clock that is set may do");
        let folder = tempfile::tempdir().unwrap();
        let in_doubt = Clock::open(&folder.path().join("clock.json"), Some(Timestamp::now() + 24.hours())).unwrap();
        identity.warned = None;
        let identity = Mutex::new(identity);
        warn_if_due(&identity, &in_doubt, &crate::server::config::notices::channel().0);
        let mut identity = identity.into_inner().unwrap();
        assert_eq!(identity.warned, None, "what a clock in doubt says is not told");
        let renewed = InUse::of(&make(None, &[], Timestamp::now()).unwrap()).unwrap();
        assert!(identity.replace(renewed) && identity.warned.is_none());
    }
}
