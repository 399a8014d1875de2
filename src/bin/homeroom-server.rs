//! `homeroom-server`: see [`homeroom::server`].

use homeroom::server::{self, config::Config, config::ConfigError, config::logging};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let config = match Config::load(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(config) => config,
        Err(ConfigError::Usage(e)) => e.exit(),
        Err(e) => {
            complain(&e);
            return ExitCode::from(2);
        }
    };
    logging::start(config.args.live.log_level);
    match server::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            complain(&e);
            ExitCode::from(e.status())
        }
    }
}

/// Says why it ends, if anybody can hear it.
fn complain(why: &dyn std::fmt::Display) {
    let _ = writeln!(io::stderr(), "homeroom-server: {why}");
}
