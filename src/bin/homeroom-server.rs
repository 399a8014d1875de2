//! `homeroom-server`: see [`homeroom::server`].

use homeroom::server::{self, config::Config, config::ConfigError, config::logging};
use std::process::ExitCode;

fn main() -> ExitCode {
    let config = match Config::load(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(config) => config,
        Err(ConfigError::Usage(e)) => e.exit(),
        Err(e) => {
            eprintln!("homeroom-server: {e}");
            return ExitCode::from(2);
        }
    };
    logging::start(config.args.live.log_level);
    match server::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("homeroom-server: {e}");
            ExitCode::FAILURE
        }
    }
}
