//! What a start reads in the journal.

use super::chunk::{self, Chunk};
use super::members::Members;
use super::recall::Recall;
use super::record::Record;
use super::what::{Keys, What};
use std::collections::{BTreeMap, VecDeque};

/// How many bytes of the newest lines a start keeps in memory: whoever was there when the server ended comes back at
/// once and asks for these, and gets them as from a server that never ended. All that 5,000 people's going takes.
const RECENT_BYTES_MAX: usize = 1024 * 1024;

/// All events there were, as far as something of them is kept in memory.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) recall: Recall,
    pub(crate) keys: Keys,
    /// The newest ones, without a gap.
    recent: VecDeque<Chunk>,
    last: u64,
    /// What was taken back by a server that died before it told that.
    pub(super) untold: BTreeMap<u64, What>,
}

impl Past {
    /// Nothing yet but who is in which room, as far as the rooms' file knows it.
    pub(crate) fn with(members: Members) -> Self {
        let mut past = Self::default();
        past.recall.members = members;
        past
    }

    /// Takes the next event. What a start takes, `check` takes too, and nothing else.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn add(&mut self, line: &[u8], record: &Record<'_>) -> Result<(), String> {
        if record.seq != self.last + 1 {
            self.recent.clear();
        }
        self.last = record.seq;
        record.moment()?;
        let (said, public) = (record.is_said(), self.recall.public());
        chunk::append(&mut self.recent, RECENT_BYTES_MAX, line, (record.seq, said, record.audience()?), public);
        let what = record.what(&self.keys)?;
        self.recall.note(record.seq, &what);
        if let What::Removed { event, .. } = what {
            self.untold.remove(&event);
        } else if record.removed {
            // Of who was erased nobody is told anything more.
            let by = if record.by.is_empty() { &record.from } else { &record.by };
            let untold = record.removal(record.seq, by).ok();
            let untold = untold.filter(|what| !matches!(what, What::Removed { by: Some(by), .. } if by.is_deleted()));
            self.untold.extend(untold.map(|what| (record.seq, what)));
        }
        Ok(())
    }

    /// The newest event's seq; 0 if there was none.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The newest events, for a timeline that goes on after `head`. None where there is a gap between.
    pub(crate) fn recent(&mut self, head: u64) -> VecDeque<Chunk> {
        if self.last == head { std::mem::take(&mut self.recent) } else { VecDeque::new() }
    }
}
