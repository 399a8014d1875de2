//! One moment, as whoever judges an age is given it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A moment in lived time.
#[derive(Clone, Debug)]
pub(crate) struct Now {
    /// It. What is kept is stamped with this.
    pub(crate) lived: Timestamp,
    /// The system's clock is in doubt: nothing is deleted for its age.
    pub(crate) rests: bool,
    /// What to add to older stamps.
    pub(super) pauses: Arc<[Pause]>,
}

/// Time that a server was off, which was found out only later, when the clock was set.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Pause {
    /// The server's start after it, in lived time: what was stamped up to then is older by the pause.
    pub(super) before: Timestamp,
    /// How long.
    pub(super) seconds: i64,
}

impl Now {
    /// How old something is that bears this stamp; negative where that is still to come.
    pub(crate) fn age(&self, stamp: Timestamp) -> SignedDuration {
        let later = self.pauses.iter().filter(|pause| stamp <= pause.before).map(|pause| pause.seconds);
        self.lived.duration_since(stamp).saturating_add(SignedDuration::from_secs(later.sum()))
    }
}

#[cfg(test)]
impl From<Timestamp> for Now {
    fn from(lived: Timestamp) -> Self {
        Self { lived, rests: false, pauses: Arc::default() }
    }
}
