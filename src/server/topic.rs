//! What the room talks about: kept in `topic.json`, so that it outlives a restart and what was said.

use super::Server;
use super::answer::{Answer, Refusal, refuse};
use super::people::check_note;
use super::recall::What;
use super::session::Session;
use super::speech;
use crate::files;
use crate::protocol::{ErrorCode, Reply, RequestId, ServerMessage, TopicInfo, timestamp};
use crate::sync::lock;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The topic, and where it is kept.
#[derive(Debug)]
pub(super) struct Topic {
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
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let now = match files::read(path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|e| format!("{} is damaged: {e}; mend it or remove it", path.display()))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(format!("can't read {}: {e}", path.display())),
        };
        Ok(Self { path: path.to_owned(), saving: Mutex::default(), now: Mutex::new(now) })
    }

    /// What it is, if there is one.
    pub(super) fn now(&self) -> Option<TopicInfo<'static>> {
        lock(&self.now).clone()
    }

    fn save(&self, topic: Option<TopicInfo<'static>>) -> io::Result<()> {
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

/// What it is.
pub(super) fn ask(server: &Server) -> Answer {
    Answer::Reply(Box::new(Reply { topic: server.topic.now(), ..Reply::default() }))
}

/// Makes `text` the topic: on disk first, then in the welcome of whoever comes, then as an event. So nobody misses it.
pub(super) fn set(
    server: &Server,
    session: &Arc<Session>,
    id: Option<&RequestId>,
    text: &str,
) -> Result<Answer, Refusal> {
    check_note(text)?;
    let _saving = lock(&server.topic.saving);
    let before = server.topic.now();
    let by = session.name.to_string().into();
    let topic = TopicInfo { text: text.to_owned().into(), by, time: timestamp().into() };
    server.topic.save(Some(topic).filter(|topic| !topic.text.is_empty())).map_err(|e| {
        log::error!("topic.json can't be written: {e}");
        refuse(ErrorCode::Internal, "the server can't write topic.json: the topic stays, try again later")
    })?;
    let event = |seq, time: String| ServerMessage::Topic {
        seq,
        time: time.into(),
        from: session.name.as_str().into(),
        text: text.into(),
        id: id.map(|id| id.as_str().into()),
    };
    let what = What::Said { by: session.name.clone(), to: None, key: None };
    match speech::speak(server, session, what, event) {
        Ok(answer @ Answer::Event) => {
            server.audit.act("topic", &session.name, session.peer.ip(), None, None);
            Ok(answer)
        }
        other => {
            if let Err(e) = server.topic.save(before) {
                log::error!("topic.json can't be written: {e}; the next start will have a topic that was refused");
            }
            other
        }
    }
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
