//! What waited for somebody: whispers while they were away, and events until they had chosen a password.

use super::history;
use super::membership::is_in;
use super::polls;
use crate::protocol::Username;
use crate::reason;
use crate::server::chat::{Session, Withheld};
use crate::server::state::Server;
use std::sync::Arc;

/// How many bytes of whispers that have waited somebody is given with the welcome; the newest. `history` has the rest.
const WAITING_BYTES_MAX: usize = 1024 * 1024;

/// Gives a session the events that were kept from it until its owner had chosen a password.
pub(super) fn give_what_was_withheld(server: &Server, session: &Arc<Session>) {
    let Some(Withheld { whispers }) = session.withheld() else { return };
    polls::came(server, &session.name, |room| is_in(server, room, &session.name));
    let lines = waiting_whispers(server, &session.name, whispers);
    if !lines.is_empty() {
        server.chat.delivery().send(session, &lines);
    }
    server.chat.delivery().release(session);
    if session.mandate.state().is_some_and(|state| state.may_administrate()) {
        server.notices.admin_came();
    }
}

/// The whispers that came for somebody who was away, in this range of seqs, oldest first.
pub(crate) fn waiting_whispers(server: &Server, name: &Username, range: Option<(u64, u64)>) -> Vec<u8> {
    let Some(range) = range else { return Vec::new() };
    history::whispers_to(server.chat.timeline(), name, range, WAITING_BYTES_MAX).unwrap_or_else(|e| {
        log::error!("the whispers that wait for {name} can't be read: {}", reason::of_file(&e));
        Vec::new()
    })
}
