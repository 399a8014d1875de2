//! Why the server can't start, or ended other than it should.

use crate::reason::Reason;
use std::fmt;
use std::io;

/// Why the server can't start, or ended other than it should.
#[derive(Debug)]
pub enum ServerError {
    /// What people have set is wrong.
    Configuration(String),
    /// The data folder can't be used, or a file in it.
    Folder(String),
    /// `identity.p12` can't be made or read.
    Identity(String),
    /// An address can't be listened on.
    Listen(String),
    /// An account can't be made.
    User(String),
    /// A command found something wrong, and has said what.
    Unwell,
    /// The system gives no thread, no signal handler, no standard output.
    System(String),
}

/// What the system refuses.
pub(crate) fn system(what: &str, error: &io::Error) -> ServerError {
    ServerError::System(format!("can't {what}: {}", Reason(error)))
}

impl ServerError {
    /// The exit status.
    #[must_use]
    pub fn status(&self) -> u8 {
        if matches!(self, Self::Configuration(_)) { 2 } else { 1 }
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwell => f.write_str("something is wrong, as told above"),
            Self::Configuration(e)
            | Self::Folder(e)
            | Self::Identity(e)
            | Self::Listen(e)
            | Self::User(e)
            | Self::System(e) => f.write_str(e),
        }
    }
}

impl std::error::Error for ServerError {}
