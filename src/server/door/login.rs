//! A login: whether it is right, what it yields, and what is said and written down of one that isn't.

use crate::protocol::{self, ErrorCode, Login, Role, Secret, Username};
use crate::server::accounts::{Checked, LoginError, Mandate, Origin, TokenId, Tokens};
use crate::server::chat::Refused;
use crate::server::config::MessageRate;
use crate::server::requests::{
    self, FAILED_TOO_OFTEN, Knock, Refusal, let_in, not_through_page, one_time_is_over, refuse, try_later,
};
use crate::server::state::{LoginFailure, Server, Stay};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Whoever logs in.
pub(super) struct Applicant<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) peer: SocketAddr,
    pub(super) socket: &'a Arc<TcpStream>,
    pub(super) stay: &'a Stay,
    pub(super) deadline: Instant,
    /// From the page.
    pub(super) through_page: bool,
}

impl Applicant<'_> {
    pub(super) fn knock(&self) -> Knock<'_> {
        Knock { peer: self.peer, socket: self.socket, stay: self.stay, deadline: self.deadline }
    }
}

/// What a login that succeeded yields.
pub(super) struct Credentials {
    pub(super) name: Username,
    pub(super) mandate: Mandate,
    pub(super) token: Secret,
    pub(super) token_id: TokenId,
    /// Whether somebody came back with it.
    pub(super) continued: Arc<AtomicBool>,
    /// The generation of a token that is yet to be kept.
    pub(super) new: Option<u32>,
}

/// Checks a login. The same answer, after the same time, for a wrong name and a wrong password.
pub(super) fn authenticate(stranger: &Applicant<'_>, login: &Login) -> Result<Credentials, Refusal> {
    let &Applicant { server, peer, .. } = stranger;
    if login.protocol != protocol::VERSION {
        let message = format!("this server speaks protocol {}, not {}", protocol::VERSION, login.protocol);
        return Err(refuse(ErrorCode::UnsupportedProtocol, message));
    }
    if login.token.is_none() && login.password.is_none() {
        return Err(refuse(ErrorCode::BadRequest, "`login` needs `password` or `token`"));
    }
    let origin = Origin::from(peer.ip());
    // A name that can't be one is looked up all the same: nothing is quicker than anything else.
    let name = Username::parse(&login.username).unwrap_or_else(Username::nobody);
    let result = match (&login.token, &login.password) {
        // Nobody guesses one: it may always be tried, and is nobody's failure.
        (Some(token), _) => check_token(stranger, &name, (token, !login.keep)),
        (None, password) => check_password(stranger, &name, password.as_ref().map_or("", Secret::expose)),
    };
    match result {
        // Only now: strangers don't learn who administrates.
        Ok(credentials)
            if stranger.through_page
                && credentials.mandate.standing().state().role == Role::Admin
                && !server.limits.web_admins() =>
        {
            let_in(server, origin, &name);
            log::info!("{name} administrates, and is not let in through the page from {peer}");
            Err(not_through_page())
        }
        Ok(credentials) => {
            let_in(server, origin, &name);
            // Only now: nobody else can use it up, and strangers learn nothing.
            let often = |wait| refuse_login(server, peer, &name, login.token.is_some(), LoginError::TooOften(wait));
            permit_login(server, &name, &credentials).map_err(often)?;
            Ok(credentials)
        }
        Err(error) => Err(refuse_login(server, peer, &name, login.token.is_some(), error)),
    }
}

/// Counts a login with this password or this token, unless there were too many with it.
fn permit_login(server: &Server, name: &Username, credentials: &Credentials) -> Result<(), Duration> {
    // For load runs.
    if server.limits.message_rate() == MessageRate::Off {
        return Ok(());
    }
    let now = Instant::now();
    match credentials.new {
        Some(_) => credentials.mandate.standing().logins.take(now),
        None => server.tokens.count_login(name, &credentials.token_id, now),
    }
}

fn check_token(
    stranger: &Applicant<'_>,
    name: &Username,
    (token, brief): (&Secret, bool),
) -> Result<Credentials, LoginError> {
    let server = stranger.server;
    let standing = server.accounts.standing(name.as_str()).ok_or(LoginError::Wrong)?;
    let generation = standing.state().generation;
    if server.one_time_is_over(&standing) {
        return Err(LoginError::Expired);
    }
    let redeemed = server.tokens.redeem(name, generation, (token.expose(), brief), &server.clock.now());
    let (token_id, continued) = redeemed.ok_or(LoginError::Wrong)?;
    let mandate = Mandate::new(standing, generation).through_page(stranger.through_page);
    Ok(Credentials { name: name.clone(), mandate, token: token.clone(), token_id, continued, new: None })
}

fn check_password(stranger: &Applicant<'_>, name: &Username, password: &str) -> Result<Credentials, LoginError> {
    let checked = requests::check_password(stranger.server, &stranger.knock(), name, password)?;
    if stranger.server.one_time_is_over(&checked.standing) {
        return Err(LoginError::Expired);
    }
    // Whoever types a password is there. A token is sent by a client that comes back by itself.
    checked.standing.attention.back(Instant::now());
    Ok(with_new_token(name, checked, stranger.through_page))
}

/// Whoever is in for the first time here has a token from now on.
pub(super) fn with_new_token(
    name: &Username,
    Checked { standing, generation }: Checked,
    through_page: bool,
) -> Credentials {
    let (token, token_id) = Tokens::make();
    let mandate = Mandate::new(standing, generation).through_page(through_page);
    Credentials { name: name.clone(), mandate, token, token_id, continued: Arc::default(), new: Some(generation) }
}

/// Writes a failed login down, and says what its sender may know of it.
fn refuse_login(server: &Server, peer: SocketAddr, name: &Username, by_token: bool, error: LoginError) -> Refusal {
    // The name only where there is such an account: what people type into the wrong field is often a password.
    let known = server.accounts.standing(name.as_str()).map(|_| name);
    let shown = known.map_or("an unknown name", Username::as_str);
    let (reason, refusal) = match error {
        LoginError::Wrong => {
            if by_token {
                let message = "this token is not valid, or no longer: log in with the password";
                (LoginFailure::WrongToken, refuse(ErrorCode::BadCredentials, message))
            } else {
                (LoginFailure::Wrong, refuse(ErrorCode::BadCredentials, "wrong username or password"))
            }
        }
        LoginError::Banned => (LoginFailure::Banned, explain(Refused::Banned)),
        LoginError::Expired => (LoginFailure::Expired, one_time_is_over()),
        LoginError::TryLater(wait) => {
            let message = try_later(FAILED_TOO_OFTEN, wait);
            (LoginFailure::Throttled, refuse(ErrorCode::TryLater, message))
        }
        LoginError::TooOften(wait) => {
            let message = try_later("this account logs in too often", wait);
            (LoginFailure::TooOften, refuse(ErrorCode::TryLater, message))
        }
        LoginError::Crowded | LoginError::Gone => {
            (LoginFailure::Crowded, refuse(ErrorCode::TryLater, "too many people are logging in: try again in 10 s"))
        }
    };
    let (audit, now) = (&server.audit, Instant::now());
    if error == LoginError::Gone {
        if audit.remark(peer.ip(), "gone before the login was checked", now) {
            log::info!("{peer} is gone before its login as {shown} was checked");
        }
        return refusal;
    }
    server.counts.failure(reason);
    let reason = reason.name();
    let told = if by_token {
        audit.refused_token(peer.ip(), known, reason, now)
    } else {
        audit.failed_login(peer.ip(), known, reason, now)
    };
    if told {
        log::warn!("failed login from {peer} as {shown}: {reason}");
    }
    refusal
}

/// Why somebody who knows the password isn't let in.
pub(super) fn explain(refused: Refused) -> Refusal {
    match refused {
        Refused::Banned => refuse(ErrorCode::Banned, "this account is banned: ask an administrator"),
        Refused::Ended => {
            refuse(ErrorCode::BadCredentials, "this login was ended while it was checked: log in with the new password")
        }
        Refused::Closed => refuse(ErrorCode::ShuttingDown, "the server is ending: come back when it has started again"),
    }
}
