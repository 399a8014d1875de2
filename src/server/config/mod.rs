//! The configuration: the command line, the environment and `homeroom.toml` together ([`layers`]), and what is said of it
//! (`report`).

mod layers;
mod report;

#[cfg(test)]
pub(crate) use layers::OPTIONS;
pub use layers::{Config, ConfigError};
pub(super) use report::{check, show};
