//! The `mirror` thread: it copies what has changed, as soon as the journal was synced and each second; where it can't, it
//! tries again after some seconds.

use super::health::Health;
use super::pass::Open;
use crate::server::config::{Args, Notices, Sync, folder};
use crate::server::timeline::journal::{Copied, Copying};
use crate::sync::{Gate, Pass};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a mirror that is well is looked at when nothing calls for it; and how often one that isn't there, or can't be
/// written to, is tried again, whatever calls for it: that takes a few calls of the system, since what is known of it is kept.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the server's end waits for it: the last second's chat is written within that, and a disk that hangs is left alone.
const END_MAX: Duration = Duration::from_secs(5);

/// A mirror, as others see it.
#[derive(Debug)]
pub(crate) struct Mirror {
    health: Arc<Health>,
    copied: Arc<Copied>,
    /// What was put there is to be looked at.
    to_look: Arc<AtomicBool>,
    /// What is acknowledged is there.
    is_waited_for: bool,
    /// Its thread is inside.
    at_work: Gate,
}

/// What its thread needs.
struct Keeper {
    data_dir: PathBuf,
    path: PathBuf,
    journal: Option<Copying>,
    copied: Arc<Copied>,
    health: Arc<Health>,
    to_look: Arc<AtomicBool>,
}

impl Mirror {
    /// Starts the thread that keeps a mirror of the data folder in `path`.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(args: &Args, path: &Path, journal: Option<Copying>, notices: Notices) -> io::Result<Self> {
        let copied = journal.as_ref().map(|journal| Arc::clone(&journal.copied)).unwrap_or_default();
        let (health, at_work) = (Arc::new(Health::new(path, notices)), Gate::default());
        let (data_dir, path) = (args.data_dir.clone(), path.to_owned());
        let to_look = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            data_dir,
            path,
            journal,
            copied: Arc::clone(&copied),
            health: Arc::clone(&health),
            to_look: Arc::clone(&to_look),
        };
        let inside = at_work.enter();
        thread::Builder::new().name("mirror".into()).spawn(move || keeper.keep(inside))?;
        Ok(Self { health, copied, to_look, is_waited_for: args.sync == Sync::Always, at_work })
    }

    /// Waits until all that was written before this is there too, where it is waited for at all: with `--sync always`, while it
    /// is well, and no longer than the journal's writers do.
    pub(crate) fn catch_up(&self) {
        if self.is_waited_for {
            self.copied.catch_up();
        }
    }

    /// Tells administrators what is wrong with it, and that it no longer is.
    pub(crate) fn look(&self) {
        self.health.tell(Some(&self.copied), Instant::now());
    }

    /// Has its thread look whether what was put there still is, and put it there anew where it isn't.
    pub(crate) fn look_after_files(&self) {
        self.to_look.store(true, Ordering::Relaxed);
        self.copied.ring();
    }

    /// How far it is behind.
    pub(crate) fn behind(&self) -> Duration {
        self.health.behind(Instant::now())
    }

    /// What is wrong with it now.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.health.trouble(Some(&self.copied), Instant::now())
    }

    /// Ends it after a last pass, for which nobody waits longer than [`END_MAX`].
    pub(crate) fn end(&self) {
        self.end_within(END_MAX);
    }

    fn end_within(&self, max: Duration) {
        let now = Instant::now();
        self.copied.end();
        let ended = self.at_work.wait_until_empty(now + max);
        if !ended || self.health.trouble(None, now).is_some() {
            self.health.say_what_is_lacking(Instant::now());
        }
    }
}

impl Keeper {
    fn keep(self, _inside: Pass) {
        let mut open = None;
        loop {
            let is_last = self.copied.wait(if open.is_some() { PAUSE } else { Duration::ZERO });
            if let Err(why) = self.try_once(&mut open) {
                self.copied.fails();
                self.health.fails(why);
            }
            self.health.tell(Some(&self.copied), Instant::now());
            if !is_last && self.health.is_troubled() {
                self.copied.rest(PAUSE);
            }
            if is_last {
                break;
            }
        }
    }

    /// What is known of a mirror is kept for as long as it is where it was. It may be full, and have room again.
    fn try_once(&self, open: &mut Option<Open>) -> Result<(), String> {
        let journal = self.journal.as_ref();
        open.take_if(|open| !open.target.is_there());
        let open = match open {
            Some(open) => open,
            None => {
                let opened = open.insert(Open::new(&self.data_dir, &self.path, journal, &self.health)?);
                self.health.is_exposed(folder::exposure(&self.path));
                opened
            }
        };
        // What an attempt has left that failed is no other program's.
        if !self.health.is_troubled() && self.to_look.swap(false, Ordering::Relaxed) {
            open.look();
        }
        open.pass(&self.data_dir, journal, &self.health)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::notices;
    use std::sync::mpsc;

    /// `one_that_hangs_is_not_waited_for` shows it of a server.
    #[test]
    fn a_thread_that_hangs_is_waited_for_no_longer_than_that() {
        let (notices, _posted) = notices::channel();
        let mirror = Mirror {
            health: Arc::new(Health::new(Path::new("/media/usb"), notices)),
            copied: Arc::default(),
            to_look: Arc::default(),
            is_waited_for: false,
            at_work: Gate::default(),
        };
        let (copied, inside) = (Arc::clone(&mirror.copied), mirror.at_work.enter());
        let (tell, told) = mpsc::channel();
        let ending = thread::spawn(move || {
            mirror.end_within(Duration::ZERO);
            tell.send(()).unwrap();
        });
        assert!(told.recv_timeout(END_MAX * 2).is_ok());
        assert!(copied.wait(Duration::ZERO), "it is told that this is the end");
        drop(inside);
        ending.join().unwrap();
    }
}
