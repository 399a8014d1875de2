//! `homeroom-client`: see [`homeroom::client`].

use homeroom::client::{self, settings::Settings, settings::SettingsError};
use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    #[cfg(feature = "sound")]
    if args.get(1).is_some_and(|first| first == client::PLAY_SOUNDS) {
        client::play_sounds(args.get(2).map(Into::into));
        return ExitCode::SUCCESS;
    }
    let settings = match Settings::load(&args) {
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
