//! The `notices` thread: it tells every administrator who is online what was posted ([`notices`](crate::server::config::notices)).
//! What nobody was there to hear waits for the first who comes.

use crate::protocol::{ServerMessage, format_time};
use crate::server::chat::Session;
use crate::server::config::{Notice, Posted};
use crate::server::state::Server;
use crate::sync::lock;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::thread;

/// How many notices wait for an administrator; then the oldest are in the log alone. A screen of them.
const UNHEARD_NOTICES_MAX: usize = 20;

/// Starts the thread that sends what is posted. It ends with the process.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(server: &Arc<Server>, posted: Posted) -> io::Result<()> {
    let server = Arc::clone(server);
    let send_all = move || {
        let mut unheard = VecDeque::new();
        for notice in posted.iter() {
            let time = || format_time(server.clock.shown());
            unheard.extend(notice.map(|Notice(text)| (time(), text)));
            send(&server, &mut unheard);
            if unheard.len() > UNHEARD_NOTICES_MAX {
                unheard.pop_front();
            }
        }
    };
    thread::Builder::new().name("notices".into()).spawn(send_all).map(drop)
}

/// Sends all of these, if anybody is there to hear them.
fn send(server: &Server, unheard: &mut VecDeque<(String, String)>) {
    let registry = lock(server.chat.registry());
    // Not to whoever has a one-time password alone: it may be in other hands.
    let is_admin = |session: &Arc<Session>| {
        session.mandate.state().is_some_and(|state| state.may_administrate() && !state.must_change_password)
    };
    let admins: Vec<_> = registry.sessions().filter(|session| is_admin(session)).cloned().collect();
    drop(registry);
    if admins.is_empty() {
        return;
    }
    for (time, text) in unheard.drain(..) {
        let line = ServerMessage::Notice { time: time.into(), text: text.into() }.encode();
        admins.iter().for_each(|session| server.chat.delivery().send(session, &line));
    }
}
