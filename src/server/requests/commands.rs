//! The requests of a client that is logged in.

use super::admin::Staff;
use super::answer::{Answer, Flow, Refusal, account_refusal, ended, not_through_page, one_time_is_over, refuse};
use super::fit::{fit, listed_bytes, name_bytes};
use super::form::Form;
use super::membership::Asking;
use super::{
    attendance, class_door, erasure, history, membership, password_check, people, removal, speech, topic, withheld,
};
use crate::protocol::{
    COMMANDS, EVENT_BYTES_MAX, ErrorCode, HISTORY_EVENTS_DEFAULT, HISTORY_EVENTS_MAX, ID_BYTES_MAX, Reason, Reply,
    Request, RequestId, Role, Secret, ServerMessage, UserList, Username,
};
use crate::reason;
use crate::server::chat::{Person, Session};
use crate::server::metrics;
use crate::server::state::{Ask, Query, Server, Wanted};
use crate::server::timeline::Where;
use crate::sync::lock;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Carries out one line and answers it.
pub(super) fn carry_out(server: &Arc<Server>, session: &Arc<Session>, line: &[u8]) -> Flow {
    let (id, result) = match Request::parse(line) {
        Ok((id, request)) => {
            if looks_back(session, &request) {
                // Before its turn: whoever ends the session waits for that.
                history::wait_for_turn(session);
            }
            let is_kept = is_kept(&request);
            let reckoned = reckon(server, session, &request);
            let perform = || match reckoned {
                Some(result) => permit(server, session, &request).and(result),
                None => perform(server, session, id.as_ref(), request),
            };
            let Some(result) = session.take_turn(perform) else {
                return Flow::Leave;
            };
            if is_kept && result.is_ok() {
                server.mirror.get().inspect(|mirror| mirror.catch_up());
            }
            (id, result)
        }
        Err(bad) => (bad.id, Err(refuse(ErrorCode::BadRequest, bad.message))),
    };
    answer(server, session, id.as_ref(), result)
}

/// What a request comes to that takes long and changes nothing, if it is one and may be asked for: before its turn too. It is
/// only told if it still may be when that comes.
fn reckon(server: &Server, session: &Session, request: &Request) -> Option<Result<Answer, Refusal>> {
    let Request::Attendance { from, to, group, after } = request else { return None };
    permit(server, session, request).ok()?;
    session.mandate.standing().attention.heard(Instant::now());
    let (from, to, group) = (from.clone(), to.clone(), group.clone());
    let query = Query { by: session.name.clone(), from, to, group };
    Some(attendance::answer(server, session, query, after.as_deref()))
}

/// Whether a request changes what is kept beside the journal, and is answered by a reply. (An event waits for the mirror by
/// itself, before anybody is shown it.)
fn is_kept(request: &Request) -> bool {
    use Request::{
        AddUser, Ban, DeleteUser, Demote, Logout, LogoutUser, MakeRoom, Mute, Passwd, Promote, ResetPassword, SetUser,
        Unban, Unmute, Vote,
    };
    matches!(
        request,
        AddUser { .. }
            | Ban { .. }
            | DeleteUser { .. }
            | Demote { .. }
            | Logout
            | LogoutUser { .. }
            | MakeRoom { .. }
            | Mute { .. }
            | Passwd { .. }
            | Promote { .. }
            | ResetPassword { .. }
            | SetUser { .. }
            | Unban { .. }
            | Unmute { .. }
            | Vote { .. }
    )
}

/// Whether a request may look at what was said before.
fn looks_back(session: &Session, request: &Request) -> bool {
    match request {
        Request::History { .. } | Request::Remove { .. } => true,
        Request::Say { .. } | Request::Whisper { .. } | Request::Announce { .. } | Request::Ask { .. } => {
            session.continues.load(Ordering::Acquire)
        }
        Request::Vote { .. } | Request::Tally { .. } | Request::ClosePoll { .. } => true,
        _ => false,
    }
}

fn answer(
    server: &Arc<Server>,
    session: &Arc<Session>,
    id: Option<&RequestId>,
    result: Result<Answer, Refusal>,
) -> Flow {
    let id = id.map(|id| Cow::Borrowed(id.as_str()));
    let send = |message: ServerMessage<'_>| server.chat.delivery().send(session, &message.encode());
    let ok = |id| ServerMessage::Reply(Reply { id, ok: true, ..Reply::default() });
    match result {
        // The one place where it is decided whether the event is an answer.
        Ok(Answer::Event(seq)) if !server.chat.timeline().may_see(session.viewer(), seq) => send(ok(id)),
        Ok(Answer::Event(_) | Answer::Nothing) => {}
        Ok(Answer::EventAnd(line) | Answer::Again(line)) => server.chat.delivery().send(session, &line),
        Ok(Answer::History(page)) => send(history_reply(id, &page)),
        Ok(Answer::Reply(reply)) => send(ServerMessage::Reply(Reply { id, ok: true, ..*reply })),
        Ok(Answer::Pong) => send(ServerMessage::Pong { id }),
        Ok(Answer::Goodbye) => {
            send(ok(id));
            server.chat.delivery().end(session, Reason::Logout, false);
            return Flow::Leave;
        }
        Ok(Answer::Abuse) => {
            log::warn!("{} from {} never stops sending: it's cut off", session.name, session.peer);
            let message = "too many messages, for too long: the connection is closed".into();
            send(ServerMessage::Error { id, code: ErrorCode::RateLimited, message });
            server.chat.delivery().end(session, Reason::Removed, true);
            return Flow::Leave;
        }
        Ok(Answer::Enforced(sessions, reply)) => {
            let (own, others): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|other| other.id == session.id);
            server.chat.settle(&others);
            send(ServerMessage::Reply(Reply { id, ok: true, ..*reply }));
            server.chat.settle(&own);
        }
        Ok(Answer::Erasing(begun)) => {
            server.chat.settle(&begun.sessions);
            match erasure::carry_out(server, session, begun) {
                Ok(reply) => send(ServerMessage::Reply(Reply { id, ok: true, ..reply })),
                Err(Refusal { code, message }) => send(ServerMessage::Error { id, code, message }),
            }
        }
        Ok(Answer::PasswordChanged(sessions)) => {
            server.chat.settle(&sessions);
            send(ok(id));
            withheld::give_what_was_withheld(server, session);
        }
        Ok(Answer::Shutdown) => {
            send(ok(id));
            // Once more, since the answer may have taken a while.
            session.take_turn(|| server.shutdown.request());
        }
        Err(Refusal { code, message }) => send(ServerMessage::Error { id, code, message }),
    }
    Flow::Continue
}

fn perform(
    server: &Server,
    session: &Arc<Session>,
    id: Option<&RequestId>,
    request: Request,
) -> Result<Answer, Refusal> {
    permit(server, session, &request)?;
    let staff = Staff::new(server, session, request.least_role());
    let asking = Asking { server, session, id };
    // Nobody else finds out who asks (and takes that back) and who votes, by how long they are idle either.
    if !matches!(
        request,
        Request::Ping | Request::Pong | Request::Ask { .. } | Request::Vote { .. } | Request::Remove { .. }
    ) {
        session.mandate.standing().attention.heard(Instant::now());
    }
    #[cfg(feature = "fault-injection")]
    crate::server::requests::fault::strike(server, id);
    match request {
        Request::Say { room, text, action, format, lang } => {
            let form = Form::parse(action, format, lang.as_deref())?;
            speech::say(server, session, id, (room.as_deref(), &text, form))
        }
        Request::Whisper { to, text, format, lang } => {
            let form = Form::parse(false, format, lang.as_deref())?;
            speech::whisper(server, session, id, &to, (&text, form))
        }
        Request::Who { room, after } => who(&asking, room.as_deref(), after.as_deref()),
        Request::Remove { event } => removal::remove(server, session, id, event),
        Request::Whois { username } => people::whois(server, &username),
        Request::Away { text } => people::away(server, session, text.as_deref()),
        Request::Topic { room, text: None } => topic::ask(&asking, room.as_deref()),
        Request::Topic { room, text: Some(text) } => topic::set(&asking, room.as_deref(), &text),
        Request::History { room, before, limit } => {
            let place = membership::history_of(server, session, room.as_deref())?;
            history(server, session, id, &place, (before, limit))
        }
        Request::Code => Ok(code(server)),
        Request::Help => Ok(help(server, session.mandate.standing().state().role)),
        Request::Passwd { old, new } => passwd(server, session, &old, &new),
        Request::Logout => logout(server, session),
        Request::Ping => Ok(Answer::Pong),
        Request::Pong => Ok(Answer::Nothing),
        Request::Shutdown => {
            server.audit.act("shutdown", &session.name, session.peer.ip(), None, None);
            log::info!("{} shuts the server down", session.name);
            Ok(Answer::Shutdown)
        }
        Request::ListUsers { after } => Ok(staff.list_users(after.as_deref())),
        Request::Status => {
            let status = Some(Box::new(metrics::status(server)));
            Ok(Answer::Reply(Box::new(Reply { status, ..Reply::default() })))
        }
        Request::Reload => staff.reload(),
        Request::AddUser { username, password, role, name, group } => {
            staff.add_user(&username, password.as_ref(), role, (name.as_deref(), group.as_deref()))
        }
        Request::SetUser { username, name, group } => staff.set_user(&username, name.as_deref(), group.as_deref()),
        Request::Door { minutes, group, guests } => {
            class_door::door(server, session, minutes, group.as_deref(), guests)
        }
        Request::LogoutUser { username } => staff.logout_user(&username),
        Request::Ban { username } => staff.ban(&username),
        Request::Unban { username } => staff.unban(&username),
        Request::Mute { username, minutes } => staff.mute(&username, minutes),
        Request::Unmute { username } => staff.unmute(&username),
        Request::ResetPassword { username } => staff.reset_password(&username),
        Request::DeleteUser { username } => staff.delete_user(&username),
        Request::Promote { username, role } => staff.set_role("promote", &username, role.unwrap_or(Role::Admin)),
        Request::Demote { username, role } => staff.set_role("demote", &username, role.unwrap_or(Role::User)),
        Request::Login(_) | Request::Register(_) => Err(refuse(ErrorCode::BadRequest, "you are logged in already")),
        Request::Rooms => Ok(asking.list()),
        Request::MakeRoom { room, open, about } => asking.make(&room, open, about.as_deref()),
        Request::Enter { room } => asking.enter(&room),
        Request::Leave { room } => asking.leave(&room),
        Request::LetIn { room, username } => asking.let_in(&room, &username),
        Request::PutOut { room, username } => asking.put_out(&room, &username),
        Request::CloseRoom { room } => asking.close(&room),
        Request::Split { groups, minutes } => asking.split(&groups, minutes),
        Request::Gather => asking.gather(),
        Request::Announce { text } => speech::announce(server, session, id, &text),
        Request::Floor { room, mode, minutes, seconds, whispers } => {
            asking.floor(room.as_deref(), Wanted { mode, minutes, seconds, whispers })
        }
        Request::Hand { room, up, text } => asking.hand(room.as_deref(), up, text.as_deref()),
        Request::Hands { room } => asking.hands(room.as_deref()),
        Request::Next { room, nobody } => asking.next(room.as_deref(), nobody),
        Request::Ask { room, text } => asking.ask(room.as_deref(), &text),
        Request::Poll { room, question, options, minutes } => {
            asking.poll(room.as_deref(), Ask { question, options }, minutes)
        }
        Request::Vote { poll, option } => asking.vote(poll, option),
        Request::Tally { poll } => asking.tally(poll),
        Request::ClosePoll { poll } => asking.close_poll(poll),
        // It is reckoned before its turn, or not permitted.
        Request::Attendance { .. } => Err(ended()),
        Request::EraseUser { username } => erasure::begin(server, session, &username),
        Request::Unknown => Err(refuse(ErrorCode::BadRequest, "unknown request type")),
    }
}

/// Whether this session may ask for this now.
fn permit(server: &Server, session: &Session, request: &Request) -> Result<(), Refusal> {
    use Request::{Away, Help, Logout, Passwd, Ping, Pong, Topic};
    let state = session.mandate.state().ok_or_else(ended)?;
    let always = matches!(request, Passwd { .. } | Ping | Pong | Help | Logout);
    if !always && state.must_change_password {
        let message = "this password was for one login: choose your own with /passwd first";
        return Err(refuse(ErrorCode::PasswordChangeRequired, message));
    }
    if let Some(code) = request.refused_to(state.role) {
        return Err(refuse(code, request.least_role().refusal()));
    }
    // Who is promoted while on the page, too.
    let looks_after_others = state.role == Role::Admin && request.least_role().is_staff();
    if looks_after_others && session.mandate.came_through_page() && !server.limits.web_admins() {
        return Err(not_through_page());
    }
    // Why somebody is away is read by others too. What is said to them asks for itself.
    if matches!(request, Topic { text: Some(_), .. } | Away { text: Some(_) }) {
        speech::permit(server, session)?;
    }
    Ok(())
}

/// What was said before `before`.
fn history(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    place: &Where,
    (before, limit): (Option<u64>, Option<usize>),
) -> Result<Answer, Refusal> {
    let limit = limit.unwrap_or(HISTORY_EVENTS_DEFAULT);
    if !(1..=HISTORY_EVENTS_MAX).contains(&limit) {
        return Err(refuse(ErrorCode::BadRequest, format!("`limit` must be 1 to {HISTORY_EVENTS_MAX}")));
    }
    // The longest event leaves so much for it in the reply.
    let id_bytes = id.map_or(0, |id| id.as_str().bytes().map(|b| 1 + usize::from(b"\"\\".contains(&b))).sum());
    if id_bytes > ID_BYTES_MAX {
        let message = format!("the `id` of `history` has at most {ID_BYTES_MAX} bytes as JSON: use no quotes in it");
        return Err(refuse(ErrorCode::BadRequest, message));
    }
    let (since, before) = (session.mandate.standing().state().since, before.unwrap_or(u64::MAX));
    let page = history::page(server.chat.timeline(), session, place, (since, before), limit, EVENT_BYTES_MAX);
    let page = page.map_err(|e| {
        log::error!("the journal can't be read: {}", reason::of_file(&e));
        refuse(ErrorCode::Internal, "the server can't read from its disk: try again later")
    })?;
    Ok(Answer::History(page))
}

fn history_reply<'a>(id: Option<Cow<'a, str>>, page: &'a history::Page) -> ServerMessage<'a> {
    // What the journal holds was checked when it was opened, or written since.
    let events = page.lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let (more, next) = (page.more, page.next);
    ServerMessage::Reply(Reply { id, ok: true, events: Some(events), more, next, ..Reply::default() })
}

fn who(asking: &Asking<'_>, room: Option<&str>, after: Option<&str>) -> Result<Answer, Refusal> {
    let (server, room) = (asking.server, asking.own_room(room)?);
    let members: Option<HashSet<Username>> = (!room.is_general())
        .then(|| server.chat.timeline().recall(|recall| recall.members.of(&room).cloned().collect()));
    let is_there = |name: &Username| members.as_ref().is_none_or(|members| members.contains(name));
    let registry = lock(server.chat.registry());
    // Any of them may be listed as away too.
    let there = || registry.people(after).filter(|(name, _)| is_there(name));
    let bytes = |(name, owner): &Person<'_>| listed_bytes(name, owner.called().as_deref()) + name_bytes(name);
    let people = fit(there(), bytes).into_iter();
    let people: Vec<_> = people.map(|(name, owner)| (name.clone(), Arc::clone(owner))).collect();
    let more = there().count() - people.len();
    drop(registry);
    let called = people::all_called(&people);
    let users = people.iter().map(|(name, _)| name.to_string().into()).collect();
    let away = people.iter().filter(|(_, owner)| owner.attention.away().is_some());
    let away = away.map(|(name, _)| name.to_string().into()).collect();
    let users = Some(UserList::Names(users));
    Ok(Answer::Reply(Box::new(Reply { users, names: called, away, more, ..Reply::default() })))
}

/// The commands that a role may use. Where staff alone make rooms, nobody else looks after one.
fn help(server: &Server, role: Role) -> Answer {
    const OF_MAKERS: [&str; 4] = ["/makeroom", "/letin", "/putout", "/closeroom"];
    let makes_rooms = role.is_staff() || server.limits.rooms_by_everyone();
    let is_of_makers = |usage: &str| usage.split(' ').next().is_some_and(|command| OF_MAKERS.contains(&command));
    let allowed =
        COMMANDS.iter().filter(|command| role >= command.role && (makes_rooms || !is_of_makers(&command.usage)));
    Answer::Reply(Box::new(Reply { commands: Some(allowed.cloned().collect()), ..Reply::default() }))
}

/// How others get in.
fn code(server: &Server) -> Answer {
    let invitation = server.invitation();
    let (qr, code) = (invitation.qr().into_iter().map(Cow::from).collect(), Some(invitation.code.into()));
    let pages = invitation.pages.into_iter().map(Cow::from).collect();
    Answer::Reply(Box::new(Reply { code, pages, qr, ..Reply::default() }))
}

fn logout(server: &Server, session: &Session) -> Result<Answer, Refusal> {
    server.tokens.revoke(&session.name, &session.token).map_err(|e| {
        log::error!("{} can't be logged out for good: {}", session.name, reason::of_file(&e));
        refuse(
            ErrorCode::Internal,
            "the server can't write down that you left: your token stays valid, try again later",
        )
    })?;
    server.chat.leave(session, Reason::Logout);
    Ok(Answer::Goodbye)
}

fn passwd(server: &Server, session: &Arc<Session>, old: &Secret, new: &Secret) -> Result<Answer, Refusal> {
    if server.one_time_is_over(session.mandate.standing()) {
        return Err(one_time_is_over());
    }
    let changed = password_check::change_password(server, session, old.expose(), new.expose());
    // Whoever holds another token, or has another session, may have it by the old password.
    let token = (session.token, &session.continues);
    let generation = changed.map_err(account_refusal)?;
    server.tokens.keep(&session.name, token, (generation, false), &server.clock.now());
    log::info!("{} changed the password", session.name);
    Ok(Answer::PasswordChanged(server.chat.remove_ended(&session.name)))
}
