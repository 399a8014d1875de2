//! The rooms beside the general one, kept in `rooms.json`.
//!
//! Who is in which room is decided by the order of the events and asked of the timeline
//! ([`Members`]); the file has a copy of that up to some event, for a start after the
//! events with which somebody entered are no longer kept. What no event tells is here: whether a room is open, what it is
//! about, who made it.

use super::lesson::Timer;
use crate::files;
use crate::protocol::{RoomName, TopicInfo, Username, is_group};
use crate::reason::{self, Reason};
use crate::server::timeline::{Gone, Members, Stay, Timeline};
use crate::sync::lock;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

/// How many rooms there may be: the answer to `rooms` lists them all in one line.
pub(crate) const ROOMS_MAX: usize = 100;
/// How many an account may be in beside the general one: the `welcome` lists them in one line.
pub(crate) const ROOMS_PER_ACCOUNT_MAX: usize = 24;

/// The rooms, and where they are kept.
#[derive(Debug)]
pub(crate) struct Rooms {
    path: PathBuf,
    /// Held over the whole of a change: its event, and its write to disk.
    changing: Mutex<()>,
    now: Mutex<BTreeMap<RoomName, Room>>,
    /// Somebody entered or went out since it was written. The journal knows that: it may wait for the next look.
    stale: AtomicBool,
    /// Without a journal nothing else knows who is in which room: then it may not wait.
    has_journal: bool,
}

/// What is known of a room beside who is in it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Room {
    /// Whether anyone may enter.
    pub(crate) open: bool,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    /// Who made it, also where that account is deleted; nobody who is known, where the file was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maker: Option<String>,
    /// The newest event's seq when it was made: what was said before in a room of this name was said in another room.
    pub(crate) made: u64,
    /// What it talks about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<TopicInfo<'static>>,
    /// It was made by a split.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) split: bool,
    /// Then it closes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timer: Option<Timer>,
}

/// The file.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Kept {
    /// All that happened up to this event is in it.
    seq: u64,
    rooms: BTreeMap<String, Room>,
    /// Who was in which room from one event to another, these included; without `to`, who still is.
    stays: Vec<KeptStay>,
}

#[derive(Debug, Deserialize, Serialize)]
struct KeptStay {
    username: String,
    room: String,
    from: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
}

impl Room {
    /// Whether whoever made it has this name.
    pub(crate) fn is_of(&self, name: &Username) -> bool {
        self.maker.as_deref() == Some(name.as_str())
    }

    /// Whether an account that was made after the event `since` made it, and not an older one of its name.
    pub(crate) fn was_made_by(&self, name: &Username, since: u64) -> bool {
        self.is_of(name) && since <= self.made
    }
}

impl Rooms {
    /// Reads the rooms kept in `path`; there need be none. Beside them who is in which, as far as the file knows.
    ///
    /// # Errors
    /// The file isn't the rooms'.
    pub(crate) fn open(path: &Path, has_journal: bool) -> Result<(Self, Members), String> {
        let kept: Kept = match files::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|e| damaged(path, &Reason(&e).to_string()))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(e) => return Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        };
        let name = |text: &str| RoomName::parse(text).filter(|room| !room.is_general());
        let bad = |text: &str| damaged(path, &format!("`{text}` is no room's name"));
        let rooms = kept.rooms.into_iter().map(|(text, room)| Ok((name(&text).ok_or_else(|| bad(&text))?, room)));
        let now = rooms.collect::<Result<_, String>>()?;
        let stays = kept.stays.into_iter().map(|stay| {
            let account = Username::parse(&stay.username)
                .ok_or_else(|| damaged(path, &format!("`{}` is no user name", stay.username)))?;
            let room = name(&stay.room).ok_or_else(|| bad(&stay.room))?;
            Ok((account, Stay::known(room, stay.from, stay.to)))
        });
        let members = Members::known(stays.collect::<Result<Vec<_>, String>>()?, kept.seq);
        Ok((
            Self {
                path: path.to_owned(),
                changing: Mutex::default(),
                now: Mutex::new(now),
                stale: false.into(),
                has_journal,
            },
            members,
        ))
    }

    /// Takes what happened after the file was written: rooms that were closed, and rooms that the file doesn't know, since it
    /// was lost. Those are closed ones, whose members are in them.
    pub(crate) fn catch_up(&self, timeline: &Timeline) {
        let mut now = lock(&self.now);
        timeline.recall(|recall| {
            // A split that nobody was told of, since the server died before that, is none.
            let was_told = |name: &RoomName, room: &Room| !room.split || recall.members.was_entered(name, room.made);
            now.retain(|name, room| !recall.members.was_closed(name) && was_told(name, room));
            for room in recall.members.rooms() {
                let made = || recall.members.first_stay(room).map_or(0, |from| from.saturating_sub(1));
                let new = || Room { split: is_group(room.as_str()), ..Room::new(false, None, None, made()) };
                now.entry(room.clone()).or_insert_with(new);
            }
        });
    }

    /// Begins a change, which no other goes on beside.
    pub(crate) fn begin(&self) -> MutexGuard<'_, ()> {
        lock(&self.changing)
    }

    /// A room, if there is one of that name.
    pub(crate) fn get(&self, room: &RoomName) -> Option<Room> {
        lock(&self.now).get(room).cloned()
    }

    /// Whether there is one of that name. The general one always is.
    pub(crate) fn is_there(&self, room: &RoomName) -> bool {
        room.is_general() || lock(&self.now).contains_key(room)
    }

    /// All of them, sorted by their names.
    pub(crate) fn list(&self) -> Vec<(RoomName, Room)> {
        lock(&self.now).iter().map(|(name, room)| (name.clone(), room.clone())).collect()
    }

    /// Those of a split, sorted by their names.
    pub(crate) fn groups(&self) -> Vec<(RoomName, Room)> {
        let now = lock(&self.now);
        now.iter().filter(|(_, room)| room.split).map(|(name, room)| (name.clone(), room.clone())).collect()
    }

    /// Changes the rooms and writes that down, with who is in which.
    ///
    /// # Errors
    /// It can't be written; then nothing has changed.
    pub(crate) fn change(
        &self,
        timeline: &Timeline,
        change: impl FnOnce(&mut BTreeMap<RoomName, Room>),
    ) -> io::Result<()> {
        // Before anything is read: who is moved meanwhile is written by the next one.
        let stale = self.stale.swap(false, Ordering::AcqRel);
        self.write(timeline, change).inspect_err(|_| self.stale.store(stale, Ordering::Release))
    }

    fn write(&self, timeline: &Timeline, change: impl FnOnce(&mut BTreeMap<RoomName, Room>)) -> io::Result<()> {
        let before = lock(&self.now).clone();
        let mut after = before.clone();
        change(&mut after);
        let text = render(&after, timeline)?;
        files::replace_or_restore(&self.path, &text, || render(&before, timeline).ok())?;
        *lock(&self.now) = after;
        Ok(())
    }

    /// Takes over what events have changed of the rooms, which can't be undone, and writes it down. Where that fails the next
    /// look tries it again, and the journal knows it.
    pub(crate) fn follow(&self, timeline: &Timeline, change: impl FnOnce(&mut BTreeMap<RoomName, Room>)) {
        change(&mut lock(&self.now));
        self.expect_look();
        if let Err(e) = self.change(timeline, |_| {}) {
            log::error!(
                "rooms.json can't be written, the journal alone knows of the last change: {}",
                reason::of_file(&e)
            );
        }
    }

    /// Somebody entered or went out. The journal knows that, and it is written with the next look; without a journal now.
    pub(crate) fn follow_moves(&self, timeline: &Timeline) {
        if self.has_journal {
            self.expect_look();
        } else {
            self.follow(timeline, |_| {});
        }
    }

    fn expect_look(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Whether somebody has made a room, or set its topic.
    pub(crate) fn names(&self, name: &Username) -> bool {
        let is_topics = |room: &Room| room.topic.as_ref().is_some_and(|topic| topic.by == name.as_str());
        lock(&self.now).values().any(|room| room.is_of(name) || is_topics(room))
    }

    /// Takes somebody out of the file, after the timeline has: rooms that they made are somebody's who was erased, and what they
    /// said of a room goes.
    ///
    /// # Errors
    /// It can't be written; then nothing has changed.
    pub(crate) fn erase(&self, timeline: &Timeline, gone: &Gone<'_>) -> io::Result<()> {
        let _changing = self.begin();
        if !self.path.exists() && lock(&self.now).is_empty() {
            return Ok(());
        }
        self.change(timeline, |rooms| {
            for room in rooms.values_mut() {
                if room.is_of(gone.name) {
                    (room.maker, room.about) = (Some(gone.alias.to_string()), None);
                }
                room.topic.take_if(|topic| gone.is(Some(&topic.by)));
            }
        })
    }

    /// Writes down who was moved since, and all of them anew where another program has removed the file. What there is to be
    /// told about that.
    ///
    /// # Errors
    /// It can't be written anew.
    pub(crate) fn look(&self, timeline: &Timeline) -> Result<Option<String>, String> {
        let _changing = self.begin();
        if lock(&self.now).is_empty() || self.path.exists() {
            let written = if self.stale.load(Ordering::Acquire) { self.change(timeline, |_| {}) } else { Ok(()) };
            return written.map(|()| None).map_err(|e| format!("rooms.json can't be written: {}", reason::of_file(&e)));
        }
        self.change(timeline, |_| {}).map_err(|e| {
            format!("another program has removed rooms.json, which can't be written anew: {}", reason::of_file(&e))
        })?;
        Ok(Some("another program has removed rooms.json: it is written anew".into()))
    }
}

impl Room {
    /// A new one, when the newest event was `made`.
    pub(crate) fn new(open: bool, about: Option<String>, maker: Option<&Username>, made: u64) -> Self {
        let maker = maker.map(Username::to_string);
        Self { open, about, maker, made, topic: None, split: false, timer: None }
    }
}

fn damaged(path: &Path, why: &str) -> String {
    format!("{} is damaged: {why}; mend it or remove it", path.display())
}

/// The file's text. Stays that ended before the oldest event that is kept are of no use any more.
fn render(rooms: &BTreeMap<RoomName, Room>, timeline: &Timeline) -> io::Result<Vec<u8>> {
    let (oldest, _) = timeline.oldest();
    let rooms = rooms.iter().map(|(name, room)| (name.to_string(), room.clone())).collect();
    let (seq, mut stays) = timeline.recall_at_head(|recall| {
        let stays = recall.members.stays().filter(|(_, stay)| stay.to.is_none_or(|to| to >= oldest));
        let kept = |(name, stay): (&Username, &Stay)| KeptStay {
            username: name.to_string(),
            room: stay.room.to_string(),
            from: stay.from,
            to: stay.to,
        };
        stays.map(kept).collect::<Vec<_>>()
    });
    stays.sort_by(|a, b| (a.from, &a.username).cmp(&(b.from, &b.username)));
    let mut text = serde_json::to_vec_pretty(&Kept { seq, rooms, stays })?;
    text.push(b'\n');
    Ok(text)
}
