//! The configuration: the command line, the environment and `homeroom.toml` together ([`layers`]), and what is said of it
//! (`report`).

mod args;
mod defaults;
mod environment;
mod error;
pub(crate) mod folder;
mod layers;
mod limits;
pub mod logging;
pub(crate) mod notices;
mod report;

pub use args::{
    Args, Command, ConfigCommand, ExportArgs, ExportFormat, IdentityCommand, MessageRate, Sync, UserCommand,
};
#[cfg(test)]
pub(crate) use defaults::PING_AFTER;
pub(crate) use defaults::{ROUNDS_DEFAULT, ROUNDS_MIN};
pub use error::ServerError;
pub(crate) use error::system;
pub(crate) use folder::{Folder, JOURNAL};
#[cfg(test)]
pub(crate) use layers::OPTIONS;
pub use layers::{Config, ConfigError};
pub(crate) use limits::Limits;
pub(crate) use notices::{Notice, Notices, Posted, Trouble};
pub(super) use report::{check, show};
