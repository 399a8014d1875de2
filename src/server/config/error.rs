//! Why the server can't start, or ended other than it should.

use crate::reason::{self, Reason};
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

/// The same of a thread.
pub(crate) fn no_thread(error: &io::Error) -> ServerError {
    ServerError::System(format!("can't start a thread: {}", reason::of_thread(error)))
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
            Self::Configuration(why)
            | Self::Folder(why)
            | Self::Identity(why)
            | Self::Listen(why)
            | Self::User(why)
            | Self::System(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ServerError {}
