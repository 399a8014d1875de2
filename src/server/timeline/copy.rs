//! The journal for somebody who keeps a copy of it while it is written.

use super::journal::Copying;
use super::order::Timeline;

impl Timeline {
    /// What that takes. None where there is no journal.
    pub(crate) fn copying(&self) -> Option<Copying> {
        self.with_journal(|journal| journal.copying())
    }
}
