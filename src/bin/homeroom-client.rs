//! `homeroom-client`: see [`homeroom::client`].

use homeroom::client::{self, settings::Settings, settings::SettingsError};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let settings = match Settings::load(&std::env::args_os().collect::<Vec<_>>()) {
        Ok(settings) => settings,
        Err(SettingsError::Usage(e)) => e.exit(),
        Err(e) => {
            complain(&e);
            return ExitCode::from(2);
        }
    };
    match client::run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            complain(&e);
            ExitCode::from(e.exit_status())
        }
    }
}

/// Says why it ends, if anybody can hear it.
fn complain(why: &dyn std::fmt::Display) {
    let _ = writeln!(io::stderr(), "homeroom-client: {why}");
}
