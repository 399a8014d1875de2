//! The requests about what the room talks about.

use super::answer::{Answer, Refusal, refuse};
use super::people::check_note;
use super::speech;
use crate::protocol::{ErrorCode, GENERAL, Reply, RequestId, ServerMessage, TopicInfo, format_time};
use crate::reason;
use crate::server::chat::Session;
use crate::server::state::Server;
use crate::server::timeline::What;
use std::sync::Arc;

/// What it is.
pub(crate) fn ask(server: &Server) -> Answer {
    Answer::Reply(Box::new(Reply { topic: server.topic.now(), ..Reply::default() }))
}

/// Makes `text` the topic: on disk first, then in the welcome of whoever comes, then as an event. So nobody misses it.
pub(crate) fn set(
    server: &Server,
    session: &Arc<Session>,
    id: Option<&RequestId>,
    text: &str,
) -> Result<Answer, Refusal> {
    check_note(text)?;
    let _saving = server.topic.begin();
    let before = server.topic.now();
    let by = session.name.to_string().into();
    let topic = TopicInfo { text: text.to_owned().into(), by, time: format_time(server.clock.shown()).into() };
    server.topic.save(Some(topic).filter(|topic| !topic.text.is_empty())).map_err(|e| {
        log::error!("topic.json can't be written: {}", reason::of_file(&e));
        refuse(ErrorCode::Internal, "the server can't write topic.json: the topic stays, try again later")
    })?;
    let event = |seq, time: String| ServerMessage::Topic {
        seq,
        time: time.into(),
        from: session.name.as_str().into(),
        room: GENERAL.into(),
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
                log::error!(
                    "topic.json can't be written: {}; the next start will have a topic that was refused",
                    reason::of_file(&e)
                );
            }
            other
        }
    }
}
