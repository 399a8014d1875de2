//! The requests of a client that is logged in.

use super::accounts::AccountError;
use super::reader::Flow;
use super::session::Session;
use super::timeline::{AppendError, Audience};
use super::{Server, presence};
use crate::protocol::{
    AccountInfo, COMMANDS, ErrorCode, GENERAL, LINE_BYTES_MAX, Reason, Reply, Request, RequestId, Role, Secret,
    ServerMessage, TEXT_CHARS_MAX, UserList, Username,
};
use crate::sync::lock;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

/// What of a line is left for everything but a list: longer than any such line without its list.
const LIST_BYTES_MAX: usize = LINE_BYTES_MAX - 1024;

/// Why a request isn't carried out.
#[derive(Debug)]
pub(super) struct Refusal {
    /// For programs.
    pub(super) code: ErrorCode,
    /// For people: what is wrong and what to do.
    pub(super) message: Cow<'static, str>,
}

/// What a request that succeeded is answered with.
enum Answer {
    /// The event it caused, which the delivery brings.
    Event,
    /// A reply, with its id still to be filled in.
    Reply(Box<Reply<'static>>),
    /// A `pong`.
    Pong,
    /// Nothing: it was an answer itself.
    Nothing,
    /// A reply, and then the end of the session.
    Goodbye,
    /// A reply, and then the end of these sessions, the asker's own perhaps among them.
    Removed(Vec<Arc<Session>>),
    /// A reply, and then the end of the server.
    Shutdown,
}

/// Carries out one line and answers it.
pub(super) fn carry_out(server: &Arc<Server>, session: &Arc<Session>, line: &[u8]) -> Flow {
    let (id, result) = match Request::parse(line) {
        Ok((id, request)) => {
            let result = perform(server, session, id.as_ref(), request);
            (id, result)
        }
        Err(bad) => (bad.id, Err(refuse(ErrorCode::BadRequest, bad.message))),
    };
    answer(server, session, id.as_ref(), result)
}

/// Who may be listed in one line.
pub(super) fn fit<T>(items: impl IntoIterator<Item = T>, bytes: impl Fn(&T) -> usize) -> Vec<T> {
    let mut left = LIST_BYTES_MAX;
    let fits = |item: &T| match left.checked_sub(bytes(item)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    items.into_iter().take_while(fits).collect()
}

/// How many bytes a name takes in a JSON list: its quotes and a comma too.
pub(super) fn name_bytes(name: &Username) -> usize {
    name.as_str().len() + 3
}

/// A [`Refusal`].
pub(super) fn refuse(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal { code, message: message.into() }
}

fn answer(
    server: &Arc<Server>,
    session: &Arc<Session>,
    id: Option<&RequestId>,
    result: Result<Answer, Refusal>,
) -> Flow {
    let id = id.map(|id| Cow::Borrowed(id.as_str()));
    let send = |message: ServerMessage<'_>| server.delivery.send(session, &message.encode());
    let ok = |id| ServerMessage::Reply(Reply { id, ok: true, ..Reply::default() });
    match result {
        Ok(Answer::Event | Answer::Nothing) => {}
        Ok(Answer::Reply(reply)) => send(ServerMessage::Reply(Reply { id, ok: true, ..*reply })),
        Ok(Answer::Pong) => send(ServerMessage::Pong { id }),
        Ok(Answer::Goodbye) => {
            send(ok(id));
            server.delivery.end(session, Reason::Logout, false);
            return Flow::Leave;
        }
        Ok(Answer::Removed(sessions)) => {
            send(ok(id));
            for session in &sessions {
                server.delivery.end(session, Reason::Removed, true);
            }
        }
        Ok(Answer::Shutdown) => {
            send(ok(id));
            server.shutdown.request();
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
    match request {
        Request::Say { room, text } => say(server, session, id, room.as_deref(), &text),
        Request::Whisper { to, text } => whisper(server, session, id, &to, &text),
        Request::Who { after } => Ok(who(server, after.as_deref())),
        Request::Help => Ok(help(session.standing.role())),
        Request::Passwd { old, new } => passwd(server, session, &old, &new),
        Request::Logout => {
            server.tokens.revoke(&session.token);
            presence::leave(server, session, Reason::Logout);
            Ok(Answer::Goodbye)
        }
        Request::Ping => Ok(Answer::Pong),
        Request::Pong => Ok(Answer::Nothing),
        Request::AddUser { username, password, role } => add_user(server, session, &username, password.as_ref(), role),
        Request::ListUsers { after } => Ok(list_users(server, after.as_deref())),
        Request::LogoutUser { username } => logout_user(server, session, &username),
        Request::Shutdown => {
            log::info!("{} shuts the server down", session.name);
            Ok(Answer::Shutdown)
        }
        Request::Login(_) => Err(refuse(ErrorCode::BadRequest, "you are logged in already")),
        Request::Unknown => Err(refuse(ErrorCode::BadRequest, "unknown request type")),
    }
}

/// Whether this session may ask for this now.
fn permit(server: &Server, session: &Session, request: &Request) -> Result<(), Refusal> {
    use Request::{AddUser, Help, ListUsers, LogoutUser, Passwd, Ping, Pong, Say, Shutdown, Whisper};
    let always = matches!(request, Passwd { .. } | Ping | Pong | Help | Request::Logout);
    if !always && session.standing.must_change_password() {
        let message = "this password was for one login: choose your own with /passwd first";
        return Err(refuse(ErrorCode::PasswordChangeRequired, message));
    }
    let for_admins = matches!(request, AddUser { .. } | ListUsers { .. } | LogoutUser { .. } | Shutdown);
    if for_admins && session.standing.role() != Role::Admin {
        return Err(refuse(ErrorCode::NotAdmin, "only administrators may do that"));
    }
    if matches!(request, Say { .. } | Whisper { .. }) && server.shutdown.requested() {
        return Err(refuse(ErrorCode::ShuttingDown, "the server is ending: this was not said"));
    }
    Ok(())
}

fn say(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    room: Option<&str>,
    text: &str,
) -> Result<Answer, Refusal> {
    if room.is_some_and(|room| room != GENERAL) {
        return Err(refuse(ErrorCode::BadRequest, format!("there is one room, `{GENERAL}`")));
    }
    let event = |seq, time: String| ServerMessage::Message {
        seq,
        time: time.into(),
        from: session.name.as_str().into(),
        room: GENERAL.into(),
        text: text.into(),
        id: id.map(|id| id.as_str().into()),
    };
    speak(server, session, text, Audience::Everyone, event)
}

fn whisper(
    server: &Server,
    session: &Session,
    id: Option<&RequestId>,
    to: &str,
    text: &str,
) -> Result<Answer, Refusal> {
    let to = existing_user(server, to)?;
    if !lock(&server.registry).is_online(to.as_str()) {
        return Err(refuse(ErrorCode::UnknownUser, format!("{to} is not online: /who shows who is")));
    }
    let event = |seq, time: String| ServerMessage::Whisper {
        seq,
        time: time.into(),
        from: session.name.as_str().into(),
        to: to.as_str().into(),
        text: text.into(),
        id: id.map(|id| id.as_str().into()),
    };
    let pair = Audience::Pair(Box::new((session.name.clone(), to.clone())));
    speak(server, session, text, pair, event)
}

/// Puts what somebody says into the timeline and wakes the delivery.
fn speak<'a>(
    server: &Server,
    session: &Session,
    text: &str,
    audience: Audience,
    event: impl FnOnce(u64, String) -> ServerMessage<'a>,
) -> Result<Answer, Refusal> {
    let too_long = || refuse(ErrorCode::TooLong, format!("a message has at most {TEXT_CHARS_MAX} characters"));
    if text.is_empty() {
        return Err(refuse(ErrorCode::BadRequest, "a message has at least one character"));
    }
    // Counted only where it could be too long.
    if text.len() > TEXT_CHARS_MAX && text.chars().count() > TEXT_CHARS_MAX {
        return Err(too_long());
    }
    if let Err(wait) = session.standing.rate.take(Instant::now()) {
        let seconds = wait.as_secs_f64().max(0.1);
        return Err(refuse(ErrorCode::RateLimited, format!("too many messages: say it again in {seconds:.1} s")));
    }
    server.timeline.append(audience, event).map_err(|e| match e {
        AppendError::TooLong => too_long(),
        AppendError::Sequence(e) => {
            log::error!("an event can't be numbered: {e}");
            refuse(ErrorCode::Internal, "the server can't write to its disk: this was not said, try again")
        }
    })?;
    server.delivery.wake();
    server.timeline.wait_for_delivery();
    Ok(Answer::Event)
}

fn who(server: &Server, after: Option<&str>) -> Answer {
    let registry = lock(&server.registry);
    let names = fit(registry.names(after).cloned(), name_bytes);
    let more = registry.names(after).count() - names.len();
    drop(registry);
    let users = names.iter().map(|name| name.to_string().into()).collect();
    Answer::Reply(Box::new(Reply { users: Some(UserList::Names(users)), more, ..Reply::default() }))
}

fn help(role: Role) -> Answer {
    let allowed = COMMANDS.iter().filter(|command| !command.admin || role == Role::Admin);
    Answer::Reply(Box::new(Reply { commands: Some(allowed.cloned().collect()), ..Reply::default() }))
}

fn passwd(server: &Server, session: &Session, old: &Secret, new: &Secret) -> Result<Answer, Refusal> {
    server.accounts.change_password(&session.name, old.expose(), new.expose()).map_err(account_refusal)?;
    // Whoever holds an older token may have got it with the old password.
    server.tokens.revoke_all(&session.name, Some(&session.token));
    log::info!("{} changed the password", session.name);
    Ok(Answer::Reply(Box::default()))
}

fn add_user(
    server: &Server,
    session: &Session,
    username: &str,
    password: Option<&Secret>,
    role: Role,
) -> Result<Answer, Refusal> {
    let name = Username::parse(username).ok_or_else(|| refuse(ErrorCode::BadUsername, Username::RULE))?;
    let one_time = server.accounts.add(&name, password, role).map_err(account_refusal)?;
    log::info!("{} added the account {name} ({role:?})", session.name);
    Ok(Answer::Reply(Box::new(Reply { password: one_time, ..Reply::default() })))
}

fn list_users(server: &Server, after: Option<&str>) -> Answer {
    // What an entry takes in a line beside its name.
    const ENTRY_BYTES: usize = r#"{"username":"","role":"admin","online":false},"#.len();
    let accounts = server.accounts.list(after);
    let total = accounts.len();
    let listed = fit(accounts, |(name, _)| name.as_str().len() + ENTRY_BYTES);
    let more = total - listed.len();
    let registry = lock(&server.registry);
    let info = |(name, role): (Username, Role)| AccountInfo {
        online: registry.is_online(name.as_str()),
        username: name.to_string().into(),
        role,
    };
    let users = listed.into_iter().map(info).collect();
    Answer::Reply(Box::new(Reply { users: Some(UserList::Accounts(users)), more, ..Reply::default() }))
}

fn logout_user(server: &Server, session: &Session, username: &str) -> Result<Answer, Refusal> {
    let name = existing_user(server, username)?;
    server.tokens.revoke_all(&name, None);
    let sessions = presence::remove(server, name.as_str());
    if sessions.is_empty() {
        return Err(refuse(ErrorCode::UnknownUser, format!("{name} is not online: /listusers shows who is")));
    }
    log::info!("{} logged {name} out", session.name);
    Ok(Answer::Removed(sessions))
}

/// The account of that name.
fn existing_user(server: &Server, username: &str) -> Result<Username, Refusal> {
    let exists = |name: &Username| server.accounts.standing(name.as_str()).is_some();
    Username::parse(username)
        .filter(exists)
        .ok_or_else(|| refuse(ErrorCode::UnknownUser, "there is nobody of that name: /who shows who is online"))
}

fn account_refusal(error: AccountError) -> Refusal {
    match error {
        AccountError::Exists => refuse(ErrorCode::UserExists, "there is an account of that name already"),
        AccountError::Unknown => refuse(ErrorCode::UnknownUser, "there is no account of that name"),
        AccountError::WrongPassword => refuse(ErrorCode::BadCredentials, "the old password is wrong"),
        AccountError::Weak(what) => refuse(ErrorCode::WeakPassword, what),
        AccountError::Save(e) => {
            log::error!("users.json can't be written: {e}");
            refuse(ErrorCode::Internal, "the server can't write users.json: nothing was changed, try again later")
        }
    }
}
