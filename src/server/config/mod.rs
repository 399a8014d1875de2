//! What is set: `args.rs` has each option, `layers.rs` puts the command line, the environment and `homeroom.toml`
//! together. And the ground that all stand on: the data folder, limits, the words for what goes wrong.

mod args;
pub(crate) mod arrival;
pub(crate) mod budget;
pub(crate) mod capacity;
pub(crate) mod contents;
mod dealing;
mod defaults;
mod environment;
mod error;
pub(crate) mod folder;
pub(crate) mod holding;
pub(crate) mod hollow;
mod layers;
mod limits;
pub(crate) mod listen;
pub mod logging;
mod lost;
pub(crate) mod machine;
pub(crate) mod motd;
pub(crate) mod notices;
mod printing;
mod report;

pub use args::{
    Args, Command, ConfigCommand, IdentityCommand, ImportArgs, MessageRate, PersonCommand, Sync, UserCommand,
};
#[cfg(test)]
pub(crate) use defaults::PING_AFTER;
pub(crate) use defaults::{ROUNDS_DEFAULT, ROUNDS_MIN};
pub use error::ServerError;
pub(crate) use error::{no_thread, system};
pub(crate) use folder::Folder;
#[cfg(test)]
pub(crate) use layers::OPTIONS;
pub use layers::{Config, ConfigError};
pub(crate) use limits::Limits;
pub(crate) use lost::{Lost, lost};
pub(crate) use notices::{Lasting, Notice, Notices, Posted, Trouble};
pub use printing::{AttendanceArgs, ExportArgs, ExportFormat, FormArgs, Separator};
pub(super) use report::{check, show};
