//! How a thread of the client is started that lasts as long as the process.

use super::error::ClientError;
use crate::reason::Reason;
use std::thread;

/// A named thread that nobody joins: it ends with the process, perhaps in the middle of waiting for a line.
pub(super) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), ClientError> {
    let started = thread::Builder::new().name(name.into()).spawn(run);
    started.map(drop).map_err(|e| ClientError::System { what: "start a thread", why: Reason(&e).to_string() })
}
