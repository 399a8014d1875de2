//! `homeroom-client`: see [`homeroom::client`].

use homeroom::client::{self, settings::Settings, settings::SettingsError};
use std::process::ExitCode;

fn main() -> ExitCode {
    let settings = match Settings::load(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(settings) => settings,
        Err(SettingsError::Usage(e)) => e.exit(),
        Err(e) => {
            eprintln!("homeroom-client: {e}");
            return ExitCode::from(2);
        }
    };
    match client::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("homeroom-client: {e}");
            ExitCode::from(e.exit_status())
        }
    }
}
