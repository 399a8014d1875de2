//! One person's data goes, while the server runs. The account's sessions end in the request's turn, as with any account that is
//! deleted; what takes long comes after it, so that whoever asked can be ended meanwhile too.

use super::answer::{Answer, Begun, Refusal, account_refusal, refuse};
use super::rooms;
use crate::protocol::{ErrorCode, NOT_ONESELF, Reply, Role, Username};
use crate::server::accounts::Author;
use crate::server::chat::Session;
use crate::server::state::Server;
use crate::sync::lock;
use std::net::IpAddr;

/// Ends the sessions of somebody who is to be erased, and lets none begin. Whether anything is kept of that name is found later
/// where there is no account: that takes long.
///
/// # Errors
/// Why nobody is erased.
pub(super) fn begin(server: &Server, session: &Session, username: &str) -> Result<Answer, Refusal> {
    let name = Username::parse(username).ok_or_else(unknown)?;
    if name == session.name {
        return Err(refuse(ErrorCode::NotAllowed, NOT_ONESELF));
    }
    if server.accounts.standing(name.as_str()).is_some() {
        let author = Author::Staff(&session.mandate, Role::Admin);
        server.erasure().ban(author, &name).map_err(account_refusal)?;
    }
    Ok(Answer::Erasing(Begun { sessions: server.chat.remove_ended(&name), name }))
}

/// Erases whoever that was begun with. What they are called now is in the reply.
///
/// # Errors
/// Nothing is kept of that name, or what is to be done again.
pub(super) fn carry_out(server: &Server, session: &Session, begun: Begun) -> Result<Reply<'static>, Refusal> {
    let name = begun.name;
    // Whoever was erased meanwhile stands nowhere any more.
    let by = || session.mandate.holds().then(|| (&session.name, session.peer.ip()));
    let alias = erase(server, &name, by).map_err(|why| failed(&name, &why))?.ok_or_else(unknown)?;
    log::info!("{}: erase_user {alias}", session.name);
    let report = format!("nothing that {name} said is kept any more; what else happened is {alias}'s now");
    Ok(Reply { report: Some(vec![report.into()]), ..Reply::default() })
}

/// For a start: finishes whatever an earlier server has begun and not done.
pub(crate) fn finish(server: &Server) {
    let unfinished = server.erasure().unfinished().unwrap_or_else(|why| {
        server.notices.tell_admins(why);
        Vec::new()
    });
    for name in unfinished {
        match erase(server, &name, || None) {
            Ok(alias) => alias.iter().for_each(|alias| log::info!("{alias} is erased, as was begun before")),
            Err(why) => {
                server.notices.tell_admins(format!("somebody is still to be erased (/erase does it again): {why}"))
            }
        }
    }
}

/// None where nothing is kept of that name.
fn erase<'a>(
    server: &Server,
    name: &Username,
    by: impl FnOnce() -> Option<(&'a Username, IpAddr)>,
) -> Result<Option<Username>, String> {
    let _turn = lock(&server.erasing);
    if !server.erasure().knows(name)? {
        return Ok(None);
    }
    rooms::leave_all(server, name);
    let alias = server.erasure().carry_out(name, by(), || {
        // Of an account that was made when this had begun, before its name was kept.
        server.chat.settle(&server.chat.remove_ended(name));
        rooms::leave_all(server, name);
        server.chat.forget(name);
        lock(&server.throttle).forget(name);
    })?;
    // Who was let into a room meanwhile has got that name there.
    rooms::leave_all(server, &alias);
    server.rollbook.forget();
    Ok(Some(alias))
}

fn unknown() -> Refusal {
    refuse(ErrorCode::UnknownUser, "there is no account of that name, and nothing is kept of it: /listusers shows all")
}

fn failed(name: &Username, why: &str) -> Refusal {
    log::error!("an erasure isn't done: {why}");
    let message = format!(
        "not everything about {name} is gone yet: {why}; /erase {name} does it again, and so does the next start"
    );
    refuse(ErrorCode::Internal, message)
}
