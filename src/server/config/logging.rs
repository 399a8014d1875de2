//! The log, on standard error: how much of it there is can change while the server runs.

use log::LevelFilter;
use std::env::VarError;
use std::sync::OnceLock;

/// What holds where the configuration says nothing.
static UNCONFIGURED: OnceLock<LevelFilter> = OnceLock::new();

/// Begins to log. `RUST_LOG` may choose by module; without a `level` it also says how much.
pub fn start(level: Option<LevelFilter>) {
    let said = std::env::var("RUST_LOG");
    let chosen = said.is_ok();
    let mut builder = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("trace"));
    let logger = builder.build();
    let unconfigured = if chosen { logger.filter() } else { LevelFilter::Info };
    if log::set_boxed_logger(Box::new(logger)).is_ok() {
        let _ = UNCONFIGURED.set(unconfigured);
        set_level(level);
    }
    if matches!(said, Err(VarError::NotUnicode(_))) {
        log::warn!("the variable RUST_LOG isn't UTF-8: it chooses nothing");
    }
}

/// From now on so much is logged.
pub(crate) fn set_level(level: Option<LevelFilter>) {
    log::set_max_level(level.or(UNCONFIGURED.get().copied()).unwrap_or(LevelFilter::Info));
}
