//! The lesson that goes on, and the file in which it outlives a restart, `lesson.json`.

use super::kept::Kept;
use super::past::PastPolls;
use super::slow::Paces;
use super::timer::Moment;
use crate::files;
use crate::protocol::{RoomName, Username};
use crate::reason::{self, Reason};
use crate::server::timeline::{Gone, Timeline};
use crate::sync::lock;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// What holds now, and where it is kept.
#[derive(Debug)]
pub(crate) struct Lesson {
    path: PathBuf,
    /// Whose newest event is written down beside it; none where it's only looked at.
    timeline: OnceLock<Arc<Timeline>>,
    /// Held over the whole of a change: its write to disk and its events.
    saving: Mutex<()>,
    now: Mutex<Kept>,
    /// When each spoke last in a slow room.
    pub(crate) paces: Mutex<Paces>,
    /// Counts the changes, for whoever waits for what ends by itself.
    changes: Mutex<u64>,
    changed: Condvar,
}

/// A change that is being made, which no other goes on beside.
pub(crate) struct Change<'a> {
    lesson: &'a Lesson,
    _saving: MutexGuard<'a, ()>,
    before: Kept,
    /// What is to hold.
    pub(crate) draft: Kept,
}

impl Lesson {
    /// Reads what is kept in `path`; there need be nothing.
    ///
    /// # Errors
    /// The file isn't what was written.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let damaged = |what: &dyn std::fmt::Display| {
            format!(
                "{} is damaged: {what}; mend it, or remove it: then every room is open, no hand is up, and votes of open \
                 polls are lost",
                path.display()
            )
        };
        let now: Kept = match files::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|e| damaged(&Reason(&e)))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(e) => return Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        };
        match now.fault() {
            Some(fault) => Err(damaged(&fault)),
            None => Ok(Self {
                path: path.to_owned(),
                timeline: OnceLock::new(),
                saving: Mutex::default(),
                now: Mutex::new(now),
                paces: Mutex::default(),
                changes: Mutex::default(),
                changed: Condvar::new(),
            }),
        }
    }

    /// Asks what holds. Not for long: whoever speaks asks it too.
    pub(crate) fn now<T>(&self, ask: impl FnOnce(&Kept) -> T) -> T {
        ask(&lock(&self.now))
    }

    /// Begins a change.
    pub(crate) fn begin(&self) -> Change<'_> {
        let saving = lock(&self.saving);
        let before = self.now(Clone::clone);
        Change { lesson: self, _saving: saving, draft: before.clone(), before }
    }

    /// Goes on beside this timeline: makes it agree with what the journal knows of polls, and with which rooms and accounts there
    /// are (`since` tells what an account's newest event was when it was made).
    pub(crate) fn catch_up(
        &self,
        timeline: &Arc<Timeline>,
        (past, now): (PastPolls, Moment),
        is_there: impl Fn(&RoomName) -> bool,
        since: impl Fn(&Username) -> Option<u64>,
    ) {
        let _ = self.timeline.set(Arc::clone(timeline));
        let mut change = self.begin();
        let draft = &mut change.draft;
        // With one write: what is written anew is of the accounts that there are.
        let changed =
            [past.apply(draft, now), draft.forget_rooms(|room| !is_there(room)), draft.forget_the_deleted(since)];
        if changed.contains(&true) {
            change.keep();
        }
    }

    /// Forgets whatever holds in these rooms, which are no more.
    pub(crate) fn forget_rooms(&self, is_gone: impl Fn(&RoomName) -> bool) {
        let mut change = self.begin();
        if change.draft.forget_rooms(is_gone) {
            change.keep();
        }
    }

    /// An account is no more.
    pub(crate) fn forget(&self, name: &Username) {
        lock(&self.paces).forget(name);
        let mut change = self.begin();
        if change.draft.forget(name) {
            change.keep();
        }
    }

    /// Whether somebody is named.
    pub(crate) fn names(&self, name: &Username) -> bool {
        self.now(|now| now.names().contains(name))
    }

    /// Takes out somebody who is erased, and what they asked in these polls.
    ///
    /// # Errors
    /// It can't be written; then nothing has changed.
    pub(crate) fn erase(&self, gone: &Gone<'_>, theirs: &BTreeSet<u64>) -> io::Result<()> {
        lock(&self.paces).forget(gone.name);
        let mut change = self.begin();
        // What a change that was cut off has left beside it goes with the next one.
        files::remove_leftover(&self.path)?;
        if change.draft.erase(gone, theirs) { change.save() } else { Ok(()) }
    }

    /// Somebody has come who may vote in the polls of the rooms they are in, and is waited for. The next vote writes it down.
    pub(crate) fn came(&self, name: &Username, is_in: impl Fn(&RoomName) -> bool) {
        if self.now(|now| now.polls.is_empty()) {
            return;
        }
        let mut change = self.begin();
        for poll in change.draft.polls.iter_mut().filter(|poll| is_in(&poll.room)) {
            poll.entitle([name.clone()]);
        }
        self.set(change.draft);
    }

    /// Waits until something has changed, `seen` times before, or for so long.
    pub(crate) fn wait(&self, seen: &mut u64, time: Option<Duration>) {
        let changes = lock(&self.changes);
        let unchanged = |now: &mut u64| *now == *seen;
        let now = match time {
            Some(time) => {
                *self.changed.wait_timeout_while(changes, time, unchanged).unwrap_or_else(PoisonError::into_inner).0
            }
            None => *self.changed.wait_while(changes, unchanged).unwrap_or_else(PoisonError::into_inner),
        };
        *seen = now;
    }

    /// Writes it down anew where another program has removed the file. What there is to be told about that.
    ///
    /// # Errors
    /// It can't be written anew.
    pub(crate) fn look(&self) -> Result<Option<String>, String> {
        let _saving = lock(&self.saving);
        let mut now = self.now(Clone::clone);
        if now.is_nothing() || self.path.exists() {
            return Ok(None);
        }
        self.date(&mut now);
        let written = render(&now).and_then(|text| files::replace(&self.path, &text));
        written.map_err(|e| {
            format!("another program has removed lesson.json, which can't be written anew: {}", reason::of_file(&e))
        })?;
        Ok(Some("another program has removed lesson.json: it is written anew".into()))
    }

    /// What is written now knows of all that happened so far.
    fn date(&self, kept: &mut Kept) {
        kept.seq = self.timeline.get().map_or(kept.seq, |timeline| Some(timeline.head()));
    }

    fn set(&self, kept: Kept) {
        *lock(&self.now) = kept;
        *lock(&self.changes) += 1;
        self.changed.notify_all();
    }
}

impl Change<'_> {
    /// What held before.
    pub(crate) fn before(&self) -> &Kept {
        &self.before
    }

    /// Writes it down, and then it is so.
    ///
    /// # Errors
    /// It can't be written; then it is what it was.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        self.draft.tidy();
        self.lesson.date(&mut self.draft);
        let before = render(&self.before)?;
        files::replace_or_restore(&self.lesson.path, &render(&self.draft)?, || Some(before))?;
        self.lesson.set(self.draft.clone());
        Ok(())
    }

    /// It is so from now on, and is yet to be written down: nobody is told of what doesn't hold.
    pub(crate) fn show(&self) {
        self.lesson.set(self.draft.clone());
    }

    /// It is so, since everybody was told, also if it can't be written down now. The next change writes it too.
    pub(crate) fn keep(mut self) {
        if let Err(e) = self.save() {
            log::error!(
                "lesson.json can't be written: {}; the next start goes on with an older one",
                reason::of_file(&e)
            );
            self.lesson.set(self.draft);
        }
    }

    /// It was refused after it was written down: it is what it was.
    pub(crate) fn take_back(mut self) {
        self.draft = self.before.clone();
        self.keep();
    }

    /// It was refused after it was shown, and before it was written down.
    pub(crate) fn drop_shown(self) {
        self.lesson.set(self.before);
    }
}

fn render(kept: &Kept) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(kept)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::polls::{Ask, Poll};
    use super::*;
    use crate::protocol::Mode;
    use std::fs;

    #[test]
    fn kept_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lesson.json");
        let general = RoomName::general();
        let mode = |lesson: &Lesson| lesson.now(|now| now.room(&general).map(|room| room.floor.mode));
        let lesson = Lesson::open(&path).unwrap();
        let mut change = lesson.begin();
        change.draft.floor_mut(&general).0.mode = Mode::Quiet;
        change.save().unwrap();
        drop(change);
        assert_eq!(mode(&Lesson::open(&path).unwrap()), Some(Mode::Quiet));
        let mut change = lesson.begin();
        change.draft.floor_mut(&general).0.mode = Mode::Open;
        change.save().unwrap();
        assert_eq!((mode(&lesson), mode(&Lesson::open(&path).unwrap())), (None, None), "nothing holds there");
        change.take_back();
        assert_eq!((mode(&lesson), mode(&Lesson::open(&path).unwrap())), (Some(Mode::Quiet), Some(Mode::Quiet)));
        fs::remove_file(&path).unwrap();
        assert!(lesson.look().unwrap().is_some() && lesson.look().unwrap().is_none());
        assert_eq!(mode(&Lesson::open(&path).unwrap()), Some(Mode::Quiet));
    }

    #[test]
    fn nothing_of_a_room_is_in_the_next_one_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lesson.json");
        let room = |text: &str| RoomName::parse(text).unwrap();
        let lesson = Lesson::open(&path).unwrap();
        let mut change = lesson.begin();
        for name in ["general", "chess"] {
            change.draft.floor_mut(&room(name)).0.mode = Mode::Quiet;
            let ask = Ask { question: "?".into(), options: vec!["a".into(), "b".into()] };
            change.draft.polls.push(Poll::new(1, room(name), ask, None));
        }
        change.save().unwrap();
        drop(change);
        lesson.forget_rooms(|gone| *gone == room("chess"));
        let kept = Lesson::open(&path).unwrap();
        let holds = |name: &str| kept.now(|now| (now.room(&room(name)).is_some(), now.poll_in(&room(name)).is_some()));
        assert_eq!((holds("chess"), holds("general")), ((false, false), (true, true)));
    }

    #[test]
    fn what_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lesson.json");
        for junk in [
            "{",
            "[]7",
            r#"{"motto":1}"#,
            r#"{"rooms":{"general":{"floor":{"mode":"loud"}}}}"#,
            r#"{"rooms":{"general":{"floor":{"mode":"slow"}}}}"#,
            r#"{"rooms":{"no name":{}}}"#,
            r#"{"polls":[{"poll":1,"room":"general","question":"?","options":["a"],"entitled":[],"voted":[],"ballots":{}}]}"#,
            r#"{"polls":[{"poll":1,"room":"general","question":"?","options":["a","b"],"entitled":[],"voted":[],"ballots":{"x":2}}]}"#,
        ] {
            fs::write(&path, junk).unwrap();
            assert!(Lesson::open(&path).unwrap_err().contains("mend it, or remove it"), "{junk}");
        }
    }
}
