//! The `notices` thread: it tells every administrator who is online what was posted ([`notices`](crate::server::config::notices)).

use crate::protocol::ServerMessage;
use crate::server::chat::Session;
use crate::server::config::{Notice, Posted};
use crate::server::state::Server;
use crate::sync::lock;
use std::io;
use std::sync::Arc;
use std::thread;

/// Starts the thread that sends what is posted. It ends with the process.
///
/// # Errors
/// The system has no thread to give.
pub(crate) fn start(server: &Arc<Server>, posted: Posted) -> io::Result<()> {
    let server = Arc::clone(server);
    let send_all = move || posted.iter().for_each(|notice| send(&server, notice));
    thread::Builder::new().name("notices".into()).spawn(send_all).map(drop)
}

fn send(server: &Server, Notice { time, text }: Notice) {
    let line = ServerMessage::Notice { time: time.into(), text: text.into() }.encode();
    let registry = lock(server.chat.registry());
    // Not to whoever has a one-time password alone: it may be in other hands.
    let is_admin = |session: &Arc<Session>| {
        session.mandate.state().is_some_and(|state| state.may_administrate() && !state.must_change_password)
    };
    let admins: Vec<_> = registry.sessions().filter(|session| is_admin(session)).cloned().collect();
    drop(registry);
    for session in &admins {
        server.chat.delivery().send(session, &line);
    }
}
