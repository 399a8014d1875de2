//! What the room talks about: kept in `topic.json`, so that it outlives a restart and what was said.

use crate::files;
use crate::protocol::TopicInfo;
use crate::reason::{self, Reason};
use crate::server::timeline::Gone;
use crate::sync::lock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// The topic, and where it is kept.
#[derive(Debug)]
pub(crate) struct Topic {
    path: PathBuf,
    /// Held over the whole of a change: its write to disk and its event.
    saving: Mutex<()>,
    now: Mutex<Option<TopicInfo<'static>>>,
}

impl Topic {
    /// Reads the topic kept in `path`; there need be none.
    ///
    /// # Errors
    /// The file is no topic's.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let now = match files::read(path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|e| format!("{} is damaged: {}; mend it or remove it", path.display(), Reason(&e)))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(format!("can't read {}: {}", path.display(), reason::of_file(&e))),
        };
        Ok(Self { path: path.to_owned(), saving: Mutex::default(), now: Mutex::new(now) })
    }

    /// What it is, if there is one.
    pub(crate) fn now(&self) -> Option<TopicInfo<'static>> {
        lock(&self.now).clone()
    }

    /// Begins a change, which no other goes on beside.
    pub(crate) fn begin(&self) -> MutexGuard<'_, ()> {
        lock(&self.saving)
    }

    /// Writes it down anew where another program has removed the file. What there is to be told about that.
    ///
    /// # Errors
    /// It can't be written anew.
    pub(crate) fn look(&self) -> Result<Option<String>, String> {
        let _saving = self.begin();
        let topic = self.now();
        if topic.is_none() || self.path.exists() {
            return Ok(None);
        }
        let written = render(&topic).and_then(|text| files::replace(&self.path, &text));
        written.map_err(|e| {
            format!("another program has removed topic.json, which can't be written anew: {}", reason::of_file(&e))
        })?;
        Ok(Some("another program has removed topic.json: it is written anew".into()))
    }

    /// One that somebody wrote who is erased goes.
    ///
    /// # Errors
    /// It can't be written; then it is what it was.
    pub(crate) fn erase(&self, gone: &Gone<'_>) -> io::Result<()> {
        let _saving = self.begin();
        // What a save that was cut off has left beside it goes with the next one.
        files::remove_leftover(&self.path)?;
        if self.now().is_some_and(|topic| gone.is(Some(&topic.by))) { self.save(None) } else { Ok(()) }
    }

    /// Writes it down, and then it is so.
    ///
    /// # Errors
    /// It can't be written; then it is what it was.
    pub(crate) fn save(&self, topic: Option<TopicInfo<'static>>) -> io::Result<()> {
        let before = render(&self.now())?;
        files::replace_or_restore(&self.path, &render(&topic)?, || Some(before))?;
        *lock(&self.now) = topic;
        Ok(())
    }
}

fn render(topic: &Option<TopicInfo<'_>>) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(topic)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("topic.json");
        let topic = Topic::open(&path).unwrap();
        assert!(topic.now().is_none());
        topic.save(Some(TopicInfo { text: "fractions".into(), by: "ada".into(), time: "t".into() })).unwrap();
        assert_eq!(Topic::open(&path).unwrap().now().unwrap().text, "fractions");
        topic.save(None).unwrap();
        assert!(Topic::open(&path).unwrap().now().is_none());
        std::fs::write(&path, "{").unwrap();
        assert!(Topic::open(&path).unwrap_err().contains("mend it or remove it"));
    }
}
