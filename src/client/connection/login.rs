//! From a fresh connection to a session: who the user is, and what the server says to it.

use super::connect::Connected;
use crate::client::console::Console;
use crate::client::error::ClientError;
use crate::client::piped;
use crate::duplex::Peer;
use crate::durations;
use crate::protocol::{LINE_BYTES_MAX, Login, Register, Request, Secret, ServerMessage, Username, VERSION, Welcome};
use std::env::VarError;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long the server may take to answer a login. Hashing a password takes a slow machine a second or more, and
/// a whole class logs in at once.
pub(crate) const LOGIN_WAIT: Duration = Duration::from_secs(60);

/// Where the password may come from instead of a prompt.
pub(crate) const PASSWORD_VARIABLE: &str = "HOMEROOM_PASSWORD";

/// Who logs in, and with what.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// The account's name.
    pub(crate) name: Username,
    /// Its password.
    pub(crate) password: Secret,
    /// The account is still to be made.
    pub(crate) new: Option<NewAccount>,
}

/// What an account is made with, beside its name and its password.
#[derive(Debug)]
pub(crate) struct NewAccount {
    /// The class's code.
    code: Secret,
    /// What people call its owner.
    called: Option<String>,
}

/// What stands for the account's owner.
#[derive(Debug)]
pub(crate) enum Key<'a> {
    /// The password.
    Password(&'a Secret),
    /// The class's code, for an account that is made with this password; a guest's where that is empty.
    NewAccount(&'a NewAccount, &'a Secret),
    /// The token of an earlier welcome, and the newest event that was seen, if this run has seen one.
    Token(&'a Secret, Option<u64>),
}

/// What a login yields.
#[derive(Debug)]
pub(crate) struct LoggedIn {
    /// The server's answer.
    pub(crate) welcome: Welcome<'static>,
    /// Plaintext that came behind it.
    pub(crate) pending: Vec<u8>,
}

impl Credentials {
    /// What is shown to the server first.
    pub(crate) fn key(&self) -> Key<'_> {
        self.new.as_ref().map_or(Key::Password(&self.password), |new| Key::NewAccount(new, &self.password))
    }

    /// With the name, if it is known, and the password of the environment; what isn't there is asked for.
    ///
    /// # Errors
    /// Nothing was given where something was asked for.
    pub(crate) fn ask(name: Option<&Username>, register: bool, console: &Console) -> Result<Self, ClientError> {
        let code = if register { Some(console.ask("class code")?.trim().to_owned()) } else { None };
        let name = match name {
            Some(name) => name.clone(),
            None => {
                let wrong = || ClientError::Usage(Username::RULE.into());
                Username::parse(console.ask("name")?.trim()).ok_or_else(wrong)?
            }
        };
        let called = if register { console.ask("full name, if you like")? } else { String::new() };
        let called = Some(called.trim().to_owned()).filter(|called| !called.is_empty());
        let password = match std::env::var(PASSWORD_VARIABLE) {
            Ok(password) => piped::only_line(&password).to_owned().into(),
            Err(VarError::NotPresent) if register => console.ask_new("a password of your own", "again")?,
            Err(VarError::NotPresent) => console.ask_hidden("password")?,
            Err(VarError::NotUnicode(_)) => return Err(ClientError::PasswordNotUtf8),
        };
        let new = code.map(|code| NewAccount { code: code.into(), called });
        Ok(Self { name, password, new })
    }
}

/// Logs in over a connection to the right server.
///
/// # Errors
/// The server refuses, makes no sense, or is gone.
pub(crate) fn log_in(connected: &mut Connected, name: &str, key: &Key<'_>) -> Result<LoggedIn, ClientError> {
    let (protocol, username) = (VERSION, name.to_owned());
    let login =
        |password, token, after| Login { protocol, username: username.clone(), password, token, after, keep: true };
    let request = match *key {
        Key::Password(password) => Request::Login(login(Some(password.clone()), None, None)),
        Key::Token(token, after) => Request::Login(login(None, Some(token.clone()), after)),
        Key::NewAccount(NewAccount { code, called }, password) => {
            let password = Some(password.clone()).filter(|password| !password.expose().is_empty());
            let (code, name) = (code.clone(), called.clone());
            Request::Register(Register { protocol, code, username, password, name, keep: true })
        }
    };
    connected.send(&request, None)?;
    let deadline = Instant::now() + LOGIN_WAIT;
    let mut pending = Vec::new();
    loop {
        let line = next_line(connected, deadline, &mut pending)?;
        match serde_json::from_slice(&line).map_err(|_| ClientError::NoWelcome)? {
            ServerMessage::Welcome(welcome) => return Ok(LoggedIn { welcome, pending }),
            ServerMessage::Error { code, message, .. } => {
                return Err(ClientError::Refused { code, message: message.into_owned() });
            }
            ServerMessage::Ping {} => connected.send(&Request::Pong, None)?,
            ServerMessage::Bye { reason } => return Err(ClientError::Bye(reason)),
            ServerMessage::Unknown => {}
            _ => return Err(ClientError::NoWelcome),
        }
    }
}

/// The next line, with its end; the plaintext behind it stays in `pending`.
///
/// # Errors
/// The connection is lost, silent until `deadline`, or sends no line.
pub(crate) fn next_line(
    connected: &mut Connected,
    deadline: Instant,
    pending: &mut Vec<u8>,
) -> Result<Vec<u8>, ClientError> {
    let lost = |error| ClientError::Lost { error };
    loop {
        if let Some(end) = pending.iter().position(|&b| b == b'\n') {
            let rest = pending.split_off(end + 1);
            return Ok(std::mem::replace(pending, rest));
        }
        if pending.len() >= LINE_BYTES_MAX {
            return Err(ClientError::Flood);
        }
        match connected.tls.receive(&connected.socket, deadline, pending) {
            Ok(Peer::Open) => {}
            // What came with the end may still be the answer.
            Ok(Peer::Closed) if pending.contains(&b'\n') => {}
            Ok(Peer::Closed) => return Err(lost(None)),
            Err(e) if e.kind() == ErrorKind::TimedOut => {
                let message = format!("no answer within {}", durations::lasted(LOGIN_WAIT));
                return Err(lost(Some(io::Error::new(ErrorKind::TimedOut, message))));
            }
            Err(e) => return Err(lost(Some(e))),
        }
    }
}
