//! The key and the certificate that the server shows.

use super::banner;
use super::folder::Folder;
use crate::identity::{self, Identity};
use crate::link::Fingerprint;
use native_tls::{Protocol, TlsAcceptor};

/// What newcomers are shown at present.
pub(super) struct InUse {
    /// Shakes hands.
    pub(super) acceptor: TlsAcceptor,
    /// Of the certificate.
    pub(super) fingerprint: Fingerprint,
}

impl InUse {
    /// Reads `identity.p12`, which is made if there is none.
    ///
    /// # Errors
    /// It can't be made, read or used.
    pub(super) fn open(folder: &Folder) -> Result<Self, String> {
        let host = gethostname::gethostname().to_string_lossy().into_owned();
        let make = || identity::make(&host, &banner::addresses()).map_err(|e| e.to_string());
        Self::from(&folder.identity(make)?)
    }

    /// Reads `identity.p12`, which must be there.
    ///
    /// # Errors
    /// It can't be read or used.
    pub(super) fn read(folder: &Folder) -> Result<Self, String> {
        Self::from(&folder.identity(|| Err("there is no identity.p12 any more".into()))?)
    }

    fn from(file: &[u8]) -> Result<Self, String> {
        let Identity { tls, fingerprint } =
            identity::read(file).map_err(|e| format!("identity.p12 can't be read: {e}"))?;
        // TLS 1.0 and 1.1 are forbidden by RFC 8996.
        let acceptor = TlsAcceptor::builder(tls)
            .min_protocol_version(Some(Protocol::Tlsv12))
            .build()
            .map_err(|e| format!("the key of identity.p12 can't be used: {e}"))?;
        Ok(Self { acceptor, fingerprint })
    }
}
