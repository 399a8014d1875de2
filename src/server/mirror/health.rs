//! How the mirror is: what its thread finds, and what administrators are told of it, each trouble once, and its end once.

use crate::durations;
use crate::server::config::Notices;
use crate::server::timeline::journal::Copied;
use crate::sync::lock;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// So long one file, or one segment of the journal (16 MiB), may take to be written. Beyond, its disk doesn't answer: a stick
/// writes that in some seconds.
const STEP_MAX: Duration = Duration::from_secs(30);

/// How the mirror is.
#[derive(Debug)]
pub(super) struct Health {
    path: PathBuf,
    notices: Notices,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// All that there was then is there.
    whole: Instant,
    /// It was whole since the start.
    was_whole: bool,
    /// Since when its thread is at one step.
    at_work: Option<Instant>,
    /// Why it isn't kept up to date now.
    why: Option<String>,
    /// What they were told of its disk.
    exposure: Option<String>,
    /// What administrators were told.
    told: Option<String>,
}

impl Health {
    pub(super) fn new(path: &Path, notices: Notices) -> Self {
        let state =
            State { whole: Instant::now(), was_whole: false, at_work: None, why: None, exposure: None, told: None };
        Self { path: path.to_owned(), notices, state: Mutex::new(state) }
    }

    /// Its thread begins a step.
    pub(super) fn is_at_work(&self) {
        lock(&self.state).at_work = Some(Instant::now());
    }

    /// All that there was at this moment is there.
    pub(super) fn is_whole(&self, since: Instant) {
        let mut state = lock(&self.state);
        if !state.was_whole {
            log::info!("everything is kept in the mirror {} too", self.path.display());
        }
        (state.whole, state.was_whole, state.at_work, state.why) = (since, true, None, None);
    }

    /// What others can do there, which administrators are told once.
    pub(super) fn is_exposed(&self, exposure: Option<String>) {
        let mut state = lock(&self.state);
        if state.exposure != exposure {
            exposure.iter().for_each(|text| self.notices.tell_admins(text.clone()));
            state.exposure = exposure;
        }
    }

    /// What somebody else had removed or changed there is as it should be, which administrators are told.
    pub(super) fn is_mended<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            self.notices.tell_admins(format!(
                "another program has removed or changed {} in the mirror {}, or its disk fails: it is put there anew",
                names.join(", "),
                self.path.display()
            ));
        }
    }

    /// It can't be kept up to date, and this is why: what comes behind "the mirror /media/usb ".
    pub(super) fn fails(&self, why: String) {
        let mut state = lock(&self.state);
        if state.why.as_ref() != Some(&why) {
            log::info!("the mirror {} {why}", self.path.display());
        }
        (state.at_work, state.why) = (None, Some(why));
    }

    /// Whether the last attempt failed.
    pub(super) fn is_troubled(&self) -> bool {
        lock(&self.state).why.is_some()
    }

    /// How far it is behind.
    pub(super) fn behind(&self, now: Instant) -> Duration {
        now.saturating_duration_since(lock(&self.state).whole)
    }

    /// What is wrong with it now.
    pub(super) fn trouble(&self, copied: Option<&Copied>, now: Instant) -> Option<String> {
        lock(&self.state).trouble(copied, now)
    }

    /// Tells administrators what is wrong, and that it no longer is.
    pub(super) fn tell(&self, copied: Option<&Copied>, now: Instant) {
        let mut state = lock(&self.state);
        let (trouble, path) = (state.trouble(copied, now), self.path.display());
        match (&trouble, &state.told) {
            (Some(why), told) if told.as_ref() != Some(why) => {
                self.notices.tell_admins(format!("the mirror {path} {why}; the chat goes on without it"));
            }
            (None, Some(_)) => self.notices.tell_admins(format!("the mirror {path} has everything again")),
            _ => return,
        }
        state.told = trouble;
    }

    /// Says at the server's end what the mirror lacks, if anything.
    pub(super) fn say_what_is_lacking(&self, now: Instant) {
        let state = lock(&self.state);
        let behind = durations::lasted(now.saturating_duration_since(state.whole));
        let why = state.why.clone().unwrap_or_else(|| "doesn't answer".into());
        log::error!("the mirror {} lacks what happened in the last {behind}: it {why}", self.path.display());
    }
}

impl State {
    fn trouble(&self, copied: Option<&Copied>, now: Instant) -> Option<String> {
        let hangs = self.at_work.is_some_and(|since| now.saturating_duration_since(since) > STEP_MAX);
        if hangs {
            return Some("doesn't answer: look at its disk, and at the system's log".into());
        }
        let late = || copied.is_some_and(Copied::is_late);
        self.why.clone().or_else(|| {
            late().then(|| {
                "is too slow for --sync always: for a minute nothing waits for it, and what is acknowledged may not be there \
                 yet; use a faster disk"
                    .into()
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::notices;

    #[test]
    fn each_trouble_is_told_once_and_its_end() {
        let (notices, posted) = notices::channel();
        let health = Health::new(Path::new("/media/usb"), notices);
        let (begun, mut told) = (Instant::now(), Vec::new());
        let tell = |now| health.tell(None, now);
        health.is_whole(begun);
        tell(begun);
        (0..3).for_each(|_| {
            health.fails("isn't there".into());
            tell(begun);
        });
        health.is_whole(begun);
        tell(begun);
        health.is_at_work();
        tell(begun + STEP_MAX);
        tell(begun + STEP_MAX * 2);
        tell(begun + STEP_MAX * 3);
        assert!(health.behind(begun + STEP_MAX) >= STEP_MAX);
        health.is_whole(begun + STEP_MAX * 3);
        health.tell(None, begun + STEP_MAX * 3);
        assert_eq!(health.behind(begun + STEP_MAX * 3), Duration::ZERO);
        drop(health);
        told.extend(posted.iter().flatten().map(|notice| notice.0));
        let again = "the mirror /media/usb has everything again";
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0], "the mirror /media/usb isn't there; the chat goes on without it");
        assert!(told[2].contains("doesn't answer") && told[1] == again && told[3] == again, "{told:?}");
    }
}
