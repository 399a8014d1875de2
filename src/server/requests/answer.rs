//! What a request comes to: the answers there are, and the refusals that several requests share.

use super::{history, password_check};
use crate::protocol::{ErrorCode, OUT_OF_REACH, Reply, Username};
use crate::server::accounts::{AccountError, NoTurn};
use crate::server::chat::Session;
use crate::server::state::Server;
use std::borrow::Cow;
use std::sync::Arc;

/// Why nobody is given a name.
const RESERVED: &str = "that name is kept for somebody who was erased: choose another one";

/// Why a request isn't carried out.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// For programs.
    pub(crate) code: ErrorCode,
    /// For people: what is wrong and what to do.
    pub(crate) message: Cow<'static, str>,
}

/// What a request that succeeded is answered with.
pub(super) enum Answer {
    /// The event it caused, under this seq, which the delivery brings; to whoever may not see it, a reply.
    Event(u64),
    /// An event that its author may always see, and a line beside it for them alone.
    EventAnd(Vec<u8>),
    /// The event that the same request caused before: its line.
    Again(Vec<u8>),
    /// A reply, with its id still to be filled in.
    Reply(Box<Reply<'static>>),
    /// A reply with what was said before.
    History(history::Page),
    /// A `pong`.
    Pong,
    /// Nothing: it was an answer itself.
    Nothing,
    /// A reply, and then the end of the session.
    Goodbye,
    /// A refusal, and then the end of the session.
    Abuse,
    /// A reply, once what was decided about their accounts holds for all of these sessions, the asker's own perhaps among
    /// them.
    Enforced(Vec<Arc<Session>>, Box<Reply<'static>>),
    /// A reply, once nothing is left of somebody.
    Erasing(Begun),
    /// A reply, once all these sessions of the same account but the asker's own are over; then what was kept from that one.
    PasswordChanged(Vec<Arc<Session>>),
    /// A reply, and then the end of the server.
    Shutdown,
}

/// Somebody who is to be erased, and no longer may do anything.
pub(super) struct Begun {
    pub(super) name: Username,
    /// Their sessions, which are still to be settled.
    pub(super) sessions: Vec<Arc<Session>>,
}

/// What a request leaves of the session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flow {
    /// It goes on.
    Continue,
    /// It's over; the goodbye is under way.
    Leave,
}

/// A [`Refusal`].
pub(crate) fn refuse(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal { code, message: message.into() }
}

/// The account of that name.
pub(super) fn existing_user(server: &Server, username: &str) -> Result<Username, Refusal> {
    let exists = |name: &Username| server.accounts.standing(name.as_str()).is_some();
    Username::parse(username)
        .filter(exists)
        .ok_or_else(|| refuse(ErrorCode::UnknownUser, "there is nobody of that name: /who shows who is online"))
}

/// The refusal of an administrator who came through the page.
pub(crate) fn not_through_page() -> Refusal {
    refuse(
        ErrorCode::NotAllowed,
        "administrators log in with homeroom-client, which knows the server's key; `web-admins = true` in homeroom.toml lets \
         them in through the page too",
    )
}

/// The refusal of whoever has waited too long with a one-time password.
pub(crate) fn one_time_is_over() -> Refusal {
    refuse(ErrorCode::BadCredentials, "this one-time password is too old: ask an administrator for another")
}

/// The refusal of a request whose session, or whose sender's role, was ended while it was carried out.
pub(crate) fn ended() -> Refusal {
    refuse(ErrorCode::NotAdmin, "an administrator has ended that: nothing was changed")
}

/// What its cause says to the one who asked.
pub(crate) fn account_refusal(error: AccountError) -> Refusal {
    match error {
        AccountError::BadName => refuse(ErrorCode::BadUsername, Username::RULE),
        AccountError::Reserved => refuse(ErrorCode::BadUsername, RESERVED),
        AccountError::Exists => refuse(ErrorCode::UserExists, "there is an account of that name already"),
        AccountError::Unknown => refuse(ErrorCode::UnknownUser, "there is no account of that name"),
        AccountError::WrongPassword => refuse(ErrorCode::BadCredentials, "the old password is wrong"),
        AccountError::Weak(what) => refuse(ErrorCode::WeakPassword, what),
        AccountError::LastAdmin => {
            refuse(ErrorCode::LastAdmin, "this is the last administrator: promote somebody else first")
        }
        AccountError::NotPermitted => ended(),
        AccountError::NoDoor => {
            refuse(ErrorCode::DoorClosed, "no door is open with this code: ask the teacher for the code")
        }
        AccountError::Full(why) => refuse(ErrorCode::ServerFull, why),
        AccountError::OutOfReach => refuse(ErrorCode::NotAllowed, OUT_OF_REACH),
        AccountError::BadProfile(rule) => refuse(ErrorCode::BadRequest, rule),
        AccountError::NoTurn(NoTurn::TryLater(wait)) => {
            refuse(ErrorCode::TryLater, password_check::try_later(password_check::FAILED_TOO_OFTEN, wait))
        }
        AccountError::NoTurn(NoTurn::Crowded | NoTurn::Gone) => {
            refuse(ErrorCode::TryLater, "too many passwords are being checked: try again in 10 s")
        }
        AccountError::Save(e) | AccountError::Untold(e) => {
            log::debug!("a change is refused: {e}");
            refuse(ErrorCode::Internal, "the server can't write users.json: nothing was changed, try again later")
        }
    }
}
