//! The clock that everybody in the server asks.

use super::clock_file::{Kept, WRITTEN_EVERY};
use super::now::Now;
use super::reckoning::{Reading, Reckoning};
use crate::faults;
use crate::moment::Moment;
use crate::sync::{Mutex, MutexGuard, lock};
use jiff::{SignedDuration, Timestamp};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the clock is looked at when nobody asks: whether it was set.
pub(crate) const LOOK_AFTER: Duration = Duration::from_secs(5);

/// The server's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    /// None where nothing is remembered.
    path: Option<PathBuf>,
    start: Moment,
    reckoning: Mutex<Reckoning>,
    /// How long the server had run when it was last written down.
    written: Mutex<Option<SignedDuration>>,
}

impl Clock {
    /// Goes on where the last server on this folder stopped; `newest` is the time of its newest event.
    ///
    /// # Errors
    /// The file can't be read; with what to do.
    pub(crate) fn open(path: &Path, newest: Option<Timestamp>) -> Result<Self, String> {
        let reckoning = Reckoning::begin(Kept::read(path)?, newest, Timestamp::now());
        let (start, path) = (Moment::now(), Some(path.to_owned()));
        Ok(Self { path, start, reckoning: Mutex::new(reckoning), written: Mutex::default() })
    }

    /// One that knows no past and remembers nothing.
    #[cfg(test)]
    pub(crate) fn new() -> Self {
        let reckoning = Reckoning::begin(None, None, Timestamp::now());
        Self { path: None, start: Moment::now(), reckoning: Mutex::new(reckoning), written: Mutex::default() }
    }

    /// What people read.
    pub(crate) fn shown(&self) -> Timestamp {
        self.read().kept.shown
    }

    /// What people read of the event with this seq, which is just made.
    pub(crate) fn stamp(&self, seq: u64) -> Timestamp {
        self.read().stamp(seq)
    }

    /// What ages are judged by.
    pub(crate) fn now(&self) -> Now {
        self.read().now()
    }

    /// The same, to stamp something.
    pub(crate) fn lived(&self) -> Timestamp {
        self.read().kept.lived
    }

    /// When an event that bears this time happened, in lived time.
    pub(crate) fn lived_of(&self, seq: u64, time: Timestamp) -> Timestamp {
        lock(&self.reckoning).kept.lived_of(seq, time)
    }

    /// Why the system's clock isn't believed, if so.
    pub(crate) fn doubt(&self) -> Option<String> {
        self.read().doubt().map(str::to_owned)
    }

    /// What was wrong with it since the start, if it is believed again.
    pub(crate) fn past_trouble(&self) -> Option<String> {
        self.read().past_trouble().map(str::to_owned)
    }

    /// What administrators are to be told and weren't yet.
    pub(crate) fn news(&self) -> Option<String> {
        self.read().news()
    }

    /// Writes down what is to be remembered, if that is due.
    ///
    /// # Errors
    /// What the system says; it is tried again the next time.
    pub(crate) fn save_if_due(&self) -> io::Result<()> {
        let ran = self.ran();
        let is_old = lock(&self.written).is_none_or(|written| ran.saturating_sub(written) >= WRITTEN_EVERY);
        if is_old || lock(&self.reckoning).changed { self.save() } else { Ok(()) }
    }

    /// Writes down what is to be remembered.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn save(&self) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut written = lock(&self.written);
        let mut reckoning = self.read();
        reckoning.changed = false;
        let kept = reckoning.kept.clone();
        drop(reckoning);
        kept.write(path).inspect_err(|_| lock(&self.reckoning).changed = true)?;
        *written = Some(self.ran());
        Ok(())
    }

    /// For how long this process has run, the machine's sleep among it.
    fn ran(&self) -> SignedDuration {
        SignedDuration::try_from(self.start.elapsed()).unwrap_or_default()
    }

    fn read(&self) -> MutexGuard<'_, Reckoning> {
        let mut reckoning = lock(&self.reckoning);
        // Under the lock: no reading overtakes another.
        let hurries = faults::strike("clock.stands").is_err();
        reckoning.read(Reading { system: Timestamp::now(), ran: self.ran(), hurries });
        reckoning
    }
}
