//! What the throttle says of a login that may not be tried now.

use std::time::Duration;

/// Why a login may not be tried now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wait {
    /// How long it must wait.
    pub(crate) time: Duration,
    /// The wait is short: it may wait here, instead of being sent away.
    pub(crate) here: bool,
}
