//! How somebody gets in: by the login that is remembered, else with name and password.

use super::comeback::{FullHouse, Waits};
use super::connection::{self, Connected, Credentials, Expected, Key, LoggedIn, PASSWORD_VARIABLE, Remembered, Slow};
use super::console::Console;
use super::error::ClientError;
use super::terminal::{doubts, notice};
use crate::link::Link;
use crate::protocol::{ErrorCode, Secret, Username};
use std::thread;
use std::time::{Duration, Instant};

/// A server drops strangers who take their time. If it took a person longer than this to say who they are, the
/// client comes back with a fresh connection.
const FRESH: Duration = Duration::from_secs(2);

/// A server that was found to be the right one, and whoever wants to get in there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entrance<'a> {
    /// Which server.
    pub(super) server: &'a Link,
    /// What makes it the right one.
    pub(super) expected: Expected,
    /// Under which name, if that is known.
    pub(super) name: Option<&'a Username>,
    /// The account is to be made, with the code for the class.
    pub(super) register: bool,
    /// Who is asked.
    pub(super) console: &'a Console,
    /// Where logins are remembered, if they are to be.
    pub(super) remembered: Option<&'a Remembered>,
    /// Where the server is full, it's tried until there is room: by a person. A script is told.
    pub(super) waits_for_room: bool,
}

/// Somebody who is in.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) connected: Connected,
    pub(super) logged_in: LoggedIn,
    /// Who it is.
    pub(super) name: Username,
    /// The password was for one login.
    pub(super) one_time: Option<Secret>,
}

impl Entrance<'_> {
    /// Gets in.
    ///
    /// # Errors
    /// The server refuses, or is gone; or there is nobody to ask.
    pub(super) fn enter(self, mut connected: Connected) -> Result<Entered, ClientError> {
        let before = self.find();
        if let Some((name, token)) = &before {
            match self.log_in(&mut connected, name, &Key::Token(token, None)) {
                // Who must change a password is asked for the old one.
                Ok(logged_in) if !logged_in.welcome.must_change_password => {
                    doubts::own_is_unknown();
                    return Ok(self.entered(connected, logged_in, name.clone(), None));
                }
                Ok(_) | Err(ClientError::Refused { code: ErrorCode::BadCredentials, .. }) => {
                    notice("the login that was remembered has ended");
                    connected = self.connect_again()?;
                }
                Err(e) => return Err(e),
            }
        }
        let known = before.map(|(name, _)| name);
        let met = Instant::now();
        let credentials = Credentials::ask(self.name.or(known.as_ref()), self.register, self.console)?;
        if met.elapsed() > FRESH {
            connected = self.connect_again()?;
        }
        let logged_in = self.log_in(&mut connected, &credentials.name, &credentials.key())?;
        let Credentials { name, password, .. } = credentials;
        doubts::own(&password);
        let one_time = logged_in.welcome.must_change_password.then_some(password);
        Ok(self.entered(connected, logged_in, name, one_time))
    }

    /// The login that is remembered, where a person would be asked for a password: a pipe's first line is one.
    fn find(&self) -> Option<(Username, Secret)> {
        let would_ask = !self.register && self.console.is_terminal() && std::env::var_os(PASSWORD_VARIABLE).is_none();
        self.remembered.filter(|_| would_ask)?.find(self.server, self.expected, self.name)
    }

    /// Logs in: a person when there is room, however long that takes, or until Ctrl-C. The server may start again meanwhile.
    fn log_in(&self, connected: &mut Connected, name: &Username, key: &Key<'_>) -> Result<LoggedIn, ClientError> {
        let (mut full, mut waits) = (FullHouse::default(), Waits::default());
        let mut result = log_in(connected, name, key);
        while self.waits_for_room && result.as_ref().is_err_and(|e| full.waits(e)) {
            thread::sleep(waits.next());
            result = self.connect_again().and_then(|again| {
                *connected = again;
                log_in(connected, name, key)
            });
        }
        result
    }

    fn connect_again(&self) -> Result<Connected, ClientError> {
        let _slow = Slow::connecting(self.server);
        connection::again(self.server, self.expected)
    }

    fn entered(self, connected: Connected, logged_in: LoggedIn, name: Username, one_time: Option<Secret>) -> Entered {
        if let Some(remembered) = self.remembered {
            remembered.keep(self.server, self.expected, &name, &logged_in.welcome.token);
        }
        Entered { connected, logged_in, name, one_time }
    }
}

fn log_in(connected: &mut Connected, name: &Username, key: &Key<'_>) -> Result<LoggedIn, ClientError> {
    let _slow = Slow::answer();
    connection::log_in(connected, name.as_str(), key)
}
