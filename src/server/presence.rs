//! Coming and going: where the registry, the timeline and the delivery meet.

use super::Server;
use super::commands::{Refusal, refuse};
use super::session::Session;
use super::timeline::Audience;
use crate::protocol::{ErrorCode, Reason, ServerMessage, Username};
use crate::sync::lock;
use std::sync::Arc;

/// What a banned account is told.
pub(super) const BANNED: &str = "this account is banned: ask an administrator";

/// What a newcomer is told.
#[derive(Debug)]
pub(super) struct Arrived {
    /// The newest event, its own `joined` included.
    pub(super) seq: u64,
    /// The first names online, as many as were asked for.
    pub(super) names: Vec<Username>,
    /// How many names there are beyond those.
    pub(super) more: usize,
}

/// Enters a session into the registry and announces the account if it's its first.
///
/// The announcement is made under the registry's lock, so that the timeline's `joined` and `left` of an account
/// alternate as its presence does.
///
/// # Errors
/// The account was banned or deleted since its login was checked, or the server ends. Whoever does either takes the
/// registry's lock afterwards, so a session is refused here or found there.
pub(super) fn arrive(
    server: &Server,
    session: &Arc<Session>,
    after: Option<u64>,
    fit: impl Fn(&mut dyn Iterator<Item = &Username>) -> Vec<Username>,
) -> Result<Arrived, Refusal> {
    let mut registry = lock(&server.registry);
    if session.standing.state().banned {
        return Err(refuse(ErrorCode::Banned, BANNED));
    }
    if server.shutdown.requested() {
        return Err(refuse(ErrorCode::ShuttingDown, "the server is ending"));
    }
    let arrival = registry.join(session);
    if arrival.first {
        let username = session.name.as_str();
        announce(server, |seq, time| ServerMessage::Joined { seq, time: time.into(), username: username.into() });
    }
    let seq = server.timeline.head();
    let since = session.standing.state().since;
    session.start_after(after.map_or(seq, |after| after.max(since).min(seq)));
    let names = fit(&mut registry.names(None));
    let more = registry.names(None).count() - names.len();
    drop(registry);
    server.delivery.wake();
    if let Some(oldest) = arrival.evicted {
        log::info!("{} has too many sessions, the oldest one, from {}, makes way", oldest.name, oldest.peer);
        server.delivery.end(&oldest, Reason::Logout, true);
    }
    Ok(Arrived { seq, names, more })
}

/// Takes a session out of the registry and announces it if it was the account's last. Only the first call for a
/// session does anything.
pub(super) fn leave(server: &Server, session: &Session, reason: Reason) {
    let mut registry = lock(&server.registry);
    if registry.leave(session) && !server.shutdown.requested() {
        announce_left(server, &session.name, reason);
    }
    drop(registry);
    server.delivery.wake();
}

/// Takes every session of an account out of the registry and announces it. The caller ends them.
pub(super) fn remove(server: &Server, name: &str) -> Vec<Arc<Session>> {
    let mut registry = lock(&server.registry);
    let sessions = registry.leave_all(name);
    if let Some(session) = sessions.first() {
        announce_left(server, &session.name, Reason::Removed);
    }
    drop(registry);
    server.delivery.wake();
    sessions
}

/// Says goodbye to everyone.
pub(super) fn remove_everyone(server: &Server) {
    let sessions: Vec<_> = lock(&server.registry).sessions().cloned().collect();
    for session in &sessions {
        server.delivery.end(session, Reason::Shutdown, true);
    }
}

fn announce_left(server: &Server, name: &Username, reason: Reason) {
    let username = name.as_str();
    announce(server, |seq, time| ServerMessage::Left { seq, time: time.into(), username: username.into(), reason });
}

fn announce<'a>(server: &Server, event: impl FnOnce(u64, String) -> ServerMessage<'a>) {
    if let Err(e) = server.timeline.append(Audience::Everyone, event) {
        log::error!("somebody's coming or going couldn't be announced: {e:?}");
    }
}
